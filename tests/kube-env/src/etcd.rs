//! The etcd that all contexts of an environment share, each under its own prefix. Comes in where it is to be, goes out
//! its address, once it listens.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::port::Port;
use super::process::Process;
use super::programs::{Program, flag};

/// How long it may take to listen. It takes less than a second; more on a machine that is busy building.
const START_LIMIT: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_millis(20);

/// A running etcd.
pub(super) struct Etcd {
    process: Process,
    clients: Port,
    /// Only kept: etcd wants one for other members, though there are none.
    _peers: Port,
}

impl Etcd {
    /// Starts etcd with its data below one folder and its log in another.
    pub async fn start(program: &Program, data: &Path, logs: &Path) -> anyhow::Result<Self> {
        let (clients, peers) = (Port::reserve()?, Port::reserve()?);
        let flags = flags(&url(&clients), &url(&peers), data);
        let process = Process::start("etcd".into(), program, &flags, &logs.join("etcd.log"))?;
        let mut etcd = Self {
            process,
            clients,
            _peers: peers,
        };
        etcd.listening().await?;
        Ok(etcd)
    }

    /// Where API servers reach it.
    pub fn address(&self) -> String {
        url(&self.clients)
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    async fn listening(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        let address = (Ipv4Addr::LOCALHOST, self.clients.number());
        while let Err(error) = TcpStream::connect(address).await {
            self.process.check()?;
            if Instant::now() > deadline {
                let what = format!("did not listen within {START_LIMIT:?}");
                return Err(error).context(self.process.failure(&what));
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
        ("data-dir", data.join("etcd").display().to_string()),
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
