//! `components/beside-k8ssandra-operator`: what k8ssandra-operator's account may still do, and what it may not.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use kube_env::Environment;

use crate::kubectl::{CONTROL, NAMESPACE, REMOTE, copy, kubectl, start_or_skip};
use crate::{DEPLOY, apply, install};

const COMPONENT: &str = "components/beside-k8ssandra-operator";
const OPERATOR: &str = "--as=system:serviceaccount:k8ssandra-operator:k8ssandra-operator";
const DENIED: &str = "ValidatingAdmissionPolicy";

/// A request, and which policy refuses it from k8ssandra-operator's account.
const REQUESTS: [(&str, Option<&str>); 10] = [
    (
        "annotate k8ssandratask task1 a=b",
        Some("pilothouse-k8ssandratasks"),
    ),
    (
        r#"patch k8ssandratask task1 --subresource=status --type=merge --patch={"status":{"active":1}}"#,
        Some("pilothouse-k8ssandratasks"),
    ),
    (
        "delete k8ssandratask task1",
        Some("pilothouse-k8ssandratasks"),
    ),
    (
        "delete k8ssandratasks --all",
        Some("pilothouse-k8ssandratasks"),
    ),
    (
        "create -f DEPLOY/components/beside-k8ssandra-operator/check.yaml",
        Some("pilothouse-cassandratasks"),
    ),
    ("create -f FOLDER/refresh.yaml", None),
    ("create -f FOLDER/marked.yaml", None),
    ("create -f FOLDER/unlabelled.yaml", None),
    ("annotate cassandratask other a=b", None),
    ("delete cassandratask other", None),
];

const OBJECTS: [(&str, &str); 4] = [
    (
        "refresh",
        "{apiVersion: control.k8ssandra.io/v1alpha1, kind: K8ssandraTask, metadata: {name: refresh-2-1}}",
    ),
    (
        "marked",
        "{apiVersion: control.k8ssandra.io/v1alpha1, kind: CassandraTask, metadata: {name: marked, \
         labels: {k8ssandra.io/task-name: task1}, annotations: {pilothouse.dev/created-for: uid}}}",
    ),
    (
        "unlabelled",
        "{apiVersion: control.k8ssandra.io/v1alpha1, kind: CassandraTask, metadata: {name: unlabelled}}",
    ),
    (
        "other",
        "{apiVersion: control.k8ssandra.io/v1alpha1, kind: CassandraTask, metadata: {name: other, \
         labels: {k8ssandra.io/task-name: other}}}",
    ),
];

#[tokio::test]
async fn the_policy_refuses_k8ssandra_operators_task_controller_alone() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    install(&environment, Path::new(DEPLOY)).await?;
    let folder = tempfile::tempdir()?;
    for (name, object) in OBJECTS {
        // What begins with a brace is JSON to kubectl.
        let path = folder.path().join(name).with_extension("yaml");
        std::fs::write(path, format!("---\n{object}\n"))?;
    }
    for context in [CONTROL, REMOTE] {
        prepare(&environment, context, folder.path()).await?;
        for (request, policy) in REQUESTS {
            let request = request.replace("DEPLOY", DEPLOY);
            let request = request.replace("FOLDER", &folder.path().display().to_string());
            let asked = ask(&environment, context, &request, &[OPERATOR]).await;
            match (policy, asked) {
                (None, Ok(_)) => {}
                (Some(policy), Err(error)) => {
                    let said = format!("{error:#}");
                    ensure!(said.contains(DENIED) && said.contains(policy), "{said}");
                }
                (_, asked) => ensure!(false, "{context}: {request}: {asked:?}"),
            }
            // Whoever else asks for the same gets it.
            ask(&environment, context, &request, &[]).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_account_is_a_parameter() -> Result<()> {
    let Some(environment) = start_or_skip().await? else {
        return Ok(());
    };
    let changed = tempfile::tempdir()?;
    let component = changed.path().join("component");
    let folder = format!("{DEPLOY}/{COMPONENT}");
    copy(&folder, &component).await?;
    let kustomization = component.join("kustomization.yaml");
    let text = std::fs::read_to_string(&kustomization)?;
    let username = OPERATOR.replace("--as=", "username=");
    ensure!(text.contains(&username), "{text}");
    std::fs::write(&kustomization, text.replace(&username, "username=kate"))?;
    let build = ["kustomize", &component.display().to_string()];
    let built = environment.kubectl().run(&build, "").await?;
    let conditions = built.matches("request.userInfo.username == 'kate'").count();
    ensure!(
        conditions == 2 && !built.contains("kind: ConfigMap"),
        "{built}"
    );
    Ok(())
}

/// Applies the component where k8ssandra-operator's account may do everything, and waits until it is in force.
async fn prepare(environment: &Environment, context: &str, folder: &Path) -> Result<()> {
    let account = OPERATOR.replace("--as=", "--user=");
    let bind = [
        "create",
        "clusterrolebinding",
        "other",
        "--clusterrole=cluster-admin",
        &account,
    ];
    kubectl(environment, context, &bind).await?;
    let other = folder.join("other.yaml").display().to_string();
    kubectl(environment, context, &["create", "-f", &other]).await?;
    let task = format!("{DEPLOY}/samples/task-restart.yaml");
    kubectl(environment, context, &["create", "-f", &task]).await?;
    apply(environment, context, &format!("{DEPLOY}/{COMPONENT}")).await?;
    for (request, policy) in REQUESTS {
        let request = request.replace("DEPLOY", DEPLOY);
        for _ in 0..100 {
            if policy.is_none()
                || ask(environment, context, &request, &[OPERATOR])
                    .await
                    .is_err()
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

/// Asks for a request without carrying it out.
async fn ask(
    environment: &Environment,
    context: &str,
    request: &str,
    more: &[&str],
) -> Result<String> {
    let mut args: Vec<_> = request.split(' ').collect();
    args.extend(["--namespace", NAMESPACE, "--dry-run=server"]);
    args.extend(more);
    kubectl(environment, context, &args).await
}
