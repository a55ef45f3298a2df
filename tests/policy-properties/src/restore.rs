//! A restore from a backup: API servers drop the status of an object that is created.

use jiff::SignedDuration;
use k8ssandra_task_policy::contract::ObjectRef;
use serde_json::{Value, json};

use crate::world::World;

const LABEL: &str = "velero.io/restore-name";
const RECORD: &str = "pilothouse.dev/record";

impl World {
    /// A backup tool brings back the task as it is, if it has begun, but for its uid and its status, with or without Velero's
    /// label; its CassandraTasks, in order, may have stayed. The host starts anew.
    pub fn restore(&mut self, is_labelled: bool, stayed: [bool; 3]) {
        if self.is_being_deleted() || !self.is_held() {
            return;
        }
        // It takes longer than clocks may differ by.
        self.servers.now += SignedDuration::from_hours(1);
        let now = self.servers.now.to_string();
        let task = self.task_mut();
        let metadata = &mut task["metadata"];
        if is_labelled || metadata["annotations"][RECORD].is_null() {
            metadata["labels"] = json!({LABEL: "nightly"});
        }
        metadata["uid"] = json!(format!("task-uid-{now}"));
        metadata["creationTimestamp"] = json!(now);
        task["status"] = Value::Null;
        let mut stayed = stayed.into_iter().cycle();
        let is_lost = |_: &ObjectRef| stayed.next() != Some(true);
        self.remove_children(is_lost);
        self.upstream.clear();
        self.begun.clear();
        self.restart();
        self.is_restored = true;
    }

    /// Somebody removes what says that the task has run before, where that is what it waits for.
    pub fn run_again(&mut self) {
        if !self.is_restored {
            return;
        }
        let metadata = &mut self.task_mut()["metadata"];
        for (of, name) in [("annotations", RECORD), ("labels", LABEL)] {
            if let Some(fields) = metadata[of].as_object_mut() {
                fields.remove(name);
            }
        }
        self.is_restored = false;
    }
}
