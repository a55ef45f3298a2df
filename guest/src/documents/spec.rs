//! The specification of a K8ssandraTask (cluster-tasks, Task configuration reference), and its template: as it goes into a
//! CassandraTask, and how two of them differ.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::json::{self, Object, immutable, invalid};
use super::settings::Settings;
use super::time::Time;

const JOB_FIELDS: [&str; 3] = ["args", "command", "name"];

/// `dcConcurrencyPolicy`: two things that it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// How many datacenters may be at work at once; `None` is any number.
    pub max_concurrent: Option<usize>,
    /// Whether a failure cancels the datacenters that were not started.
    pub failure_cancels: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    #[serde(default, deserialize_with = "json::or_default")]
    cluster: Object<ClusterReference>,
    /// The datacenters that are listed; an empty list means all of them.
    #[serde(default, deserialize_with = "json::or_default")]
    pub datacenters: Vec<String>,
    pub dc_concurrency_policy: Option<String>,
    /// The model for the CassandraTasks; empty if there is none.
    #[serde(default, deserialize_with = "json::or_default")]
    pub template: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
struct ClusterReference {
    #[serde(default, deserialize_with = "json::or_default")]
    name: String,
    #[serde(default, deserialize_with = "json::or_default")]
    namespace: String,
}

impl Spec {
    /// `spec.cluster.name` and `spec.cluster.namespace`; empty where they are not set.
    pub fn cluster(&self) -> (&str, &str) {
        let Object(cluster) = &self.cluster;
        (&cluster.name, &cluster.namespace)
    }

    /// The command of the first job; empty if there is none.
    pub fn command(&self) -> &str {
        let jobs = self.template.get("jobs");
        jobs.and_then(|jobs| jobs[0]["command"].as_str())
            .unwrap_or_default()
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
        let (path, why) = (
            "spec.template.ttlSecondsAfterFinished",
            "must be >= 0 (0 disables deletion)",
        );
        match self.template.get("ttlSecondsAfterFinished") {
            None | Some(Value::Null) => Ok(settings.default_ttl_seconds.into()),
            Some(ttl) => {
                let seconds = ttl.as_i64().filter(|seconds| *seconds >= 0);
                seconds.ok_or_else(|| invalid(path, ttl, why))
            }
        }
    }
}

/// What a CassandraTask gets of a template: not the TTL, which is managed on the K8ssandraTask (cluster-tasks, Template), and
/// no `maxConcurrentPods` of 0, with which cass-operator 1.29 to 1.32 never starts a pod.
pub fn to_create(template: &Map<String, Value>) -> Map<String, Value> {
    let mut spec = template.clone();
    spec.remove("ttlSecondsAfterFinished");
    spec.retain(|name, value| name != "maxConcurrentPods" || *value != 0);
    spec
}

/// The same with cass-operator's defaults and times in UTC, so that it can be compared, also with the specification of a
/// CassandraTask that exists.
pub fn to_record(spec: &Map<String, Value>) -> Map<String, Value> {
    let mut recorded = to_create(spec);
    recorded.retain(|name, value| name != "datacenter" && !value.is_null());
    for (field, default) in [
        ("restartPolicy", "OnFailure"),
        ("concurrencyPolicy", "Forbid"),
    ] {
        if recorded.get(field).is_none_or(|value| value == "") {
            recorded.insert(field.into(), json!(default));
        }
    }
    if let Some(time) = recorded.get("scheduledTime").and_then(Time::read) {
        recorded.insert("scheduledTime".into(), json!(time.to_string()));
    }
    let jobs = recorded.get_mut("jobs").and_then(Value::as_array_mut);
    for job in jobs.into_iter().flatten().filter_map(Value::as_object_mut) {
        if job.get("args").is_none_or(Value::is_null) {
            job.insert("args".into(), json!({}));
        }
        // k8ssandra-operator leaves out what is at Go's zero value.
        if let Some(args) = job.get_mut("args").and_then(Value::as_object_mut) {
            args.retain(|_, value| {
                !json::is_empty(value) && *value != false && *value != "" && *value != 0
            });
        }
    }
    recorded
}

/// What has changed of a template since it was recorded, both as [`to_record`] makes them.
pub fn changes(recorded: &Map<String, Value>, current: &Map<String, Value>) -> Vec<String> {
    let mut changes = Vec::new();
    compare_fields("spec.template", recorded, current, &mut changes);
    changes
}

fn compare_fields(
    path: &str,
    was: &Map<String, Value>,
    is: &Map<String, Value>,
    changes: &mut Vec<String>,
) {
    let added = is.keys().filter(|name| !was.contains_key(*name));
    for name in was.keys().chain(added) {
        let [was, is] = [was, is].map(|map| map.get(name).unwrap_or(&Value::Null));
        compare(&format!("{path}.{name}"), was, is, changes);
    }
}

fn compare(path: &str, was: &Value, is: &Value, changes: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => compare_fields(path, was, is, changes),
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{path}[{index}]"), was, is, changes);
            }
        }
        _ if was == is => {}
        _ => changes.push(immutable(path, was, is)),
    }
}

/// The fields of jobs that are none. An API server drops them without an error, so that a job would run without them. Fields of the
/// template and arguments are passed on as they are: a newer cass-operator may know them.
pub fn unknown_fields(template: &Map<String, Value>) -> Vec<String> {
    let jobs = template.get("jobs").into_iter().flat_map(json::items);
    let fields = jobs.enumerate().flat_map(|(index, job)| {
        let names = json::fields(job).map(|(name, _)| name);
        let unknown = names.filter(|name| !JOB_FIELDS.contains(&name.as_str()));
        unknown.map(move |name| format!("spec.template.jobs[{index}].{name}"))
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_cass_operator_fills_in_is_no_change() {
        let template = map(json!({
            "jobs": [{"name": "j", "command": "cleanup", "args": {"jobs": 0, "tables": [], "end_token": ""}}],
            "scheduledTime": "2022-12-15T21:00:00+02:00",
            "restartPolicy": null,
            "ttlSecondsAfterFinished": 60,
        }));
        let created = map(json!({
            "datacenter": {"name": "dc1"},
            "jobs": [{"name": "j", "command": "cleanup", "args": {"no_snapshot": false}}],
            "scheduledTime": "2022-12-15T19:00:00Z",
            "restartPolicy": "OnFailure",
            "concurrencyPolicy": "Forbid",
            "ttlSecondsAfterFinished": 0,
        }));
        assert_eq!(to_record(&created), to_record(&template));
    }

    #[test]
    fn lists_of_another_length_have_changed_as_a_whole() {
        let template = |jobs: Value| map(json!({ "jobs": jobs }));
        let change = immutable("spec.template.jobs", &json!([1]), &json!([1, 2]));
        assert_eq!(
            changes(&template(json!([1])), &template(json!([1, 2]))),
            [change]
        );
    }
}
