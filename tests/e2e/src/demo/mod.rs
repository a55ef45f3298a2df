//! The demo: the page's quick start and three more stories, shown as kubectl shows them.

pub mod show;
mod stories;

use anyhow::Result;

use crate::world::World;

/// Tells every story, one after the other.
pub async fn tell(world: &World) -> Result<()> {
    stories::quick_start(world).await?;
    stories::unknown_datacenter(world).await?;
    stories::failure(world).await?;
    stories::swap(world).await
}
