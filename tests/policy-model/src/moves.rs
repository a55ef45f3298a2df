//! What may happen in a state besides the host's own steps, and what comes of it: people, cass-operator, other controllers, the
//! network, time.
//!
//! Comes in: a state and a move. Goes out: the state after it. Each fault takes one from the budget; what mends things is free, so
//! that from everywhere the world may become well again.

use crate::act::{Act, Fault};
use crate::host::caches::{fresh, next_birth, restart, see_task};
use crate::model::World;
use crate::operator;
use crate::state::{Child, Cluster, Origin, State, Task, spend};

/// Everything that may be possible; what turns out not to be is sorted out when it is made.
pub fn possible(world: &World, state: &State, acts: &mut Vec<Act>) {
    let config = &world.config;
    acts.push(Act::Host(Fault::None));
    if state.left.faults > 0 {
        let faults = [Fault::RequestLost, Fault::ReplyLost, Fault::ReadLost];
        acts.extend(faults.map(Act::Host));
        let forbidden = Act::Host(Fault::Forbidden);
        acts.extend(config.forbids_writes.then_some(forbidden));
    }
    acts.extend([Act::SeeTask, Act::SeeCluster, Act::Crash]);
    acts.extend([Act::Tick, Act::Pause]);
    acts.extend([Act::DeleteTask, Act::CreateTask, Act::CollectTask]);
    acts.extend([Act::Restore, Act::ForgetRecord]);
    acts.extend([Act::DeleteCluster, Act::ClusterGoes, Act::CreateCluster]);
    acts.extend((0..).take(config.specs.len()).map(Act::Edit));
    acts.push(Act::Declare(config.declares_all()));
    acts.extend(config.declared_alone.iter().map(|dc| Act::Declare(1 << dc)));
    for dc in config.dcs() {
        acts.push(Act::See(dc));
        if let Some(child) = state.dcs[dc].child.filter(|it| it.is_labelled()) {
            let next = operator::moves(&config.work, child.stage).into_iter();
            acts.extend(next.map(|stage| Act::Work(dc, stage)));
            acts.push(Act::OperatorRestarts(dc));
        }
        acts.extend([Act::DeleteChild(dc), Act::ChildGoes(dc)]);
        acts.extend([Act::DatacenterGoes(dc), Act::SecondCreates(dc)]);
        acts.extend([Act::Down(dc), Act::Up(dc)]);
        acts.extend([Act::Unregister(dc), Act::Register(dc)]);
    }
}

