//! The simulated API server held against a real one: the same requests to both, in the same order, must have the same
//! answers, but for uids, versions and times. Skipped, with a line that says so, where there is no real one.

// Helpers are tests too: clippy lets only those unwrap.
#![cfg(test)]

mod answers;
mod script;

use kube_sim::{Cluster, system_clock};

use crate::{answers::Session, script::Step};

#[tokio::test(flavor = "multi_thread")]
async fn both_answer_alike() {
    let Some(environment) = kube_env::start_or_skip(&["real"]).await.unwrap() else {
        return;
    };
    let simulated = Cluster::new("simulated", system_clock());
    let mut real = Session::new(environment.client("real").unwrap());
    let mut sim = Session::new(simulated.client("test"));
    prepare(&mut real).await;
    prepare(&mut sim).await;
    let mut differences = Vec::new();
    for step in script::steps() {
        let (expected, found) = (real.ask_until(&step).await, sim.ask_until(&step).await);
        if expected != found {
            differences.push(format!(
                "{step}\n  real:      {expected}\n  simulated: {found}"
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Definitions and a namespace, and patience until they are served.
async fn prepare(session: &mut Session) {
    for step in script::preparation() {
        let answer = session.ask(&step).await;
        assert!(answer.starts_with("201"), "{step}: {answer}");
    }
    let ready = Step::until(
        "200",
        Step::get("/apis/harbour.test/v1/namespaces/ns/boats"),
    );
    let answer = session.ask_until(&ready).await;
    assert!(
        answer.starts_with("200"),
        "the definitions are not served: {answer}"
    );
}
