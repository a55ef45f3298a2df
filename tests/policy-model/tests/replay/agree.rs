//! Where the engine and the model have to agree: on what the policy is shown and decides, and on what is remembered.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8ssandra_task_policy::contract::{Failure, Observation, Outcome, Snapshot};
use pilothouse_core::Object;
use pilothouse_core::plan::{Step as Checked, check};
use pilothouse_core::work::{Answer, Task, Work};
use policy_model::host::ledger::is_refused_create;
use policy_model::policy::Decision;
use policy_model::render;
use policy_model::snapshot::Shown;
use policy_model::state::{Seen, State};
use policy_model::view::View;
use serde_json::Value;

use crate::player::Player;
use crate::served::{model_uid, plain, plain_text};

impl Player<'_> {
    /// What the model decides in a state.
    pub fn decision(&self, state: &State) -> Option<Arc<Decision>> {
        let view = View::of(state)?;
        Some(self.world.policy.decide(&self.world.config, &view))
    }

    /// The policy's answer. It is shown what the model shows, and its plan is the model's.
    pub fn decide(&self, state: &State, snapshot: &Snapshot) -> Answer {
        let (world, policy) = (self.world, &self.world.policy);
        let view = View::of(state).expect("the model knows of no K8ssandraTask");
        let failures = policy.failures.get(view.failures).as_ref().clone();
        are_alike(&snapshot.failures, &failures);
        let selectors: Vec<_> = snapshot
            .observations
            .iter()
            .map(|it| it.selector.clone())
            .collect();
        let primary = world.render(view.task);
        let shown = Shown::new(&world.config, &view).snapshot(&primary, &selectors, failures);
        let mut seen = shown.unwrap();
        assert_eq!(plain_text(&snapshot.primary), plain_text(&seen.primary));
        // The times are the model's, and the uids and versions the engine's.
        seen.primary.clone_from(&snapshot.primary);
        for (ours, theirs) in seen.observations.iter_mut().zip(&snapshot.observations) {
            assert_eq!(results(ours), results(theirs), "{:?}", ours.selector);
            for (ours, theirs) in ours.results.iter_mut().zip(&theirs.results) {
                if theirs.objects.is_ok() {
                    ours.objects.clone_from(&theirs.objects);
                }
            }
        }
        let outcome = (world.config.policy)("{}", &seen);
        if let Outcome::Act(plan) = &outcome {
            let primary = Object::parse(&seen.primary).unwrap().primary();
            let checked = check(&self.manifest, &primary, &selectors, plan).unwrap();
            let checked = checked.into_iter().filter_map(of_model);
            let decision = policy.decide(&world.config, &view);
            let steps = decision.steps.steps.iter().map(|(it, _)| it.clone());
            let (ours, theirs): (Vec<_>, Vec<_>) = (steps.collect(), checked.collect());
            assert_eq!(ours, theirs, "the plan is the model's");
        }
        Answer::Decided(Arc::clone(&self.manifest), Ok(outcome))
    }

    /// What the engine remembers and knows is what the model says.
    pub fn agrees(&self, state: &State) {
        let (policy, config) = (&self.world.policy, &self.world.config);
        let is_executing = |work: &Work| matches!(work.task, Task::Send(_));
        let is_executing = self.pending.as_ref().is_some_and(is_executing);
        assert_eq!(is_executing, state.host.plan.is_some(), "a plan");
        let ledger = self.engine.ledger(&render::key(render::TASK));
        // Of an earlier task of that name nothing is remembered.
        let uid = state.host.task.map(|task| self.world.render(task).uid);
        let own = ledger.filter(|it| uid.as_ref().is_none_or(|uid| it.uid == *uid));
        let failures = own.map(|it| it.failures.list()).unwrap_or_default();
        are_alike(&failures, &policy.failures.get(state.host.failures));
        let unconfirmed = ledger.into_iter().flat_map(|it| it.unconfirmed.keys());
        let theirs: BTreeSet<_> = unconfirmed.map(|it| it.resource.clone()).collect();
        let children = config.dcs().filter(|dc| state.dcs[*dc].unconfirmed);
        let children = children.map(|dc| render::children(Some(dc)));
        let task = state.host.unconfirmed.then(render::tasks);
        let ours: BTreeSet<_> = children.chain(task).collect();
        assert_eq!(ours, theirs, "unconfirmed writes");
        self.caches_agree(state);
    }

    /// What the engine's caches show is what the model says.
    fn caches_agree(&self, state: &State) {
        let (world, host) = (self.world, &state.host);
        let dcs = world.config.dcs();
        let task = host.task.map(|it| world.render(it));
        let cluster = host.cluster.map(|it| render::cluster(it, dcs.len()));
        let children = dcs.map(|dc| match state.dcs[dc].seen {
            Seen::Known(child) => Some(child.map(|it| render::child(it, dc))),
            Seen::Unavailable => None,
        });
        let seen = [Some(task), Some(cluster)].into_iter().chain(children);
        for (served, seen) in self.served.iter().zip(seen) {
            let known = served.known(&self.engine);
            let plain = |object: Option<Object>| object.as_ref().map(plain);
            let (ours, theirs) = (seen.map(plain), known.map(plain));
            assert_eq!(ours, theirs, "{:?} in the cache", served.resource);
        }
    }
}

/// The same failures in the same order, and the last one is the same. The model leaves out how often and when the others failed.
fn are_alike(engine: &[Failure], model: &[Failure]) {
    let what = |it: &Failure| Failure {
        first: 0,
        last: 0,
        attempts: 0,
        ..it.clone()
    };
    let (ours, theirs) = (model.iter().map(what), engine.iter().map(what));
    assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
    let last = engine.iter().map(|it| it.last).max();
    for (engine, model) in engine.iter().zip(model) {
        let is_last = model.last != 0 && !is_refused_create(model);
        assert!(
            !is_last || Some(engine.last) == last,
            "failed last: {model:?}"
        );
    }
}

/// The results of an observation, as the model has them.
fn results(observation: &Observation) -> Vec<Value> {
    let results = observation.results.iter().map(|it| match &it.objects {
        Ok(objects) => objects.iter().map(|text| plain_text(text)).collect(),
        Err(why) => format!("{:?}", why.reason).into(),
    });
    results.collect()
}

/// A step with the model's uid; none for an event.
fn of_model(checked: Checked) -> Option<Checked> {
    match checked {
        Checked::RecordEvent(_) => None,
        Checked::Delete { resource, key, uid } => Some(Checked::Delete {
            resource,
            key,
            uid: model_uid(&uid).to_owned(),
        }),
        other => Some(other),
    }
}
