//! A task for more datacenters than one plan can create CassandraTasks for.

use k8ssandra_task_policy::contract::Requeue;
use policy_worlds::size::Size;

#[test]
fn many_datacenters_are_begun_by_one_plan_after_the_other() {
    let mut world = Size::new(500, 1, 0).new_task();
    let mut created = Vec::new();
    for _ in 0..3 {
        // The world panics if the host denies the plan.
        let plan = world.step();
        created.push((world.created, plan.requeue == Requeue::AtOnce));
    }
    assert_eq!(created, [(200, true), (400, true), (500, false)]);
}
