//! Rule 4, "specification wrong": everything that is wrong, each as a text for people. Nothing is created until the list
//! is empty.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::names;
use crate::resolution::Resolution;
use crate::settings::{KNOWN_COMMANDS, Settings};
use crate::situation::ClusterSight;
use crate::targets::{Datacenter, Sight, Stage};
use crate::task::{Spec, Task};
use crate::time::Time;
use crate::{finish, json};

/// The model for the CassandraTasks, where nothing is wrong; or else all that is. A specification that cannot be read, or
/// a cluster that cannot be used, leaves nothing else to check.
pub fn template<'a>(
    settings: &Settings,
    task: &'a Task,
    cluster: &ClusterSight,
    resolution: &Resolution,
    targets: &[Datacenter<'_>],
) -> Result<&'a Map<String, Value>, String> {
    let spec = match (&task.spec, cluster) {
        (Err(wrong), _) | (_, ClusterSight::Unusable(wrong)) => return Err(wrong.clone()),
        (Ok(spec), _) => spec,
    };
    let mut problems: Vec<String> = task.cluster().err().into_iter().collect();
    problems.extend(wrong_datacenters(cluster, resolution));
    problems.extend(wrong_policy(spec));
    problems.extend(wrong_template(settings, spec));
    problems.extend(wrong_names(task, resolution));
    problems.extend(strangers(targets));
    if problems.is_empty() {
        Ok(spec.template())
    } else {
        Err(problems.join("; "))
    }
}

fn wrong_datacenters(cluster: &ClusterSight, resolution: &Resolution) -> Vec<String> {
    let Some(cluster) = cluster.known() else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut list = |text: &str, names: &[String]| {
        if !names.is_empty() {
            problems.push(format!("{text}: {}", names.join(", ")));
        }
    };
    list("unknown datacenters", &resolution.unknown);
    list("datacenters listed twice", &resolution.twice);
    list(
        &format!(
            "K8ssandraCluster {} declares datacenters twice",
            cluster.name
        ),
        &resolution.ambiguous,
    );
    if cluster.datacenters.is_empty() && resolution.unknown.is_empty() {
        problems.push(format!(
            "K8ssandraCluster {} has no datacenters",
            cluster.name
        ));
    }
    problems
}

fn wrong_policy(spec: &Spec) -> Option<String> {
    let said = spec.dc_concurrency_policy.as_deref().unwrap_or_default();
    let is_wrong = spec.concurrency().is_none();
    is_wrong.then(|| format!("dcConcurrencyPolicy {said:?} is neither Forbid nor Allow"))
}

#[derive(Deserialize)]
struct Job {
    command: String,
    #[serde(rename = "name")]
    _name: String,
}

fn wrong_template(settings: &Settings, spec: &Spec) -> Vec<String> {
    let template = spec.template();
    if template.is_empty() {
        return vec!["spec.template is not set: it says what job to run".to_owned()];
    }
    let field = |name: &str| template.get(name).unwrap_or(&Value::Null);
    let mut problems = Vec::new();
    match json::from_value::<Option<Vec<json::Object<Job>>>>("spec.template.jobs", field("jobs")) {
        Ok(jobs) => problems.extend(wrong_jobs(settings, &jobs.unwrap_or_default())),
        Err(wrong) => problems.push(wrong),
    }
    problems.extend(finish::ttl(settings, spec).err());
    problems.extend(
        ["maxConcurrentPods", "retries"]
            .into_iter()
            .filter_map(|name| {
                let value = field(name);
                let is_right = value.is_null() || value.as_i64().is_some_and(|count| count >= 0);
                (!is_right).then(|| {
                    format!("spec.template.{name} is {value}: it must be an integer, 0 or more")
                })
            }),
    );
    let scheduled = field("scheduledTime");
    if !scheduled.is_null() && scheduled.as_str().and_then(Time::parse).is_none() {
        problems.push(format!(
            "spec.template.scheduledTime {scheduled} is not an RFC 3339 time"
        ));
    }
    problems
}

fn wrong_jobs(settings: &Settings, jobs: &[json::Object<Job>]) -> Vec<String> {
    if jobs.is_empty() {
        return vec!["no job: spec.template.jobs is empty".to_owned()];
    }
    let mut problems = Vec::new();
    if u32::try_from(jobs.len()).is_ok_and(|count| count > settings.max_jobs) {
        problems.push(format!(
            "too many jobs: spec.template.jobs has {}, and at most {} can be run",
            jobs.len(),
            settings.max_jobs
        ));
    }
    let unknown: Vec<&str> = jobs
        .iter()
        .map(|json::Object(job)| job.command.as_str())
        .filter(|command| !settings.allows(command))
        .collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = KNOWN_COMMANDS
            .into_iter()
            .chain(settings.extra_commands.iter().map(String::as_str))
            .collect();
        problems.push(format!(
            "unknown commands: {} (known: {})",
            unknown.join(", "),
            known.join(", ")
        ));
    }
    problems
}

fn wrong_names(task: &Task, resolution: &Resolution) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, value) in task.labels() {
        if !names::is_label_value(value) {
            problems.push(format!("{value:?} is not a valid value of the label {label}: use a name of at most 63 characters"));
        }
    }
    for place in &resolution.places {
        if place.reference().is_none() {
            problems.push(format!(
                "{}.{} is not a valid name for a CassandraTask",
                place.namespace, place.name
            ));
        }
    }
    problems
}

/// One in the way of a target that is done matters to nobody.
fn strangers(targets: &[Datacenter<'_>]) -> impl Iterator<Item = String> {
    targets.iter().filter_map(|target| match &target.sight {
        Sight::Stranger(place, owner) if target.stage != Some(Stage::Done) => {
            Some(format!("CassandraTask {place} belongs to {owner}"))
        }
        _ => None,
    })
}
