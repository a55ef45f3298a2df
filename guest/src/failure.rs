//! What went wrong with the last plan: whether it will go by itself, and what to try first the next time.

use crate::contract::Failure;

/// Reasons that trying again does not mend: somebody has to change something. Any other one is in the plan's reasons
/// only, so that a passing fault does not make the status flap.
const BLOCKING: [&str; 9] = [
    "AlreadyExists",
    "BadRequest",
    "Denied",
    "Forbidden",
    "Invalid",
    "MethodNotAllowed",
    "NotFound",
    "RequestEntityTooLarge",
    "Unauthorized",
];

/// The text for a condition, where the failure blocks the task. It does not name the action's index, which changes with
/// the plan: the same failure must have the same text.
pub fn blocking(failure: &Failure) -> Option<String> {
    BLOCKING
        .contains(&failure.reason.as_str())
        .then(|| format!("the last step failed: {}", said(failure)))
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
    fn only_what_stays_wrong_blocks() {
        let text = blocking(&failure("Forbidden", "cassandratasks is forbidden")).unwrap();
        assert_eq!(
            text,
            "the last step failed: Forbidden: cassandratasks is forbidden"
        );
        assert_eq!(
            blocking(&failure("Denied", "")).unwrap(),
            "the last step failed: Denied"
        );
        for passing in [
            "Timeout",
            "Unreachable",
            "Conflict",
            "InternalError",
            "TooManyRequests",
            "",
        ] {
            assert_eq!(blocking(&failure(passing, "x")), None, "{passing}");
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
