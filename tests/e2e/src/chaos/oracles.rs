//! What must hold afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use kube::api::ListParams;
use kube_env::Request;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::load::Wish;
use super::{Chaos, insist};
use crate::kind::Kind;
use crate::objects::CONTEXTS;
use crate::world::condition_of;

/// How long it may take until every task is at its end when nothing goes wrong any more: the longest backoff is a minute.
const RECOVERY: Duration = Duration::from_secs(180);
/// How long nothing may be written when nothing is to be done.
const REST: Duration = Duration::from_secs(20);
/// The hosts, in the audit log.
const ACCOUNT: &str = "system:serviceaccount:k8ssandra-operator:pilothouse";

/// The objects of a kind in a context, by name.
type ByName = BTreeMap<String, Value>;

impl Chaos {
    /// Waits until every task is at the end that it must come to.
    pub(super) async fn wait_for_ends(&self, wishes: &[Wish]) -> Result<()> {
        let end = Instant::now() + RECOVERY;
        loop {
            let tasks = self.list(CONTEXTS[0], Kind::Task).await?;
            let left = wishes.iter().find(|wish| !is_at_end(wish, &tasks));
            match left {
                None => return Ok(()),
                Some(wish) if Instant::now() > end => {
                    let task = tasks.get(&wish.name);
                    bail!("after {RECOVERY:?}, {wish:?} is not at its end: {task:#?}")
                }
                Some(_) => sleep(Duration::from_millis(500)).await,
            }
        }
    }

    /// Checks all that must hold at the end. How many writes the hosts made comes back.
    pub(super) async fn check(&self, wishes: &[Wish]) -> Result<usize> {
        let mut children = Vec::new();
        for context in CONTEXTS {
            children.push(self.list(context, Kind::CassandraTask).await?);
        }
        for wish in wishes {
            check_children(wish, &children).with_context(|| format!("{wish:?}"))?;
        }
        let deleted = wishes.iter().filter(|wish| wish.is_deleted);
        let deleted: BTreeSet<String> = deleted.flat_map(|it| [it.child(0), it.child(1)]).collect();
        for context in CONTEXTS {
            self.check_requests(context, &deleted)?;
        }
        let before = self.writes()?;
        sleep(REST).await;
        let after = self.writes()?;
        ensure!(before == after, "{} writes at rest", after - before);
        Ok(after)
    }

    /// Nothing was created twice, and nothing was deleted that nobody had asked for.
    fn check_requests(&self, context: &str, deleted: &BTreeSet<String>) -> Result<()> {
        let mut created = BTreeSet::new();
        for request in self.clusters.environment.requests(context, ACCOUNT)? {
            let name = request.name.clone().unwrap_or_default();
            if request.resource != "cassandratasks" || !(200..300).contains(&request.code) {
                continue;
            }
            match request.verb.as_str() {
                "create" => ensure!(created.insert(name.clone()), "{name} was created twice"),
                "delete" => ensure!(deleted.contains(&name), "{name} was deleted"),
                _ => {}
            }
        }
        ensure!(
            !created.is_empty(),
            "the audit log of {context} shows no create"
        );
        Ok(())
    }

    /// How often the hosts wrote.
    fn writes(&self) -> Result<usize> {
        let mut count = 0;
        for context in CONTEXTS {
            let requests = self.clusters.environment.requests(context, ACCOUNT)?;
            count += requests.iter().filter(|it| is_write(it)).count();
        }
        Ok(count)
    }

    async fn list(&self, context: &str, kind: Kind) -> Result<ByName> {
        let api = self.api(context, kind)?;
        let listed = insist("listing", async || api.list(&ListParams::default()).await).await?;
        let named = listed.items.into_iter().map(|object| {
            let name = object.metadata.name.clone().unwrap_or_default();
            Ok((name, serde_json::to_value(object)?))
        });
        named.collect()
    }
}

fn is_write(request: &Request) -> bool {
    matches!(
        request.verb.as_str(),
        "create" | "patch" | "update" | "delete"
    )
}

fn is_at_end(wish: &Wish, tasks: &ByName) -> bool {
    let Some(task) = tasks.get(&wish.name) else {
        return wish.is_deleted;
    };
    let wanted = if wish.fails.is_some() {
        "Failed"
    } else {
        "Complete"
    };
    let is_true =
        |condition| condition_of(task, condition).is_some_and(|it| it["status"] == "True");
    let is_over = task["status"]["completionTime"].is_string() || is_cut_short(wish);
    !wish.is_deleted && is_true(wanted) && !is_true("Running") && is_over
}

/// Whether a failure cancels what comes after it: the task has no completionTime then.
fn is_cut_short(wish: &Wish) -> bool {
    wish.is_forbid && wish.fails == Some(0)
}

/// Each datacenter has its CassandraTask, ended as it must, and under Forbid one after the other.
fn check_children(wish: &Wish, contexts: &[ByName]) -> Result<()> {
    let found = [0, 1].map(|number| contexts[number].get(&wish.child(number)));
    if wish.is_deleted {
        ensure!(
            found == [None, None],
            "something was left behind: {found:#?}"
        );
        return Ok(());
    }
    let first = found[0].context("dc1 is missing")?;
    ensure!(
        has_failed(first) == (wish.fails == Some(0)),
        "dc1: {first:#}"
    );
    let Some(second) = found[1] else {
        ensure!(is_cut_short(wish), "dc2 is missing");
        return Ok(());
    };
    ensure!(!is_cut_short(wish), "dc2 was not cancelled: {second:#}");
    ensure!(
        has_failed(second) == (wish.fails == Some(1)),
        "dc2: {second:#}"
    );
    let (ended, begun) = (
        &first["status"]["completionTime"],
        &second["metadata"]["creationTimestamp"],
    );
    let is_in_order = ended.as_str() <= begun.as_str() && ended.is_string();
    ensure!(
        !wish.is_forbid || is_in_order,
        "dc1 ended at {ended}, dc2 was created at {begun}"
    );
    Ok(())
}

fn has_failed(child: &Value) -> bool {
    condition_of(child, "Failed").is_some_and(|it| it["status"] == "True")
}
