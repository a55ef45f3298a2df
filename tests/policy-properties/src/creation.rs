//! What must hold at the moment when the CassandraTask of a datacenter is created, and when the finalizer is taken off: a panic
//! where a law is broken. It goes by what the policy can see and has recorded, not by what is hidden from it.

use k8ssandra_task_policy::contract::ObjectRef;
use serde_json::Value;

use crate::children::Child;
use crate::laws::{find, has_ended, is_blank, is_true};
use crate::objects::datacenters;
use crate::simulation::Simulation;

impl Simulation {
    pub(crate) fn assert_may_begin(&self, datacenter: &str) {
        assert!(!self.is_being_deleted(), "{datacenter} is begun in the end");
        assert!(!self.is_restored, "{datacenter} is begun after a restore");
        self.assert_adopted();
        self.assert_not_begun(datacenter);
        let record = self.record(datacenter);
        let is_recorded = record.is_object() || self.is_first_create(datacenter);
        assert!(
            is_recorded && is_blank(record),
            "{datacenter} is created again, or not recorded before: {record}"
        );
        let is_cancelled = find(self.status(), "Failed").is_some_and(|failed| {
            failed["status"] == "True" && failed["reason"] == "RemainingCancelled"
        });
        assert!(!is_cancelled, "{datacenter} was cancelled, and is begun");
        if self.is_forbidden() {
            assert!(
                self.unfinished() == 0,
                "{datacenter} is begun beside another one: {:#?}",
                self.tasks()
            );
            self.assert_no_failure(datacenter);
            self.assert_its_turn(datacenter);
        }
    }

    /// Nothing is run twice, whoever has begun it.
    fn assert_not_begun(&self, datacenter: &str) {
        let has_begun = self.begun.contains(datacenter);
        assert!(!has_begun, "{datacenter} has begun before");
        let mut known = self.own_children().filter(|it| self.is_known(*it));
        let exists = known.any(|it| it.datacenter() == datacenter);
        assert!(!exists, "{datacenter} is begun twice: {:#?}", self.tasks());
    }

    /// The earlier ones are over.
    fn assert_its_turn(&self, datacenter: &str) {
        let targets = self.targets();
        let earlier = targets.iter().take_while(|it| *it != datacenter);
        for other in earlier {
            let child = self.own_child(other);
            let is_over =
                has_ended(self.record(other)) || child.is_some_and(|it| self.has_ever_ended(it));
            assert!(is_over, "{datacenter} is begun before {other}");
        }
    }

    /// It is the child of a cluster that is seen and stays, and will be cleaned up after.
    fn assert_adopted(&self) {
        assert!(self.is_held(), "begun without the finalizer");
        assert!(self.answers(None), "begun with the cluster unseen");
        let cluster = &self.cluster().unwrap()["metadata"];
        assert!(cluster["deletionTimestamp"].is_null(), "begun in the end");
        let owners = self.task()["metadata"]["ownerReferences"].as_array();
        let is_owned = owners.is_some_and(|it| it.iter().any(|it| it["uid"] == cluster["uid"]));
        assert!(is_owned, "begun without an owner: {owners:?}");
    }

    /// A task takes along all that was created for it, where that can be known.
    pub(crate) fn assert_may_go(&self) {
        assert!(self.is_being_deleted(), "it is let go, and is not deleted");
        let mut left = self.own_children();
        let is_left = left.any(|it| self.servers.is_registered(it.context));
        assert!(!is_left, "left behind: {:#?}", self.tasks());
    }

    /// Nothing is deleted but a CassandraTask of the task, and only in the end.
    pub(crate) fn assert_may_delete(&self, key: &ObjectRef) {
        assert!(self.is_being_deleted(), "deleted: {key:?}");
        let is_own = self.own_children().any(|own| own.key() == *key);
        assert!(is_own, "not its own is deleted: {key:?}");
    }

    /// Under Forbid a failure cancels the remaining.
    fn assert_no_failure(&self, datacenter: &str) {
        let status = self.status();
        assert!(
            !is_true(status, "Failed"),
            "{datacenter} is begun after a failure: {status:#}"
        );
        for other in self.datacenters() {
            assert!(
                !self.is_seen_to_fail(&other),
                "{datacenter} is begun after {other} failed: {:#?}",
                self.tasks()
            );
            assert!(
                !self.is_seen_to_be_lost(&other),
                "{datacenter} is begun after {other} was lost: {status:#}"
            );
        }
    }

    /// Those of the task that are targets, or were.
    fn datacenters(&self) -> Vec<String> {
        let mut names = self.declared_names();
        let recorded = self.status()["datacenters"].as_object();
        names.extend(recorded.into_iter().flatten().map(|(name, _)| name.clone()));
        names
    }

    fn declared_names(&self) -> Vec<String> {
        let declared = self.cluster().into_iter().flat_map(datacenters);
        let names = declared.filter_map(|it| it["metadata"]["name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// Those that the specification asks for, in their order.
    pub(crate) fn targets(&self) -> Vec<String> {
        let declared = self.declared_names();
        let listed = self.task()["spec"]["datacenters"].as_array();
        let Some(listed) = listed.filter(|it| !it.is_empty()) else {
            return declared;
        };
        let listed = listed.iter().filter_map(Value::as_str).map(str::to_owned);
        listed.filter(|it| declared.contains(it)).collect()
    }

    /// Its CassandraTask says so, or what is recorded of it does where that says nothing or is not seen.
    fn is_seen_to_fail(&self, datacenter: &str) -> bool {
        let seen = self.own_child(datacenter).filter(|_| self.sees(datacenter));
        let status = seen.map(Child::status);
        let status = status.filter(|status| status.is_object());
        is_true(status.unwrap_or(self.record(datacenter)), "Failed")
    }

    /// It is a target that had begun and not ended, and its context says that nothing is there.
    fn is_seen_to_be_lost(&self, datacenter: &str) -> bool {
        let record = self.record(datacenter);
        let had_begun = !is_blank(record) && !has_ended(record);
        let is_absent = self.sees(datacenter) && self.at(datacenter).is_none();
        self.targets().iter().any(|it| it == datacenter) && had_begun && is_absent
    }

    /// Whether the annotation lists it among those that the first creates are for.
    fn is_first_create(&self, datacenter: &str) -> bool {
        let record = self.own_record();
        let creating = record["creating"].as_array();
        creating.is_some_and(|names| names.iter().any(|name| name == datacenter))
    }

    fn record(&self, datacenter: &str) -> &Value {
        &self.status()["datacenters"][datacenter]
    }

    /// Whether the context that the cluster declares for it answers, and shows what is there.
    fn sees(&self, datacenter: &str) -> bool {
        let context = self.home(datacenter);
        let is_late = self.servers.lagging.contains(&context.map(str::to_owned));
        context.is_some() && self.answers(context) && !is_late
    }
}
