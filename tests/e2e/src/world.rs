//! Clusters with a host and simulated cass-operators on them, and what a behaviour does with them: apply, wait, look.
//!
//! A behaviour does not know whether its clusters are simulated or real. Every wait has an end, and a wait that ends in
//! vain says what was seen last.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use cass_operator_sim::{CassOperator, Options};
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube_env::Kubectl;
use serde_json::{Value, json};

pub use crate::kind::Kind;

/// The longest that anything here takes; a behaviour that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a wait looks.
const LOOK: Duration = Duration::from_millis(50);

/// How many pods of a CassandraTask fail, by its name.
pub type Failures = Arc<Mutex<BTreeMap<String, usize>>>;

/// How long a pod takes in a behaviour, where nobody watches.
pub const QUICK: Duration = Duration::from_millis(300);
/// How long a pod takes in the demo, where somebody does.
pub const VISIBLE: Duration = Duration::from_millis(1200);

/// The simulated cass-operator: two pods, failing where it is told to.
pub fn cass_operator(failures: &Failures, pod_time: Duration) -> Options {
    let failures = failures.clone();
    Options {
        pods: 2,
        pod_time,
        fails: Arc::new(move |task| {
            failures
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(task)
                .copied()
                .unwrap_or(0)
        }),
        ..Options::default()
    }
}

/// The host under test, wherever it runs.
pub trait Operator: Send {
    /// Starts it.
    fn start(&mut self) -> BoxFuture<'_, Result<()>>;
    /// Stops it as a SIGKILL does: nothing is ended, nothing is said.
    fn kill(&mut self) -> BoxFuture<'_, Result<()>>;
    /// Runs it without this remote context from its next start on.
    fn forget(&mut self, context: &str);
    /// Watches this namespace, too, from its next start on.
    fn also_watch(&mut self, namespace: &str);
    /// The policy's file, which it follows.
    fn policy_file(&self) -> &Path;
    /// What it has logged about the policy's file since it was started, where that can be seen.
    fn log(&self) -> String;
}

/// What a behaviour works with.
pub struct World {
    /// Where everything of this behaviour is.
    pub namespace: String,
    /// The context of the control plane.
    pub control_plane: String,
    /// A client for each context.
    pub clients: BTreeMap<String, Client>,
    /// The host.
    pub operator: Box<dyn Operator>,
    /// Which CassandraTasks fail.
    pub failures: Failures,
    /// kubectl's view, where there is a kubectl.
    pub kubectl: Option<Kubectl>,
    /// The cass-operators, in the order of [`CONTEXTS`](crate::objects::CONTEXTS).
    pub cass_operators: Vec<CassOperator>,
}

impl World {
    /// The API of a kind in the behaviour's namespace.
    pub fn api(&self, context: &str, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(
            self.clients[context].clone(),
            &self.namespace,
            &kind.resource(),
        )
    }

    /// Creates an object in the control plane: with kubectl where there is one.
    pub async fn create(&self, object: &Value) -> Result<()> {
        if let Some(kubectl) = &self.kubectl {
            return create(kubectl, &self.namespace, object).await;
        }
        let api = self.api(&self.control_plane, Kind::of(object)?);
        api.create(
            &PostParams::default(),
            &serde_json::from_value(object.clone())?,
        )
        .await?;
        Ok(())
    }

    /// Deletes an object in the control plane, and does not wait: with kubectl where there is one.
    pub async fn delete(&self, kind: Kind, name: &str) -> Result<()> {
        if let Some(kubectl) = &self.kubectl {
            let plural = kind.resource().plural;
            kubectl
                .run(
                    &[
                        "--namespace",
                        &self.namespace,
                        "delete",
                        "--wait=false",
                        &plural,
                        name,
                    ],
                    "",
                )
                .await?;
            return Ok(());
        }
        self.api(&self.control_plane, kind)
            .delete(name, &DeleteParams::background())
            .await?;
        Ok(())
    }

