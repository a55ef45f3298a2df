//! Discovery: what comes in is a path that names no resource, what goes out is the list of groups, versions or
//! resources that a client looks for there.

use serde_json::{Value, json};

use crate::store::kind::{Kind, Kinds};

/// The version that the cluster says it is: that of the API which it simulates.
const VERSION: (&str, &str) = ("1", "34");

/// The document at a path; none where there is nothing.
pub(crate) fn document(kinds: &Kinds, path: &[&str]) -> Option<Value> {
    match path {
        ["version"] => Some(version()),
        ["api"] => Some(
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
        ["api", version] => resources(kinds, "", version),
        ["apis"] => {
            let groups: Vec<_> = groups(kinds)
                .into_iter()
                .filter_map(|group| self::group(kinds, group))
                .collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        ["apis", name] => {
            let mut group = group(kinds, name)?;
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            Some(group)
        }
        ["apis", group, version] => resources(kinds, group, version),
        _ => None,
    }
}

fn version() -> Value {
    let (major, minor) = VERSION;
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{major}.{minor}.0-simulated"),
        "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

/// Each once, in the order of installation, without the core group.
fn groups(kinds: &Kinds) -> Vec<&str> {
    let mut groups = Vec::new();
    for kind in kinds.all() {
        if !kind.group.is_empty() && !groups.contains(&kind.group.as_str()) {
            groups.push(kind.group.as_str());
        }
    }
    groups
}

fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let mut versions: Vec<Value> = Vec::new();
    for kind in kinds
        .all()
        .iter()
        .filter(|kind| kind.group == name && !name.is_empty())
    {
        let version = json!({"groupVersion": kind.api_version(), "version": kind.version});
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let preferred = versions.first()?.clone();
    Some(json!({"name": name, "versions": versions, "preferredVersion": preferred}))
}

fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let served = kinds
        .all()
        .iter()
        .filter(|kind| kind.group == group && kind.version == version);
    let resources: Vec<_> = served.flat_map(|kind| resource(kind)).collect();
    if resources.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

/// A kind and its status subresource.
fn resource(kind: &Kind) -> Vec<Value> {
    let mut whole = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": ["delete", "get", "list", "patch", "create", "update", "watch"],
    });
    if !kind.short_names.is_empty() {
        whole["shortNames"] = json!(kind.short_names);
    }
    let status = kind.status.then(|| {
        json!({
            "name": format!("{}/status", kind.plural), "singularName": "", "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": ["get", "patch", "update"],
        })
    });
    [Some(whole), status].into_iter().flatten().collect()
}
