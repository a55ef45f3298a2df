//! Descriptions of moves and states, for counterexamples.
//!
//! Comes in: a state and what happens in it. Goes out: a sentence. Nothing is changed here.

use crate::act::{Act, Fault};
use crate::model::World;
use crate::plan::{Plan, Step};
use crate::render::dc_name;
use crate::state::State;
use crate::view::View;

/// What happens, in a state.
pub fn act(world: &World, state: &State, act: Act) -> String {
    match act {
        Act::Host(Fault::None) => host(world, state, false),
        Act::Host(fault) => {
            let is_read_lost = fault == Fault::ReadLost;
            format!("{} ({fault:?})", host(world, state, is_read_lost))
        }
        _ => format!("{} ({act:?})", act.text()),
    }
}

fn host(world: &World, state: &State, is_read_lost: bool) -> String {
    if state.host.plan.is_none() && state.can_read_back() && !is_read_lost {
        return "the host reads back an unconfirmed write".to_owned();
    }
    let (plan, next) = match (state.host.plan, View::of(state)) {
        (Some(exec), _) => (world.policy.plans.get(exec.plan), usize::from(exec.next)),
        (None, Some(view)) => {
            let decision = world.policy.decide(&world.config, &view);
            if let Some((_, how)) = &decision.broken {
                return format!("the policy decides, and {how}");
            }
            (decision.steps.clone(), 0)
        }
        (None, None) => return "the host forgets the task".to_owned(),
    };
    let steps = steps(&plan);
    let now = steps.get(next).map_or("nothing", String::as_str);
    let is_stale = state.host.plan.is_some_and(|exec| exec.stale);
    let stale = if is_stale {
        " (the task has changed)"
    } else {
        ""
    };
    match next {
        0 => format!(
            "the host decides: {}; first: {now}{stale}",
            steps.join(", then ")
        ),
        _ => format!("the host goes on: {now}{stale}"),
    }
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|(_, it)| step(it)).collect()
}

fn step(step: &Step) -> String {
    match step {
        Step::Create(dc) => format!("create the CassandraTask of {}", dc_name(*dc)),
        Step::DeleteChild(dc, _) => format!("delete the CassandraTask of {}", dc_name(*dc)),
        Step::DeleteTask(_) => "delete the task".to_owned(),
        Step::Metadata(Some(false), ..) => "remove the finalizer".to_owned(),
        Step::Metadata(..) => "adopt the task".to_owned(),
        Step::Status(_) => "write the status".to_owned(),
    }
}

/// Where it ended: what there is, and what the status says.
pub fn state(world: &World, state: &State) -> Vec<String> {
    let dcs = world.config.dcs();
    let mut lines: Vec<String> = dcs
        .map(|dc| format!("{}: {:?}", dc_name(dc), state.dcs[dc]))
        .collect();
    lines.push(format!("task: {:?}", state.task));
    let status = state.task.map_or(0, |task| task.status);
    lines.push(format!("status: {}", world.policy.statuses.get(status)));
    if let Some(view) = View::of(state) {
        let decision = world.policy.decide(&world.config, &view);
        lines.push(format!("plan: [{}]", steps(&decision.steps).join(", ")));
        lines.extend(decision.reasons.iter().map(|it| format!("reason: {it:?}")));
    }
    lines
}
