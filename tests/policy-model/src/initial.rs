//! What there is to begin with: a new task, or one that k8ssandra-operator began.
//!
//! Comes in: a configuration. Goes out: the first states of the world.

use serde_json::{Value, json};

use crate::host::caches::fresh;
use crate::model::World;
use crate::render::{self, dc_name};
use crate::state::{Child, Cluster, Dc, Host, Origin, Seen, Stage, State, Task};

const DONE: Stage = Stage::Done { failed: false };

/// The first states of a configuration.
pub fn states(world: &World) -> Vec<State> {
    if !world.config.is_taken_over {
        return vec![state(world, 0, &[], 0)];
    }
    // It stopped after each of its writes: the finalizer, the creates and the statuses, which report the first so many.
    let stops: [(&[Stage], usize); 6] = [
        (&[], 0),
        (&[Stage::Waiting], 0),
        (&[Stage::Started], 1),
        (&[DONE], 1),
        (&[DONE, Stage::Waiting], 1),
        (&[DONE, Stage::Started], 2),
    ];
    let states = stops.map(|(stages, reported)| state(world, 1, stages, reported));
    states.into()
}

/// A state with the CassandraTasks that k8ssandra-operator created, and the status in which it reported some of them.
fn state(world: &World, owner: u8, stages: &[Stage], reported: usize) -> State {
    let child = |stage: &Stage| Child {
        stage: *stage,
        ..Child::new(Origin::Predecessor(1), 1, 0)
    };
    let children: Vec<Child> = stages.iter().map(child).collect();
    let status = status(&children[..reported]);
    let task = Some(Task {
        finalizer: owner != 0,
        owner,
        status: world.policy.statuses.number(status),
        ..world.new_task(1, 0)
    });
    let cluster = Some(Cluster {
        incarnation: 1,
        declares: world.config.declares_all(),
        deleting: false,
    });
    State {
        task,
        incarnations: 1,
        cluster,
        clusters: 1,
        dcs: std::array::from_fn(|dc| context(world, dc, children.get(dc).copied())),
        host: Host {
            task,
            cluster,
            unconfirmed: false,
            failures: 0,
            plan: None,
        },
        clock: 0,
        left: world.config.budget,
        broken: None,
    }
}

fn context(world: &World, dc: usize, child: Option<Child>) -> Dc {
    let is_there = dc < world.config.dcs;
    let foreign = world.config.foreign.filter(|(at, _)| *at == dc);
    let mut first = Dc {
        link: is_there,
        registered: is_there,
        child: child.or_else(|| foreign.map(|(_, origin)| Child::new(origin, 1, 0))),
        seen: Seen::Unavailable,
        unconfirmed: false,
    };
    first.seen = fresh(&first);
    first
}

/// A status as k8ssandra-operator writes it: copies of the CassandraTasks' statuses, and sums; empty if it has reported none.
fn status(children: &[Child]) -> String {
    let copies = children.iter().enumerate();
    let copies = copies.filter_map(|(dc, child)| Some((dc_name(dc), render::status(*child, dc)?)));
    let copies: Vec<(String, Value)> = copies.collect();
    let Some((_, first)) = copies.first() else {
        return String::new();
    };
    let start = first["startTime"].clone();
    let sum = |field: &str| -> u64 { copies.iter().filter_map(|(_, it)| it[field].as_u64()).sum() };
    let condition = |kind: &str| {
        json!({
            "type": kind, "status": "False", "reason": kind, "message": "", "lastTransitionTime": start,
        })
    };
    let conditions = ["Running", "Failed", "Complete"].map(condition);
    json!({
        "startTime": start, "active": sum("active"), "succeeded": sum("succeeded"), "failed": sum("failed"),
        "conditions": conditions,
        "datacenters": copies.into_iter().collect::<serde_json::Map<_, _>>(),
    })
    .to_string()
}
