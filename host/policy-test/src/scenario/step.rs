//! One step as it is written: its words in, what happens and when out.

use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp};
use pilothouse_contract::{Operation, UnavailableReason};
use serde::Deserialize;
use serde_json::Value;

use super::file::{Files, seconds};
use super::{Scenario, Step, TICK, shape};
use crate::clusters::{Change, Refusal};
use crate::expect::{self, Expect};
use crate::reference::{Reference, context};

/// A step. Of the verbs, it has one, as its shape says; `wait` may stand alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    note: Option<String>,
    at: Option<String>,
    wait: Option<String>,
    #[serde(flatten)]
    verbs: Verbs,
    #[serde(default, deserialize_with = "expect::read")]
    expect: Expect,
}

#[derive(Deserialize)]
struct Verbs {
    apply: Option<Value>,
    context: Option<String>,
    patch: Option<Reference>,
    status: Option<Reference>,
    with: Option<Value>,
    is: Option<Value>,
    delete: Option<Reference>,
    lose: Option<String>,
    regain: Option<String>,
    kind: Option<String>,
    unregister: Option<String>,
    register: Option<String>,
    refuse: Option<Reference>,
    operation: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    permit: Option<Reference>,
    restart: Option<String>,
}

impl Written {
    /// The step, the one before which happened at `before`.
    pub fn step(self, scenario: &Scenario, files: &Files, before: Timestamp) -> Result<Step> {
        let at = match (&self.at, &self.wait) {
            (Some(_), Some(_)) => bail!("say either `at` or `wait`"),
            (Some(at), None) => moment(at, before)?,
            (None, Some(wait)) => before.checked_add(duration(wait)?)?,
            (None, None) => before.checked_add(TICK)?,
        };
        if at < before {
            bail!(
                "at: {} is before the step before it, which happens at {}",
                seconds(at),
                seconds(before)
            );
        }
        let place = Place {
            scenario,
            files,
            now: at,
        };
        let (title, change) = match self.verbs.change(&place)? {
            Some(named) => named,
            None if self.wait.is_some() || self.at.is_some() => {
                ("time passes".to_owned(), Change::Nothing)
            }
            None => bail!("nothing happens: say one of {}", shape::verbs()),
        };
        Ok(Step {
            title,
            note: self.note,
            at,
            change,
            expect: place.expected(self.expect).context("expect")?,
        })
    }
}

impl Verbs {
    /// What happens, and its title; none if there is no verb.
    fn change(self, place: &Place<'_>) -> Result<Option<(String, Change)>> {
        let change = match self.of_context()? {
            None => self.of_object(place)?,
            change => change,
        };
        Ok(change.map(|change| (change.to_string(), change)))
    }

    /// What happens to a context, or to the host.
    fn of_context(&self) -> Result<Option<Change>> {
        let kind = || self.kind.clone();
        if let Some(name) = &self.lose {
            let (context, kind) = (context(name), kind());
            let reason = unavailable(self.reason.as_deref(), kind.is_some())?;
            return Ok(Some(Change::Lose {
                context,
                kind,
                reason,
            }));
        }
        if let Some(name) = &self.regain {
            let (context, kind) = (context(name), kind());
            return Ok(Some(Change::Regain { context, kind }));
        }
        let unregister = self.unregister.clone().map(Change::Unregister);
        let register = self.register.clone().map(Change::Register);
        let restart = self.restart.as_ref().map(|_| Change::Restart);
        Ok(unregister.or(register).or(restart))
    }

