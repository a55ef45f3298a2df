//! Object metadata, the same for every kind. What comes in is what a client sent and what is there; what goes out is
//! the metadata to keep, or what is wrong with it. Nothing here knows specs or statuses.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    failure::Failure,
    field_error::FieldError,
    json_path::plain,
    kind::Kind,
    object::{deleting, finalizers, meta, metadata_mut, owners},
};

/// Brings metadata into the shape of `ObjectMeta`: unknown fields go, wrong types are refused.
pub(crate) fn normalize(kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    let sent = match object["metadata"].take() {
        Value::Null => Map::new(),
        Value::Object(fields) => fields,
        other => return Err(wrong_type(kind, "", &other)),
    };
    let mut known = Map::new();
    for (field, mut value) in sent {
        let Some(has_type) = type_of(&field) else {
            continue;
        };
        if let ("ownerReferences", Value::Array(owners)) = (field.as_str(), &mut value) {
            owners.iter_mut().for_each(normalize_owner);
        }
        // Empty lists and maps are not kept, as Go's `omitempty` does not write them.
        let is_empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty)
            || value == "";
        if value.is_null() || is_empty {
            continue;
        }
        if !has_type(&value) {
            return Err(wrong_type(kind, &format!(".{field}"), &value));
        }
        known.insert(field, value);
    }
    object["metadata"] = known.into();
    Ok(())
}

fn wrong_type(kind: &Kind, field: &str, value: &Value) -> Failure {
    Failure::unreadable(kind, &format!("metadata{field}: {value} has another type"))
}

/// What a field of the metadata must be; none of one that Kubernetes does not know, or that is not simulated.
fn type_of(field: &str) -> Option<fn(&Value) -> bool> {
    Some(match field {
        "name" | "generateName" | "namespace" | "uid" | "resourceVersion" => Value::is_string,
        "creationTimestamp" | "deletionTimestamp" => is_time,
        "generation" | "deletionGracePeriodSeconds" => Value::is_i64,
        "labels" | "annotations" => is_map_of_strings,
        "finalizers" => |value| items(value).is_some_and(|mut all| all.all(Value::is_string)),
        "ownerReferences" => |value| items(value).is_some_and(|mut all| all.all(is_owner)),
        _ => return None,
    })
}

const OWNER_TEXTS: [&str; 4] = ["apiVersion", "kind", "name", "uid"];
const OWNER_FLAGS: [&str; 2] = ["controller", "blockOwnerDeletion"];

/// What is left out of an owner reference is empty, what is unknown goes.
fn normalize_owner(owner: &mut Value) {
    if let Value::Object(fields) = owner {
        fields.retain(|field, value| {
            let is_known = OWNER_TEXTS
                .iter()
                .chain(&OWNER_FLAGS)
                .any(|known| known == field);
            is_known && !value.is_null()
        });
        for field in OWNER_TEXTS {
            fields.entry(field).or_insert_with(|| "".into());
        }
    }
}

fn is_owner(owner: &Value) -> bool {
    OWNER_TEXTS.iter().all(|field| owner[*field].is_string())
        && OWNER_FLAGS
            .iter()
            .all(|field| owner[*field].is_null() || owner[*field].is_boolean())
}

fn is_time(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

fn is_map_of_strings(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.values().all(Value::is_string))
}

fn items(value: &Value) -> Option<std::slice::Iter<'_, Value>> {
    value.as_array().map(|items| items.iter())
}

/// Makes the metadata of a new object out of what the client sent.
pub(crate) fn begin(object: &mut Value, uid: &str, now: &str) -> Result<(), Failure> {
    let metadata = metadata_mut(object);
    for owned_by_server in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
    ] {
        metadata.remove(owned_by_server);
    }
    if !metadata.contains_key("name") && metadata.contains_key("generateName") {
        return Err(Failure::not_simulated("generateName"));
    }
    metadata.insert("uid".to_owned(), uid.into());
    metadata.insert("creationTimestamp".to_owned(), now.into());
    Ok(())
}

