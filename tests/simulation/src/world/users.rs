//! What users do.

use k8ssandra_task_policy::contract::Gvk;
use pilothouse_core::Resource;
use pilothouse_policy_test::servers::object;
use policy_properties::changes::happen;
use policy_properties::children::Child;
use serde_json::json;

use super::{Event, Foreign, World};
use crate::users::Deed;

/// How long somebody waits before a task is created again, if the one before is not gone.
const PATIENCE: u64 = 1_000;
/// How often it is tried at most.
const MAX_TRIES: u64 = 300;

impl World {
    pub(super) fn deed(&mut self, deed: &Deed) {
        self.say(format!("a user: {deed:?}"));
        match deed {
            Deed::Recreate => self.recreate(0),
            Deed::TimeToLive(seconds) if !self.objects.is_gone() => {
                let pointer = "/spec/template/ttlSecondsAfterFinished";
                self.objects.set(pointer, json!(seconds));
            }
            Deed::TimeToLive(_) => {}
            Deed::Change(change) => {
                let before = self.objects.servers.now;
                let clock = before.strftime("%T").to_string();
                happen(&mut self.objects, change, &clock);
                // What comes back from a backup comes back later.
                self.start += self.objects.servers.now.duration_since(before);
            }
        }
        self.objects.servers.collect_garbage();
    }

    pub(super) fn recreate(&mut self, tries: u64) {
        if tries == 0 {
            self.objects.delete();
            self.objects.servers.collect_garbage();
        }
        let spec = self.scenario.objects().task()["spec"].clone();
        if self.objects.create_anew(&spec) {
            self.say("a user has created the task again".to_owned());
        } else if tries < MAX_TRIES {
            self.after(PATIENCE, Event::Recreate(tries + 1));
        }
    }

    /// Whether a host knows of a CassandraTask: of what it cannot see, it cannot say that it stays.
    fn is_shown(&self, child: Child<'_>) -> bool {
        let resource = Resource {
            context: child.context.map(str::to_owned),
            gvk: Gvk::new("control.k8ssandra.io/v1alpha1", "CassandraTask"),
        };
        let object = object(child.object.clone());
        let mut hosts = self.hosts.iter();
        hosts.any(|host| host.engine.caches().get(&resource, &object.key).is_some())
    }

    /// A task with this uid is being deleted, or gone.
    pub(super) fn note_deletion(&mut self, task: String) {
        let objects = &self.objects;
        // Without a finalizer it is gone before anything can be said, and so it is where a backup takes its place.
        let is_held = objects.is_held() && self.task_uid() == task;
        if is_held && !self.deleted.contains_key(&task) {
            let labelled = objects.children().filter(|it| {
                let labels = &it.object["metadata"]["labels"];
                labels["k8ssandra.io/task-name"] == "task1"
                    && !objects.is_own(*it)
                    && self.is_shown(*it)
            });
            let foreign: Vec<Foreign> = labelled
                .map(|it| Foreign {
                    task: task.clone(),
                    uid: it.uid().to_owned(),
                    name: format!("task1-{}", it.datacenter()),
                })
                .collect();
            self.foreign.extend(foreign);
        }
        self.deleted.entry(task).or_insert(self.now);
    }
}
