//! The laws that a plan must not break by what it is: what is known and the steps in, the law that is broken out.
//!
//! What is judged here is the decision, so what happens between it and the writes does not matter.

use pilothouse_core::plan::Step as Checked;

use super::Law;
use crate::clock;
use crate::facts::{Facts, Record};
use crate::host::ledger::is_refused_create;
use crate::plan::Step;
use crate::render::child_name;
use crate::state::{Child, MAX_DCS, Seen};
use crate::view::Known;

/// The law that these steps break.
pub fn broken(known: &Known, steps: &[(Checked, Step)]) -> Option<Law> {
    let forbid = !known.spec().allow;
    let creates = steps.iter().filter_map(|(_, step)| match step {
        Step::Create(dc) => Some(*dc),
        _ => None,
    });
    let mut statuses = steps.iter().filter_map(|(_, step)| match step {
        Step::Status(status) => Some(known.policy.facts(*status)),
        _ => None,
    });
    let is_creating = creates.clone().next().is_some();
    let may_run_beside = |dc| is_other_unobserved(known, dc) || is_other_at_work(known, dc);
    let is_any_left = (0..MAX_DCS).any(|dc| known.own(dc).is_some());
    let is_release = |(_, step): &(Checked, Step)| matches!(step, Step::Metadata(Some(false), ..));
    if forbid && is_creating && has_seen_failure(known) {
        Some(Law::NothingAfterAFailure)
    } else if forbid && creates.clone().any(may_run_beside) {
        Some(Law::OneAtATime)
    } else if is_any_left && steps.iter().any(is_release) {
        Some(Law::FinalizerStays)
    } else if forbid && is_creating && has_seen_conflict(known) {
        Some(Law::WaitsForSecond)
    } else if creates.clone().any(|dc| was_just_refused(known, dc)) {
        Some(Law::RetriesLater)
    } else if statuses.any(|after| aggregates_foreign(known, &after)) {
        Some(Law::AggregatesItsOwn)
    } else {
        None
    }
}

/// Whether a failure was seen or recorded, so that under Forbid nothing may be created. A target that is recorded as started and
/// known to be gone is lost, which is a failure too; one that is no target any more may go.
fn has_seen_failure(known: &Known) -> bool {
    let is_failure = |dc: usize| match (known.own(dc), known.view.seen[dc], known.facts.records[dc])
    {
        (Some(child), ..) => child.stage.has_failed(),
        (_, Seen::Known(None), Record::Started) if known.is_target(dc) => true,
        (.., record) => matches!(record, Record::Failed | Record::Lost),
    };
    known.facts.has_failed || (0..MAX_DCS).any(is_failure)
}

/// Whether another target is recorded and not known to be over, in a context that is unavailable.
fn is_other_unobserved(known: &Known, created: usize) -> bool {
    let is_open = |dc: usize| match known.facts.records[dc] {
        Record::None => known.is_creating(dc),
        record => record.rank() < Record::Done.rank(),
    };
    let others = known.config.dcs().filter(|dc| *dc != created);
    let mut others = others.filter(|dc| known.is_target(*dc));
    others.any(|dc| is_open(dc) && known.is_unavailable(dc))
}

/// Whether a CassandraTask of the task was seen at work in another datacenter.
fn is_other_at_work(known: &Known, created: usize) -> bool {
    let mut others = (0..MAX_DCS).filter(|dc| *dc != created);
    others.any(|dc| known.is_at_work(dc))
}

/// Whether a CassandraTask of a second controller was seen at work.
fn has_seen_conflict(known: &Known) -> bool {
    let mut seen = (0..MAX_DCS).filter_map(|dc| known.child(dc));
    seen.any(Child::is_conflict_at_work)
}

fn was_just_refused(known: &Known, dc: usize) -> bool {
    let failures = known.policy.failures.get(known.view.failures);
    let now = clock::now(known.view.clock);
    let mut refused = failures.iter().filter(|it| is_refused_create(it));
    refused.any(|it| it.object.name == child_name(dc) && it.last + 5_000 > now)
}

/// Whether a status records something of a CassandraTask that is not the task's.
fn aggregates_foreign(known: &Known, after: &Facts) -> bool {
    (0..MAX_DCS).any(|dc| {
        let (old, new) = (known.facts.records[dc], after.records[dc]);
        let is_news = old != new && new.rank() > Record::Known.rank();
        known.foreign(dc).is_some() && is_news
    })
}
