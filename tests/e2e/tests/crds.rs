//! The definitions of tasks accept and refuse what the public ones do: every field and rule of theirs, kept as data in
//! `tests/fixtures/crds`, and no other.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may fail as tests do"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

const TASKS: &str = include_str!("../../../deploy/crds/control.k8ssandra.io_k8ssandratasks.yaml");
const PUBLIC_TASKS: &str = include_str!("../../fixtures/crds/k8ssandratasks.txt");
const CASSANDRA_TASKS: &str =
    include_str!("../../fixtures/crds/control.k8ssandra.io_cassandratasks.yaml");
const PUBLIC_CASSANDRA_TASKS: &str = include_str!("../../fixtures/crds/cassandratasks.txt");

/// What a test does to a part of a schema.
type Spoil = fn(&mut Value);

/// The fields of a definition: path, and type and rules.
type Fields = BTreeMap<String, String>;

#[test]
fn k8ssandratasks_are_the_public_ones() {
    same(TASKS, PUBLIC_TASKS);
}

#[test]
fn the_stand_in_for_cassandratasks_has_the_public_fields() {
    same(CASSANDRA_TASKS, PUBLIC_CASSANDRA_TASKS);
}

#[test]
fn every_kind_of_difference_is_found() {
    let jobs = "/spec/properties/template/properties/jobs/items";
    let template = "/spec/properties/template";
    let copies = "/status/properties/datacenters/additionalProperties";
    let spoilt: [(&str, Spoil, &str); 6] = [
        (
            template,
            preserve_unknown,
            "different: .spec.template object",
        ),
        (template, drop_field, "missing: .spec.template.retries"),
        (template, add_field, "extra: .spec.template.added"),
        (
            jobs,
            drop_required,
            "different: .spec.template.jobs[] object",
        ),
        (copies, add_rule, "different: .status.datacenters{} object"),
        (
            copies,
            change_type,
            "different: .status.datacenters{}.failed string",
        ),
    ];
    let public = data(PUBLIC_TASKS);
    for (pointer, spoil, expected) in spoilt {
        let mut definition = yaml(TASKS);
        let pointer = format!("/spec/versions/0/schema/openAPIV3Schema/properties{pointer}");
        spoil(definition.pointer_mut(&pointer).unwrap());
        let found = differences(&fields(&definition), &public);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{pointer}: {found:#?}"
        );
    }
}

#[test]
fn differences_outside_the_schema_are_found() {
    let mut definition = yaml(TASKS);
    definition["spec"]["names"]["shortNames"] = json!(["kt"]);
    definition["spec"]["versions"][0]["subresources"] = json!({});
    let found = differences(&fields(&definition), &data(PUBLIC_TASKS));
    assert_eq!(
        found,
        [
            "extra: names.shortNames[0] \"kt\"",
            "extra: versions[0].subresources {}",
            "missing: versions[0].subresources.status {}",
        ]
    );
}

fn preserve_unknown(schema: &mut Value) {
    schema["x-kubernetes-preserve-unknown-fields"] = true.into();
}

fn drop_field(schema: &mut Value) {
    let fields = schema["properties"].as_object_mut().unwrap();
    fields.remove("retries").unwrap();
}

fn add_field(schema: &mut Value) {
    schema["properties"]["added"] = json!({"type": "string"});
}

fn drop_required(schema: &mut Value) {
    schema["required"] = json!(["name"]);
}

fn add_rule(schema: &mut Value) {
    schema["x-kubernetes-validations"] = json!([{"rule": "true"}]);
}

fn change_type(schema: &mut Value) {
    schema["properties"]["failed"]["type"] = "string".into();
}

fn same(definition: &str, public: &str) {
    let found = differences(&fields(&yaml(definition)), &data(public));
    assert!(found.is_empty(), "{found:#?}");
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The lines of a file in `tests/fixtures/crds`.
fn data(text: &str) -> Fields {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        let (path, rules) = line.split_once(' ').unwrap();
        (path.to_owned(), rules.to_owned())
    };
    lines.map(pair).collect()
}

fn differences(ours: &Fields, public: &Fields) -> Vec<String> {
    let mut found = Vec::new();
    for (path, rules) in ours {
        match public.get(path) {
            None => found.push(format!("extra: {path} {rules}")),
            Some(expected) if expected != rules => {
                found.push(format!("different: {path} {rules}, public: {expected}"));
            }
            Some(_) => {}
        }
    }
    let missing = public.iter().filter(|(path, _)| !ours.contains_key(*path));
    found.extend(missing.map(|(path, rules)| format!("missing: {path} {rules}")));
    found
}

/// All of a definition but its metadata and descriptions.
fn fields(definition: &Value) -> Fields {
    let mut found = Fields::new();
    let spec = &definition["spec"];
    of_definition("", spec, &mut found);
    let versions = spec["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "paths do not name the version");
    of_schema("", &versions[0]["schema"]["openAPIV3Schema"], &mut found);
    found
}

fn of_definition(path: &str, value: &Value, found: &mut Fields) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                if key != "description" && key != "schema" {
                    let dot = if path.is_empty() { "" } else { "." };
                    of_definition(&format!("{path}{dot}{key}"), value, found);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                of_definition(&format!("{path}[{index}]"), item, found);
            }
        }
        fact => {
            found.insert(path.to_owned(), fact.to_string());
        }
    }
}

fn of_schema(path: &str, schema: &Value, found: &mut Fields) {
    let mut rules = vec![schema["type"].as_str().unwrap_or("any").to_owned()];
    for (key, value) in schema.as_object().unwrap() {
        match (key.as_str(), value) {
            ("type" | "description", _) => {}
            ("properties", Value::Object(fields)) => {
                for (name, field) in fields {
                    of_schema(&format!("{path}.{name}"), field, found);
                }
            }
            ("items", Value::Object(_)) => of_schema(&format!("{path}[]"), value, found),
            ("additionalProperties", Value::Object(_)) => {
                of_schema(&format!("{path}{{}}"), value, found);
            }
            _ => rules.push(format!("{key}={}", sorted(key, value))),
        }
    }
    let path = if path.is_empty() { "." } else { path };
    found.insert(path.to_owned(), rules.join(" "));
}

/// The order of required fields means nothing.
fn sorted(key: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let ("required", Value::Array(names)) = (key, &mut value) {
        names.sort_by_key(Value::to_string);
    }
    value
}
