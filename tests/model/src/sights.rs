//! What must be reachable: the model would show nothing if it were not.
//!
//! Comes in: a state. Goes out: whether it is one of those.

use stateright::Property;

use crate::config::Sight;
use crate::facts::{Facts, Record, condition};
use crate::model::{World, dcs};
use crate::state::{Seen, Stage, State};

/// A property for each sight.
pub fn properties() -> Vec<(Sight, Property<World>)> {
    macro_rules! sights {
        ($($sight:ident),*) => {
            vec![$((Sight::$sight, Property::sometimes(Sight::$sight.text(), |world, state| {
                is(world, state, Sight::$sight)
            }))),*]
        };
    }
    sights!(
        Completes,
        Stops,
        Lost,
        DeletionBlocked,
        Recreated,
        CrashBetween,
        AnswerLost,
        StaleWrite,
        PutRight,
        Expired,
        Stuck,
        ClusterGone
    )
}

fn is(world: &World, state: &State, sight: Sight) -> bool {
    if state.broken.is_some() {
        return false;
    }
    if sight == Sight::Expired {
        return state.task.is_none()
            && state.clock > 1
            && state.left.deletions == world.config.budget.deletions;
    }
    let Some(task) = state.task else {
        return false;
    };
    let facts = world.policy.facts(task.status);
    let all_done = dcs(&world.config).all(|dc| facts.records[dc] == Record::Done);
    match sight {
        Sight::Completes => facts.is_complete && all_done,
        Sight::Recreated => task.incarnation > 1 && facts.is_complete && all_done,
        Sight::Stops => facts.reason == "Finished" && facts.has_failed && !facts.is_complete,
        Sight::Lost => says(&facts, "Failed", "was deleted before it completed"),
        Sight::DeletionBlocked => task.deleting && facts.reason == "DeletionBlocked",
        Sight::CrashBetween => {
            state.left.crashes < world.config.budget.crashes && has_gap(world, state, &facts)
        }
        Sight::AnswerLost => state.host.failure != 0 && has_unseen(state),
        Sight::StaleWrite => state.host.plan.is_some_and(|exec| exec.stale),
        Sight::PutRight => {
            condition(&facts.value, "Invalid").is_some_and(|invalid| invalid["status"] == "False")
        }
        Sight::Stuck => {
            let is_stuck =
                |dc: &crate::state::Dc| dc.child.is_some_and(|child| child.stage == Stage::Stuck);
            state.dcs.iter().any(is_stuck) && facts.message.contains("is running")
        }
        Sight::ClusterGone => facts.reason == "ClusterUnknown",
        Sight::Expired => false,
    }
}

fn says(facts: &Facts, kind: &str, text: &str) -> bool {
    let message = condition(&facts.value, kind).and_then(|condition| condition["message"].as_str());
    message.is_some_and(|message| message.contains(text))
}

/// Between two plans, the status and the CassandraTasks do not tell the same.
fn has_gap(world: &World, state: &State, facts: &Facts) -> bool {
    let differs = |dc: usize| {
        let is_recorded = facts.records[dc] != Record::None;
        is_recorded != state.dcs[dc].child.is_some()
    };
    state.host.plan.is_none() && dcs(&world.config).any(differs)
}

fn has_unseen(state: &State) -> bool {
    state
        .dcs
        .iter()
        .any(|dc| dc.child.is_some() && dc.seen == Seen::Known(None))
}
