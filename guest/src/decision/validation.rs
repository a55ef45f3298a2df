//! Rule 4, "specification invalid": all that is invalid, each in the words that Kubernetes itself uses.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::sentences::{delete_when_finished, named};
use crate::documents::cluster::Cluster;
use crate::documents::json::{self, Object, immutable, invalid, required, unsupported};
use crate::documents::names;
use crate::documents::settings::KNOWN_COMMANDS;
use crate::documents::spec::{self, Spec};
use crate::documents::task::Task;
use crate::documents::time::Time;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::{Targets, has_labels};
use crate::observation::{ClusterState, Observation};

const JOBS: &str = "spec.template.jobs";

#[derive(Deserialize)]
struct Job {
    command: String,
    #[serde(rename = "name")]
    _name: String,
    /// Whatever they are: what is read of them is checked here, the rest by the API server.
    #[serde(default)]
    args: Value,
}

/// What is wrong about a field with a value.
type Check = fn(&str, &Value) -> Option<String>;

/// The other fields of a template of which not every value is one.
const FIELDS: [(&str, Check); 5] = [
    ("maxConcurrentPods", count),
    ("retries", count),
    ("restartPolicy", |path, value| {
        one_of(path, value, ["Never", "OnFailure"])
    }),
    ("concurrencyPolicy", |path, value| {
        one_of(path, value, ["Forbid", "Allow"])
    }),
    ("scheduledTime", time),
];

fn count(path: &str, value: &Value) -> Option<String> {
    let is_count = value.as_i64().is_some_and(|count| count >= 0);
    (!is_count).then(|| invalid(path, value, "must be an integer >= 0"))
}

fn one_of(path: &str, value: &Value, supported: [&str; 2]) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some(invalid(path, value, "must be a string"));
    };
    let is_one = text.is_empty() || supported.contains(&text);
    (!is_one).then(|| unsupported(path, text, supported))
}

fn time(path: &str, value: &Value) -> Option<String> {
    Time::read(value)
        .is_none()
        .then(|| invalid(path, value, "must be an RFC 3339 time"))
}

/// All that is invalid; empty if nothing is. A specification or a cluster that cannot be read leaves nothing else to check.
pub fn problems(observation: &Observation<'_>, is_stopped: bool) -> Vec<String> {
    let (task, targets) = (observation.task, &observation.targets);
    let spec = match (&task.spec, &observation.cluster) {
        (Err(wrong), _) | (_, ClusterState::Unreadable(wrong)) => return vec![wrong.clone()],
        (Ok(spec), _) => spec,
    };
    let mut problems: Vec<String> = cluster_problem(observation, spec).into_iter().collect();
    if let Some(cluster) = observation.cluster.known() {
        problems.extend(datacenter_problems(cluster, targets));
    }
    if spec.concurrency().is_none() {
        let policy = spec.dc_concurrency_policy.as_deref().unwrap_or_default();
        let path = "spec.dcConcurrencyPolicy";
        problems.push(unsupported(path, policy, ["Forbid", "Allow"]));
    }
    let template = template_problems(observation, spec);
    // One that is invalid by itself has changed, too: once is enough.
    problems.extend(if template.is_empty() {
        changes(observation, spec)
    } else {
        template
    });
    problems.extend(name_problems(task, targets));
    if !is_stopped {
        let targets = observation.targets();
        problems.extend(targets.filter_map(|target| name_conflict(observation, target)));
    }
    problems
}

fn cluster_problem(observation: &Observation<'_>, spec: &Spec) -> Option<String> {
    let path = "spec.cluster.name";
    let task = observation.task;
    let own = &task.metadata.namespace;
    let (name, namespace) = spec.cluster();
    if let Some(recorded) = task.started_cluster().filter(|it| it.name != name) {
        return Some(immutable(path, &json!(recorded.name), &json!(name)));
    }
    Some(match &observation.cluster {
        _ if name.is_empty() => required(path),
        _ if !names::is_object_name(name) => {
            invalid(path, &json!(name), "must be a DNS subdomain (RFC 1123)")
        }
        _ if !namespace.is_empty() && namespace != own => {
            let why = format!("must be the task's own namespace, {own}");
            invalid("spec.cluster.namespace", &json!(namespace), &why)
        }
        ClusterState::Replaced(recorded) => format!(
            "K8ssandraCluster {own}.{name} is not the one that this task was started for (uid {}), but a new one of that name: \
             create a new task",
            recorded.uid
        ),
        _ => return None,
    })
}

