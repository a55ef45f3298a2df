//! What went wrong with the last plan: whether it will go by itself, and what to try first the next time.

use crate::contract::Failure;

/// What passes by itself: it is in the plan's reasons only, so that it does not make the status flap. Anything else stays
/// until somebody changes something.
const PASSING: [&str; 7] = [
    "Conflict",
    "Expired",
    "ServerTimeout",
    "ServiceUnavailable",
    "Timeout",
    "TooManyRequests",
    "Unreachable",
];

const MARK: &str = "the last step failed: ";

/// The text for a condition, where the failure blocks the task. It does not name the action's index, which changes with
/// the plan: the same failure must have the same text.
///
/// `told` is the message so far, if it is of a failure that blocks. Where several steps fail, they fail by turns, but what
/// was told is told as long as the object that it names is still to do, also by a host that was started anew and knows of no
/// failure: or every look would be a write.
pub fn blocking<'n>(
    failure: Option<&Failure>,
    told: Option<&str>,
    mut to_do: impl Iterator<Item = &'n str>,
) -> Option<String> {
    let lasting = failure.filter(|failure| !PASSING.contains(&failure.reason.as_str()));
    let told = told.and_then(|message| message.get(message.find(MARK)?..));
    let still_true = told.filter(|told| {
        let object = to_do.find(|name| mentions(told, name));
        object.is_some_and(|name| !lasting.is_some_and(|new| replaces(new, told, name)))
    });
    let new = || lasting.map(|failure| format!("{MARK}{}", said(failure)));
    still_true.map(str::to_owned).or_else(new)
}

/// Whether the same object is refused by now for another reason than was told. The words alone may differ each time.
fn replaces(new: &Failure, told: &str, name: &str) -> bool {
    let reason = told
        .strip_prefix(MARK)
        .and_then(|told| told.split(':').next());
    mentions(&new.message, name) && reason != Some(&new.reason)
}

/// The sentence for a plan's reasons.
pub fn reason(failure: &Failure) -> String {
    format!(
        "the last plan failed at action {}: {}",
        failure.action,
        said(failure)
    )
}

fn said(failure: &Failure) -> String {
    match failure.message.trim() {
        "" => failure.reason.clone(),
        message => format!("{}: {message}", failure.reason),
    }
}

/// Puts the steps after the one whose object the failure names first, so that a step that keeps failing does not keep
/// the others, in other contexts perhaps, from being done: the host stops at the first failure.
pub fn after_the_failed<T>(
    mut steps: Vec<T>,
    failure: Option<&Failure>,
    name: impl Fn(&T) -> &str,
) -> Vec<T> {
    let is_named = |step: &T| failure.is_some_and(|failure| mentions(&failure.message, name(step)));
    if let Some(failed) = steps.iter().position(is_named) {
        steps.rotate_left(failed + 1);
    }
    steps
}

/// Whether a text mentions a name, and not just a longer one that contains it.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + name.len()..));
        !before.is_some_and(|text| text.ends_with(is_part))
            && !after.is_some_and(|text| text.starts_with(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: &str, message: &str) -> Failure {
        Failure {
            action: 1,
            reason: reason.into(),
            message: message.into(),
        }
    }

    #[test]
    fn what_does_not_pass_by_itself_blocks() {
        let none = std::iter::empty;
        for (reason, message, text) in [
            ("Forbidden", "x is forbidden", "Forbidden: x is forbidden"),
            (
                "InternalError",
                "a webhook failed",
                "InternalError: a webhook failed",
            ),
            ("Denied", " ", "Denied"),
        ] {
            assert_eq!(
                blocking(Some(&failure(reason, message)), None, none()).unwrap(),
                format!("the last step failed: {text}")
            );
        }
        for passing in PASSING {
            assert_eq!(
                blocking(Some(&failure(passing, "x")), None, none()),
                None,
                "{passing}"
            );
        }
    }

    #[test]
    fn what_was_told_is_told_while_it_is_true() {
        let told = "dc1 waits; the last step failed: Forbidden: create task1-dc1";
        for (to_do, expected) in [
            (
                &["task1-dc3", "task1-dc1"][..],
                "Forbidden: create task1-dc1",
            ),
            (
                &["task1-dc3", "task1-dc10"][..],
                "Forbidden: create task1-dc3",
            ),
            (&[][..], "Forbidden: create task1-dc3"),
        ] {
            let failure = failure("Forbidden", "create task1-dc3");
            assert_eq!(
                blocking(Some(&failure), Some(told), to_do.iter().copied()).unwrap(),
                format!("the last step failed: {expected}"),
                "{to_do:?}"
            );
        }
        // The same one, for the same reason in other words, and for another reason.
        for (reason, message, expected) in [
            (
                "Forbidden",
                "create task1-dc1: no",
                "Forbidden: create task1-dc1",
            ),
            (
                "Invalid",
                "create task1-dc1: no",
                "Invalid: create task1-dc1: no",
            ),
        ] {
            let failure = failure(reason, message);
            assert_eq!(
                blocking(Some(&failure), Some(told), ["task1-dc1"].into_iter()).unwrap(),
                format!("the last step failed: {expected}")
            );
        }
        // The other one's turn, which passes by itself.
        let passing = failure("Timeout", "create task1-dc3");
        let still = |failure, name| blocking(failure, Some(told), [name].into_iter());
        for failure in [Some(&passing), None] {
            assert!(still(failure, "task1-dc1").is_some());
            assert_eq!(still(failure, "task1-dc3"), None);
        }
    }

    #[test]
    fn each_step_gets_its_turn() {
        for (message, order) in [
            (
                "cassandratasks \"task1-dc1\" is forbidden",
                ["task1-dc2", "task1-dc10", "task1-dc1"],
            ),
            ("ns.task1-dc2: no", ["task1-dc10", "task1-dc1", "task1-dc2"]),
            ("task1-dc10", ["task1-dc1", "task1-dc2", "task1-dc10"]),
            (
                "task1-dc1: forbidden",
                ["task1-dc2", "task1-dc10", "task1-dc1"],
            ),
            ("no name", ["task1-dc1", "task1-dc2", "task1-dc10"]),
        ] {
            let steps = vec!["task1-dc1", "task1-dc2", "task1-dc10"];
            assert_eq!(
                after_the_failed(steps, Some(&failure("Forbidden", message)), |step| step),
                order,
                "{message}"
            );
        }
        assert_eq!(
            after_the_failed(vec!["a", "b"], None, |step| step),
            ["a", "b"]
        );
    }
}
