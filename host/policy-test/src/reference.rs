//! How a scenario names an object: `Pod ns/name in context-1`, as one would say it.
//!
//! In: a text. Out: kind, namespace, name and context. Without a namespace it is the scenario's, without a context the
//! control plane. What API a kind belongs to is not known here.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The name of the control plane in a scenario.
pub const CONTROL_PLANE: &str = "control plane";

/// A context: none is the control plane.
pub type Context = Option<String>;

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// Its kind, without the API.
    pub kind: String,
    /// Its namespace; none is the scenario's.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub context: Context,
}

impl Reference {
    /// With the namespace, where none was said, of the scenario.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace.get_or_insert_with(|| namespace.to_owned());
        self
    }
}

/// A context as a scenario names it.
pub fn context(text: &str) -> Context {
    (text != CONTROL_PLANE).then(|| text.to_owned())
}

/// A context for people.
pub fn context_name(context: Option<&str>) -> &str {
    context.unwrap_or(CONTROL_PLANE)
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} names no object; it may be like `Pod ns/name in context-1`, or `Pod name`"
            )
        };
        let (object, place) = match text.split_once(" in ") {
            Some((object, place)) => (object, context(place.trim())),
            None => (text, None),
        };
        let (kind, name) = object.trim().split_once(' ').ok_or_else(wrong)?;
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, name),
        };
        let words = [Some(kind), namespace, Some(name), place.as_deref()];
        let is_word = |word: &&str| !word.is_empty() && !word.contains([' ', '/']);
        if !words.iter().flatten().all(is_word) {
            return Err(wrong());
        }
        Ok(Self {
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            context: place,
        })
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)?;
        match &self.context {
            Some(context) => write!(f, " in {context}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_it_is_written() {
        for text in ["Pod a", "Pod ns/a", "Pod a in east", "Pod ns/a in east"] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        let control_plane: Reference = "Pod a in control plane".parse().unwrap();
        assert_eq!(control_plane.context, None);
        assert_eq!(control_plane.within("ns").to_string(), "Pod ns/a");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in [
            "",
            "Pod",
            "Pod ",
            "Pod /a",
            "Pod a b",
            "Pod a/b/c",
            "Pod a in ",
        ] {
            let error = text.parse::<Reference>().unwrap_err();
            assert!(error.contains("names no object"), "{text}: {error}");
        }
    }
}
