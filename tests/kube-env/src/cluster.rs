//! One context: an API server on its own part of the common etcd, and its controllers.
//!
//! Comes in where it is to be; goes out a client, once the server is ready. Which contexts there are, and what is in
//! them, is not known here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use kube::Client;
use rustix::process::Signal;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::port::Port;
use super::process::Process;
use super::programs::{Program, Programs, flag};
use super::{access, kubeconfig};

/// How long a server may take to be ready. It takes a second or two; more on a machine that is busy building.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long one question whether it is ready may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
const PROBE_INTERVAL: Duration = Duration::from_millis(50);

/// Where a context is, and what it shares with the others.
pub(super) struct Site {
    /// The context's name.
    pub name: String,
    pub port: Port,
    pub programs: Arc<Programs>,
    /// The address of etcd.
    pub etcd: String,
    /// The folder of the environment: token file, audit policy, administrator's kubeconfig, and a folder a context.
    pub data: PathBuf,
    /// The folder of the logs.
    pub logs: PathBuf,
}

/// A context whose API server is ready.
pub(super) struct Cluster {
    // Fields go in this order: the controllers before the server that they use.
    controllers: Mutex<Option<Process>>,
    server: Mutex<Option<Process>>,
    client: Client,
    site: Site,
}

impl Cluster {
    /// Starts the API server, waits until it is ready, and starts the controllers.
    pub async fn start(site: Site) -> anyhow::Result<Self> {
        let mut server = site.spawn_server()?;
        let client = site.ready(&mut server).await?;
        Ok(Self {
            controllers: Mutex::new(Some(site.spawn_controllers()?)),
            server: Mutex::new(Some(server)),
            client,
            site,
        })
    }

    /// Kills the API server: what it was asked and has not answered is lost.
    pub async fn kill_server(&self) {
        *self.server.lock().await = None;
    }

    /// Starts the API server again, and waits until it is ready.
    pub async fn start_server(&self) -> anyhow::Result<()> {
        let mut server = self.site.spawn_server()?;
        self.site.ready(&mut server).await?;
        *self.server.lock().await = Some(server);
        Ok(())
    }

    /// Stops the API server in the middle of what it does, or lets it go on: connections stay open meanwhile.
    pub async fn freeze_server(&self, is_frozen: bool) -> anyhow::Result<()> {
        let server = self.server.lock().await;
        let server = server.as_ref().context("the API server does not run")?;
        server.signal(if is_frozen {
            Signal::STOP
        } else {
            Signal::CONT
        })
    }

    /// The context's name.
    pub fn name(&self) -> &str {
        &self.site.name
    }

    /// The administrator's client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where it is.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Starts the controllers anew. The garbage collector looks for new kinds only every 30 s and when it starts.
    pub async fn restart_controllers(&self) -> anyhow::Result<()> {
        let mut controllers = self.controllers.lock().await;
        *controllers = None;
        *controllers = Some(self.site.spawn_controllers()?);
        Ok(())
    }

    /// The processes that run now, by their names.
    pub async fn processes(&self) -> Vec<(String, u32)> {
        let (controllers, server) = (self.controllers.lock().await, self.server.lock().await);
        let processes = controllers.iter().chain(server.iter());
        processes
            .map(|process| (process.name().to_owned(), process.id()))
            .collect()
    }
}

