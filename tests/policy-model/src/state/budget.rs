//! How much may still go wrong.
//!
//! Comes in: what a configuration allows. Goes out: whether there is any left, and the budget in words.

use std::fmt;

/// What may still go wrong: each kind of mischief has its own count, so that the space is finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Budget {
    /// Edits of the task's specification.
    pub edits: u8,
    /// Deletions of the task by people.
    pub deletions: u8,
    /// Deletions of CassandraTasks by people.
    pub child_deletions: u8,
    /// Changes of the cluster: datacenters that come and go, its deletion.
    pub cluster_changes: u8,
    /// Contexts that become unreachable.
    pub outages: u8,
    /// Contexts that are taken from the host.
    pub unregistrations: u8,
    /// Crashes of the host.
    pub crashes: u8,
    /// Writes that are refused though nothing is wrong, or whose answer is lost.
    pub faults: u8,
    /// Restarts of cass-operator that set another startTime.
    pub operator_restarts: u8,
    /// Restores of the task from a backup, without its status.
    pub restores: u8,
    /// CassandraTasks that a second controller creates.
    pub second_creates: u8,
}

/// Takes one from what is left; `None` if there is none.
pub fn pay(left: &mut u8) -> Option<()> {
    *left = left.checked_sub(1)?;
    Some(())
}

impl fmt::Display for Budget {
    /// "1 edits, 2 crashes".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.edits, "edits"),
            (self.deletions, "deletions of the task"),
            (self.child_deletions, "deletions of CassandraTasks"),
            (self.cluster_changes, "changes of the cluster"),
            (self.outages, "outages"),
            (self.unregistrations, "unregistrations"),
            (self.crashes, "crashes"),
            (self.faults, "faults"),
            (self.operator_restarts, "restarts of cass-operator"),
            (self.restores, "restores without the status"),
            (self.second_creates, "creates by a second controller"),
        ];
        let some = counts.into_iter().filter(|(count, _)| *count > 0);
        let texts: Vec<String> = some
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        f.write_str(&texts.join(", "))
    }
}
