//! The datacenters of a task, and what each is: pending, running, done, failed, lost, or unknown.
//!
//! In: where a CassandraTask would be, what was seen there and what was recorded. Out: one [`Datacenter`] for each. Nothing is
//! decided here about what is to be done.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::cassandra_task::CassandraTask;
use crate::contract::Blindness;
use crate::progress::Progress;
use crate::resolution::Place;

/// What was seen where a CassandraTask of the task would be.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It is there.
    Found(Rc<CassandraTask>),
    /// Nothing is there, for sure.
    Absent,
    /// Somebody else's is there under our name; whose, for people.
    Stranger(String),
    /// A context that could have it gave no answer.
    Blind(Option<String>, Blindness),
    /// It is not known where it would be, since the cluster is not known.
    Unplaced,
}

/// What a datacenter is to its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Pending,
    /// Its CassandraTask exists, or did when last seen, and has not ended.
    Running,
    /// Failed, and still at work.
    Failing,
    /// Failed.
    Failed,
    /// Completed without failure.
    Done,
    /// It had begun, and its CassandraTask was deleted before it completed.
    Lost,
    /// No target any more, and its CassandraTask is gone: only its record is left.
    Gone,
}

impl State {
    /// Whether something is, or may be, at work there.
    pub fn is_active(self) -> bool {
        matches!(self, State::Running | State::Failing)
    }

    /// Whether it counts as failed.
    pub fn has_failed(self) -> bool {
        matches!(self, State::Failing | State::Failed | State::Lost)
    }

    /// Whether nothing will change there any more.
    pub fn is_settled(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Lost)
    }
}

/// A datacenter of the task.
#[derive(Debug, Clone)]
pub struct Datacenter<'a> {
    /// Its name.
    pub name: String,
    /// Where its CassandraTask is or would be; `None` where the cluster does not say.
    pub place: Option<Place>,
    /// What was seen there.
    pub sight: Sight,
    /// What it is.
    pub state: State,
    /// What its CassandraTask's status says: the one seen, or else the one recorded.
    pub progress: Progress,
    /// The status that was recorded of it.
    record: Option<&'a Value>,
}

impl<'a> Datacenter<'a> {
    /// One that is a target.
    pub fn target(place: Place, sight: Sight, record: Option<&'a Value>) -> Datacenter<'a> {
        let progress = progress(&sight, record);
        Datacenter {
            state: state(&sight, &progress, record.is_some()),
            name: place.datacenter.clone(),
            place: Some(place),
            record,
            sight,
            progress,
        }
    }

    /// One that is not a target, or not any more, but was seen or recorded.
    pub fn leftover(
        name: &str,
        place: Option<Place>,
        sight: Sight,
        record: Option<&'a Value>,
    ) -> Datacenter<'a> {
        let progress = progress(&sight, record);
        let state = match state(&sight, &progress, record.is_some()) {
            // It is no target: nothing waits for it, and that its CassandraTask went with it is no loss.
            State::Pending | State::Lost => State::Gone,
            state => state,
        };
        Datacenter {
            state,
            name: name.to_owned(),
            place,
            record,
            sight,
            progress,
        }
    }

    /// Whether there is, or was, a CassandraTask of it.
    pub fn is_known(&self) -> bool {
        self.record.is_some() || matches!(self.sight, Sight::Found(_))
    }

    /// The copy of its status, as it is; `None` if there never was a CassandraTask. An empty one says that it was seen,
    /// though not begun: so it is still known of when its context is not.
    pub fn copy(&self) -> Option<Value> {
        match &self.sight {
            Sight::Found(found) => {
                let status = found.status().or(self.record);
                Some(status.cloned().unwrap_or_else(|| json!({})))
            }
            _ => self.record.cloned(),
        }
    }

    /// Whether its CassandraTask has ended, well or badly: what counts for `Complete`.
    pub fn is_complete(&self) -> bool {
        self.progress.has_ended && self.state.is_settled()
    }
}

fn progress(sight: &Sight, record: Option<&Value>) -> Progress {
    match sight {
        Sight::Found(found) => found.progress.clone(),
        _ => record.map(Progress::read).unwrap_or_default(),
    }
}

/// The table of states.
fn state(sight: &Sight, progress: &Progress, is_recorded: bool) -> State {
    let is_absent = matches!(sight, Sight::Absent);
    let is_there = match sight {
        Sight::Found(_) => true,
        Sight::Absent => false,
        // As last recorded: never counted as lost, and never created.
        Sight::Stranger(_) | Sight::Blind(..) | Sight::Unplaced => is_recorded,
    };
    match progress {
        Progress {
            failure: Some(_),
            has_stopped: false,
            ..
        } if !is_absent => State::Failing,
        Progress {
            failure: Some(_), ..
        } => State::Failed,
        Progress {
            has_ended: true, ..
        } => State::Done,
        _ if is_there => State::Running,
        Progress {
            has_begun: true, ..
        } => State::Lost,
        _ => State::Pending,
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
