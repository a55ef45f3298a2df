//! What the policy can know of the CassandraTasks that k8ssandra-operator created for a task that it then left.

use serde_json::Value;

use crate::children::Child;
use crate::simulation::Simulation;

impl Simulation {
    /// Whether k8ssandra-operator has created it for the task.
    pub(crate) fn is_upstreams(&self, child: Child<'_>) -> bool {
        self.upstream.contains(child.uid())
    }

    /// Whether the policy can know of a CassandraTask. k8ssandra-operator creates one before it records it; until the policy
    /// has seen it, only its context knows.
    pub(crate) fn is_known(&self, child: Child<'_>) -> bool {
        !self.is_upstreams(child)
            || self.answers(child.context)
            || self.status()["datacenters"][child.datacenter()].is_object()
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
        let upstreams = self.children().filter(|it| self.is_upstreams(*it));
        let kept = upstreams.filter(|it| self.is_known(*it) || may_exist(it.datacenter()));
        self.upstream = kept.map(|it| it.uid().to_owned()).collect();
    }

    /// Whether the task records each of k8ssandra-operator's CassandraTasks, and says where it is, by its startTime or by the
    /// record: a cluster that is edited before that takes them out of sight.
    pub(crate) fn are_all_placed(&self) -> bool {
        let record = self.own_record();
        let is_placed = |child: Child<'_>| {
            let copy = &self.status()["datacenters"][child.datacenter()];
            let context = record["datacenters"][child.datacenter()]["context"].as_str();
            let is_by_start =
                copy["startTime"].is_string() && copy["startTime"] == child.status()["startTime"];
            is_by_start || context.is_some() && context == child.context
        };
        let mut upstreams = self.children().filter(|it| self.is_upstreams(*it));
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
    pub fn own_record(&self) -> Value {
        let text = self.task()["metadata"]["annotations"]["pilothouse.dev/record"].as_str();
        let record: Value = serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
        let is_own = record["task"]["uid"] == self.task()["metadata"]["uid"];
        if is_own { record } else { Value::Null }
    }
}
