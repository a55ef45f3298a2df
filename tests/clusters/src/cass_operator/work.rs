//! The work on one CassandraTask: its writes, in the order of the real cass-operator's. What comes in is the task as it
//! is; what goes out are patches. It can be cut off anywhere, and begun again from what the status says.

use std::time::Duration;

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Map, Value, json};
use tracing::debug;

use super::{
    Operator, RETRY,
    condition::set_condition,
    queue::{STATUS_LABEL, uid},
};

/// What it knows how to do.
const COMMANDS: [&str; 11] = [
    "cleanup",
    "rebuild",
    "restart",
    "upgradesstables",
    "replacenode",
    "move",
    "compact",
    "scrub",
    "flush",
    "garbagecollect",
    "refresh",
];

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has a completionTime.
    Ended,
    /// It was begun, and nothing will ever come of it.
    Stuck,
    /// It was deleted.
    Gone,
}

/// One task under way.
pub(super) struct Work {
    operator: Operator,
    api: Api<DynamicObject>,
    name: String,
    uid: String,
}

impl Work {
    pub(super) fn new(operator: &Operator, task: &DynamicObject) -> Self {
        Self {
            api: operator.api(task.metadata.namespace.as_deref()),
            operator: operator.clone(),
            name: task.metadata.name.clone().unwrap_or_default(),
            uid: uid(task),
        }
    }

