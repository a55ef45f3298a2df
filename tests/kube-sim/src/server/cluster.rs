//! The handle that tests hold of a simulated cluster: clients for programs, definitions to install, faults, the request
//! log, and a direct look at objects. Nothing here answers requests.

use std::sync::Arc;

use http::{HeaderValue, header::USER_AGENT};
use jiff::Timestamp;
use kube::client::Body;
use serde_json::Value;
use tower::service_fn;

use super::{
    clock::Clock,
    fault::{Fault, Injected},
    inner::Inner,
    log::{Filter, Request},
};
use crate::store::{Definitions, state::shown, time::seconds};

/// A simulated cluster. Clones are handles of the same one.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) inner: Arc<Inner>,
}

impl Cluster {
    /// An empty cluster that knows the built-in kinds only. Clusters of different names never give the same uid.
    pub fn new(name: &str, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner::new(name, clock)),
        }
    }

    /// As given to [`Cluster::new`].
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What time it is in the cluster.
    pub fn now(&self) -> Timestamp {
        self.inner.now()
    }

    /// A client without a socket, whose requests are logged under `user_agent`. Its default namespace is `default`. To
    /// be called, and used, within a tokio runtime.
    pub fn client(&self, user_agent: &str) -> kube::Client {
        let (inner, user_agent) = (self.inner.clone(), HeaderValue::from_str(user_agent));
        let service = service_fn(move |mut request: http::Request<Body>| {
            if let Ok(user_agent) = &user_agent {
                request.headers_mut().insert(USER_AGENT, user_agent.clone());
            }
            inner.clone().answer(request)
        });
        kube::Client::new(service, "default")
    }

    /// Serves the kinds of these CustomResourceDefinitions: YAML, one or several documents. Definitions that are there
    /// already are replaced. The error names the definition and what is wrong with it.
    pub fn install_crds(&self, yaml: &str) -> anyhow::Result<()> {
        let definitions = Definitions::parse(yaml)?;
        Ok(self.inner.state().install(&definitions)?)
    }

    /// Creates a namespace, unless it is there.
    pub fn create_namespace(&self, name: &str) {
        let now = seconds(self.now());
        drop(self.inner.state().create_namespace(name, &now));
        self.inner.announce();
    }

    /// Puts a fault in force until it is lifted.
    pub fn inject(&self, fault: Fault) -> Injected {
        self.inner.faults.inject(fault)
    }

    /// Takes the cluster off the network, or puts it back. While it is off, requests find nobody there and are not
    /// carried out, requests under way lose their replies, and open watches break.
    pub fn set_reachable(&self, reachable: bool) {
        self.inner.signal.send_modify(|signal| {
            signal.unreachable = !reachable;
            signal.cuts += u64::from(!reachable);
        });
    }

    /// Breaks the connections of all open watches; new ones can be opened at once.
    pub fn cut_watches(&self) {
        self.inner.signal.send_modify(|signal| signal.cuts += 1);
    }

    /// Keeps watches quiet while `held`, as a slow network does: they stay open and miss nothing, but report only once
    /// they are released. Reads see everything at once.
    pub fn hold_watches(&self, held: bool) {
        self.inner.signal.send_modify(|signal| signal.held = held);
    }

    /// Forgets all earlier versions: watches and pages that begin before now are answered with 410 `Expired`. A watch
    /// that has reported everything so far goes on.
    pub fn forget_history(&self) {
        self.inner.state().tables.compact();
        // A watch that is behind is told at once.
        self.inner.signal.send_modify(|_| {});
    }

    /// The logged requests that `filter` means, in order of arrival.
    pub fn requests(&self, filter: &Filter) -> Vec<Request> {
        self.inner.log.select(filter)
    }

    /// How many logged requests `filter` means.
    pub fn count(&self, filter: &Filter) -> usize {
        self.inner.log.count(filter)
    }

    /// Empties the request log.
    pub fn forget_requests(&self) {
        self.inner.log.clear();
    }

    /// All objects of a resource by its plural name, as they are now, without a request. Empty also where there is no
    /// such resource.
    pub fn objects(&self, plural: &str) -> Vec<Value> {
        let state = self.inner.state();
        let kind = state.kinds.by_plural(plural);
        kind.map_or_else(Vec::new, |kind| state.all(&kind))
    }

    /// One object as it is now, without a request; `namespace` is empty for cluster-scoped resources.
    pub fn object(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let state = self.inner.state();
        let kind = state.kinds.by_plural(plural)?;
        let namespace = kind.namespaced.then_some(namespace);
        state
            .read(&kind, namespace, name)
            .ok()
            .map(|object| shown(&kind, &object))
    }
}
