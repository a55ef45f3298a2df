//! The laws that a plan must not break by what it is: what the host has seen and the steps in, the law that is broken out.
//!
//! What is judged here is the decision, so what happens between it and the writes does not matter.

use pilothouse_core::plan::Step as Checked;

use crate::clock;
use crate::config::Config;
use crate::decide::{Policy, View};
use crate::facts::{Facts, Record, RecordFacts};
use crate::host::ledger::is_refused_create;
use crate::laws::Law;
use crate::model::dcs;
use crate::plan::Step;
use crate::render::child_name;
use crate::state::{Child, MOST, Seen};

/// What a plan is judged by.
pub struct Planned<'a> {
    config: &'a Config,
    policy: &'a Policy,
    view: &'a View,
    facts: &'a Facts,
    record: RecordFacts,
}

impl<'a> Planned<'a> {
    /// The plan for what was seen, and for what is recorded.
    pub fn new(
        config: &'a Config,
        policy: &'a Policy,
        view: &'a View,
        facts: &'a Facts,
    ) -> Planned<'a> {
        let record = policy.record(view.task.record);
        Planned {
            config,
            policy,
            view,
            facts,
            record: record.own(view.task.incarnation),
        }
    }

    /// The law that these steps break.
    pub fn broken(&self, steps: &[(Checked, Step)]) -> Option<Law> {
        let forbid = self.config.specs[usize::from(self.view.task.spec)].forbid;
        let creates = steps.iter().filter_map(|(_, step)| match step {
            Step::Create(dc) => Some(*dc),
            _ => None,
        });
        let mut statuses = steps.iter().filter_map(|(_, step)| match step {
            Step::Status(status) => Some(self.policy.facts(*status)),
            _ => None,
        });
        let is_creating = creates.clone().next().is_some();
        let may_run_beside = |dc| self.is_other_unobserved(dc) || self.is_other_at_work(dc);
        let is_release =
            |(_, step): &(Checked, Step)| matches!(step, Step::Metadata(Some(false), ..));
        if forbid && is_creating && self.has_seen_failure() {
            Some(Law::NothingAfterAFailure)
        } else if forbid && creates.clone().any(may_run_beside) {
            Some(Law::OneAtATime)
        } else if self.is_any_left() && steps.iter().any(is_release) {
            Some(Law::FinalizerStays)
        } else if forbid && is_creating && self.has_seen_conflict() {
            Some(Law::WaitsForSecond)
        } else if creates.clone().any(|dc| self.was_just_refused(dc)) {
            Some(Law::RetriesLater)
        } else if statuses.any(|after| self.aggregates(&after)) {
            Some(Law::AggregatesItsOwn)
        } else {
            None
        }
    }

    /// Whether a failure was seen or recorded, so that under Forbid nothing may be created. A target that is recorded as begun and
    /// known to be gone is lost, which is a failure too; one that is no target any more may go.
    fn has_seen_failure(&self) -> bool {
        let is_failure = |dc: usize| match (self.view.seen[dc], self.facts.records[dc]) {
            (Seen::Known(Some(child)), _) if !self.is_foreign(child) => child.stage.has_failed(),
            (Seen::Known(None), Record::Begun) if self.is_target(dc) => true,
            (_, record) => matches!(record, Record::Failed | Record::Lost),
        };
        self.facts.has_failed || (0..MOST).any(is_failure)
    }

    /// Whether another target is recorded and not known to be over, in a context that says nothing.
    fn is_other_unobserved(&self, created: usize) -> bool {
        let is_open = |dc: usize| {
            let record = self.facts.records[dc];
            record.rank() < Record::Done.rank()
                && (record != Record::None || self.record.creating[dc])
        };
        let is_blind = |dc: usize| self.view.seen[dc] == Seen::Blind || !self.view.registered[dc];
        let mut others = dcs(self.config).filter(|dc| *dc != created && self.is_target(*dc));
        others.any(|dc| is_open(dc) && is_blind(dc))
    }

    /// Whether a CassandraTask of the task was seen at work in another datacenter.
    fn is_other_at_work(&self, created: usize) -> bool {
        let mut others = (0..MOST).filter(|dc| *dc != created);
        others.any(|dc| self.own(dc).is_some_and(|it| !it.stage.is_done()))
    }

    /// Whether a CassandraTask of the task was seen.
    fn is_any_left(&self) -> bool {
        (0..MOST).any(|dc| self.own(dc).is_some())
    }

    fn own(&self, dc: usize) -> Option<Child> {
        match self.view.seen[dc] {
            Seen::Known(child) if self.view.registered[dc] => {
                child.filter(|child| !self.is_foreign(*child))
            }
            _ => None,
        }
    }

    /// Whether a CassandraTask of a second controller was seen at work.
    fn has_seen_conflict(&self) -> bool {
        (0..MOST).any(|dc| {
            let seen = self.view.seen[dc];
            let is_seen = matches!(seen, Seen::Known(Some(it)) if it.is_conflict_at_work());
            is_seen && self.view.registered[dc]
        })
    }

    fn was_just_refused(&self, dc: usize) -> bool {
        let failures = self.policy.failures.get(self.view.failures);
        let now = clock::now(self.view.clock);
        let mut refused = failures.iter().filter(|it| is_refused_create(it));
        refused.any(|it| it.object.name == child_name(dc) && it.last + 5_000 > now)
    }

    /// Whether a status records something of a CassandraTask that is not the task's.
    fn aggregates(&self, after: &Facts) -> bool {
        (0..MOST).any(|dc| {
            let seen = self.view.seen[dc];
            let is_seen = matches!(seen, Seen::Known(Some(child)) if self.is_foreign(child));
            let (old, new) = (self.facts.records[dc], after.records[dc]);
            let is_news = old != new && new.rank() > Record::Known.rank();
            is_seen && self.view.registered[dc] && is_news
        })
    }

    fn is_foreign(&self, child: Child) -> bool {
        !child.belongs_to(self.view.task.incarnation)
    }

    fn is_target(&self, dc: usize) -> bool {
        let spec = &self.config.specs[usize::from(self.view.task.spec)];
        self.view.cluster.is_some_and(|cluster| cluster.has(dc)) && spec.names(dc)
    }
}