impl Site {
    /// The address of the API server.
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.port.number())
    }

    /// The folder in which the API server makes itself a key and a certificate when it starts first.
    fn certificates(&self) -> PathBuf {
        self.data.join(&self.name)
    }

    /// The certificate to check the API server's own against.
    pub fn authority(&self) -> PathBuf {
        self.certificates().join("apiserver.crt")
    }

    /// How the controllers reach the API server.
    pub fn controllers_kubeconfig(&self) -> PathBuf {
        self.certificates().join("controllers.kubeconfig")
    }

    /// The API server's audit log.
    pub fn audit_log(&self) -> PathBuf {
        self.logs.join(format!("audit-{}.log", self.name))
    }

    async fn ready(&self, server: &mut Process) -> anyhow::Result<Client> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            server.check()?;
            let probe = timeout(PROBE_LIMIT, self.probe()).await;
            match probe.unwrap_or_else(|_| Err(anyhow!("no answer within {PROBE_LIMIT:?}"))) {
                Ok(client) => return Ok(client),
                Err(error) if Instant::now() > deadline => {
                    let what = format!("was not ready within {START_LIMIT:?}");
                    return Err(error.context(server.failure(&what)));
                }
                Err(_) => sleep(PROBE_INTERVAL).await,
            }
        }
    }

    /// A client of the server, if it is ready. It cannot be made earlier: the server writes its certificate first.
    async fn probe(&self) -> anyhow::Result<Client> {
        let client =
            kubeconfig::client_of(&access::admin_kubeconfig(&self.data), &self.name).await?;
        let question = http::Request::get("/readyz").body(Vec::new())?;
        client.request_text(question).await?;
        Ok(client)
    }

    fn spawn_server(&self) -> anyhow::Result<Process> {
        let program = &self.programs.apiserver;
        self.spawn("kube-apiserver", program, &self.server_flags())
    }

    fn spawn_controllers(&self) -> anyhow::Result<Process> {
        let program = &self.programs.controllers;
        self.spawn("kube-controller-manager", program, &self.controller_flags())
    }

    fn spawn(&self, kind: &str, program: &Program, flags: &[String]) -> anyhow::Result<Process> {
        let log = self.logs.join(format!("{kind}-{}.log", self.name));
        let name = format!("{kind} of context {}", self.name);
        Process::start(name, program, flags, &log)
    }

    fn server_flags(&self) -> Vec<String> {
        // Tokens of service accounts are signed with the key of the server's certificate, which it makes itself.
        let key = self.certificates().join("apiserver.key");
        let path = |path: &Path| path.display().to_string();
        [
            ("etcd-servers", self.etcd.clone()),
            ("etcd-prefix", format!("/{}", self.name)),
            ("bind-address", "127.0.0.1".into()),
            ("advertise-address", "127.0.0.1".into()),
            ("secure-port", self.port.number().to_string()),
            ("permit-port-sharing", "true".into()),
            ("cert-dir", path(&self.certificates())),
            ("service-account-issuer", self.address()),
            ("service-account-key-file", path(&key)),
            ("service-account-signing-key-file", path(&key)),
            ("token-auth-file", path(&self.data.join("tokens.csv"))),
            ("authorization-mode", "RBAC".into()),
            // Nothing runs in pods here, so none needs an account mounted.
            ("disable-admission-plugins", "ServiceAccount".into()),
            ("service-cluster-ip-range", "10.0.0.0/24".into()),
            // The endpoints of the server itself may not be on 127.0.0.1.
            ("endpoint-reconciler-type", "none".into()),
            (
                "audit-policy-file",
                path(&self.data.join("audit-policy.yaml")),
            ),
            ("audit-log-path", path(&self.audit_log())),
            // Megabytes: a log that starts anew in the middle of a test would lose requests.
            ("audit-log-maxsize", "100000".into()),
        ]
        .map(flag)
        .into()
    }

    fn controller_flags(&self) -> Vec<String> {
        let kubeconfig = self.controllers_kubeconfig();
        [
            ("kubeconfig", kubeconfig.display().to_string()),
            (
                "controllers",
                "garbage-collector-controller,namespace-controller,serviceaccount-controller"
                    .into(),
            ),
            ("leader-elect", "false".into()),
            // No metrics or health on any port.
            ("secure-port", "0".into()),
            // The defaults slow a cascade of hundreds of objects down to 20 a second.
            ("kube-api-qps", "1000".into()),
            ("kube-api-burst", "1000".into()),
        ]
        .map(flag)
        .into()
    }
}
