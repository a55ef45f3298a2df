//! The template of a task: as it goes into a CassandraTask, and how two of them differ.

use serde_json::{Map, Value, json};

use super::time::Time;

/// The fields of a job.
const JOB_FIELDS: [&str; 3] = ["args", "command", "name"];

/// What a CassandraTask gets of a template: not the TTL, which is managed on the K8ssandraTask (cluster-tasks, Template), and
/// no `maxConcurrentPods` of 0, with which cass-operator 1.29 to 1.32 never starts a pod.
pub fn to_create(template: &Map<String, Value>) -> Map<String, Value> {
    let mut spec = template.clone();
    spec.remove("ttlSecondsAfterFinished");
    if spec.get("maxConcurrentPods").is_some_and(|pods| pods == 0) {
        spec.remove("maxConcurrentPods");
    }
    spec
}

/// The same with cass-operator's defaults and times in UTC, so that it can be compared, also with the specification of a
/// CassandraTask that exists.
pub fn to_record(spec: &Map<String, Value>) -> Map<String, Value> {
    let mut recorded = to_create(spec);
    recorded.remove("datacenter");
    recorded.retain(|_, value| !value.is_null());
    for (field, default) in [
        ("restartPolicy", "OnFailure"),
        ("concurrencyPolicy", "Forbid"),
    ] {
        let value = recorded.entry(field).or_insert_with(|| json!(default));
        if *value == "" {
            *value = json!(default);
        }
    }
    if let Some(time) = recorded
        .get("scheduledTime")
        .and_then(Value::as_str)
        .and_then(Time::parse)
    {
        recorded.insert("scheduledTime".into(), json!(time.to_string()));
    }
    let jobs = recorded.get_mut("jobs").and_then(Value::as_array_mut);
    for job in jobs.into_iter().flatten().filter_map(Value::as_object_mut) {
        if job.get("args").is_none_or(Value::is_null) {
            job.insert("args".into(), json!({}));
        }
        // k8ssandra-operator leaves out what is at Go's zero value.
        if let Some(args) = job.get_mut("args").and_then(Value::as_object_mut) {
            args.retain(|_, value| !is_zero(value));
        }
    }
    recorded
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A field that has changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Which: `spec.template.jobs[0].command`.
    pub path: String,
    /// What it was; `null` if it was not set.
    pub was: Value,
    /// What it is.
    pub is: Value,
}

/// How a template differs from the recorded one, both as [`to_record`] makes them.
pub fn changes(recorded: &Map<String, Value>, current: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(
        "spec.template",
        &json!(recorded),
        &json!(current),
        &mut changes,
    );
    changes
}

fn compare(path: &str, was: &Value, is: &Value, changes: &mut Vec<Change>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let added = is.keys().filter(|name| !was.contains_key(*name));
            for name in was.keys().chain(added) {
                let field = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                compare(&format!("{path}.{name}"), &field(was), &field(is), changes);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{path}[{index}]"), was, is, changes);
            }
        }
        _ if was == is => {}
        _ => changes.push(Change {
            path: path.to_owned(),
            was: was.clone(),
            is: is.clone(),
        }),
    }
}

/// The fields of jobs that are none. An API server drops them without an error, so that a job would run without them. Fields of the
/// template and arguments are passed on as they are: a newer cass-operator may know them.
pub fn unknown_fields(template: &Map<String, Value>) -> Vec<String> {
    let jobs = template
        .get("jobs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let fields = jobs.enumerate().flat_map(|(index, job)| {
        let fields = job.as_object().into_iter().flatten().map(|(name, _)| name);
        let unknown = fields.filter(|name| !JOB_FIELDS.contains(&name.as_str()));
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
    fn what_is_created_has_no_ttl_and_no_limit_of_0() {
        let template =
            map(json!({"jobs": [], "ttlSecondsAfterFinished": 60, "maxConcurrentPods": 0}));
        assert_eq!(to_create(&template), map(json!({"jobs": []})));
        let template = map(json!({"maxConcurrentPods": 1, "retries": 0}));
        assert_eq!(to_create(&template), template);
    }

    #[test]
    fn what_cass_operator_fills_in_is_no_change() {
        let template = map(json!({
            "jobs": [{"name": "j", "command": "cleanup"}],
            "scheduledTime": "2022-12-15T21:00:00+02:00",
            "restartPolicy": null,
            "ttlSecondsAfterFinished": 60,
        }));
        let created = map(json!({
            "datacenter": {"name": "dc1"},
            "jobs": [{"name": "j", "command": "cleanup", "args": {}}],
            "scheduledTime": "2022-12-15T19:00:00Z",
            "restartPolicy": "OnFailure",
            "concurrencyPolicy": "Forbid",
            "ttlSecondsAfterFinished": 0,
        }));
        assert_eq!(changes(&to_record(&created), &to_record(&template)), []);
    }

    #[test]
    fn a_change_is_named_by_its_field() {
        let template = |jobs: Value| to_record(&map(json!({"jobs": jobs})));
        let change = |path: &str, was: Value, is: Value| Change {
            path: path.into(),
            was,
            is,
        };
        let job = json!({"name": "j", "command": "cleanup", "args": {"keyspace_name": "a"}});
        let edited = json!({"name": "j", "command": "restart", "args": {"jobs": 1}});
        assert_eq!(
            changes(&template(json!([job])), &template(json!([edited]))),
            [
                change(
                    "spec.template.jobs[0].args.keyspace_name",
                    json!("a"),
                    json!(null)
                ),
                change("spec.template.jobs[0].args.jobs", json!(null), json!(1)),
                change(
                    "spec.template.jobs[0].command",
                    json!("cleanup"),
                    json!("restart")
                ),
            ]
        );
        let [more] = &changes(&template(json!([job])), &template(json!([job, job])))[..] else {
            panic!()
        };
        assert_eq!(more.path, "spec.template.jobs");
    }

    #[test]
    fn a_job_has_no_other_fields() {
        let template = map(json!({
            "jobs": [{"name": "j", "command": "rebuild", "arguments": {}, "args": {"newer": "a"}}],
            "newer": {},
        }));
        assert_eq!(
            unknown_fields(&template),
            ["spec.template.jobs[0].arguments"]
        );
        assert!(unknown_fields(&map(json!({"jobs": 3}))).is_empty());
    }
}
