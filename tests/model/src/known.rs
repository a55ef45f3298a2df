//! What is known not to hold yet, with the reason: to be emptied, never to be added to.
//!
//! Comes in: a configuration and a property that does not hold in it. Goes out: why that is known. A counterexample is printed
//! all the same; only the exit code and the tests let it pass.

use crate::config::Config;
use crate::laws::Law;

/// The host believes its caches after a write that it got no answer to. Until the watch speaks, a CassandraTask that was
/// created counts as absent, and a status that was written as not written. To be turned off, with `distrusts_silence` in
/// every configuration, once the host does not.
pub const UNTIL_THE_HOST_DISTRUSTS_SILENCE: bool = true;

/// Why a property is known not to hold in a configuration.
pub fn reason(config: &Config, property: &str) -> Option<&'static str> {
    let is = |law: Law| law.text() == property;
    let is_unseen = is(Law::OneAtATime) || is(Law::FinalizerStays);
    let may_believe = config.budget.faults > 0 && !config.distrusts_silence;
    if UNTIL_THE_HOST_DISTRUSTS_SILENCE && may_believe && (is_unseen || is(Law::NothingTwice)) {
        Some("the host believes its caches after a write without an answer")
    } else {
        None
    }
}
