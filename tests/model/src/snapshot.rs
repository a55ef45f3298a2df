//! The host's answers to what the policy asks to see: a view and a selector in, results out.
//!
//! Absent and unknown are never mixed up here, as in the host's own `snapshot`.

use std::collections::BTreeSet;

use k8ssandra_task_policy::contract::{
    ContextResult, Scope, Selector, Unavailable, UnavailableReason,
};

use crate::config::Config;
use crate::decide::View;
use crate::render;
use crate::state::{Child, Seen};

/// The host's answer to a selector.
pub fn answer(config: &Config, view: &View, selector: &Selector) -> Vec<ContextResult> {
    match selector {
        Selector::Object(object) if object.gvk.kind == "K8ssandraCluster" => vec![ContextResult {
            context: None,
            objects: Ok(view
                .cluster
                .map(|it| render::cluster(it, config.dcs))
                .into_iter()
                .collect()),
        }],
        Selector::Object(object) => {
            let context = object.context.as_deref();
            let dc = context.and_then(|context| render::dc_of(context, "kind-"));
            vec![match dc {
                Some(dc) if object.name == render::child_name(dc) => result(view, dc, |_| true),
                Some(dc) => result(view, dc, |_| false),
                None => nothing(),
            }]
        }
        Selector::Labels(query) => {
            let scope = &query.scope;
            let keys: BTreeSet<&str> = query.labels.iter().map(|(key, _)| key.as_str()).collect();
            let is_ours = keys.contains("k8ssandra.io/task-name") && *scope == Scope::Everywhere;
            let remotes = (0..config.dcs).filter(|dc| view.registered[*dc]);
            let remotes =
                remotes.map(|dc| result(view, dc, |child| is_ours && child.is_labelled()));
            [nothing()].into_iter().chain(remotes).collect()
        }
    }
}

/// No CassandraTask is ever in the control plane.
fn nothing() -> ContextResult {
    ContextResult {
        context: None,
        objects: Ok(Vec::new()),
    }
}

fn result(view: &View, dc: usize, fits: impl Fn(Child) -> bool) -> ContextResult {
    let objects = match view.seen[dc] {
        _ if !view.registered[dc] => Err(unavailable(UnavailableReason::NotRegistered)),
        Seen::Blind => Err(unavailable(UnavailableReason::Unreachable)),
        Seen::Known(child) => {
            let child = child.filter(|child| fits(*child));
            Ok(child
                .map(|child| render::child(child, dc))
                .into_iter()
                .collect())
        }
    };
    ContextResult {
        context: Some(render::context_name(dc)),
        objects,
    }
}

fn unavailable(reason: UnavailableReason) -> Unavailable {
    Unavailable {
        reason,
        since: None,
        message: "it does not answer".into(),
    }
}
