//! The host in miniature: looks, plan, check, actions in order up to the first that fails, again until all is at rest.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use pilothouse_contract::{Action, Creation, Deletion, Failure, Outcome, Plan, Selector, Severity};
use serde_json::{Value, json};

use super::Memory;
use super::objects::Key;
use crate::clusters::Rest;
use crate::reference::context_name;

/// How often a primary is reconciled after one change before it counts as never coming to rest.
const MOST_ROUNDS: usize = 12;
/// How often a policy may ask to see more, as in the host.
const MOST_LOOKS: usize = 8;
/// The annotation that the host leaves on what it creates.
const CREATED_FOR: &str = "pilothouse.dev/created-for";

/// Why an action was not carried out.
struct Refused {
    reason: String,
    message: String,
}

impl Memory<'_> {
    /// Reconciles every primary until nothing is done any more.
    pub(super) fn settle(&mut self) -> Result<()> {
        self.failed.clear();
        for _ in 0..MOST_ROUNDS {
            let mut is_at_rest = true;
            for primary in self.primaries() {
                is_at_rest &= !self.reconcile(&primary)?;
            }
            let objects = &self.objects;
            self.rests.retain(|key, _| objects.get(key).is_some());
            self.failures.retain(|key, _| objects.get(key).is_some());
            if is_at_rest {
                return Ok(());
            }
        }
        bail!("it does not come to rest: after {MOST_ROUNDS} rounds the policy still writes")
    }

    /// One reconcile. True if anything was written, or failed in a way that is new.
    fn reconcile(&mut self, primary: &Key) -> Result<bool> {
        if self.objects.get(primary).is_none() {
            return Ok(false);
        }
        let (asked, plan) = self.decide(primary)?;
        let before = self.objects.get(primary).cloned().unwrap_or_default();
        self.policy
            .check(&self.settings, &before, &plan)
            .with_context(|| format!("the host would not carry this plan out: {plan:#?}"))?;
        let (written, failure) = self.execute(primary, &plan);
        // Where several steps are refused, they fail by turns: it is at rest once each of them has.
        let is_new = failure.as_ref().is_some_and(|failure| {
            self.failed
                .insert((primary.clone(), failure.message.clone()))
        });
        let acted = written > 0 || is_new;
        self.transcript.plan(
            &self.manifest.primary.kind,
            &asked,
            &plan,
            failure.as_ref(),
            acted,
        );
        let requeue = plan.requeue_after.map(Duration::from_millis);
        let due = requeue.and_then(|span| self.now.checked_add(span).ok());
        let due = due.filter(|due| *due > self.now);
        let rest = Rest {
            requeue,
            reasons: plan.reasons.clone(),
        };
        self.rests.insert(primary.clone(), (due, rest));
        match failure {
            Some(failure) => self.failures.insert(primary.clone(), failure),
            None => self.failures.remove(primary),
        };
        Ok(acted)
    }

    fn decide(&self, primary: &Key) -> Result<(Vec<Selector>, Plan)> {
        let mut asked: Vec<Selector> = Vec::new();
        for _ in 0..MOST_LOOKS {
            let snapshot = self.snapshot(primary, &asked);
            match self.policy.reconcile(&self.settings, &snapshot)? {
                Outcome::Act(plan) => return Ok((asked, plan)),
                Outcome::Look(more) if more.iter().all(|selector| asked.contains(selector)) => {
                    bail!(
                        "the policy asks to see nothing that it has not seen, and does not decide"
                    )
                }
                Outcome::Look(more) => asked.extend(more),
            }
        }
        bail!("the policy asked {MOST_LOOKS} times to see more, and did not decide")
    }

    /// Carries a plan out: how many writes there were, and what stopped it.
    fn execute(&mut self, primary: &Key, plan: &Plan) -> (usize, Option<Failure>) {
        let mut written = 0;
        for (index, action) in (0..).zip(&plan.actions) {
            match self.carry_out(primary, action) {
                Ok(done) => written += usize::from(done),
                Err((what, Refused { reason, message })) => {
                    let failure = Failure {
                        action: index,
                        reason,
                        message: format!("{what}: {message}"),
                    };
                    return (written, Some(failure));
                }
            }
        }
        (written, None)
    }

    /// True if something was written. The error says what could not be done, and why.
    fn carry_out(&mut self, primary: &Key, action: &Action) -> Result<bool, (String, Refused)> {
        let done = match action {
            Action::Create(creation) => {
                let object: Value = serde_json::from_str(&creation.object).unwrap_or_default();
                let key = Key::of(&creation.context, &object);
                self.create(primary, &key, object, creation)
                    .map_err(|refused| (shown("create", &key), refused))
            }
            Action::Delete(deletion) => {
                let key = key_of(deletion);
                self.delete(&key, &deletion.uid)
                    .map_err(|refused| (shown("delete", &key), refused))
            }
            Action::PatchMetadata(patch) => self
                .change(primary, |object| {
                    let patch = serde_json::from_str(patch).unwrap_or_default();
                    json_patch::merge(&mut object["metadata"], &patch);
                })
                .map_err(|refused| ("patch the metadata".to_owned(), refused)),
            Action::SetStatus(status) => self
                .change(primary, |object| {
                    object["status"] = serde_json::from_str(status).unwrap_or_default();
                })
                .map_err(|refused| ("set the status".to_owned(), refused)),
            Action::RecordEvent(event) => {
                let severity = match event.severity {
                    Severity::Normal => "Normal",
                    Severity::Warning => "Warning",
                };
                let line = format!("{severity} {} {}", event.reason, event.message);
                self.seen.events.push(line);
                Ok(true)
            }
        };
        let wrote = done?;
        self.seen.writes += usize::from(wrote);
        Ok(wrote)
    }

    fn create(
        &mut self,
        primary: &Key,
        key: &Key,
        mut object: Value,
        creation: &Creation,
    ) -> Result<bool, Refused> {
        self.reach(key)?;
        let uid = self.uid(primary);
        if let Some(existing) = self.objects.get(key) {
            let metadata = &existing["metadata"];
            let is_ours = metadata["annotations"][CREATED_FOR] == *uid
                && metadata["deletionTimestamp"].is_null();
            return if is_ours {
                Ok(false)
            } else {
                Err(Refused {
                    reason: "AlreadyExists".into(),
                    message: format!("{} already exists", key.reference()),
                })
            };
        }
        object["metadata"]["annotations"][CREATED_FOR] = json!(uid);
        debug_assert_eq!(key.context, creation.context);
        self.objects.create(key.clone(), object, self.now);
        self.seen.created.push(key.reference());
        Ok(true)
    }

    fn delete(&mut self, key: &Key, uid: &str) -> Result<bool, Refused> {
        self.reach(key)?;
        // Gone already, or another one has its name by now: it is done.
        if self.uid(key) != uid {
            return Ok(false);
        }
        self.objects.delete(key, self.now);
        self.seen.deleted.push(key.reference());
        Ok(true)
    }

    fn change(&mut self, primary: &Key, change: impl Fn(&mut Value)) -> Result<bool, Refused> {
        self.reach(primary)?;
        let Some(object) = self.objects.get_mut(primary) else {
            return Ok(false);
        };
        let before = object.clone();
        change(object);
        let is_changed = *object != before;
        self.objects.collect(primary);
        self.objects.collect_dependents(self.now);
        Ok(is_changed)
    }

    fn uid(&self, key: &Key) -> String {
        let uid = self
            .objects
            .get(key)
            .map(|object| &object["metadata"]["uid"]);
        uid.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether the API server there takes a write to an object.
    fn reach(&self, key: &Key) -> Result<(), Refused> {
        if self.lost.contains(&(key.context.clone(), None)) {
            return Err(Refused {
                reason: "Unreachable".into(),
                message: format!("{} does not answer", context_name(key.context.as_deref())),
            });
        }
        let reference = key.reference();
        let refusal = self.refusals.iter().find(|it| it.object == reference);
        match refusal {
            Some(refusal) => Err(Refused {
                reason: refusal.reason.clone(),
                message: refusal.message.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn key_of(deletion: &Deletion) -> Key {
    let object = &deletion.object;
    Key {
        context: object.context.clone(),
        gvk: object.gvk.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

/// As the host says it.
fn shown(verb: &str, key: &Key) -> String {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let context = context_name(key.context.as_deref());
    format!(
        "{verb} {} {namespace}/{} in {context}",
        key.gvk.kind, key.name
    )
}
