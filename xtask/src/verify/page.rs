//! The page docs/verification.md: in come the last results of each part, out goes text for a person. Nothing is measured
//! here, and what is written depends on the results alone.

use std::fmt::Write;
use std::fs;

use anyhow::Context;
use serde_json::Value;

use crate::paths::Paths;
use crate::verify::coverage::{Coverage, File, LEAST};
use crate::verify::model::{Configuration, Model};
use crate::verify::mutants::Mutants;
use crate::verify::properties::Properties;
use crate::verify::results::{Measured, Record};
use crate::verify::words::{grouped, percent, ranges, time};

const HEAD: &str = "\
<!-- `cargo xtask verify` makes this page from docs/verification/*.json. Changes by hand are lost. -->
# Verification

`cargo xtask verify` makes this page; do not edit it. It tells of the K8ssandraTask policy (`guest/`), and of what takes
longer than `cargo xtask test` may. `cargo xtask verify --only PART` runs one part and leaves the others as they are.

| part | what came of it | when | of | took | on |
| --- | --- | --- | --- | --- | --- |
";

/// What the parts found the last time.
#[derive(Default)]
struct Results {
    model: Option<Record<Model>>,
    properties: Option<Record<Properties>>,
    coverage: Option<Record<Coverage>>,
    mutants: Option<Record<Mutants>>,
}

/// Writes the page anew.
pub fn write(paths: &Paths) -> anyhow::Result<()> {
    let text = render(&Results::last(paths)?);
    fs::write(paths.page(), text)
        .with_context(|| format!("{} could not be written", paths.page().display()))
}

impl Results {
    fn last(paths: &Paths) -> anyhow::Result<Self> {
        Ok(Self {
            model: Record::last(paths)?,
            properties: Record::last(paths)?,
            coverage: Record::last(paths)?,
            mutants: Record::last(paths)?,
        })
    }
}

fn render(results: &Results) -> String {
    let Results {
        model,
        properties,
        coverage,
        mutants,
    } = results;
    let mut page = HEAD.to_owned();
    page += &row(model.as_ref(), model_in_short);
    page += &row(properties.as_ref(), properties_in_short);
    page += &row(coverage.as_ref(), coverage_in_short);
    page += &row(mutants.as_ref(), mutants_in_short);
    page += &section(model.as_ref(), model_section);
    page += &section(properties.as_ref(), properties_section);
    page += &section(coverage.as_ref(), coverage_section);
    page += &section(mutants.as_ref(), mutants_section);
    page
}

fn row<T: Measured>(record: Option<&Record<T>>, in_short: fn(&T) -> String) -> String {
    let name = T::NAME;
    let Some(record) = record else {
        return format!("| {name} | has not run yet | | | | |\n");
    };
    let Record {
        stamp,
        seconds,
        result,
    } = record;
    format!(
        "| {name} | {} | {} | {} | {} | {} |\n",
        in_short(result),
        stamp.date,
        stamp.commit,
        time(*seconds),
        stamp.machine()
    )
}

fn section<T>(record: Option<&Record<T>>, text: fn(&T) -> String) -> String {
    record.map_or_else(String::new, |record| text(&record.result))
}

fn model_in_short(model: &Model) -> String {
    let states = model.configurations.iter().map(|it| it.states).sum();
    format!(
        "{} configurations, {} states: all holds in all",
        model.configurations.len(),
        grouped(states)
    )
}

fn model_section(model: &Model) -> String {
    let mut text = "\n## Model\n\n\
        The policy's own code, in every state that a model of the host, the clusters, cass-operator and people can get \
        into.\nDepth is the longest of the shortest ways to a state, in moves.\n\n\
        | configuration | datacenters | what may go wrong | states | depth | time |\n\
        | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let mut always: Vec<&str> = Vec::new();
    for configuration in &model.configurations {
        text += &configuration_row(configuration);
        for property in &configuration.always {
            if !always.contains(&property.as_str()) {
                always.push(property);
            }
        }
    }
    text += "\nWhat the model leaves out or makes simpler is written in `tests/model/README.md`.\n";
    text += "\nWhat holds everywhere:\n\n";
    for property in always {
        let _ = writeln!(text, "- {property}");
    }
    text
}

