//! What must be reported of a task that is unfinished and has nothing to do: the fault in its specification, or what it waits for.
//!
//! Comes in: what the host knows, and the plan's reasons. Goes out: whether all that counts is there: by the codes of the reasons
//! and the objects they are about, and by the reasons of conditions. Of messages no more is read than the names in them, where a
//! list of names is all that there is. Nothing is changed.

use k8ssandra_task_policy::contract::Operation;
use pilothouse_core::plan::Step as Checked;

use crate::facts::Record;
use crate::plan::Step;
use crate::render::{CLUSTER, child_name, context_name, dc_name};
use crate::view::Known;

impl Known<'_> {
    /// Whether the task cannot go on by itself.
    pub fn needs_somebody(&self) -> bool {
        self.is_restored() || self.is_name_taken() || !self.faults().is_empty()
    }

    /// What is invalid in the specification, as the documentation has it: a name or a path for each fault.
    fn faults(&self) -> Vec<String> {
        let spec = self.spec();
        let jobs = spec.is_invalid.then(|| "spec.template.jobs".to_owned());
        let cluster = self.view.cluster.filter(|cluster| cluster.declares != 0);
        let is_replaced =
            |uid: u8| self.has_started() && ![0, uid].contains(&self.recorded_cluster());
        let Some(cluster) = cluster.filter(|cluster| !is_replaced(cluster.incarnation)) else {
            return jobs.into_iter().chain([CLUSTER.to_owned()]).collect();
        };
        let unknown = spec.list.iter().filter(|dc| !cluster.has(**dc));
        let foreign = self.targets().filter(|dc| self.has_name_conflict(*dc));
        jobs.into_iter()
            .chain(unknown.map(|dc| dc_name(*dc)))
            .chain(foreign.map(child_name))
            .collect()
    }

    /// A foreign object has the name of a target that is still to be created.
    fn has_name_conflict(&self, dc: usize) -> bool {
        let foreign = self.foreign(dc);
        let is_pending = matches!(self.facts.records[dc], Record::None | Record::Known);
        foreign.is_some_and(|it| !it.is_conflict_at_work()) && is_pending && !self.is_stopped()
    }

    /// Whether the reasons and the status of an unfinished task name its faults, what is at work for it, and what it waits for.
    pub fn names_all(&self) -> bool {
        let faults = self.faults();
        let is_at_work_named = self
            .config
            .dcs()
            .all(|dc| !self.is_at_work(dc) || self.names(dc));
        // The condition Running gives one of the plan's reasons, or is True as it was last recorded.
        let reason = &self.facts.reason;
        let is_reason_given = ["", "Running"].contains(&reason.as_str()) || self.has_code(reason);
        let is_cause_named = match self.view.cluster {
            None if self.has_started() => self.stalls("ClusterNotFound"),
            None => self.facts.invalid.contains(CLUSTER),
            _ if self.is_restored() => self.stalls("StatusLost") && self.names_the_running(),
            _ if !faults.is_empty() => {
                let is_named = |fault: &String| self.facts.invalid.contains(fault);
                faults.iter().all(is_named) && self.has_code("InvalidSpec")
            }
            Some(cluster) if cluster.deleting => self.has_code("ClusterTerminating"),
            _ => self.facts.invalid.is_empty() && self.names_targets(),
        };
        is_at_work_named && is_reason_given && is_cause_named
    }

    /// Whether every target that is not over has a reason, and one for its context if it is recorded and cannot be seen.
    fn names_targets(&self) -> bool {
        let is_named = |dc: usize| {
            let is_unobserved = self.is_unobserved(dc);
            !self.is_open(dc) || (self.names(dc) && (!is_unobserved || self.names_context(dc)))
        };
        // With none at work it is the turn of one that would have been created, if something did not keep it waiting.
        let is_turn_named = self.reasons.iter().any(|reason| reason.code != "Waiting");
        let needs_somebody = self.has_code("CreateRefused") || self.is_name_taken();
        self.targets().all(is_named)
            && is_turn_named
            && (!needs_somebody || !self.facts.stalled.is_empty())
            && (!self.is_name_taken() || self.has_code("NameConflict"))
    }

    /// Whether a foreign object has the name of one that has started, so that nobody can say how that ended.
    fn is_name_taken(&self) -> bool {
        let is_taken = |dc: usize| self.foreign(dc).is_some();
        self.config
            .dcs()
            .any(|dc| self.facts.records[dc] == Record::Started && is_taken(dc))
    }

    /// A target that is not over: one that a failure has cancelled is, once its context has answered.
    fn is_open(&self, dc: usize) -> bool {
        match (self.own(dc), self.facts.records[dc]) {
            (Some(child), _) => !child.stage.is_done(),
            (None, Record::None | Record::Known) => !self.is_stopped() || self.is_unavailable(dc),
            (None, record) => record == Record::Started,
        }
    }

    /// Whether what keeps a task that is being deleted is named: CassandraTasks, or a context that does not answer; and that
    /// such a context blocks it.
    pub fn names_what_blocks(&self) -> bool {
        let is_mentioned = |name: &str| self.reasons.iter().any(|it| it.message.contains(name));
        let is_left = |dc: &usize| self.own(*dc).is_some();
        let left = self.config.dcs().filter(is_left).map(child_name);
        let silent = self.config.dcs().filter(|dc| self.is_unavailable(*dc));
        let mut silent = silent.map(context_name).filter(|name| is_mentioned(name));
        let is_blocked = silent.next().is_some();
        let is_child_said = left.clone().any(|name| is_mentioned(&name));
        left.into_iter().all(|name| is_mentioned(&name))
            && (is_child_said || is_blocked)
            && (!is_blocked || self.stalls("DeletionBlocked"))
    }

    /// Whether a write that is forbidden is reported, once there is nothing to do but to try again.
    pub fn names_refusals(&self, steps: &[(Checked, Step)]) -> bool {
        let failures = self.policy.failures.get(self.view.failures);
        let is_refused = |operation: Operation, dc: usize| {
            failures.iter().any(|it| {
                let is_about = it.operation == operation && it.object.name == child_name(dc);
                is_about && it.reason == "Forbidden"
            })
        };
        let is_record_refused = !self.view.task.deleting
            && failures
                .iter()
                .any(|it| it.operation == Operation::PatchMetadata && it.reason == "Forbidden");
        let is_reported = |(_, step): &(Checked, Step)| match step {
            Step::Create(dc) if is_refused(Operation::Create, *dc) => {
                // What is refused first is reported first: without the record nothing is created.
                is_record_refused || self.facts.stalled == "CreateRefused"
            }
            Step::Metadata(..) if is_record_refused => self.facts.stalled == "RecordRefused",
            Step::DeleteChild(dc, _) if is_refused(Operation::Delete, *dc) => {
                self.facts.stalled == "DeletionBlocked"
            }
            _ => true,
        };
        // A record that was not refused comes before the create that is tried again: the status follows.
        let is_retry = |(_, step): &(Checked, Step)| match step {
            Step::Status(_) => false,
            Step::Metadata(..) => is_record_refused,
            _ => true,
        };
        !steps.iter().all(is_retry) || steps.iter().all(is_reported)
    }

    fn names(&self, dc: usize) -> bool {
        let mut about = self.reasons.iter().filter_map(|it| it.about.as_ref());
        about.any(|object| object.name == child_name(dc))
    }

    fn names_context(&self, dc: usize) -> bool {
        self.reasons.iter().any(|reason| {
            let about = reason.about.as_ref();
            reason.code == "ContextUnavailable"
                && about.is_some_and(|object| object.context == Some(context_name(dc)))
        })
    }

    fn has_code(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }

    /// Whether that is a reason of the plan, and the status says that somebody is needed for it.
    fn stalls(&self, code: &str) -> bool {
        self.has_code(code) && self.facts.stalled == code
    }

    /// Whether the CassandraTasks are named that still run for the task as it was before it was restored.
    fn names_the_running(&self) -> bool {
        self.config.dcs().all(|dc| {
            let child = self
                .child(dc)
                .filter(|child| child.belongs_to(self.record.task));
            let is_running = child.is_some_and(|child| !child.stage.is_done());
            !is_running || self.facts.stalled_message.contains(&child_name(dc))
        })
    }

    /// Rule 3a: the record is of another task, and the status tells of no datacenter.
    fn is_restored(&self) -> bool {
        let is_empty = self.facts.records.iter().all(|it| *it == Record::None);
        self.view.task.record != 0 && self.record.task != self.view.task.incarnation && is_empty
    }

    /// The cluster that the task was started for: as recorded, or as the owner reference says.
    fn recorded_cluster(&self) -> u8 {
        match self.record.cluster {
            0 => self.view.task.owner,
            cluster => cluster,
        }
    }

    /// Whether a create was ever recorded, or its result is seen.
    fn has_started(&self) -> bool {
        let is_recorded = self.facts.records.iter().any(|it| *it != Record::None);
        let is_seen = self.config.dcs().any(|dc| self.own(dc).is_some());
        is_recorded || is_seen || self.config.dcs().any(|dc| self.is_creating(dc))
    }

    /// Whether a failure cancels what is not created yet.
    fn is_stopped(&self) -> bool {
        let facts = &self.facts;
        facts.is_cancelled || (!self.spec().allow && facts.has_failed)
    }

    fn is_unobserved(&self, dc: usize) -> bool {
        let is_recorded = matches!(self.facts.records[dc], Record::Known | Record::Started);
        self.is_unavailable(dc) && (is_recorded || self.is_creating(dc))
    }
}
