//! The pods of a CassandraTask, as far as cass-operator lists them, for people.

use std::fmt;

use crate::documents::cassandra_task::{CassandraTask, Pod, PodState, Progress};

use crate::observation::datacenter::Datacenter;

/// How many pods that failed are named: there may be hundreds.
pub const MAX_PODS_NAMED: usize = 3;

/// The commands that report no pods: cass-operator's `succeeded` of a restart counts what the StatefulSets say.
pub const WITHOUT_PODS: [&str; 2] = ["restart", "refresh"];

/// The pods of a CassandraTask, as far as cass-operator lists them: those that were begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pods {
    /// How many there are to process, if that is known.
    pub all: Option<usize>,
    /// How many are done.
    pub done: usize,
    /// How many are at work.
    pub running: usize,
    /// Those that failed for good, and why, where that is said.
    pub failed: Vec<String>,
}

impl fmt::Display for Pods {
    /// In brackets, and nothing where nothing is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let mut parts = Vec::new();
        match self.all {
            Some(all) if self.done + self.running > 0 => {
                parts.push(format!("{} of {all} pod{} done", self.done, plural(all)))
            }
            _ if self.done > 0 => {
                parts.push(format!("{} pod{} done", self.done, plural(self.done)))
            }
            _ => {}
        }
        if self.running > 0 && self.all.is_none() {
            parts.push(format!("{} in progress", self.running));
        }
        if !self.failed.is_empty() {
            let count = self.failed.len();
            let named: Vec<&str> = self
                .failed
                .iter()
                .take(MAX_PODS_NAMED)
                .map(String::as_str)
                .collect();
            parts.push(format!(
                "{count} pod{} failed: {}",
                plural(count),
                named.join(", ")
            ));
        }
        if parts.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", parts.join("; "))
        }
    }
}

/// The command that a CassandraTask runs; empty if it names none.
pub fn command(child: &CassandraTask) -> &str {
    let job = child
        .spec()
        .and_then(|spec| spec.get("jobs"))
        .and_then(|jobs| jobs.get(0));
    job.map_or("", |job| job["command"].as_str().unwrap_or_default())
}

/// How many pods there are to process: the size of the datacenter, unless the job is for some of them.
fn all_pods(datacenter: &Datacenter, child: &CassandraTask) -> Option<usize> {
    let has_rack = child.spec()?.get("jobs")?.get(0)?["args"]["rack"].is_string();
    let is_partial = has_rack || ["replacenode", "move"].contains(&command(child));
    datacenter.declared.as_ref().filter(|_| !is_partial)?.size
}

/// The pods of a CassandraTask that is at work.
pub fn pods(datacenter: &Datacenter, child: &CassandraTask) -> Pods {
    let progress = &datacenter.progress;
    let [_, succeeded, _] = progress.counts;
    let completed = progress.pods_in(PodState::Completed).count();
    Pods {
        // A cluster that was scaled down meanwhile says nothing of those before.
        all: all_pods(datacenter, child).filter(|all| *all >= progress.pods.len()),
        // An older cass-operator lists no pods.
        done: if progress.pods.is_empty() {
            usize::try_from(succeeded).unwrap_or(0)
        } else {
            completed
        },
        running: progress.pods_in(PodState::Running).count(),
        failed: failed_pods(progress).collect(),
    }
}

/// The pods that failed for good, and why, where that is said.
pub fn failed_pods(progress: &Progress) -> impl Iterator<Item = String> + '_ {
    progress
        .pods_in(PodState::Failed)
        .map(|Pod { name, error, .. }| match error.as_str() {
            "" => name.clone(),
            error => format!("{name}: {error}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_counted_of_all_only_where_all_are_known() {
        let pods = |all, done, running, failed: &[&str]| Pods {
            all,
            done,
            running,
            failed: failed.iter().map(|pod| (*pod).to_owned()).collect(),
        };
        for (pods, text) in [
            (pods(Some(3), 1, 1, &[]), " (1 of 3 pods done)"),
            (pods(Some(1), 0, 1, &[]), " (0 of 1 pod done)"),
            (pods(None, 1, 1, &[]), " (1 pod done; 1 in progress)"),
            (
                pods(None, 2, 0, &["p: no"]),
                " (2 pods done; 1 pod failed: p: no)",
            ),
            (pods(Some(3), 0, 0, &[]), ""),
            (pods(None, 0, 0, &[]), ""),
        ] {
            assert_eq!(pods.to_string(), text);
        }
    }
}
