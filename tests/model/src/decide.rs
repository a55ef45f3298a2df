//! What the policy decides: a view of the world in, a plan out. Here its own code is called, and nowhere else.
//!
//! The host's part is played as the host does it: a snapshot answers what was asked for, round by round, and a plan is checked
//! before it is carried out. The policy is pure, so each different view is asked about once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use k8ssandra_task_policy::contract::{
    Action, Blindness, Failure, Manifest, ObjectRef, Observation, Outcome, Plan as Answer, Scope,
    Selector, Sighting, Snapshot, Verb,
};
use serde_json::Value;

use crate::clock;
use crate::config::Config;
use crate::facts::Facts;
use crate::laws::{self, Law};
use crate::render::{self, FINALIZER};
use crate::state::{Cluster, MOST, Seen, State, Task};
use crate::tables::Table;

/// The policy's settings.
const SETTINGS: &str = "{}";
/// How often a policy may ask to see more: the cluster and its own CassandraTasks, then the targets by name.
const MOST_LOOKS: usize = 2;

/// What the host has seen: all that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The primary.
    pub task: Task,
    cluster: Option<Cluster>,
    /// What each context showed.
    pub seen: [Seen; MOST],
    registered: [bool; MOST],
    failure: u32,
    clock: u8,
}

impl View {
    /// What the host has seen in a state; `None` if it knows of no K8ssandraTask.
    pub fn of(state: &State) -> Option<View> {
        Some(View {
            task: state.host.task?,
            cluster: state.host.cluster,
            seen: state.dcs.map(|dc| dc.seen),
            registered: state.dcs.map(|dc| dc.registered),
            failure: state.host.failure,
            clock: state.clock,
        })
    }
}

/// One step of a plan, as the world of the model can carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Create the CassandraTask of a datacenter.
    Create(usize),
    /// Delete the CassandraTask of a datacenter, if it is this one.
    DeleteChild(usize, u8),
    /// Delete the K8ssandraTask, if it is this one.
    DeleteTask(u8),
    /// Change finalizer and owner reference, where the patch names them.
    Metadata(Option<bool>, Option<u8>),
    /// Replace the status.
    Status(u32),
}

/// A plan that was checked. Events are left out: nothing in the model depends on them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The steps, each with its index among the plan's actions.
    pub steps: Vec<(u32, Step)>,
    /// Which K8ssandraTask it was made for.
    pub incarnation: u8,
    /// Whether that said Forbid.
    pub forbid: bool,
}

