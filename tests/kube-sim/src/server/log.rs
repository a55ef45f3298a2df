//! What clients asked of a cluster: a record of every request, in order of arrival, and exact counts by filter. Requests
//! are written down as they arrive and completed when they are answered; nothing here looks into objects.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// What a request asks for, in Kubernetes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// One object.
    Get,
    /// A collection.
    List,
    /// A collection's changes.
    Watch,
    /// A new object (POST).
    Create,
    /// A whole object in place of another (PUT).
    Update,
    /// A change to an object (PATCH).
    Patch,
    /// One object's end.
    Delete,
    /// Anything that is about no resource: discovery, OpenAPI, health.
    Discover,
}

impl Verb {
    /// Whether this verb changes objects.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch | Self::Discover)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// One request that reached the cluster, or that would have, had the cluster been reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it arrived, by the cluster's clock.
    pub at: Timestamp,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// What was asked for.
    pub verb: Verb,
    /// The API group; empty for the core group and for [`Verb::Discover`].
    pub group: String,
    /// The resource as in the URL, `cassandratasks`; empty for [`Verb::Discover`].
    pub resource: String,
    /// `status`, where the URL names it.
    pub subresource: Option<String>,
    /// The namespace; none for cluster-scoped resources and for questions about all namespaces.
    pub namespace: Option<String>,
    /// The object; for a creation, the name in the body.
    pub name: Option<String>,
    /// The HTTP status with which it was carried out; none where it never was (or not yet).
    pub carried_out: Option<u16>,
    /// The HTTP status that the client saw; none where the reply was lost or is still to come.
    pub answered: Option<u16>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.user_agent, self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if let Some(subresource) = &self.subresource {
            write!(f, "/{subresource}")?;
        }
        if let Some(name) = &self.name {
            write!(
                f,
                " {}{name}",
                self.namespace
                    .as_ref()
                    .map(|ns| format!("{ns}/"))
                    .unwrap_or_default()
            )?;
        }
        match (self.answered, self.carried_out) {
            (Some(code), _) => write!(f, " -> {code}"),
            (None, Some(code)) => write!(f, " -> {code}, reply lost"),
            (None, None) => write!(f, " -> no reply"),
        }
    }
}

/// A condition on requests beyond the named ones.
type Condition = Arc<dyn Fn(&Request) -> bool + Send + Sync>;

/// Which requests are meant. All that is set must hold; [`Filter::any`] means every request.
#[derive(Clone, Default)]
pub struct Filter {
    user_agent: Option<String>,
    verb: Option<Verb>,
    resource: Option<String>,
    subresource: Option<Option<String>>,
    namespace: Option<String>,
    name: Option<String>,
    conditions: Vec<Condition>,
}

impl Filter {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every request that changes objects.
    pub fn writes() -> Self {
        Self::any().matching(|request| request.verb.writes())
    }

    /// Requests of one client.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = Some(user_agent.to_owned());
        self
    }

    /// Requests with one verb.
    #[must_use]
    pub fn verb(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }

    /// Requests about one resource, by its plural name, whether its status or all of it.
    #[must_use]
    pub fn resource(mut self, plural: &str) -> Self {
        self.resource = Some(plural.to_owned());
        self
    }

    /// Requests about one subresource; none means the object itself.
    #[must_use]
    pub fn subresource(mut self, subresource: Option<&str>) -> Self {
        self.subresource = Some(subresource.map(str::to_owned));
        self
    }

    /// Requests in one namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Requests about objects of one name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Requests for which `condition` holds too. A fault's condition sees no codes yet.
    #[must_use]
    pub fn matching(
        mut self,
        condition: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.conditions.push(Arc::new(condition));
        self
    }

    /// Whether `request` is meant.
    pub fn matches(&self, request: &Request) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
        };
        same(&self.user_agent, Some(&request.user_agent))
            && self.verb.is_none_or(|verb| verb == request.verb)
            && same(&self.resource, Some(&request.resource))
            && self
                .subresource
                .as_ref()
                .is_none_or(|wanted| *wanted == request.subresource)
            && same(&self.namespace, request.namespace.as_deref())
            && same(&self.name, request.name.as_deref())
            && self.conditions.iter().all(|condition| condition(request))
    }
}

/// One entry of the log, to be completed.
pub(crate) type Entry = Arc<Mutex<Request>>;

/// The requests so far.
#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<Entry>>);

impl Log {
    pub(crate) fn arrive(&self, request: Request) -> Entry {
        let entry = Arc::new(Mutex::new(request));
        lock(&self.0).push(entry.clone());
        entry
    }

    pub(crate) fn select(&self, filter: &Filter) -> Vec<Request> {
        let entries = lock(&self.0);
        let requests = entries.iter().map(|entry| lock(entry).clone());
        requests.filter(|request| filter.matches(request)).collect()
    }

    pub(crate) fn count(&self, filter: &Filter) -> usize {
        let entries = lock(&self.0);
        let meant = entries.iter().filter(|entry| filter.matches(&lock(entry)));
        meant.count()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