/// Carries over to `new` what a client may leave out but not change.
pub(crate) fn carry_over(old: &Value, new: &mut Value) {
    let metadata = metadata_mut(new);
    for field in ["uid", "creationTimestamp", "namespace", "name"] {
        if !metadata.contains_key(field)
            && let Some(value) = old["metadata"].get(field)
        {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    // A deletion once asked for is never taken back, and generations are counted by the server.
    for field in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ] {
        match old["metadata"].get(field) {
            Some(value) => metadata.insert(field.to_owned(), value.clone()),
            None if field == "generation" => metadata.remove(field),
            None => None,
        };
    }
}

/// What is wrong with the metadata of `object`.
pub(crate) fn check(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = &object["metadata"];
    let name = meta(object, "name");
    if name.is_empty() {
        errors.push(FieldError::required_because(
            "metadata.name",
            "name or generateName is required",
        ));
    } else if !is_subdomain(name) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                   and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        errors.push(FieldError::invalid("metadata.name", &metadata["name"], why));
    }
    if kind.namespaced && meta(object, "namespace").is_empty() {
        errors.push(FieldError::required("metadata.namespace"));
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        check_label(key, value.as_str().unwrap_or_default(), &mut errors);
    }
    for key in metadata["annotations"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
    {
        check_key("metadata.annotations", &key.to_lowercase(), &mut errors);
    }
    check_owners(object, &mut errors);
    for finalizer in finalizers(object) {
        check_key("metadata.finalizers", finalizer, &mut errors);
    }
    errors
}

/// What `new` changes that cannot be changed.
pub(crate) fn check_update(old: &Value, new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let (before, after) = (&old["metadata"][field], &new["metadata"][field]);
        if before != after {
            errors.push(FieldError::invalid(
                &format!("metadata.{field}"),
                after,
                "field is immutable",
            ));
        }
    }
    let (before, after) = (finalizers(old), finalizers(new));
    let added: Vec<_> = after
        .into_iter()
        .filter(|finalizer| !before.contains(finalizer))
        .collect();
    if deleting(old) && !added.is_empty() {
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            added
                .iter()
                .map(|finalizer| format!("{finalizer:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        errors.push(FieldError::forbidden("metadata.finalizers", &why));
    }
    errors
}

fn check_label(key: &str, value: &str, errors: &mut Vec<FieldError>) {
    check_key("metadata.labels", key, errors);
    if value.len() > 63 {
        errors.push(FieldError::invalid(
            "metadata.labels",
            &value.into(),
            "must be no more than 63 characters",
        ));
    }
    if !value.is_empty() && !is_word(value) {
        let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                   and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                   regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        errors.push(FieldError::invalid("metadata.labels", &value.into(), why));
    }
}

/// Keys of labels and annotations, and finalizers: `name` or `domain/name`.
fn check_key(path: &str, key: &str, errors: &mut Vec<FieldError>) {
    let (prefix, name) = key
        .rsplit_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if !is_word(name) || name.len() > 63 || prefix.is_some_and(|prefix| !is_subdomain(prefix)) {
        let why = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                   an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                   validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        errors.push(FieldError::invalid(path, &key.into(), why));
    }
}

fn check_owners(object: &Value, errors: &mut Vec<FieldError>) {
    for owner in owners(object) {
        for field in OWNER_TEXTS {
            if owner[field].as_str().unwrap_or_default().is_empty() {
                let path = format!("metadata.ownerReferences.{field}");
                errors.push(FieldError::invalid(
                    &path,
                    &owner[field],
                    "must not be empty",
                ));
            }
        }
    }
    let controllers: Vec<_> = owners(object)
        .filter(|owner| owner["controller"] == true)
        .collect();
    let of = |owner: &Value| format!("{}/{}", plain(&owner["kind"]), plain(&owner["name"]));
    if let [first, second, ..] = controllers.as_slice() {
        let why = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            of(first),
            of(second)
        );
        errors.push(FieldError::invalid(
            "metadata.ownerReferences",
            &object["metadata"]["ownerReferences"],
            &why,
        ));
    }
}

/// DNS labels between dots, 253 characters at most.
fn is_subdomain(text: &str) -> bool {
    let label = |label: &str| {
        let inside =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        !label.is_empty()
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Letters, digits, `-`, `_` and `.`, the first and the last a letter or digit.
fn is_word(text: &str) -> bool {
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}
