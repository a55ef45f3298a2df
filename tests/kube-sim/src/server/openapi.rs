//! OpenAPI v3, as far as kubectl asks: that fields are validated by the server, and the schemas that `kubectl explain`
//! prints. What comes in is a path below `/openapi/v3`, what goes out is the document there.

use serde_json::{Map, Value, json};

use crate::store::kind::{Kind, Kinds};

/// The media type of [`V2`].
pub(crate) const V2_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// An OpenAPI v2 document without definitions, `swagger: "2.0"`. kubectl reads it for kinds that it finds in no v3
/// document, and would blame its absence rather than the kind.
pub(crate) const V2: &[u8] = b"\x0a\x032.0";

/// The document at a path; none where there is nothing.
pub(crate) fn document(kinds: &Kinds, path: &[&str], cluster: &str) -> Option<Value> {
    match path {
        [] => Some(index(kinds)),
        path => {
            let of_version: Vec<_> = kinds
                .all()
                .iter()
                .filter(|kind| root(kind) == path.join("/"))
                .collect();
            (!of_version.is_empty()).then(|| version(&of_version, cluster))
        }
    }
}

/// `api/v1`, `apis/control.k8ssandra.io/v1alpha1`.
fn root(kind: &Kind) -> String {
    let prefix = if kind.group.is_empty() { "api" } else { "apis" };
    format!("{prefix}/{}", kind.api_version())
}

fn index(kinds: &Kinds) -> Value {
    let paths: Map<_, _> = kinds
        .all()
        .iter()
        .map(|kind| {
            (
                root(kind),
                json!({"serverRelativeURL": format!("/openapi/v3/{}", root(kind))}),
            )
        })
        .collect();
    json!({"paths": paths})
}

fn version(kinds: &[&std::sync::Arc<Kind>], cluster: &str) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for kind in kinds {
        let scope = if kind.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        let path = format!("/{}/{scope}{}/{{name}}", root(kind), kind.plural);
        paths.insert(path, operations(kind));
        schemas.insert(schema_name(kind), schema(kind));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": format!("Simulated cluster {cluster}"), "version": "v1.34.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

/// kubectl looks here for the parameter `fieldValidation`, and checks fields itself where it is missing.
fn operations(kind: &Kind) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    let parameters = ["dryRun", "fieldManager", "fieldValidation"].map(parameter);
    let operation = |action: &str| {
        json!({
            "operationId": format!("{action}{}", kind.kind),
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk(kind),
        })
    };
    json!({"patch": operation("patch"), "put": operation("put"), "get": operation("get")})
}

fn gvk(kind: &Kind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

fn schema_name(kind: &Kind) -> String {
    let mut group: Vec<_> = kind
        .group
        .split('.')
        .filter(|part| !part.is_empty())
        .rev()
        .collect();
    group.extend([kind.version.as_str(), kind.kind.as_str()]);
    group.join(".")
}

fn schema(kind: &Kind) -> Value {
    let mut schema = kind
        .schema
        .clone()
        .unwrap_or_else(|| json!({"type": "object"}));
    schema["x-kubernetes-group-version-kind"] = json!([gvk(kind)]);
    schema
}
