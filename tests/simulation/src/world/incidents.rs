//! What goes wrong apart from requests and watches.

use super::{CALM, Event, World};
use crate::fault::Incident;
use crate::host::Host;

impl World {
    pub(super) fn incident(&mut self, incident: Incident) {
        let count = self.hosts.len();
        self.say(format!("{incident:?}"));
        match incident {
            Incident::Kill(host) => self.kill(host % count),
            Incident::Part(context, time) => self.part(context, time),
            // Two whose clocks differ say different things of what is overdue.
            Incident::Jump(_, time) if count == 1 => self.hosts[0].ahead += time,
            Incident::Jump(..) => {}
            Incident::Swap(host, is_broken) => {
                self.hosts[host % count].swap(is_broken);
                // A sound one takes its place in the end.
                if is_broken {
                    self.at(CALM, Event::Incident(Incident::Swap(host, false)));
                }
            }
        }
    }

    /// Another host takes its place.
    pub(super) fn kill(&mut self, host: usize) {
        self.say(format!("host {host} is killed"));
        let unsent = crate::oracles::unsent(self);
        self.unsent.extend(unsent);
        let (life, ahead) = (self.hosts[host].life + 1, self.hosts[host].ahead);
        self.hosts[host] = Host::new(&self.manifest, &self.contexts, life);
        self.hosts[host].ahead = ahead;
    }
}
