//! What must hold after a step: expectations and what was seen in, what is not as expected out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use jiff::SignedDuration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::clusters::{Change, Clusters, Rest, Seen};
use crate::reference::Reference;
use crate::subset::differences;

/// The word for no writes at all.
const NOTHING: &str = "nothing";

/// What must hold. Without a word of them, nothing was created or deleted, and no Warning was recorded; the rest is not asked
/// for where it is not said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expect {
    /// All that the policy created since the step before, in order.
    #[serde(default)]
    pub created: Vec<Reference>,
    /// All that it deleted, in order.
    #[serde(default)]
    pub deleted: Vec<Reference>,
    /// All events that it recorded, `Type Reason message`, in order. Without it, there may be Normal ones.
    pub events: Option<Vec<String>>,
    /// How many writes there were.
    pub writes: Option<usize>,
    /// Conditions of the primary by type, `Status Reason message`, or `none`.
    #[serde(default)]
    pub conditions: BTreeMap<String, String>,
    /// What the primary's status must have.
    pub status: Option<Value>,
    /// What other objects must have; `null` where one must not be there.
    #[serde(default)]
    pub objects: BTreeMap<Reference, Value>,
    /// When the policy wants to be asked again, `5m` or `none`.
    pub requeue: Option<String>,
    /// Texts that must be among the reasons of the plan.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// Expectations as they are written: their fields, or the word `nothing`.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expect, D::Error> {
    struct Written;

    impl<'de> Visitor<'de> for Written {
        type Value = Expect;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("fields, or `nothing`")
        }

        fn visit_str<E: de::Error>(self, word: &str) -> Result<Expect, E> {
            if word != NOTHING {
                return Err(E::invalid_value(Unexpected::Str(word), &self));
            }
            Ok(Expect {
                writes: Some(0),
                ..Expect::default()
            })
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Expect, A::Error> {
            Expect::deserialize(MapAccessDeserializer::new(fields))
        }
    }

    deserializer.deserialize_any(Written)
}

impl Expect {
    /// The objects that it names.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        let lists = [&self.created, &self.deleted];
        let listed = lists.into_iter().flat_map(|list| list.iter());
        listed.chain(self.objects.keys())
    }

    /// Everything that is not as expected after a change.
    pub fn check(
        &self,
        change: &Change,
        seen: &Seen,
        clusters: &dyn Clusters,
        namespace: &str,
    ) -> Result<Vec<String>> {
        let is_exact = clusters.is_exact();
        let mut wrong = self.check_writes(seen, namespace, is_exact);
        // Where garbage is not collected at once, what has lost its owner is decided on, too.
        let is_deletion = matches!(change, Change::Delete(_)) || !self.deleted.is_empty();
        let is_collected = is_exact || !is_deletion;
        wrong.extend(self.check_events(&seen.events, is_exact, is_collected));
        let status = seen
            .primary
            .as_ref()
            .map_or(&Value::Null, |it| &it["status"]);
        wrong.extend(self.check_status(status, is_exact));
        for (name, wanted) in &self.objects {
            wrong.extend(object(name, wanted, clusters, namespace)?);
        }
        // Where plans are seen and there is none, nobody wants to be asked, and nobody says why.
        let none = is_exact.then(Rest::default);
        if let Some(plan) = seen.plan.as_ref().or(none.as_ref()) {
            wrong.extend(self.check_plan(plan));
        }
        Ok(wrong)
    }

    fn check_writes(&self, seen: &Seen, namespace: &str, is_exact: bool) -> Vec<String> {
        let shown = |list: &[Reference]| -> Vec<String> {
            let within = |reference: &Reference| reference.clone().within(namespace).to_string();
            list.iter().map(within).collect()
        };
        let compare = |what: &str, mut wanted: Vec<String>, mut found: Vec<String>| {
            if !is_exact {
                wanted.sort();
                found.sort();
            }
            unlike(what, Some(wanted), found)
        };
        let wrong = [
            compare("created", shown(&self.created), shown(&seen.created)),
            compare("deleted", shown(&self.deleted), shown(&seen.deleted)),
            unlike("writes", self.writes, seen.writes),
        ];
        wrong.into_iter().flatten().collect()
    }

    fn check_events(&self, seen: &[String], is_exact: bool, is_all: bool) -> Option<String> {
        let said = |events: &[String]| -> Vec<String> {
            events.iter().map(|it| said(it, is_exact)).collect()
        };
        let mut wanted = said(self.events.as_deref().unwrap_or_default());
        let mut found = said(seen);
        if self.events.is_none() {
            found.retain(|event| event.starts_with("Warning "));
        }
        if !is_all {
            found.retain(|event| wanted.contains(event));
        }
        if !is_exact {
            wanted.sort();
            found.sort();
        }
        unlike("events", Some(wanted), found)
    }

    fn check_status(&self, status: &Value, is_exact: bool) -> Vec<String> {
        let unlike = |(kind, wanted): (&String, &String)| {
            let found = condition(status, kind).unwrap_or_else(|| "none".to_owned());
            let what = format!("conditions.{kind}");
            unlike(&what, Some(said(wanted, is_exact)), said(&found, is_exact))
        };
        let mut wrong: Vec<String> = self.conditions.iter().filter_map(unlike).collect();
        if let Some(wanted) = &self.status {
            wrong.extend(differences("status", wanted, status));
        }
        wrong
    }

    fn check_plan(&self, plan: &Rest) -> Vec<String> {
        let requeue = plan.requeue.map_or_else(|| "none".to_owned(), friendly);
        let mut wrong: Vec<String> = unlike("requeue", self.requeue.clone(), requeue)
            .into_iter()
            .collect();
        for wanted in &self.reasons {
            if !plan.reasons.iter().any(|reason| reason.contains(wanted)) {
                let found = plan.reasons.join("\n            ");
                wrong.push(format!(
                    "reasons\n  expected: {wanted}\n  found:    {found}"
                ));
            }
        }
        wrong
    }
}

