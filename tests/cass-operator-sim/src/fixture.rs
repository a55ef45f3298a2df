//! The fixtures of the scenarios: some writes of a course as one merge patch, and that as a YAML file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::course::Datacenter;
use crate::table::{Fixture, table};
use crate::write::{Times, Write, with_texts};

/// The time of the step, as a scenario has it.
const NOW: &str = "$now";

/// The scenarios' cluster, with a datacenter of two racks.
fn datacenter(fails: usize) -> Datacenter {
    Datacenter {
        fails,
        ..Datacenter::new("demo", "dc1", 3)
    }
}

/// The files of the fixtures: name and text.
pub fn fixture_files() -> impl Iterator<Item = (String, String)> {
    let fixtures = table().fixtures.iter();
    fixtures.map(|(name, fixture)| (format!("{name}.yaml"), text(fixture)))
}

/// Applies a fixture to a status, as the scenarios do, at this time.
///
/// # Panics
/// If there is no such fixture.
pub fn apply_fixture(name: &str, status: &mut Value, now: &str) {
    // Cut out of their courses once: the model check applies them millions of times.
    static PATCHES: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
        let fixtures = table().fixtures.iter();
        fixtures
            .map(|(name, it)| (name.as_str(), patch(it)))
            .collect()
    });
    let patch = with_texts(PATCHES[name].clone(), &|text| match text {
        NOW => json!(now),
        text => json!(text),
    });
    json_patch::merge(status, &patch);
}

/// What the writes of a fixture change, with the whole list of conditions that comes of them.
fn patch(fixture: &Fixture) -> Value {
    let times = Times {
        now: NOW,
        reconcile: NOW,
    };
    let writes = table().writes(&fixture.course, &datacenter(fixture.fails));
    let (before, writes) = cut(&writes, fixture);
    let mut state = json!({});
    for write in before.iter().filter(|write| write.is_of_status()) {
        write.apply(&mut state, times);
    }
    let kept = fixture
        .keeps
        .iter()
        .map(|field| (field.clone(), state[field].clone()));
    let mut whole = Value::Object(kept.collect());
    for write in writes {
        let patch = write.patch(&state, times);
        json_patch::merge(&mut state, &patch);
        join(&mut whole, patch);
    }
    whole
}

/// The writes before a fixture, and its own.
fn cut<'a>(writes: &'a [Write], fixture: &Fixture) -> (&'a [Write], &'a [Write]) {
    let position = |name: &str, start: usize| {
        let found = writes[start..]
            .iter()
            .position(|write| write.name() == name);
        start + found.unwrap_or(0)
    };
    let from = position(&fixture.from, 0);
    let to = fixture.to.as_ref().map_or(from, |to| position(to, from));
    (&writes[..from], &writes[from..=to])
}

/// Two merge patches, one after the other, as one: unlike a merge, this keeps what removes a field.
fn join(first: &mut Value, second: Value) {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            for (name, value) in second {
                join(first.entry(name).or_insert(Value::Null), value);
            }
        }
        (first, second) => *first = second,
    }
}

fn text(fixture: &Fixture) -> String {
    let mut text = String::from("# Made from tests/cass-operator-sim/writes.yaml.\n");
    if let Value::Object(fields) = patch(fixture) {
        block(&mut text, &fields, 0);
    }
    text
}

/// A field a line, down to the items of lists and the entries of podStatuses, which are a line each.
fn block(text: &mut String, fields: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (name, value) in fields {
        let written = match value {
            Value::Object(fields) if depth == 0 || !is_flat(fields) => {
                let written = writeln!(text, "{indent}{name}:");
                block(text, fields, depth + 1);
                written
            }
            Value::Array(items) => {
                let lines = items
                    .iter()
                    .map(|item| format!("\n{indent}  - {}", flow(item)));
                writeln!(text, "{indent}{name}:{}", lines.collect::<String>())
            }
            value => writeln!(text, "{indent}{name}: {}", flow(value)),
        };
        debug_assert!(written.is_ok());
    }
}

fn is_flat(fields: &Map<String, Value>) -> bool {
    fields
        .values()
        .all(|value| !value.is_object() && !value.is_array())
        && !fields.keys().any(|key| key.contains('/'))
}

/// On one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let first = ["type", "status", "reason", "message"];
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| first.iter().position(|it| it == name).unwrap_or(9));
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether YAML takes a text for a text without quotes.
fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "$-./ ".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
    begins && text.chars().all(is_word) && !["True", "False", "null"].contains(&text)
}
