//! What others than the users of the task do: a backup tool restores it, and a second controller works on it.
//!
//! Comes in: a state. Goes out: the state after it. A second controller is k8ssandra-operator: it adds the same finalizer first.

use super::when;
use crate::host::caches::{next_birth, restart};
use crate::model::World;
use crate::state::{Child, Origin, State, Task, pay};

/// The control plane is restored from a backup, and the host starts there anew: the task has its metadata and another uid, and no
/// status. What runs in other contexts goes on.
pub fn restore(next: &mut State) -> Option<()> {
    let task = next.task.filter(|task| task.record != 0)?;
    pay(&mut next.left.restores)?;
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
pub fn forget_record(world: &World, next: &mut State) -> Option<()> {
    when(world.config.budget.restores > 0)?;
    let task = next
        .task
        .filter(|task| task.record != 0 && !task.deleting)?;
    when(world.policy.record(task.record).task != task.incarnation)?;
    pay(&mut next.left.edits)?;
    next.disturb();
    next.task = Some(Task { record: 0, ..task });
    Some(())
}

/// The second controller creates the CassandraTask of a target.
pub fn create(world: &World, next: &mut State, dc: usize) -> Option<()> {
    when(next.left.second_creates > 0 && next.dcs[dc].child.is_none())?;
    let task = next.task.filter(|task| !task.deleting)?;
    when(world.is_target(next, task, dc))?;
    let is_adopted = world.policy.record(task.record).task == task.incarnation;
    // While the host carries out a plan, it is not known yet which came first, the adoption or this.
    when(is_adopted || next.host.plan.is_none())?;
    pay(&mut next.left.second_creates)?;
    let origin = if is_adopted {
        Origin::Second
    } else {
        Origin::Predecessor(task.incarnation)
    };
    if !task.finalizer {
        next.disturb();
        next.task = Some(Task {
            finalizer: true,
            ..task
        });
    }
    let it = &mut next.dcs[dc];
    it.child = Some(Child::new(origin, next_birth(it.seen), next.clock));
    Some(())
}
