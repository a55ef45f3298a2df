//! What the host's caches show of the world.
//!
//! Comes in: what a list, a watch or the answer to a write says. Goes out: the caches after it. A context whose watch is lost
//! shows nothing until it is listed again, whatever an answer says of it. Nothing is decided or written here.

use crate::state::{Child, Dc, Seen, State, Task};

/// What an API server answered, to be shown by the caches.
pub(super) enum Answer {
    /// What is under the CassandraTask's name in a datacenter.
    Child(usize, Option<Child>),
    /// The CassandraTask with this uid is gone.
    ChildGone(usize, u8),
    /// The K8ssandraTask as it is.
    Task(Task),
    /// This incarnation of the K8ssandraTask is gone.
    TaskGone(u8),
}

/// The host's own writes show at once; it does not wait for the watch to show them.
pub(super) fn overlay(next: &mut State, answer: Answer) {
    match answer {
        Answer::Child(dc, child) => overlay_context(&mut next.dcs[dc], |_| child),
        Answer::ChildGone(dc, birth) => overlay_context(&mut next.dcs[dc], |seen| {
            seen.filter(|child| child.birth != birth)
        }),
        Answer::Task(task) => next.host.task = Some(task),
        Answer::TaskGone(incarnation) => {
            let is_other = |task: &Task| task.incarnation != incarnation;
            next.host.task = next.host.task.filter(is_other);
        }
    }
}

/// The host sees the K8ssandraTask as it is. Of an earlier one of that name it remembers nothing that has failed.
pub fn see_task(next: &mut State) {
    let known = next.host.task.map(|task| task.incarnation);
    let is_news = next.host.task != next.task;
    next.host
        .plan
        .iter_mut()
        .for_each(|exec| exec.seen |= is_news);
    next.host.task = next.task;
    if next
        .task
        .is_some_and(|task| known != Some(task.incarnation))
    {
        next.host.failures = 0;
    }
}

/// Changes what is known of a context, if anything is.
pub(super) fn overlay_context(dc: &mut Dc, change: impl Fn(Option<Child>) -> Option<Child>) {
    if let Seen::Known(seen) = &mut dc.seen {
        *seen = change(*seen);
    }
}

/// The host starts afresh: no plan, no memory of failures, and fresh lists of what answers.
pub fn restart(next: &mut State) {
    next.host.plan = None;
    next.host.failures = 0;
    next.host.unconfirmed = false;
    next.host.task = next.task;
    next.host.cluster = next.cluster;
    for dc in &mut next.dcs {
        dc.unconfirmed = false;
        dc.seen = fresh(dc);
    }
}

/// What a new list of a context shows.
pub fn fresh(dc: &Dc) -> Seen {
    if dc.registered && dc.link {
        Seen::Known(dc.child)
    } else {
        Seen::Unavailable
    }
}

/// The uid of a new object: two are enough to tell it from the one that the host may still see; a count would never end.
pub fn next_birth(seen: Seen) -> u8 {
    match seen {
        Seen::Known(Some(Child { birth: 1, .. })) => 2,
        _ => 1,
    }
}

/// Whether everything that the host has seen is as it is.
pub fn is_up_to_date(state: &State) -> bool {
    let is_fresh = |dc: &Dc| dc.seen == fresh(dc) || !dc.registered;
    state.host.task == state.task
        && !state.has_unconfirmed()
        && state.host.cluster == state.cluster
        && state.dcs.iter().all(is_fresh)
}
