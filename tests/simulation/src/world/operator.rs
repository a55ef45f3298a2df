//! What cass-operator does.

use super::{Event, World};

impl World {
    pub(super) fn created(&mut self, name: &str, uid: &str) {
        self.created.push((name.to_owned(), uid.to_owned()));
        let datacenter = name.trim_start_matches("task1-").to_owned();
        self.violation = crate::oracles::may_create(&self.scenario, &self.objects, &datacenter);
        let after = self.rng.u64(0..5_000);
        self.after(after, Event::Work(datacenter));
    }

    /// cass-operator's next write, and when the one after it comes.
    pub(super) fn work(&mut self, datacenter: String) {
        if self.objects.own_child(&datacenter).is_none() {
            return;
        }
        let number: usize = datacenter.trim_start_matches("dc").parse().unwrap();
        let course = self.scenario.courses[number - 1];
        let done = self.worked.entry(datacenter.clone()).or_default();
        if *done == 0 {
            self.objects.begin(&datacenter, course);
        }
        *done += 1;
        let is_over = *done >= course.writes(&datacenter).len();
        let clock = self.objects.servers.now.strftime("%T").to_string();
        self.objects.work(&datacenter, 1, &clock);
        self.objects.remember_ends();
        self.say(format!("cass-operator writes into {datacenter}"));
        if !is_over {
            let after = self.rng.u64(0..8_000);
            self.after(after, Event::Work(datacenter));
        }
    }
}
