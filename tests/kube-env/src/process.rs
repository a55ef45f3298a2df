//! One server process: started with its output in a log file, watched, and killed when the value goes.
//!
//! It is never asked to shut down by itself: API servers take seconds for that, tests of a lost server want it gone at
//! once, and there is no data that anyone needs afterwards.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context as _, anyhow};
use rustix::process::{Pid, Signal, kill_process};

use super::programs::Program;

/// How much of its log an error shows.
const LOG_LINES: usize = 15;

/// A server that runs as long as this value lives.
#[derive(Debug)]
pub(super) struct Process {
    /// What it is called in errors, for example `kube-apiserver of context dc1`.
    name: String,
    log: PathBuf,
    /// Holds the write end of the server's standard input, which a supervised server watches.
    child: Child,
}

impl Process {
    /// Starts a program. Its output is appended to the log, so that one started again keeps what went before.
    pub fn start(
        name: String,
        program: &Program,
        flags: &[String],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.with_context(|| format!("the log {} cannot be written", log.display()))?;
        let mut command = program.command();
        command.args(flags).stdin(Stdio::piped());
        command.stdout(file.try_clone()?).stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("{name} could not be started as {command:?}"))?;
        Ok(Self {
            name,
            log: log.to_path_buf(),
            child,
        })
    }

    /// The operating system's number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let sent = kill_process(Pid::from_child(&self.child), signal);
        sent.with_context(|| format!("{} could not be sent {signal:?}", self.name))
    }

    /// An error if the process has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.failure(&format!("ended by itself ({status})"))),
        }
    }

    /// What went wrong with it, with the end of its log and where to read the whole.
    pub fn failure(&self, what: &str) -> anyhow::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        let (name, path) = (&self.name, self.log.display());
        anyhow!("{name} {what}; its log is {path} and ends with:\n{end}")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither can fail but for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Port;
    use crate::programs::{Programs, flag, is_available_or_skip};
    use std::thread;
    use std::time::{Duration, Instant};

    /// An etcd that is not waited for; none, with a line that says so, where there is none to start.
    fn start(folder: &Path) -> Option<Process> {
        if !is_available_or_skip().unwrap() {
            return None;
        }
        let programs = Programs::find().unwrap();
        let (clients, peers) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        let url = |port: &Port| format!("http://127.0.0.1:{}", port.number());
        let flags = [
            flag(("data-dir", folder.join("data").display().to_string())),
            flag(("listen-client-urls", url(&clients))),
            flag(("advertise-client-urls", url(&clients))),
            flag(("listen-peer-urls", url(&peers))),
        ];
        drop((clients, peers));
        let log = folder.join("log");
        Some(Process::start("etcd".into(), &programs.etcd, &flags, &log).unwrap())
    }

    /// Whether it ends, waiting for it for a while.
    fn ends(process: &mut Process) -> Option<anyhow::Error> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Err(error) = process.check() {
                return Some(error);
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    #[test]
    fn a_supervised_server_ends_when_the_pipe_of_a_killed_test_closes() {
        let folder = tempfile::tempdir().unwrap();
        let Some(mut process) = start(folder.path()) else {
            return;
        };
        if std::env::var_os("KUBEBUILDER_ASSETS").is_some() {
            return eprintln!("skipped: programs of others are not supervised");
        }
        process.check().unwrap();
        drop(process.child.stdin.take());
        ends(&mut process).expect("it should have ended with its standard input");
    }

    #[test]
    fn a_server_that_ends_by_itself_is_an_error_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::write(&data, "a file where etcd wants a folder").unwrap();
        let Some(mut process) = start(folder.path()) else {
            return;
        };
        let error = ends(&mut process)
            .expect("it should have ended")
            .to_string();
        assert!(error.contains("etcd ended by itself"), "{error}");
        let log = folder.path().join("log");
        for part in [data.display(), log.display()] {
            assert!(error.contains(&part.to_string()), "{error}");
        }
    }
}
