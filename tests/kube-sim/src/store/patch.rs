//! Patches. What comes in is a patch and the object as its client sees it, what goes out is the patched object, still
//! unchecked. Whether the result may be kept is decided where whole objects are replaced.

use serde_json::Value;

use super::{failure::Failure, kind::Kind};

/// A patch, by its media type.
#[derive(Clone, Debug)]
pub enum Patch {
    /// RFC 7396; also for strategic merge patches of built-in kinds, whose list rules are not simulated.
    Merge(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
    /// Server-side apply, without field managers: maps are merged, everything else is replaced.
    Apply(Value),
}

impl Patch {
    /// Reads a patch of an object of `kind`.
    pub(crate) fn parse(kind: &Kind, media_type: &str, body: &[u8]) -> Result<Self, Failure> {
        let unreadable = |why: String| Failure::bad_request(format!("error decoding patch: {why}"));
        let json = |body: &[u8]| {
            serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))
        };
        match media_type {
            "application/merge-patch+json" => Ok(Self::Merge(json(body)?)),
            "application/strategic-merge-patch+json" if !kind.custom => {
                Ok(Self::Merge(json(body)?))
            }
            "application/json-patch+json" => serde_json::from_slice(body)
                .map(Self::Json)
                .map_err(|error| unreadable(error.to_string())),
            "application/apply-patch+yaml" => serde_saphyr::from_slice(body)
                .map(Self::Apply)
                .map_err(|error| unreadable(error.to_string())),
            _ if kind.custom => Err(Failure::unsupported_media_type(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )),
            _ => Err(Failure::unsupported_media_type(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, \
                 application/strategic-merge-patch+json",
            )),
        }
    }

    /// Changes `object` by it.
    pub(crate) fn apply(&self, object: &mut Value) -> Result<(), Failure> {
        match self {
            Self::Merge(patch) => json_patch::merge(object, patch),
            // A failed `test` and a path to nowhere are the same to the API server.
            Self::Json(patch) => {
                json_patch::patch(object, patch).map_err(|_| Failure::unprocessable())?
            }
            Self::Apply(wanted) => merge_maps(object, wanted),
        }
        Ok(())
    }
}

fn merge_maps(object: &mut Value, wanted: &Value) {
    match (object, wanted) {
        (Value::Object(object), Value::Object(wanted)) => {
            for (key, value) in wanted {
                merge_maps(object.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (object, wanted) => *object = wanted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(media_type: &str, patch: &str) -> Result<Value, u16> {
        let kind = Kind {
            custom: true,
            ..Kind::built_in("g", "v1", "Thing", "things")
        };
        let mut object = json!({"spec": {"a": 1, "list": [1, 2]}});
        let patch =
            Patch::parse(&kind, media_type, patch.as_bytes()).map_err(|failure| failure.code)?;
        patch.apply(&mut object).map_err(|failure| failure.code)?;
        Ok(object)
    }

    #[test]
    fn by_media_type() {
        let cases = [
            (
                "application/merge-patch+json",
                r#"{"spec":{"a":null,"b":2}}"#,
                Ok(json!({"spec": {"b": 2, "list": [1, 2]}})),
            ),
            (
                "application/json-patch+json",
                r#"[{"op":"replace","path":"/spec/a","value":3}]"#,
                Ok(json!({"spec": {"a": 3, "list": [1, 2]}})),
            ),
            (
                "application/json-patch+json",
                r#"[{"op":"test","path":"/spec/a","value":3}]"#,
                Err(422),
            ),
            (
                "application/json-patch+json",
                r#"[{"op":"remove","path":"/spec/none"}]"#,
                Err(422),
            ),
            (
                "application/json-patch+json",
                r#"{"op":"remove"}"#,
                Err(400),
            ),
            (
                "application/apply-patch+yaml",
                "spec:\n  b: 2\n  list: [3]",
                Ok(json!({"spec": {"a": 1, "b": 2, "list": [3]}})),
            ),
            ("application/strategic-merge-patch+json", "{}", Err(415)),
            ("application/json", "{}", Err(415)),
        ];
        for (media_type, patch, expected) in cases {
            assert_eq!(
                patched(media_type, patch),
                expected,
                "{media_type}: {patch}"
            );
        }
    }
}