fn datacenter_problems(cluster: &Cluster, targets: &Targets) -> Vec<String> {
    let unknown = targets.unknown.iter();
    let unknown = unknown.map(|name| match cluster.called(name) {
        Some(declared) => format!("{name} (its object is {})", declared.name),
        None => name.clone(),
    });
    let named = format!("K8ssandraCluster {}.{}", cluster.namespace, cluster.name);
    let ambiguous = format!("{named} has duplicate datacenters");
    let lists = [
        ("unknown datacenters", &unknown.collect()),
        ("duplicate datacenters", &targets.duplicate),
        (&ambiguous, &targets.ambiguous),
    ];
    let lists = lists.into_iter();
    let lists = lists.filter(|(_, names): &(_, &Vec<String>)| !names.is_empty());
    let problems = lists.map(|(what, names)| format!("{what}: {}", names.join(", ")));
    let is_empty = cluster.datacenters.is_empty() && targets.unknown.is_empty();
    let empty = is_empty.then(|| format!("{named} has no datacenters"));
    problems.chain(empty).collect()
}

/// All that is invalid about a template.
fn template_problems(observation: &Observation<'_>, spec: &Spec) -> Vec<String> {
    let template = &spec.template;
    let jobs = template.get("jobs").unwrap_or(&Value::Null);
    let mut problems = match json::from_value::<Option<Vec<Object<Job>>>>(JOBS, jobs) {
        Ok(jobs) => job_problems(observation, &jobs.unwrap_or_default()),
        Err(wrong) => vec![wrong],
    };
    problems.extend(spec.ttl(observation.settings).err());
    problems.extend(FIELDS.iter().filter_map(|(name, check)| {
        let value = template.get(*name).filter(|value| !value.is_null())?;
        check(&format!("spec.template.{name}"), value)
    }));
    let unknown = spec::unknown_fields(template).join(", ");
    if !unknown.is_empty() {
        problems.push(format!("unknown fields: {unknown}"));
    }
    problems
}

