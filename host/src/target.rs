//! What is watched, and what a watch does with it: lists it, and tells the engine what there is and how the watch is.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::ListParams;
use pilothouse_core::Resource;
use pilothouse_core::cache::{Health, List};
use tracing::{info, warn};

use crate::answer::{Event, Failed};
use crate::api::{Api, within};
use crate::contract::{Gvk, context_name};
use crate::execute::Kinds;
use crate::shared::Shared;

/// API servers end a request after a minute by themselves.
const PAGE_TIMEOUT: Duration = Duration::from_secs(65);
/// How many objects are asked for at once.
const PAGE: u32 = 500;

/// What is watched: a kind, in a context, in a namespace or in all.
pub struct Target {
    /// The client of the context.
    pub client: Client,
    /// The kind and the context.
    pub resource: Resource,
    /// None is all namespaces.
    pub namespace: Option<String>,
    /// Who is told.
    pub shared: Arc<Shared>,
    /// Where it is written down how the API server names the kind.
    pub kinds: Arc<Kinds>,
}

impl Target {
    /// All objects go to the engine, and the resourceVersion of the list comes out.
    pub async fn list(&self) -> Result<(Api, String), Failed> {
        let api = within(PAGE_TIMEOUT, self.resolve()).await?;
        let list = pages(&api).await?;
        let (namespace, version) = (self.namespace.as_deref(), list.version.clone());
        if self.shared.listed(&self.resource, namespace, list) {
            let (kind, context) = self.names();
            warn!(%kind, context, version, "the API server was restored, or set up anew: every kind is listed again");
        }
        Ok((api, version))
    }

    /// Waits until it has to be listed anew.
    pub async fn outdated(&self) {
        let namespace = self.namespace.as_deref();
        self.shared.outdated(&self.resource, namespace).await;
    }

    /// Asks the API server what it calls the kind.
    async fn resolve(&self) -> Result<Api, Failed> {
        let gvk = &self.resource.gvk;
        let (named, is_namespaced) = Api::discover(&self.client, gvk).await?;
        self.kinds
            .insert(&self.resource, named.clone(), is_namespaced);
        self.shared
            .with(|engine| engine.resolved(&self.resource, is_namespaced));
        let namespace = self.namespace.as_deref().filter(|_| is_namespaced);
        Ok(Api::new(self.client.clone(), &named, namespace))
    }

    /// Hands an event to the engine. Out comes the resourceVersion that is told with it.
    pub fn tell(&self, event: Event) -> String {
        let resource = &self.resource;
        match event {
            Event::Changed(object) => {
                let version = object.resource_version.clone();
                self.shared.with(|engine| engine.seen(resource, object));
                version
            }
            Event::Gone(object) => {
                self.shared
                    .with(|engine| engine.seen_gone(resource, &object));
                object.resource_version
            }
            Event::Bookmark(version) => {
                let namespace = self.namespace.as_deref();
                self.shared
                    .with(|engine| engine.caught_up(resource, namespace, &version));
                version
            }
        }
    }

    /// Tells the engine how the watch is, and the log where that is news.
    pub fn set_health(&self, health: Health) {
        let namespace = self.namespace.as_deref();
        let is_news = self
            .shared
            .with(|engine| engine.set_health(&self.resource, namespace, health.clone()));
        let (kind, context) = self.names();
        match health {
            _ if !is_news => {}
            Health::Lost(why) => warn!(%kind, context, "cannot be watched: {}", why.message),
            Health::Synced | Health::Starting => info!(%kind, context, "watched"),
        }
    }

    /// The kind and the context, for the log.
    pub fn names(&self) -> (&Gvk, &str) {
        (&self.resource.gvk, context_name(&self.resource.context))
    }
}

/// All pages of a list. Where the API server forgets the first ones before it has answered the last one, it is asked for all at once.
async fn pages(api: &Api) -> Result<List, Failed> {
    let mut params = ListParams::default().limit(PAGE);
    let mut objects = Vec::new();
    loop {
        let page = match within(PAGE_TIMEOUT, api.list(&params)).await {
            Err(Failed {
                code: Some(410), ..
            }) if params.continue_token.is_some() => {
                params = ListParams::default();
                objects.clear();
                continue;
            }
            page => page?,
        };
        objects.extend(page.objects);
        match page.more {
            Some(more) => params.continue_token = Some(more),
            None => {
                return Ok(List {
                    objects,
                    version: page.version,
                });
            }
        }
    }
}
