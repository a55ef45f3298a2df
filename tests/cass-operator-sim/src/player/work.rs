//! The work on one CassandraTask: the writes of its course, in order. What comes in is the task as it is; what goes out are
//! patches. It can be cut off anywhere, and begun again from what the status says.

use std::time::Duration;

use crate::{After, Datacenter, Ends, Times, Write, table};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::debug;

use super::{
    Operator, RETRY,
    queue::{STATUS_LABEL, uid},
};

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
        let mut is_new = true;
        loop {
            match self.go_on(is_new).await {
                Ok(outcome) => return (self.uid, outcome),
                // An API server that is starting has not got to the kind yet, and says so with another 404.
                Err(kube::Error::Api(status)) if status.reason == "NotFound" => {
                    return (self.uid, Outcome::Gone);
                }
                Err(error) => {
                    debug!(%error, task = self.name, "the simulated cass-operator tries again");
                    tokio::time::sleep(RETRY).await;
                    is_new = false;
                }
            }
        }
    }

    /// Goes on from what the API server says now.
    async fn go_on(&self, is_new: bool) -> kube::Result<Outcome> {
        let task = self.api.get(&self.name).await?;
        if uid(&task) != self.uid {
            return Ok(Outcome::Gone);
        }
        let mut status = task.data["status"].clone();
        if status["completionTime"].is_string() {
            return Ok(Outcome::Ended);
        }
        // Another process wrote the label and not the status: the real one takes it for completed, too.
        if is_new && has_completed_label(&task) {
            return Ok(Outcome::Stuck);
        }
        let (course, datacenter) = self.course(&task);
        let writes = table().writes(course, &datacenter);
        let left = &writes[position(&writes, &status)..];
        self.write_all(left, &task, &mut status).await?;
        Ok(match table().ends(course) {
            Ends::Always => Outcome::Ended,
            Ends::Never | Ends::Later => Outcome::Stuck,
        })
    }

    fn course(&self, task: &DynamicObject) -> (&'static str, Datacenter) {
        let options = &self.operator.options;
        let fails = (options.fails)(&self.name).min(options.pods);
        let labels = task.metadata.labels.as_ref();
        let cluster = labels.and_then(|labels| labels.get("k8ssandra.io/cluster-name"));
        let cluster = cluster.map_or("demo", String::as_str);
        let name = task.data["spec"]["datacenter"]["name"].as_str();
        let datacenter = Datacenter {
            fails,
            ..Datacenter::new(cluster, name.unwrap_or_default(), options.pods)
        };
        let course = (options.course)(&self.name);
        let course = course.unwrap_or_else(|| table().course_of(&task.data["spec"], fails));
        (course, datacenter)
    }

    async fn write_all(
        &self,
        writes: &[Write],
        task: &DynamicObject,
        status: &mut Value,
    ) -> kube::Result<()> {
        let mut pod_began = Instant::now();
        let mut reconcile = self.now();
        for write in writes {
            let pod_time: Duration = self.operator.options.pod_time;
            let share = match write.after {
                After::Nothing => None,
                After::Half => Some(pod_time / 2),
                After::Whole => Some(pod_time),
            };
            if let Some(share) = share {
                tokio::time::sleep_until(pod_began + share).await;
                reconcile = self.now();
            }
            let now = self.now();
            let times = Times {
                now: &now,
                reconcile: &reconcile,
            };
            if write.is_of_status() {
                self.write(&write.patch(status, times)).await?;
                write.apply(status, times);
            } else {
                self.patch(&write.patch(&json!(task), times)).await?;
            }
            if write.after == After::Whole {
                pod_began = Instant::now();
            }
        }
        Ok(())
    }

    async fn patch(&self, patch: &Value) -> kube::Result<()> {
        self.operator.unpaused().await;
        self.api
            .patch(&self.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
    }

    async fn write(&self, status: &Value) -> kube::Result<()> {
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

fn has_completed_label(task: &DynamicObject) -> bool {
    let labels = task.metadata.labels.as_ref();
    let label = labels.and_then(|labels| labels.get(STATUS_LABEL));
    label.is_some_and(|label| label == "completed")
}

/// How many of the writes the status has already: those after which it is as it is now but for its times.
fn position(writes: &[Write], status: &Value) -> usize {
    let times = Times {
        now: "",
        reconcile: "",
    };
    let now = without_times(status.clone());
    let mut written = json!({});
    let mut position = 0;
    for (index, write) in writes.iter().enumerate() {
        if write.is_of_status() {
            write.apply(&mut written, times);
            if written == now {
                position = index + 1;
            }
        }
    }
    position
}

fn without_times(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_times).collect(),
        Value::Object(fields) => {
            let blank = |name: &str, value| {
                let is_time = ["startTime", "completionTime", "lastTransitionTime"].contains(&name);
                if is_time {
                    json!("")
                } else {
                    without_times(value)
                }
            };
            let fields = fields.into_iter().map(|(name, value)| {
                let value = blank(&name, value);
                (name, value)
            });
            Value::Object(fields.collect())
        }
        value => value,
    }
}
