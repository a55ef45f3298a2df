//! The host as a process, on simulated clusters that are served.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use kube::Client;
use kube::api::{Api, DynamicObject, PostParams};
use kube_env::write_kubeconfig;
use kube_sim::{Cluster, Serving, system_clock};
use pilothouse_e2e::component;
use pilothouse_e2e::simulated::CRDS;
use pilothouse_e2e::world::Kind;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The longest that anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clusters that are served, and a directory with a kubeconfig for them.
pub struct Ground {
    pub clusters: Vec<Cluster>,
    pub directory: TempDir,
    _serving: Serving,
}

impl Ground {
    /// With all CRDs. The first one is the current context.
    pub async fn new(names: &[&str]) -> Self {
        Self::with(names, &CRDS).await
    }

    /// With these CRDs.
    pub async fn with(names: &[&str], crds: &[&str]) -> Self {
        let cluster = |name: &&str| Cluster::new(name, system_clock());
        let clusters: Vec<Cluster> = names.iter().map(cluster).collect();
        for (cluster, crd) in clusters
            .iter()
            .flat_map(|it| crds.iter().map(move |crd| (it, crd)))
        {
            cluster.install_crds(crd).unwrap();
        }
        let serving = Cluster::serve(&clusters).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        write_kubeconfig(&directory.path().join("kubeconfig"), &serving.servers()).unwrap();
        Self {
            clusters,
            directory,
            _serving: serving,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Gives the user of a context a credential plugin.
    pub fn authenticate_by(&self, context: &str, command: &str, arguments: &[&str]) {
        let plugin = json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": command, "args": arguments,
        }});
        self.configure("users", context, |user| user["user"] = plugin.clone());
    }

    /// Reaches a context through a proxy.
    pub fn reach_through(&self, context: &str, proxy: &str) {
        self.configure("clusters", context, |cluster| {
            cluster["cluster"]["proxy-url"] = proxy.into();
        });
    }

    fn configure(&self, list: &str, name: &str, change: impl Fn(&mut Value)) {
        let path = self.path("kubeconfig");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        let entries = config[list].as_array_mut().unwrap().iter_mut();
        entries.filter(|it| it["name"] == name).for_each(change);
        std::fs::write(path, config.to_string()).unwrap();
    }

    /// Puts the built policy there.
    pub fn take_policy(&self) {
        std::fs::copy(component::built().unwrap(), self.path("policy.wasm")).unwrap();
    }

    /// Starts the host there, with the built policy.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.take_policy();
        self.start_with_that_policy(arguments)
    }

    /// Starts the host there, with whatever `policy.wasm` is.
    pub fn start_with_that_policy(&self, arguments: &[&str]) -> Running {
        self.start_in(arguments, [])
    }

    /// The same, with these variables in its environment.
    pub fn start_in<const N: usize>(
        &self,
        arguments: &[&str],
        environment: [(&str, &str); N],
    ) -> Running {
        let log = self.path("log");
        let child = Command::new(component::host().unwrap().canonicalize().unwrap())
            .args(["run", "--policy=policy.wasm", "--kubeconfig=kubeconfig"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("RUST_LOG")
            .envs(environment)
            .stderr(std::fs::File::create(&log).unwrap())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Running { child, log }
    }

    /// The API of a kind, for a user.
    pub fn api(&self, cluster: usize, kind: Kind) -> Api<DynamicObject> {
        let client: Client = self.clusters[cluster].client("user");
        Api::namespaced_with(client, "default", &kind.resource())
    }

    /// Creates an object in the first cluster.
    pub async fn create(&self, object: &Value) {
        let api = self.api(0, Kind::of(object).unwrap());
        let object = serde_json::from_value(object.clone()).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
    }

    /// Waits until a condition of a K8ssandraTask has this status; gives its message.
    pub async fn wait_for(&self, task: &str, condition: &str, status: &str) -> String {
        let tasks = self.api(0, Kind::Task);
        let mut seen = Value::Null;
        let found = async {
            loop {
                seen = tasks.get(task).await.unwrap().data["status"].clone();
                let conditions = seen["conditions"].as_array().into_iter().flatten();
                let mut of_that_type = conditions.filter(|it| it["type"] == condition);
                if let Some(found) = of_that_type.find(|it| it["status"] == status) {
                    return found["message"].to_string();
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("{task} is never {condition}={status}: {seen:#}"))
    }
}

/// A host that runs.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until its log says that so often.
    pub async fn says_times(&self, words: &str, times: usize) {
        let said = async {
            while self.log().matches(words).count() < times {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        said.unwrap_or_else(|_| panic!("never says {words:?}:\n{}", self.log()));
    }

    /// Waits until its log says that.
    pub async fn says(&self, words: &str) {
        self.says_times(words, 1).await;
    }

    /// Tells it to stop.
    pub fn terminate(&self) {
        let mut kill = std::process::Command::new("kill");
        let status = kill.args(["-TERM", &self.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it ends; gives its exit code.
    pub async fn code(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end:\n{}", self.log()));
        ended.unwrap().code()
    }
}