fn configuration_row(configuration: &Configuration) -> String {
    let Configuration {
        name,
        about,
        datacenters,
        budget,
        states,
        depth,
        seconds,
        ..
    } = configuration;
    let name = if about.is_empty() {
        name.clone()
    } else {
        format!("{name} ({about})")
    };
    let (budget, states) = (budget_text(budget), grouped(*states));
    format!("| {name} | {datacenters} | {budget} | {states} | {depth} | {seconds:.1} s |\n")
}

/// How often each thing may go wrong, without those that may not.
fn budget_text(budget: &Value) -> String {
    let Some(fields) = budget.as_object() else {
        return budget.to_string();
    };
    let allowed = fields.iter().filter(|(_, count)| **count != 0);
    let words = allowed.map(|(what, count)| format!("{} {count}", what.replace('_', " ")));
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

fn properties_in_short(properties: &Properties) -> String {
    let Properties { cases, properties } = properties;
    let cases = grouped(u64::from(*cases));
    format!(
        "{} properties, {cases} random worlds each",
        properties.len()
    )
}

fn properties_section(properties: &Properties) -> String {
    let mut text = "\n## Properties\n\nWhat must hold whatever happens, in random worlds. Each run looks at \
                    others. Those of policy and host together,\nthat the host would carry every plan out and that the \
                    component never traps, are in `tests/suites/plans.rs` and run with\n`cargo xtask test` only.\n\n\
                    | property | time |\n| --- | --- |\n"
        .to_owned();
    for property in &properties.properties {
        let _ = writeln!(text, "| `{}` | {} |", property.name, time(property.seconds));
    }
    text
}

fn coverage_in_short(coverage: &Coverage) -> String {
    let (lines, covered) = coverage.total();
    format!(
        "scenarios and properties run {} of the lines",
        percent(lines, covered)
    )
}

fn coverage_section(coverage: &Coverage) -> String {
    let mut text = format!(
        "\n## Coverage\n\nThe lines that the policy's scenarios and properties run, without its unit tests; at least \
         {}.{} % of all must be.\nTest code does not count, nor does `component.rs`, which is compiled for wasm only and \
         runs in every behaviour of the test\nsuite.\n\n| file | lines | run | | not run |\n| --- | --: | --: | --: | --- |\n",
        LEAST / 10,
        LEAST % 10
    );
    for file in &coverage.files {
        let File {
            file,
            lines,
            covered,
            missing,
        } = file;
        let share = percent(*lines, *covered);
        let missing = ranges(missing);
        let _ = writeln!(
            text,
            "| `{file}` | {lines} | {covered} | {share} | {missing} |"
        );
    }
    let (lines, covered) = coverage.total();
    let share = percent(lines, covered);
    let _ = writeln!(text, "| total | {lines} | {covered} | {share} | |");
    text
}

fn mutants_in_short(mutants: &Mutants) -> String {
    let noticed = mutants.caught + mutants.timeouts.len();
    let tried = noticed + mutants.missed.len();
    format!("{noticed} of {tried} changes noticed")
}

fn mutants_section(mutants: &Mutants) -> String {
    let Mutants {
        caught,
        unviable,
        known,
        timeouts,
        missed,
        explained,
    } = mutants;
    let count: usize = explained.iter().map(|it| it.mutants.len()).sum();
    let mut text = format!(
        "\n## Mutants\n\nSmall changes of the code, one at a time: some test must notice each. `component.rs` is left \
         out, as `.cargo/mutants.toml`\nsays: it is compiled for wasm only.\n\n\
         | caught | timed out | missed | would not compile | explained below |\n\
         | --: | --: | --: | --: | --: |\n\
         | {caught} | {} | {} | {unviable} | {count} |\n",
        timeouts.len(),
        missed.len(),
    );
    if *known > 0 {
        let _ = writeln!(
            text,
            "\n{known} of them were tried in an earlier run, on the same code in the same place."
        );
    }
    text += &list("Missed:", missed);
    text += &list("Timed out, since a test then never ends:", timeouts);
    for it in explained {
        text += &list(&format!("Explained: {}", it.reason), &it.mutants);
    }
    text
}

fn list(title: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("- `{item}`\n")).collect();
    format!("\n{title}\n\n{items}")
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
