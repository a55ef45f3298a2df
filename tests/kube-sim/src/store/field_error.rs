//! What is wrong with single fields of objects, in kube-apiserver's words. What comes in is a field and a value, what
//! goes out is text and a reason for programs; which of them make a refusal is not decided here.

use std::fmt;

use serde_json::Value;

/// What is wrong with one field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// As in `spec.jobs[0].command`.
    field: String,
    reason: &'static str,
    message: String,
}

impl FieldError {
    /// Which field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong, as in `FieldValueRequired`.
    pub fn reason(&self) -> &str {
        self.reason
    }

    /// The same for people, without the field.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn required(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueRequired",
            message: "Required value".to_owned(),
        }
    }

    pub fn required_because(field: &str, why: &str) -> Self {
        Self {
            message: format!("Required value: {why}"),
            ..Self::required(field)
        }
    }

    pub fn invalid(field: &str, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self {
            field: field.to_owned(),
            reason: "FieldValueInvalid",
            message,
        }
    }

    /// A value of the wrong JSON type, which kube-apiserver shows by its type's name.
    pub fn wrong_type(field: &str, value: &Value, wanted: &str) -> Self {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let message = format!(
            "Invalid value: \"{found}\": {field} in body must be of type {wanted}: \"{found}\""
        );
        Self {
            field: field.to_owned(),
            reason: "FieldValueTypeInvalid",
            message,
        }
    }

    /// A text that is not of its schema's format.
    pub fn wrong_format(field: &str, text: &str, format: &str) -> Self {
        let message =
            format!("Invalid value: {text:?}: {field} in body must be of type {format}: {text:?}");
        Self {
            field: field.to_owned(),
            reason: "FieldValueTypeInvalid",
            message,
        }
    }

    pub fn too_many(field: &str, size: u64, limit: u64) -> Self {
        let message = format!("Too many: {size}: must have at most {limit} items");
        Self {
            field: field.to_owned(),
            reason: "FieldValueTooMany",
            message,
        }
    }

    /// The same of a field below `parent`; what the message says of the field stays, as with kube-apiserver.
    pub fn within(self, parent: &str) -> Self {
        let field = match self.field.as_str() {
            "" => parent.to_owned(),
            field => format!("{parent}.{field}"),
        };
        Self { field, ..self }
    }

    pub fn unsupported(field: &str, value: &Value, supported: &[Value]) -> Self {
        let supported: Vec<_> = supported.iter().map(Value::to_string).collect();
        let message = format!(
            "Unsupported value: {value}: supported values: {}",
            supported.join(", ")
        );
        Self {
            field: field.to_owned(),
            reason: "FieldValueNotSupported",
            message,
        }
    }

    pub fn forbidden(field: &str, why: &str) -> Self {
        Self {
            field: field.to_owned(),
            reason: "FieldValueForbidden",
            message: format!("Forbidden: {why}"),
        }
    }

    pub fn too_long(field: &str, limit: u64) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self {
            field: field.to_owned(),
            reason: "FieldValueTooLong",
            message,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}
