//! A restore from a backup: API servers drop the status of an object that is created.

use jiff::SignedDuration;
use kube_sim::Patch;
use serde_json::{Value, json};

use crate::children::Child;
use crate::simulation::Simulation;

const LABEL: &str = "velero.io/restore-name";
const RECORD: &str = "pilothouse.dev/record";

impl Simulation {
    /// A backup tool brings back the task as it is, if it has begun, but for its uid and its status, with or without Velero's
    /// label; its CassandraTasks, in order, may have stayed. The host starts anew.
    pub fn restore(&mut self, is_labelled: bool, stayed: [bool; 3]) {
        if self.is_being_deleted() || !self.is_held() {
            return;
        }
        // It takes longer than clocks may differ by.
        self.servers.now += SignedDuration::from_hours(1);
        let now = self.servers.now;
        let mut task = self.task().clone();
        let metadata = &mut task["metadata"];
        if is_labelled || metadata["annotations"][RECORD].is_null() {
            metadata["labels"] = json!({LABEL: "nightly"});
        }
        metadata["resourceVersion"] = Value::Null;
        self.remove(&self.task_key.clone());
        let store = self.servers.store(&None).unwrap();
        let uid = format!("task-uid-{now}");
        store.create(task, Some(uid), now).unwrap();
        let mut stayed = stayed.into_iter().cycle();
        let is_lost = |_: Child<'_>| stayed.next() != Some(true);
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
        let gone = json!({"annotations": {RECORD: null}, "labels": {LABEL: null}});
        let patch = Patch::Merge(json!({"metadata": gone}));
        self.patch(&self.task_key.clone(), &patch, false);
        self.is_restored = false;
    }
}
