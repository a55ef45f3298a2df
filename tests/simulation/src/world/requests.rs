//! Work that a host does: the policy is asked, and requests go to the API servers.

use pilothouse_core::failures::Cause;
use pilothouse_core::plan::CREATED_FOR;
use pilothouse_core::work::{Answer, Request, Task, Work};
use pilothouse_core::{Object, Resource};

use super::{Event, To, World};
use crate::fault::{Fate, Incident, TIMEOUT};

impl World {
    pub(super) fn perform(&mut self, host: usize, work: Work) {
        let life = self.hosts[host].life;
        let to = To {
            host,
            life,
            primary: work.primary,
        };
        match work.task {
            Task::Decide(snapshot) => {
                let outcome = match self.hosts[host].is_broken {
                    true => Err("it traps".to_owned()),
                    false => Ok((self.policy)(&snapshot)),
                };
                let answer = Answer::Decided(self.hosts[host].manifest.clone(), outcome);
                let time = self.rng.u64(0..10);
                self.after(time, Event::Answer(to, answer));
            }
            Task::Send(Request::RecordEvent { event, .. }) => {
                let event = format!("{}: {}", event.reason, event.message);
                self.say(format!("event {event}"));
                self.events.push(event);
                self.after(0, Event::Answer(to, Answer::Replied(Ok(None))));
            }
            Task::Send(request) => self.send(to, request),
        }
    }

    fn send(&mut self, to: To, request: Request) {
        let is_calm = self.is_calm();
        let mut fate = self.chance.fate(is_calm);
        let resource = Resource::and_key(&request.object()).0;
        if self.is_parted(&resource).is_some() {
            fate = Fate::Lost(TIMEOUT);
        }
        let way = self.rng.u64(1..40);
        if !matches!(fate, Fate::Answered) {
            self.say(format!("{fate:?}: {}", shown(&request)));
        }
        let timeout = |after| (after, Cause::unknown("Timeout", "no answer"));
        let (arrives, failure) = match fate {
            Fate::Answered => return self.after(way, Event::Arrive(request, Some((to, way)))),
            Fate::Slow(after) => {
                return self.after(way, Event::Arrive(request, Some((to, after))));
            }
            Fate::KilledBefore => return self.kill(to.host),
            Fate::KilledAfter => {
                self.after(way, Event::Arrive(request, None));
                return self.after(way, Event::Incident(Incident::Kill(to.host)));
            }
            Fate::Lost(after) => (None, timeout(after)),
            Fate::Unanswered(after) => (Some(way), timeout(after)),
            Fate::Late(after) => (Some(after.min(self.latest)), timeout(TIMEOUT)),
            Fate::Refused(cause) => (None, (2 * way, cause)),
            Fate::Broken(cause) => (Some(way), (2 * way, cause)),
        };
        if let Some(after) = arrives {
            self.after(after, Event::Arrive(request, None));
        }
        let (after, cause) = failure;
        self.after(after, Event::Answer(to, Answer::Replied(Err(cause))));
    }

    pub(super) fn arrive(&mut self, request: &Request, to: Option<(To, u64)>) {
        let may = crate::oracles::may(self, request);
        let reply = self.objects.servers.send(request).unwrap();
        let outcome = match &reply {
            Ok(_) => "done".to_owned(),
            Err(cause) => cause.reason.clone(),
        };
        self.say(format!("{}: {outcome}", shown(request)));
        if let Ok(object) = &reply {
            self.violation = self.violation.take().or(may.err());
            self.done(request, object.as_ref());
        }
        self.objects.servers.collect_garbage();
        self.objects.remember_ends();
        if let Some((to, after)) = to {
            self.after(after, Event::Answer(to, Answer::Replied(reply)));
        }
    }

    /// A request was carried out.
    fn done(&mut self, request: &Request, object: Option<&Object>) {
        match (request, object) {
            (Request::Create { key, .. }, Some(object)) => {
                self.created(&key.name, &object.annotations[CREATED_FOR]);
            }
            (Request::PatchStatus { patch, .. }, _) => {
                self.was_lost |= patch.to_string().contains("CassandraTaskDeleted");
                self.objects.remember_beginnings();
            }
            _ => {}
        }
    }
}

/// A request on a line.
fn shown(request: &Request) -> String {
    let verb = match request {
        Request::Create { .. } => "create",
        Request::Delete { .. } => "delete",
        Request::Read { .. } => "read",
        Request::Patch { .. } => "patch",
        Request::PatchStatus { .. } => "patch the status of",
        Request::RecordEvent { .. } => "record an event about",
    };
    let object = request.object();
    format!("{verb} {} {}", object.gvk.kind, object.name)
}
