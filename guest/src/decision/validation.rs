//! Rule 4, "specification invalid": all that is invalid, each in the words that Kubernetes itself uses.

use serde_json::{Value, json};

use super::deletion;
use super::job;
use crate::documents::cassandra_task::CassandraTask;
use crate::documents::cluster::Cluster;
use crate::documents::json::{immutable, invalid, required, unsupported};
use crate::documents::names;
use crate::documents::spec::{self, Spec};
use crate::documents::task::Task;
use crate::observation::datacenter::{Datacenter, Found, State};
use crate::observation::targets::{Targets, has_labels};
use crate::observation::{ClusterState, Observation};

/// All that is invalid; empty if nothing is. A specification or a cluster that cannot be read leaves nothing else to check.
pub fn problems(observation: &Observation<'_>, is_stopped: bool) -> Vec<String> {
    let task = observation.task;
    let spec = match (&task.spec, &observation.cluster) {
        (Err(wrong), _) | (_, ClusterState::Unreadable(wrong)) => return vec![wrong.clone()],
        (Ok(spec), _) => spec,
    };
    let mut problems: Vec<String> = cluster_problem(observation, spec).into_iter().collect();
    if let Some(cluster) = observation.cluster.known() {
        problems.extend(datacenter_problems(cluster, &observation.targets));
    }
    if spec.concurrency().is_none() {
        let policy = spec.dc_concurrency_policy.as_deref().unwrap_or_default();
        problems.push(unsupported(
            "spec.dcConcurrencyPolicy",
            policy,
            ["Forbid", "Allow"],
        ));
    }
    let template = job::problems(observation, spec);
    // One that is invalid by itself has changed, too: once is enough.
    problems.extend(if template.is_empty() {
        changes(observation, spec)
    } else {
        template
    });
    problems.extend(name_problems(task, &observation.targets));
    if !is_stopped {
        problems.extend(
            observation
                .targets()
                .filter_map(|target| name_conflict(observation, target)),
        );
    }
    problems
}

fn cluster_problem(observation: &Observation<'_>, spec: &Spec) -> Option<String> {
    let own = &observation.task.metadata.namespace;
    let (name, namespace) = spec.cluster();
    let recorded = observation
        .task
        .recorded_cluster()
        .filter(|_| observation.task.has_started());
    match recorded {
        Some(recorded) if recorded.name != name => {
            return Some(immutable(
                "spec.cluster.name",
                &json!(recorded.name),
                &json!(name),
            ));
        }
        _ if name.is_empty() => return Some(required("spec.cluster.name")),
        _ if !names::is_object_name(name) => {
            return Some(invalid(
                "spec.cluster.name",
                &json!(name),
                "must be a DNS subdomain (RFC 1123)",
            ));
        }
        _ if !namespace.is_empty() && namespace != own => {
            let why = format!("must be the task's own namespace, {own}");
            return Some(invalid("spec.cluster.namespace", &json!(namespace), &why));
        }
        _ => {}
    }
    let ClusterState::Replaced(recorded) = &observation.cluster else {
        return None;
    };
    Some(format!(
        "K8ssandraCluster {own}.{name} is not the one that this task was started for (uid {}), but a new one of that name: create \
         a new task",
        recorded.uid
    ))
}

fn datacenter_problems(cluster: &Cluster, targets: &Targets) -> Vec<String> {
    let unknown = targets
        .unknown
        .iter()
        .map(|name| match cluster.called(name) {
            Some(declared) => format!("{name} (its object is {})", declared.name),
            None => name.clone(),
        });
    let named = format!("K8ssandraCluster {}.{}", cluster.namespace, cluster.name);
    let lists = [
        ("unknown datacenters".to_owned(), unknown.collect()),
        (
            "duplicate datacenters".to_owned(),
            targets.duplicate.clone(),
        ),
        (
            format!("{named} has duplicate datacenters"),
            targets.ambiguous.clone(),
        ),
    ];
    let lists = lists
        .into_iter()
        .filter(|(_, names): &(_, Vec<String>)| !names.is_empty());
    let mut problems: Vec<String> = lists
        .map(|(what, names)| format!("{what}: {}", names.join(", ")))
        .collect();
    if cluster.datacenters.is_empty() && targets.unknown.is_empty() {
        problems.push(format!("{named} has no datacenters"));
    }
    problems
}

/// What must stay as it was when the first CassandraTask was created: one task is one job.
fn changes(observation: &Observation<'_>, spec: &Spec) -> Vec<String> {
    let recorded = observation
        .task
        .own_record()
        .and_then(|record| record.template.clone());
    let Some(recorded) = recorded
        .or_else(|| of_a_child(observation))
        .filter(|_| observation.has_started())
    else {
        return Vec::new();
    };
    spec::changes(&recorded, &spec::to_record(&spec.template))
}

/// The template as a CassandraTask has it: that of a task whose template was not recorded when it was started. What an older
/// definition of CassandraTasks has dropped is as the specification says.
pub fn of_a_child(observation: &Observation<'_>) -> Option<serde_json::Map<String, Value>> {
    let oldest = observation
        .children
        .iter()
        .min_by_key(|child| (child.created(), child.name().to_owned()));
    let mut created = spec::to_record(oldest?.spec()?);
    if let Ok(spec) = &observation.task.spec {
        for (name, value) in spec::to_record(&spec.template) {
            created.entry(name).or_insert(value);
        }
    }
    Some(created)
}

fn name_problems(task: &Task, targets: &Targets) -> Vec<String> {
    let labels = task
        .labels()
        .into_iter()
        .filter(|(_, value)| !names::is_label_value(value));
    let labels = labels.map(|(label, value)| {
        format!("{value:?} is not a valid value of the label {label}: use a name of at most 63 characters")
    });
    let places = targets.places.iter().filter(|place| !place.is_possible());
    let places = places.map(|place| {
        format!(
            "{}.{} is not a valid name for a CassandraTask",
            place.namespace, place.name
        )
    });
    labels.chain(places).collect()
}

/// A foreign object under the name of a target that is still to be created. One of a second controller is waited for while it
/// runs: nothing is invalid about the task then.
fn name_conflict(observation: &Observation<'_>, target: &Datacenter) -> Option<String> {
    let (State::Pending, Found::Foreign(foreign)) = (target.state, &target.found) else {
        return None;
    };
    (!observation.is_conflict_at_work(foreign)).then(|| conflict(observation.task, foreign))
}

fn conflict(task: &Task, foreign: &CassandraTask) -> String {
    let owner = foreign
        .label(names::TASK_NAMESPACE_LABEL)
        .zip(foreign.label(names::TASK_NAME_LABEL));
    let what = match owner {
        _ if has_labels(task, foreign) && foreign.created_for().is_some() => {
            "was created by a previous K8ssandraTask with this name".to_owned()
        }
        Some((namespace, name)) if !has_labels(task, foreign) => {
            format!("belongs to K8ssandraTask {namespace}.{name}")
        }
        _ => "already exists and is not managed by this K8ssandraTask".to_owned(),
    };
    let advice = if foreign.progress.has_ended {
        "it has finished: delete it"
    } else {
        "wait until it has finished, then delete it"
    };
    format!(
        "CassandraTask {} {what}; {advice}",
        deletion::named(foreign)
    )
}
