//! The model part: every state that an adversarial world can get into, as the package policy-model explores them. In
//! comes the JSON that it writes, out goes what a reader of the page needs of it. What is wrong, it shows itself.

use std::fs;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::paths::Paths;
use crate::process::{cargo, run, works};
use crate::verify::results::Measured;
use crate::verify::{Effort, optimized};

/// The package, and its program.
const MODEL: &str = "policy-model";

/// What was explored.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Model {
    /// Each configuration, in the model's order.
    pub configurations: Vec<Configuration>,
}

/// A configuration that was explored to its end.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub about: String,
    /// How many datacenters there are.
    pub datacenters: usize,
    /// How much may go wrong, by what goes wrong.
    #[serde(alias = "budgets")]
    pub budget: Value,
    /// Different states.
    pub states: u64,
    /// The longest of the shortest paths to a state, in moves.
    pub depth: u64,
    /// How long it took.
    pub seconds: f64,
    /// What holds in all of them.
    #[serde(alias = "properties")]
    pub always: Vec<String>,
    /// What is reachable, so that the above means something.
    #[serde(default)]
    pub reachable: Vec<String>,
}

impl Measured for Model {
    const NAME: &'static str = "model";
    const TAKES: &'static str = "as long as its configurations are large";

    fn measure(paths: &Paths, _: Effort) -> anyhow::Result<Self> {
        ensure!(
            works(cargo(paths).args(["pkgid", "--package", MODEL])),
            "this workspace has no package {MODEL}, which is the model to check"
        );
        let directory = paths.verification();
        fs::create_dir_all(&directory)
            .with_context(|| format!("{} could not be made", directory.display()))?;
        let file = directory.join("model.json");
        let mut exploration = optimized(paths, "run", MODEL);
        exploration.args(["--", "--json"]).arg(&file);
        run(&mut exploration).context("the model check ended badly; what it found is above")?;
        let text =
            fs::read(&file).with_context(|| format!("{} is not readable", file.display()))?;
        let configurations: Vec<Configuration> = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not what {MODEL} should write", file.display()))?;
        ensure!(!configurations.is_empty(), "{MODEL} explored nothing");
        Ok(Self { configurations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_writes_is_read() {
        let written = r#"[{"name": "two", "about": "a failure", "datacenters": 2, "budget": {"crashes": 1},
            "states": 1234, "generated": 5000, "depth": 30, "seconds": 1.25,
            "always": ["Forbid holds", "finished is frozen"], "reachable": ["done"], "policyCalls": 9, "found": []}]"#;
        let read: Model = serde_json::from_str(written).unwrap();
        let two = &read.configurations[0];
        assert_eq!(
            (two.name.as_str(), two.about.as_str()),
            ("two", "a failure")
        );
        assert_eq!((two.datacenters, two.states, two.depth), (2, 1234, 30));
        assert_eq!(two.always.len(), 2);
        let again: Model = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn a_configuration_without_states_is_refused() {
        serde_json::from_str::<Model>(r#"[{"name": "two"}]"#).unwrap_err();
    }
}
