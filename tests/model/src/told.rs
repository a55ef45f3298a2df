//! What must be told of a task that is unfinished and has nothing to do: the fault in its specification, or what it waits for,
//! each by its name.
//!
//! Comes in: what the host has seen, and what its status says. Goes out: whether all that counts is named there. No text is
//! known here but names, so that the policy may choose its words. Nothing is changed.

use k8ssandra_task_policy::contract::Failure;

use crate::config::Config;
use crate::decide::View;
use crate::facts::{Facts, Record};
use crate::model::dcs;
use crate::plan::{Plan, Step};
use crate::render::{CLUSTER, child_name, context_name, dc_name, is_labelled};
use crate::state::{Child, Seen};

/// What is wrong with the specification, as the documentation has it: a name or a word for each fault.
pub fn faults(config: &Config, view: &View, facts: &Facts) -> Vec<String> {
    let spec = &config.specs[usize::from(view.task.spec)];
    let Some(cluster) = view.cluster.filter(|cluster| cluster.declares != 0) else {
        return vec![CLUSTER.to_owned()];
    };
    let jobs = spec.is_wrong.then(|| "job".to_owned());
    let unknown = spec.list.iter().filter(|dc| !cluster.has(**dc));
    // What is done needs the name no more.
    let is_in_the_way = |dc: usize| {
        let child = child(view, dc).filter(|child| child.owner != view.task.incarnation);
        child.is_some() && facts.records[dc] != Record::Done
    };
    let strangers = targets(config, view).filter(|dc| is_in_the_way(*dc));
    jobs.into_iter()
        .chain(unknown.map(|dc| dc_name(*dc)))
        .chain(strangers.map(child_name))
        .collect()
}

/// Whether the status of an unfinished task names its faults, what is at work for it, and what it waits for.
pub fn names_all(config: &Config, view: &View, facts: &Facts) -> bool {
    let faults = faults(config, view, facts);
    let mut at_work = dcs(config).filter(|dc| is_at_work(view, *dc));
    if !at_work.all(|dc| facts.message.contains(&dc_name(dc))) {
        return false;
    }
    match view.cluster {
        None => facts.invalid.contains(CLUSTER) || facts.message.contains(CLUSTER),
        _ if !faults.is_empty() => faults.iter().all(|fault| facts.invalid.contains(fault)),
        Some(cluster) if cluster.deleting => facts.message.contains(CLUSTER),
        _ => facts.invalid.is_empty() && names_targets(config, view, facts),
    }
}

/// Whether it names every target that is not over, and the context of one that it waits for and cannot see.
fn names_targets(config: &Config, view: &View, facts: &Facts) -> bool {
    let is_open = |dc: usize| match child(view, dc) {
        Some(child) => !child.stage.is_done(),
        None => facts.records[dc].rank() < Record::Done.rank(),
    };
    let begun = |dc: usize| matches!(facts.records[dc], Record::Known | Record::Begun);
    let is_lost_sight_of = |dc: usize| is_blind(view, dc) && begun(dc);
    let names_dc = |dc: usize| facts.message.contains(&dc_name(dc));
    let names_context = |dc: usize| facts.message.contains(&context_name(dc));
    let is_told =
        |dc: usize| !is_open(dc) || (names_dc(dc) && (!is_lost_sight_of(dc) || names_context(dc)));
    // With none at work it is the turn of one that would have been created, if a context did not keep it waiting.
    let is_any_at_work = dcs(config).any(|dc| is_at_work(view, dc) || is_lost_sight_of(dc));
    let is_turn_told =
        is_any_at_work || dcs(config).any(|dc| is_blind(view, dc) && names_context(dc));
    targets(config, view).all(is_told) && is_turn_told
}

/// Whether what keeps a task that is being deleted is named in the reasons, be it a CassandraTask or a context that does not
/// answer; and such a context in the status too.
pub fn names_what_holds(config: &Config, view: &View, facts: &Facts, reasons: &[String]) -> bool {
    let is_said = |name: &str| reasons.iter().any(|reason| reason.contains(name));
    let is_left = |dc: &usize| child(view, *dc).is_some_and(is_labelled);
    let is_child_said = dcs(config)
        .filter(is_left)
        .any(|dc| is_said(&child_name(dc)));
    let is_silent = |dc: &usize| view.registered[*dc] && is_blind(view, *dc);
    let silent: Vec<String> = dcs(config)
        .filter(is_silent)
        .map(context_name)
        .filter(|name| is_said(name))
        .collect();
    (is_child_said || !silent.is_empty()) && silent.iter().all(|name| facts.message.contains(name))
}

/// Whether a refusal that does not pass by itself is named, once there is nothing to do but to try again.
pub fn names_refusal(failure: &Failure, plan: &Plan, facts: &Facts) -> bool {
    let child = |(_, step): &(u32, Step)| match step {
        Step::Create(dc) | Step::DeleteChild(dc, _) => Some(child_name(*dc)),
        // The status is about to be written, or the task to be another one.
        Step::Status(_) | Step::Metadata(..) | Step::DeleteTask(_) => None,
    };
    let Some(names) = plan.steps.iter().map(child).collect::<Option<Vec<_>>>() else {
        return true;
    };
    let is_named_in = |text: &str| names.iter().any(|name| text.contains(name));
    let is_lasting = failure.reason == "Forbidden" && names.contains(&failure.object.name);
    !is_lasting || is_named_in(&facts.message)
}

/// What the specification names and the cluster declares.
fn targets<'a>(config: &'a Config, view: &'a View) -> impl Iterator<Item = usize> + 'a {
    let spec = &config.specs[usize::from(view.task.spec)];
    let is_declared = |dc: usize| view.cluster.is_some_and(|cluster| cluster.has(dc));
    dcs(config).filter(move |dc| is_declared(*dc) && spec.names(*dc))
}

/// What is seen under the CassandraTask's name.
fn child(view: &View, dc: usize) -> Option<Child> {
    match view.seen[dc] {
        Seen::Known(child) => child,
        Seen::Blind => None,
    }
}

fn is_blind(view: &View, dc: usize) -> bool {
    view.seen[dc] == Seen::Blind
}

/// Whether a CassandraTask of the task is seen that has not ended.
fn is_at_work(view: &View, dc: usize) -> bool {
    let own = child(view, dc).filter(|child| child.owner == view.task.incarnation);
    own.is_some_and(|child| !child.stage.is_done())
}
