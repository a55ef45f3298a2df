//! What the policy decides: a view of the world in, a plan out. It is asked here, and nowhere else.
//!
//! What it is shown and what it may do, the engine says: its snapshot answers what was asked for, round by round, and its check
//! denies a plan. The policy is pure, so each different view is asked about once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use k8ssandra_task_policy::contract::{
    Failure, Manifest, Outcome, Plan as Answer, Reason, Selector,
};
use pilothouse_core::Object;
use pilothouse_core::plan::check;

use crate::config::Config;
use crate::facts::{Facts, RecordFacts};
use crate::laws::{self, Law};
use crate::plan::{self, Plan};
use crate::render;
use crate::snapshot::Shown;
use crate::state::Task;
use crate::tables::Table;
use crate::view::{Known, View};

/// The policy's settings.
const SETTINGS: &str = "{}";
/// How often a policy may ask to see more: the cluster and its own CassandraTasks, then the targets by name.
const MAX_OBSERVES: usize = 2;

/// What came of a view.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The plan's number.
    pub plan: u32,
    /// The plan.
    pub steps: Arc<Plan>,
    /// Why the plan is what it is, as the policy says it.
    pub reasons: Vec<Reason>,
    /// The law that the decision breaks, and how.
    pub broken: Option<(Law, String)>,
}

impl Decision {
    /// Whether nothing is to be done.
    pub fn is_idle(&self) -> bool {
        self.steps.steps.is_empty() && self.broken.is_none()
    }
}

/// The policy and what it has decided so far.
pub struct Policy {
    manifest: Manifest,
    decisions: DashMap<View, Arc<Decision>>,
    facts: DashMap<u32, Arc<Facts>>,
    calls: AtomicUsize,
    /// The plans.
    pub plans: Table<Plan>,
    /// The statuses; 0 is none.
    pub statuses: Table<String>,
    /// The records; 0 is none.
    pub records: Table<String>,
    /// Lists of failures; 0 is the empty one.
    pub failures: Table<Vec<Failure>>,
}

impl Policy {
    /// The policy, not asked yet. The error is what it says of its settings.
    pub fn new() -> Result<Policy, String> {
        Ok(Policy {
            manifest: k8ssandra_task_policy::describe(SETTINGS)?,
            decisions: DashMap::new(),
            facts: DashMap::new(),
            calls: AtomicUsize::new(0),
            plans: Table::starting_with(Plan::default()),
            statuses: Table::starting_with(String::new()),
            records: Table::starting_with(String::new()),
            failures: Table::starting_with(Vec::new()),
        })
    }

    /// How often its code was run.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// On how many different views it has decided.
    pub fn decisions(&self) -> usize {
        self.decisions.len()
    }

    /// The same failures, long enough ago for another attempt.
    pub fn failures_later(&self, failures: u32) -> u32 {
        if failures == 0 {
            return 0;
        }
        let mut later = self.failures.get(failures).as_ref().clone();
        for failure in &mut later {
            (failure.first, failure.last) = (0, 0);
        }
        self.failures.number(later)
    }

    /// The facts of a record.
    pub fn record(&self, record: u32) -> RecordFacts {
        if record == 0 {
            return RecordFacts::default();
        }
        RecordFacts::read(&self.records.get(record))
    }

    /// The facts of a status.
    pub fn facts(&self, status: u32) -> Arc<Facts> {
        if let Some(known) = self.facts.get(&status) {
            return Arc::clone(&known);
        }
        let facts = Arc::new(Facts::read(&self.statuses.get(status)));
        self.facts.insert(status, Arc::clone(&facts));
        facts
    }

    /// What it decides on a view.
    pub fn decide(&self, config: &Config, view: &View) -> Arc<Decision> {
        if let Some(known) = self.decisions.get(view) {
            return Arc::clone(&known);
        }
        let decision = Arc::new(self.ask(config, view));
        self.decisions.insert(*view, Arc::clone(&decision));
        decision
    }

    /// A K8ssandraTask as its API server shows it.
    pub fn render(&self, config: &Config, task: Task) -> Object {
        let spec = &config.specs[usize::from(task.spec)];
        let (status, record) = (
            self.statuses.get(task.status),
            self.records.get(task.record),
        );
        render::task(task, spec, &status, &record)
    }

    fn ask(&self, config: &Config, view: &View) -> Decision {
        let primary = self.render(config, view.task);
        let shown = Shown::new(config, view);
        let mut asked = Vec::new();
        for _ in 0..=MAX_OBSERVES {
            let failures = self.failures.get(view.failures).as_ref().clone();
            let Ok(snapshot) = shown.snapshot(&primary, &asked, failures) else {
                return self.broken(Law::TwoRounds, "it asks for what is never listed");
            };
            self.calls.fetch_add(1, Ordering::Relaxed);
            match (config.policy)(SETTINGS, &snapshot) {
                Outcome::Act(answer) => {
                    return self.decision(config, view, &primary, &asked, &answer);
                }
                Outcome::Observe(more) => {
                    if more.is_empty() || more.iter().any(|selector| asked.contains(selector)) {
                        return self.broken(Law::TwoRounds, "it asks for nothing new");
                    }
                    asked.extend(more);
                }
            }
        }
        self.broken(Law::TwoRounds, "it asks a third time")
    }

    fn broken(&self, law: Law, how: &str) -> Decision {
        Decision {
            plan: 0,
            steps: self.plans.get(0),
            reasons: Vec::new(),
            broken: Some((law, how.to_owned())),
        }
    }

    fn decision(
        &self,
        config: &Config,
        view: &View,
        primary: &Object,
        asked: &[Selector],
        answer: &Answer,
    ) -> Decision {
        let checked = match check(&self.manifest, &primary.primary(), asked, answer) {
            Ok(checked) => checked,
            Err(denied) => return self.broken(Law::WellFormed, &denied.to_string()),
        };
        let mut steps = Vec::new();
        for checked in checked {
            match plan::step(&self.statuses, &self.records, &checked) {
                Ok(step) => steps.extend(step.map(|step| (checked, step))),
                Err(unknown) => return self.broken(Law::WellFormed, &unknown),
            }
        }
        let known = Known::new(config, self, view, &answer.reasons);
        let broken = laws::decision::broken(&known, &steps);
        let plan = self.plans.number(Plan {
            steps,
            incarnation: view.task.incarnation,
            forbid: !known.spec().allow,
        });
        Decision {
            plan,
            steps: self.plans.get(plan),
            reasons: answer.reasons.clone(),
            broken: broken.map(|law| (law, "its plan breaks it".to_owned())),
        }
    }
}