fn job_problems(observation: &Observation<'_>, jobs: &[Object<Job>]) -> Vec<String> {
    let settings = observation.settings;
    let (count, most) = (jobs.len(), settings.max_jobs);
    let mut problems = Vec::new();
    if count == 0 {
        problems.push(required(JOBS));
    } else if usize::try_from(most).is_ok_and(|most| count > most) {
        let plural = if most == 1 { "" } else { "s" };
        problems.push(format!(
            "{JOBS}: Too many: {count}: must have at most {most} item{plural}"
        ));
    }
    for (index, Object(job)) in jobs.iter().enumerate() {
        let path = format!("{JOBS}[{index}]");
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
    let cluster = observation.cluster.known();
    let Some(cluster) = cluster.filter(|_| observation.targets.are_certain()) else {
        return Vec::new();
    };
    let targets = observation.targets.places.iter();
    let targets = targets.filter_map(|place| cluster.datacenter(&place.datacenter));
    let targets = targets.flat_map(|it| [Some(&it.name), it.cassandra_name.as_ref()]);
    let names: Vec<&String> = targets.flatten().collect();
    let is_target = |source: &&str| names.iter().any(|name| name == source);
    let is_stray = |pod: &&str| !pod.is_empty() && !names.iter().any(|it| is_in(it, pod));
    let stray = "by its name, this pod belongs to no datacenter of this task";
    let args = &job.args;
    let (field, wrong, why): (&str, Vec<&str>, &str) = match job.command.as_str() {
        "rebuild" => {
            let source = args["source_datacenter"].as_str().filter(is_target);
            let why = "is a target of this task, and would stream from itself; list the datacenters to rebuild";
            ("source_datacenter", source.into_iter().collect(), why)
        }
        "replacenode" => {
            let pod = args["pod_name"].as_str().filter(is_stray);
            ("pod_name", pod.into_iter().collect(), stray)
        }
        "move" => {
            let pods = json::fields(&args["new_tokens"]).map(|(pod, _)| pod.as_str());
            ("new_tokens", pods.filter(is_stray).collect(), stray)
        }
        _ => return Vec::new(),
    };
    let path = format!("{path}.args.{field}");
    let wrong = wrong.into_iter();
    wrong
        .map(|value| invalid(&path, &json!(value), why))
        .collect()
}

/// Whether a pod is of the datacenter of that name, which calls them `<cluster>-<datacenter>-<rack>-sts-<n>`, in the letters that
/// Kubernetes allows.
fn is_in(datacenter: &str, pod: &str) -> bool {
    let name = in_pod_names(datacenter);
    !name.is_empty() && pod.contains(&format!("-{name}-"))
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

/// What must stay as it was when the first CassandraTask was created: one task is one job.
fn changes(observation: &Observation<'_>, spec: &Spec) -> Vec<String> {
    let record = observation.task.own_record();
    let recorded = record.and_then(|record| record.template.clone());
    let recorded = recorded.or_else(|| of_a_child(observation));
    let Some(recorded) = recorded.filter(|_| observation.has_started()) else {
        return Vec::new();
    };
    spec::changes(&recorded, &spec::to_record(&spec.template))
}

/// The template as a CassandraTask has it: that of a task whose template was not recorded when it was started. What an older
/// definition of CassandraTasks has dropped is as the specification says.
pub fn of_a_child(observation: &Observation<'_>) -> Option<Map<String, Value>> {
    let children = observation.children.iter();
    let oldest = children.min_by_key(|child| (child.created(), child.name().to_owned()))?;
    let mut created = spec::to_record(oldest.spec()?);
    if let Ok(spec) = &observation.task.spec {
        for (name, value) in spec::to_record(&spec.template) {
            created.entry(name).or_insert(value);
        }
    }
    Some(created)
}

fn name_problems(task: &Task, targets: &Targets) -> Vec<String> {
    let labels = task.labels().into_iter();
    let labels = labels.filter(|(_, value)| !names::is_label_value(value));
    let labels = labels.map(|(label, value)| {
        format!("{value:?} is not a valid value of the label {label}: use a name of at most 63 characters")
    });
    let places = targets.places.iter().filter(|place| !place.is_possible());
    let places = places.map(|place| {
        let (namespace, name) = (&place.namespace, &place.name);
        format!("{namespace}.{name} is not a valid name for a CassandraTask")
    });
    labels.chain(places).collect()
}

/// A foreign object under the name of a target that is still to be created. One of a second controller is waited for while it
/// runs: nothing is invalid about the task then.
fn name_conflict(observation: &Observation<'_>, target: &Datacenter) -> Option<String> {
    let foreign = match (target.state, &target.found) {
        (State::Pending, Found::Foreign(it)) if !observation.is_conflict_at_work(it) => it,
        _ => return None,
    };
    let namespace = foreign.label(names::TASK_NAMESPACE_LABEL);
    let owner = namespace.zip(foreign.label(names::TASK_NAME_LABEL));
    let what = match owner {
        Some((namespace, name)) if !has_labels(observation.task, foreign) => {
            format!("belongs to K8ssandraTask {namespace}.{name}")
        }
        Some(_) if foreign.created_for().is_some() => {
            "was created by a previous K8ssandraTask with this name".to_owned()
        }
        _ => "already exists and is not managed by this K8ssandraTask".to_owned(),
    };
    let advice = delete_when_finished(foreign.progress.has_ended);
    Some(format!("CassandraTask {} {what}; {advice}", named(foreign)))
}
