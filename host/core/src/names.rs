//! What may be part of a URL path: a name in, what is wrong with it out.

use pilothouse_contract::{Gvk, Manifest};

/// The longest name of an object, a DNS subdomain.
const MAX_NAME: usize = 253;
/// The longest name of a namespace, a DNS label.
const MAX_LABEL: usize = 63;

/// Whether the API server could have an object of that name. It is a path segment: the kind's own rule may be stricter, and
/// is the API server's to check.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    let is_valid = (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(is_allowed)
        && !matches!(name, "." | "..");
    valid(is_valid, "name", name)
}

/// Whether there could be a namespace of that name.
pub fn check_namespace(namespace: &str) -> Result<(), String> {
    valid(is_label(namespace), "namespace", namespace)
}

/// Whether the kinds of a manifest could be kinds of an API server.
pub fn check_manifest(manifest: &Manifest) -> Result<(), String> {
    let interests = manifest.interests.iter().map(|interest| &interest.gvk);
    interests.chain([&manifest.primary]).try_for_each(check_gvk)
}

fn check_gvk(gvk: &Gvk) -> Result<(), String> {
    let is_group = gvk.group.len() <= MAX_NAME && gvk.group.split('.').all(is_label);
    valid(gvk.group.is_empty() || is_group, "group", &gvk.group)?;
    valid(is_label(&gvk.version), "version", &gvk.version)?;
    let is_kind = is_label(&gvk.kind.to_ascii_lowercase());
    valid(is_kind, "kind", &gvk.kind)
}

/// RFC 1123.
fn is_label(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=MAX_LABEL).contains(&text.len())
        && text.chars().all(is_allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn valid(is_valid: bool, what: &str, text: &str) -> Result<(), String> {
    match is_valid {
        true => Ok(()),
        false => Err(format!("{text:?} is not a valid {what}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_a_path() {
        for name in ["a", "a-1.b", "system:node", "A_b"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(254);
        for name in [
            "", ".", "..", "a/b", "a?b", "a#b", "a%2Fb", "a b", "ä", &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn namespaces_are_labels() {
        assert_eq!(check_namespace("a-1"), Ok(()));
        let long = "a".repeat(64);
        for name in ["", "a.b", "A", "-a", "a-", "a/b", &long] {
            assert!(check_namespace(name).is_err(), "{name}");
        }
    }

    #[test]
    fn kinds_are_those_that_an_api_server_could_have() {
        for (api_version, kind, is_valid) in [
            ("g.example.com/v1", "Thing", true),
            ("v1", "Pod", true),
            ("g/v1/../x", "Thing", false),
            ("g/v1", "Thing/status", false),
            ("g..x/v1", "Thing", false),
        ] {
            let checked = check_gvk(&Gvk::new(api_version, kind));
            assert_eq!(checked.is_ok(), is_valid, "{api_version} {kind}");
        }
    }
}
