//! Moves and states in words, for counterexamples.
//!
//! Comes in: a state and what happens in it. Goes out: a sentence. Nothing is changed here.

use crate::config::Config;
use crate::decide::View;
use crate::model::{Act, Fault, World, dcs};
use crate::plan::{Plan, Step};
use crate::render::{context_name, dc_name};
use crate::state::{Child, Dc, Seen, Stage, State};

/// What happens, in a state.
pub fn act(world: &World, state: &State, act: Act) -> String {
    let operator = |dc: usize| format!("cass-operator in {}", dc_name(dc));
    match act {
        Act::Host(fault) => host(world, state, fault),
        Act::Crash => "the host crashes and starts again".to_owned(),
        Act::SeeTask => "the host sees the K8ssandraTask as it is".to_owned(),
        Act::SeeCluster => "the host sees the K8ssandraCluster as it is".to_owned(),
        Act::See(at) => format!("the watch of {} catches up", context_name(at)),
        Act::Work(at, to) => format!("{}: {}", operator(at), stage(to)),
        Act::OperatorRestarts(at) => operator(at) + " restarts and sets a later startTime",
        Act::Edit(spec) => {
            let name = world.config.specs[usize::from(spec)].name;
            format!("somebody edits the task: {name}")
        }
        Act::DeleteTask => "somebody deletes the task".to_owned(),
        Act::CreateTask => "somebody creates the task again".to_owned(),
        Act::Restore => "the task is restored without its status".to_owned(),
        Act::ForgetRecord => "somebody removes the record of the restored task".to_owned(),
        Act::SecondCreates(at) => format!("a second controller creates {}", child_of(at)),
        Act::CollectTask => "the garbage collector deletes the task".to_owned(),
        Act::DeleteChild(at) => format!("somebody deletes {}", child_of(at)),
        Act::ChildGoes(at) => child_of(at) + " that is being deleted goes",
        Act::DatacenterGoes(at) => child_of(at) + " goes with its datacenter",
        Act::Declare(bits) => {
            let names = declared(&world.config, bits);
            format!("somebody edits the cluster: it declares {names}")
        }
        Act::DeleteCluster => "somebody deletes the cluster".to_owned(),
        Act::ClusterGoes => "the cluster goes".to_owned(),
        Act::CreateCluster => "somebody creates the cluster again".to_owned(),
        Act::Down(at) => format!("{} does not answer any more", context_name(at)),
        Act::Up(at) => format!("{} answers again", context_name(at)),
        Act::Unregister(at) => format!("the host is started again, without {}", context_name(at)),
        Act::Register(at) => format!("the host is started again, with {}", context_name(at)),
        Act::Tick => "time passes".to_owned(),
        Act::Pause => "seconds pass".to_owned(),
    }
}

fn child_of(dc: usize) -> String {
    format!("the CassandraTask of {}", dc_name(dc))
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
    let steps = steps(&plan);
    let Some(now) = steps.get(usize::from(next)) else {
        return "the host decides that nothing is to be done".to_owned();
    };
    let lead = if next == 0 && steps.len() > 1 {
        format!("{lead}: {}; first", steps.join(", then "))
    } else {
        lead.to_owned()
    };
    let is_stale = state.host.plan.is_some_and(|exec| exec.stale);
    let is_refused = is_stale && is_guarded(&plan.steps[usize::from(next)].1);
    format!("{lead}: {now}{}", end(fault, is_refused))
}

/// How the step ends, where that is not as it should be.
fn end(fault: Fault, is_refused: bool) -> &'static str {
    match fault {
        Fault::None if is_refused => " (refused as stale)",
        Fault::None => "",
        Fault::Refused => " (no answer, nothing done)",
        Fault::Lost => " (done, but the answer is lost)",
        Fault::Forbidden => " (forbidden)",
        Fault::Unasked => " (what became of the earlier write was asked, and not answered)",
    }
}

fn is_guarded(step: &Step) -> bool {
    matches!(step, Step::Metadata(..) | Step::Status(_))
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|(_, it)| step(it)).collect()
}

fn step(step: &Step) -> String {
    match step {
        Step::Create(dc) => format!("create {}", child_of(*dc)),
        Step::DeleteChild(dc, _) => format!("delete {}", child_of(*dc)),
        Step::DeleteTask(_) => "delete the task".to_owned(),
        Step::Metadata(Some(false), ..) => "take the finalizer away".to_owned(),
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
        Stage::Quiet => "a restart counts pods".to_owned(),
        Stage::Refreshing => "DatacenterUpdated=True".to_owned(),
        Stage::Stuck => "startTime, and nothing more for ever".to_owned(),
        Stage::Done { failed: false } => "completed".to_owned(),
        Stage::Done { failed: true } => "completed, Failed=True".to_owned(),
    }
}

/// Where it ended: what there is, and what the status says.
pub fn state(world: &World, state: &State) -> Vec<String> {
    let mut lines: Vec<String> = dcs(&world.config)
        .map(|dc| context(dc, &state.dcs[dc]))
        .collect();
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
        lines.push(format!("plan: [{}]", steps(&decision.steps).join(", ")));
        lines.extend(decision.reasons.iter().map(|it| format!("reason: {it:?}")));
    }
    lines
}

fn context(dc: usize, it: &Dc) -> String {
    let (name, there) = (dc_name(dc), child(it.child));
    let seen = match it.seen {
        Seen::Blind => "nothing".to_owned(),
        Seen::Known(seen) => child(seen),
    };
    let link = if it.link { "" } else { ", unreachable" };
    let registered = if it.registered { "" } else { ", unregistered" };
    format!("{name}: CassandraTask {there}; seen: {seen}{link}{registered}")
}

fn child(child: Option<Child>) -> String {
    child.map_or("none".to_owned(), |it| {
        format!("#{} of {:?}, {}", it.birth, it.origin, stage(it.stage))
    })
}
