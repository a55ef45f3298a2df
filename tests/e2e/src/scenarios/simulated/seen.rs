//! What the host did, told from the requests that reached the API servers.

use anyhow::Result;
use kube_sim::{Filter, Request, Verb};
use pilothouse_policy_test::clusters::Seen;
use pilothouse_policy_test::reference::{Context, Reference};
use serde_json::Value;

use super::{HOST, QUIET, Simulated};
use crate::world::Kind;

impl Simulated {
    fn requests(&self) -> usize {
        let of_host = Filter::any().user_agent(HOST);
        self.clusters
            .values()
            .map(|cluster| cluster.count(&of_host))
            .sum()
    }

    pub(super) async fn quiet(&self) {
        tokio::time::sleep(self.recovery).await;
        let mut before = self.requests();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.requests();
            if now == before || !self.refused.is_empty() || !self.lost.is_empty() {
                return;
            }
            before = now;
        }
    }

    /// The writes of the host since they were last forgotten.
    fn written(&self) -> Vec<(Context, Request)> {
        let carried_out = |request: &Request| {
            request
                .carried_out
                .is_some_and(|code| (200..300).contains(&code))
        };
        let writes = Filter::writes().user_agent(HOST).matching(carried_out);
        let mut written: Vec<(Context, Request)> = Vec::new();
        for (context, cluster) in &self.clusters {
            let requests = cluster.requests(&writes);
            written.extend(requests.into_iter().map(|it| (context.clone(), it)));
        }
        written.sort_by_key(|(_, request)| request.at);
        written
    }

    fn new_events(&mut self) -> Vec<String> {
        let Some(home) = self.clusters.get(&None) else {
            return Vec::new();
        };
        let mut events = home.objects("events");
        events.sort_by_key(|event| event["eventTime"].as_str().unwrap_or_default().to_owned());
        let text =
            |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
        events.retain(|event| {
            let (uid, count) = (&event["metadata"]["uid"], &event["series"]["count"]);
            self.events.insert(format!("{uid} {count}"))
        });
        let line = |event: &Value| {
            format!(
                "{} {} {}",
                text(event, "type"),
                text(event, "reason"),
                text(event, "message")
            )
        };
        events.iter().map(line).collect()
    }

    /// All that was done since this was asked last.
    pub(super) fn seen(&mut self) -> Result<Seen> {
        let written = self.written();
        let of = |verb: Verb| {
            let found = written.iter().filter(|(_, request)| request.verb == verb);
            found
                .filter_map(|(context, request)| reference(context, request))
                .collect()
        };
        let mut primaries = self.cluster(&None)?.objects(&Kind::Task.resource().plural);
        primaries.sort_by_key(|task| task["metadata"]["name"].as_str().map(str::to_owned));
        let seen = Seen {
            primary: primaries.into_iter().next(),
            created: of(Verb::Create),
            deleted: of(Verb::Delete),
            writes: written.len(),
            plan: None,
            events: self.new_events(),
        };
        for cluster in self.clusters.values() {
            cluster.forget_requests();
        }
        Ok(seen)
    }
}

fn reference(context: &Context, request: &Request) -> Option<Reference> {
    let kinds = ["K8ssandraTask", "CassandraTask", "K8ssandraCluster"];
    let kind = kinds.into_iter().find(|kind| {
        Kind::named(kind).is_ok_and(|kind| kind.resource().plural == request.resource)
    })?;
    Some(Reference {
        kind: kind.to_owned(),
        namespace: request.namespace.clone(),
        name: request.name.clone()?,
        context: context.clone(),
    })
}
