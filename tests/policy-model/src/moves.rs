//! What may happen in a state besides the host's own steps, and what comes of it: people, cass-operator, the network, time.
//!
//! Comes in: a state and a move. Goes out: the state after it. Each mishap is paid for from the budget; what mends things
//! is free, so that from everywhere the world may become well again.

mod others;

use crate::host::caches::{fresh, restart, see_task};
use crate::model::{Act, Fault, World, dcs};
use crate::operator;
use crate::state::{Child, Cluster, State, Task, pay};

/// Everything that may be possible; what turns out not to be is sorted out when it is made.
pub fn possible(world: &World, state: &State, acts: &mut Vec<Act>) {
    acts.push(Act::Host(Fault::None));
    if state.left.faults > 0 {
        acts.extend([Fault::Refused, Fault::Lost, Fault::Unasked].map(Act::Host));
        acts.extend(
            world
                .config
                .forbids_writes
                .then_some(Act::Host(Fault::Forbidden)),
        );
    }
    acts.extend([Act::SeeTask, Act::SeeCluster, Act::Crash]);
    acts.extend([Act::Tick, Act::Pause]);
    acts.extend([Act::DeleteTask, Act::CreateTask, Act::CollectTask]);
    acts.extend([Act::Restore, Act::ForgetRecord]);
    acts.extend([Act::DeleteCluster, Act::ClusterGoes, Act::CreateCluster]);
    acts.extend((0..).take(world.config.specs.len()).map(Act::Edit));
    acts.extend(world.config.declares.iter().map(|bits| Act::Declare(*bits)));
    for dc in dcs(&world.config) {
        acts.push(Act::See(dc));
        if let Some(child) = state.dcs[dc].child.filter(|it| it.is_labelled()) {
            let next = operator::moves(&world.config.work, child.stage).into_iter();
            acts.extend(next.map(|stage| Act::Work(dc, stage)));
            acts.push(Act::OperatorRestarts(dc));
        }
        acts.extend([
            Act::DeleteChild(dc),
            Act::ChildGoes(dc),
            Act::DatacenterGoes(dc),
            Act::SecondCreates(dc),
        ]);
        acts.extend([
            Act::Down(dc),
            Act::Up(dc),
            Act::Unregister(dc),
            Act::Register(dc),
        ]);
    }
}

/// The state after a move; `None` if it is not possible.
pub fn made(world: &World, state: &State, act: Act) -> Option<State> {
    let mut next = *state;
    match act {
        Act::Host(_) => return None,
        Act::Crash => {
            pay(&mut next.left.crashes)?;
            restart(&mut next);
        }
        Act::SeeTask => see_task(&mut next),
        Act::SeeCluster => next.host.cluster = next.cluster,
        Act::See(dc) => next.dcs[dc].seen = fresh(&next.dcs[dc]),
        Act::Tick => {
            when(next.clock < world.config.clock)?;
            next.clock += 1;
        }
        Act::Pause => next.host.failures = world.policy.failures_later(next.host.failures),
        Act::Edit(_) | Act::DeleteTask | Act::CreateTask | Act::CollectTask => {
            task(world, &mut next, act)?;
        }
        Act::Declare(_) | Act::DeleteCluster | Act::ClusterGoes | Act::CreateCluster => {
            cluster(world, &mut next, act)?;
        }
        Act::Work(dc, _)
        | Act::OperatorRestarts(dc)
        | Act::DeleteChild(dc)
        | Act::ChildGoes(dc)
        | Act::DatacenterGoes(dc) => child(world, &mut next, dc, act)?,
        Act::Down(dc) | Act::Up(dc) | Act::Unregister(dc) | Act::Register(dc) => {
            context(&mut next, dc, act)?;
        }
        Act::Restore => others::restore(&mut next)?,
        Act::ForgetRecord => others::forget_record(world, &mut next)?,
        Act::SecondCreates(dc) => others::create(world, &mut next, dc)?,
    }
    Some(next)
}

fn when(is_so: bool) -> Option<()> {
    is_so.then_some(())
}

fn task(world: &World, next: &mut State, act: Act) -> Option<()> {
    match (act, next.task) {
        (Act::Edit(spec), Some(task)) => {
            when(!task.deleting && task.spec != spec)?;
            pay(&mut next.left.edits)?;
            next.disturb();
            next.task = Some(Task { spec, ..task });
        }
        (Act::DeleteTask, Some(task)) => {
            when(!task.deleting)?;
            pay(&mut next.left.deletions)?;
            next.delete_task();
        }
        (Act::CollectTask, Some(task)) => {
            let owner = next.cluster.map_or(0, |cluster| cluster.incarnation);
            when(!task.deleting && task.owner != 0 && task.owner != owner)?;
            next.delete_task();
        }
        (Act::CreateTask, None) => {
            when(next.incarnations < world.config.incarnations)?;
            next.incarnations += 1;
            next.disturb();
            next.task = Some(world.new_task(next.incarnations, next.clock));
        }
        _ => return None,
    }
    Some(())
}

fn cluster(world: &World, next: &mut State, act: Act) -> Option<()> {
    match (act, next.cluster) {
        (Act::Declare(declares), Some(cluster)) => {
            when(!cluster.deleting && cluster.declares != declares)?;
            pay(&mut next.left.cluster_changes)?;
            next.cluster = Some(Cluster {
                declares,
                ..cluster
            });
        }
        (Act::DeleteCluster, Some(cluster)) => {
            when(!cluster.deleting)?;
            pay(&mut next.left.cluster_changes)?;
            next.cluster = Some(Cluster {
                deleting: true,
                ..cluster
            });
        }
        (Act::ClusterGoes, Some(cluster)) => {
            when(cluster.deleting)?;
            next.cluster = None;
        }
        (Act::CreateCluster, None) => {
            next.clusters += 1;
            next.cluster = Some(Cluster {
                incarnation: next.clusters,
                declares: world.config.declares[0],
                deleting: false,
            });
        }
        _ => return None,
    }
    Some(())
}

fn child(world: &World, next: &mut State, dc: usize, act: Act) -> Option<()> {
    let child = next.dcs[dc].child?;
    next.dcs[dc].child = match act {
        Act::Work(_, stage) => Some(operator::at(child, stage, next.clock)),
        Act::OperatorRestarts(_) => {
            when(operator::may_restart(child))?;
            pay(&mut next.left.operator_restarts)?;
            Some(Child {
                again: true,
                ..child
            })
        }
        Act::DeleteChild(_) => {
            when(!child.deleting)?;
            pay(&mut next.left.child_deletions)?;
            world.deleted(child)
        }
        Act::DatacenterGoes(_) => {
            let is_declared = next.cluster.is_some_and(|cluster| cluster.has(dc));
            when(!is_declared && !child.deleting)?;
            world.deleted(child)
        }
        Act::ChildGoes(_) => {
            when(child.deleting)?;
            None
        }
        _ => return None,
    };
    Some(())
}

fn context(next: &mut State, dc: usize, act: Act) -> Option<()> {
    let it = &mut next.dcs[dc];
    match act {
        Act::Down(_) => {
            when(it.link && it.registered)?;
            pay(&mut next.left.outages)?;
            it.link = false;
        }
        Act::Up(_) => {
            when(!it.link && it.registered)?;
            it.link = true;
        }
        Act::Unregister(_) => {
            when(it.registered)?;
            pay(&mut next.left.unregistrations)?;
            it.registered = false;
            restart(next);
        }
        Act::Register(_) => {
            when(!it.registered)?;
            it.registered = true;
            restart(next);
        }
        _ => return None,
    }
    Some(())
}
