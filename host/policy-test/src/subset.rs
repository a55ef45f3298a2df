//! Whether a value has all that another one asks for: what is not asked for may be there.
//!
//! Lists must have the same length, but for lists of named things (conditions, containers, owner references …): there each
//! one that is asked for is found by its name.

use serde_json::Value;

/// The fields that name things in lists, as Kubernetes has them.
const NAMES: [&str; 4] = ["type", "name", "uid", "key"];

/// Everything in which `found` is not as it is `wanted`, each with where it is.
pub fn differences(at: &str, wanted: &Value, found: &Value) -> Vec<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .flat_map(|(name, value)| {
                let at = format!("{at}.{name}");
                differences(&at, value, found.get(name).unwrap_or(&Value::Null))
            })
            .collect(),
        (Value::Object(_), Value::String(text))
            if let Ok(found @ Value::Object(_)) = serde_json::from_str(text) =>
        {
            differences(at, wanted, &found)
        }
        (Value::Array(wanted), Value::Array(found)) => match name_of(wanted) {
            Some(name) => wanted
                .iter()
                .flat_map(|item| {
                    let at = format!("{at}[{name} {}]", item[name]);
                    let same = found.iter().find(|other| other[name] == item[name]);
                    differences(&at, item, same.unwrap_or(&Value::Null))
                })
                .collect(),
            None if wanted.len() == found.len() => (0..)
                .zip(wanted.iter().zip(found))
                .flat_map(|(index, (wanted, found))| {
                    differences(&format!("{at}[{index}]"), wanted, found)
                })
                .collect(),
            None => vec![difference(at, wanted, found)],
        },
        _ if wanted == found => Vec::new(),
        _ => vec![difference(at, wanted, found)],
    }
}

fn difference(at: &str, wanted: impl serde::Serialize, found: impl serde::Serialize) -> String {
    let shown = |value| serde_json::to_string(&value).unwrap_or_default();
    let found = serde_json::to_string(&found).unwrap_or_default();
    format!("{at}\n  expected: {}\n  found:    {found}", shown(wanted))
}

/// The field by which all items of a list are told apart, if there is one.
fn name_of(items: &[Value]) -> Option<&'static str> {
    let names_all =
        |name: &&'static str| !items.is_empty() && items.iter().all(|item| item[*name].is_string());
    NAMES.iter().find(|name| names_all(name)).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(wanted: Value, found: Value, expected: &[&str]) {
        let places: Vec<String> = differences("status", &wanted, &found)
            .iter()
            .map(|difference| difference.lines().next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(places, expected, "{wanted} in {found}");
    }

    #[test]
    fn only_what_is_asked_for_counts() {
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), &[]);
        check(
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 2}}),
            &["status.a.b"],
        );
        check(json!({"a": null}), json!({}), &[]);
        check(json!({"a": null}), json!({"a": 1}), &["status.a"]);
        check(json!({"a": 1}), json!("{\"a\":1,\"b\":2}"), &[]);
        check(json!({"a": 1}), json!("{\"a\":2}"), &["status.a"]);
        check(json!([1, 2]), json!([1, 2]), &[]);
        check(json!([1]), json!([1, 2]), &["status"]);
        check(json!([{"x": 1}]), json!([{"x": 2}]), &["status[0].x"]);
    }

    #[test]
    fn named_things_are_found_by_their_names() {
        let found = json!([{"type": "A", "status": "True"}, {"type": "B", "status": "False"}]);
        check(
            json!([{"type": "B", "status": "False"}]),
            found.clone(),
            &[],
        );
        check(
            json!([{"type": "B", "status": "True"}, {"type": "C"}]),
            found,
            &["status[type \"B\"].status", "status[type \"C\"]"],
        );
    }
}
