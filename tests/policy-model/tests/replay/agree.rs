//! Where the engine and the model have to agree: on what the policy is shown and decides, and on what is remembered.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8ssandra_task_policy::contract::{Failure, Outcome, Snapshot};
use pilothouse_core::Object;
use pilothouse_core::failures::Cause;
use pilothouse_core::plan::{Step as Checked, check};
use pilothouse_core::work::Answer;
use policy_model::decide::{Decision, View};
use policy_model::host::ledger::is_refused_create;
use policy_model::model::dcs;
use policy_model::render;
use policy_model::snapshot::Shown;
use policy_model::state::{Seen, State};
use serde_json::Value;

use crate::place::{model_uid, plain, plain_text};
use crate::player::{CHILDREN, Player};

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
            let decision = policy.decide(&world.config, &view);
            let steps: Vec<&Checked> = decision.steps.steps.iter().map(|(it, _)| it).collect();
            let checked: Vec<Checked> = checked.into_iter().filter_map(of_model).collect();
            assert_eq!(
                checked.iter().collect::<Vec<_>>(),
                steps,
                "the plan is the model's"
            );
        }
        Answer::Decided(Arc::clone(&self.manifest), Ok(outcome))
    }

    /// What the engine remembers and knows is what the model says.
    pub fn agrees(&self, state: &State) {
        let (policy, config) = (&self.world.policy, &self.world.config);
        let is_executing = self
            .pending
            .as_ref()
            .is_some_and(|work| matches!(work.task, pilothouse_core::work::Task::Send(_)));
        assert_eq!(
            is_executing,
            state.host.plan.is_some(),
            "a plan is carried out"
        );
        let ledger = self.engine.ledger(&render::key(render::TASK));
        // Of an earlier task of that name nothing is remembered.
        let uid = state.host.task.map(|task| self.world.render(task).uid);
        let own = ledger.filter(|it| uid.as_ref().is_none_or(|uid| it.uid == *uid));
        let failures = own.map(|it| it.failures.list()).unwrap_or_default();
        are_alike(&failures, &policy.failures.get(state.host.failures));
        let unconfirmed = ledger.into_iter().flat_map(|it| it.unconfirmed.keys());
        let unconfirmed: BTreeSet<_> = unconfirmed.map(|it| it.resource.clone()).collect();
        let in_doubt = dcs(config).filter(|dc| state.dcs[*dc].in_doubt);
        let in_doubt = in_doubt.map(|dc| render::children(Some(dc)));
        let task = state.host.in_doubt.then(render::tasks);
        assert_eq!(
            unconfirmed,
            in_doubt.chain(task).collect(),
            "unconfirmed writes"
        );
        let known = |at: usize| {
            self.places[at]
                .known(&self.engine)
                .map(|it| it.as_ref().map(plain))
        };
        let task = state.host.task.map(|it| plain(&self.world.render(it)));
        assert_eq!(known(0), Some(task), "the K8ssandraTask in the cache");
        let cluster = state
            .host
            .cluster
            .map(|it| plain(&render::cluster(it, config.dcs)));
        assert_eq!(known(1), Some(cluster), "the K8ssandraCluster in the cache");
        for dc in dcs(config) {
            let seen = match state.dcs[dc].seen {
                Seen::Known(child) => Some(child.map(|it| plain(&render::child(it, dc)))),
                Seen::Blind => None,
            };
            assert_eq!(
                known(CHILDREN + dc),
                seen,
                "the CassandraTask of dc{} in the cache",
                dc + 1
            );
        }
    }
}

/// The same failures in the same order, and the last one is the same. The model leaves out how often and when the others failed.
fn are_alike(engine: &[Failure], model: &[Failure]) {
    let what = |it: &Failure| {
        let Failure {
            object,
            operation,
            class,
            reason,
            message,
            ..
        } = it.clone();
        (
            object,
            operation,
            Cause {
                class,
                reason,
                message,
            },
        )
    };
    let (engine_has, model_has) = (engine.iter().map(what), model.iter().map(what));
    assert_eq!(
        engine_has.collect::<Vec<_>>(),
        model_has.collect::<Vec<_>>(),
        "failures"
    );
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
fn results(observation: &k8ssandra_task_policy::contract::Observation) -> Vec<Value> {
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
