//! Pilothouse beside k8ssandra-operator, on real API servers: only they enforce a ValidatingAdmissionPolicy.

mod children;
mod neighbours;
mod operator;
mod stories;

use anyhow::{Context as _, Result, ensure};
use futures::future::LocalBoxFuture;

pub use neighbours::Neighbours;
pub use operator::Operator;

use crate::objects::CONTEXTS;
use crate::real::{Clusters, NAMESPACE};
use crate::world::World;

/// What has to hold beside k8ssandra-operator.
pub struct Story {
    /// Its name, as the test runner shows it.
    pub name: &'static str,
    /// Whether Pilothouse uses k8ssandra-operator's account in the remote contexts.
    is_account_shared: bool,
    run: for<'a> fn(&'a mut Stage<'_>) -> LocalBoxFuture<'a, Result<()>>,
}

/// A world, and k8ssandra-operator's accounts.
pub struct Stage<'a> {
    world: World,
    neighbours: &'a Neighbours,
}

/// Every story.
pub const ALL: &[Story] = &[
    Story {
        name: "without_the_policy_it_interferes",
        is_account_shared: false,
        run: |stage| Box::pin(stories::without_the_policy(stage)),
    },
    Story {
        name: "kept_away_with_separate_accounts",
        is_account_shared: false,
        run: |stage| Box::pin(stories::kept_away(stage)),
    },
    Story {
        name: "kept_away_with_a_shared_account",
        is_account_shared: true,
        run: |stage| Box::pin(stories::kept_away(stage)),
    },
    Story {
        name: "taking_over",
        is_account_shared: false,
        run: |stage| Box::pin(stories::taking_over(stage)),
    },
    Story {
        name: "going_back",
        is_account_shared: false,
        run: |stage| Box::pin(stories::going_back(stage)),
    },
];

/// Runs a story in a world of its own.
pub async fn run(clusters: &Clusters, neighbours: &Neighbours, story: &Story) -> Result<()> {
    let access = if story.is_account_shared {
        &neighbours.shared
    } else {
        clusters.own()
    };
    let world = clusters.new_world_as(access.clone()).await?;
    let mut stage = Stage { world, neighbours };
    let outcome = (story.run)(&mut stage).await;
    outcome.with_context(|| format!("pilothouse's log:\n{}", stage.world.operator.log()))?;
    if story.is_account_shared {
        created_by_the_shared_account(clusters, &stage.world.namespace)?;
    }
    Ok(())
}

/// That CassandraTasks were created in a remote context with the account of k8ssandra-operator.
fn created_by_the_shared_account(clusters: &Clusters, namespace: &str) -> Result<()> {
    let account = format!("{NAMESPACE}:{}", neighbours::RESTRICTED);
    let requests = clusters.environment.requests(CONTEXTS[1], &account)?;
    let created = requests.iter().any(|request| {
        (request.verb.as_str(), request.code) == ("create", 201)
            && request.resource == "cassandratasks"
            && request.namespace.as_deref() == Some(namespace)
    });
    ensure!(created, "{account} has created nothing in {namespace}");
    Ok(())
}
