//! Events about primaries, through events.k8s.io: one object for each thing that happens, with a count where it happens
//! again.
//!
//! kube's own `Recorder` takes two events for one that differ in nothing but their note; here the note counts, since
//! "created x" and "created y" are two things. Events are for people: one that cannot be written is logged, and nothing
//! waits for it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event as Recorded, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{ApiResource, Patch};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::warn;

use crate::answer::Failed;
use crate::api::Api;
use crate::clock::Clock;
use crate::contract::{Event, Gvk, Severity};
use pilothouse_core::Object;

/// A repeat after this long is an event of its own, as in client-go.
const SERIES_ENDS_AFTER: SignedDuration = SignedDuration::from_mins(6);
/// How long an API server may take for an event.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many events are written at a time. Those about one object are in one queue, so that they keep their order.
const QUEUES: usize = 8;
/// How many events wait in a queue. More than that are not recorded.
const MAX_WAITING: usize = 256;
/// The longest name of an event.
const MAX_NAME: usize = 253;

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

/// Takes events, and writes them when the API server has time for them.
pub struct Recorder {
    queues: Mutex<Vec<mpsc::Sender<Note>>>,
    writers: Mutex<JoinSet<()>>,
}

/// An event, and the object that it is about.
struct Note {
    controller: String,
    gvk: Gvk,
    object: Arc<Object>,
    event: Event,
}

impl Recorder {
    /// Events go to the control plane. The instance is the pod's or the machine's name. Must be called in a runtime.
    pub fn start(client: &Client, instance: &str, clock: &Clock) -> Self {
        let mut writers = JoinSet::new();
        let queues = (0..QUEUES).map(|_| {
            let (sender, receiver) = mpsc::channel(MAX_WAITING);
            let writer = Writer {
                client: client.clone(),
                instance: instance.to_owned(),
                clock: clock.clone(),
                series: HashMap::new(),
            };
            writers.spawn(writer.run(receiver));
            sender
        });
        let queues = Mutex::new(queues.collect());
        Self {
            queues,
            writers: Mutex::new(writers),
        }
    }

    /// Records an event about an object, later.
    pub fn record(&self, controller: &str, gvk: &Gvk, object: &Arc<Object>, event: &Event) {
        let mut hasher = DefaultHasher::new();
        object.uid.hash(&mut hasher);
        let note = Note {
            controller: controller.to_owned(),
            gvk: gvk.clone(),
            object: object.clone(),
            event: event.clone(),
        };
        let index = usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default();
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        match queues.get(index).map(|queue| queue.try_send(note).is_ok()) {
            Some(true) => {}
            Some(false) => not_recorded(object, event, "too many events wait to be recorded"),
            None => not_recorded(object, event, "the host is stopping"),
        }
    }

    /// Writes what waits, for so long, and takes nothing more.
    pub async fn stop(&self, limit: Duration) {
        fn take<T: Default>(shared: &Mutex<T>) -> T {
            std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner))
        }
        drop(take(&self.queues));
        let mut writers = take(&self.writers);
        let written = async { while writers.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limit, written).await;
    }
}

fn not_recorded(object: &Object, event: &Event, why: &str) {
    warn!(object = %object.key, reason = event.reason, message = event.message, "event not recorded: {why}");
}

/// Writes the events of one queue.
struct Writer {
    client: Client,
    instance: String,
    clock: Clock,
    series: HashMap<Same, Last>,
}

impl Writer {
    async fn run(mut self, mut notes: mpsc::Receiver<Note>) {
        while let Some(note) = notes.recv().await {
            let why = match tokio::time::timeout(TIMEOUT, self.write(&note)).await {
                Ok(Ok(())) => continue,
                Ok(Err(failed)) => failed.cause.message,
                Err(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
            };
            not_recorded(&note.object, &note.event, &why);
        }
    }

    async fn write(&mut self, note: &Note) -> Result<(), Failed> {
        let Note { object, event, .. } = note;
        let now = (self.clock)();
        let namespace = object.key.namespace.as_deref().unwrap_or("default");
        let resource = ApiResource::erase::<Recorded>(&());
        let api = Api::new(self.client.clone(), &resource, Some(namespace));
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
            match api.patch(&name, None, &Patch::Merge(patch)).await {
                // It has expired or was deleted: begin a new one.
                Err(failed) if failed.cause.reason == "NotFound" => {}
                answer => return answer.map(drop),
            }
        }
        let recorded = self.new_event(note, now);
        let name = recorded.metadata.name.clone().unwrap_or_default();
        let text = serde_json::to_string(&recorded).map_err(Failed::not_sent)?;
        api.create(text).await?;
        let last = Last {
            name,
            count: 1,
            at: now,
        };
        self.series.insert(same, last);
        Ok(())
    }

    /// Counts a repeat: the event's name and its new count.
    fn repeated(&mut self, same: &Same, now: Timestamp) -> Option<(String, i32)> {
        self.series
            .retain(|_, last| last.at + SERIES_ENDS_AFTER > now);
        let last = self.series.get_mut(same)?;
        last.count = last.count.saturating_add(1);
        last.at = now;
        Some((last.name.clone(), last.count))
    }

    fn new_event(&self, note: &Note, now: Timestamp) -> Recorded {
        let Note {
            controller,
            gvk,
            object,
            event,
        } = note;
        let key = object.key.clone();
        // Two events about an object within a nanosecond would share a name if the time alone made it.
        let salt = self.series.len();
        let suffix = format!(".{:x}{salt:x}", now.as_nanosecond());
        Recorded {
            metadata: ObjectMeta {
                name: Some(name(object, &suffix)),
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
            reporting_controller: Some(controller.clone()),
            reporting_instance: Some(self.instance.clone()),
            type_: Some(match event.severity {
                Severity::Normal => "Normal".into(),
                Severity::Warning => "Warning".into(),
            }),
            ..Recorded::default()
        }
    }
}

/// The object's name and a suffix. Names that an event cannot have, longer ones or those of RBAC's kinds, give way to the uid, as in
/// client-go.
fn name(object: &Object, suffix: &str) -> String {
    let name = &object.key.name;
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    match name.len() + suffix.len() <= MAX_NAME && name.chars().all(is_allowed) {
        true => format!("{name}{suffix}"),
        false => format!("{}{suffix}", object.uid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_after_its_object_where_it_can_have_that_name() {
        let named = |text: &str| {
            let document = format!(r#"{{"metadata":{{"name":"{text}","uid":"u1"}}}}"#);
            name(&Object::parse(&document).unwrap(), ".1a")
        };
        assert_eq!(named("task1"), "task1.1a");
        assert_eq!(named(&"a".repeat(250)), format!("{}.1a", "a".repeat(250)));
        assert_eq!(named(&"a".repeat(251)), "u1.1a");
        assert_eq!(named("system:node"), "u1.1a");
    }
}
