//! The kinds that a cluster serves. What comes in are definitions (built in, or read from a CustomResourceDefinition),
//! what goes out is the one that a URL or an object means. Nothing here holds objects.

use std::sync::Arc;

use serde_json::Value;

use super::json_path::JsonPath;

/// One column of `kubectl get`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub type_: String,
    pub format: String,
    pub description: String,
    /// 0 is always shown, more only with `-o wide`.
    pub priority: i64,
    pub path: JsonPath,
}

/// How objects of a kind are kept as against how they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Plain,
    /// `events.k8s.io/v1`, which is another view of core events.
    NewEvent,
}

/// One resource in one version, as a client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub list_kind: String,
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    pub namespaced: bool,
    /// Whether it has the status subresource.
    pub status: bool,
    /// Structural schema; none keeps everything and checks nothing.
    pub schema: Option<Value>,
    pub columns: Vec<Column>,
    /// Whether it comes from a CustomResourceDefinition: generations are counted, and there are no strategic merge
    /// patches.
    pub custom: bool,
    pub form: Form,
    /// Under which name its objects are kept; the same for all versions of a resource.
    pub table: Arc<str>,
}

impl Kind {
    /// A namespaced built-in kind without schema, status or columns.
    pub fn built_in(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            list_kind: format!("{kind}List"),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            short_names: Vec::new(),
            namespaced: true,
            status: false,
            schema: None,
            columns: vec![Column::age()],
            custom: false,
            form: Form::Plain,
            table: table(group, plural),
        }
    }

    /// A namespaced kind that nobody has defined: everything is kept, with a status apart.
    pub fn schemaless(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            status: true,
            custom: true,
            ..Self::built_in(group, version, kind, &format!("{}s", kind.to_lowercase()))
        }
    }

    /// `v1`, `control.k8ssandra.io/v1alpha1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `cassandratasks.control.k8ssandra.io`, as messages name it.
    pub fn qualified(&self) -> String {
        dotted(&self.plural, &self.group)
    }

    /// `CassandraTask.control.k8ssandra.io`, as messages name it.
    pub fn qualified_kind(&self) -> String {
        dotted(&self.kind, &self.group)
    }
}

impl Column {
    /// The column that kinds without columns of their own get.
    pub fn age() -> Self {
        Self {
            name: "Age".to_owned(),
            type_: "date".to_owned(),
            format: String::new(),
            description: "When the object was created".to_owned(),
            priority: 0,
            path: JsonPath::fields("metadata.creationTimestamp"),
        }
    }
}

/// `word.group`, or the word alone for the core group.
pub(crate) fn dotted(word: &str, group: &str) -> String {
    if group.is_empty() {
        word.to_owned()
    } else {
        format!("{word}.{group}")
    }
}

/// The name under which the objects of a resource are kept.
pub(crate) fn table(group: &str, plural: &str) -> Arc<str> {
    dotted(plural, group).into()
}

/// All kinds of a cluster.
#[derive(Clone, Default)]
pub(crate) struct Kinds(Vec<Arc<Kind>>);

impl Kinds {
    /// Adds a kind, in place of the one that was served there.
    pub fn serve(&mut self, kind: Kind) {
        self.0.retain(|old| {
            (&old.group, &old.version, &old.plural) != (&kind.group, &kind.version, &kind.plural)
        });
        self.0.push(Arc::new(kind));
    }

    /// Stops serving all versions of a resource.
    pub fn withdraw(&mut self, table: &str) {
        self.0.retain(|kind| &*kind.table != table);
    }

    /// By what a URL names.
    pub fn by_url(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let found = self
            .0
            .iter()
            .find(|kind| kind.group == group && kind.version == version && kind.plural == plural);
        found.cloned()
    }

    /// By what an object says of itself.
    pub fn by_type(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let found = self.0.iter().find(|candidate| {
            candidate.group == group && candidate.version == version && candidate.kind == kind
        });
        found.cloned()
    }

    /// By what an owner reference names: any version of the group will do.
    pub fn by_reference(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        self.0
            .iter()
            .find(|candidate| candidate.group == group && candidate.kind == kind)
            .cloned()
    }

    /// By the plural name alone, as people and tests say it.
    pub fn by_plural(&self, plural: &str) -> Option<Arc<Kind>> {
        self.0.iter().find(|kind| kind.plural == plural).cloned()
    }

    /// In the order of installation.
    pub fn all(&self) -> &[Arc<Kind>] {
        &self.0
    }
}
