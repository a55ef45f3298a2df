//! The connection to a context of a kubeconfig: its client is made in the background, and made anew when its credentials have
//! run out or are not accepted any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use futures::FutureExt as _;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use jiff::Timestamp;
use kube::client::Body;
use kube::config::KubeConfigOptions;
use kube::{Client, Config};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tower::{BoxError, service_fn};
use tracing::warn;

use super::{plugin, read_kubeconfig};
use crate::one_line;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to be made, without its credential plugin.
const BUILD_TIMEOUT: Duration = Duration::from_secs(15);
/// A request waits so long for the first client.
const PATIENCE: Duration = Duration::from_secs(5);
/// The delays between attempts.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// Credentials are replaced so long before they run out.
const AHEAD: Duration = Duration::from_secs(60);
/// And not more often than this, whatever API servers answer.
const SHORTEST_LIFE: Duration = Duration::from_secs(10);

/// A request was not sent: there is no client for its context, and why.
#[derive(Clone, Debug)]
pub struct NotConnected(String);

impl std::fmt::Display for NotConnected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotConnected {}

/// A context of a kubeconfig; none is the current one.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kubeconfig: Option<PathBuf>,
    pub(super) context: Option<String>,
}

/// What there is of a client; nothing while it is made for the first time.
type State = Option<Result<Client, NotConnected>>;

/// A client, and when its credentials run out.
struct Made {
    client: Client,
    expires: Option<Timestamp>,
}

impl Entry {
    /// A client for a context that has to be right at once.
    pub(super) async fn connect_now(self) -> Result<Client> {
        let made = self.make().await.with_context(|| self.shown())?;
        Ok(self.keep(Some(made)))
    }

    /// A client for a context that may come later.
    pub(super) fn connect(self) -> Client {
        self.keep(None)
    }

    fn keep(self, made: Option<Made>) -> Client {
        let (state, seen) = watch::channel(made.as_ref().map(|made| Ok(made.client.clone())));
        let refused = Arc::new(Notify::new());
        let keeper = Keeper {
            entry: self,
            state,
            refused: refused.clone(),
        };
        tokio::spawn(keeper.run(made));
        sending(seen, refused)
    }

    fn shown(&self) -> String {
        let name = self.context.as_deref();
        format!("context {}", name.unwrap_or("(the current one)"))
    }

    /// Reads the kubeconfig, asks the credential plugin if there is one, and builds the client.
    async fn make(&self) -> Result<Made> {
        let kubeconfig = read_kubeconfig(self.kubeconfig.as_deref())?;
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .context("its entry in the kubeconfig cannot be used")?;
        // kube would wait for it, however long that takes, and run it three times over.
        let expires = match config.auth_info.exec.take() {
            Some(plugin) => plugin::run(&plugin, &mut config.auth_info).await?,
            None => None,
        };
        // What is left of that are commands of the old `auth-provider`.
        let building = tokio::task::spawn_blocking(|| build(config));
        let built = timeout(BUILD_TIMEOUT, building).await;
        let client = built.map_err(|_| anyhow!("its credentials do not come"))??;
        Ok(Made {
            client: client.context("its entry in the kubeconfig cannot be used")?,
            expires,
        })
    }
}

pub(super) fn build(mut config: Config) -> Result<Client> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // kube's own retry sends a POST again whose answer was lost. Here a failed write goes back to the policy instead.
    config.default_retry = false;
    // Audit logs and `managedFields` name the writer by it.
    let agent = HeaderValue::from_static(concat!("pilothouse/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    Ok(Client::try_from(config)?)
}

/// A client that sends with whatever client there is.
fn sending(seen: watch::Receiver<State>, refused: Arc<Notify>) -> Client {
    let service = service_fn(move |request: Request<Body>| {
        let (mut seen, refused) = (seen.clone(), refused.clone());
        async move {
            let client = match seen.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(client)) => client.clone()?,
                _ => return Err(BoxError::from("the host is stopping")),
            };
            let answer = client.send(request).await?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                refused.notify_one();
            }
            Ok(answer)
        }
    });
    Client::new(service, "default")
}

/// Keeps a client for a context.
struct Keeper {
    entry: Entry,
    state: watch::Sender<State>,
    /// An API server has refused the credentials.
    refused: Arc<Notify>,
}

impl Keeper {
    /// Until nobody has the client any more.
    async fn run(self, made: Option<Made>) {
        tokio::select! { () = self.keep(made) => {}, () = self.state.closed() => {} }
    }

    async fn keep(&self, mut made: Option<Made>) {
        let mut attempts = 0;
        let mut is_of_use = made.is_some();
        let mut told = String::new();
        loop {
            if let Some(made) = made.take() {
                let expires = made.expires;
                self.state.send_replace(Some(Ok(made.client)));
                (attempts, told) = (0, String::new());
                is_of_use = self.wait(expires).await;
            }
            match self.make().await {
                Ok(new) => made = Some(new),
                Err(error) => {
                    let why = format!("{}: {}", self.entry.shown(), one_line(&error));
                    if told != why {
                        warn!("{why}");
                        told.clone_from(&why);
                    }
                    // A client whose credentials are accepted is better than none.
                    let refused = self.refused.notified().now_or_never();
                    is_of_use &= refused.is_none();
                    if !is_of_use {
                        self.state.send_replace(Some(Err(NotConnected(why))));
                    }
                    sleep((FIRST_RETRY * 2_u32.saturating_pow(attempts)).min(LONGEST_RETRY)).await;
                    attempts += 1;
                }
            }
        }
    }

    /// A request does not wait as long as a client may take.
    async fn make(&self) -> Result<Made> {
        let mut making = std::pin::pin!(self.entry.make());
        if let Ok(made) = timeout(PATIENCE, making.as_mut()).await {
            return made;
        }
        self.state.send_if_modified(|state| {
            let is_first = state.is_none();
            if is_first {
                let why = format!("{}: its credentials have not come yet", self.entry.shown());
                *state = Some(Err(NotConnected(why)));
            }
            is_first
        });
        making.await
    }

    /// Waits until it is time for new credentials. True if the old ones are accepted until then.
    async fn wait(&self, expires: Option<Timestamp>) -> bool {
        sleep(SHORTEST_LIFE).await;
        let refused = self.refused.notified();
        let Some(expires) = expires else {
            refused.await;
            return false;
        };
        let left = expires.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or_default();
        tokio::select! {
            () = refused => false,
            () = sleep(left.saturating_sub(AHEAD)) => true,
        }
    }
}
