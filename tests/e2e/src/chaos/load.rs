//! The tasks: what each is to do, and what must become of it.

use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use kube::api::{Api, DeleteParams, DynamicObject, PostParams};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::insist;
use crate::objects::task;
use crate::world::Failures;

/// How long after its creation a task is deleted, at most, in milliseconds.
const DELETED_WITHIN: u64 = 6_000;
/// How long it takes to the next task, at most, in milliseconds.
const NEXT_WITHIN: u64 = 1_200;

/// A task, and what is to become of it.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub name: String,
    pub is_forbid: bool,
    /// In which datacenter, counted from 0, a pod fails.
    pub fails: Option<usize>,
    pub is_deleted: bool,
}

impl Wish {
    /// The CassandraTask of a datacenter.
    pub fn child(&self, datacenter: usize) -> String {
        format!("{}-dc{}", self.name, datacenter + 1)
    }
}

/// Creates tasks, and deletes some of them.
pub(super) struct Load {
    rng: Rng,
    tasks: Api<DynamicObject>,
    failures: Failures,
    wishes: Vec<Wish>,
    /// What is to be deleted, and when.
    leaving: Vec<(Instant, String)>,
}

impl Load {
    pub fn new(seed: u64, tasks: Api<DynamicObject>, failures: Failures) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            tasks,
            failures,
            wishes: Vec::new(),
            leaving: Vec::new(),
        }
    }

    /// Goes on until then. All tasks that there were come back.
    pub async fn run(mut self, until: Instant) -> Result<Vec<Wish>> {
        while Instant::now() < until {
            let wish = self.wish();
            self.create(&wish).await?;
            if wish.is_deleted {
                let after = Duration::from_millis(self.rng.u64(0..DELETED_WITHIN));
                self.leaving
                    .push((Instant::now() + after, wish.name.clone()));
            }
            self.wishes.push(wish);
            self.delete_what_is_due(Instant::now()).await?;
            sleep(Duration::from_millis(self.rng.u64(0..NEXT_WITHIN))).await;
        }
        self.delete_what_is_due(until + Duration::from_millis(DELETED_WITHIN) * 2)
            .await?;
        Ok(self.wishes)
    }

    fn wish(&mut self) -> Wish {
        let fails = [None, None, None, Some(0), Some(1)];
        Wish {
            name: format!("t{:04}", self.wishes.len()),
            is_forbid: self.rng.u8(0..4) > 0,
            fails: self.rng.choice(fails).flatten(),
            is_deleted: self.rng.u8(0..5) == 0,
        }
    }

    async fn create(&self, wish: &Wish) -> Result<()> {
        if let Some(datacenter) = wish.fails {
            let failures = self.failures.lock();
            let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
            failures.insert(wish.child(datacenter), 1);
        }
        let policy = if wish.is_forbid { "Forbid" } else { "Allow" };
        // A restart whose pod fails never ends.
        let template = json!({"jobs": [{"name": "job1", "command": "cleanup"}]});
        let spec = json!({"dcConcurrencyPolicy": policy, "template": template});
        let object = task(&wish.name, &spec);
        let object = serde_json::from_value(object)?;
        insist("creating a task", async || {
            let created = self.tasks.create(&PostParams::default(), &object).await;
            done(created.map(drop), 409)
        })
        .await
    }

    async fn delete_what_is_due(&mut self, now: Instant) -> Result<()> {
        for (_, name) in self.leaving.extract_if(.., |(due, _)| *due <= now) {
            insist("deleting a task", async || {
                let deleted = self.tasks.delete(&name, &DeleteParams::default()).await;
                done(deleted.map(drop), 404)
            })
            .await?;
        }
        Ok(())
    }
}

/// An answer with this code says that an earlier request was carried out whose answer was lost.
fn done(answer: kube::Result<()>, code: u16) -> kube::Result<()> {
    match answer {
        Err(kube::Error::Api(status)) if status.code == code => Ok(()),
        answer => answer,
    }
}
