//! What has failed for one primary and has not succeeded since: failures and successes in, the list for the policy out.

use std::collections::BTreeMap;

use pilothouse_contract::{Failure, FailureClass, ObjectRef, Operation};

use crate::plan;

/// The reason of a request that was not sent: the host has no such context.
pub const NOT_REGISTERED: &str = "NotRegistered";
/// The reason of a request that was not sent: the context does not serve the kind, so far as is known.
pub const NOT_SERVED: &str = "NotServed";

/// The reason of a request that was not sent: the host does not watch the namespace, or the kind is not of that scope.
pub const NOT_WATCHED: &str = "NotWatched";

/// The reason of a request that was not sent: there is no client for the context.
pub const NOT_CONNECTED: &str = "NotConnected";

/// So many failures are kept for one primary: no plan has more actions. Beyond that, the one that is longest ago is forgotten.
const MAX_FAILURES: usize = plan::MAX_ACTIONS;

/// One failure, the last one, for each object and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    by_action: BTreeMap<(ObjectRef, Operation), Failure>,
}

/// How an action failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What the policy can expect of a repetition.
    pub class: FailureClass,
    /// The API server's Status reason.
    pub reason: String,
    /// The API server's message.
    pub message: String,
}

impl Cause {
    /// What the API server answered: the HTTP status code, and the Status reason and message.
    pub fn answered(code: u16, reason: &str, message: &str) -> Self {
        // Something between here and the API server, whose words are not for people.
        if reason.contains(' ') {
            let message = format!("the reply is not of a Kubernetes API server (HTTP {code})");
            return Self::unknown("Unreachable", message);
        }
        let reason = match reason {
            "" => format!("HTTP{code}"),
            reason => reason.to_owned(),
        };
        Self {
            class: class(code, &reason, message),
            reason,
            message: message.to_owned(),
        }
    }

    /// An answer of which only the Status reason is known.
    pub fn because(reason: &str, message: &str) -> Self {
        let code = match reason {
            "AlreadyExists" | "Conflict" => 409,
            "TooManyRequests" => 429,
            "InternalError" | "ServerTimeout" => 500,
            "ServiceUnavailable" => 503,
            "Timeout" | "Unreachable" => 504,
            _ => 400,
        };
        Self::answered(code, reason, message)
    }

    /// No answer: nobody knows what became of the action.
    pub fn unknown(reason: &str, message: impl Into<String>) -> Self {
        Self {
            class: FailureClass::UnknownOutcome,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }
}

fn class(code: u16, reason: &str, message: &str) -> FailureClass {
    // Admission comes before anything is stored.
    let is_webhook = reason == "InternalError" && message.contains("failed calling webhook");
    match (code, reason) {
        (_, "TooManyRequests" | "ServerTimeout" | "ServiceUnavailable") | (429, _) => {
            FailureClass::Throttled
        }
        (409, "AlreadyExists") => FailureClass::Refused,
        (409, _) => FailureClass::Conflict,
        (408, _) => FailureClass::UnknownOutcome,
        (400..500, _) => FailureClass::Refused,
        _ if is_webhook => FailureClass::Refused,
        _ => FailureClass::UnknownOutcome,
    }
}

impl Failures {
    /// An action has failed. With the same class and reason as before, it has failed once more since the first time.
    pub fn record(
        &mut self,
        now: u64,
        object: ObjectRef,
        operation: Operation,
        cause: Cause,
    ) -> Failure {
        let Cause {
            class,
            reason,
            message,
        } = cause;
        let action = (object.clone(), operation);
        let before = self.by_action.remove(&action);
        let same = before.filter(|it| it.class == class && it.reason == reason);
        let failure = Failure {
            object,
            operation,
            class,
            reason,
            message,
            first: same.as_ref().map_or(now, |it| it.first),
            last: now,
            attempts: same.map_or(1, |it| it.attempts.saturating_add(1)),
        };
        self.by_action.insert(action, failure.clone());
        if self.by_action.len() > MAX_FAILURES {
            let oldest = self.by_action.iter().min_by_key(|(_, it)| it.last);
            if let Some(oldest) = oldest.map(|(action, _)| action.clone()) {
                self.by_action.remove(&oldest);
            }
        }
        failure
    }

