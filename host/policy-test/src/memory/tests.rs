//! Clusters in memory under the engine, with a policy that makes an `Item` for each `Order`.

mod misspelt;

use anyhow::bail;
use pilothouse_contract::{
    Action, Creation, Deletion, Event, Gvk, Interest, ObjectRef, Outcome, Plan, Reason, Requeue,
    Scope, Selector, Severity, Snapshot, UnavailableReason, Verb,
};
use serde_json::json;

use super::*;
use crate::run::in_memory;

/// It looks at the item of its order in `east`, creates it where it is absent, and says in the status what it saw. An order
/// that is being deleted takes its item with it.
struct Orders;

fn gvk(kind: &str) -> Gvk {
    Gvk::new("test/v1", kind)
}

fn item(order: &Value) -> ObjectRef {
    ObjectRef {
        context: Some("east".into()),
        gvk: gvk("Item"),
        namespace: Some("default".into()),
        name: format!(
            "{}-item",
            order["metadata"]["name"].as_str().unwrap_or_default()
        ),
    }
}

fn act(observes: Vec<Selector>, actions: Vec<Action>, reason: &str) -> Outcome {
    Outcome::Act(Plan {
        actions,
        requeue: Requeue::After(3_600_000),
        reasons: vec![Reason {
            about: None,
            code: "Waiting".into(),
            message: reason.to_owned(),
            since: None,
        }],
        observes,
    })
}

impl Policy for Orders {
    fn describe(&self, settings: &str) -> Result<Manifest> {
        anyhow::ensure!(settings == "{}", "there are no settings");
        Ok(Manifest {
            name: "orders".into(),
            version: "1".into(),
            controller: "orders-controller".into(),
            primary: gvk("Order"),
            interests: vec![Interest {
                gvk: gvk("Item"),
                scope: Scope::Everywhere,
                verbs: vec![Verb::Create, Verb::Delete],
            }],
            finalizer: Some("test/finalizer".into()),
        })
    }

