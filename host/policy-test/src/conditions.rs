//! Types of conditions in a whole scenario: what was seen in, those that are expected as `none` and are misspelt out.
//!
//! That there is no `Complet` holds in every scenario. Many scenarios rightly expect no condition of a type that they never show;
//! but where another is but a letter away, that was meant.

use std::collections::BTreeSet;

use strsim::osa_distance;

use crate::clusters::Seen;
use crate::scenario::Scenario;

/// The types that were there.
#[derive(Default)]
pub struct Conditions {
    seen: BTreeSet<String>,
}

impl Conditions {
    /// Notes what is there now.
    pub fn note(&mut self, seen: &Seen) {
        let conditions = seen.primary.iter().flat_map(|primary| {
            let conditions = primary["status"]["conditions"].as_array();
            conditions.into_iter().flatten()
        });
        let types = conditions.filter_map(|condition| condition["type"].as_str());
        self.seen.extend(types.map(str::to_owned));
    }

    /// What is said of each type that a scenario expects as `none` alone, that was never there, and that is nearly another.
    pub fn misspelt(&self, scenario: &Scenario) -> Vec<String> {
        let expected = || {
            scenario
                .steps
                .iter()
                .flat_map(|step| &step.expect.conditions)
        };
        let (absent, present): (Vec<_>, Vec<_>) = expected().partition(|(_, text)| *text == "none");
        let seen = self.seen.iter();
        let known: BTreeSet<&String> = present
            .into_iter()
            .map(|(kind, _)| kind)
            .chain(seen)
            .collect();
        let absent: BTreeSet<&String> = absent.into_iter().map(|(kind, _)| kind).collect();
        let misspelt = |kind: &String| {
            let meant = known.iter().find(|other| is_slip(kind, other))?;
            Some(format!(
                "conditions.{kind}: no condition of that type was ever seen in this scenario (did you mean `{meant}`?)"
            ))
        };
        absent
            .difference(&known)
            .filter_map(|kind| misspelt(kind))
            .collect()
    }
}

/// Whether one is the other but for a letter. Digits tell things apart: `Step1` is not `Step2`.
fn is_slip(kind: &str, other: &str) -> bool {
    let is_numbered = kind.contains(|letter: char| letter.is_ascii_digit());
    !is_numbered && osa_distance(kind, other) == 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_seen_is_no_slip_and_what_is_near_it_is() {
        let text = "
story: s
start: 2022-12-15T19:42:00Z
steps:
- wait: 5m
  expect: {conditions: {Complete: none, complete: none, Compelte: none, Failed: none}}";
        let scenario = Scenario::parse(Path::new("s.yaml"), text).unwrap();
        let mut conditions = Conditions::default();
        assert!(conditions.misspelt(&scenario).is_empty());
        let primary = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
        conditions.note(&Seen {
            primary: Some(primary),
            ..Seen::default()
        });
        let misspelt = conditions.misspelt(&scenario);
        assert_eq!(misspelt.len(), 2, "{misspelt:?}");
        assert!(misspelt[0].starts_with("conditions.Compelte: "));
        assert!(misspelt[1].starts_with("conditions.complete: "));
    }
}