    /// What happens to an object.
    fn of_object(self, place: &Place<'_>) -> Result<Option<Change>> {
        Ok(Some(if let Some(object) = self.apply {
            let object = place.resolve(Some(object), "apply")?;
            let context = self.context.as_deref().and_then(context);
            place.scenario.apply(context, object)?
        } else if let Some(object) = self.patch {
            Change::Patch {
                object: place.within(object),
                patch: place.resolve(self.with, "with")?,
            }
        } else if let Some(object) = self.status {
            of_status(place.within(object), self.is, self.with, place)?
        } else if let Some(object) = self.delete {
            Change::Delete(place.within(object))
        } else if let Some(object) = self.refuse {
            Change::Refuse(Refusal {
                object: place.within(object),
                operation: self.operation.as_deref().map(operation).transpose()?,
                reason: self.reason.context("`reason` is missing")?,
                message: self.message.unwrap_or_default(),
            })
        } else if let Some(object) = self.permit {
            Change::Permit(place.within(object))
        } else {
            return Ok(None);
        }))
    }
}

/// What the host does to an object.
fn operation(word: &str) -> Result<Operation> {
    Ok(match word {
        "create" => Operation::Create,
        "delete" => Operation::Delete,
        "patch-metadata" => Operation::PatchMetadata,
        "set-status" => Operation::SetStatus,
        other => bail!(
            "refuse: operation {other:?} is none of create, delete, patch-metadata, set-status"
        ),
    })
}

/// Why a context cannot say what it has: a kind is not served, and a context unreachable, unless the step says otherwise.
fn unavailable(reason: Option<&str>, is_kind: bool) -> Result<UnavailableReason> {
    Ok(match reason {
        None if is_kind => UnavailableReason::NotServed,
        None | Some("unreachable") => UnavailableReason::Unreachable,
        Some("forbidden") => UnavailableReason::Forbidden,
        Some("not-served") => UnavailableReason::NotServed,
        Some("not-watched") => UnavailableReason::NotWatched,
        Some(other) => bail!(
            "lose: reason {other:?} is none of unreachable, forbidden, not-served, not-watched"
        ),
    })
}

/// Where and when a step stands: what its words mean depends on it.
struct Place<'a> {
    scenario: &'a Scenario,
    files: &'a Files,
    now: Timestamp,
}

impl Place<'_> {
    fn within(&self, reference: Reference) -> Reference {
        reference.within(&self.scenario.namespace)
    }

    fn resolve(&self, value: Option<Value>, field: &str) -> Result<Value> {
        let value = value.with_context(|| format!("`{field}` is missing"))?;
        let resolved = self.files.resolve(value, self.now);
        resolved.with_context(|| field.to_owned())
    }

    /// Expectations as they are in this place: what a file has, and what the time is.
    fn expected(&self, mut expect: Expect) -> Result<Expect> {
        if let Some(status) = expect.status.take() {
            expect.status = Some(self.resolve(Some(status), "status")?);
        }
        for (name, wanted) in &mut expect.objects {
            *wanted = self.resolve(Some(wanted.take()), &format!("objects: {name}"))?;
        }
        Ok(expect)
    }
}

fn of_status(
    object: Reference,
    is: Option<Value>,
    with: Option<Value>,
    place: &Place<'_>,
) -> Result<Change> {
    match (is, with) {
        (Some(is), None) => Ok(Change::Status {
            object,
            status: place.resolve(Some(is), "is")?,
        }),
        (None, with) => Ok(Change::PatchStatus {
            object,
            patch: place.resolve(with, "with")?,
        }),
        _ => bail!("say either `is`, the whole status, or `with`, a merge patch of it"),
    }
}

/// A moment: RFC 3339, or a time of the day of the step before.
fn moment(text: &str, before: Timestamp) -> Result<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let day = before.strftime("%Y-%m-%d");
    format!("{day}T{text}Z").parse().with_context(|| {
        format!("at: {text:?} is no time; it may be like 19:43:35 or 2022-12-15T19:43:35Z")
    })
}

fn duration(text: &str) -> Result<SignedDuration> {
    let duration: SignedDuration = text
        .parse()
        .with_context(|| format!("wait: {text:?} is no duration; it may be like 90s, 5m or 24h"))?;
    if duration.is_negative() {
        bail!("wait: {text:?} is in the past");
    }
    Ok(duration)
}
