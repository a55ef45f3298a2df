//! What is known not to hold yet, with the reason: to be emptied, never to be added to.
//!
//! Comes in: a configuration and a property that does not hold in it. Goes out: why that is known. A counterexample is printed
//! all the same; only the exit code and the tests let it pass.

use crate::config::Config;
use crate::laws::Law;

/// After a write to the K8ssandraTask that got no answer, the host asks what became of it; where that gets no answer either, it
/// decides all the same, on its old copy. If the lost write recorded that a datacenter had begun, and its CassandraTask is
/// deleted meanwhile, it is begun once more: a plan that only creates has no write that would be refused as stale. To be
/// turned off once the host decides nothing while it is in doubt of the task itself; the model's host does not either then.
pub const UNTIL_THE_HOST_WAITS_WHEN_IN_DOUBT_OF_THE_TASK: bool = true;

/// Why a property is known not to hold in a configuration.
pub fn reason(config: &Config, property: &str) -> Option<&'static str> {
    let is_begun_again = Law::NothingTwice.text() == property;
    let may_happen = config.budget.faults > 1 && config.budget.child_deletions > 0;
    let is_known = UNTIL_THE_HOST_WAITS_WHEN_IN_DOUBT_OF_THE_TASK && is_begun_again && may_happen;
    is_known.then_some("the host decides on an old copy of the task when it is in doubt of it")
}
