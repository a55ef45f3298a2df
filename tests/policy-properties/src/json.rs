//! Any JSON, and any place in a document.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Puts a value somewhere into a document, where the path leads.
pub fn replace(document: &mut Value, path: &[Index], odd: Value) {
    let Some((index, rest)) = path.split_first() else {
        *document = odd;
        return;
    };
    match document {
        Value::Object(fields) if !fields.is_empty() => {
            let at = index.index(fields.len());
            replace(fields.values_mut().nth(at).unwrap(), rest, odd);
        }
        Value::Array(items) if !items.is_empty() => {
            let at = index.index(items.len());
            replace(&mut items[at], rest, odd);
        }
        other => *other = odd,
    }
}

/// Any JSON, and now and then something that looks right.
pub fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z0-9/: .-]{0,12}".prop_map(Value::from),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("True")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{0,8}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
