//! The JSONPaths of CustomResourceDefinitions, `.spec.jobs[0].command`, as far as definitions use them: fields, with dots in
//! their names escaped, items by number, and the items of which a field has a value.

use serde_json::Value;

/// A path, read once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Item(usize),
    /// `[?(@.type=="Complete")]`
    Where(JsonPath, String),
}

impl JsonPath {
    /// Reads a path as Kubernetes writes it. The error says what cannot be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (step, behind) =
                step(rest).ok_or_else(|| format!("{text} is no JSONPath: {rest}"))?;
            steps.push(step);
            rest = behind;
        }
        Ok(Self(steps))
    }

    /// The path through plain fields, `metadata.creationTimestamp`.
    pub fn fields(names: &str) -> Self {
        Self(
            names
                .split('.')
                .map(|name| Step::Field(name.to_owned()))
                .collect(),
        )
    }

    /// The first value there, if there is one.
    pub fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Field(name) => value.get(name),
            Step::Item(number) => value.get(number),
            Step::Where(path, wanted) => {
                let mut items = value.as_array()?.iter();
                items.find(|item| {
                    path.first(item)
                        .is_some_and(|found| plain(found) == *wanted)
                })
            }
        })
    }

    /// The first value there as text; empty where there is none.
    pub fn text(&self, value: &Value) -> String {
        self.first(value).map(plain).unwrap_or_default()
    }
}

/// The first step of a path, and what is behind it.
fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(inside) = path.strip_prefix("[?(@") {
        let (condition, behind) = inside.split_once(")]")?;
        let (path, wanted) = condition.split_once("==")?;
        let wanted = wanted.trim().trim_matches(['"', '\'']);
        return Some((
            Step::Where(JsonPath::parse(path).ok()?, wanted.to_owned()),
            behind,
        ));
    }
    if let Some(inside) = path.strip_prefix('[') {
        let (number, behind) = inside.split_once(']')?;
        return Some((Step::Item(number.parse().ok()?), behind));
    }
    let name = path.strip_prefix('.')?;
    let mut is_escaped = false;
    let is_end = |letter: char| {
        let ends = !is_escaped && matches!(letter, '.' | '[');
        is_escaped = letter == '\\';
        ends
    };
    let end = name.find(is_end).unwrap_or(name.len());
    let (name, behind) = name.split_at(end);
    (!name.is_empty()).then(|| (Step::Field(name.replace("\\.", ".")), behind))
}

/// A value as text: a string without its quotes, null as nothing, all else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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

    #[test]
    fn what_it_cannot_read_is_an_error() {
        for path in ["spec", ".spec..a", ".spec[x]", ".spec[?(@.a)]", ".spec[0"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
