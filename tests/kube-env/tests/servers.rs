//! The real API servers do what tests lean on: they keep contexts apart, serve custom kinds, delete what is owned,
//! hold service accounts to their rights, count requests, and leave nothing behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use kube::config::Kubeconfig;
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::runtime::wait::{await_condition, conditions};
use kube_env::{self as real, Environment};
use serde_json::json;
use tokio::time::timeout;

/// So that a test fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// Boats and harbours.
const DEFINITIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/harbour");

#[tokio::test]
async fn contexts_are_ready_and_apart() -> Result<()> {
    let Some(environment) = real::start_or_skip(&["one", "two"]).await? else {
        return Ok(());
    };
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: here}}";
    environment.apply("one", map).await?;
    assert_eq!(maps(&environment, "one").await?, ["here"]);
    assert!(maps(&environment, "two").await?.is_empty());

    let kubeconfig = Kubeconfig::read_from(environment.admin_kubeconfig())?;
    assert_eq!(kubeconfig.current_context.as_deref(), Some("one"));
    assert_eq!(kubeconfig.contexts.len(), 2);
    let error = environment.client("three").err().unwrap().to_string();
    assert!(error.contains("there are one, two"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_object_that_breaks_its_definition_is_refused_with_the_context() -> Result<()> {
    let Some(environment) = real::start_or_skip(&["one"]).await? else {
        return Ok(());
    };
    environment.install_crds(&[DEFINITIONS]).await?;
    let boat = "{apiVersion: harbour.test/v1, kind: Boat, metadata: {name: a}, spec: {name: a}}";
    environment.apply("one", boat).await?;
    let wrong = boat.replace("{name: a}}", "{name: a, sails: -1}}");
    let refused = environment.apply("one", &wrong).await.unwrap_err();
    let said = format!("{refused:#}");
    assert!(
        said.contains("in context one") && said.contains("spec.sails"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_owned_goes_with_its_owner_and_a_namespace_with_all_in_it() -> Result<()> {
    let Some(environment) = real::start_or_skip(&["one"]).await? else {
        return Ok(());
    };
    environment.install_crds(&[DEFINITIONS]).await?;
    environment.create_namespace("one", "harbour").await?;
    let owner =
        "{apiVersion: harbour.test/v1, kind: Boat, metadata: {name: heron, namespace: harbour}}";
    environment.apply("one", owner).await?;
    let api = boats(&environment, "harbour")?;
    let owner_uid = api.get("heron").await?.uid().unwrap();
    let owned = json!({
        "apiVersion": "harbour.test/v1",
        "kind": "Boat",
        "metadata": {"name": "dinghy", "namespace": "harbour", "ownerReferences": [
            {"apiVersion": "harbour.test/v1", "kind": "Boat", "name": "heron", "uid": owner_uid},
        ]},
    });
    environment.apply("one", &owned.to_string()).await?;
    let other = owner.replace("heron", "gull");
    environment.apply("one", &other).await?;

    let owned_uid = api.get("dinghy").await?.uid().unwrap();
    api.delete("heron", &DeleteParams::default()).await?;
    gone(api.clone(), "dinghy", &owned_uid).await?;

    let other_uid = api.get("gull").await?.uid().unwrap();
    let namespaces: Api<Namespace> = Api::all(environment.client("one")?);
    namespaces
        .delete("harbour", &DeleteParams::default())
        .await?;
    gone(api, "gull", &other_uid).await
}

#[tokio::test]
async fn a_service_account_may_do_what_its_role_says_and_is_counted() -> Result<()> {
    let Some(environment) = real::start_or_skip(&["one", "two"]).await? else {
        return Ok(());
    };
    let account = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: pilot, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: pilot, namespace: default}
rules:
- {apiGroups: [''], resources: [configmaps], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pilot, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pilot}
subjects:
- {kind: ServiceAccount, name: pilot, namespace: default}
";
    environment.apply("one", account).await?;
    let unknown = environment.operator_kubeconfig("one", &["two"], "default", "pilot");
    let error = format!("{:#}", unknown.await.unwrap_err());
    assert!(error.contains("default/pilot in context two"), "{error}");
    environment.apply("two", account).await?;

    let path = environment
        .operator_kubeconfig("two", &["one"], "default", "pilot")
        .await?;
    let current = Kubeconfig::read_from(&path)?.current_context;
    assert_eq!(current.as_deref(), Some("two"));
    let api: Api<ConfigMap> = Api::default_namespaced(real::client_of(&path, "one").await?);
    api.list(&ListParams::default()).await?;
    let refused = api.get("any").await.unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.code == 403),
        "{refused}"
    );

    let requests = counted(&environment, 2).await?;
    let seen: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request.verb.as_str(),
                request.resource.as_str(),
                request.code,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [("list", "configmaps", 200), ("get", "configmaps", 403)]
    );
    assert!(environment.requests("two", ":default:pilot")?.is_empty());
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_behind() -> Result<()> {
    let Some(environment) = real::start_or_skip(&["one"]).await? else {
        return Ok(());
    };
    let processes = environment.processes().await;
    let logs = environment.logs().to_path_buf();
    let data = environment
        .admin_kubeconfig()
        .parent()
        .unwrap()
        .to_path_buf();
    assert_eq!(processes.len(), 3, "{processes:?}");
    for (name, id) in &processes {
        assert!(runs(*id)?, "{name} does not run");
    }
    drop(environment);
    for (name, id) in &processes {
        assert!(!runs(*id)?, "{name} still runs");
    }
    assert!(!logs.exists() && !data.exists());
    Ok(())
}

fn boats(environment: &Environment, namespace: &str) -> Result<Api<DynamicObject>> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("harbour.test", "v1", "Boat"));
    let client = environment.client("one")?;
    Ok(Api::namespaced_with(client, namespace, &resource))
}

/// The names of the config maps of the default namespace, without that which every namespace gets.
async fn maps(environment: &Environment, context: &str) -> Result<Vec<String>> {
    let api: Api<ConfigMap> = Api::default_namespaced(environment.client(context)?);
    let list = timeout(PATIENCE, api.list(&ListParams::default())).await??;
    let names = list.items.iter().map(ConfigMap::name_any);
    Ok(names.filter(|name| name != "kube-root-ca.crt").collect())
}

async fn gone(api: Api<DynamicObject>, name: &str, uid: &str) -> Result<()> {
    let deleted = await_condition(api, name, conditions::is_deleted(uid));
    let waited = timeout(PATIENCE, deleted).await;
    waited.with_context(|| format!("{name} was not deleted"))??;
    Ok(())
}

/// The requests of the service account in context one, once there are as many: the log is written after the answer.
async fn counted(environment: &Environment, count: usize) -> Result<Vec<real::Request>> {
    let counting = async {
        loop {
            let requests = environment.requests("one", ":default:pilot")?;
            if requests.len() >= count {
                return Ok(requests);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, counting).await?
}

fn runs(process: u32) -> Result<bool> {
    let mut kill = Command::new("kill");
    kill.args(["-0", &process.to_string()])
        .stderr(Stdio::null());
    Ok(kill.status()?.success())
}
