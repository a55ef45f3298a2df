//! What a decision costs: within the limits of a host, however large the cluster; no step quadratic, no document parsed twice; and
//! as few calls as can be. Fuel is exact, so nothing here depends on how fast the machine is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Result, ensure};
use pilothouse::contract::{Outcome, Plan, Snapshot};
use pilothouse::policy::Policy;
use pilothouse::policy::wasm::{Limits, Runtime};
use pilothouse_core::object::Primary;
use pilothouse_core::plan;
use pilothouse_e2e::component;
use pilothouse_e2e::objects::{CONTEXTS, demo, task};
use pilothouse_e2e::simulated::{Deciding, play};
use pilothouse_e2e::world::{Kind, Look, World};
use policy_properties::Simulation;
use policy_properties::size::Size;
use serde_json::{Value, json};

/// The policy as users run it, with the limits that it has there.
static COMPONENT: LazyLock<Policy> = LazyLock::new(|| {
    let bytes = std::fs::read(component::built().unwrap()).unwrap();
    let runtime = Runtime::new(4, Limits::default()).unwrap();
    runtime.load(&bytes, "{}").unwrap()
});

const SIZES: [Size; 5] = [
    Size::new(2, 1, 0),
    Size::new(3, 3, 0),
    Size::new(100, 50, 0),
    Size::new(10, 300, 0),
    Size::new(3, 3, 1000),
];

/// A course that a task can take, as a simulation of a size.
type Course = fn(Size) -> Simulation;

/// The size at n.
type Growing = fn(usize) -> Size;

fn fuel(snapshot: &Snapshot) -> u64 {
    let (outcome, fuel) = COMPONENT.metered(snapshot).unwrap();
    assert!(matches!(outcome, Outcome::Act(_)), "it asks for more");
    fuel.unwrap()
}

/// What is decided in one call, and must not take a second one.
fn plan(snapshot: &Snapshot) -> Plan {
    match COMPONENT.reconcile(snapshot).unwrap() {
        Outcome::Act(plan) => plan,
        Outcome::Observe(more) => panic!("it asks for {more:?}"),
    }
}

#[test]
fn every_size_is_within_the_limits() {
    const COURSES: [Course; 4] = [
        Size::new_task,
        Size::running,
        Size::progressed,
        Size::deleted,
    ];
    for size in SIZES {
        for course in COURSES {
            let sim = course(size);
            let snapshot = size.snapshot(&sim);
            let observed = snapshot.observations.iter().map(|it| it.selector.clone());
            let observed: Vec<_> = observed.collect();
            let primary = Primary::of(sim.task());
            // Too much fuel, memory or output is a trap.
            let plan = plan(&snapshot);
            plan::check(&COMPONENT.manifest, &primary, &observed, &plan)
                .unwrap_or_else(|denied| panic!("{size:?}: {denied}"));
        }
    }
}

#[test]
fn no_step_is_quadratic() {
    let datacenters: Growing = |n| Size::new(n, 3, 0);
    let courses: [(&str, Growing, Course); 11] = [
        ("new", datacenters, Size::new_task),
        ("running", datacenters, Size::running),
        ("pods", |n| Size::new(5, n, 0), Size::progressed),
        ("foreign", |n| Size::new(3, 3, 2 * n), Size::running),
        ("deleted", datacenters, Size::deleted),
        ("deletes refused", datacenters, Size::delete_refused),
        ("creates refused", datacenters, Size::create_refused),
        ("narrowed to Forbid", datacenters, Size::narrowed),
        ("nearly done", datacenters, Size::nearly_done),
        ("cancelled", datacenters, Size::cancelled),
        ("second controller", datacenters, Size::conflicting),
    ];
    for (name, size, course) in courses {
        let [one, two] = [200, 400].map(|n| fuel(&size(n).snapshot(&course(size(n)))));
        let growth = two as f64 / one as f64;
        assert!(
            growth <= 2.15,
            "{name}: {growth:.2} times the fuel for twice the size ({one}, {two})"
        );
    }
}