/// What came of a view.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The plan's number.
    pub plan: u32,
    /// The plan.
    pub steps: Arc<Plan>,
    /// Why the plan is what it is, as the policy says it.
    pub reasons: Vec<String>,
    /// The law that the decision breaks, and how.
    pub broken: Option<(Law, String)>,
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
    /// The failures; 0 is none.
    pub failures: Table<Option<Failure>>,
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
            failures: Table::starting_with(None),
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

    fn ask(&self, config: &Config, view: &View) -> Decision {
        let spec = &config.specs[usize::from(view.task.spec)];
        let mut snapshot = Snapshot {
            now: clock::now(view.clock),
            primary: render::task(view.task, spec, &self.statuses.get(view.task.status)),
            observations: Vec::new(),
            last_failure: self.failures.get(view.failure).as_ref().clone(),
        };
        for _ in 0..=MOST_LOOKS {
            self.calls.fetch_add(1, Ordering::Relaxed);
            match k8ssandra_task_policy::reconcile(SETTINGS, &snapshot) {
                Outcome::Act(answer) => return self.decision(config, view, &answer),
                Outcome::Look(more) => {
                    let old: Vec<Selector> = snapshot
                        .observations
                        .iter()
                        .map(|it| it.selector.clone())
                        .collect();
                    if more.is_empty() || more.iter().any(|selector| old.contains(selector)) {
                        return self.broken(Law::TwoRounds, "it asks for nothing new");
                    }
                    snapshot
                        .observations
                        .extend(more.into_iter().map(|selector| Observation {
                            sightings: answer(config, view, &selector),
                            selector,
                        }));
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

    fn decision(&self, config: &Config, view: &View, answer: &Answer) -> Decision {
        let mut steps = Vec::new();
        for (index, action) in (0..).zip(&answer.actions) {
            match self.step(action) {
                Ok(Some(step)) => steps.push((index, step)),
                Ok(None) => {}
                Err(wrong) => {
                    return self.broken(Law::WellFormed, &format!("action {index}: {wrong}"));
                }
            }
        }
        let forbid = config.specs[usize::from(view.task.spec)].forbid;
        let creates = steps
            .iter()
            .any(|(_, step)| matches!(step, Step::Create(_)));
        let facts = self.facts(view.task.status);
        let is_late = forbid && creates && laws::has_seen_failure(view.task, &view.seen, &facts);
        let plan = self.plans.number(Plan {
            steps,
            incarnation: view.task.incarnation,
            forbid,
        });
        Decision {
            plan,
            steps: self.plans.get(plan),
            reasons: answer.reasons.clone(),
            broken: is_late.then(|| (Law::NothingAfterAFailure, "it creates".to_owned())),
        }
    }

    /// The host's checks, and what the action does in this world; `None` for an event.
    fn step(&self, action: &Action) -> Result<Option<Step>, String> {
        match action {
            Action::RecordEvent(event) if event.reason.is_empty() || event.message.is_empty() => {
                Err("an event says nothing".into())
            }
            Action::RecordEvent(_) => Ok(None),
            Action::SetStatus(status) => {
                serde_json::from_str::<serde_json::Map<String, Value>>(status)
                    .map_err(|error| error.to_string())?;
                Ok(Some(Step::Status(self.statuses.number(status.clone()))))
            }
            Action::PatchMetadata(patch) => metadata(patch).map(Some),
            Action::Create(creation) => {
                let object: Value =
                    serde_json::from_str(&creation.object).map_err(|error| error.to_string())?;
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let name = text(&object["metadata"]["name"]);
                let dc = render::dc_of(&name, &format!("{}-dc", render::TASK))
                    .ok_or_else(|| format!("it creates {name}"))?;
                let namespace = text(&object["metadata"]["namespace"]);
                if creation.context != Some(render::context_name(dc))
                    || namespace != render::NAMESPACE
                {
                    return Err(format!("it creates {name} in the wrong place"));
                }
                let api = format!("{} {}", text(&object["apiVersion"]), text(&object["kind"]));
                self.may(Verb::Create, &api)?;
                Ok(Some(Step::Create(dc)))
            }
            Action::Delete(deletion) => self.deletion(&deletion.object, &deletion.uid).map(Some),
        }
    }

    fn deletion(&self, object: &ObjectRef, uid: &str) -> Result<Step, String> {
        let gvk = &object.gvk;
        self.may(
            Verb::Delete,
            &format!("{}/{} {}", gvk.group, gvk.version, gvk.kind),
        )?;
        let unknown = || format!("it deletes {} with uid {uid:?}", object.name);
        if gvk.kind == "K8ssandraTask" {
            return render::number(uid, "task-")
                .map(Step::DeleteTask)
                .ok_or_else(unknown);
        }
        let dc = object
            .context
            .as_deref()
            .and_then(|context| render::dc_of(context, "kind-"));
        let birth = render::number(uid, "child-");
        let (dc, birth) = dc.zip(birth).ok_or_else(unknown)?;
        if object.name != render::child_name(dc) {
            return Err(unknown());
        }
        Ok(Step::DeleteChild(dc, birth))
    }

    fn may(&self, verb: Verb, api: &str) -> Result<(), String> {
        let is_declared = self.manifest.interests.iter().any(|interest| {
            let gvk = &interest.gvk;
            format!("{}/{} {}", gvk.group, gvk.version, gvk.kind) == api
                && interest.may.contains(&verb)
        });
        if is_declared {
            Ok(())
        } else {
            Err(format!("the manifest does not declare {verb:?} of {api}"))
        }
    }
}

fn metadata(patch: &str) -> Result<Step, String> {
    let patch: serde_json::Map<String, Value> =
        serde_json::from_str(patch).map_err(|error| error.to_string())?;
    if let Some(field) = patch
        .keys()
        .find(|key| *key != "finalizers" && *key != "ownerReferences")
    {
        return Err(format!("it patches metadata.{field}"));
    }
    let list = |name: &str| {
        patch
            .get(name)
            .map(|value| value.as_array().cloned().unwrap_or_default())
    };
    let finalizers = list("finalizers");
    if finalizers.iter().flatten().any(|name| name != FINALIZER) {
        return Err("it patches somebody else's finalizer".into());
    }
    let owner = |references: Vec<Value>| {
        let uid = references
            .first()
            .and_then(|reference| reference["uid"].as_str());
        uid.and_then(|uid| render::number(uid, "cluster-"))
            .unwrap_or(0)
    };
    Ok(Step::Metadata(
        finalizers.map(|names| !names.is_empty()),
        list("ownerReferences").map(owner),
    ))
}

/// The host's answer to a selector.
fn answer(config: &Config, view: &View, selector: &Selector) -> Vec<Sighting> {
    match selector {
        Selector::Object(object) if object.gvk.kind == "K8ssandraCluster" => vec![Sighting {
            context: None,
            objects: Ok(view
                .cluster
                .map(|it| render::cluster(it, config.dcs))
                .into_iter()
                .collect()),
        }],
        Selector::Object(object) => {
            let context = object.context.as_deref();
            let dc = context.and_then(|context| render::dc_of(context, "kind-"));
            vec![match dc {
                Some(dc) if object.name == render::child_name(dc) => sighting(view, dc, |_| true),
                Some(dc) => sighting(view, dc, |_| false),
                None => nothing(),
            }]
        }
        Selector::Labelled(query) => {
            let scope = &query.scope;
            let keys: BTreeSet<&str> = query.labels.iter().map(|(key, _)| key.as_str()).collect();
            let is_ours = keys.contains("k8ssandra.io/task-name") && *scope == Scope::Everywhere;
            let remotes = (0..config.dcs).filter(|dc| view.registered[*dc]);
            let remotes =
                remotes.map(|dc| sighting(view, dc, |child| is_ours && render::is_labelled(child)));
            [nothing()].into_iter().chain(remotes).collect()
        }
    }
}

/// No CassandraTask is ever in the control plane.
fn nothing() -> Sighting {
    Sighting {
        context: None,
        objects: Ok(Vec::new()),
    }
}

fn sighting(view: &View, dc: usize, fits: impl Fn(crate::state::Child) -> bool) -> Sighting {
    let objects = match view.seen[dc] {
        _ if !view.registered[dc] => Err(Blindness::Unregistered),
        Seen::Blind => Err(Blindness::Unreachable("it does not answer".into())),
        Seen::Known(child) => {
            let child = child.filter(|child| fits(*child));
            Ok(child
                .map(|child| render::child(child, dc))
                .into_iter()
                .collect())
        }
    };
    Sighting {
        context: Some(render::context_name(dc)),
        objects,
    }
}