    fn reconcile(&self, _: &str, snapshot: &Snapshot) -> Result<Outcome> {
        let order: Value = serde_json::from_str(&snapshot.primary)?;
        if order["spec"]["trap"] == true {
            bail!("a trap");
        }
        if order["spec"]["deny"] == true {
            return Ok(act(
                vec![],
                vec![Action::SetStatus("no JSON".into())],
                "is denied",
            ));
        }
        let [seen] = snapshot.observations.as_slice() else {
            return Ok(Outcome::Observe(vec![Selector::Object(item(&order))]));
        };
        let act = |actions, reason| act(vec![Selector::Object(item(&order))], actions, reason);
        let create = Action::Create(Creation {
            context: Some("east".into()),
            object: json!({"apiVersion": "test/v1", "kind": "Item",
                "metadata": {"name": item(&order).name, "namespace": "default"}})
            .to_string(),
        });
        let event = Action::RecordEvent(Event {
            severity: Severity::Normal,
            reason: "Created".into(),
            message: "an item".into(),
        });
        let is_deleted = !order["metadata"]["deletionTimestamp"].is_null();
        let status = |text: &str| {
            let status = json!({"saw": text});
            (order["status"] != status).then(|| Action::SetStatus(status.to_string()))
        };
        Ok(match &seen.results[0].objects {
            Err(it) if it.reason == UnavailableReason::NotRegistered => {
                act(status("unregistered").into_iter().collect(), "unregistered")
            }
            Err(_) => act(status("unreachable").into_iter().collect(), "unreachable"),
            Ok(items) if is_deleted && !items.is_empty() => {
                let uid: Value = serde_json::from_str(&items[0])?;
                let uid = uid["metadata"]["uid"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                act(
                    vec![Action::Delete(Deletion {
                        object: item(&order),
                        uid,
                    })],
                    "deletes",
                )
            }
            Ok(_) if is_deleted => act(
                vec![Action::PatchMetadata(json!({"finalizers": []}).to_string())],
                "lets it go",
            ),
            Ok(items) if items.is_empty() => {
                let adopt = json!({"finalizers": ["test/finalizer"]}).to_string();
                let actions = vec![Action::PatchMetadata(adopt), create, event];
                match act(actions, "creates") {
                    Outcome::Act(plan) => Outcome::Act(Plan {
                        requeue: Requeue::AtOnce,
                        ..plan
                    }),
                    other => other,
                }
            }
            Ok(_) => act(status("an item").into_iter().collect(), "is content"),
        })
    }
}

fn play(steps: &str) -> crate::Report {
    play_on(steps, &Definitions::default())
}

fn play_on(steps: &str, definitions: &Definitions) -> crate::Report {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.yaml");
    // What comes of the first step is not what most are about.
    let expected = match steps.starts_with("  expect") {
        true => "",
        false => "  expect: {created: [Item o-item in east]}\n",
    };
    let text = format!(
        "story: s\nstart: 2022-12-15T19:42:00Z\ncontexts: [east]\nsteps:\n- apply: {{apiVersion: test/v1, kind: Order, \
         metadata: {{name: o}}, spec: {{}}}}\n{expected}{steps}"
    );
    std::fs::write(&path, text).unwrap();
    let scenario = Scenario::read(&path).unwrap();
    in_memory(&scenario, &Orders, definitions)
}

#[track_caller]
fn passes(steps: &str) {
    let report = play(steps);
    assert!(
        report.passed(),
        "{report}{}",
        report.transcript.as_deref().unwrap_or_default()
    );
}

#[test]
fn what_is_created_is_there_and_has_what_kubernetes_and_the_host_add() {
    passes(
        "  expect:
    created: [Item o-item in east]
    events: [Normal Created an item]
    writes: 4
    status: {saw: an item}
    requeue: 1h
    reasons: [is content]
    objects:
      Item o-item in east: {metadata: {creationTimestamp: 2022-12-15T19:43:00Z, annotations: {pilothouse.dev/created-for: uid-1}}}
      Item other in east: null
- restart: host
  expect: nothing",
    );
}

#[test]
fn what_is_not_as_expected_is_said_and_the_story_goes_on() {
    let report = play(
        "  expect: {created: [], status: {saw: nothing}, objects: {Item o-item in east: null}, requeue: none, reasons: [hope]}
- patch: Order o
  with: {spec: {deny: true}}",
    );
    let text = report.to_string();
    for part in [
        "step 1, apply Order default/o: created",
        "expected: []",
        "status.saw",
        "Item o-item in east is still there",
        "requeue",
        "expected: hope",
        "step 2, patch Order default/o: the plan is denied: action 0: the status is not a JSON object",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn contexts_come_and_go() {
    passes(
        "- lose: east
  expect: {status: {saw: unreachable}}
- regain: east
  expect: {status: {saw: an item}}
- lose: east
  kind: Item
  expect: {status: {saw: unreachable}}
- regain: east
  kind: Item
- unregister: east
  expect: {status: {saw: unregistered}}
- register: east
  expect: {status: {saw: an item}}",
    );
}

#[test]
fn what_is_refused_is_not_there_and_comes_when_it_is_permitted() {
    let report = play(
        "- delete: Item o-item in east
  expect: {created: [Item o-item in east]}
- refuse: Item o-item in east
  reason: Forbidden
  message: items are forbidden
- delete: Item o-item in east
  expect: {objects: {Item o-item in east: null}}
- permit: Item o-item in east
  expect: {created: [Item o-item in east]}",
    );
    assert!(report.passed(), "{report}");
    let transcript = report.transcript.unwrap();
    let failure = "failed: Forbidden: create Item default/o-item in east: items are forbidden";
    assert!(transcript.contains(failure), "{transcript}");
}

#[test]
fn finalizers_hold_and_owners_take_along() {
    passes(
        "- apply: {apiVersion: test/v1, kind: Order, metadata: {name: p, ownerReferences: [{apiVersion: test/v1, kind: Order, name: o, uid: uid-1}]}, spec: {}}
  expect: {created: [Item p-item in east]}
- delete: Order o
  expect:
    deleted: [Item o-item in east, Item p-item in east]
    objects: {Order o: null, Order p: null}",
    );
}

#[test]
fn a_trap_fails_the_scenario() {
    let report = play("- patch: Order o\n  with: {spec: {trap: true}}");
    assert!(
        report
            .to_string()
            .contains("step 2, patch Order default/o: a trap"),
        "{report}"
    );
}

#[test]
fn the_host_is_called_when_it_asked_to_be() {
    let report = play("- wait: 2h30m");
    let transcript = report.transcript.unwrap();
    for moment in ["20:43:00Z", "21:43:00Z"] {
        assert!(
            transcript.contains(&format!("-- called again at 2022-12-15T{moment}")),
            "{transcript}"
        );
    }
    assert!(!transcript.contains("22:43"));
}

/// What API servers do to an object is done here, too, where there is a definition.
#[test]
fn objects_are_held_to_their_definitions() {
    let definition = r#"{"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": "orders.test"}, "spec": {"group": "test", "scope": "Namespaced",
        "names": {"kind": "Order", "plural": "orders"}, "versions": [{"name": "v1", "served": true, "storage": true,
        "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"trap": {"type": "boolean"}, "size": {"type": "integer", "default": 2}}},
            "status": {"type": "object", "properties": {"saw": {"type": "string", "enum": ["unregistered"]}}}}}}}]}}"#;
    let definitions = Definitions::parse(definition).unwrap();
    let report = play_on(
        "  expect:
    created: [Item o-item in east]
    objects: {Order o: {spec: {size: 2, other: null}}}
    events:
      - Normal Created an item
      - 'Warning StatusRefused cannot set the status of Order: Invalid: Order.test \"o\" is invalid: status.saw:
        Unsupported value: \"an item\": supported values: \"unregistered\"'
- patch: Order o
  with: {spec: {other: 1}}
  expect: {objects: {Order o: {spec: {other: null}}}}
- patch: Order o
  with: {spec: {trap: text}}",
        &definitions,
    );
    let expected = "step 3, patch Order default/o: Order.test \"o\" is invalid: spec.trap: Invalid value: \"string\": spec.trap in body \
                    must be of type boolean: \"string\"";
    assert_eq!(report.failures, [expected]);
    // What the policy writes is held to it as well.
    let transcript = report.transcript.unwrap();
    assert!(transcript.contains("failed: Invalid: "), "{transcript}");
    assert!(transcript.contains("status.saw"), "{transcript}");
}

#[test]
fn a_namespace_that_is_not_there_refuses_what_is_created_in_it() {
    let report = play(
        "- delete: Namespace default in east
  expect: {objects: {Item o-item in east: null}}
- apply: {apiVersion: v1, kind: Namespace, metadata: {name: default}}
  context: east
  expect: {created: [Item o-item in east]}",
    );
    assert!(report.passed(), "{report}");
    let transcript = report.transcript.unwrap();
    let failure = "NotFound: create Item default/o-item in east: namespaces \"default\" not found";
    assert!(transcript.contains(failure), "{transcript}");
}
