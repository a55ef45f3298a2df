//! Which CassandraTasks may run: their time has come, and no other one of their datacenter excludes them. What comes in
//! are watch events, outcomes and the time; what goes out are the tasks to begin. Nothing here talks to an API server.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use kube::{api::DynamicObject, runtime::watcher::Event};
use serde_json::Value;

use super::work::Outcome;

/// The label that says how far a task is.
pub(super) const STATUS_LABEL: &str = "control.k8ssandra.io/status";
/// How long it waits for a time to come where none is known.
const LONG: Duration = Duration::from_secs(3600);

/// The tasks known, by uid.
#[derive(Default)]
pub(super) struct Queue {
    known: BTreeMap<String, DynamicObject>,
    /// Being worked on, or begun and never to end.
    begun: BTreeSet<String>,
    /// Ended, whether or not the watch shows it yet.
    ended: BTreeSet<String>,
    /// Not seen yet in a list that is coming in.
    unseen: BTreeSet<String>,
}

impl Queue {
    /// Takes note of what a watch says.
    pub(super) fn see(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.unseen = self.known.keys().cloned().collect(),
            Event::InitApply(task) | Event::Apply(task) => {
                let uid = uid(&task);
                self.unseen.remove(&uid);
                self.known.insert(uid, task);
            }
            Event::InitDone => {
                for uid in std::mem::take(&mut self.unseen) {
                    self.forget(&uid);
                }
            }
            Event::Delete(task) => self.forget(&uid(&task)),
        }
    }

    fn forget(&mut self, uid: &str) {
        self.known.remove(uid);
        self.begun.remove(uid);
        self.ended.remove(uid);
    }

    /// Takes note of what became of a task.
    pub(super) fn end(&mut self, uid: &str, outcome: Outcome) {
        match outcome {
            Outcome::Ended if self.known.contains_key(uid) => {
                self.begun.remove(uid);
                self.ended.insert(uid.to_owned());
            }
            Outcome::Ended | Outcome::Gone => {
                self.begun.remove(uid);
            }
            // It holds its datacenter until it is deleted, as with the real one.
            Outcome::Stuck => {}
        }
    }

    /// The tasks to begin now, oldest first; from now on they count as begun.
    pub(super) fn start(&mut self, now: Timestamp) -> Vec<DynamicObject> {
        let mut waiting: Vec<_> = self
            .waiting()
            .filter(|task| scheduled(task).is_none_or(|time| time <= now))
            .collect();
        waiting.sort_by_cached_key(|task| {
            let created = task.metadata.creation_timestamp.as_ref().map(|time| time.0);
            // What was begun by an operator that is gone goes on first.
            (
                !is_active(task),
                created,
                task.metadata.namespace.clone(),
                task.metadata.name.clone(),
            )
        });
        let waiting: Vec<_> = waiting.into_iter().cloned().collect();
        let mut started = Vec::new();
        for task in waiting {
            if !self.is_excluded(&task) {
                self.begun.insert(uid(&task));
                started.push(task);
            }
        }
        started
    }

    /// How long until the time of the next task comes.
    pub(super) fn next_due(&self, now: Timestamp) -> Duration {
        let times = self
            .waiting()
            .filter_map(scheduled)
            .filter(|time| *time > now);
        times
            .min()
            .map_or(LONG, |time| time.duration_since(now).unsigned_abs())
    }

    fn waiting(&self) -> impl Iterator<Item = &DynamicObject> {
        let waits = |uid: &String| !self.begun.contains(uid) && !self.ended.contains(uid);
        self.known
            .iter()
            .filter(move |(uid, task)| waits(uid) && !is_finished(task))
            .map(|(_, task)| task)
    }

    /// Whether another task of the datacenter runs that does not allow this one beside it.
    fn is_excluded(&self, task: &DynamicObject) -> bool {
        let allows = |task: &DynamicObject| task.data["spec"]["concurrencyPolicy"] == "Allow";
        self.known.iter().any(|(other_uid, other)| {
            let runs = self.begun.contains(other_uid)
                || is_active(other) && !is_finished(other) && !self.ended.contains(other_uid);
            runs && *other_uid != uid(task)
                && datacenter(other) == datacenter(task)
                && !(allows(task) && allows(other))
        })
    }
}

