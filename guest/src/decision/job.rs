//! What may be wrong with a template: its jobs, and the other fields of a CassandraTask.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::documents::cluster::Declared;
use crate::documents::json::{self, Object, invalid, required, unsupported};
use crate::documents::settings::{KNOWN_COMMANDS, Settings};
use crate::documents::spec::{self, Spec};
use crate::documents::time::Time;
use crate::observation::Observation;

#[derive(Deserialize)]
struct Job {
    command: String,
    #[serde(rename = "name")]
    _name: String,
    /// Whatever they are: what is read of them is checked here, the rest by the API server.
    #[serde(default)]
    args: Value,
}

/// All that is invalid about a template.
pub fn problems(observation: &Observation<'_>, spec: &Spec) -> Vec<String> {
    let (settings, template) = (observation.settings, &spec.template);
    if template.is_empty() {
        return vec![required("spec.template.jobs")];
    }
    let field = |name: &str| template.get(name).unwrap_or(&Value::Null);
    let jobs = json::from_value::<Option<Vec<Object<Job>>>>("spec.template.jobs", field("jobs"));
    let mut problems = match jobs.map(Option::unwrap_or_default) {
        Ok(jobs) => job_problems(settings, observation, &jobs),
        Err(wrong) => vec![wrong],
    };
    problems.extend(spec.ttl(settings).err());
    for name in ["maxConcurrentPods", "retries"] {
        let value = field(name);
        if !value.is_null() && value.as_i64().is_none_or(|count| count < 0) {
            problems.push(invalid(
                &format!("spec.template.{name}"),
                value,
                "must be an integer >= 0",
            ));
        }
    }
    for (name, supported) in [
        ("restartPolicy", ["Never", "OnFailure"]),
        ("concurrencyPolicy", ["Forbid", "Allow"]),
    ] {
        let value = field(name).as_str().unwrap_or_default();
        if !field(name).is_null() && !value.is_empty() && !supported.contains(&value) {
            problems.push(unsupported(
                &format!("spec.template.{name}"),
                value,
                supported,
            ));
        }
    }
    let scheduled = field("scheduledTime");
    if !scheduled.is_null() && scheduled.as_str().and_then(Time::parse).is_none() {
        problems.push(invalid(
            "spec.template.scheduledTime",
            scheduled,
            "must be an RFC 3339 time",
        ));
    }
    let unknown = spec::unknown_fields(template);
    if !unknown.is_empty() {
        problems.push(format!("unknown fields: {}", unknown.join(", ")));
    }
    problems
}

fn job_problems(
    settings: &Settings,
    observation: &Observation<'_>,
    jobs: &[Object<Job>],
) -> Vec<String> {
    let most = settings.max_jobs;
    let mut problems = Vec::new();
    match u32::try_from(jobs.len()) {
        Ok(0) => problems.push(required("spec.template.jobs")),
        Ok(count) if count <= most => {}
        _ => {
            let plural = if most == 1 { "" } else { "s" };
            problems.push(format!(
                "spec.template.jobs: Too many: {}: must have at most {most} item{plural}",
                jobs.len()
            ));
        }
    }
    for (index, Object(job)) in jobs.iter().enumerate() {
        let path = format!("spec.template.jobs[{index}]");
        if !settings.allows(&job.command) {
            let extra = settings.extra_commands.iter().map(String::as_str);
            let supported = KNOWN_COMMANDS.into_iter().chain(extra);
            problems.push(unsupported(
                &format!("{path}.command"),
                &job.command,
                supported,
            ));
        }
        problems.extend(argument_problems(observation, &path, job));
    }
    problems
}

/// Arguments that would do harm, or nothing, in the datacenters of the task. Those are not known for certain until the list is
/// valid.
fn argument_problems(observation: &Observation<'_>, path: &str, job: &Job) -> Vec<String> {
    let Some(cluster) = observation
        .cluster
        .known()
        .filter(|_| observation.targets.are_certain())
    else {
        return Vec::new();
    };
    let targets = observation.targets.places.iter();
    let targets: Vec<&Declared> = targets
        .filter_map(|place| cluster.datacenter(&place.datacenter))
        .collect();
    let args = &job.args;
    match job.command.as_str() {
        "rebuild" => {
            let source = args["source_datacenter"].as_str().unwrap_or_default();
            let is_target = targets
                .iter()
                .any(|it| it.name == source || it.cassandra_name.as_deref() == Some(source));
            let why = "is a target of this task, and would stream from itself; list the datacenters to rebuild";
            is_target
                .then(|| {
                    invalid(
                        &format!("{path}.args.source_datacenter"),
                        &json!(source),
                        why,
                    )
                })
                .into_iter()
                .collect()
        }
        "replacenode" => {
            let pod = args["pod_name"].as_str();
            pod.and_then(|pod| stray_pod(&format!("{path}.args.pod_name"), pod, &targets))
                .into_iter()
                .collect()
        }
        "move" => {
            let pods = args["new_tokens"].as_object().into_iter().flatten();
            pods.filter_map(|(pod, _)| stray_pod(&format!("{path}.args.new_tokens"), pod, &targets))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// A pod is called `<cluster>-<datacenter>-<rack>-sts-<n>`, in the letters that Kubernetes allows.
fn stray_pod(path: &str, pod: &str, targets: &[&Declared]) -> Option<String> {
    let is_in = |name: &str| !name.is_empty() && pod.contains(&format!("-{name}-"));
    let mut targets = targets
        .iter()
        .flat_map(|it| [Some(it.name.as_str()), it.cassandra_name.as_deref()]);
    let is_known = targets.any(|name| name.is_some_and(|name| is_in(&in_pod_names(name))));
    let why = "by its name, this pod belongs to no datacenter of this task";
    (!pod.is_empty() && !is_known).then(|| invalid(path, &json!(pod), why))
}

/// A name as cass-operator makes it fit for Kubernetes: in lower case, `_` as `-`, and of the rest the parts that begin with a letter
/// and end with a letter or a digit.
fn in_pod_names(name: &str) -> String {
    let lower = name.to_lowercase().replace('_', "-");
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let parts = lower.split(|c| !is_allowed(c));
    let parts = parts.map(|part| part.trim_start_matches(|c: char| !c.is_ascii_lowercase()));
    parts.map(|part| part.trim_end_matches('-')).collect()
}
