//! A clock, the events that are to come, and what happens at each.

mod incidents;
mod operator;
mod requests;
mod users;
mod watches;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use k8ssandra_task_policy::contract::{Context, Manifest};
use pilothouse_core::work::{Answer, Next, Now, Request};
use pilothouse_core::{ObjectKey, Resource};
use policy_properties::Simulation;

use crate::fault::{Chance, Incident, LATEST, TIMEOUT};
use crate::host::{Host, Seen};
use crate::scenario::Scenario;
use crate::users::Deed;
use crate::{Counts, Policy};
use watches::Parted;

/// When nothing goes wrong any more, in milliseconds since the beginning.
const CALM: u64 = 120_000;
/// What is due later than that from now on is not waited for: the task's time to live.
const FAR: u64 = 3_600_000;
/// More events are no history that ends.
const MAX_EVENTS: usize = 20_000;

/// No more of a history is printed.
const MAX_LINES: usize = 300;

/// Something that is to happen.
enum Event {
    /// A host is answered, unless it was started anew meanwhile.
    Answer(To, Answer),
    /// A request arrives at an API server, and is answered after so long if somebody waits for it.
    Arrive(Request, Option<(To, u64)>),
    /// A watch of a host shows what has happened.
    Show(usize, Resource),
    /// The same, of what was there a while ago.
    ShowLate(usize, usize, Resource, Seen),
    /// A watch of a host breaks.
    Lose(usize, Resource, u64),
    /// cass-operator makes its next write for a datacenter.
    Work(String),
    /// Something else goes wrong.
    Incident(Incident),
    /// A user does something.
    Deed(Deed),
    /// A user tries for so many times by now to create the task again.
    Recreate(u64),
}

/// Who waits for an answer.
#[derive(Clone)]
struct To {
    host: usize,
    life: usize,
    primary: ObjectKey,
}

/// A CassandraTask that has the labels of a task, and is not its own.
pub struct Foreign {
    pub task: String,
    pub uid: String,
    pub name: String,
}

/// Everything.
pub struct World {
    pub objects: Simulation,
    history: Vec<String>,
    /// What was created, in order: the CassandraTask's name, and the uid of the K8ssandraTask that it is for.
    pub created: Vec<(String, String)>,
    /// The uids of the tasks that are gone, or being deleted, and since when.
    pub deleted: BTreeMap<String, u64>,
    /// The CassandraTasks with a task's labels that were not its own when its deletion was asked for.
    pub foreign: Vec<Foreign>,
    /// The events that were recorded.
    pub events: Vec<String>,
    /// The datacenters that were recorded as begun when a host was killed, and were not created by then.
    pub unsent: BTreeSet<String>,
    /// Whether a status ever said that a CassandraTask was deleted.
    pub was_lost: bool,
    /// What does not hold, as soon as it does not.
    pub violation: Option<String>,
    hosts: Vec<Host>,
    policy: Policy,
    manifest: Arc<Manifest>,
    contexts: Vec<Context>,
    rng: Rng,
    pub chance: Chance,
    /// How late a request arrives at most. That one may, only the host knows that has sent it; and what a user deletes meanwhile is
    /// created again by it.
    pub latest: u64,
    pub scenario: Scenario,
    start: Timestamp,
    pub now: u64,
    parted: Parted,
    coming: BTreeMap<(u64, usize), Event>,
    count: usize,
}

impl World {
    /// Plays a scenario to its end.
    pub fn play(scenario: &Scenario, seed: u64, policy: Policy, chance: Chance) -> Self {
        let mut world = Self::new(scenario, seed, policy, chance);
        for _ in 0..MAX_EVENTS {
            if !world.step() {
                return world;
            }
        }
        world.violation = Some("it never rests".to_owned());
        world
    }

    /// The end of what has happened, line by line.
    pub fn history(&self) -> String {
        let first = self.history.len().saturating_sub(MAX_LINES);
        self.history[first..].join("\n  ")
    }

