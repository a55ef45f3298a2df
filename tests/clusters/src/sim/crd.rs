//! CustomResourceDefinitions. What comes in is one such object, what goes out are the kinds that it defines. Versions
//! are shown without conversion; webhooks are not called.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    field_error::FieldError,
    json_path::{JsonPath, plain},
    kind::{Column, Field, Form, Kind, table},
    object::metadata_mut,
};

/// The kinds of all served versions of `crd`. The errors name the fields that are wrong.
pub(crate) fn kinds(crd: &Value) -> Result<Vec<Kind>, Vec<FieldError>> {
    let spec = &crd["spec"];
    let mut errors: Vec<_> = ["group", "scope"]
        .into_iter()
        .filter_map(|field| missing(spec, "spec", field))
        .collect();
    errors.extend(
        ["plural", "kind"]
            .into_iter()
            .filter_map(|field| missing(&spec["names"], "spec.names", field)),
    );
    let expected = format!(
        "{}.{}",
        plain(&spec["names"]["plural"]),
        plain(&spec["group"])
    );
    if errors.is_empty() && crd["metadata"]["name"] != expected.as_str() {
        let why = format!("must be spec.names.plural+\".\"+spec.group, {expected}");
        errors.push(FieldError::invalid(
            "metadata.name",
            &crd["metadata"]["name"],
            &why,
        ));
    }
    let versions = spec["versions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !versions.iter().any(|version| version["storage"] == true) {
        errors.push(FieldError::required_because(
            "spec.versions",
            "exactly one version must be the storage version",
        ));
    }
    let mut kinds = Vec::new();
    for (index, version) in versions
        .iter()
        .enumerate()
        .filter(|(_, version)| version["served"] == true)
    {
        match kind(spec, version, &format!("spec.versions[{index}]")) {
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
    let words = |list: &Value| list.as_array().into_iter().flatten().map(plain).collect();
    let (group, plural, name) = (
        plain(&spec["group"]),
        plain(&names["plural"]),
        plain(&names["kind"]),
    );
    let schema = version["schema"]["openAPIV3Schema"].clone();
    if !schema.is_object() {
        return Err(FieldError::required_because(
            &format!("{path}.schema.openAPIV3Schema"),
            "schemas are required",
        ));
    }
    let declared = version["additionalPrinterColumns"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let columns = declared
        .iter()
        .map(|declared| column(declared, path))
        .collect::<Result<Vec<_>, _>>()?;
    let selectable = version["selectableFields"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let default_to = |value: &Value, default: String| {
        if value.is_string() {
            plain(value)
        } else {
            default
        }
    };
    Ok(Kind {
        version: plain(&version["name"]),
        list_kind: default_to(&names["listKind"], format!("{name}List")),
        singular: default_to(&names["singular"], name.to_lowercase()),
        short_names: words(&names["shortNames"]),
        categories: words(&names["categories"]),
        namespaced: spec["scope"] == "Namespaced",
        status: version["subresources"]["status"].is_object(),
        schema: Some(schema),
        columns: if columns.is_empty() {
            vec![Column::age()]
        } else {
            columns
        },
        selectable: selectable
            .iter()
            .map(|field| selectable_field(field, path))
            .collect::<Result<_, _>>()?,
        custom: true,
        unconditional: false,
        create_on_update: false,
        form: Form::Plain,
        table: table(&group, &plural),
        group,
        kind: name,
        plural,
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
