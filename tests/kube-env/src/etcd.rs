//! The etcd that all contexts of an environment share, each under its own prefix. Comes in where it is to be, goes out
//! its address, once it listens.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::port::Port;
use super::process::Process;
use super::programs::{Program, flag};

/// How long it may take to listen. It takes less than a second; more on a machine that is busy building.
const START_LIMIT: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_millis(20);

/// A running etcd.
pub(super) struct Etcd {
    process: Mutex<Option<Process>>,
    clients: Port,
    peers: Port,
    data: PathBuf,
    log: PathBuf,
}

impl Etcd {
    /// Starts etcd with its data below one folder and its log in another.
    pub async fn start(program: &Program, data: &Path, logs: &Path) -> anyhow::Result<Self> {
        let etcd = Self {
            process: Mutex::default(),
            clients: Port::reserve()?,
            peers: Port::reserve()?,
            data: data.join("etcd"),
            log: logs.join("etcd.log"),
        };
        etcd.run(program).await?;
        Ok(etcd)
    }

    /// Starts it again without its data: it counts its revisions from the beginning.
    pub async fn empty(&self, program: &Program) -> anyhow::Result<()> {
        *self.process.lock().await = None;
        fs::remove_dir_all(&self.data)
            .with_context(|| format!("{} cannot be removed", self.data.display()))?;
        self.run(program).await
    }

    /// Where API servers reach it.
    pub fn address(&self) -> String {
        url(&self.clients)
    }

    /// The name and the number of its process.
    pub async fn process(&self) -> Option<(String, u32)> {
        let process = self.process.lock().await;
        let named = |it: &Process| (it.name().to_owned(), it.id());
        process.as_ref().map(named)
    }

    async fn run(&self, program: &Program) -> anyhow::Result<()> {
        let flags = flags(&url(&self.clients), &url(&self.peers), &self.data);
        let mut process = Process::start("etcd".into(), program, &flags, &self.log)?;
        self.listening(&mut process).await?;
        *self.process.lock().await = Some(process);
        Ok(())
    }

    async fn listening(&self, process: &mut Process) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        let address = (Ipv4Addr::LOCALHOST, self.clients.number());
        while let Err(error) = TcpStream::connect(address).await {
            process.check()?;
            if Instant::now() > deadline {
                let what = format!("did not listen within {START_LIMIT:?}");
                return Err(error).context(process.failure(&what));
            }
            sleep(PROBE_INTERVAL).await;
        }
        Ok(())
    }
}

fn url(port: &Port) -> String {
    format!("http://127.0.0.1:{}", port.number())
}

fn flags(clients: &str, peers: &str, data: &Path) -> Vec<String> {
    [
        ("name", "test".into()),
        ("data-dir", data.display().to_string()),
        ("listen-client-urls", clients.to_owned()),
        ("advertise-client-urls", clients.to_owned()),
        ("listen-peer-urls", peers.to_owned()),
        ("initial-advertise-peer-urls", peers.to_owned()),
        ("initial-cluster", format!("test={peers}")),
        ("socket-reuse-port", "true".into()),
        // Nobody needs the data after a power cut, and waiting for the disk makes up most of a write.
        ("unsafe-no-fsync", "true".into()),
        ("log-level", "warn".into()),
    ]
    .map(flag)
    .into()
}
