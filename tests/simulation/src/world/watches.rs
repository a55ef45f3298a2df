//! When watches show what has happened.

use std::collections::BTreeMap;

use pilothouse_core::Resource;

use super::{Event, World};
use crate::fault::{SOON, Sight};

impl World {
    pub(super) fn schedule_watches(&mut self) {
        for host in 0..self.hosts.len() {
            let behind = self.hosts[host].schedule(&mut self.objects.servers);
            for resource in behind {
                let is_calm = self.is_calm();
                let soon = self.rng.u64(0..SOON);
                match self.chance.sight(is_calm).unwrap_or(Sight::Shown(soon)) {
                    Sight::Shown(after) => self.after(after, Event::Show(host, resource)),
                    Sight::Lost(time) => self.after(0, Event::Lose(host, resource, time)),
                    Sight::Expired(after) => {
                        self.hosts[host].expire(&resource);
                        self.after(after, Event::Show(host, resource));
                    }
                    Sight::Late(after) => {
                        let seen = self.hosts[host].look(&mut self.objects.servers, &resource);
                        let life = self.hosts[host].life;
                        self.after(after, Event::ShowLate(host, life, resource, seen));
                    }
                }
            }
        }
    }

    /// A context and the hosts cannot reach each other for so long.
    pub(super) fn part(&mut self, context: usize, time: u64) {
        let context = self.contexts[context % self.contexts.len()].clone();
        self.say(format!("no host reaches {context:?} for {time} ms"));
        let until = self.now + time;
        for host in 0..self.hosts.len() {
            for resource in self.hosts[host].of_context(&context) {
                self.after(0, Event::Lose(host, resource, time));
            }
        }
        self.parted.insert(context, until);
    }

    /// Until when the hosts do not reach a context, if they do not.
    pub(super) fn is_parted(&self, resource: &Resource) -> Option<u64> {
        let until = self.parted.get(&resource.context);
        until.copied().filter(|until| *until > self.now)
    }
}

/// The contexts that the hosts do not reach, and until when.
pub(super) type Parted = BTreeMap<k8ssandra_task_policy::contract::Context, u64>;
