//! The host's part in the tests: it answers what the policy asks to look at, and carries out its plans.

use std::collections::BTreeMap;

use k8ssandra_task_policy::contract::*;
use k8ssandra_task_policy::{describe, reconcile};
use pilothouse_core::failures::Cause;
use pilothouse_core::object::Primary;
use pilothouse_core::{ObjectKey, Resource, plan};
use serde_json::{Value, json};

use crate::children::MARK;
use crate::crd::assert_acceptable;
use crate::world::{Key, NAMESPACE, World, event_line, lines, unavailable};

impl World {
    /// The snapshot with the answers to these.
    pub fn snapshot(&self, selectors: &[Selector]) -> Snapshot {
        let answer = |selector: &Selector| Observation {
            selector: selector.clone(),
            results: self.answer(selector),
        };
        Snapshot {
            now: u64::try_from(self.now.as_millisecond()).unwrap(),
            primary: self.task.to_string(),
            observations: selectors.iter().map(answer).collect(),
            failures: self.failures.list(),
        }
    }

    fn answer(&self, selector: &Selector) -> Vec<ContextResult> {
        let reference = match selector {
            Selector::Labels(query) => {
                let contexts = [None]
                    .into_iter()
                    .chain(self.contexts.keys().cloned().map(Some));
                return contexts
                    .map(|context| self.sight(context, |_, child| has_labels(child, &query.labels)))
                    .collect();
            }
            Selector::Object(reference) => reference,
        };
        let context = reference.context.clone();
        if reference.gvk.kind == "K8ssandraCluster" {
            let is_asked = |cluster: &&Value| cluster["metadata"]["name"] == *reference.name;
            let cluster = self
                .cluster
                .iter()
                .filter(is_asked)
                .map(Value::to_string)
                .collect();
            return vec![ContextResult {
                context,
                objects: self.control_plane.clone().map(|()| cluster),
            }];
        }
        let namespace = reference.namespace.clone().unwrap();
        vec![self.sight(context, |key, _| {
            key.1 == namespace && key.2 == reference.name
        })]
    }

    fn sight(
        &self,
        context: Option<String>,
        matches: impl Fn(&Key, &Value) -> bool,
    ) -> ContextResult {
        let answers = match &context {
            None => self.control_plane.clone(),
            Some(name) => self
                .contexts
                .get(name)
                .cloned()
                .unwrap_or(Err(unavailable(UnavailableReason::NotRegistered))),
        };
        let here = self
            .children
            .iter()
            .filter(|(key, child)| key.0 == context && matches(key, child));
        let objects = here.map(|(_, child)| child.to_string()).collect();
        ContextResult {
            context,
            objects: answers.map(|()| objects),
        }
    }

    /// All that the policy observes, and what it decides then. It starts with what its last plan depended on.
    pub fn decide(&self) -> (Vec<Selector>, Plan) {
        let mut observed = self.observes.clone();
        for _ in 0..3 {
            match reconcile(&self.settings, &self.snapshot(&observed)) {
                Outcome::Act(plan) => {
                    self.assert_allowed(&observed, &plan);
                    return (observed, plan);
                }
                Outcome::Observe(new) => {
                    let is_new = |selector| !observed.contains(selector);
                    assert!(!new.is_empty() && new.iter().all(is_new), "{new:?}");
                    observed.extend(new);
                }
            }
        }
        panic!("it observes a third time: {observed:?}")
    }

    /// The host carries every plan out: it declares what it does, and names nothing that cannot be.
    fn assert_allowed(&self, asked: &[Selector], plan: &Plan) {
        let manifest = describe(&self.settings).unwrap();
        let checked = plan::check(&manifest, &Primary::of(&self.task), asked, plan);
        if let Err(denied) = checked {
            // No API server gives an object such a name.
            let is_excused = self.is_spoilt && denied.message.contains("is not a valid name");
            assert!(is_excused, "the host denies this plan: {denied}: {plan:#?}");
        }
    }

    /// What the policy decides.
    pub fn plan(&self) -> Plan {
        self.decide().1
    }

    /// Decides, and carries the plan out. The plan comes back.
    pub fn step(&mut self) -> Plan {
        let plan = self.plan();
        self.execute(&plan, usize::MAX);
        plan
    }

    /// Decides, and carries out only so many actions of the plan before the host dies.
    pub fn die_after(&mut self, actions: usize) {
        let plan = self.plan();
        self.execute(&plan, actions);
    }

