//! The writes of a course in a datacenter: names in the table in, one [`Write`] for each request out.

use serde_json::{Map, Value, json};

use crate::table::{Course, Ends, Step, Table};
use crate::write::{Write, with_texts};

/// The datacenter that a course goes through.
#[derive(Clone, Debug)]
pub struct Datacenter {
    /// The name of its Cassandra cluster.
    pub cluster: String,
    /// Its own name.
    pub name: String,
    /// How many pods each rack has.
    pub racks: Vec<usize>,
    /// How many pods fail: the first ones.
    pub fails: usize,
    /// How often each pod's job is started again before it ends.
    pub retries: usize,
}

impl Datacenter {
    /// With this many pods in two racks; a small one has one rack only.
    #[must_use]
    pub fn new(cluster: &str, name: &str, pods: usize) -> Self {
        let second = pods / 3;
        let racks = [pods - second, second];
        Self {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            racks: racks.into_iter().filter(|rack| *rack > 0).collect(),
            fails: 0,
            retries: 0,
        }
    }

    /// The pods in the order of the work, each with the number of its rack.
    fn pods(&self) -> Vec<(usize, String)> {
        let racks = (0..).zip(&self.racks);
        let pods = racks.flat_map(|(rack, size)| (0..*size).map(move |pod| (rack, pod)));
        let name = |rack, pod| format!("{}-{}-r{}-sts-{pod}", self.cluster, self.name, rack + 1);
        pods.map(|(rack, pod)| (rack, name(rack, pod))).collect()
    }
}

impl Table {
    /// The writes of a course, in order.
    ///
    /// # Panics
    /// If there is no such course.
    #[must_use]
    pub fn writes(&'static self, course: &str, datacenter: &Datacenter) -> Vec<Write> {
        let mut walk = Walk {
            table: self,
            datacenter,
            pods: datacenter.pods(),
            ended: 0,
            begun: 0,
            jobs: 0,
            writes: Vec::new(),
        };
        walk.course(&self.courses[course]);
        walk.writes
    }
}

/// A course on its way through the pods.
struct Walk<'a> {
    table: &'static Table,
    datacenter: &'a Datacenter,
    pods: Vec<(usize, String)>,
    /// How many pods have ended.
    ended: usize,
    /// How many pods there are in the racks begun so far.
    begun: usize,
    jobs: usize,
    writes: Vec<Write>,
}

impl Walk<'_> {
    fn course(&mut self, course: &'static Course) {
        self.take(&course.begin, None, None);
        // A course that never ends stops at its first pod, unless it has an end to be stuck at.
        let stops = course.ends == Ends::Never && course.end.is_empty();
        let count = if stops { 1 } else { self.pods.len() };
        let mut before: Option<(usize, String)> = None;
        let Some(pods) = &course.pods else {
            return self.take(&course.end, None, None);
        };
        for (rack, pod) in self.pods.clone().into_iter().take(count) {
            self.begun = self.datacenter.racks[..=rack].iter().sum();
            let last = before.as_ref().map(|(_, name)| name.clone());
            self.ended += usize::from(last.is_some());
            let names = match &before {
                None => &pods.first,
                Some((last_rack, _)) if *last_rack == rack => &pods.same_rack,
                Some(_) => &pods.next_rack,
            };
            self.take(names, last.as_deref(), Some(&pod));
            for _ in 0..self.datacenter.retries {
                self.take(&pods.retry, None, Some(&pod));
            }
            before = Some((rack, pod));
        }
        if !stops && let Some((_, last)) = before {
            self.ended += 1;
            self.take(&pods.last, Some(&last), None);
        }
        self.take(&course.end, None, None);
    }

    fn take(&mut self, names: &'static [String], pod: Option<&str>, next: Option<&str>) {
        for name in names {
            let write = self.write(name, &self.table.writes[name], pod, next);
            self.writes.push(write);
        }
    }

    fn write(
        &mut self,
        name: &'static str,
        step: &'static Step,
        pod: Option<&str>,
        next: Option<&str>,
    ) -> Write {
        let mut set = json!(step.set);
        let pods = [(pod, &step.pod), (next, &step.next)];
        let pods = pods.into_iter().filter_map(|(pod, change)| {
            let change = self.change(change.as_ref()?);
            Some((pod?.to_owned(), change.clone()))
        });
        let pods: Map<_, _> = pods.collect();
        if !pods.is_empty() {
            set["podStatuses"] = Value::Object(pods);
        }
        self.jobs += usize::from(step.next.is_some());
        let fill = |text: &str| self.fill(text);
        let if_failed = step.if_failed.iter().filter(|_| self.failed() > 0);
        let conditions = step.conditions.iter().chain(if_failed).cloned();
        Write {
            name,
            request: step.request,
            after: step.after,
            set: with_texts(set, &fill),
            defaults: step.defaults.clone(),
            conditions: conditions.map(|it| it.with_text(&fill)).collect(),
        }
    }

    /// What becomes of a pod's entry.
    fn change(&self, name: &str) -> &'static Value {
        let pods = &self.table.pods;
        match name {
            "ends" if self.ended <= self.datacenter.fails => &pods["fails"],
            "ends" => &pods["completes"],
            name => &pods[name],
        }
    }

    fn failed(&self) -> usize {
        self.ended.min(self.datacenter.fails)
    }

    /// A text of the table with its variables filled in, all but the times.
    fn fill(&self, text: &str) -> Value {
        let count = |count: usize| {
            if count == 0 {
                Value::Null
            } else {
                json!(count)
            }
        };
        match text {
            "$succeeded" => count(self.ended - self.failed()),
            "$failed" => count(self.failed()),
            "$updated" => count(self.begun),
            "$job" => json!(format!("00000000-0000-4000-8000-{:012}", self.jobs)),
            text => json!(
                text.replace("$cluster", &self.datacenter.cluster)
                    .replace("$datacenter", &self.datacenter.name)
                    .replace("$failed", &self.failed().to_string())
            ),
        }
    }
}
