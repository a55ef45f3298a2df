//! The settings of the policy: JSON in, checked values out. Unknown settings are refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json::{self, Object};
use super::names;

/// The commands that cass-operator 1.31 and 1.32 know. It retries any other for ever, and blocks the datacenter.
pub const KNOWN_COMMANDS: [&str; 12] = [
    "cleanup",
    "compact",
    "flush",
    "garbagecollect",
    "move",
    "rebuild",
    "refresh",
    "replacenode",
    "restart",
    "scrub",
    "tsreload",
    "upgradesstables",
];

/// What an installer can set, as one JSON object; `{}` leaves everything at its default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Commands that a task may use besides [`KNOWN_COMMANDS`]. Default: none.
    pub extra_commands: Vec<String>,
    /// The most jobs a task may have, 1 or more. Default: 1, since cass-operator runs one and wedges on more.
    pub max_jobs: u32,
    /// How long a finished task that does not say is kept; 0 is for ever. Default: 86400, a day.
    pub default_ttl_seconds: u32,
    /// Labels for CassandraTasks besides those that the policy sets itself. Default: none.
    pub labels: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            extra_commands: Vec::new(),
            max_jobs: 1,
            default_ttl_seconds: 86_400,
            labels: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads and checks the settings. The error names the setting that is wrong and what it may be.
    pub fn read(text: &str) -> Result<Settings, String> {
        if !text.trim_start().starts_with('{') {
            return Err(
                "the settings must be one JSON object; `{}` leaves all at their defaults".into(),
            );
        }
        let Object(settings) = json::from_text::<Object<Settings>>(text)?;
        if settings.max_jobs == 0 {
            return Err("maxJobs: must be 1 or more".into());
        }
        let is_no_word = |it: &&String| it.is_empty() || it.contains(char::is_whitespace);
        if let Some(command) = settings.extra_commands.iter().find(is_no_word) {
            return Err(format!(
                "extraCommands: {command:?} is not a command; it may be like \"inspect\""
            ));
        }
        let mut labels = settings.labels.iter();
        match labels.find_map(|(key, value)| label_problem(key, value)) {
            Some(wrong) => Err(wrong),
            None => Ok(settings),
        }
    }

    /// Whether cass-operator is known to run the command.
    pub fn allows(&self, command: &str) -> bool {
        KNOWN_COMMANDS.contains(&command)
            || self.extra_commands.iter().any(|extra| extra == command)
    }
}

fn label_problem(key: &str, value: &str) -> Option<String> {
    // cass-operator writes its own over these of Kubernetes.
    let is_reserved = [names::TASK_NAME_LABEL, names::TASK_NAMESPACE_LABEL].contains(&key)
        || key.starts_with("app.kubernetes.io/");
    Some(if is_reserved {
        format!("labels: {key} is set by the policy itself or by cass-operator; choose another key")
    } else if key == names::STATUS_LABEL {
        format!(
            "labels: {key} is cass-operator's own, which would never start a CassandraTask that has it; choose another key"
        )
    } else if !names::is_label_key(key) {
        format!("labels: {key:?} is not a label key; it may be like `team` or `example.com/team`")
    } else if !names::is_label_value(value) {
        format!(
            "labels.{key}: {value:?} is not a label value; it may have at most 63 letters, digits, `-`, `_` and `.`, and \
             begins and ends with a letter or digit"
        )
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_a_default() {
        let settings = Settings::read("{}").unwrap();
        assert_eq!(settings, Settings::default());
        assert!(settings.allows("restart") && !settings.allows("inspect"));
        let text = r#"{"extraCommands": ["inspect"], "maxJobs": 2, "defaultTtlSeconds": 0, "labels": {"a.b/team": "x"}}"#;
        let settings = Settings::read(text).unwrap();
        assert!(settings.allows("inspect"));
        assert_eq!((settings.max_jobs, settings.default_ttl_seconds), (2, 0));
        assert_eq!(settings.labels["a.b/team"], "x");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = r#"
            [] => the settings must be one JSON object
            { => EOF
            {"maxJob": 2} => maxJob: unknown field `maxJob`, expected one of `extraCommands`
            {"maxJobs": 0} => maxJobs: must be 1 or more
            {"maxJobs": "2"} => maxJobs: invalid type: string "2"
            {"maxJobs": 5000000000} => maxJobs: invalid value: integer `5000000000`
            {"maxJobs": 1, "maxJobs": 2} => duplicate field `maxJobs`
            {"extraCommands": "inspect"} => extraCommands: invalid type: string "inspect", expected a list
            {"labels": ["a"]} => labels: invalid type: list, expected an object
            {"defaultTtlSeconds": -1} => defaultTtlSeconds: invalid value: integer `-1`, expected a whole number
            {"extraCommands": [""]} => extraCommands: "" is not a command
            {"extraCommands": ["inspect", " restart"]} => extraCommands: " restart" is not a command
            {"extraCommands": [1]} => extraCommands[0]: invalid type
            {"labels": {"k8ssandra.io/task-name": "x"}} => labels: k8ssandra.io/task-name is set by the policy
            {"labels": {"app.kubernetes.io/name": "x"}} => labels: app.kubernetes.io/name is set by the policy
            {"labels": {"control.k8ssandra.io/status": "active"}} => labels: control.k8ssandra.io/status is cass-operator's own
            {"labels": {"a b": "x"}} => labels: "a b" is not a label key
            {"labels": {"a": "x y"}} => labels.a: "x y" is not a label value"#;
        for (text, part) in table.lines().filter_map(|row| row.split_once(" => ")) {
            let error = Settings::read(text).unwrap_err();
            assert!(error.starts_with(part), "{text}: {error}");
        }
        assert!(Settings::read("").is_err());
    }
}
