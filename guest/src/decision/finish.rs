//! Rule 2, "finished": when a task is over, and how long it is kept then.

use super::refusals;
use super::sequence::{self, Step, Target};
use super::waiting::{Refusal, Waiting};
use crate::contract::{Operation, UnavailableReason};
use crate::documents::names;
use crate::documents::status::Recorded;
use crate::documents::time::Time;
use crate::observation::Observation;
use crate::observation::answers::Unavailable;
use crate::observation::datacenter::{Datacenter, Found};

/// Whether nothing is at work, former targets included, and nothing will be created any more. Where it is not certain what the
/// targets are, only the recorded status can say so.
pub fn is_finished(observation: &Observation<'_>, targets: &[Target<'_>]) -> bool {
    let is_over = |target: &Target<'_>| match target.step {
        // Its context must have said that nothing is there. One that does not serve the kind has none.
        Step::Cancel => {
            target.datacenter.is_confirmed_empty()
                && sequence::conflict(observation, target.datacenter).is_none()
        }
        Step::None => target.datacenter.is_settled(),
        Step::Create(_) | Step::Wait(_) => false,
    };
    observation.targets.are_certain()
        && !observation.datacenters.iter().any(Datacenter::is_active)
        && targets.iter().all(is_over)
}

/// When a finished task is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// Never: why.
    Never(String),
    /// At that time, which is still to come; when it finished.
    Later { finished: Time, expires: Time },
    /// Now; what the API server says, if it refuses that.
    Due {
        finished: Time,
        expires: Time,
        refused: Option<Waiting>,
    },
    /// It is over, and waits for a context.
    Waits(Waiting),
}

/// When a task that has finished with this status is deleted.
pub fn expiry(observation: &Observation<'_>, status: &Recorded) -> Expiry {
    let task = observation.task;
    let spec = match &task.spec {
        Ok(spec) => spec,
        Err(wrong) => {
            return Expiry::Never(format!("finished; not deleted automatically: {wrong}"));
        }
    };
    let ttl = match spec.ttl(observation.settings) {
        Ok(0) => {
            return Expiry::Never(
                "finished; ttlSecondsAfterFinished is 0: not deleted automatically".to_owned(),
            );
        }
        Ok(ttl) => ttl,
        Err(wrong) => {
            return Expiry::Never(format!("finished; not deleted automatically: {wrong}"));
        }
    };
    let Some(finished) = finished_at(observation, status) else {
        return Expiry::Never("finished at an unknown time; not deleted automatically".to_owned());
    };
    let expires = finished.plus_seconds(ttl);
    if expires > observation.now {
        return Expiry::Later { finished, expires };
    }
    match holding(observation) {
        Some(why) => Expiry::Waits(Waiting::Expiry { at: expires, why }),
        None => Expiry::Due {
            finished,
            expires,
            refused: refused(observation),
        },
    }
}

impl Expiry {
    /// What keeps the task although its time has come.
    pub fn waiting(&self) -> Option<&Waiting> {
        match self {
            Expiry::Waits(waiting) => Some(waiting),
            Expiry::Due { refused, .. } => refused.as_ref(),
            _ => None,
        }
    }
}

/// That the API server refuses to delete the task.
fn refused(observation: &Observation<'_>) -> Option<Waiting> {
    let mut refusals = refusals(observation, Operation::Delete);
    let failure = refusals.find(|it| it.object.gvk == names::k8ssandra_task())?;
    Some(Waiting::DeletionRefused {
        what: "delete this K8ssandraTask".to_owned(),
        failure: Refusal::of(failure),
    })
}

/// The latest of all that ended it, so that what is found out late is kept as long as anything else: completions, the
/// transitions of Complete and Failed, losses, and the time at which the policy took charge of a task that was taken over.
fn finished_at(observation: &Observation<'_>, status: &Recorded) -> Option<Time> {
    let copies = status.datacenters().values();
    let ends = copies.flat_map(|copy| [copy.end, copy.failed_at.filter(|_| copy.is_lost)]);
    let task = observation.task;
    let record = task.own_record().filter(|record| record.taken_over);
    let own = [
        status.completion(),
        status.true_since("Complete"),
        status.true_since("Failed"),
        record.and_then(|record| record.adopted()),
    ];
    ends.chain(own).flatten().max()
}

/// A context that holds one of its CassandraTasks and cannot say so. A context that does not serve the kind has none.
fn holding(observation: &Observation<'_>) -> Option<Unavailable> {
    let held = observation
        .datacenters
        .iter()
        .filter(|it| it.copy.is_some());
    let unavailable = held.filter_map(|datacenter| match &datacenter.found {
        Found::Unavailable(why) => Some(why),
        _ => None,
    });
    unavailable
        .filter(|why| why.reason != UnavailableReason::NotServed)
        .min_by_key(|why| why.context.clone())
        .cloned()
}
