//! What is there before any client comes: the namespaces that every cluster has, and definitions of kinds.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{
    builtin::NAMESPACES, crd, failure::Failure, object::meta, state::State, write::Options,
};

const DEFINITION: &str = "CustomResourceDefinition";

/// CustomResourceDefinitions, read once for any number of clusters.
#[derive(Clone, Debug, Default)]
pub struct Definitions(Vec<Value>);

impl Definitions {
    /// Reads YAML, one or several documents. The error says which of them is no definition.
    pub fn parse(yaml: &str) -> anyhow::Result<Self> {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(yaml).context("reading CustomResourceDefinitions")?;
        let documents = documents.into_iter().filter(|document| !document.is_null());
        let documents: Vec<Value> = documents.collect();
        let is_other = |document: &&Value| document["kind"] != DEFINITION;
        if let Some(document) = documents.iter().find(is_other) {
            let name = document["metadata"]["name"].as_str();
            let (kind, name) = (&document["kind"], name.unwrap_or("without a name"));
            bail!("{kind} {name} is not a {DEFINITION}, and nothing else can be installed");
        }
        Ok(Self(documents))
    }

    /// Adds these.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

impl State {
    /// A cluster that knows the built-in kinds only, with the namespaces that every cluster has.
    pub fn begin(name: &str, now: &str) -> Self {
        let mut state = Self::new(name);
        for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            drop(state.create_namespace(namespace, now));
        }
        state
    }

    /// Creates a namespace.
    pub fn create_namespace(&mut self, name: &str, now: &str) -> Result<(), Failure> {
        let kind = self
            .kinds
            .by_plural(NAMESPACES)
            .ok_or_else(Failure::not_served)?;
        let object = json!({"metadata": {"name": name}});
        self.create(&kind, None, object, &Options::at(now))
            .map(drop)
    }

    /// Serves the kinds of these definitions. Those that are there already are replaced.
    pub fn install(&mut self, definitions: &Definitions) -> Result<(), Failure> {
        for definition in &definitions.0 {
            let kinds = crd::kinds(definition);
            let name = meta(definition, "name");
            let kinds = kinds.map_err(|errors| Failure::invalid_definition(name, &errors))?;
            self.kinds.withdraw(&crd::table_of(definition));
            kinds.into_iter().for_each(|kind| self.kinds.serve(kind));
        }
        Ok(())
    }
}
