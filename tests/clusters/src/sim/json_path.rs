//! The JSONPaths of CustomResourceDefinitions: `.spec.jobs[0].command`. Evaluation is that of RFC 9535; what differs is
//! how Kubernetes writes them (no `$`, dots in names escaped with a backslash).

use jsonpath_rust::{
    parser::{
        model::{JpQuery, Segment},
        parse_json_path,
    },
    query::js_path_process,
};
use serde_json::Value;

/// A path, read once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPath(JpQuery);

impl JsonPath {
    /// Reads a path as Kubernetes writes it. The error says what cannot be understood.
    pub fn parse(kubernetes: &str) -> Result<Self, String> {
        let path = translate(kubernetes);
        parse_json_path(&path)
            .map(Self)
            .map_err(|error| format!("{kubernetes} is no JSONPath: {error}"))
    }

    /// The path through plain fields, `metadata.creationTimestamp`.
    pub fn fields(names: &str) -> Self {
        Self(JpQuery::new(names.split('.').map(Segment::name).collect()))
    }

    /// The first value there, if there is one.
    pub fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        js_path_process(&self.0, value)
            .ok()?
            .into_iter()
            .next()
            .map(|found| found.val)
    }

    /// The first value there as text; empty where there is none.
    pub fn text(&self, value: &Value) -> String {
        self.first(value).map(plain).unwrap_or_default()
    }
}

/// A value as text: a string without its quotes, null as nothing, all else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Kubernetes' spelling into that of RFC 9535.
fn translate(kubernetes: &str) -> String {
    let mut path = String::from("$");
    let mut rest = kubernetes.trim();
    while let Some(at) = rest.find("\\.") {
        // The segment that the escaped dot is in becomes `['a.b']`.
        let start = rest[..at].rfind('.').unwrap_or(0);
        path.push_str(&rest[..start]);
        let mut end = at;
        while rest[end..].starts_with("\\.") {
            end += 2;
            end += rest[end..]
                .find(['.', '\\', '['])
                .unwrap_or(rest.len() - end);
        }
        path.push_str(&format!("['{}']", rest[start + 1..end].replace("\\.", ".")));
        rest = &rest[end..];
    }
    path.push_str(rest);
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_what_printer_columns_ask_for() {
        let object = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "x", "a": "y"}},
            "spec": {"jobs": [{"command": "restart"}], "size": 3},
            "status": {"conditions": [{"type": "Running", "status": "False"}, {"type": "Complete", "status": "True"}]},
        });
        let cases = [
            (".spec.jobs[0].command", "restart"),
            (".spec.jobs[1].command", ""),
            (".spec.size", "3"),
            (".status.conditions[?(@.type==\"Complete\")].status", "True"),
            (".metadata.labels.app\\.kubernetes\\.io/name", "x"),
            (".metadata.labels.a", "y"),
            (".nothing.here", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(
                JsonPath::parse(path).unwrap().text(&object),
                expected,
                "{path}"
            );
        }
    }
}
