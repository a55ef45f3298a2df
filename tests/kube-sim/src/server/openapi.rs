//! OpenAPI v3, as far as `kubectl create` and `apply` ask: that fields are validated by the server. What comes in is a path
//! below `/openapi/v3`, what goes out is the document there, without schemas.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::store::kind::{Kind, Kinds};

/// The document at a path; none where there is nothing.
pub(crate) fn document(kinds: &Kinds, path: &[&str]) -> Option<Value> {
    let all = kinds.all().iter();
    if path.is_empty() {
        let url = |root| json!({"serverRelativeURL": format!("/openapi/v3/{root}")});
        let paths = all
            .map(|kind| root(kind))
            .map(|root| (root.clone(), url(root)));
        return Some(json!({"paths": paths.collect::<BTreeMap<_, _>>()}));
    }
    let path = path.join("/");
    let paths = all.filter(|kind| root(kind) == path).map(|kind| {
        let place = format!("/{path}/{}/{{name}}", kind.plural);
        (place, json!({"patch": patch(kind)}))
    });
    let paths: BTreeMap<_, _> = paths.collect();
    let info = json!({"title": "kube-sim", "version": "v1.34.0"});
    (!paths.is_empty()).then(|| json!({"openapi": "3.0.0", "info": info, "paths": paths}))
}

/// `api/v1`, `apis/control.k8ssandra.io/v1alpha1`.
fn root(kind: &Kind) -> String {
    let prefix = if kind.group.is_empty() { "api" } else { "apis" };
    format!("{prefix}/{}", kind.api_version())
}

/// kubectl looks here for the parameter `fieldValidation`, and checks fields itself where it is missing.
fn patch(kind: &Kind) -> Value {
    json!({
        "operationId": format!("patch{}", kind.kind),
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
    })
}
