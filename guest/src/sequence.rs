//! Which datacenter is next: the concurrency policy and the states in, one move a target out.
//!
//! cluster-tasks, "Datacenter concurrency".

use crate::resolution::Place;
use crate::targets::{Datacenter, Sight, Stage};
use crate::view::Blind;

/// `dcConcurrencyPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// One datacenter at a time; a failure cancels the remaining. The default.
    Forbid,
    /// All at once; a failure cancels none.
    Allow,
}

impl Concurrency {
    /// Reads it; `None` if it is neither.
    pub fn read(text: Option<&str>) -> Option<Concurrency> {
        match text {
            None | Some("" | "Forbid") => Some(Concurrency::Forbid),
            Some("Allow") => Some(Concurrency::Allow),
            Some(_) => None,
        }
    }
}

/// What is to happen with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Nothing: it has begun, or it is over.
    Begun(Stage),
    /// Its CassandraTask is to be created now; where.
    Create(Place),
    /// It waits for its turn, or for leave to create.
    Wait,
    /// It is its turn, but its context gives no answer.
    Unseen(Blind),
    /// It will not run, since another one failed.
    Cancelled,
}

/// The moves, one for each target. Without a concurrency (it is neither value) and without leave to create, nothing is;
/// and where a failure has stopped the task, what has not begun never will.
pub fn moves(
    concurrency: Option<Concurrency>,
    may_create: bool,
    is_stopped: bool,
    targets: &[Datacenter<'_>],
    leftovers: &[Datacenter<'_>],
) -> Vec<Move> {
    // One that is no target any more may still be at work: "one at a time" counts it too.
    let mut is_free = !targets.iter().chain(leftovers).any(Datacenter::is_active);
    targets
        .iter()
        .map(|target| match (&target.stage, concurrency) {
            (Some(stage), _) => Move::Begun(stage.clone()),
            (None, _) if is_stopped => Move::Cancelled,
            (None, None) => Move::Wait,
            (None, Some(Concurrency::Allow)) => due(target, may_create),
            // The first pending one takes the turn, so that the next ones wait for it.
            (None, Some(Concurrency::Forbid)) if std::mem::take(&mut is_free) => {
                due(target, may_create)
            }
            (None, Some(Concurrency::Forbid)) => Move::Wait,
        })
        .collect()
}

fn due(target: &Datacenter<'_>, may_create: bool) -> Move {
    match &target.sight {
        Sight::Absent(place) if may_create => Move::Create(place.clone()),
        Sight::Blind(blind) if may_create => Move::Unseen(blind.clone()),
        _ => Move::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Blindness;

    /// A target by a letter: `p`ending, `b`lind and pending, `r`unning, `f`ailed, `F`ailing, `d`one, `l`ost, `s`tranger.
    fn target(letter: char) -> Datacenter<'static> {
        let place = Place {
            datacenter: letter.into(),
            context: None,
            namespace: "ns".into(),
            name: letter.into(),
        };
        let blind = Blind {
            context: None,
            why: Blindness::Unregistered,
        };
        let (sight, stage) = match letter {
            'p' => (Sight::Absent(place), None),
            'b' => (Sight::Blind(blind), None),
            's' => (Sight::Stranger(place, "x".into()), None),
            'r' => (Sight::Nowhere, Some(Stage::Running)),
            'f' => (Sight::Nowhere, Some(Stage::Failed)),
            'F' => (Sight::Nowhere, Some(Stage::Failing)),
            'd' => (Sight::Nowhere, Some(Stage::Done)),
            _ => (Sight::Nowhere, Some(Stage::Lost(place))),
        };
        let mut target = Datacenter::target(&letter.to_string(), sight, None);
        target.stage = stage;
        target
    }

    /// The moves by letters: `.` begun, `C`reate, `w`ait, `u`nseen, `x` cancelled.
    fn check(concurrency: Option<Concurrency>, targets: &str, leftovers: &str, expected: &str) {
        let targets_of = |letters: &str| letters.chars().map(target).collect::<Vec<_>>();
        let (targets_of, leftovers_of) = (targets_of(targets), targets_of(leftovers));
        let has_failed = targets_of
            .iter()
            .chain(&leftovers_of)
            .any(Datacenter::has_failed);
        let is_stopped = concurrency == Some(Concurrency::Forbid) && has_failed;
        let moves: String = moves(concurrency, true, is_stopped, &targets_of, &leftovers_of)
            .into_iter()
            .map(|step| match step {
                Move::Begun(_) => '.',
                Move::Create(_) => 'C',
                Move::Wait => 'w',
                Move::Unseen(_) => 'u',
                Move::Cancelled => 'x',
            })
            .collect();
        assert_eq!(
            moves, expected,
            "{concurrency:?} {targets} with {leftovers:?}"
        );
    }

    #[test]
    fn forbid_is_one_at_a_time_and_stops_at_a_failure() {
        for (targets, leftovers, expected) in [
            ("ppp", "", "Cww"),
            ("rpp", "", ".ww"),
            ("dpp", "", ".Cw"),
            ("ddp", "", "..C"),
            ("ddd", "", "..."),
            ("fpp", "", ".xx"),
            ("Fpp", "", ".xx"),
            ("lpp", "", ".xx"),
            ("dfp", "", "..x"),
            ("bpp", "", "uww"),
            ("dbp", "", ".uw"),
            ("spp", "", "www"),
            // One that was listed later, or is no target any more, is at work.
            ("prp", "", "w.w"),
            ("ppp", "r", "www"),
            ("ppp", "d", "Cww"),
            ("ppp", "f", "xxx"),
        ] {
            check(Some(Concurrency::Forbid), targets, leftovers, expected);
        }
    }

    #[test]
    fn allow_is_all_at_once_and_cancels_none() {
        for (targets, expected) in [
            ("ppp", "CCC"),
            ("rpp", ".CC"),
            ("fpp", ".CC"),
            ("lpp", ".CC"),
            ("pbp", "CuC"),
            ("psd", "Cw."),
        ] {
            check(Some(Concurrency::Allow), targets, "", expected);
        }
    }

    #[test]
    fn nothing_is_created_without_leave_or_a_valid_policy() {
        check(None, "fpr", "", ".w.");
        let targets = [target('p'), target('b')];
        assert_eq!(
            moves(Some(Concurrency::Allow), false, false, &targets, &[]),
            [Move::Wait, Move::Wait]
        );
        for concurrency in [None, Some(Concurrency::Allow), Some(Concurrency::Forbid)] {
            assert_eq!(
                moves(concurrency, true, true, &targets, &[]),
                [Move::Cancelled, Move::Cancelled]
            );
        }
    }

    #[test]
    fn the_default_is_forbid() {
        assert_eq!(Concurrency::read(None), Some(Concurrency::Forbid));
        assert_eq!(Concurrency::read(Some("")), Some(Concurrency::Forbid));
        assert_eq!(Concurrency::read(Some("Allow")), Some(Concurrency::Allow));
        assert_eq!(Concurrency::read(Some("allow")), None);
    }
}