    /// Whether an action has failed just so the last time: there is nothing new to say to people.
    pub fn has(&self, action: Option<(ObjectRef, Operation)>, cause: &Cause) -> bool {
        let last = action.and_then(|action| self.by_action.get(&action));
        last.is_some_and(|it| (&it.reason, &it.message) == (&cause.reason, &cause.message))
    }

    /// An action has succeeded. Whether it had failed before.
    pub fn succeeded(&mut self, object: &ObjectRef, operation: Operation) -> bool {
        let action = (object.clone(), operation);
        self.by_action.remove(&action).is_some()
    }

    /// A plan has passed the check: what was denied before is not any more.
    pub fn allowed(&mut self) {
        self.by_action
            .retain(|_, failure| failure.class != FailureClass::Denied);
    }

    /// All of them, ordered by object and operation.
    pub fn list(&self) -> Vec<Failure> {
        self.by_action.values().cloned().collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_action.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use pilothouse_contract::Gvk;

    use super::*;

    fn object(name: &str) -> ObjectRef {
        ObjectRef {
            context: None,
            gvk: Gvk::new("g/v1", "Thing"),
            namespace: None,
            name: name.into(),
        }
    }

    fn cause(reason: &str) -> Cause {
        Cause {
            class: FailureClass::Refused,
            reason: reason.into(),
            message: String::new(),
        }
    }

    #[test]
    fn the_same_failure_is_counted_and_another_one_begins_anew() {
        let mut failures = Failures::default();
        for (now, reason, first, attempts) in [
            (1, "Forbidden", 1, 1),
            (2, "Forbidden", 1, 2),
            (3, "Invalid", 3, 1),
        ] {
            failures.record(now, object("a"), Operation::Create, cause(reason));
            let list = failures.list();
            let [failure] = list.as_slice() else {
                panic!("{list:?}")
            };
            assert_eq!(
                (failure.first, failure.last, failure.attempts),
                (first, now, attempts)
            );
        }
    }

    #[test]
    fn each_action_has_its_own_until_it_succeeds() {
        let mut failures = Failures::default();
        failures.record(1, object("b"), Operation::Create, cause("Forbidden"));
        failures.record(2, object("a"), Operation::Delete, cause("Forbidden"));
        failures.record(3, object("a"), Operation::Create, cause("Forbidden"));
        let names = |failures: &Failures| -> Vec<(String, Operation)> {
            let list = failures.list().into_iter();
            list.map(|it| (it.object.name, it.operation)).collect()
        };
        let action = |name: &str, operation| (name.to_owned(), operation);
        assert_eq!(
            names(&failures),
            [
                action("a", Operation::Create),
                action("a", Operation::Delete),
                action("b", Operation::Create)
            ]
        );
        failures.succeeded(&object("a"), Operation::Create);
        failures.succeeded(&object("b"), Operation::Delete);
        assert_eq!(
            names(&failures),
            [
                action("a", Operation::Delete),
                action("b", Operation::Create)
            ]
        );
    }

    #[test]
    fn the_class_says_what_became_of_the_action() {
        use FailureClass::{Conflict, Refused, Throttled, UnknownOutcome};
        let webhook = "Internal error occurred: failed calling webhook \"a.b\"";
        for (code, reason, message, class) in [
            (403, "Forbidden", "", Refused),
            (422, "Invalid", "", Refused),
            (409, "AlreadyExists", "", Refused),
            (409, "Conflict", "", Conflict),
            (429, "TooManyRequests", "", Throttled),
            (500, "ServerTimeout", "", Throttled),
            (503, "ServiceUnavailable", "", Throttled),
            (504, "Timeout", "", UnknownOutcome),
            (500, "InternalError", "etcd", UnknownOutcome),
            (500, "InternalError", webhook, Refused),
            (502, "Failed to parse error data", "<html>", UnknownOutcome),
        ] {
            let cause = Cause::answered(code, reason, message);
            assert_eq!(cause.class, class, "{code} {reason}");
            assert!(!cause.message.contains("<html>"));
        }
    }

    #[test]
    fn a_plan_that_is_allowed_ends_denials() {
        let mut failures = Failures::default();
        let denied = Cause {
            class: FailureClass::Denied,
            ..cause("Denied")
        };
        failures.record(1, object("a"), Operation::Create, denied);
        failures.allowed();
        assert!(failures.is_empty());
    }
}
