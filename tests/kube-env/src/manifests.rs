//! Objects from YAML into an API server: comes in text, goes out objects applied from the server's side, each under
//! the name that discovery gives its kind. Nothing is known here of any kind but custom resource definitions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiCapabilities, ApiResource, Discovery, Scope};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// How long a definition may take to be served.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(60);
const DISCOVERY_INTERVAL: Duration = Duration::from_millis(50);
/// Who the API server notes as the owner of the applied fields.
const FIELD_MANAGER: &str = "pilothouse-e2e";

/// The objects of a YAML text, which may have several documents.
pub(super) fn documents(text: &str) -> anyhow::Result<Vec<Value>> {
    // The default limits guard against hostile input; the definition of a large kind is beyond them.
    let options = serde_saphyr::options! { budget: None };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)?;
    for document in &documents {
        ensure!(
            document["kind"].is_string() && document["apiVersion"].is_string(),
            "not a Kubernetes object, for want of apiVersion and kind: {document}"
        );
    }
    Ok(documents)
}

/// The custom resource definitions in the YAML files of a folder.
pub(super) fn definitions(folder: &Path) -> anyhow::Result<Vec<CustomResourceDefinition>> {
    let mut found = Vec::new();
    for path in yaml_files(folder).with_context(|| format!("{} is unreadable", folder.display()))? {
        let read = || anyhow::Ok(documents(&fs::read_to_string(&path)?)?);
        for document in read().with_context(|| format!("{} is unreadable", path.display()))? {
            // Such folders also hold kustomizations and the like.
            if document["kind"] == "CustomResourceDefinition" {
                let definition = serde_json::from_value(document);
                found.push(definition.with_context(|| format!("in {}", path.display()))?);
            }
        }
    }
    ensure!(
        !found.is_empty(),
        "no custom resource definition in {}",
        folder.display()
    );
    Ok(found)
}

fn yaml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
    });
    paths.sort();
    Ok(paths)
}

/// Applies custom resource definitions, and waits until objects of theirs can be written and discovery lists them.
pub(super) async fn install(
    client: &Client,
    definitions: &[CustomResourceDefinition],
) -> anyhow::Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply(FIELD_MANAGER).force();
    for definition in definitions {
        let name = definition.name_any();
        let applied = api.patch(&name, &params, &Patch::Apply(definition)).await;
        applied.with_context(|| format!("the definition {name} was not accepted"))?;
    }
    for definition in definitions {
        let name = definition.name_any();
        let established = await_condition(api.clone(), &name, conditions::is_crd_established());
        timeout(ESTABLISH_LIMIT, established)
            .await
            .with_context(|| format!("the definition {name} is not established"))??;
    }
    let kinds: Vec<_> = definitions.iter().flat_map(served).collect();
    timeout(ESTABLISH_LIMIT, discovered(client, &kinds))
        .await
        .with_context(|| format!("discovery does not list all of {kinds:?}"))?
}

/// The kinds that a definition makes the API server serve.
fn served(definition: &CustomResourceDefinition) -> Vec<GroupVersionKind> {
    let spec = &definition.spec;
    let versions = spec.versions.iter().filter(|version| version.served);
    versions
        .map(|version| GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind))
        .collect()
}

async fn discovered(client: &Client, kinds: &[GroupVersionKind]) -> anyhow::Result<()> {
    loop {
        let discovery = Discovery::new(client.clone()).run_aggregated().await?;
        if kinds
            .iter()
            .all(|kind| discovery.resolve_gvk(kind).is_some())
        {
            return Ok(());
        }
        sleep(DISCOVERY_INTERVAL).await;
    }
}

/// Applies every object of a YAML text, in its order.
pub(super) async fn apply(client: &Client, text: &str) -> anyhow::Result<()> {
    let objects = documents(text)?;
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    for object in objects {
        let object: DynamicObject = serde_json::from_value(object)?;
        let name = object.name_any();
        let types = object.types.clone().unwrap_or_default();
        let kind = GroupVersionKind::try_from(&types)?;
        let Some(resource) = discovery.resolve_gvk(&kind) else {
            bail!(
                "{} {} is of a kind that is not served; install its definition first",
                types.kind,
                name
            );
        };
        let api = api_of(client, &object, &resource);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let applied = api.patch(&name, &params, &Patch::Apply(&object)).await;
        applied.with_context(|| format!("{} {name} was not accepted", types.kind))?;
    }
    Ok(())
}

/// Where an object belongs.
fn api_of(
    client: &Client,
    object: &DynamicObject,
    (resource, capabilities): &(ApiResource, ApiCapabilities),
) -> Api<DynamicObject> {
    match (&capabilities.scope, object.namespace()) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), resource),
        (Scope::Namespaced, Some(namespace)) => {
            Api::namespaced_with(client.clone(), &namespace, resource)
        }
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), resource),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITIONS: &str = include_str!("../../fixtures/harbour/definitions.yaml");

    #[test]
    fn a_text_may_have_several_documents_and_empty_ones() {
        let text = "---\napiVersion: v1\nkind: A\n---\n---\napiVersion: v1\nkind: B\n";
        let kinds: Vec<_> = documents(text)
            .unwrap()
            .iter()
            .map(|d| d["kind"].clone())
            .collect();
        assert_eq!(kinds, ["A", "B"]);
    }

    #[test]
    fn what_is_no_object_is_shown() {
        let error = documents("{apiVersion: v1, knid: A}").unwrap_err();
        assert!(error.to_string().contains("knid"), "{error}");
    }

    #[test]
    fn only_definitions_are_taken_from_a_folder_and_there_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let other = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
        fs::write(folder.path().join("kustomization.yaml"), other).unwrap();
        fs::write(folder.path().join("README.md"), "{").unwrap();
        let error = definitions(folder.path()).unwrap_err();
        assert!(
            error.to_string().contains("no custom resource definition"),
            "{error}"
        );

        fs::write(folder.path().join("boats.yaml"), DEFINITIONS).unwrap();
        let found = definitions(folder.path()).unwrap();
        let served: Vec<_> = found.iter().flat_map(served).collect();
        let kind = |kind| GroupVersionKind::gvk("harbour.test", "v1", kind);
        assert_eq!(served, [kind("Boat"), kind("Harbour")]);
    }
}
