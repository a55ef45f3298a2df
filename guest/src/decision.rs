//! The decision table: a snapshot in, what is to be done out. The first rule that matches wins.
//!
//! This file chooses the rule; what a rule does is in the file it names.

use serde_json::{Map, Value};

use crate::contract::{Outcome, Plan, Snapshot};
use crate::settings::Settings;
use crate::situation::{ClusterSight, Situation};
use crate::status::Hold;
use crate::task::Task;
use crate::time::Time;
use crate::{deletion, failure, finish, plan};

/// What the table says of a situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Rule 2: it is over.
    Finished,
    /// Rule 3: the cluster is not known, so nothing is created; what runs is aggregated.
    Hold(Hold),
    /// Rules 3 and 4: the specification is wrong, so nothing is created; what runs is aggregated.
    Invalid(String),
    /// Rules 5 and 6: adopt it if need be, then sequence, aggregate and report. With the model for the CassandraTasks.
    Proceed(&'a Map<String, Value>),
}

/// Decides for one primary.
pub fn decide(settings: &Settings, snapshot: &Snapshot) -> Outcome {
    let task = match Task::read(&snapshot.primary) {
        Ok(task) => task,
        Err(wrong) => {
            return Outcome::Act(rest(format!("the K8ssandraTask cannot be read: {wrong}")));
        }
    };
    // Rule 1, "being deleted": before anything is looked at that deletion does not need.
    if let Some(since) = &task.metadata.deletion_timestamp {
        return deletion::decide(snapshot, &task, since);
    }
    // Rule 2, "finished", as the status says: nothing needs to be looked at any more.
    if task.recorded.is_finished() {
        let now = Time::from_millis(snapshot.now);
        // Its deletion may be refused.
        let failure = snapshot.last_failure.iter().map(failure::reason);
        let plan = Plan {
            reasons: failure.collect(),
            ..blank()
        };
        return Outcome::Act(finish::keep(settings, now, &task, &task.recorded, plan));
    }
    match Situation::observe(settings, snapshot, &task) {
        Err(unseen) => Outcome::Look(unseen),
        Ok(situation) => Outcome::Act(plan::plan(&situation, &judge(&situation))),
    }
}

/// Rules 2 to 6.
pub fn judge<'a>(situation: &Situation<'a>) -> Verdict<'a> {
    if finish::is_finished(situation) {
        return Verdict::Finished; // rule 2, "finished"
    }
    if let ClusterSight::Absent(name) = &situation.cluster {
        return cluster_unknown(situation, name); // rule 3, "cluster unknown"
    }
    let template = match &situation.template {
        Err(wrong) => return Verdict::Invalid(wrong.clone()), // rule 4, "specification wrong"
        Ok(template) => template,
    };
    match cluster_uncertain(&situation.cluster) {
        Some(hold) => Verdict::Hold(hold),
        None => Verdict::Proceed(template), // rule 5, "not yet adopted", and rule 6, "otherwise"
    }
}

/// Rule 3: nothing is started then, and what was started is aggregated.
fn cluster_unknown<'a>(situation: &Situation<'a>, name: &str) -> Verdict<'a> {
    if !situation.has_started() {
        return Verdict::Invalid(format!("unknown K8ssandraCluster {name}"));
    }
    Verdict::Hold(Hold {
        reason: "ClusterUnknown",
        text: format!("K8ssandraCluster {name} is gone: nothing more is created"),
    })
}

/// A cluster that cannot be seen is not one that is unknown; one that is being deleted will be unknown soon.
fn cluster_uncertain(cluster: &ClusterSight) -> Option<Hold> {
    let (reason, text) = match cluster {
        ClusterSight::Blind(name, blind) => (
            "ClusterUnseen",
            format!("K8ssandraCluster {name} cannot be seen: {}", blind.text()),
        ),
        ClusterSight::Known(cluster) => {
            let (name, since) = (&cluster.name, cluster.deleted.as_ref()?);
            let text = format!(
                "K8ssandraCluster {name} is being deleted since {since}: nothing more is created"
            );
            ("ClusterDeleted", text)
        }
        _ => return None,
    };
    Some(Hold { reason, text })
}

/// A plan to do nothing.
pub fn blank() -> Plan {
    Plan {
        actions: Vec::new(),
        requeue_after: None,
        reasons: Vec::new(),
    }
}

/// A plan to do nothing, and why.
pub fn rest(reason: String) -> Plan {
    Plan {
        reasons: vec![reason],
        ..blank()
    }
}
