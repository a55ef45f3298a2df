//! What may stand where: a whole document in, the first word that is out of place or has nothing behind it out.
//!
//! Whoever reads only what he knows would take `created:` with nothing behind it for no `created` at all, and `kind` beside a
//! verb that has none for nothing: a misspelt scenario would pass.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::near::hint;

const DOCUMENT: [&str; 11] = [
    "story",
    "covers",
    "contexts",
    "namespace",
    "definitions",
    "settings",
    "start",
    "given",
    "steps",
    "memoryOnly",
    "golden",
];

const GIVEN: [&str; 4] = ["object", "file", "with", "context"];

/// What happens, each with the fields that say more of it.
const VERBS: [(&str, &[&str]); 11] = [
    ("apply", &["context"]),
    ("patch", &["with"]),
    ("status", &["with", "is"]),
    ("delete", &[]),
    ("lose", &["kind", "reason"]),
    ("regain", &["kind"]),
    ("unregister", &[]),
    ("register", &[]),
    ("refuse", &["operation", "reason", "message"]),
    ("permit", &[]),
    ("restart", &[]),
];

/// What any step may have.
const ALWAYS: [&str; 4] = ["at", "wait", "note", "expect"];

/// What is expected, each with what to say where nothing is.
const EXPECT: [(&str, &str); 9] = [
    ("created", "leave it out for none"),
    ("deleted", "leave it out for none"),
    ("events", "say [] for none, or leave it out"),
    ("writes", "say 0 for none, or leave it out"),
    ("conditions", "say `Type: none` for one, or leave it out"),
    ("status", "say what it has, or leave it out"),
    ("objects", "say `Kind name: null` for one, or leave it out"),
    ("requeue", "say none, or leave it out"),
    ("reasons", "say at least one, or leave it out"),
];

type Fields = Map<String, Value>;

/// All verbs, for people.
pub fn verbs() -> String {
    VERBS.map(|(verb, _)| verb).join(", ") + ", wait"
}

/// Whether every word of a document is in its place. What is of the wrong type is left to those who read it.
pub fn check(document: &Value) -> Result<()> {
    let Some(fields) = document.as_object() else {
        return Ok(());
    };
    known(fields, &DOCUMENT, "a scenario has")?;
    filled(fields, |_| "say what, or leave it out")?;
    for (number, given) in items(fields, "given") {
        let checked = known(given, &GIVEN, "it has")
            .and_then(|()| filled(given, |_| "say what, or leave it out"));
        checked.with_context(|| format!("given {number}"))?;
    }
    if fields
        .get("steps")
        .is_none_or(|it| *it == Value::Array(Vec::new()))
    {
        bail!("steps: nothing happens: say at least one step, such as `wait: 5m`");
    }
    for (number, fields) in items(fields, "steps") {
        step(fields).with_context(|| format!("step {number}"))?;
    }
    Ok(())
}

/// The items of a list with their numbers, those that are fields.
fn items<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = (usize, &'a Fields)> {
    let items = fields.get(name).and_then(Value::as_array);
    let numbered = (1..).zip(items.into_iter().flatten());
    numbered.filter_map(|(number, item)| Some((number, item.as_object()?)))
}

fn step(fields: &Fields) -> Result<()> {
    let mut words: Vec<&str> = VERBS.map(|(verb, _)| verb).to_vec();
    words.extend(ALWAYS);
    words.extend(VERBS.iter().flat_map(|(_, fields)| fields.iter()));
    if let Some(odd) = fields.keys().find(|key| !words.contains(&key.as_str())) {
        bail!(
            "a step has no `{odd}`{}; it says one of {}, and may have {}",
            hint(odd, words),
            verbs(),
            ALWAYS.join(", ")
        );
    }
    filled(fields, |key| match key {
        "restart" => "say `restart: host`",
        _ => "say what, or leave it out",
    })?;
    belonging(fields)?;
    if fields.get("restart").is_some_and(|what| what != "host") {
        bail!("restart: only the host can be: say `restart: host`");
    }
    let Some(expect) = fields.get("expect").and_then(Value::as_object) else {
        return Ok(());
    };
    expected(expect).context("expect")
}

/// Whether there is one verb at most, and the fields are those of it.
fn belonging(fields: &Fields) -> Result<()> {
    let said: Vec<_> = VERBS
        .iter()
        .filter(|(verb, _)| fields.contains_key(*verb))
        .collect();
    let (verb, own) = match said[..] {
        [] => ("a step without a verb", &[][..]),
        [(verb, own)] => (*verb, *own),
        _ => bail!(
            "only one thing can happen in a step, and this one has {} verbs",
            said.len()
        ),
    };
    for key in fields.keys().map(String::as_str) {
        let others = VERBS.iter().filter(|(_, fields)| fields.contains(&key));
        let others: Vec<&str> = others.map(|(verb, _)| *verb).collect();
        if !others.is_empty() && !own.contains(&key) {
            bail!(
                "`{key}` says nothing beside {verb}: leave it out; it belongs to {}",
                others.join(", ")
            );
        }
    }
    Ok(())
}

fn expected(fields: &Fields) -> Result<()> {
    known(fields, &EXPECT.map(|(field, _)| field), "there are")?;
    filled(fields, |key| {
        let found = EXPECT.iter().find(|(field, _)| *field == key);
        found.map_or("leave it out", |(_, instead)| instead)
    })?;
    let conditions = fields.get("conditions").and_then(Value::as_object);
    conditions.map_or(Ok(()), |conditions| {
        filled(conditions, |_| "say none, or leave it out").context("conditions")
    })
}

fn known(fields: &Fields, words: &[&str], there_are: &str) -> Result<()> {
    if let Some(odd) = fields.keys().find(|key| !words.contains(&key.as_str())) {
        bail!(
            "there is no `{odd}`{}; {there_are} {}",
            hint(odd, words.iter().copied()),
            words.join(", ")
        );
    }
    Ok(())
}

fn filled(fields: &Fields, instead: impl Fn(&str) -> &'static str) -> Result<()> {
    match fields.iter().find(|(_, value)| value.is_null()) {
        Some((key, _)) => bail!("{key}: nothing stands behind it: {}", instead(key)),
        None => Ok(()),
    }
}
