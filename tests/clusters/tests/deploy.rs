//! What `deploy/` holds can be installed as its README.md says: real API servers take every file as it is, down to the
//! last field, and the rights in it are those that are listed and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::authorization::v1::{ResourceRule, SelfSubjectRulesReview};
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use pilothouse_clusters::real::{self, Environment};
use serde_json::{Value, json};
use tokio::process::Command;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
const NAMESPACE: &str = "k8ssandra-operator";
const SERVICE_ACCOUNT: &str = "pilothouse";
const CONTROL: &str = "control";
const REMOTE: &str = "remote";

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
async fn every_component_can_be_switched_on() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    let copy = tempfile::tempdir()?;
    let deploy = copy.path().join("deploy");
    run(Command::new("cp").args(["-R", DEPLOY]).arg(&deploy), "cp").await?;
    let kustomization = deploy.join("kustomization.yaml");
    let text = fs::read_to_string(&kustomization)?;
    let components = fs::read_dir(deploy.join("components"))?.count();
    assert_eq!(text.matches("# - components/").count(), components);
    fs::write(
        &kustomization,
        text.replace("# - components/", "- components/"),
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
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let mounted = |name: &str| mounts.iter().any(|mount| mount["mountPath"] == name);
    assert!(
        mounted("/policies") && mounted("/etc/pilothouse"),
        "{mounts:?}"
    );
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

/// Two contexts, or none, said on standard error, where this machine has no API server or no kubectl.
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the output of the tests must see that they were skipped"
)]
async fn start_or_skip() -> Result<Option<Environment>> {
    let version = ["version", "--client"];
    let there = Command::new("kubectl").args(version).output().await.is_ok();
    if there {
        return real::start_or_skip(&[CONTROL, REMOTE]).await;
    }
    let required = std::env::var(real::REQUIRED).is_ok_and(|value| value == "1");
    ensure!(!required, "{}=1 and there is no kubectl", real::REQUIRED);
    eprintln!("skipped, for want of kubectl");
    Ok(None)
}

/// Installs everything as README.md says, with the stand-ins for what other operators install.
async fn install(environment: &Environment, deploy: &Path) -> Result<()> {
    let folder = |name: &str| deploy.join(name).display().to_string();
    for (context, manifests) in [(CONTROL, folder("")), (REMOTE, folder("remote"))] {
        environment.create_namespace(context, NAMESPACE).await?;
        let stand_ins = folder("crds/stand-ins");
        let create = ["create", "--validate=strict", "-f", &stand_ins];
        kubectl(environment, context, &create).await?;
        let apply = ["apply", "--validate=strict", "-k", &manifests];
        kubectl(environment, context, &apply).await?;
        let wait = "wait --for=condition=established crd --all --timeout=120s";
        kubectl(environment, context, &wait.split(' ').collect::<Vec<_>>()).await?;
    }
    Ok(())
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
    let options = KubeConfigOptions {
        context: Some(context.to_owned()),
        ..KubeConfigOptions::default()
    };
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
    let api: Api<SelfSubjectRulesReview> = Api::all(Client::try_from(config)?);
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

/// Runs kubectl as the administrator; what it printed.
async fn kubectl(environment: &Environment, context: &str, args: &[&str]) -> Result<String> {
    let mut command = Command::new("kubectl");
    command
        .arg("--kubeconfig")
        .arg(environment.admin_kubeconfig());
    command.args(["--context", context, "--namespace", NAMESPACE]);
    let what = format!("kubectl {} in context {context}", args.join(" "));
    run(command.args(args), &what).await
}

async fn run(command: &mut Command, what: &str) -> Result<String> {
    let output = command.kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("{what} could not be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} failed: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
