//! What the host remembers of writes that failed: a step and its outcome in, the list for the policy out.
//!
//! As in the host, there is one failure for each object and operation, until that succeeds or the host starts anew. How often one
//! has failed is left out, or the states would never end. The times tell no more than what failed last, and what was refused
//! so recently that it is not tried again.

use k8ssandra_task_policy::contract::{Failure, FailureClass, Gvk, ObjectRef, Operation};

use crate::clock;
use crate::decide::Policy;
use crate::plan::Step;
use crate::render;
use crate::state::State;

/// A step has failed.
pub(super) fn raise(policy: &Policy, next: &mut State, step: &Step, reason: &str, message: &str) {
    let mut failures = without(policy, next, step);
    for failure in failures.iter_mut().filter(|it| !is_refused_create(it)) {
        failure.first = 0;
        failure.last = 0;
    }
    failures.push(failure(step, clock::now(next.clock), reason, message));
    failures
        .sort_by(|one, other| (&one.object, one.operation).cmp(&(&other.object, other.operation)));
    next.host.failures = policy.failures.number(failures);
}

/// A step has succeeded.
pub(super) fn clear(policy: &Policy, next: &mut State, step: &Step) {
    if next.host.failures != 0 {
        next.host.failures = policy.failures.number(without(policy, next, step));
    }
}

fn without(policy: &Policy, state: &State, step: &Step) -> Vec<Failure> {
    let (object, operation) = target(step);
    let known = policy.failures.get(state.host.failures);
    let is_other = |it: &&Failure| it.object != object || it.operation != operation;
    known.iter().filter(is_other).cloned().collect()
}

/// Whether an API server has refused to create an object: nothing was done, and it stays so until somebody changes something.
pub fn is_refused_create(failure: &Failure) -> bool {
    failure.operation == Operation::Create && failure.class == FailureClass::Refused
}

fn failure(step: &Step, now: u64, reason: &str, message: &str) -> Failure {
    let (object, operation) = target(step);
    Failure {
        object,
        operation,
        class: match reason {
            "Timeout" | "Unreachable" => FailureClass::UnknownOutcome,
            _ => FailureClass::Refused,
        },
        reason: reason.to_owned(),
        message: message.to_owned(),
        first: now,
        last: now,
        attempts: 1,
    }
}

/// What a step writes to, and how.
fn target(step: &Step) -> (ObjectRef, Operation) {
    let (operation, dc) = match step {
        Step::Create(dc) => (Operation::Create, Some(*dc)),
        Step::DeleteChild(dc, _) => (Operation::Delete, Some(*dc)),
        Step::DeleteTask(_) => (Operation::Delete, None),
        Step::Metadata(..) => (Operation::PatchMetadata, None),
        Step::Status(_) => (Operation::SetStatus, None),
    };
    let (kind, name) = match dc {
        Some(dc) => ("CassandraTask", render::child_name(dc)),
        None => ("K8ssandraTask", render::TASK.to_owned()),
    };
    let object = ObjectRef {
        context: dc.map(render::context_name),
        gvk: Gvk {
            group: "control.k8ssandra.io".to_owned(),
            version: "v1alpha1".to_owned(),
            kind: kind.to_owned(),
        },
        namespace: Some(render::NAMESPACE.to_owned()),
        name,
    };
    (object, operation)
}