/// The state after a move; `None` if it is not possible.
pub fn made(world: &World, state: &State, act: Act) -> Option<State> {
    let mut next = *state;
    match act {
        Act::Host(_) => return None,
        Act::Crash => {
            spend(&mut next.left.crashes)?;
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
        Act::CreateTask => create_task(world, &mut next)?,
        Act::Edit(_) | Act::DeleteTask | Act::CollectTask => change_task(&mut next, act)?,
        Act::Restore => restore(&mut next)?,
        Act::ForgetRecord => forget_record(world, &mut next)?,
        Act::Declare(_) | Act::DeleteCluster | Act::ClusterGoes => change_cluster(&mut next, act)?,
        Act::CreateCluster => create_cluster(world, &mut next)?,
        Act::Work(dc, _)
        | Act::OperatorRestarts(dc)
        | Act::DeleteChild(dc)
        | Act::ChildGoes(dc)
        | Act::DatacenterGoes(dc) => {
            let child = next.dcs[dc].child?;
            next.dcs[dc].child = change_child(world, &mut next, (dc, child), act)?;
        }
        Act::SecondCreates(dc) => second_creates(world, &mut next, dc)?,
        Act::Down(dc) | Act::Up(dc) | Act::Unregister(dc) | Act::Register(dc) => {
            change_context(&mut next, dc, act)?;
        }
    }
    Some(next)
}

fn when(is_so: bool) -> Option<()> {
    is_so.then_some(())
}

fn create_task(world: &World, next: &mut State) -> Option<()> {
    when(next.task.is_none() && next.incarnations < world.config.incarnations)?;
    next.incarnations += 1;
    next.task_changes();
    next.task = Some(world.new_task(next.incarnations, next.clock));
    Some(())
}

fn change_task(next: &mut State, act: Act) -> Option<()> {
    let task = next.task.filter(|task| !task.deleting)?;
    match act {
        Act::Edit(spec) => {
            when(task.spec != spec)?;
            spend(&mut next.left.edits)?;
            next.task_changes();
            next.task = Some(Task { spec, ..task });
            return Some(());
        }
        Act::DeleteTask => spend(&mut next.left.deletions)?,
        _ => {
            let owner = next.cluster.map_or(0, |cluster| cluster.incarnation);
            when(task.owner != 0 && task.owner != owner)?;
        }
    }
    next.delete_task();
    Some(())
}

/// The control plane is restored from a backup, and the host starts there anew: the task has its metadata and another uid, and no
/// status. What runs in other contexts goes on.
fn restore(next: &mut State) -> Option<()> {
    let task = next.task.filter(|task| task.record != 0)?;
    spend(&mut next.left.restores)?;
    next.incarnations += 1;
    next.task = Some(Task {
        incarnation: next.incarnations,
        born: next.clock,
        deleting: false,
        status: 0,
        ..task
    });
    restart(next);
    Some(())
}

/// Somebody follows the advice to remove the annotation.
fn forget_record(world: &World, next: &mut State) -> Option<()> {
    when(world.config.budget.restores > 0)?;
    let task = next.task.filter(|it| it.record != 0 && !it.deleting)?;
    when(world.policy.record(task.record).task != task.incarnation)?;
    spend(&mut next.left.edits)?;
    next.task_changes();
    next.task = Some(Task { record: 0, ..task });
    Some(())
}

fn create_cluster(world: &World, next: &mut State) -> Option<()> {
    when(next.cluster.is_none())?;
    next.clusters += 1;
    next.cluster = Some(Cluster {
        incarnation: next.clusters,
        declares: world.config.declares_all(),
        deleting: false,
    });
    Some(())
}

fn change_cluster(next: &mut State, act: Act) -> Option<()> {
    let mut cluster = next.cluster?;
    if act == Act::ClusterGoes {
        when(cluster.deleting)?;
        next.cluster = None;
        return Some(());
    }
    when(!cluster.deleting)?;
    match act {
        Act::Declare(declares) => {
            when(cluster.declares != declares)?;
            cluster.declares = declares;
        }
        _ => cluster.deleting = true,
    }
    spend(&mut next.left.cluster_changes)?;
    next.cluster = Some(cluster);
    Some(())
}

/// What becomes of a CassandraTask.
fn change_child(
    world: &World,
    next: &mut State,
    (dc, child): (usize, Child),
    act: Act,
) -> Option<Option<Child>> {
    match act {
        Act::Work(_, stage) => Some(Some(operator::at(child, stage, next.clock))),
        Act::OperatorRestarts(_) => {
            when(operator::may_restart(child))?;
            spend(&mut next.left.operator_restarts)?;
            let again = true;
            Some(Some(Child { again, ..child }))
        }
        Act::DeleteChild(_) => {
            when(!child.deleting)?;
            spend(&mut next.left.child_deletions)?;
            Some(world.deleted(child))
        }
        Act::DatacenterGoes(_) => {
            let is_declared = next.cluster.is_some_and(|cluster| cluster.has(dc));
            when(!is_declared && !child.deleting)?;
            Some(world.deleted(child))
        }
        _ => child.deleting.then_some(None),
    }
}

/// A second controller, which is k8ssandra-operator, creates the CassandraTask of a target. It adds the same finalizer first.
fn second_creates(world: &World, next: &mut State, dc: usize) -> Option<()> {
    when(next.left.second_creates > 0 && next.dcs[dc].child.is_none())?;
    let task = next.task.filter(|task| !task.deleting)?;
    when(world.is_target(next, task, dc))?;
    let is_adopted = world.policy.record(task.record).task == task.incarnation;
    // While the host carries out a plan, it is not known yet which came first, the adoption or this.
    when(is_adopted || next.host.plan.is_none())?;
    spend(&mut next.left.second_creates)?;
    let origin = if is_adopted {
        Origin::Second
    } else {
        Origin::Predecessor(task.incarnation)
    };
    if !task.finalizer {
        next.task_changes();
        let finalizer = true;
        next.task = Some(Task { finalizer, ..task });
    }
    let it = &mut next.dcs[dc];
    it.child = Some(Child::new(origin, next_birth(it.seen), next.clock));
    Some(())
}

fn change_context(next: &mut State, dc: usize, act: Act) -> Option<()> {
    let it = &mut next.dcs[dc];
    when(it.registered == (act != Act::Register(dc)))?;
    match act {
        Act::Down(_) => {
            when(it.link)?;
            spend(&mut next.left.outages)?;
            it.link = false;
        }
        Act::Up(_) => {
            when(!it.link)?;
            it.link = true;
        }
        Act::Unregister(_) => {
            spend(&mut next.left.unregistrations)?;
            it.registered = false;
            restart(next);
        }
        _ => {
            it.registered = true;
            restart(next);
        }
    }
    Some(())
}
