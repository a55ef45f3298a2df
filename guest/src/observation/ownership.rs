//! Which CassandraTasks belong to a K8ssandraTask: one predicate, for its status and for its deletion.

use super::targets::Place;
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::record::Record;
use crate::documents::task::Task;
use crate::documents::time::Time;

/// By how much the clocks of two API servers may differ.
const CLOCK_SKEW_SECONDS: i64 = 300;

/// What a CassandraTask is to a K8ssandraTask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It belongs to it.
    Own,
    /// It does not, and was created in its place after the policy took charge: by a second controller at work.
    Conflicting,
    /// It does not.
    Foreign,
}

/// Judges an object that was observed. The cluster is the task's own, where that is known.
pub fn relation(task: &Task, cluster: Option<&Cluster>, child: &CassandraTask) -> Relation {
    let is_taken_over = task.is_taken_over();
    let adopted = task.own_record().and_then(Record::adopted);
    let created = child.created();
    // Times have whole seconds. What belongs to a task that was not taken over is marked, so one of the same second is not its own.
    let is_after =
        |adopted: Time, created: Time| created > adopted || (created == adopted && !is_taken_over);
    match child.created_for() {
        Some(uid) if !uid.is_empty() && uid == task.metadata.uid => Relation::Own,
        Some(_) => Relation::Foreign,
        // k8ssandra-operator leaves no mark.
        None if !has_labels(task, child) || !is_in_place(task, cluster, child) => Relation::Foreign,
        // What the status knows was there before, whatever the clock of its API server says.
        None if is_taken_over && has_recorded_start(task, child) => Relation::Own,
        None => match (adopted, created) {
            (Some(_), None) => Relation::Conflicting,
            (Some(adopted), Some(created)) if is_after(adopted, created) => Relation::Conflicting,
            (_, Some(_)) if is_taken_over && is_of_this_task(task, child) => Relation::Own,
            _ => Relation::Foreign,
        },
    }
}

/// Whether it carries the two labels of a task of this name.
pub fn has_labels(task: &Task, child: &CassandraTask) -> bool {
    let mut labels = task.labels().into_iter();
    labels.all(|(name, value)| child.label(name) == Some(value))
}

/// Whether its context, namespace and name are those of a datacenter that the cluster declares or that is recorded.
fn is_in_place(task: &Task, cluster: Option<&Cluster>, child: &CassandraTask) -> bool {
    let datacenter = child.datacenter(&task.metadata.name);
    let (context, namespace) = (child.context.as_deref(), child.namespace());
    let place = Place::new(task, datacenter, context, namespace);
    let declared = cluster.and_then(|cluster| cluster.datacenter(datacenter));
    let is_declared = declared.is_some_and(|it| Place::declared(task, it) == place);
    let record = task.record.as_ref();
    let is_recorded = match record.and_then(|record| record.datacenters.get(datacenter)) {
        Some(it) => {
            let namespace = it.namespace.as_ref();
            it.context == place.context && namespace.is_none_or(|it| *it == place.namespace)
        }
        // Where nothing says where it was created, the status must know it: the cluster may have been edited since.
        None => has_recorded_start(task, child),
    };
    child.name() == place.name && (is_declared || is_recorded)
}

/// Whether it is not of an earlier task of that name: not older than the task, or recorded in its status.
pub fn is_of_this_task(task: &Task, child: &CassandraTask) -> bool {
    let created = child.created();
    let margin = created.map(|created| created.plus_seconds(CLOCK_SKEW_SECONDS));
    margin >= task.metadata.created || has_recorded_start(task, child)
}

