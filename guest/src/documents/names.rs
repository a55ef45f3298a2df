//! The names that Kubernetes and the two operators agree on, and what Kubernetes accepts as a name or a label.

use crate::contract::Gvk;

/// The finalizer that keeps a K8ssandraTask until its CassandraTasks are gone.
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";
pub const CONTROLLER: &str = "k8ssandratask-controller";
/// `apiVersion` of K8ssandraTasks and CassandraTasks.
pub const CONTROL_API: &str = "control.k8ssandra.io/v1alpha1";
/// `apiVersion` of K8ssandraClusters.
pub const CLUSTER_API: &str = "k8ssandra.io/v1alpha1";
/// The label with the name of the K8ssandraTask that a CassandraTask belongs to.
pub const TASK_NAME_LABEL: &str = "k8ssandra.io/task-name";
pub const TASK_NAMESPACE_LABEL: &str = "k8ssandra.io/task-namespace";
/// The labels that every CassandraTask of ours gets besides.
pub const COMMON_LABELS: [(&str, &str); 3] = [
    ("app.kubernetes.io/name", "k8ssandra-operator"),
    ("app.kubernetes.io/part-of", "k8ssandra"),
    ("app.kubernetes.io/component", "cassandra"),
];
/// The label by which cass-operator knows what it has started: it never starts a CassandraTask that is created with it.
pub const STATUS_LABEL: &str = "control.k8ssandra.io/status";
/// The annotation that the host writes on what it creates: the uid of the primary it was created for.
pub const CREATED_FOR: &str = "pilothouse.dev/created-for";
/// The annotation of a K8ssandraTask that holds the policy's record.
pub const RECORD: &str = "pilothouse.dev/record";
/// The annotation that held the contexts of the CassandraTasks before there was a record.
pub const CREATED_IN: &str = "pilothouse.dev/created-in";
/// The annotation by which a user gives up contexts that are gone for good: their names, separated by commas.
pub const ABANDON: &str = "pilothouse.dev/abandon";
/// How [`ABANDON`] names the control plane.
pub const CONTROL_PLANE: &str = "control-plane";
/// The label that Velero puts on what it restores.
pub const RESTORED_LABEL: &str = "velero.io/restore-name";

pub fn k8ssandra_task() -> Gvk {
    gvk(CONTROL_API, "K8ssandraTask")
}

pub fn cassandra_task() -> Gvk {
    gvk(CONTROL_API, "CassandraTask")
}

pub fn k8ssandra_cluster() -> Gvk {
    gvk(CLUSTER_API, "K8ssandraCluster")
}

fn gvk(api_version: &str, kind: &str) -> Gvk {
    let (group, version) = api_version.split_once('/').unwrap_or_default();
    Gvk {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    }
}

/// Whether Kubernetes accepts it as the name of an object (a DNS subdomain, RFC 1123).
pub fn is_object_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_label_of_any_length)
}

/// Whether Kubernetes accepts it as the name of a namespace (a DNS label, RFC 1123).
pub fn is_namespace_name(name: &str) -> bool {
    name.len() <= 63 && is_dns_label_of_any_length(name)
}

pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_label_name(value)
}

/// Whether Kubernetes accepts it as the key of a label: a name, with a DNS subdomain and a slash before it or not.
pub fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_object_name(prefix) && is_label_name(name),
        None => is_label_name(key),
    }
}

fn is_label_name(name: &str) -> bool {
    name.len() <= 63 && is_made_of(name, |c| c.is_ascii_alphanumeric(), "-_.")
}

fn is_dns_label_of_any_length(label: &str) -> bool {
    is_made_of(label, |c| c.is_ascii_lowercase() || c.is_ascii_digit(), "-")
}

/// Whether a text has plain characters only, and these others between them.
fn is_made_of(text: &str, plain: fn(char) -> bool, between: &str) -> bool {
    text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || between.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_valid: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(is_valid(text), "{text}");
        }
        for text in bad {
            assert!(!is_valid(text), "{text}");
        }
    }

    #[test]
    fn names_and_labels_are_as_kubernetes_demands() {
        let (longest, too_long) = (&"a".repeat(253), &"a".repeat(254));
        let bad = [
            "", "A", "a_b", "-a", "a-", "a..b", ".a", "a/b", "é", too_long,
        ];
        let good = ["a", "task1-dc1", "a.b-c.9", longest];
        check(is_object_name, &good, &bad);
        let (longest, too_long) = (&"a".repeat(63), &"a".repeat(64));
        check(is_namespace_name, &["a-b", longest], &["a.b", too_long]);
        let bad = ["-a", "a b", "é", too_long];
        check(is_label_value, &["", "A.b_c-1", longest], &bad);
        let good = ["team", "example.com/team"];
        check(is_label_key, &good, &["", "/a", "a/b/c"]);
    }
}
