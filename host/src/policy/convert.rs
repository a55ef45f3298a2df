//! Between the contract's types as policies and the rest of the host have them (`pilothouse-contract`) and as the WebAssembly
//! runtime has them. Both are generated from `policy.wit`; a field that one lacks does not compile here.

use pilothouse_contract as contract;

use super::bindings::exports::pilothouse::policy::reconciler as runtime;

/// Turns a value of one side into the same of the other.
pub trait Convert<T> {
    /// The same value.
    fn convert(self) -> T;
}

macro_rules! same {
    ($($type:ty),*) => {$(
        impl Convert<$type> for $type {
            fn convert(self) -> $type {
                self
            }
        }
    )*};
}
same!(String, u32, u64);

impl<A: Convert<B>, B> Convert<Option<B>> for Option<A> {
    fn convert(self) -> Option<B> {
        self.map(A::convert)
    }
}

impl<A: Convert<B>, B> Convert<Vec<B>> for Vec<A> {
    fn convert(self) -> Vec<B> {
        self.into_iter().map(A::convert).collect()
    }
}

impl<A: Convert<B>, B, E: Convert<F>, F> Convert<Result<B, F>> for Result<A, E> {
    fn convert(self) -> Result<B, F> {
        self.map(A::convert).map_err(E::convert)
    }
}

impl Convert<(String, String)> for (String, String) {
    fn convert(self) -> (String, String) {
        self
    }
}

/// A record of `$from` becomes the one of that name of `$to`.
macro_rules! record {
    ($from:ident => $to:ident, $name:ident { $($field:ident),* }) => {
        impl Convert<$to::$name> for $from::$name {
            fn convert(self) -> $to::$name {
                let $from::$name { $($field),* } = self;
                $to::$name { $($field: $field.convert()),* }
            }
        }
    };
}

/// So does an enum, whose cases may hold a value.
macro_rules! variant {
    ($from:ident => $to:ident, $name:ident { $($case:ident $(($value:ident))?),* }) => {
        impl Convert<$to::$name> for $from::$name {
            fn convert(self) -> $to::$name {
                match self {
                    $($from::$name::$case $(($value))? => $to::$name::$case $(($value.convert()))?),*
                }
            }
        }
    };
}

/// What is on both ways.
macro_rules! shared {
    ($from:ident => $to:ident) => {
        record!($from => $to, Gvk { group, version, kind });
        record!($from => $to, ObjectRef { context, gvk, namespace, name });
        record!($from => $to, LabelQuery { scope, gvk, namespace, labels });
        variant!($from => $to, Scope { ControlPlane, One(name), Everywhere });
        variant!($from => $to, Selector { Object(object), Labels(query) });
    };
}
shared!(contract => runtime);
shared!(runtime => contract);

record!(contract => runtime, Snapshot { now, primary, observations, failures });
record!(contract => runtime, Observation { selector, results });
record!(contract => runtime, ContextResult { context, objects });
record!(contract => runtime, Unavailable { reason, since, message });
variant!(contract => runtime, UnavailableReason {
    NotRegistered, Unreachable, Forbidden, NotServed, NotWatched, Unconfirmed
});
record!(contract => runtime, Failure {
    object, operation, class, reason, message, first, last, attempts
});
variant!(contract => runtime, Operation { Create, Delete, PatchMetadata, SetStatus });
variant!(contract => runtime, FailureClass { Refused, Conflict, Throttled, UnknownOutcome, Denied });

variant!(runtime => contract, Outcome { Observe(selectors), Act(plan) });
record!(runtime => contract, Plan { actions, requeue, reasons, observes });
variant!(runtime => contract, Action {
    Create(creation), Delete(deletion), PatchMetadata(patch), SetStatus(status), RecordEvent(event)
});
record!(runtime => contract, Creation { context, object });
record!(runtime => contract, Deletion { object, uid });
record!(runtime => contract, Event { severity, reason, message });
variant!(runtime => contract, Severity { Normal, Warning });
variant!(runtime => contract, Requeue { OnChange, After(duration), AtOnce });
record!(runtime => contract, Reason { about, code, message, since });

record!(runtime => contract, Manifest { name, version, controller, primary, interests, finalizer });
record!(runtime => contract, Interest { gvk, scope, verbs });
variant!(runtime => contract, Verb { Create, Delete });
