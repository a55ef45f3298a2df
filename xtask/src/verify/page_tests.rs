//! The page, from results made up here and from those of the checkout.

use super::*;
use crate::verify::mutants::Explained;
use crate::verify::properties::Property;
use crate::verify::stamp::Stamp;

fn record<T>(result: T) -> Option<Record<T>> {
    Some(Record {
        stamp: Stamp {
            date: "2026-11-24".into(),
            commit: "0a8a8ea".into(),
            cores: 2,
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        },
        seconds: 75,
        result,
    })
}

fn results() -> Results {
    let configuration = r#"{"name": "two", "about": "a failure", "datacenters": 2, "states": 1234567,
        "budget": {"child_deletions": 1, "edits": 0, "outages": 2}, "depth": 30, "seconds": 1.25, "always": ["one at a time"]}"#;
    Results {
        model: record(Model {
            configurations: vec![serde_json::from_str(configuration).unwrap()],
        }),
        properties: record(Properties {
            cases: 20_000,
            properties: vec![Property {
                name: "rest_is_rest".into(),
                seconds: 7,
            }],
        }),
        coverage: record(Coverage {
            files: vec![File {
                file: "guest/src/a.rs".into(),
                lines: 2000,
                covered: 1996,
                missing: vec![3, 7, 8, 9],
            }],
        }),
        mutants: record(Mutants {
            caught: 97,
            unviable: 4,
            known: 0,
            timeouts: vec!["a.rs:1:1: replace a with b".into()],
            missed: vec!["a.rs:2:2: replace c with d".into()],
            explained: vec![Explained {
                reason: "Both are the same.".into(),
                mutants: vec!["a.rs: replace e with f".into()],
            }],
        }),
    }
}

#[test]
fn each_part_has_its_line_and_its_tables() {
    let page = render(&results());
    for line in [
        "| model | 1 configurations, 1,234,567 states: all holds in all | 2026-11-24 | 0a8a8ea | 1 min 15 s | 2 cores, Rust 1.95.0 |",
        "| properties | 1 properties, 20,000 random worlds each |",
        "| coverage | scenarios and properties run 99.8 % of the lines |",
        "| mutants | 98 of 99 changes noticed |",
        "| two (a failure) | 2 | child deletions 1, outages 2 | 1,234,567 | 30 | 1.2 s |",
        "- one at a time",
        "What the model leaves out or makes simpler is written in `tests/model/README.md`.",
        "that the host would carry every plan out and that the component never traps, are in `tests/suites/plans.rs`",
        "The lines that the policy's scenarios and properties run, without its unit tests; at least 98.0 %",
        "Small changes of the code, one at a time: some test must notice each. `component.rs` is left out, as",
        "| `rest_is_rest` | 7 s |",
        "| `guest/src/a.rs` | 2000 | 1996 | 99.8 % | 3, 7–9 |",
        "| total | 2000 | 1996 | 99.8 % | |",
        "| 97 | 1 | 1 | 4 | 1 |",
        "Missed:\n\n- `a.rs:2:2: replace c with d`",
        "Explained: Both are the same.\n\n- `a.rs: replace e with f`",
    ] {
        assert!(page.contains(&format!("\n{line}")), "{line}\nin\n{page}");
    }
    assert!(page.starts_with("<!-- `cargo xtask verify` makes this page"));
    assert!(!page.contains("\n\n\n"), "{page}");
}

#[test]
fn a_part_that_never_ran_says_so() {
    let page = render(&Results::default());
    assert_eq!(page.matches("| has not run yet |").count(), 4, "{page}");
    assert!(!page.contains("##"), "{page}");
}

/// Whoever edits the page, or a result, finds out here and not at the next verification.
#[test]
fn the_committed_page_is_what_the_committed_results_say() {
    let paths = Paths::of_this_run().unwrap();
    let page = fs::read_to_string(paths.page()).unwrap();
    assert!(
        page == render(&Results::last(&paths).unwrap()),
        "{} is not what {} say; `cargo xtask verify --page` makes it anew",
        paths.page().display(),
        paths.results().display()
    );
}
