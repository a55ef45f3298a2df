//! CustomResourceDefinitions. What comes in is one such object, what goes out are the kinds that it defines. Versions
//! are shown without conversion; webhooks are not called.

use std::sync::Arc;

use serde_json::Value;

use super::{
    field_error::FieldError,
    json_path::{JsonPath, plain},
    kind::{Column, Kind, table},
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
    let schema = version["schema"]["openAPIV3Schema"].clone();
    if !schema.is_object() {
        let path = format!("{path}.schema.openAPIV3Schema");
        return Err(FieldError::required_because(&path, "schemas are required"));
    }
    let columns = list(&version["additionalPrinterColumns"])
        .iter()
        .map(|declared| column(declared, path));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
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
        short_names: list(&names["shortNames"]).iter().map(plain).collect(),
        namespaced: spec["scope"] == "Namespaced",
        status: version["subresources"]["status"].is_object(),
        schema: Some(schema),
        columns: if columns.is_empty() {
            plain_kind.columns
        } else {
            columns
        },
        custom: true,
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

fn json_path(text: &Value, path: &str) -> Result<JsonPath, FieldError> {
    JsonPath::parse(&plain(text)).map_err(|why| FieldError::invalid(path, text, &why))
}