    /// Works on the task until it is ended, stuck or gone, whatever goes wrong on the way.
    pub(super) async fn carry_out(self) -> (String, Outcome) {
        loop {
            match self.go_on().await {
                Ok(outcome) => return (self.uid, outcome),
                Err(kube::Error::Api(status)) if status.code == 404 => {
                    return (self.uid, Outcome::Gone);
                }
                Err(error) => {
                    debug!(%error, task = self.name, "the simulated cass-operator tries again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Goes on from what the API server says now.
    async fn go_on(&self) -> kube::Result<Outcome> {
        let task = self.api.get(&self.name).await?;
        if uid(&task) != self.uid {
            return Ok(Outcome::Gone);
        }
        let mut status = task.data["status"].as_object().cloned().unwrap_or_default();
        if status.contains_key("completionTime") {
            return Ok(Outcome::Ended);
        }
        self.begin(&task, &mut status).await?;
        let jobs = task.data["spec"]["jobs"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let command = match jobs {
            [job] => job["command"].as_str().unwrap_or_default(),
            _ => return Ok(Outcome::Stuck),
        };
        if !COMMANDS.contains(&command) {
            return Ok(Outcome::Stuck);
        }
        let options = &self.operator.options;
        let failing = (options.fails)(&self.name).min(options.pods);
        match command {
            "refresh" => self.refresh(&mut status).await?,
            "restart" => self.restart(&mut status, failing).await?,
            _ => self.process_pods(&mut status, failing).await?,
        }
        self.end(command, &mut status, failing).await?;
        Ok(Outcome::Ended)
    }

    /// Claims the task: labels and defaults first, then the status.
    async fn begin(
        &self,
        task: &DynamicObject,
        status: &mut Map<String, Value>,
    ) -> kube::Result<()> {
        if status.contains_key("startTime") {
            return Ok(());
        }
        let spec = &task.data["spec"];
        let or =
            |field: &str, default: &str| spec.get(field).cloned().unwrap_or_else(|| json!(default));
        self.patch(json!({
            "metadata": { "labels": {
                STATUS_LABEL: "active",
                "app.kubernetes.io/name": "cassandra",
                "app.kubernetes.io/managed-by": "cass-operator",
            } },
            "spec": {
                "restartPolicy": or("restartPolicy", "OnFailure"),
                "concurrencyPolicy": or("concurrencyPolicy", "Forbid"),
            },
        }))
        .await?;
        status.insert("startTime".to_owned(), json!(self.now()));
        status.insert("active".to_owned(), json!(1));
        self.write(status).await
    }

    /// A job on each pod: it says which one is in work and what became of the others.
    async fn process_pods(
        &self,
        status: &mut Map<String, Value>,
        failing: usize,
    ) -> kube::Result<()> {
        let pods = self.operator.options.pods;
        for pod in 0..pods {
            let at = |status: &Map<String, Value>, pod: usize| {
                let states = status.get("podStatuses")?;
                states[self.pod(pod)]["status"].as_str().map(str::to_owned)
            };
            if matches!(at(status, pod).as_deref(), Some("COMPLETED" | "ERROR")) {
                continue;
            }
            let states = status.entry("podStatuses").or_insert_with(|| json!({}));
            for waiting in pod + 1..pods {
                states[self.pod(waiting)] = json!({ "status": "WAITING" });
            }
            let begun = self.now();
            states[self.pod(pod)] = json!({ "status": "RUNNING", "startTime": begun });
            self.set_condition(
                status,
                "Running",
                true,
                "Processing",
                "pods are being processed",
            );
            self.write(status).await?;
            self.pod_time().await;
            let state = if pod < failing { "ERROR" } else { "COMPLETED" };
            let mut ended =
                json!({ "status": state, "startTime": begun, "completionTime": self.now() });
            if pod < failing {
                ended["error"] = json!("simulated failure");
            }
            status["podStatuses"][self.pod(pod)] = ended;
            self.count(status, pod + 1, failing);
            self.write(status).await?;
        }
        Ok(())
    }

    /// A restart is seen by nothing but its count.
    async fn restart(&self, status: &mut Map<String, Value>, failing: usize) -> kube::Result<()> {
        let count = |status: &Map<String, Value>, field: &str| {
            status.get(field).and_then(Value::as_u64).unwrap_or(0)
        };
        let done = count(status, "succeeded") + count(status, "failed");
        for pod in usize::try_from(done).unwrap_or(0)..self.operator.options.pods {
            self.pod_time().await;
            self.count(status, pod + 1, failing);
            self.write(status).await?;
        }
        Ok(())
    }

    /// A refresh is one change of the datacenter, seen by a condition of its own.
    async fn refresh(&self, status: &mut Map<String, Value>) -> kube::Result<()> {
        self.pod_time().await;
        self.set_condition(
            status,
            "DatacenterUpdated",
            true,
            "Updated",
            "the datacenter was updated",
        );
        self.write(status).await
    }

    /// The label first, then all the rest of the status in one write.
    async fn end(
        &self,
        command: &str,
        status: &mut Map<String, Value>,
        failing: usize,
    ) -> kube::Result<()> {
        self.patch(json!({ "metadata": { "labels": { STATUS_LABEL: "completed" } } }))
            .await?;
        status.insert("active".to_owned(), json!(0));
        status.insert("completionTime".to_owned(), json!(self.now()));
        self.count(status, self.operator.options.pods, failing);
        self.set_condition(
            status,
            "Complete",
            true,
            "Completed",
            "the job has ended on all pods",
        );
        if !matches!(command, "restart" | "refresh") {
            self.set_condition(
                status,
                "Running",
                false,
                "Completed",
                "the job has ended on all pods",
            );
        }
        if failing > 0 {
            let message = format!("{failing} pods failed during processing");
            self.set_condition(status, "Failed", true, "Failed", &message);
        }
        self.write(status).await
    }

    /// Counts the first `done` pods, of which the first `failing` fail.
    fn count(&self, status: &mut Map<String, Value>, done: usize, failing: usize) {
        status.insert("succeeded".to_owned(), json!(done.saturating_sub(failing)));
        status.insert("failed".to_owned(), json!(done.min(failing)));
    }

    fn set_condition(
        &self,
        status: &mut Map<String, Value>,
        kind: &str,
        is: bool,
        reason: &str,
        message: &str,
    ) {
        let condition = json!({
            "type": kind,
            "status": if is { "True" } else { "False" },
            "reason": reason,
            "message": message,
            "lastTransitionTime": self.now(),
        });
        set_condition(status, condition);
    }

    fn pod(&self, index: usize) -> String {
        format!("{}-pod-{index}", self.name)
    }

    async fn pod_time(&self) {
        let time: Duration = self.operator.options.pod_time;
        tokio::time::sleep(time).await;
    }

    async fn patch(&self, patch: Value) -> kube::Result<()> {
        self.operator.unpaused().await;
        self.api
            .patch(&self.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
    }

    async fn write(&self, status: &Map<String, Value>) -> kube::Result<()> {
        self.operator.unpaused().await;
        // A task deleted and created again under the same name is another one: the uid keeps this one's status off it.
        let patch = Patch::Merge(json!({ "metadata": { "uid": self.uid }, "status": status }));
        self.api
            .patch_status(&self.name, &PatchParams::default(), &patch)
            .await
            .map(drop)
    }

    fn now(&self) -> String {
        (self.operator.options.clock)()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    }
}
