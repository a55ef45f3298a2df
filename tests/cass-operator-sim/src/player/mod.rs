//! A simulated cass-operator for one context: it takes CassandraTasks, and writes what the real one (1.32) writes, in the
//! same order. What it writes is the table. Nothing runs on any node.
//!
//! It works through a `kube::Client` alone, so it serves simulated and real API servers alike. What it leaves out: the
//! owner reference to the CassandraDatacenter, since there are none here; retries of failed pods; the wait of up to five
//! seconds before a CassandraTask follows another one. Its writes are merge patches, also where the real ones are updates.

mod queue;
#[cfg(test)]
mod tests;
mod work;

use std::{fmt, sync::Arc, time::Duration};

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject},
    core::GroupVersionKind,
    runtime::watcher::{Config, watcher},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tracing::debug;

use self::{
    queue::Queue,
    work::{Outcome, Work},
};

/// How long it waits after an error before it tries again.
const RETRY: Duration = Duration::from_secs(1);

/// Tells what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How many pods of the CassandraTask of this name fail.
pub type Fails = Arc<dyn Fn(&str) -> usize + Send + Sync>;

/// The course of the table that the CassandraTask of this name takes in place of that of its command.
pub type Course = Arc<dyn Fn(&str) -> Option<&'static str> + Send + Sync>;

/// How it works.
#[derive(Clone)]
pub struct Options {
    /// The pods of each datacenter.
    pub pods: usize,
    /// How long a pod takes.
    pub pod_time: Duration,
    /// Which fail: the first ones of each task, as many as this says.
    pub fails: Fails,
    /// Which take another course than that of their command: a pod's management API forgets the job, or it crashes
    /// between two writes. What goes on later does so when another operator is started.
    pub course: Course,
    /// The namespace that it works in; none is all.
    pub namespace: Option<String>,
    /// What it writes into statuses, and holds against `scheduledTime`.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pods: 3,
            pod_time: Duration::from_millis(100),
            fails: Arc::new(|_| 0),
            course: Arc::new(|_| None),
            namespace: None,
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl Options {
    /// Only in this namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            ..self
        }
    }

    /// With this clock, which should be that of the cluster.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pods of {:?}", self.pods, self.pod_time)
    }
}

/// A running one; it stops when dropped, as if killed. Another one goes on where it was.
pub struct CassOperator {
    running: JoinHandle<()>,
    paused: watch::Sender<bool>,
}

impl CassOperator {
    /// Starts it in a context. Call it within a tokio runtime.
    #[must_use]
    pub fn start(client: Client, options: Options) -> Self {
        let (paused, pause) = watch::channel(false);
        let operator = Operator {
            client,
            options,
            pause,
        };
        Self {
            running: tokio::spawn(operator.run()),
            paused,
        }
    }

    /// From now on it starts nothing and goes on with nothing.
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// It goes on where it was.
    pub fn resume(&self) {
        self.paused.send_replace(false);
    }
}

impl Drop for CassOperator {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// What its parts share.
#[derive(Clone)]
struct Operator {
    client: Client,
    options: Options,
    pause: watch::Receiver<bool>,
}

impl Operator {
    /// Follows the CassandraTasks, and works on those that may run. The work ends with this future, which holds it.
    async fn run(self) {
        let api = self.api(self.options.namespace.as_deref());
        let mut events = watcher(api, Config::default()).boxed();
        let mut queue = Queue::default();
        let mut work: JoinSet<(String, Outcome)> = JoinSet::new();
        loop {
            self.unpaused().await;
            for task in queue.start((self.options.clock)()) {
                work.spawn(Work::new(&self, &task).carry_out());
            }
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => queue.see(event),
                    Some(Err(error)) => {
                        debug!(%error, "the simulated cass-operator watches CassandraTasks again");
                        tokio::time::sleep(RETRY).await;
                    }
                    None => return,
                },
                Some(Ok((uid, outcome))) = work.join_next() => queue.end(&uid, outcome),
                () = tokio::time::sleep(queue.next_due((self.options.clock)())) => {}
            }
        }
    }

    fn api(&self, namespace: Option<&str>) -> Api<DynamicObject> {
        let gvk = GroupVersionKind::gvk("control.k8ssandra.io", "v1alpha1", "CassandraTask");
        let resource = ApiResource::from_gvk_with_plural(&gvk, "cassandratasks");
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    async fn unpaused(&self) {
        // An error means that the operator is being dropped, and this with it.
        drop(self.pause.clone().wait_for(|paused| !paused).await);
    }
}
