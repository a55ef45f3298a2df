//! A policy that does what its primary's `spec.do` says, most of which no policy should do: for tests of the host.

#![cfg(target_arch = "wasm32")]
#![allow(
    unsafe_code,
    clippy::panic,
    reason = "the exports are generated, and misbehaving is what it is for"
)]

use pilothouse_contract::{
    Action, Creation, Guest, Gvk, Interest, Manifest, ObjectRef, Outcome, Plan, Requeue, Scope,
    Selector, Snapshot, Verb,
};

struct Misbehaving;

pilothouse_contract::export!(Misbehaving);

impl Guest for Misbehaving {
    fn describe(settings: String) -> Result<Manifest, String> {
        if settings != "{}" {
            return Err("there are no settings".into());
        }
        Ok(Manifest {
            name: "misbehaving".into(),
            version: "1".into(),
            controller: "misbehaving-controller".into(),
            primary: gvk("Order"),
            interests: vec![Interest {
                gvk: gvk("Item"),
                scope: Scope::Everywhere,
                verbs: vec![Verb::Create],
            }],
            finalizer: None,
        })
    }

    fn reconcile(_: String, snapshot: Snapshot) -> Outcome {
        match asked_for(&snapshot.primary) {
            "trap" => panic!("as asked for"),
            "loop" => loop {
                std::hint::black_box(());
            },
            "allocate" => act(vec![Action::SetStatus("x".repeat(1 << 30))]),
            "babble" => act(vec![Action::SetStatus("x".repeat(1 << 20)); 40]),
            "look-forever" => look(&format!("item-{}", snapshot.observations.len())),
            "look-at-nothing-new" => look("item"),
            "malformed" => act(vec![Action::SetStatus("not JSON".into())]),
            "overreach" => act(vec![create("v1", "Pod"), Action::SetStatus("{}".into())]),
            "well" => act(vec![Action::SetStatus(r#"{"done":true}"#.into())]),
            other => panic!("asked for {other}"),
        }
    }
}

/// The word after `"do":`.
fn asked_for(primary: &str) -> &str {
    let rest = primary.split_once(r#""do":""#).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or("")
}

fn gvk(kind: &str) -> Gvk {
    Gvk {
        group: "test.pilothouse.dev".into(),
        version: "v1".into(),
        kind: kind.into(),
    }
}

fn act(actions: Vec<Action>) -> Outcome {
    Outcome::Act(Plan {
        actions,
        requeue: Requeue::OnChange,
        reasons: Vec::new(),
        observes: Vec::new(),
    })
}

fn look(name: &str) -> Outcome {
    let object = ObjectRef {
        context: None,
        gvk: gvk("Item"),
        namespace: Some("default".into()),
        name: name.into(),
    };
    Outcome::Observe(vec![Selector::Object(object)])
}

fn create(api_version: &str, kind: &str) -> Action {
    let metadata = r#"{"name":"overreach","namespace":"default"}"#;
    let object =
        format!(r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{metadata}}}"#);
    Action::Create(Creation {
        context: None,
        object,
    })
}