/// Whether the status records its datacenter with the same startTime.
fn has_recorded_start(task: &Task, child: &CassandraTask) -> bool {
    let datacenter = child.datacenter(&task.metadata.name);
    let recorded = task.recorded.datacenters().get(datacenter);
    recorded.is_some_and(|it| it.start.is_some() && it.start == child.progress.start)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CREATED: &str = "2022-12-15T19:43:00Z";
    const ADOPTED: &str = "2022-12-15T19:50:00Z";

    struct Case {
        task: Value,
        child: Value,
    }

    /// A task that was taken over, and a CassandraTask of k8ssandra-operator for it.
    fn case() -> Case {
        let record =
            json!({"task": {"name": "task1", "uid": "u1"}, "adopted": ADOPTED, "takenOver": true});
        Case {
            task: json!({"metadata": {
                "name": "task1", "namespace": "ns", "uid": "u1", "creationTimestamp": CREATED,
                "annotations": {"pilothouse.dev/record": record.to_string()},
            }}),
            child: json!({
                "metadata": {
                    "name": "task1-dc1", "namespace": "ns", "creationTimestamp": CREATED,
                    "labels": {"k8ssandra.io/task-name": "task1", "k8ssandra.io/task-namespace": "ns"},
                },
                "status": {"startTime": CREATED},
            }),
        }
    }

    fn check(why: &str, expected: Relation, change: impl FnOnce(&mut Case)) {
        let mut case = case();
        change(&mut case);
        let cluster = json!({"metadata": {"name": "demo", "namespace": "ns"}, "spec": {"cassandra": {"datacenters": [
            {"metadata": {"name": "dc1"}, "k8sContext": "kind-1"},
        ]}}});
        let cluster = Cluster::read(&cluster.to_string()).unwrap();
        let task = Task::read(&case.task.to_string()).unwrap();
        let child = CassandraTask::read(Some("kind-1"), &case.child.to_string());
        assert_eq!(relation(&task, Some(&cluster), &child), expected, "{why}");
    }

    #[test]
    fn a_marked_one_belongs_to_that_uid_alone() {
        let mark = |uid: &'static str| {
            move |case: &mut Case| {
                case.child["metadata"]["annotations"] = json!({"pilothouse.dev/created-for": uid})
            }
        };
        check("ours", Relation::Own, mark("u1"));
        check("ours without labels", Relation::Own, |case| {
            mark("u1")(case);
            case.child["metadata"]["labels"] = json!({});
        });
        check("another's", Relation::Foreign, mark("u0"));
        check("nobody's", Relation::Foreign, |case| {
            mark("")(case);
            case.task["metadata"]["uid"] = json!("");
        });
    }

    #[test]
    fn one_of_k8ssandra_operator_belongs_to_a_task_that_was_taken_over() {
        check("taken over", Relation::Own, |_| {});
        check("with the finalizer", Relation::Own, |case| {
            case.task["metadata"]["annotations"] = json!({});
            case.task["metadata"]["finalizers"] = json!(["control.k8ssandra.io/finalizer"]);
        });
        check("a new task", Relation::Foreign, |case| {
            case.task["metadata"]["annotations"] = json!({})
        });
        check("other labels", Relation::Foreign, |case| {
            case.child["metadata"]["labels"]["k8ssandra.io/task-name"] = json!("task2")
        });
        check("another namespace", Relation::Foreign, |case| {
            case.child["metadata"]["namespace"] = json!("other")
        });
        check(
            "a datacenter that is not declared",
            Relation::Foreign,
            |case| case.child["metadata"]["name"] = json!("task1-dc9"),
        );
    }

    #[test]
    fn its_age_decides_too() {
        let created = |time: &'static str| {
            move |case: &mut Case| case.child["metadata"]["creationTimestamp"] = json!(time)
        };
        check(
            "just within the skew",
            Relation::Own,
            created("2022-12-15T19:38:00Z"),
        );
        check(
            "of an earlier task",
            Relation::Foreign,
            created("2022-12-15T19:37:59Z"),
        );
        check("older, and recorded", Relation::Own, |case| {
            created("2022-12-01T00:00:00Z")(case);
            case.task["status"] = json!({"datacenters": {"dc1": {"startTime": CREATED}}});
        });
        check("as the policy took charge", Relation::Own, created(ADOPTED));
        check(
            "as it took charge of a new task",
            Relation::Conflicting,
            |case| {
                created(ADOPTED)(case);
                let record = json!({"task": {"name": "task1", "uid": "u1"}, "adopted": ADOPTED});
                case.task["metadata"]["annotations"]["pilothouse.dev/record"] =
                    json!(record.to_string());
            },
        );
        check(
            "after that",
            Relation::Conflicting,
            created("2022-12-15T19:50:01Z"),
        );
        check("no time", Relation::Conflicting, created("soon"));
    }
}