/// The snapshot with more in every document of an object, which nobody reads.
fn padded(snapshot: &Snapshot, kind: &str, name: &str) -> Snapshot {
    let pad = |text: &mut String| {
        let mut object: Value = serde_json::from_str(text).unwrap();
        if object["metadata"]["name"] == name {
            object["metadata"]["managedFields"] = json!(vec![1; 10_000]);
            *text = object.to_string();
        }
    };
    let mut snapshot = snapshot.clone();
    if kind == "K8ssandraTask" {
        pad(&mut snapshot.primary);
    }
    let observations = snapshot.observations.iter_mut();
    let results = observations.filter(|it| it.selector.gvk().kind == kind);
    for result in results.flat_map(|it| &mut it.results) {
        result.objects.iter_mut().flatten().for_each(pad);
    }
    snapshot
}

#[test]
fn each_document_is_parsed_once_a_call() {
    let size = Size::new(3, 3, 1);
    let snapshot = size.snapshot(&size.conflicting());
    let cost = |kind, name| fuel(&padded(&snapshot, kind, name)) - fuel(&snapshot);
    // One that only the labels find, and of which nothing more is said.
    let once = cost("CassandraTask", "task1-former0");
    for (kind, name) in [
        ("K8ssandraTask", "task1"),
        ("K8ssandraCluster", "demo"),
        ("CassandraTask", "task1-dc1"),
        // Found by its labels and by its name, and reported.
        ("CassandraTask", "task1-dc2"),
    ] {
        let times = cost(kind, name) as f64 / once as f64;
        assert!(
            times < 1.5,
            "{kind} {name} is parsed {times:.1} times a call"
        );
    }
}

#[test]
fn one_call_decides_with_the_selectors_of_the_last_plan_and_two_without() {
    for size in SIZES {
        let mut sim = size.running();
        let (calls, _) = sim.calls();
        assert_eq!(calls.len(), 1);
        plan(&calls[0]);
        sim.restart();
        let (calls, _) = sim.calls();
        assert_eq!(calls.len(), 2);
        let Outcome::Observe(_) = COMPONENT.reconcile(&calls[0]).unwrap() else {
            panic!("decided without looking");
        };
        plan(&calls[1]);
    }
}

/// What the host's log says of the calls that decisions took, since it was as long as this.
fn calls(world: &World, since: usize) -> Vec<String> {
    let log = world.operator.log();
    let decisions = log[since..].lines().filter(|line| line.contains("decided"));
    let calls =
        decisions.filter_map(|line| line.split_whitespace().find(|it| it.starts_with("calls=")));
    calls.map(str::to_owned).collect()
}

/// A task whose CassandraTasks exist and will not start soon.
async fn created(world: &World) -> Result<()> {
    world.create(&demo()).await?;
    let later = json!({"dcConcurrencyPolicy": "Allow", "template": {"scheduledTime": "2099-01-01T00:00:00Z"}});
    world.create(&task("task1", &later)).await?;
    let exist = async |world: &World| {
        let mut count = 0;
        for context in CONTEXTS {
            count += world.cassandra_tasks(context).await?.len();
        }
        Ok(if count == CONTEXTS.len() {
            Look::Found(())
        } else {
            Look::NotYet(count)
        })
    };
    world.wait("the CassandraTasks", exist).await?;
    world.assert_at_rest("task1").await
}

#[test]
fn the_host_starts_with_the_selectors_of_the_last_plan() {
    play(Deciding::Native, async |stage| {
        let world = &mut stage.world;
        created(world).await?;
        let since = world.operator.log().len();
        let touched = json!({"metadata": {"labels": {"touched": "yes"}}});
        world.patch(Kind::Task, "task1", &touched).await?;
        world.idle(Duration::from_secs(2)).await;
        let known = calls(world, since);
        ensure!(known == ["calls=1"], "touched: {known:?}");
        world.operator.kill().await?;
        let since = world.operator.log().len();
        world.operator.start().await?;
        world.idle(Duration::from_secs(2)).await;
        let fresh = calls(world, since);
        ensure!(
            fresh.first().is_some_and(|it| it == "calls=2"),
            "restarted: {fresh:?}"
        );
        ensure!(
            !fresh.iter().skip(1).any(|it| it != "calls=1"),
            "then: {fresh:?}"
        );
        Ok(())
    })
    .unwrap();
}
