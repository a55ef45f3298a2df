//! The specification of a K8ssandraTask (cluster-tasks, Task configuration reference).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::invalid;
use super::json;
use super::settings::Settings;

/// `dcConcurrencyPolicy`: two things that it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// How many datacenters may be at work at once; `None` is any number.
    pub max_concurrent: Option<usize>,
    /// Whether a failure cancels the datacenters that were not started.
    pub failure_cancels: bool,
}

/// What the task's author asks for (cluster-tasks, Task configuration reference).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    #[serde(default)]
    cluster: Option<json::Object<ClusterReference>>,
    datacenters: Option<Vec<String>>,
    /// `dcConcurrencyPolicy` as it is written.
    pub dc_concurrency_policy: Option<String>,
    /// The model for the CassandraTasks; empty if there is none.
    #[serde(default, deserialize_with = "json::or_default")]
    pub template: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct ClusterReference {
    name: Option<String>,
    namespace: Option<String>,
}

impl Spec {
    /// The datacenters that are listed; an empty list means all of them.
    pub fn datacenters(&self) -> &[String] {
        self.datacenters.as_deref().unwrap_or_default()
    }

    /// `spec.cluster.name` and `spec.cluster.namespace`; empty where they are not set.
    pub fn cluster(&self) -> (&str, &str) {
        let reference = self.cluster.as_ref().map(|json::Object(cluster)| cluster);
        let text = |field: fn(&ClusterReference) -> &Option<String>| {
            reference
                .and_then(|it| field(it).as_deref())
                .unwrap_or_default()
        };
        (text(|it| &it.name), text(|it| &it.namespace))
    }

    /// The command of the first job; empty if there is none.
    pub fn command(&self) -> &str {
        self.template
            .get("jobs")
            .map_or("", |jobs| jobs[0]["command"].as_str().unwrap_or_default())
    }

    /// `dcConcurrencyPolicy`; `None` if it is neither of the two values. The default is Forbid.
    pub fn concurrency(&self) -> Option<Concurrency> {
        match self.dc_concurrency_policy.as_deref() {
            None | Some("" | "Forbid") => Some(Concurrency {
                max_concurrent: Some(1),
                failure_cancels: true,
            }),
            Some("Allow") => Some(Concurrency {
                max_concurrent: None,
                failure_cancels: false,
            }),
            Some(_) => None,
        }
    }

    /// The TTL in seconds; 0 is for ever. The error says what is invalid about it.
    pub fn ttl(&self, settings: &Settings) -> Result<i64, String> {
        let path = "spec.template.ttlSecondsAfterFinished";
        match self.template.get("ttlSecondsAfterFinished") {
            None | Some(Value::Null) => Ok(settings.default_ttl_seconds.into()),
            Some(value) => match value.as_i64() {
                Some(seconds) if seconds >= 0 => Ok(seconds),
                _ => Err(invalid(path, value, "must be >= 0 (0 disables deletion)")),
            },
        }
    }
}
