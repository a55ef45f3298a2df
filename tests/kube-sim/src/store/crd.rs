//! CustomResourceDefinitions. What comes in is one such object, what goes out are the kinds that it defines. Versions
//! are shown without conversion; webhooks are not called.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    field_error::FieldError,
    json_path::{JsonPath, plain},
    kind::{Column, Field, Kind, table},
    object::metadata_mut,
};

/// The kinds of all served versions of `crd`. The errors name the fields that are wrong.
pub(crate) fn kinds(crd: &Value) -> Result<Vec<Kind>, Vec<FieldError>> {
    let mut errors = check(crd);
    let mut kinds = Vec::new();
    for (index, version) in list(&crd["spec"]["versions"]).iter().enumerate() {
        if version["served"] != true {
            continue;
        }
        match kind(&crd["spec"], version, &format!("spec.versions[{index}]")) {
            Ok(kind) => kinds.push(kind),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(kinds)
    } else {
        Err(errors)
    }
}

/// What is wrong with a definition apart from its versions.
fn check(crd: &Value) -> Vec<FieldError> {
    let (spec, names) = (&crd["spec"], &crd["spec"]["names"]);
    let wanted = [
        (spec, "spec", "group"),
        (spec, "spec", "scope"),
        (names, "spec.names", "plural"),
        (names, "spec.names", "kind"),
    ];
    let mut errors: Vec<_> = wanted
        .into_iter()
        .filter_map(|(object, path, field)| missing(object, path, field))
        .collect();
    let expected = table_of(crd);
    if errors.is_empty() && crd["metadata"]["name"] != *expected {
        let why = format!("must be spec.names.plural+\".\"+spec.group, {expected}");
        errors.push(FieldError::invalid(
            "metadata.name",
            &crd["metadata"]["name"],
            &why,
        ));
    }
    if !list(&spec["versions"])
        .iter()
        .any(|version| version["storage"] == true)
    {
        let why = "exactly one version must be the storage version";
        errors.push(FieldError::required_because("spec.versions", why));
    }
    errors
}

/// A list that may be absent.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Writes what the API server adds to a definition that it serves.
pub(crate) fn establish(crd: &mut Value, now: &str) {
    let names = crd["spec"]["names"].clone();
    let stored = crd["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|version| version["storage"] == true);
    let stored = stored.map(|version| version["name"].clone());
    let condition = |type_: &str, reason: &str, message: &str| json!({"type": type_, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now});
    // A second write must not move the times of the first.
    if !crd["status"]["conditions"].is_array() {
        crd["status"]["conditions"] = json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition(
                "Established",
                "InitialNamesAccepted",
                "the initial names have been accepted"
            ),
        ]);
    }
    crd["status"]["acceptedNames"] = names;
    crd["status"]["storedVersions"] = json!([stored]);
    metadata_mut(crd).entry("generation").or_insert(json!(1));
}

/// The table in which objects that `crd` defines are kept.
pub(crate) fn table_of(crd: &Value) -> Arc<str> {
    table(
        &plain(&crd["spec"]["group"]),
        &plain(&crd["spec"]["names"]["plural"]),
    )
}

fn missing(object: &Value, path: &str, field: &str) -> Option<FieldError> {
    plain(&object[field])
        .is_empty()
        .then(|| FieldError::required(&format!("{path}.{field}")))
}

fn kind(spec: &Value, version: &Value, path: &str) -> Result<Kind, FieldError> {
    let names = &spec["names"];
    let words = |value: &Value| list(value).iter().map(plain).collect();
    let schema = version["schema"]["openAPIV3Schema"].clone();
    if !schema.is_object() {
        let path = format!("{path}.schema.openAPIV3Schema");
        return Err(FieldError::required_because(&path, "schemas are required"));
    }
    let columns = list(&version["additionalPrinterColumns"])
        .iter()
        .map(|declared| column(declared, path));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let selectable = list(&version["selectableFields"])
        .iter()
        .map(|declared| selectable_field(declared, path));
    let selectable = selectable.collect::<Result<_, _>>()?;
    let plain_kind = Kind::built_in(
        &plain(&spec["group"]),
        &plain(&version["name"]),
        &plain(&names["kind"]),
        &plain(&names["plural"]),
    );
    Ok(Kind {
        list_kind: names["listKind"]
            .as_str()
            .map_or(plain_kind.list_kind, str::to_owned),
        singular: names["singular"]
            .as_str()
            .map_or(plain_kind.singular, str::to_owned),
        short_names: words(&names["shortNames"]),
        categories: words(&names["categories"]),
        namespaced: spec["scope"] == "Namespaced",
        status: version["subresources"]["status"].is_object(),
        schema: Some(schema),
        columns: if columns.is_empty() {
            plain_kind.columns
        } else {
            columns
        },
        selectable,
        custom: true,
        unconditional: false,
        ..plain_kind
    })
}

fn column(declared: &Value, path: &str) -> Result<Column, FieldError> {
    Ok(Column {
        name: plain(&declared["name"]),
        type_: plain(&declared["type"]),
        format: plain(&declared["format"]),
        description: plain(&declared["description"]),
        priority: declared["priority"].as_i64().unwrap_or_default(),
        path: json_path(
            &declared["jsonPath"],
            &format!("{path}.additionalPrinterColumns.jsonPath"),
        )?,
    })
}

fn selectable_field(declared: &Value, path: &str) -> Result<Field, FieldError> {
    let name = plain(&declared["jsonPath"])
        .trim_start_matches('.')
        .to_owned();
    Ok(Field {
        name,
        path: json_path(
            &declared["jsonPath"],
            &format!("{path}.selectableFields.jsonPath"),
        )?,
    })
}

fn json_path(text: &Value, path: &str) -> Result<JsonPath, FieldError> {
    JsonPath::parse(&plain(text)).map_err(|why| FieldError::invalid(path, text, &why))
}
