//! Label and field selectors. What comes in is their text, what goes out is whether an object matches. Fields that a
//! kind does not offer are refused, as kube-apiserver refuses them.

use serde_json::Value;

use super::{failure::Failure, json_path::JsonPath, kind::Kind};

/// Which objects a list or watch is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldTest>,
}

#[derive(Clone, Debug)]
struct FieldTest {
    path: JsonPath,
    value: String,
    /// Whether they must be equal, or else must not.
    equal: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Requirement {
    fn holds(&self, labels: &Value) -> bool {
        let is = |key: &str| labels[key].as_str();
        match self {
            Self::In(key, values) => {
                is(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
            }
            Self::NotIn(key, values) => {
                is(key).is_none_or(|value| values.iter().all(|unwanted| unwanted != value))
            }
            Self::Exists(key) => is(key).is_some(),
            Self::Absent(key) => is(key).is_none(),
        }
    }
}

impl Selector {
    pub fn parse(kind: &Kind, labels: Option<&str>, fields: Option<&str>) -> Result<Self, Failure> {
        Ok(Self {
            labels: split(labels.unwrap_or_default())
                .into_iter()
                .map(requirement)
                .collect::<Result<_, _>>()?,
            fields: split(fields.unwrap_or_default())
                .into_iter()
                .map(|text| field(kind, text))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether it selects every object.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// `object` as it is shown to the client.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels
            .iter()
            .all(|requirement| requirement.holds(labels))
            && self
                .fields
                .iter()
                .all(|test| (test.path.text(object) == test.value) == test.equal)
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let at_comma = move |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    };
    text.split(at_comma)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

fn requirement(text: &str) -> Result<Requirement, Failure> {
    let unreadable = || Failure::bad_request(format!("unable to parse requirement: {text:?}"));
    let word = |text: &str| {
        let text = text.trim();
        let good = !text.contains([' ', '(', ')', '=', '!', ',']);
        good.then(|| text.to_owned()).ok_or_else(unreadable)
    };
    let key = |text: &str| {
        word(text).and_then(|key| {
            if key.is_empty() {
                Err(unreadable())
            } else {
                Ok(key)
            }
        })
    };
    if let Some((name, value)) = text.split_once("!=") {
        return Ok(Requirement::NotIn(key(name)?, vec![word(value)?]));
    }
    if let Some((name, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Requirement::In(key(name)?, vec![word(value)?]));
    }
    if let Some((head, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values = values.split(',').map(word).collect::<Result<_, _>>()?;
        return match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            [name, "in"] => Ok(Requirement::In(key(name)?, values)),
            [name, "notin"] => Ok(Requirement::NotIn(key(name)?, values)),
            [_, operator] => Err(Failure::bad_request(format!(
                "unable to parse requirement: found '{operator}', expected: in, notin, =, ==, !=, gt, lt"
            ))),
            _ => Err(unreadable()),
        };
    }
    match text.strip_prefix('!') {
        Some(name) => Ok(Requirement::Absent(key(name)?)),
        None => Ok(Requirement::Exists(key(text)?)),
    }
}

fn field(kind: &Kind, text: &str) -> Result<FieldTest, Failure> {
    let (name, value, equal) = if let Some((name, value)) = text.split_once("!=") {
        (name, value, false)
    } else if let Some((name, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (name, value, true)
    } else {
        return Err(Failure::bad_request(format!(
            "invalid selector: '{text}'; can't understand '{text}'"
        )));
    };
    let path = match name {
        "metadata.name" | "metadata.namespace" => JsonPath::fields(name),
        _ => {
            let known = kind.selectable.iter().find(|field| field.name == name);
            let unknown = || Failure::bad_request(format!("field label not supported: {name}"));
            known.map(|field| field.path.clone()).ok_or_else(unknown)?
        }
    };
    Ok(FieldTest {
        path,
        value: value.to_owned(),
        equal,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(labels: &str, fields: &str) -> Result<bool, Failure> {
        let kind = Kind::built_in("", "v1", "Thing", "things");
        let object = json!({"metadata": {"name": "a", "namespace": "ns", "labels": {"app": "web", "a.b/c": ""}}});
        Ok(Selector::parse(&kind, Some(labels), Some(fields))?.matches(&object))
    }

    #[test]
    fn by_label() {
        let yes = [
            "app=web",
            "app==web",
            "app!=db",
            "app",
            "!tier",
            "app in (db, web)",
            "app notin (db)",
            "a.b/c=",
            "tier!=x",
            "app=web,!tier,app in (web)",
            "",
        ];
        let no = [
            "app=db",
            "app!=web",
            "tier",
            "!app",
            "app in (db)",
            "app notin (web,x)",
            "app=web,tier=x",
        ];
        for labels in yes {
            assert_eq!(selects(labels, ""), Ok(true), "{labels}");
        }
        for labels in no {
            assert_eq!(selects(labels, ""), Ok(false), "{labels}");
        }
        for labels in ["=x", "app of (x)", "a b"] {
            assert_eq!(selects(labels, "").unwrap_err().code, 400, "{labels}");
        }
    }

    #[test]
    fn by_field() {
        assert_eq!(
            selects("", "metadata.name=a,metadata.namespace=ns"),
            Ok(true)
        );
        assert_eq!(selects("", "metadata.name!=a"), Ok(false));
        assert_eq!(
            selects("", "spec.x=a").unwrap_err().message,
            "field label not supported: spec.x"
        );
    }
}
