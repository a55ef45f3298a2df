//! Events about primaries, through events.k8s.io: one object for each thing that happens, with a count where it happens
//! again.
//!
//! kube's own `Recorder` takes two events for one that differ in nothing but their note; here the note counts, since
//! "created x" and "created y" are two things. Events are for people: one that cannot be written is logged, and nothing
//! waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event as Recorded, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use tracing::warn;

use crate::clock::Clock;
use crate::contract::{Event, Gvk, Severity};
use pilothouse_core::Object;

/// A repeat after this long is an event of its own, as in client-go.
const SERIES_ENDS_AFTER: SignedDuration = SignedDuration::from_mins(6);
/// How long an API server may take for an event.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What makes two events the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Same {
    uid: String,
    event: Event,
}

struct Last {
    name: String,
    count: i32,
    at: Timestamp,
}

/// Writes events.
pub struct Recorder {
    client: Client,
    instance: String,
    clock: Clock,
    series: Mutex<HashMap<Same, Last>>,
}

impl Recorder {
    /// Events go to the control plane. The instance is the pod's or the machine's name.
    pub fn new(client: Client, instance: String, clock: Clock) -> Self {
        Self {
            client,
            instance,
            clock,
            series: Mutex::default(),
        }
    }

    /// Records an event about an object.
    pub async fn record(&self, controller: &str, gvk: &Gvk, object: &Object, event: &Event) {
        let written =
            tokio::time::timeout(TIMEOUT, self.write(controller, gvk, object, event)).await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
        };
        warn!(object = %object.key, reason = event.reason, message = event.message, "event not recorded: {error}");
    }

    async fn write(
        &self,
        controller: &str,
        gvk: &Gvk,
        object: &Object,
        event: &Event,
    ) -> kube::Result<()> {
        let now = (self.clock)();
        let namespace = object.key.namespace.as_deref().unwrap_or("default");
        let api: Api<Recorded> = Api::namespaced(self.client.clone(), namespace);
        let same = Same {
            uid: object.uid.clone(),
            event: event.clone(),
        };
        if let Some((name, count)) = self.repeated(&same, now) {
            let series = EventSeries {
                count,
                last_observed_time: MicroTime(now),
            };
            let patch = serde_json::json!({ "series": series });
            match api
                .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
                .await
            {
                // It has expired or was deleted: begin a new one.
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                answer => return answer.map(drop),
            }
        }
        let recorded = self.new_event(controller, gvk, object, event, now);
        let name = recorded.metadata.name.clone().unwrap_or_default();
        api.create(&PostParams::default(), &recorded).await?;
        self.remember(
            same,
            Last {
                name,
                count: 1,
                at: now,
            },
        );
        Ok(())
    }

    /// Counts a repeat: the event's name and its new count.
    fn repeated(&self, same: &Same, now: Timestamp) -> Option<(String, i32)> {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        series.retain(|_, last| last.at + SERIES_ENDS_AFTER > now);
        let last = series.get_mut(same)?;
        last.count = last.count.saturating_add(1);
        last.at = now;
        Some((last.name.clone(), last.count))
    }

    fn remember(&self, same: Same, last: Last) {
        self.series
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(same, last);
    }

    fn new_event(
        &self,
        controller: &str,
        gvk: &Gvk,
        object: &Object,
        event: &Event,
        now: Timestamp,
    ) -> Recorded {
        let key = object.key.clone();
        // Two events about an object within a nanosecond would share a name if the time alone made it.
        let salt = self
            .series
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        Recorded {
            metadata: ObjectMeta {
                name: Some(format!("{}.{:x}{salt:x}", key.name, now.as_nanosecond())),
                namespace: Some(key.namespace.clone().unwrap_or_else(|| "default".into())),
                ..ObjectMeta::default()
            },
            // The API asks for one; kubectl does not show it.
            action: Some("Reconcile".into()),
            event_time: Some(MicroTime(now)),
            note: Some(event.message.clone()),
            reason: Some(event.reason.clone()),
            regarding: Some(ObjectReference {
                api_version: Some(gvk.api_version()),
                kind: Some(gvk.kind.clone()),
                name: Some(key.name),
                namespace: key.namespace,
                uid: Some(object.uid.clone()),
                ..ObjectReference::default()
            }),
            reporting_controller: Some(controller.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            type_: Some(match event.severity {
                Severity::Normal => "Normal".into(),
                Severity::Warning => "Warning".into(),
            }),
            ..Recorded::default()
        }
    }
}
