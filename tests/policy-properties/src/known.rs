//! What the policy can know of the CassandraTasks that k8ssandra-operator created for a task that it then left.

use k8ssandra_task_policy::contract::ObjectRef;
use serde_json::Value;

use crate::world::World;

impl World {
    /// Whether k8ssandra-operator has created it for the task.
    pub(crate) fn is_upstreams(&self, child: &Value) -> bool {
        let uid = child["metadata"]["uid"].as_str();
        uid.is_some_and(|uid| self.upstream.contains(uid))
    }

    /// Whether the policy can know of a CassandraTask. k8ssandra-operator creates one before it records it; until the policy
    /// has seen it, only its context knows.
    pub(crate) fn is_known(&self, (key, child): (&ObjectRef, &Value)) -> bool {
        !self.is_upstreams(child)
            || self.answers(key.context.as_deref())
            || self.status()["datacenters"][datacenter(key)].is_object()
    }

    /// What nobody has seen nor recorded is out of sight, and stays behind, where the record does not say that it may be there; or
    /// where there is none yet, once its datacenter is no target any more, or the cluster is not seen.
    pub(crate) fn forget_unseen(&mut self) {
        let is_seen = self.answers(None);
        let targets = if is_seen { self.targets() } else { Vec::new() };
        let record = self.own_record();
        let unobserved = record["unobserved"].as_array();
        let may_exist = |datacenter: &str| {
            let is_noted = unobserved.is_some_and(|it| it.iter().any(|name| name == datacenter));
            is_noted || (record.is_null() && targets.iter().any(|it| it == datacenter))
        };
        let upstreams = self.children().filter(|(_, it)| self.is_upstreams(it));
        let kept =
            upstreams.filter(|child| self.is_known(*child) || may_exist(datacenter(child.0)));
        let kept = kept.filter_map(|(_, it)| it["metadata"]["uid"].as_str());
        self.upstream = kept.map(str::to_owned).collect();
    }

    /// Whether the task records each of k8ssandra-operator's CassandraTasks, and says where it is, by its startTime or by the
    /// record: a cluster that is edited before that takes them out of sight.
    pub(crate) fn are_all_placed(&self) -> bool {
        let record = self.own_record();
        let is_placed = |(key, child): (&ObjectRef, &Value)| {
            let copy = &self.status()["datacenters"][datacenter(key)];
            let context = record["datacenters"][datacenter(key)]["context"].as_str();
            let is_by_start =
                copy["startTime"].is_string() && copy["startTime"] == child["status"]["startTime"];
            is_by_start || context.is_some() && context == key.context.as_deref()
        };
        let mut upstreams = self.children().filter(|(_, it)| self.is_upstreams(it));
        upstreams.all(is_placed)
    }

    /// Whether a CassandraTask that is created now is a second controller's, and not that of the controller which had the task
    /// before.
    pub(crate) fn is_in_charge(&self) -> bool {
        let record = self.own_record();
        let adopted = record["adopted"].as_str().and_then(|it| it.parse().ok());
        let recorded = self.status()["datacenters"].as_object();
        let began = self.is_held() || recorded.is_some_and(|it| !it.is_empty());
        match adopted {
            Some(adopted) => record["takenOver"] != true || self.servers.now > adopted,
            None => !began,
        }
    }

    /// The record of this very task.
    pub(crate) fn own_record(&self) -> Value {
        let text = self.task()["metadata"]["annotations"]["pilothouse.dev/record"].as_str();
        let record: Value = serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
        let is_own = record["task"]["uid"] == self.task()["metadata"]["uid"];
        if is_own { record } else { Value::Null }
    }
}

/// The datacenter whose CassandraTask has that key.
pub(crate) fn datacenter(key: &ObjectRef) -> &str {
    key.name.strip_prefix("task1-").unwrap_or_default()
}
