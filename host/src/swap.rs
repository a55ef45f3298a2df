//! Follows the policy's file and its settings: when they change, the new policy is read, compiled, checked and asked
//! what it is, and only then takes over. A file that fails any of this is refused in one line, and the old one stays.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::host::Host;
use crate::policy::Policy;
use crate::policy::in_place;
use crate::policy::wasm::Runtime;

/// How often the files are looked at. They are small, and their content tells more surely than any time stamp, also
/// where a file is a link into a mounted volume.
const POLL: Duration = Duration::from_millis(500);

/// Where a policy comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The component.
    pub policy: PathBuf,
    /// Its settings, a JSON file; none is `{}`.
    pub settings: Option<PathBuf>,
}

/// What the files held.
#[derive(PartialEq, Eq)]
pub struct Content {
    component: Vec<u8>,
    settings: String,
}

impl Source {
    /// Reads and loads the policy. With it comes what it was made of: what the files hold later is compared with that.
    pub fn load(&self, runtime: &Runtime) -> Result<(Policy, Content)> {
        let content = self.read()?;
        Ok((self.compile(&content, runtime)?, content))
    }

    fn read(&self) -> Result<Content> {
        let component = std::fs::read(&self.policy).with_context(|| {
            format!(
                "reading policy {}: is --policy right?",
                self.policy.display()
            )
        })?;
        let settings = match &self.settings {
            None => "{}".to_owned(),
            Some(path) => std::fs::read_to_string(path).with_context(|| {
                format!("reading settings {}: is --settings right?", path.display())
            })?,
        };
        Ok(Content {
            component,
            settings,
        })
    }

    fn compile(&self, content: &Content, runtime: &Runtime) -> Result<Policy> {
        if let Some(path) = &self.settings {
            serde_json::from_str::<serde_json::Value>(&content.settings)
                .with_context(|| format!("settings {} are not JSON", path.display()))?;
        }
        runtime
            .load(&content.component, &content.settings)
            .with_context(|| format!("policy {} cannot be used", self.policy.display()))
    }

    /// Swaps the host's policy whenever the files hold something else than what was loaded, until told to stop.
    pub async fn follow(
        &self,
        mut loaded: Content,
        runtime: &Runtime,
        host: &Host,
        stop: CancellationToken,
    ) {
        let mut seen = None;
        loop {
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(POLL) => {} }
            // A file that is missing for a moment is being replaced.
            let Ok(content) = self.read() else { continue };
            if loaded == content {
                seen = None;
            } else if seen.as_ref() == Some(&content) {
                // Twice the same: nobody is writing it now.
                self.swap(&content, runtime, host);
                loaded = content;
                seen = None;
            } else {
                seen = Some(content);
            }
        }
    }

    fn swap(&self, content: &Content, runtime: &Runtime, host: &Host) {
        let swapped = in_place(|| self.compile(content, runtime)).and_then(|policy| {
            host.swap(policy)
                .with_context(|| format!("policy {} cannot be used", self.policy.display()))
        });
        if let Err(refused) = swapped {
            error!(
                stays = host.policy().digest,
                "policy refused: {}",
                one_line(&refused)
            );
        }
    }
}

/// An error chain as one line.
pub fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