pub(super) fn uid(task: &DynamicObject) -> String {
    task.metadata.uid.clone().unwrap_or_default()
}

fn is_finished(task: &DynamicObject) -> bool {
    task.data["status"]["completionTime"].is_string()
}

fn is_active(task: &DynamicObject) -> bool {
    let labels = task.metadata.labels.as_ref();
    labels
        .and_then(|labels| labels.get(STATUS_LABEL))
        .is_some_and(|status| status == "active")
}

fn datacenter(task: &DynamicObject) -> (&Value, &Value) {
    let datacenter = &task.data["spec"]["datacenter"];
    (&datacenter["namespace"], &datacenter["name"])
}

fn scheduled(task: &DynamicObject) -> Option<Timestamp> {
    task.data["spec"]["scheduledTime"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(name: &str, spec: Value) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask",
            "metadata": { "name": name, "uid": name }, "spec": spec,
        }))
        .unwrap()
    }

    fn names(tasks: &[DynamicObject]) -> Vec<&str> {
        tasks
            .iter()
            .filter_map(|task| task.metadata.name.as_deref())
            .collect()
    }

    fn queue(tasks: impl IntoIterator<Item = DynamicObject>) -> Queue {
        let mut queue = Queue::default();
        tasks
            .into_iter()
            .for_each(|task| queue.see(Event::Apply(task)));
        queue
    }

    const NOON: &str = "2022-12-15T12:00:00Z";

    fn noon() -> Timestamp {
        NOON.parse().unwrap()
    }

    #[test]
    fn one_at_a_time_in_a_datacenter_unless_all_allow_it() {
        let dc1 = json!({ "datacenter": { "name": "dc1" } });
        let allow = json!({ "datacenter": { "name": "dc1" }, "concurrencyPolicy": "Allow" });
        let dc2 = json!({ "datacenter": { "name": "dc2" } });
        let mut forbidding = queue([
            task("a", dc1.clone()),
            task("b", dc1.clone()),
            task("c", dc2),
        ]);
        assert_eq!(names(&forbidding.start(noon())), ["a", "c"]);
        assert!(forbidding.start(noon()).is_empty());
        forbidding.end("a", Outcome::Ended);
        assert_eq!(names(&forbidding.start(noon())), ["b"]);

        let mut allowing = queue([task("a", allow.clone()), task("b", allow), task("c", dc1)]);
        assert_eq!(names(&allowing.start(noon())), ["a", "b"]);
    }

    #[test]
    fn a_stuck_task_holds_its_datacenter_until_it_is_deleted() {
        let mut queue = queue([task("a", json!({})), task("b", json!({}))]);
        assert_eq!(names(&queue.start(noon())), ["a"]);
        queue.end("a", Outcome::Stuck);
        assert!(queue.start(noon()).is_empty());
        queue.see(Event::Delete(task("a", json!({}))));
        assert_eq!(names(&queue.start(noon())), ["b"]);
    }

    #[test]
    fn waits_for_the_scheduled_time() {
        let mut queue = queue([task("a", json!({ "scheduledTime": NOON }))]);
        let early = "2022-12-15T11:58:30Z".parse().unwrap();
        assert!(queue.start(early).is_empty());
        assert_eq!(queue.next_due(early), Duration::from_secs(90));
        assert_eq!(names(&queue.start(noon())), ["a"]);
        assert_eq!(queue.next_due(noon()), LONG);
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut queue = queue([task("a", json!({})), task("b", json!({}))]);
        assert_eq!(names(&queue.start(noon())), ["a"]);
        queue.see(Event::Init);
        queue.see(Event::InitApply(task("b", json!({}))));
        queue.see(Event::InitDone);
        assert_eq!(names(&queue.start(noon())), ["b"]);
    }
}