    fn new(scenario: &Scenario, seed: u64, policy: Policy, chance: Chance) -> Self {
        let objects = scenario.objects();
        let manifest = Arc::new(k8ssandra_task_policy::describe("{}").unwrap());
        let remotes = objects.servers.contexts.iter().cloned().map(Some);
        let contexts: Vec<Context> = [None].into_iter().chain(remotes).collect();
        let hosts = 0..scenario.hosts;
        let hosts = hosts.map(|_| Host::new(&manifest, &contexts, 0)).collect();
        let mut world = Self {
            start: objects.servers.now,
            objects,
            history: Vec::new(),
            created: Vec::new(),
            deleted: BTreeMap::new(),
            foreign: Vec::new(),
            events: Vec::new(),
            unsent: BTreeSet::new(),
            was_lost: false,
            violation: None,
            hosts,
            policy,
            manifest,
            contexts,
            rng: Rng::with_seed(seed ^ 0x5eed),
            chance,
            latest: match scenario.hosts > 1 || !scenario.is_plain() {
                true => TIMEOUT,
                false => LATEST,
            },
            scenario: scenario.clone(),
            now: 0,
            parted: Parted::new(),
            coming: BTreeMap::new(),
            count: 0,
        };
        for (at, deed) in &scenario.deeds {
            if world.chance.keeps() {
                world.at(*at, Event::Deed(deed.clone()));
            }
        }
        for _ in 0..6 {
            if let Some((at, incident)) = world.chance.incident(CALM) {
                if incident.is_kill() {
                    world.latest = TIMEOUT;
                }
                world.at(at, Event::Incident(incident));
            }
        }
        world
    }

    /// What came of it.
    pub fn counts(&self) -> Counts {
        Counts {
            faults: self.chance.taken.len(),
            requests: self.chance.requests,
        }
    }

    /// What happens next. False if there is nothing left to happen.
    fn step(&mut self) -> bool {
        self.schedule_watches();
        let due = self.hosts.iter().filter_map(|host| host.engine.next_due());
        let due = due.map(|due| u64::try_from(due.as_nanos().div_ceil(1_000_000)).unwrap());
        let event = self.coming.keys().next().map(|(at, _)| *at);
        let is_ready = self.hosts.iter().any(|host| host.engine.is_ready());
        let next = is_ready.then_some(self.now);
        let Some(next) = due.chain(event).chain(next).min() else {
            return false;
        };
        if next > self.now + FAR || self.violation.is_some() {
            return false;
        }
        self.now = self.now.max(next);
        let now = SignedDuration::from_millis(self.now.cast_signed());
        self.objects.servers.now = self.start + now;
        if event == Some(next)
            && let Some((_, event)) = self.coming.pop_first()
        {
            let uid = self.task_uid();
            self.happen(event);
            if self.objects.is_being_deleted() || self.task_uid() != uid {
                self.note_deletion(uid);
            }
        }
        for host in 0..self.hosts.len() {
            self.start_work(host);
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Answer(to, answer) if self.hosts[to.host].life == to.life => {
                let now = self.time(to.host);
                let next = self.hosts[to.host].engine.answer(now, &to.primary, answer);
                if let Next::Work(work) = next {
                    self.perform(to.host, *work);
                }
            }
            Event::Answer(..) => {}
            Event::Arrive(request, to) => self.arrive(&request, to),
            // It is shown once that is over.
            Event::Show(_, resource) | Event::ShowLate(_, _, resource, _)
                if self.is_parted(&resource).is_some() => {}
            Event::Show(host, resource) => {
                let seen = self.hosts[host].look(&mut self.objects.servers, &resource);
                self.hosts[host].show(&resource, seen);
            }
            Event::ShowLate(host, life, resource, seen) => {
                if self.hosts[host].life == life {
                    self.hosts[host].show(&resource, seen);
                }
            }
            Event::Lose(host, resource, time) => {
                self.say(format!("host {host} loses {resource:?} for {time} ms"));
                self.hosts[host].lose(&resource);
                self.after(time, Event::Show(host, resource));
            }
            Event::Work(datacenter) => self.work(datacenter),
            Event::Incident(incident) => self.incident(incident),
            Event::Deed(deed) => self.deed(&deed),
            Event::Recreate(tries) => self.recreate(tries),
        }
    }

    fn start_work(&mut self, host: usize) {
        let now = self.time(host);
        while let Some(work) = self.hosts[host].engine.next(now) {
            self.perform(host, work);
        }
    }

    pub fn task_uid(&self) -> String {
        let uid = self.objects.task()["metadata"]["uid"].as_str();
        uid.unwrap_or_default().to_owned()
    }

    /// By how many milliseconds the first host's clock is fast.
    pub fn ahead(&self) -> i64 {
        self.hosts[0].ahead
    }

    /// Whether nothing goes wrong by chance any more.
    fn is_calm(&self) -> bool {
        self.now >= CALM
    }

    /// The time, as a host sees it.
    fn time(&self, host: usize) -> Now {
        let wall = self.objects.servers.now.as_millisecond() + self.hosts[host].ahead;
        Now {
            wall: u64::try_from(wall).unwrap(),
            elapsed: Duration::from_millis(self.now),
        }
    }

    fn after(&mut self, time: u64, event: Event) {
        self.at(self.now + time, event);
    }

    fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.coming.insert((time, self.count), event);
    }

    fn say(&mut self, what: String) {
        let seconds = self.now / 1_000;
        self.history
            .push(format!("{seconds}.{:03} {what}", self.now % 1_000));
    }
}
