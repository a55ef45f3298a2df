//! The CassandraTasks that k8ssandra-operator creates for a task, and the status that it puts together from theirs.

use serde_json::{Value, json};

/// The datacenters of a task with their contexts, in the order in which k8ssandra-operator works: a list from its end.
pub(super) fn targets(task: &Value, cluster: &Value) -> Vec<(String, String)> {
    let declared = cluster["spec"]["cassandra"]["datacenters"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let declared: Vec<_> = declared
        .into_iter()
        .flatten()
        .map(|datacenter| {
            (
                text(&datacenter["metadata"]["name"]),
                text(&datacenter["k8sContext"]),
            )
        })
        .collect();
    let Some(listed) = task["spec"]["datacenters"].as_array() else {
        return declared;
    };
    let find = |name: &Value| {
        let mut declared = declared.iter();
        declared.find(|(declared, _)| declared == name).cloned()
    };
    listed.iter().rev().filter_map(find).collect()
}

/// The name of a datacenter's CassandraTask.
pub(super) fn name(task: &Value, datacenter: &str) -> String {
    let task = task["metadata"]["name"].as_str().unwrap_or_default();
    format!("{task}-{datacenter}")
}

/// A CassandraTask, with labels and no annotation.
pub(super) fn child(task: &Value, datacenter: &str, namespace: &str) -> Value {
    let mut spec = task["spec"]["template"].clone();
    spec["datacenter"] = json!({ "name": datacenter, "namespace": namespace });
    spec["ttlSecondsAfterFinished"] = json!(0);
    json!({
        "apiVersion": "control.k8ssandra.io/v1alpha1",
        "kind": "CassandraTask",
        "metadata": {
            "name": name(task, datacenter),
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "k8ssandra-operator",
                "app.kubernetes.io/part-of": "k8ssandra",
                "app.kubernetes.io/component": "cassandra",
                "k8ssandra.io/task-name": task["metadata"]["name"],
                "k8ssandra.io/task-namespace": task["metadata"]["namespace"],
            },
        },
        "spec": spec,
    })
}

/// Whether a task that has a completion time is to be deleted by now.
pub(super) fn is_expired(task: &Value) -> bool {
    let end = task["status"]["completionTime"].as_str();
    let Some(end) = end.and_then(|end| end.parse::<jiff::Timestamp>().ok()) else {
        return false;
    };
    let ttl = &task["spec"]["template"]["ttlSecondsAfterFinished"];
    let ttl = ttl.as_i64().unwrap_or(86_400);
    ttl > 0 && jiff::Timestamp::now().as_second() > end.as_second() + ttl
}

/// Times, counts and conditions of the task, from the copies in its status.
pub(super) fn aggregate(status: &mut Value, task: &Value, cluster: &Value) {
    let targets = targets(task, cluster);
    let copies: Vec<Value> = targets
        .iter()
        .map(|(name, _)| status["datacenters"][name].clone())
        .collect();
    for count in ["active", "succeeded", "failed"] {
        let sum: i64 = copies.iter().filter_map(|copy| copy[count].as_i64()).sum();
        status[count] = sum.into();
    }
    let times = |field: &str| {
        let times = copies.iter().map(|copy| copy[field].as_str());
        times
            .map(|time| time.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    if let Some(first) = times("startTime").into_iter().flatten().min() {
        status["startTime"] = first.into();
    }
    let ends: Option<Vec<_>> = times("completionTime").into_iter().collect();
    if let Some(last) = ends.and_then(|ends| ends.into_iter().max()) {
        status["completionTime"] = last.into();
    }
    let any = |kind: &str| copies.iter().any(|copy| has_condition(copy, kind));
    let all = |kind: &str| copies.iter().all(|copy| has_condition(copy, kind));
    let conditions = [
        ("Running", any("Running")),
        ("Failed", any("Failed")),
        ("Complete", all("Complete")),
    ];
    for (kind, is_true) in conditions {
        set_condition(status, kind, is_true);
    }
}

/// Sets a condition; the others stay as they are.
pub(super) fn set_condition(status: &mut Value, kind: &str, is_true: bool) {
    let wanted = if is_true { "True" } else { "False" };
    let mut conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    if conditions
        .iter()
        .any(|found| found["type"] == kind && found["status"] == wanted)
    {
        return;
    }
    conditions.retain(|found| found["type"] != kind);
    conditions.push(json!({
        "type": kind, "status": wanted, "reason": kind, "message": "",
        "lastTransitionTime": jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
    }));
    status["conditions"] = conditions.into();
}

/// Whether a status has this condition as True.
pub(super) fn has_condition(status: &Value, kind: &str) -> bool {
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
}
