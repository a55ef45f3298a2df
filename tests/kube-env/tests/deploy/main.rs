//! What `deploy/` holds can be installed as its README.md says: real API servers take every file as it is, down to the
//! last field, and the rights in it are those that are listed and no others.

mod beside;
mod kubectl;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::authorization::v1::{ResourceRule, SelfSubjectRulesReview};
use kube::api::{Api, PostParams};
use kube_env::{Environment, client_of};
use serde_json::{Value, json};

use kubectl::{CONTROL, NAMESPACE, REMOTE, copy, kubectl, start_or_skip};

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
const SERVICE_ACCOUNT: &str = "pilothouse";
/// The definition that k8ssandra-operator owns where it is installed.
const TASKS: &str = "crds/control.k8ssandra.io_k8ssandratasks.yaml";
const CLUSTERS: &str = "overlays/standalone/k8ssandra.io_k8ssandraclusters.yaml";
/// That of cass-operator.
const CASSANDRA_TASKS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../fixtures/crds/control.k8ssandra.io_cassandratasks.yaml"
);

#[tokio::test]
async fn every_manifest_and_sample_is_taken_field_by_field() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    install(&environment, Path::new(DEPLOY)).await?;
    for sample in samples()? {
        let sample = sample.display().to_string();
        let create = ["create", "--validate=strict", "-f", &sample];
        kubectl(&environment, CONTROL, &create).await?;
        let listed = kubectl(&environment, CONTROL, &["get", "k8ssandratasks"]).await?;
        if let Some(header) = listed.lines().next() {
            let columns: Vec<_> = header.split_whitespace().collect();
            let expected = ["NAME", "JOB", "SCHEDULED", "STARTED", "COMPLETED"];
            assert_eq!(columns, expected, "{sample}");
        }
        // Several of them have the same name, as they have on the page.
        let delete = ["delete", "-f", &sample];
        kubectl(&environment, CONTROL, &delete).await?;
    }
    Ok(())
}

#[tokio::test]
async fn only_the_standalone_overlay_has_definitions() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    let folder = |name: &str| Path::new(DEPLOY).join(name).display().to_string();
    environment.create_namespace(CONTROL, NAMESPACE).await?;
    kubectl(&environment, CONTROL, &["create", "-f", CASSANDRA_TASKS]).await?;
    let applied = apply(&environment, CONTROL, &folder("")).await?;
    assert_eq!(definitions(&applied), Vec::<&str>::new());
    let applied = apply(&environment, CONTROL, &folder("overlays/standalone")).await?;
    let expected = [
        "k8ssandraclusters.k8ssandra.io created",
        "k8ssandratasks.control.k8ssandra.io created",
    ];
    assert_eq!(definitions(&applied), expected);
    assert!(applied.contains("deployment.apps/pilothouse"), "{applied}");
    let sample = folder("samples/task-restart.yaml");
    let create = ["create", "--validate=strict", "-f", &sample];
    kubectl(&environment, CONTROL, &create).await?;
    Ok(())
}

/// What kubectl has done with definitions.
fn definitions(applied: &str) -> Vec<&str> {
    let prefix = "customresourcedefinition.apiextensions.k8s.io/";
    let lines = applied.lines();
    lines.filter_map(|line| line.strip_prefix(prefix)).collect()
}

#[tokio::test]
async fn every_component_can_be_switched_on() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    let changed = tempfile::tempdir()?;
    let deploy = changed.path().join("deploy");
    copy(DEPLOY, &deploy).await?;
    let kustomization = deploy.join("control-plane/kustomization.yaml");
    let text = fs::read_to_string(&kustomization)?;
    let components = fs::read_dir(deploy.join("components"))?.count();
    assert_eq!(text.matches("# - ../components/").count(), components);
    fs::write(
        &kustomization,
        text.replace("# - ../components/", "- ../components/"),
    )?;

    install(&environment, &deploy).await?;
    let get = ["get", "deployment", "pilothouse", "-o", "json"];
    let deployment: Value = serde_json::from_str(&kubectl(&environment, CONTROL, &get).await?)?;
    let pod = &deployment["spec"]["template"]["spec"];
    let args = strings(&pod["containers"][0]["args"]);
    for arg in [
        "--policy=/policies/k8ssandra-task.wasm",
        "--kubeconfig=/etc/pilothouse/kubeconfig",
        "--remote=kind-k8ssandra-1",
        "--remote=kind-k8ssandra-2",
    ] {
        assert!(args.contains(arg), "{arg} is not in {args:?}");
    }
    let mounts = pod["containers"][0]["volumeMounts"].to_string();
    let mounted = ["/policies", "/etc/pilothouse"];
    assert!(mounted.iter().all(|path| mounts.contains(path)), "{mounts}");
    let get = ["get", "validatingadmissionpolicies", "-o", "name"];
    let policies = kubectl(&environment, CONTROL, &get).await?;
    assert_eq!(policies.lines().count(), 2, "{policies}");
    Ok(())
}

