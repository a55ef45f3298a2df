//! The datacenters of a task, and how far each is: pending, running, done, failed, lost, or as last recorded.
//!
//! In: where a CassandraTask would be, what was seen there and what was recorded. Out: one [`Datacenter`] for each. Nothing is
//! decided here about what is to be done.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::cassandra_task::CassandraTask;
use crate::progress::Progress;
use crate::resolution::Place;
use crate::view::Blind;

/// What was seen where a CassandraTask of the task would be.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It is there.
    Found(Rc<CassandraTask>),
    /// Nothing is there, for sure; where.
    Absent(Place),
    /// Somebody else's is there under our name; where, and whose, for people.
    Stranger(Place, String),
    /// A context that could have it gave no answer.
    Blind(Blind),
    /// There is none anywhere, and no cluster says where it would be.
    Nowhere,
}

/// How far a datacenter that has begun is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Its CassandraTask exists, or did when last seen, and has not ended.
    Running,
    /// Failed, and still at work.
    Failing,
    /// Failed.
    Failed,
    /// Completed without failure.
    Done,
    /// It had begun, and its CassandraTask was deleted before it completed; from where.
    Lost(Place),
}

/// A datacenter of the task.
#[derive(Debug, Clone)]
pub struct Datacenter<'a> {
    /// Its name.
    pub name: String,
    /// What was seen where its CassandraTask would be.
    pub sight: Sight,
    /// How far it is; `None` if it has not begun: a target is then pending, and of another one only the record is left.
    pub stage: Option<Stage>,
    /// What its CassandraTask's status says: the one seen, or else, where it has none, the one recorded.
    pub progress: Progress,
    /// The status that was recorded of it.
    record: Option<&'a Value>,
}

impl<'a> Datacenter<'a> {
    /// One that is a target.
    pub fn target(name: &str, sight: Sight, record: Option<&'a Value>) -> Datacenter<'a> {
        let progress = progress(&sight, record);
        Datacenter {
            name: name.to_owned(),
            stage: stage(&sight, &progress, record.is_some()),
            record,
            sight,
            progress,
        }
    }

    /// One that is not a target any more, but was seen or recorded: that its CassandraTask went with it is no loss.
    pub fn dropped(name: &str, sight: Sight, record: Option<&'a Value>) -> Datacenter<'a> {
        let datacenter = Datacenter::target(name, sight, record);
        let is_lost = matches!(datacenter.stage, Some(Stage::Lost(_)));
        Datacenter {
            stage: datacenter.stage.filter(|_| !is_lost),
            ..datacenter
        }
    }

    /// Whether something is, or may be, at work there.
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Some(Stage::Running | Stage::Failing))
    }

    /// Whether it counts as failed.
    pub fn has_failed(&self) -> bool {
        matches!(
            self.stage,
            Some(Stage::Failing | Stage::Failed | Stage::Lost(_))
        )
    }

    /// Whether nothing will change there any more.
    pub fn is_settled(&self) -> bool {
        self.stage.is_some() && !self.is_active()
    }

    /// The copy of its status, as it is; `None` if there never was a CassandraTask. An empty one says that it was seen or
    /// about to be created: so it is still known of when its context is not.
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
        self.progress.has_ended && self.is_settled()
    }
}

fn progress(sight: &Sight, record: Option<&Value>) -> Progress {
    match sight {
        Sight::Found(found) if found.status().is_some() => found.progress.clone(),
        Sight::Found(found) => Progress {
            flaws: found.progress.flaws.clone(),
            ..record.map(Progress::read).unwrap_or_default()
        },
        _ => record.map(Progress::read).unwrap_or_default(),
    }
}

/// The table of stages.
fn stage(sight: &Sight, progress: &Progress, is_recorded: bool) -> Option<Stage> {
    let (is_there, place) = match sight {
        Sight::Found(_) => (true, None),
        Sight::Absent(place) => (false, Some(place)),
        Sight::Nowhere => (false, None),
        // As last recorded: never counted as lost, and never created. A record is made before the CassandraTask, which then
        // may have failed: where somebody else's is there, it has.
        Sight::Stranger(..) => (is_recorded && progress.has_begun, None),
        Sight::Blind(_) => (is_recorded, None),
    };
    match progress {
        Progress {
            failure: Some(_),
            has_stopped: false,
            ..
        } if is_there => Some(Stage::Failing),
        Progress {
            failure: Some(_), ..
        } => Some(Stage::Failed),
        Progress {
            has_ended: true, ..
        } => Some(Stage::Done),
        _ if is_there => Some(Stage::Running),
        Progress {
            has_begun: true, ..
        } => place.cloned().map(Stage::Lost),
        _ => None,
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
