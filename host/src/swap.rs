//! Follows the policy's file and its settings: when they change, the new policy is read, compiled, checked and asked
//! what it is, and only then takes over. A file that fails any of this is refused in one line, and the old one stays. At the start,
//! where there is no old one, the one that was kept last takes its place, if one was.

use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::host::Host;
use crate::kept::{Content, Kept};
use crate::one_line;
use crate::policy::Policy;
use crate::policy::in_place;
use crate::policy::wasm::Runtime;

/// How often the files are looked at. They are small, and their content tells more surely than any time stamp, also
/// where a file is a link into a mounted volume.
const POLL: Duration = Duration::from_millis(500);
/// No larger component is compiled: that takes many times its size.
const MAX_COMPONENT: u64 = 64 << 20;
/// Larger settings are none: each call of the policy gets them.
const MAX_SETTINGS: u64 = 1 << 20;

/// Where a policy comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The component.
    pub policy: PathBuf,
    /// Its settings, a JSON file; none is `{}`.
    pub settings: Option<PathBuf>,
    /// Where the last good policy is kept; none is nowhere.
    pub kept: Option<Kept>,
}

/// What was found when the files were looked at: their content, or why they cannot be read.
#[derive(PartialEq, Eq)]
pub struct Found(Result<Content, String>);

impl Source {
    /// Loads the policy: the given one, or else the last good one. With it comes what the files held: what they hold later is
    /// compared with that.
    pub fn load(&self, runtime: &Runtime) -> Result<(Policy, Found)> {
        let read = self.read();
        let refused = match &read {
            Ok(content) => match self.compile(content, runtime) {
                Ok(policy) => {
                    self.keep(content);
                    return Ok((policy, Found(read.map_err(|error| one_line(&error)))));
                }
                Err(refused) => one_line(&refused),
            },
            Err(error) => one_line(error),
        };
        let Some(policy) = self.last_good(runtime, &refused)? else {
            return Err(anyhow!(refused));
        };
        error!(
            stays = policy.digest,
            "policy refused, the last good one decides instead: {refused}"
        );
        Ok((policy, Found(read.map_err(|error| one_line(&error)))))
    }

    fn last_good(&self, runtime: &Runtime, refused: &str) -> Result<Option<Policy>> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        let policy = kept.read().and_then(|content| {
            let content = content.map(|content| self.compile(&content, runtime));
            content.transpose()
        });
        policy.with_context(|| format!("{refused}; and neither can the last good one be used"))
    }

    fn keep(&self, content: &Content) {
        if let Some(Err(error)) = self.kept.as_ref().map(|kept| kept.keep(content)) {
            error!("the policy decides, but {}", one_line(&error));
        }
    }

    fn read(&self) -> Result<Content> {
        let component = read(&self.policy, MAX_COMPONENT, "policy")?;
        let settings = match &self.settings {
            None => "{}".to_owned(),
            Some(path) => String::from_utf8(read(path, MAX_SETTINGS, "settings")?)
                .with_context(|| format!("settings {} are not JSON", path.display()))?,
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
        caught(|| runtime.load(&content.component, &content.settings))
            .with_context(|| format!("policy {} cannot be used", self.policy.display()))
    }

    /// Swaps the host's policy whenever the files hold something else than was found before, until told to stop.
    pub async fn follow(
        &self,
        mut before: Found,
        runtime: &Runtime,
        host: &Host,
        stop: CancellationToken,
    ) {
        let mut seen = None;
        loop {
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(POLL) => {} }
            let found = Found(self.read().map_err(|error| one_line(&error)));
            if found == before {
                seen = None;
            } else if seen.as_ref() == Some(&found) {
                // Twice the same: nobody is writing it now.
                match &found.0 {
                    Ok(content) => self.swap(content, runtime, host),
                    Err(why) => warn!(stays = host.policy().digest, "{why}"),
                }
                before = found;
                seen = None;
            } else {
                seen = Some(found);
            }
        }
    }

    fn swap(&self, content: &Content, runtime: &Runtime, host: &Host) {
        let swapped = in_place(|| self.compile(content, runtime)).and_then(|policy| {
            if policy.digest == host.policy().digest {
                info!(stays = policy.digest, "the policy is again what it was");
                return Ok(());
            }
            host.swap(policy)
                .with_context(|| format!("policy {} cannot be used", self.policy.display()))
        });
        match swapped {
            Ok(()) => self.keep(content),
            Err(refused) => error!(
                stays = host.policy().digest,
                "policy refused: {}",
                one_line(&refused)
            ),
        }
    }
}

fn read(path: &Path, limit: u64, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    let length =
        read.with_context(|| format!("reading {what} {}: is --{what} right?", path.display()))?;
    ensure!(
        u64::try_from(length)? <= limit,
        "{what} {} cannot be used: more than {} MiB",
        path.display(),
        limit >> 20
    );
    Ok(bytes)
}

/// A panic is a refusal: the policy that decides goes on.
fn caught<T>(load: impl FnOnce() -> Result<T>) -> Result<T> {
    let loaded = catch_unwind(AssertUnwindSafe(load));
    loaded.unwrap_or_else(|_| Err(anyhow!("the host panicked while it loaded it")))
}
