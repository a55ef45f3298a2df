//! What cass-operator does.

use super::{Event, World};

impl World {
    /// A CassandraTask was created, for the task with that uid.
    pub(super) fn created(&mut self, name: &str, task: &str) {
        self.created.push((name.to_owned(), task.to_owned()));
        let datacenter = name.trim_start_matches("task1-").to_owned();
        let violation = crate::oracles::may_create(&self.scenario, &self.objects, &datacenter);
        self.violation = self.violation.take().or(violation);
        let number: usize = datacenter.trim_start_matches("dc").parse().unwrap();
        self.objects
            .begin(&datacenter, self.scenario.courses[number - 1]);
        let after = self.rng.u64(0..5_000);
        self.after(after, Event::Work(datacenter));
    }

    /// cass-operator's next write, and when the one after it comes.
    pub(super) fn work(&mut self, datacenter: String) {
        if !self.objects.has_work(&datacenter) {
            return;
        }
        let clock = self.objects.servers.now.strftime("%T").to_string();
        self.objects.work(&datacenter, 1, &clock);
        self.objects.remember_ends();
        self.say(format!("cass-operator writes into {datacenter}"));
        if self.objects.has_work(&datacenter) {
            let after = self.rng.u64(0..8_000);
            self.after(after, Event::Work(datacenter));
        }
    }
}
