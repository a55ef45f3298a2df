//! Refusals in the API server's own words: what comes in is why a request cannot be carried out, what goes out is a
//! `Status` object with its HTTP code. The wording is kube-apiserver's, since clients and people read it.

use std::{collections::BTreeSet, fmt};

use serde_json::{Value, json};

use super::{
    field_error::FieldError,
    kind::{Form, Kind, dotted},
};

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The HTTP status code.
    pub code: u16,
    /// The reason for programs, `NotFound`.
    pub reason: String,
    /// What it says.
    pub message: String,
    /// Which object, and which of its fields, as JSON.
    pub details: Value,
}

impl Failure {
    fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: Value::Null,
        }
    }

    /// About one object, named in the details as the API server does: nothing empty is said.
    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        let said = [("name", name), ("group", group), ("kind", kind)];
        let said = said.into_iter().filter(|(_, word)| !word.is_empty());
        self.details = said
            .map(|(field, word)| (field, Value::from(word)))
            .collect();
        self
    }

    /// About an object of `kind`, by the name of its resource.
    fn about_resource(self, kind: &Kind, name: &str) -> Self {
        self.about(&kind.group, &kind.plural, name)
    }

    /// Nothing is served there; in the words that clients put in the place of kube-apiserver's.
    pub(crate) fn not_served() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message)
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", kind.qualified()),
        )
        .about_resource(kind, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", kind.qualified()),
        )
        .about_resource(kind, name)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.qualified()
        );
        Self::new(409, "Conflict", message).about_resource(kind, name)
    }

    /// The object is not the version that the client has in hand.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// An object that is not the version on which its deletion depends; of all refusals the one that names the kind in
    /// the place of the resource.
    pub(crate) fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.qualified_kind()
        );
        Self::new(409, "Conflict", message).about(&kind.group, &kind.kind, name)
    }

    /// Fields that are wrong. Events are refused under their core name, in whichever shape they came.
    pub(crate) fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        let group = if kind.form == Form::NewEvent {
            ""
        } else {
            &kind.group
        };
        Self::wrong_fields(group, &kind.kind, name, errors)
    }

    /// An update that does not say which version it was made from.
    pub(crate) fn version_required(kind: &Kind, name: &str) -> Self {
        let error = FieldError::invalid(
            "metadata.resourceVersion",
            &json!(0),
            "must be specified for an update",
        );
        Self::wrong_fields(&kind.group, &kind.plural, name, &[error])
    }

    /// A CustomResourceDefinition that is wrong.
    pub(crate) fn invalid_definition(name: &str, errors: &[FieldError]) -> Self {
        let (group, kind) = ("apiextensions.k8s.io", "CustomResourceDefinition");
        Self::wrong_fields(group, kind, name, errors)
    }

    /// Something that a real API server would do.
    pub(crate) fn not_simulated(what: impl fmt::Display) -> Self {
        let message = format!("kube-sim does not simulate {what}");
        Self::new(501, "NotImplemented", message)
    }

    fn wrong_fields(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let mut all: Vec<_> = errors.iter().map(ToString::to_string).collect();
        // What is found twice is listed twice among the causes, but said once.
        let mut said = BTreeSet::new();
        all.retain(|error| said.insert(error.clone()));
        let list = if let [one] = all.as_slice() {
            one.clone()
        } else {
            format!("[{}]", all.join(", "))
        };
        let causes: Vec<_> = errors
            .iter()
            .map(|error| json!({"reason": error.reason(), "message": error.message(), "field": error.field()}))
            .collect();
        let message = format!("{} \"{name}\" is invalid: {list}", dotted(kind, group));
        let mut failure = Self::new(422, "Invalid", message).about(group, kind, name);
        failure.details["causes"] = causes.into();
        failure
    }

    /// A patch that does not go with the object, such as a JSON patch whose `test` fails.
    pub(crate) fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).about("", "", "")
    }

    pub(crate) fn no_namespace(namespace: &str) -> Self {
        let message = format!("namespaces \"{namespace}\" not found");
        Self::new(404, "NotFound", message).about("", "namespaces", namespace)
    }

    pub(crate) fn namespace_terminating(kind: &Kind, namespace: &str, name: &str) -> Self {
        let message = format!(
            "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being \
             terminated",
            kind.qualified()
        );
        Self::new(403, "Forbidden", message).about_resource(kind, name)
    }

    /// What kube-apiserver itself has no words for: its reply has no reason either.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// What was sent is no object of `kind`.
    pub(crate) fn unreadable(kind: &Kind, why: &str) -> Self {
        let (version, kind) = (&kind.version, &kind.kind);
        Self::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {why}"
        ))
    }

    /// A version of the world that is no longer kept.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// One that a test ordered.
    pub(crate) fn injected(code: u16, reason: &str, message: &str) -> Self {
        Self::new(code, reason, message)
    }

    /// The `Status` object.
    pub(crate) fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.as_str().into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
