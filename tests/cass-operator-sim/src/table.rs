//! The table as it stands in `writes.yaml`, with every name in it checked when it is first read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::write::{After, Condition, Request};

/// All that is known of what cass-operator writes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    commands: BTreeMap<String, String>,
    required: BTreeMap<String, String>,
    pub(crate) pods: BTreeMap<String, Value>,
    pub(crate) writes: BTreeMap<String, Step>,
    pub(crate) courses: BTreeMap<String, Course>,
    pub(crate) fixtures: BTreeMap<String, Fixture>,
}

/// One request, before anything is filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) after: After,
    #[serde(default)]
    pub(crate) set: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) defaults: Value,
    pub(crate) pod: Option<String>,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) conditions: Vec<Condition>,
    #[serde(default)]
    pub(crate) if_failed: Vec<Condition>,
}

/// The writes of a kind of job, by name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Course {
    pub(crate) begin: Vec<String>,
    pub(crate) pods: Option<Pods>,
    pub(crate) end: Vec<String>,
    pub(crate) ends: Ends,
}

/// The writes for each pod.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Pods {
    pub(crate) first: Vec<String>,
    pub(crate) retry: Vec<String>,
    pub(crate) same_rack: Vec<String>,
    pub(crate) next_rack: Vec<String>,
    pub(crate) last: Vec<String>,
}

/// Whether a course ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    /// With its last write.
    #[default]
    Always,
    /// Never: the CassandraTask blocks its datacenter until it is deleted.
    Never,
    /// It goes on with the course of its command once something outside has changed.
    Later,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) course: String,
    #[serde(default)]
    pub(crate) fails: usize,
    pub(crate) from: String,
    pub(crate) to: Option<String>,
    #[serde(default)]
    pub(crate) keeps: Vec<String>,
}

/// The table.
///
/// # Panics
/// If `writes.yaml` is invalid, which the tests of this crate would show.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        #[expect(clippy::expect_used, reason = "it is part of the program")]
        let table: Table = serde_saphyr::from_str(include_str!("../writes.yaml"))
            .expect("writes.yaml is not a table");
        table
    })
}

impl Table {
    /// The names of the courses.
    pub fn courses(&self) -> impl Iterator<Item = &str> {
        self.courses.keys().map(String::as_str)
    }

    /// The names of the writes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.writes.keys().map(String::as_str)
    }

    /// Whether a course ends.
    #[must_use]
    pub fn ends(&self, course: &str) -> Ends {
        self.courses[course].ends
    }

    /// The course that a CassandraTask of this spec takes in pods with an async API; `fails` is how many of them fail.
    #[must_use]
    pub fn course_of(&self, spec: &Value, fails: usize) -> &str {
        let [job] = spec["jobs"].as_array().map_or(&[][..], Vec::as_slice) else {
            return "several-jobs";
        };
        let command = job["command"].as_str().unwrap_or_default();
        let Some(course) = self.commands.get(command) else {
            return "unknown-command";
        };
        let is_missing = |argument: &String| job["args"][argument].is_null();
        match course.as_str() {
            _ if self.required.get(command).is_some_and(is_missing) => "terminal-error",
            "asynchronous" | "synchronous" if spec["maxConcurrentPods"] == 0 => {
                "max-concurrent-pods-0"
            }
            "restart" if fails > 0 => "restart-pod-never-ready",
            course => course,
        }
    }
}