fn unlike<T: PartialEq + fmt::Debug>(what: &str, wanted: Option<T>, found: T) -> Option<String> {
    let wanted = wanted?;
    (wanted != found).then(|| format!("{what}\n  expected: {wanted:?}\n  found:    {found:?}"))
}

fn is_uuid(word: &str) -> bool {
    let is_part = |letter: char| letter == '-' || letter.is_ascii_hexdigit();
    word.len() == 36 && word.chars().all(is_part)
}

/// A text as it is compared: where those are not exact, without times and uids.
fn said(text: &str, is_exact: bool) -> String {
    let is_uid = |word: &str| word.starts_with("uid-") || is_uuid(word);
    let placeholder = |word: &str| {
        let bare = word.trim_end_matches([';', ':', ',', ')', '.']);
        match bare.parse::<jiff::Timestamp>() {
            Ok(_) => "TIME".to_owned(),
            Err(_) if is_uid(bare) => "UID".to_owned(),
            Err(_) => word.to_owned(),
        }
    };
    match is_exact {
        true => text.to_owned(),
        false => text
            .split(' ')
            .map(placeholder)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A condition in one line.
pub fn condition(status: &Value, kind: &str) -> Option<String> {
    let conditions = status["conditions"].as_array()?;
    let condition = conditions.iter().find(|it| it["type"] == kind)?;
    let text = |field: &str| condition[field].as_str().unwrap_or_default();
    Some(
        format!("{} {} {}", text("status"), text("reason"), text("message"))
            .trim_end()
            .to_owned(),
    )
}

/// A span as people write it: `5m`, `1d 2h`.
pub fn friendly(span: Duration) -> String {
    SignedDuration::try_from(span).map_or_else(|_| format!("{span:?}"), |span| format!("{span:#}"))
}

fn object(
    name: &Reference,
    wanted: &Value,
    clusters: &dyn Clusters,
    namespace: &str,
) -> Result<Vec<String>> {
    let found = clusters.object(&name.clone().within(namespace))?;
    Ok(match found {
        None if wanted.is_null() => Vec::new(),
        None => vec![format!("{name} is not there")],
        Some(_) if wanted.is_null() => vec![format!("{name} is still there")],
        Some(found) => differences(&name.to_string(), wanted, &found),
    })
}
