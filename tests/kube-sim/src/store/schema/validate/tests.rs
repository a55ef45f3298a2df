//! Each rule of a schema with a value that keeps it and one that does not.

use serde_json::json;

use super::*;

/// The errors of `value` as the field `f`, or else none.
fn errors(field: Value, value: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"f": field}});
    validate(&schema, &json!({"f": value}))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn one_by_one() {
    let cases = [
        (
            json!({"type": "integer"}),
            json!(1),
            json!("x"),
            r#"f: Invalid value: "string": f in body must be of type integer: "string""#,
        ),
        (
            json!({"type": "string", "nullable": true}),
            json!(null),
            json!(1),
            r#"f: Invalid value: "integer": f in body must be of type string: "integer""#,
        ),
        (
            json!({"type": "object"}),
            json!({}),
            json!(null),
            r#"f: Invalid value: "null": f in body must be of type object: "null""#,
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!("a"),
            json!("c"),
            r#"f: Unsupported value: "c": supported values: "a", "b""#,
        ),
        (
            json!({"type": "string", "pattern": "^[a-z]+$"}),
            json!("abc"),
            json!("A"),
            r#"f: Invalid value: "A": f in body should match '^[a-z]+$'"#,
        ),
        (
            json!({"type": "string", "minLength": 1}),
            json!("x"),
            json!(""),
            r#"f: Invalid value: "": f in body should be at least 1 chars long"#,
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            json!("äö"),
            json!("abc"),
            "f: Too long: may not be more than 2 bytes",
        ),
        (
            json!({"type": "integer", "minimum": 1}),
            json!(1),
            json!(0),
            "f: Invalid value: 0: f in body should be greater than or equal to 1",
        ),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("2022-12-15T19:43:35Z"),
            json!("today"),
            r#"f: Invalid value: "today": f in body must be of type date-time: "today""#,
        ),
        (
            json!({"type": "object", "required": ["a"]}),
            json!({"a": 1}),
            json!({}),
            "f.a: Required value",
        ),
        (
            json!({"type": "array", "items": {"type": "object", "required": ["a"]}}),
            json!([]),
            json!([{}]),
            "f[0].a: Required value",
        ),
        (
            json!({"type": "array", "maxItems": 1}),
            json!([1]),
            json!([1, 2]),
            "f: Too many: 2: must have at most 1 items",
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"k": "v"}),
            json!({"k": 1}),
            r#"f.k: Invalid value: "integer": f.k in body must be of type string: "integer""#,
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!("10%"),
            json!(true),
            r#"f: Invalid value: "boolean": f in body must be of type integer,string: "boolean""#,
        ),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            json!({"a": 1}),
            json!({"a": 1, "b": 1}),
            r#"f: Invalid value: {"a":1,"b":1}: f in body must validate one and only one schema (oneOf)"#,
        ),
    ];
    for (schema, good, bad, expected) in cases {
        assert_eq!(
            errors(schema.clone(), good.clone()),
            Vec::<String>::new(),
            "{schema} of {good}"
        );
        assert_eq!(
            errors(schema.clone(), bad.clone()),
            [expected],
            "{schema} of {bad}"
        );
    }
}

#[test]
fn an_update_of_the_rest_leaves_the_status_as_it_is() {
    let field = json!({"type": "object", "properties": {"f": {"type": "integer"}}});
    let schema = json!({"properties": {"spec": field, "status": field}});
    let object = json!({"spec": {"f": "x"}, "status": {"f": "x"}});
    let fields = |errors: Vec<FieldError>| -> Vec<String> {
        errors.iter().map(|it| it.field().to_owned()).collect()
    };
    assert_eq!(fields(validate(&schema, &object)), ["spec.f", "status.f"]);
    assert_eq!(fields(validate_rest(&schema, &object)), ["spec.f"]);
    assert_eq!(fields(validate_status(&schema, &object)), ["status.f"]);
}