    /// Merges a patch into an object in the control plane: with kubectl where there is one.
    pub async fn patch(&self, kind: Kind, name: &str, patch: &Value) -> Result<()> {
        if let Some(kubectl) = &self.kubectl {
            let (plural, patch) = (kind.resource().plural, patch.to_string());
            let arguments = [
                "--namespace",
                &self.namespace,
                "patch",
                &plural,
                name,
                "--type=merge",
                "--patch",
                &patch,
            ];
            kubectl.run(&arguments, "").await?;
            return Ok(());
        }
        self.api(&self.control_plane, kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    /// Creates a namespace.
    pub async fn create_namespace(&self, context: &str, name: &str) -> Result<()> {
        let namespaces = Api::<Namespace>::all(self.clients[context].clone());
        let namespace = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
        namespaces
            .create(&PostParams::default(), &namespace)
            .await?;
        Ok(())
    }

    /// An object, or none.
    pub async fn get(&self, context: &str, kind: Kind, name: &str) -> Result<Option<Value>> {
        let object = self.api(context, kind).get_opt(name).await?;
        Ok(object.map(serde_json::to_value).transpose()?)
    }

    /// A K8ssandraTask; an error where it is gone.
    pub async fn task(&self, name: &str) -> Result<Value> {
        self.get(&self.control_plane, Kind::Task, name)
            .await?
            .with_context(|| format!("K8ssandraTask {name} is gone"))
    }

    /// The names of the CassandraTasks in a context.
    pub async fn cassandra_tasks(&self, context: &str) -> Result<Vec<String>> {
        let list = self
            .api(context, Kind::CassandraTask)
            .list(&ListParams::default())
            .await?;
        Ok(list
            .items
            .into_iter()
            .filter_map(|object| object.metadata.name)
            .collect())
    }

    /// The events about a K8ssandraTask, oldest first.
    pub async fn event_objects(&self, task: &str) -> Result<Vec<Value>> {
        let list = self
            .api(&self.control_plane, Kind::Event)
            .list(&ListParams::default())
            .await?;
        let mut events: Vec<Value> = list
            .items
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?;
        events.retain(|event| event["regarding"]["name"] == task);
        events.sort_by_key(|event| event["eventTime"].as_str().unwrap_or_default().to_owned());
        Ok(events)
    }

    /// The events about a K8ssandraTask, `Type Reason: note (xN)`, oldest first.
    pub async fn events(&self, task: &str) -> Result<Vec<String>> {
        let text =
            |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let show = |event: &Value| {
            let times = event["series"]["count"]
                .as_u64()
                .map(|count| format!(" (x{count})"))
                .unwrap_or_default();
            format!(
                "{} {}: {}{times}",
                text(event, "type"),
                text(event, "reason"),
                text(event, "note")
            )
        };
        Ok(self.event_objects(task).await?.iter().map(show).collect())
    }

    /// Lets this many pods of a CassandraTask fail.
    pub fn fail(&self, cassandra_task: &str, pods: usize) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.insert(cassandra_task.to_owned(), pods);
    }

    /// Waits until `look` gives something.
    pub async fn wait<T, S: Debug>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut(&Self) -> Result<Look<T, S>>,
    ) -> Result<T> {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            match look(self).await? {
                Look::Found(found) => return Ok(found),
                Look::NotYet(seen) if tokio::time::Instant::now() > end => {
                    bail!(
                        "waited {} s in vain for {what}; seen last: {seen:#?}",
                        PATIENCE.as_secs()
                    )
                }
                Look::NotYet(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Waits until a condition of a K8ssandraTask has this status; gives the task.
    pub async fn wait_for_condition(
        &self,
        task: &str,
        condition: &str,
        status: &str,
    ) -> Result<Value> {
        self.wait(&format!("{condition}={status} on {task}"), async |world| {
            let task = world.task(task).await?;
            if condition_of(&task, condition).is_some_and(|found| found["status"] == status) {
                return Ok(Look::Found(task));
            }
            Ok(Look::NotYet(task["status"].clone()))
        })
        .await
    }

    /// Waits until a CassandraTask is there; gives it.
    pub async fn wait_for_cassandra_task(&self, context: &str, name: &str) -> Result<Value> {
        self.wait(
            &format!("CassandraTask {name} in {context}"),
            async |world| {
                Ok(match world.get(context, Kind::CassandraTask, name).await? {
                    Some(object) => Look::Found(object),
                    None => Look::NotYet(world.cassandra_tasks(context).await?),
                })
            },
        )
        .await
    }

    /// Waits until an object is gone.
    pub async fn wait_gone(&self, context: &str, kind: Kind, name: &str) -> Result<()> {
        self.wait(
            &format!("{kind:?} {name} to go from {context}"),
            async |world| {
                Ok(match world.get(context, kind, name).await? {
                    None => Look::Found(()),
                    Some(object) => Look::NotYet(object),
                })
            },
        )
        .await
    }

    /// Waits until an event about a task is there whose text contains this.
    pub async fn wait_for_event(&self, task: &str, text: &str) -> Result<String> {
        self.wait(&format!("event {text:?} on {task}"), async |world| {
            let events = world.events(task).await?;
            Ok(match events.iter().find(|event| event.contains(text)) {
                Some(event) => Look::Found(event.clone()),
                None => Look::NotYet(events),
            })
        })
        .await
    }

    /// Lets time pass in which nothing should happen.
    pub async fn idle(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Asserts that the last seconds changed nothing of a task: its resourceVersion stays.
    pub async fn assert_at_rest(&self, task: &str) -> Result<()> {
        self.idle(Duration::from_millis(500)).await;
        let before = self.task(task).await?;
        self.idle(Duration::from_secs(2)).await;
        let after = self.task(task).await?;
        ensure!(
            before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"],
            "{task} was written at rest:\n{before:#}\n{after:#}"
        );
        Ok(())
    }
}

/// Creates an object with kubectl.
pub async fn create(kubectl: &Kubectl, namespace: &str, object: &Value) -> Result<()> {
    let arguments = ["--namespace", namespace, "create", "-f", "-"];
    kubectl.run(&arguments, &object.to_string()).await.map(drop)
}

/// What a look at the world gave.
pub enum Look<T, S> {
    /// What was waited for.
    Found(T),
    /// Something else.
    NotYet(S),
}

/// A condition of an object's status.
pub fn condition_of<'a>(object: &'a Value, condition: &str) -> Option<&'a Value> {
    object["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|found| found["type"] == condition)
}