#[tokio::test]
async fn the_rights_are_those_of_the_readme_and_no_others() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    install(&environment, Path::new(DEPLOY)).await?;
    let kubeconfig = environment
        .operator_kubeconfig(CONTROL, &[REMOTE], NAMESPACE, SERVICE_ACCOUNT)
        .await?;
    let cassandratasks = "control.k8ssandra.io/cassandratasks create delete get list watch";
    let control = [
        "control.k8ssandra.io/k8ssandratasks delete get list patch watch",
        "control.k8ssandra.io/k8ssandratasks/status patch",
        cassandratasks,
        "k8ssandra.io/k8ssandraclusters get list watch",
        "k8ssandra.io/k8ssandraclusters/finalizers update",
        "events.k8s.io/events create patch",
    ];
    for (context, expected) in [(CONTROL, &control[..]), (REMOTE, &[cassandratasks])] {
        let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(rights(&kubeconfig, context).await?, expected, "{context}");
    }
    Ok(())
}

/// Installs everything as README.md says, where k8ssandra-operator and cass-operator have installed their definitions.
async fn install(environment: &Environment, deploy: &Path) -> Result<()> {
    let folder = |name: &str| deploy.join(name).display().to_string();
    for (context, manifests) in [(CONTROL, folder("")), (REMOTE, folder("remote"))] {
        environment.create_namespace(context, NAMESPACE).await?;
        for definition in [&folder(TASKS), &folder(CLUSTERS), CASSANDRA_TASKS] {
            let create = ["create", "--validate=strict", "-f", definition];
            kubectl(environment, context, &create).await?;
        }
        apply(environment, context, &manifests).await?;
    }
    Ok(())
}

/// Applies a kustomization, and waits until all kinds are served.
async fn apply(environment: &Environment, context: &str, folder: &str) -> Result<String> {
    let apply = ["apply", "--validate=strict", "-k", folder];
    let applied = kubectl(environment, context, &apply).await?;
    let wait = "wait --for=condition=established crd --all --timeout=120s";
    kubectl(environment, context, &wait.split(' ').collect::<Vec<_>>()).await?;
    Ok(applied)
}

fn samples() -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(Path::new(DEPLOY).join("samples"))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    ensure!(!paths.is_empty(), "there are no samples");
    Ok(paths)
}

/// What a service account may do to objects, as the API server itself sums it up: `GROUP/RESOURCE VERB...`.
async fn rights(kubeconfig: &Path, context: &str) -> Result<BTreeSet<String>> {
    let api: Api<SelfSubjectRulesReview> = Api::all(client_of(kubeconfig, context).await?);
    let question = serde_json::from_value(json!({"spec": {"namespace": NAMESPACE}}))?;
    let answer = api.create(&PostParams::default(), &question).await?;
    let status = answer.status.context("the answer has no status")?;
    Ok(status.resource_rules.into_iter().flat_map(lines).collect())
}

/// A rule as a line for each resource; none for the questions about oneself that everybody may ask.
fn lines(rule: ResourceRule) -> Vec<String> {
    let (groups, resources) = (rule.api_groups, rule.resources);
    let (groups, resources) = (groups.unwrap_or_default(), resources.unwrap_or_default());
    let mut verbs = rule.verbs;
    verbs.sort();
    let everybodys = ["authorization.k8s.io", "authentication.k8s.io"];
    let groups = groups
        .iter()
        .filter(|group| !everybodys.contains(&group.as_str()));
    let line = |group, resource| format!("{group}/{resource} {}", verbs.join(" "));
    groups
        .flat_map(|group| resources.iter().map(move |resource| (group, resource)))
        .map(|(group, resource)| line(group, resource))
        .collect()
}

fn strings(list: &Value) -> BTreeSet<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}
