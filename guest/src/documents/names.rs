//! The names that Kubernetes and the two operators agree on, and what Kubernetes accepts as a name or a label.

use crate::contract::Gvk;

/// The finalizer that keeps a K8ssandraTask until its CassandraTasks are gone.
pub const FINALIZER: &str = "control.k8ssandra.io/finalizer";
/// The source of the events.
pub const CONTROLLER: &str = "k8ssandratask-controller";
/// `apiVersion` of K8ssandraTasks and CassandraTasks.
pub const CONTROL_API: &str = "control.k8ssandra.io/v1alpha1";
/// `apiVersion` of K8ssandraClusters.
pub const CLUSTER_API: &str = "k8ssandra.io/v1alpha1";
/// The label with the name of the K8ssandraTask that a CassandraTask belongs to.
pub const TASK_NAME_LABEL: &str = "k8ssandra.io/task-name";
/// The label with its namespace.
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

const VERSION: &str = "v1alpha1";
const CONTROL_GROUP: &str = "control.k8ssandra.io";
const CLUSTER_GROUP: &str = "k8ssandra.io";

fn gvk(group: &str, kind: &str) -> Gvk {
    Gvk {
        group: group.to_owned(),
        version: VERSION.to_owned(),
        kind: kind.to_owned(),
    }
}

/// K8ssandraTask, the primary.
pub fn k8ssandra_task() -> Gvk {
    gvk(CONTROL_GROUP, "K8ssandraTask")
}

/// CassandraTask, one a datacenter.
pub fn cassandra_task() -> Gvk {
    gvk(CONTROL_GROUP, "CassandraTask")
}

/// K8ssandraCluster, which says what datacenters there are.
pub fn k8ssandra_cluster() -> Gvk {
    gvk(CLUSTER_GROUP, "K8ssandraCluster")
}

/// Whether Kubernetes accepts it as the name of an object (a DNS subdomain, RFC 1123).
pub fn is_object_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_label_of_any_length)
}

/// Whether Kubernetes accepts it as the name of a namespace (a DNS label, RFC 1123).
pub fn is_namespace_name(name: &str) -> bool {
    name.len() <= 63 && is_dns_label_of_any_length(name)
}

/// Whether Kubernetes accepts it as the value of a label.
pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || (value.len() <= 63 && is_qualified(value))
}

/// Whether Kubernetes accepts it as the key of a label: a name, with a DNS subdomain and a slash before it or not.
pub fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    prefix.is_none_or(is_object_name) && name.len() <= 63 && is_qualified(name)
}

fn is_dns_label_of_any_length(label: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    label.starts_with(plain)
        && label.ends_with(plain)
        && label.chars().all(|c| plain(c) || c == '-')
}

fn is_qualified(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(plain)
        && name.ends_with(plain)
        && name.chars().all(|c| plain(c) || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_versions_are_those_of_the_kinds() {
        for (gvk, api_version) in [
            (k8ssandra_task(), CONTROL_API),
            (cassandra_task(), CONTROL_API),
            (k8ssandra_cluster(), CLUSTER_API),
        ] {
            assert_eq!(format!("{}/{}", gvk.group, gvk.version), api_version);
        }
    }

    #[test]
    fn object_names() {
        for good in ["a", "task1-dc1", "a.b-c.9", &"a".repeat(253)] {
            assert!(is_object_name(good), "{good}");
        }
        for bad in [
            "",
            "A",
            "a_b",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a/b",
            "é",
            &"a".repeat(254),
        ] {
            assert!(!is_object_name(bad), "{bad}");
        }
    }

    #[test]
    fn namespaces_and_labels() {
        assert!(is_namespace_name("k8ssandra-operator"));
        assert!(!is_namespace_name("a.b"));
        assert!(!is_namespace_name(&"a".repeat(64)));
        for good in ["", "A.b_c-1", &"a".repeat(63)] {
            assert!(is_label_value(good), "{good}");
        }
        for bad in ["-a", "a b", "é", &"a".repeat(64)] {
            assert!(!is_label_value(bad), "{bad}");
        }
        for (key, good) in [
            ("team", true),
            ("example.com/team", true),
            ("", false),
            ("/a", false),
            ("a/b/c", false),
        ] {
            assert_eq!(is_label_key(key), good, "{key}");
        }
    }
}
