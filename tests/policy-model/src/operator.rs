//! cass-operator, as an adversary: from each stage every next one that it may write, in any order and at any time.
//!
//! Comes in: a CassandraTask. Goes out: what it may become. The stages are those that
//! `tests/cass-operator-sim/writes.yaml` leads to.

use crate::config::Work;
use crate::state::{Child, Stage};

/// What may come after a stage.
pub fn moves(work: &Work, stage: Stage) -> Vec<Stage> {
    let mut next = Vec::new();
    let mut may = |is_so: bool, stage: Stage| {
        if is_so {
            next.push(stage);
        }
    };
    let running = |counted, failing| Stage::Running { counted, failing };
    match stage {
        Stage::Waiting => may(true, Stage::Started),
        Stage::Started => {
            may(work.running, running(false, false));
            may(work.quiet, Stage::Quiet);
            may(work.refreshing, Stage::Refreshing);
            may(work.stuck, Stage::Stuck);
            may(true, Stage::Done { failed: false });
            may(!work.never_fails, Stage::Done { failed: true });
        }
        Stage::Running { counted, failing } => {
            may(work.counts, running(!counted, failing));
            may(work.fails_early && !failing, running(counted, true));
            may(!failing, Stage::Done { failed: false });
            may(failing || !work.never_fails, Stage::Done { failed: true });
        }
        Stage::Quiet | Stage::Refreshing => {
            may(true, Stage::Done { failed: false });
            may(!work.never_fails, Stage::Done { failed: true });
        }
        Stage::Stuck | Stage::Done { .. } => {}
    }
    next
}

/// How a CassandraTask goes on if nothing is in its way; `None` if it does not.
pub fn way_to_the_end(stage: Stage) -> Option<Stage> {
    match stage {
        Stage::Waiting => Some(Stage::Started),
        Stage::Running { failing: true, .. } => Some(Stage::Done { failed: true }),
        Stage::Started | Stage::Running { .. } | Stage::Quiet | Stage::Refreshing => {
            Some(Stage::Done { failed: false })
        }
        Stage::Stuck | Stage::Done { .. } => None,
    }
}

/// The CassandraTask at its next stage.
pub fn at(child: Child, stage: Stage, clock: u8) -> Child {
    Child {
        stage,
        started: if child.stage == Stage::Waiting {
            clock
        } else {
            child.started
        },
        ended: if stage.is_done() { clock } else { 0 },
        ..child
    }
}

/// It is at work, so that a restart of cass-operator may set another startTime.
pub fn may_restart(child: Child) -> bool {
    !child.again && child.stage != Stage::Waiting && !child.stage.is_done()
}