    /// Carries out no more than so many actions, up to the first that is refused. What was done comes back.
    fn execute(&mut self, plan: &Plan, most: usize) -> Vec<String> {
        let mut lines = lines(plan);
        self.observes.clone_from(&plan.observes);
        let manifest = describe(&self.settings).unwrap();
        let task = Resource {
            context: None,
            gvk: manifest.primary,
        };
        let task = task.object(&ObjectKey {
            namespace: Some(NAMESPACE.into()),
            name: "task1".into(),
        });
        for (index, action) in plan.actions.iter().enumerate().take(most) {
            let (object, operation) = plan::denied_target(Some(action), &task);
            if self.refuses(action) {
                let now = u64::try_from(self.now.as_millisecond()).unwrap();
                let cause = Cause::because("Forbidden", "it is forbidden");
                self.failures.record(now, object, operation, cause);
                lines.truncate(index);
                return lines;
            }
            self.carry_out(action);
            if !matches!(action, Action::RecordEvent(_)) {
                self.failures.succeeded(&object, operation);
            }
        }
        lines
    }

    fn refuses(&self, action: &Action) -> bool {
        let context = match action {
            Action::Create(creation) => &creation.context,
            Action::Delete(deletion) => &deletion.object.context,
            _ => return false,
        };
        context
            .as_ref()
            .is_some_and(|context| self.refusing.contains(context))
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Create(creation) => self.create(creation),
            Action::Delete(deletion) if deletion.object.gvk.kind == "K8ssandraTask" => {
                assert_eq!(self.task["metadata"]["uid"], *deletion.uid);
                self.task["metadata"]["deletionTimestamp"] = json!(self.now.to_string());
            }
            Action::Delete(deletion) => {
                assert!(self.is_being_deleted(), "deleted: {deletion:?}");
                let is_it = |child: &Value| child["metadata"]["uid"] == *deletion.uid;
                let is_own = self.own_children().any(|(_, child)| is_it(child));
                assert!(is_own, "not its own is deleted: {deletion:?}");
                self.children.retain(|_, child| !is_it(child));
            }
            Action::PatchMetadata(patch) => {
                let patch: BTreeMap<String, Value> = serde_json::from_str(patch).unwrap();
                let was_held = self.is_held();
                for (name, value) in patch {
                    self.task["metadata"][name] = value;
                }
                if was_held && !self.is_held() {
                    self.forget_unseen();
                    self.assert_may_go();
                }
            }
            Action::SetStatus(status) => {
                let status: Value = serde_json::from_str(status).unwrap();
                assert_acceptable(&status);
                assert_ne!(
                    status, self.task["status"],
                    "nothing changed, but it is written"
                );
                self.task["status"] = status;
                self.remember_beginnings();
            }
            Action::RecordEvent(event) => self.events.push(event_line(event)),
        }
    }

    fn create(&mut self, creation: &Creation) {
        let mut object: Value = serde_json::from_str(&creation.object).unwrap();
        self.created += 1;
        object["metadata"]["uid"] = json!(format!("child-{}", self.created));
        object["metadata"]["creationTimestamp"] = json!(self.now.to_string());
        object["metadata"]["annotations"] = json!({MARK: self.task["metadata"]["uid"]});
        let text = |name: &str| object["metadata"][name].as_str().unwrap().to_owned();
        let datacenter = object["spec"]["datacenter"]["name"].as_str().unwrap();
        self.assert_may_begin(datacenter);
        let key = (creation.context.clone(), text("namespace"), text("name"));
        assert!(
            self.children.insert(key, object).is_none(),
            "created twice: {}",
            creation.object
        );
    }

    /// Steps until nothing is done any more, as must come soon. What was done comes back. Where steps are refused, they are
    /// tried by turns for ever, so it is at rest when each has had its turn.
    pub fn settle(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        let mut quiet = 0;
        for _ in 0..16 {
            let plan = self.plan();
            let did = self.execute(&plan, usize::MAX);
            quiet = if did.is_empty() { quiet + 1 } else { 0 };
            done.extend(did);
            if plan.actions.is_empty() || quiet > self.refusing.len() {
                return done;
            }
        }
        panic!("it never rests: {done:?}");
    }
}

fn has_labels(object: &Value, labels: &[(String, String)]) -> bool {
    let carried = &object["metadata"]["labels"];
    labels.iter().all(|(name, value)| carried[name] == **value)
}
