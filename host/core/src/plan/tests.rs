//! The checks, case by case.

use super::*;
use pilothouse_contract::{Interest, LabelQuery, Scope, Severity};

fn manifest() -> Manifest {
    let thing = Gvk::new("g/v1", "Thing");
    Manifest {
        name: "p".into(),
        version: "1".into(),
        controller: "p-controller".into(),
        primary: Gvk::new("g/v1", "Primary"),
        interests: vec![
            Interest {
                gvk: thing.clone(),
                scope: Scope::One("east".into()),
                verbs: vec![Verb::Create, Verb::Delete],
            },
            Interest {
                gvk: thing,
                scope: Scope::Everywhere,
                verbs: vec![],
            },
        ],
        finalizer: Some("p/finalizer".into()),
    }
}

fn verdict(action: Action) -> Result<Step, String> {
    let primary = Primary {
        key: None,
        uid: "u1".into(),
        finalizers: ["other/finalizer".to_owned()].into(),
    };
    let plan = Plan {
        actions: vec![action],
        requeue: Requeue::OnChange,
        reasons: vec![],
        observes: vec![],
    };
    check(&manifest(), &primary, &[], &plan)
        .map(|mut steps| steps.remove(0))
        .map_err(|denied| denied.message)
}

fn create(context: Option<&str>, object: &str) -> Result<Step, String> {
    verdict(Action::Create(Creation {
        context: context.map(str::to_owned),
        object: object.into(),
    }))
}

#[test]
fn a_declared_creation_is_marked_with_its_primary() {
    let step = create(
        Some("east"),
        r#"{"apiVersion":"g/v1","kind":"Thing","metadata":{"name":"x","namespace":"n"}}"#,
    );
    let Ok(Step::Create { key, object, .. }) = step else {
        panic!("{step:?}")
    };
    assert_eq!(key.to_string(), "n/x");
    assert_eq!(object["metadata"]["annotations"][CREATED_FOR], "u1");
}

#[test]
fn what_is_not_declared_or_malformed_is_denied() {
    let thing = r#"{"apiVersion":"g/v1","kind":"Thing","metadata":{"name":"x"}}"#;
    let cases = [
        (
            create(None, thing),
            "does not let it create g/v1 Thing x in control plane",
        ),
        (
            create(Some("west"), thing),
            "does not let it create g/v1 Thing x in west",
        ),
        (
            create(Some("east"), &thing.replace("Thing", "Other")),
            "does not let it create g/v1 Other x in east",
        ),
        (create(Some("east"), "[]"), "not a JSON object"),
        (create(Some("east"), "{}"), "no metadata"),
        (
            create(Some("east"), r#"{"metadata":{}}"#),
            "no metadata.name",
        ),
        (
            verdict(Action::SetStatus("7".into())),
            "the status is not a JSON object",
        ),
        (
            verdict(Action::PatchMetadata(r#"{"name":"b"}"#.into())),
            "may not change metadata.name",
        ),
        (
            verdict(Action::PatchMetadata(
                r#"{"finalizers":["p/finalizer"]}"#.into(),
            )),
            "other/finalizer is not the policy's",
        ),
        (
            verdict(Action::PatchMetadata(r#"{"finalizers":null}"#.into())),
            "other/finalizer is not the policy's",
        ),
        (
            verdict(Action::PatchMetadata(r#"{"finalizers":[1]}"#.into())),
            "finalizers are text",
        ),
        (
            verdict(Action::RecordEvent(Event {
                severity: Severity::Normal,
                reason: String::new(),
                message: "m".into(),
            })),
            "an event's reason has 1 to 128 characters",
        ),
    ];
    for (verdict, expected) in cases {
        let message = verdict.expect_err(expected);
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn deletion_wants_a_uid_and_a_declared_context() {
    let delete = |context: &str, uid: &str| {
        let gvk = Gvk::new("g/v1", "Thing");
        let object = ObjectRef {
            context: Some(context.into()),
            gvk,
            namespace: None,
            name: "x".into(),
        };
        verdict(Action::Delete(Deletion {
            object,
            uid: uid.into(),
        }))
    };
    assert!(delete("east", "u").is_ok());
    assert!(delete("east", "").unwrap_err().contains("names no uid"));
    assert!(
        delete("west", "u")
            .unwrap_err()
            .contains("does not let it delete")
    );
}

#[test]
fn own_finalizer_may_be_added_beside_others() {
    let patch = r#"{"finalizers":["other/finalizer","p/finalizer"],"ownerReferences":[]}"#;
    assert!(verdict(Action::PatchMetadata(patch.into())).is_ok());
}

#[test]
fn long_event_messages_are_cut_at_a_character() {
    let event = Event {
        severity: Severity::Warning,
        reason: "R".into(),
        message: "ü".repeat(600),
    };
    let Ok(Step::RecordEvent(event)) = verdict(Action::RecordEvent(event)) else {
        panic!("denied")
    };
    assert!(event.message.len() <= 1_024 && event.message.ends_with("ü…"));
}

#[test]
fn too_many_actions_are_refused_and_delays_are_capped() {
    let plan = Plan {
        actions: vec![Action::SetStatus("{}".into()); 1_001],
        requeue: Requeue::After(u64::MAX),
        reasons: vec![],
        observes: vec![],
    };
    assert_eq!(
        check(&manifest(), &Primary::default(), &[], &plan)
            .unwrap_err()
            .message,
        "1001 actions in one plan, 1000 are allowed"
    );
    assert_eq!(requeue_after(&plan), Some(MAX_DELAY));
}

#[test]
fn a_name_cannot_lead_elsewhere() {
    let thing = |name: &str, namespace: &str| {
        let metadata = serde_json::json!({"name": name, "namespace": namespace});
        let object =
            serde_json::json!({"apiVersion": "g/v1", "kind": "Thing", "metadata": metadata});
        create(Some("east"), &object.to_string())
    };
    assert!(thing("x", "n").is_ok());
    for (name, namespace) in [("x/status", "n"), ("..", "n"), ("x?a=b", "n"), ("x", "n/m")] {
        let denied = thing(name, namespace).unwrap_err();
        assert!(denied.contains("is not a valid"), "{denied}");
    }
}

#[test]
fn a_plan_depends_on_nothing_that_it_has_not_observed() {
    let selector = Selector::Labels(LabelQuery {
        scope: Scope::Everywhere,
        gvk: Gvk::new("g/v1", "Thing"),
        namespace: None,
        labels: vec![],
    });
    let plan = Plan {
        actions: vec![],
        requeue: Requeue::OnChange,
        reasons: vec![],
        observes: vec![selector.clone()],
    };
    let check = |observed: &[Selector]| check(&manifest(), &Primary::default(), observed, &plan);
    assert_eq!(check(std::slice::from_ref(&selector)), Ok(vec![]));
    assert_eq!(
        check(&[]).unwrap_err().to_string(),
        "the plan depends on g/v1 Thing that it has not observed"
    );
}
