//! Rule 2, "finished": when a task is over, and how long it is kept then.
//!
//! In: the situation, or the status of a finished task. Out: whether it is over, and when it is deleted. A status that
//! says so is never changed again, whatever is edited afterwards.

use serde_json::Value;

use crate::contract::{Action, Deletion, ObjectRef, Plan};
use crate::names;
use crate::progress::{Progress, is_true};
use crate::recorded::Recorded;
use crate::settings::Settings;
use crate::situation::Situation;
use crate::targets::Datacenter;
use crate::task::{Spec, Task};
use crate::time::Time;

/// Whether no target is at work, and none will be created any more: all are over, or a failure stops the rest.
///
/// Where it is not known what the targets are, only the recorded status can say so.
pub fn is_finished(situation: &Situation<'_>) -> bool {
    let is_at_work = situation.targets.iter().any(Datacenter::is_active);
    let are_over = situation.targets.iter().all(Datacenter::is_settled);
    situation.is_resolved && !is_at_work && (are_over || situation.is_stopped())
}

/// The TTL in seconds; 0 is for ever. The error says what is wrong with it.
pub fn ttl(settings: &Settings, spec: &Spec) -> Result<i64, String> {
    match spec.template().get("ttlSecondsAfterFinished") {
        None | Some(Value::Null) => Ok(settings.default_ttl_seconds.into()),
        Some(value) => value.as_i64().filter(|seconds| *seconds >= 0).ok_or_else(|| {
            format!("spec.template.ttlSecondsAfterFinished is {value}: it must be a number of seconds, or 0 for ever")
        }),
    }
}

/// The plan for a task whose status says that it has finished, to which its deletion or the wait for it is added.
pub fn keep(
    settings: &Settings,
    now: Time,
    task: &Task,
    status: &Recorded,
    mut plan: Plan,
) -> Plan {
    let (finished, ttl) = match life(settings, task, status) {
        Ok(life) => life,
        Err(why) => {
            plan.reasons.push(why);
            return plan;
        }
    };
    let expiry = finished.plus_seconds(ttl);
    match expiry.millis_from(now) {
        0 if task.metadata.uid.is_empty() => plan
            .reasons
            .push("expired, but it has no uid to delete it by".to_owned()),
        0 => {
            plan.actions.push(Action::Delete(deletion(task)));
            plan.reasons.push(format!(
                "finished at {finished} and kept for {ttl} s: it is deleted"
            ));
        }
        wait => {
            plan.requeue_after = Some(wait);
            plan.reasons
                .push(format!("finished at {finished}; it is deleted at {expiry}"));
        }
    }
    plan
}

/// When it finished, and for how many seconds it is kept from then on; or why for ever.
fn life(settings: &Settings, task: &Task, status: &Recorded) -> Result<(Time, i64), String> {
    let wrong =
        |why: &str| format!("finished; kept for ever, since it is not known for how long: {why}");
    let spec = task.spec.as_ref().map_err(|why| wrong(why))?;
    let ttl = ttl(settings, spec).map_err(|why| wrong(&why))?;
    if ttl == 0 {
        return Err("finished; kept for ever, as its TTL of 0 asks".to_owned());
    }
    match finish_time(status) {
        Some(finished) => Ok((finished, ttl)),
        None => Err(wrong("its status says nothing of when it finished")),
    }
}

/// When it finished: its completion; or else when a failure stopped it.
fn finish_time(status: &Recorded) -> Option<Time> {
    let is_complete = status.condition("Complete").is_some_and(is_true);
    let complete = || is_complete.then(|| status.transition("Complete")).flatten();
    status
        .completion()
        .or_else(complete)
        .or_else(|| stop_time(status))
}

/// When a failure stopped it: the latest completion among its CassandraTasks, or else when it failed. One that was lost
/// has no completion, and the others' may be long ago: then it is the later of the two, or the task could be deleted the
/// moment it fails.
fn stop_time(status: &Recorded) -> Option<Time> {
    let copies = status
        .datacenters()
        .filter_map(|name| status.datacenter(name));
    let copies: Vec<Progress> = copies.map(Progress::read).collect();
    let end = copies.iter().filter_map(|copy| copy.end).max();
    let is_lost = copies.iter().any(|copy| copy.has_begun && !copy.has_ended);
    let failed = status.transition("Failed");
    if is_lost {
        end.max(failed)
    } else {
        end.or(failed)
    }
}

