//! URLs of the Kubernetes API. What comes in is a method, a path and a query; what goes out is which verb on which
//! resource they mean. Whether anything is served there is not known here.

use std::collections::BTreeMap;

use http::Method;

use super::log::Verb;

/// A resource, a collection of them, or one object, as a URL names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Resource(Target),
    /// Discovery, OpenAPI, health: the segments of the path.
    Other(Vec<String>),
}

impl Path {
    pub fn parse(path: &str) -> Self {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let target = match segments.as_slice() {
            ["api", version, rest @ ..] => resource("", version, rest),
            ["apis", group, version, rest @ ..] => resource(group, version, rest),
            _ => None,
        };
        target.map_or_else(
            || Self::Other(segments.iter().map(ToString::to_string).collect()),
            Self::Resource,
        )
    }
}

/// The part of a path behind the version.
fn resource(group: &str, version: &str, rest: &[&str]) -> Option<Target> {
    let (namespace, rest) = match rest {
        // Namespaces are themselves a resource, with subresources of their own.
        ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        _ => (None, rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (plural, None, None),
        [plural, name] => (plural, Some(name), None),
        [plural, name, subresource] => (plural, Some(name), Some(subresource)),
        _ => return None,
    };
    Some(Target {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: (*plural).to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.map(ToString::to_string),
        subresource: subresource.map(ToString::to_string),
    })
}

/// The parameters of a URL; of one given twice, the last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub fn parse(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A parameter; an empty one counts as absent, as with the API server.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The names of the parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let given = self.0.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, _)| name.as_str())
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }
}

/// What a method on a target means; none where the API has no such thing.
pub(crate) fn verb(method: &Method, target: &Target, query: &Query) -> Option<Verb> {
    let verb = match (method, target.name.is_some()) {
        (&Method::GET, true) => Verb::Get,
        (&Method::GET, false) if query.flag("watch") => Verb::Watch,
        (&Method::GET, false) => Verb::List,
        (&Method::POST, false) => Verb::Create,
        (&Method::PUT, true) => Verb::Update,
        (&Method::PATCH, true) => Verb::Patch,
        (&Method::DELETE, _) => Verb::Delete,
        _ => return None,
    };
    Some(verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_lead_to() {
        let cases = [
            ("/api/v1/namespaces", "/namespaces"),
            ("/api/v1/namespaces/a", "/namespaces a"),
            ("/api/v1/namespaces/a/status", "/namespaces a status"),
            ("/api/v1/namespaces/a/events", "/events in a"),
            ("/apis/g/v1/things", "g/things"),
            ("/apis/g/v1/namespaces/a/things/b", "g/things in a b"),
            (
                "/apis/g/v1/namespaces/a/things/b/status",
                "g/things in a b status",
            ),
            ("/version", "other"),
            ("/api/v1", "other"),
            ("/apis/g/v1", "other"),
            ("/openapi/v3/apis/g/v1", "other"),
            ("/", "other"),
        ];
        for (path, expected) in cases {
            let found = match Path::parse(path) {
                Path::Other(_) => "other".to_owned(),
                Path::Resource(target) => {
                    let namespace = target.namespace.map(|name| format!("in {name}"));
                    let mut words = vec![format!("{}/{}", target.group, target.plural)];
                    words.extend(
                        [namespace, target.name, target.subresource]
                            .into_iter()
                            .flatten(),
                    );
                    words.join(" ")
                }
            };
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_empty_ones_are_absent() {
        let query = Query::parse("fieldSelector=a%3Db%2Cc&watch=1&limit=");
        assert_eq!(query.get("fieldSelector"), Some("a=b,c"));
        assert!(query.flag("watch"));
        assert_eq!(
            query.names().collect::<Vec<_>>(),
            ["fieldSelector", "watch"]
        );
    }
}
