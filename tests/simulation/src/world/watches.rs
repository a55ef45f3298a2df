//! When watches show what has happened.

use super::{Event, World};
use crate::fault::{SOON, Sight};

impl World {
    pub(super) fn schedule_watches(&mut self) {
        for host in 0..self.hosts.len() {
            let behind = self.hosts[host].schedule(&mut self.objects.servers);
            for resource in behind {
                let is_calm = self.is_calm();
                let soon = self.rng.u64(0..SOON);
                let sight = self.chance.sight(is_calm).unwrap_or(Sight::Shown(soon));
                match sight {
                    Sight::Shown(after) => self.after(after, Event::Show(host, resource)),
                    Sight::Lost(time) => self.after(0, Event::Lose(host, resource, time)),
                    Sight::Expired(after) => {
                        self.hosts[host].expire(&resource);
                        self.after(after, Event::Show(host, resource));
                    }
                }
            }
        }
    }
}