fn deletion(task: &Task) -> Deletion {
    Deletion {
        object: ObjectRef {
            context: None,
            gvk: names::k8ssandra_task(),
            namespace: Some(task.metadata.namespace.clone()),
            name: task.metadata.name.clone(),
        },
        uid: task.metadata.uid.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const T0: &str = "2022-12-15T19:40:00Z";
    const T1: &str = "2022-12-15T19:44:25Z";
    const T2: &str = "2022-12-15T19:45:15Z";

    #[test]
    fn the_finish_time_is_the_completion_or_what_comes_nearest() {
        let failed = json!([{"type": "Failed", "status": "True", "lastTransitionTime": T1}]);
        for (status, expected) in [
            (
                json!({"completionTime": T1, "datacenters": {"dc1": {"completionTime": T2}}}),
                Some(T1),
            ),
            (
                json!({"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": T2}]}),
                Some(T2),
            ),
            (
                json!({"conditions": failed, "datacenters": {"dc1": {"completionTime": T2}, "dc2": {}}}),
                Some(T2),
            ),
            // Failed, and told of later.
            (
                json!({"conditions": failed, "datacenters": {"dc1": {"startTime": T0, "completionTime": T0}}}),
                Some(T0),
            ),
            // Lost before the others completed, and after.
            (
                json!({"conditions": failed, "datacenters": {"dc1": {"completionTime": T2}, "dc2": {"active": 1}}}),
                Some(T2),
            ),
            (
                json!({"conditions": failed, "datacenters": {"dc1": {"completionTime": T0}, "dc2": {"active": 1}}}),
                Some(T1),
            ),
            (
                json!({"conditions": failed, "datacenters": {"dc1": {}}}),
                Some(T1),
            ),
            (json!({}), None),
        ] {
            let finished =
                finish_time(&Recorded::read(status.clone())).map(|time| time.to_string());
            assert_eq!(finished.as_deref(), expected, "{status}");
        }
    }

    #[test]
    fn the_ttl_decides_when_it_is_deleted() {
        let seconds = |offset: i64| Time::parse(T1).unwrap().plus_seconds(offset);
        for (ttl, now, deleted, requeue) in [
            (json!(null), seconds(0), false, Some(86_400_000)),
            (json!(null), seconds(86_400), true, None),
            (json!(60), seconds(59), false, Some(1_000)),
            (json!(60), seconds(60), true, None),
            (json!(0), seconds(1_000_000), false, None),
            (json!(-1), seconds(1_000_000), false, None),
            (json!("x"), seconds(1_000_000), false, None),
            (json!(i64::MAX), seconds(60), false, Some(u64::MAX)),
        ] {
            let task = json!({
                "metadata": {"name": "t", "namespace": "ns", "uid": "u1"},
                "spec": {"template": {"ttlSecondsAfterFinished": ttl}},
                "status": {"completionTime": T1},
            });
            let task = Task::read(&task.to_string()).unwrap();
            let empty = Plan {
                actions: vec![],
                requeue_after: None,
                reasons: vec![],
            };
            let plan = keep(&Settings::default(), now, &task, &task.recorded, empty);
            assert_eq!(!plan.actions.is_empty(), deleted, "{ttl}");
            if requeue == Some(u64::MAX) {
                assert!(plan.requeue_after.is_some());
            } else {
                assert_eq!(plan.requeue_after, requeue, "{ttl}");
            }
            assert_eq!(plan.reasons.len(), 1, "{ttl}");
        }
    }

    #[test]
    fn what_cannot_be_deleted_says_why() {
        let over = json!({"completionTime": T1});
        let stopped =
            json!({"conditions": [{"type": "Running", "status": "False", "reason": "Finished"}]});
        for (uid, status, reason) in [
            ("u1", over.clone(), "it is deleted"),
            ("", over, "it has no uid to delete it by"),
            ("u1", stopped, "its status says nothing of when it finished"),
        ] {
            let task = json!({"metadata": {"name": "t", "namespace": "ns", "uid": uid}, "spec": {}, "status": status});
            let task = Task::read(&task.to_string()).unwrap();
            let now = Time::parse("2023-12-15T00:00:00Z").unwrap();
            let plan = keep(
                &Settings::default(),
                now,
                &task,
                &task.recorded,
                crate::decision::blank(),
            );
            assert!(plan.reasons[0].ends_with(reason), "{:?}", plan.reasons);
            assert_eq!(
                !plan.actions.is_empty(),
                reason == "it is deleted",
                "{reason}"
            );
        }
    }
}
