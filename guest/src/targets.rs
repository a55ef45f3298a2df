//! The datacenters of a task, and what each is: pending, running, done, failed, lost, or unknown.
//!
//! In: the specification, the cluster, what was seen and what was recorded. Out: one [`Datacenter`] for each. Nothing is
//! decided here about what is to be done.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use crate::cassandra_task::CassandraTask;
use crate::cluster::Cluster;
use crate::contract::{Blindness, ObjectRef};
use crate::names;
use crate::progress::Progress;
use crate::task::Task;
use crate::view::context_name;

/// Where the CassandraTask of a datacenter is, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of the datacenter.
    pub datacenter: String,
    /// Its context; `None` is the control plane.
    pub context: Option<String>,
    /// Its namespace.
    pub namespace: String,
    /// The name of the CassandraTask: `<task>-<datacenter>`.
    pub name: String,
}

impl Place {
    /// The reference to the CassandraTask; `None` if nothing can have that name, so that there is nothing to look at.
    pub fn reference(&self) -> Option<ObjectRef> {
        let is_possible =
            names::is_object_name(&self.name) && names::is_namespace_name(&self.namespace);
        is_possible.then(|| ObjectRef {
            context: self.context.clone(),
            gvk: names::cassandra_task(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        })
    }
}

impl fmt::Display for Place {
    /// As the documentation writes it: `ns.task1-dc1 in context kind-1`, and without a context for the control plane.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)?;
        match &self.context {
            Some(context) => write!(f, " in {}", context_name(Some(context))),
            None => Ok(()),
        }
    }
}

/// The targets that a specification names, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Those that the cluster has, each once.
    pub places: Vec<Place>,
    /// Those that it does not have.
    pub unknown: Vec<String>,
    /// Those that are listed more than once.
    pub twice: Vec<String>,
    /// Those that the cluster itself declares more than once, so that a name says nothing.
    pub ambiguous: Vec<String>,
}

impl Resolution {
    /// Resolves the list of a task, or all datacenters in declaration order (cluster-tasks, Datacenters).
    pub fn of(task: &Task, cluster: &Cluster) -> Resolution {
        let listed = task
            .spec
            .as_ref()
            .map(|spec| spec.datacenters())
            .unwrap_or_default();
        let declared = cluster
            .datacenters
            .iter()
            .map(|datacenter| &datacenter.name);
        let mut resolution = Resolution::default();
        let mut seen = BTreeSet::new();
        let is_all = listed.is_empty();
        let wanted: Vec<&String> = if is_all {
            declared.collect()
        } else {
            listed.iter().collect()
        };
        for name in wanted {
            if !seen.insert(name) {
                push_once(
                    if is_all {
                        &mut resolution.ambiguous
                    } else {
                        &mut resolution.twice
                    },
                    name,
                );
                continue;
            }
            let Some(datacenter) = cluster.datacenter(name) else {
                resolution.unknown.push(name.clone());
                continue;
            };
            let namesakes = cluster
                .datacenters
                .iter()
                .filter(|other| other.name == *name)
                .count();
            if namesakes > 1 {
                push_once(&mut resolution.ambiguous, name);
            }
            resolution.places.push(Place {
                datacenter: name.clone(),
                context: datacenter.context.clone(),
                namespace: datacenter.namespace.clone(),
                name: format!("{}-{name}", task.metadata.name),
            });
        }
        resolution
    }

    /// Whether it is known for sure what all the targets are.
    pub fn is_sound(&self) -> bool {
        self.unknown.is_empty() && self.ambiguous.is_empty() && !self.places.is_empty()
    }
}

fn push_once(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// What was seen where a CassandraTask of the task would be.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It is there.
    Found(CassandraTask),
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
pub struct Datacenter {
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
    /// That status, as it is; `None` if there never was a CassandraTask.
    pub status: Option<Value>,
}

impl Datacenter {
    /// One that is a target.
    pub fn target(place: Place, sight: Sight, record: Option<&Value>) -> Datacenter {
        let progress = progress(&sight, record);
        Datacenter {
            state: state(&sight, &progress, record.is_some()),
            name: place.datacenter.clone(),
            place: Some(place),
            status: status(&sight, record),
            sight,
            progress,
        }
    }

    /// One that is not a target, or not any more, but was seen or recorded.
    pub fn leftover(
        name: &str,
        place: Option<Place>,
        sight: Sight,
        record: Option<&Value>,
    ) -> Datacenter {
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
            status: status(&sight, record),
            sight,
            progress,
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

/// The copy for the status of the K8ssandraTask. An empty one says that a CassandraTask was seen, though not begun: so it
/// is still known of when its context is not.
fn status(sight: &Sight, record: Option<&Value>) -> Option<Value> {
    match sight {
        Sight::Found(found) => Some(
            found
                .status()
                .or(record)
                .cloned()
                .unwrap_or_else(|| json!({})),
        ),
        _ => record.cloned(),
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
