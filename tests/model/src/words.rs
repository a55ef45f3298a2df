//! Moves and states in words, for counterexamples.
//!
//! Comes in: a state and what happens in it. Goes out: a sentence. Nothing is changed here.

use crate::config::Config;
use crate::decide::View;
use crate::model::{Act, Fault, World, dcs};
use crate::plan::Step;
use crate::render::{context_name, dc_name};
use crate::state::{Child, Seen, Stage, State};

/// What happens, in a state.
pub fn act(world: &World, state: &State, act: Act) -> String {
    let dc = |dc: usize| dc_name(dc);
    match act {
        Act::Host(fault) => host(world, state, fault),
        Act::Crash => "the host crashes and starts again".to_owned(),
        Act::SeeTask => "the host sees the K8ssandraTask as it is".to_owned(),
        Act::SeeCluster => "the host sees the K8ssandraCluster as it is".to_owned(),
        Act::See(at) => format!("the watch of {} catches up", context_name(at)),
        Act::Work(at, to) => format!("cass-operator in {}: {}", dc(at), stage(to)),
        Act::OperatorRestarts(at) => {
            format!(
                "cass-operator in {} restarts and sets a later startTime",
                dc(at)
            )
        }
        Act::Edit(spec) => {
            let name = world.config.specs[usize::from(spec)].name;
            format!("somebody edits the task: {name}")
        }
        Act::DeleteTask => "somebody deletes the task".to_owned(),
        Act::CreateTask => "somebody creates the task again".to_owned(),
        Act::CollectTask => "the garbage collector deletes the task".to_owned(),
        Act::DeleteChild(at) => format!("somebody deletes the CassandraTask of {}", dc(at)),
        Act::ChildGoes(at) => format!("the CassandraTask of {} that is being deleted goes", dc(at)),
        Act::DatacenterGoes(at) => {
            format!("the CassandraTask of {} goes with its datacenter", dc(at))
        }
        Act::Declare(bits) => format!(
            "somebody edits the cluster: it declares {}",
            declared(&world.config, bits)
        ),
        Act::DeleteCluster => "somebody deletes the cluster".to_owned(),
        Act::ClusterGoes => "the cluster goes".to_owned(),
        Act::CreateCluster => "somebody creates the cluster again".to_owned(),
        Act::Down(at) => format!("{} does not answer any more", context_name(at)),
        Act::Up(at) => format!("{} answers again", context_name(at)),
        Act::Unregister(at) => format!("the host is started again, without {}", context_name(at)),
        Act::Register(at) => format!("the host is started again, with {}", context_name(at)),
        Act::Tick => "time passes".to_owned(),
    }
}

fn declared(config: &Config, bits: u8) -> String {
    let names: Vec<String> = dcs(config)
        .filter(|dc| bits & (1 << dc) != 0)
        .map(dc_name)
        .collect();
    names.join(", ")
}

fn host(world: &World, state: &State, fault: Fault) -> String {
    let may_ask = state.host.in_doubt || state.dcs.iter().any(|dc| dc.in_doubt && dc.link);
    if state.host.plan.is_none() && may_ask && fault != Fault::Unasked {
        return "the host asks what became of a write that got no answer".to_owned();
    }
    let (plan, next, lead) = match (state.host.plan, View::of(state)) {
        (Some(exec), _) => (
            world.policy.plans.get(exec.plan),
            exec.next,
            "the host goes on",
        ),
        (None, Some(view)) => {
            let decision = world.policy.decide(&world.config, &view);
            if let Some((_, how)) = &decision.broken {
                return format!("the policy decides, and {how}");
            }
            (decision.steps.clone(), 0, "the host decides")
        }
        (None, None) => return "the host forgets the task".to_owned(),
    };
    let steps: Vec<String> = plan.steps.iter().map(|(_, it)| step(it)).collect();
    let Some(now) = steps.get(usize::from(next)) else {
        return "the host decides that nothing is to be done".to_owned();
    };
    let lead = if next == 0 && steps.len() > 1 {
        format!("{lead}: {}; first", steps.join(", then "))
    } else {
        lead.to_owned()
    };
    let stale = state.host.plan.is_some_and(|exec| exec.stale);
    let end = match fault {
        Fault::None if stale && is_guarded(&plan.steps[usize::from(next)].1) => {
            " (refused as stale)"
        }
        Fault::None => "",
        Fault::Refused => " (no answer, nothing done)",
        Fault::Lost => " (done, but the answer is lost)",
        Fault::Forbidden => " (forbidden)",
        Fault::Unasked => " (what became of the earlier write was asked, and not answered)",
    };
    format!("{lead}: {now}{end}")
}

fn is_guarded(step: &Step) -> bool {
    matches!(step, Step::Metadata(..) | Step::Status(_))
}

fn step(step: &Step) -> String {
    match step {
        Step::Create(dc) => format!("create the CassandraTask of {}", dc_name(*dc)),
        Step::DeleteChild(dc, _) => format!("delete the CassandraTask of {}", dc_name(*dc)),
        Step::DeleteTask(_) => "delete the task".to_owned(),
        Step::Metadata(Some(false), _) => "take the finalizer away".to_owned(),
        Step::Metadata(..) => "adopt the task".to_owned(),
        Step::Status(_) => "write the status".to_owned(),
    }
}

fn stage(stage: Stage) -> String {
    match stage {
        Stage::Waiting => "no status".to_owned(),
        Stage::Begun => "startTime".to_owned(),
        Stage::Running { counted, failing } => format!(
            "Running=True{}{}",
            if counted { ", a pod done" } else { "" },
            if failing { ", Failed=True" } else { "" },
        ),
        Stage::Quiet => "a pod restarted".to_owned(),
        Stage::Refreshing => "DatacenterUpdated=True".to_owned(),
        Stage::Stuck => "startTime, and nothing more for ever".to_owned(),
        Stage::Done { failed: false } => "completed".to_owned(),
        Stage::Done { failed: true } => "completed, Failed=True".to_owned(),
    }
}

/// Where it ended: what there is, and what the status says.
pub fn state(world: &World, state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    for dc in dcs(&world.config) {
        let it = &state.dcs[dc];
        let child = |child: Option<Child>| match child {
            None => "none".to_owned(),
            Some(child) => format!(
                "#{} of task-{}, {}",
                child.birth,
                child.owner,
                stage(child.stage)
            ),
        };
        let seen = match it.seen {
            Seen::Blind => "nothing".to_owned(),
            Seen::Known(seen) => child(seen),
        };
        let link = if it.link { "" } else { ", unreachable" };
        let registered = if it.registered { "" } else { ", unregistered" };
        let name = dc_name(dc);
        lines.push(format!(
            "{name}: CassandraTask {}; seen: {seen}{link}{registered}",
            child(it.child)
        ));
    }
    let status = match state.task {
        Some(task) => {
            lines.push(format!("task: {task:?}"));
            world.policy.statuses.get(task.status).as_ref().clone()
        }
        None => "the task is gone".to_owned(),
    };
    lines.push(format!("status: {status}"));
    if let Some(view) = View::of(state) {
        let decision = world.policy.decide(&world.config, &view);
        let steps: Vec<String> = decision
            .steps
            .steps
            .iter()
            .map(|(_, it)| step(it))
            .collect();
        lines.push(format!("plan: [{}]", steps.join(", ")));
        lines.push(format!("reasons: {}", decision.reasons.join("; ")));
    }
    lines
}
