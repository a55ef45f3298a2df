//! The coverage part: which lines of the policy its scenarios and properties run, without its unit tests. In come LLVM's
//! counts, as cargo-llvm-cov prints them in the lcov format; out go the lines of each file that count, and those that neither
//! runs. Test code does not count.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::process::run;
use crate::verify::results::Measured;
use crate::verify::test_code::{self, TestCode};
use crate::verify::{Effort, PACKAGE, llvm, tools};

/// Where the package's code is, below the checkout.
const SOURCE: &str = "guest/src";

/// The tests that are measured.
const TESTS: [&str; 2] = ["scenarios", "properties"];

/// The least share of lines that they must run, in thousandths.
pub const LEAST: usize = 980;

/// What they run.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Each file, in the order of their names.
    pub files: Vec<File>,
}

/// A file of the package.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path below the checkout.
    pub file: String,
    /// How many of its lines have code that is not a test's.
    pub lines: usize,
    /// How many of these they run.
    pub covered: usize,
    /// The others.
    pub missing: Vec<usize>,
}

impl Coverage {
    /// How many lines there are, and how many of them are run.
    pub fn total(&self) -> (usize, usize) {
        let lines = self.files.iter().map(|file| file.lines).sum();
        let covered = self.files.iter().map(|file| file.covered).sum();
        (lines, covered)
    }
}

impl Measured for Coverage {
    const NAME: &'static str = "coverage";
    const TAKES: &'static str =
        "some 3 minutes on two cores; its tools are installed where they are missing";

    fn measure(paths: &Paths, _: Effort) -> anyhow::Result<Self> {
        let report = paths.verification().join("coverage.lcov");
        fs::create_dir_all(paths.verification())
            .with_context(|| format!("{} could not be made", paths.verification().display()))?;
        let mut command = tools::LLVM_COV.command(paths)?;
        llvm::hand_over(&mut command)?;
        // What is measured is what is tested, to the letter.
        command.arg("--no-cfg-coverage");
        command.args(["--package", PACKAGE]);
        // A unit test may run a line that nothing which happens to a task ever comes to.
        command.args(TESTS.map(|test| ["--test", test]).as_flattened());
        command.args(["--lcov", "--output-path"]);
        command.arg(&report);
        // The same random worlds each time: a figure that changes by itself says nothing.
        command.env("PROPTEST_RNG_SEED", "1");
        run(&mut command).context("the tests did not pass, or their coverage could not be read")?;
        let text = fs::read_to_string(&report)
            .with_context(|| format!("{} is not readable", report.display()))?;
        let counts = counts(&text)?;
        let source = paths.root().join(SOURCE);
        let read = |file: &Path| {
            fs::read_to_string(file)
                .with_context(|| format!("{} was measured and is not readable", file.display()))
        };
        let files = files(&counts, &source, paths.root(), read)?;
        ensure!(
            !files.is_empty(),
            "{} says nothing of {}",
            report.display(),
            source.display()
        );
        Ok(Self { files })
    }

    fn judge(&self) -> anyhow::Result<()> {
        let (lines, covered) = self.total();
        ensure!(
            covered * 1000 >= lines * LEAST,
            "scenarios and properties run {covered} of {lines} lines, and {}.{} % is the least",
            LEAST / 10,
            LEAST % 10
        );
        Ok(())
    }
}

/// How often each line of each file ran.
type Counts = BTreeMap<PathBuf, BTreeMap<usize, u64>>;

/// Reads lcov: `SF:` begins a file, `DA:` has a line and its count. A line that is there twice ran as often as both say.
fn counts(lcov: &str) -> anyhow::Result<Counts> {
    let mut counts = Counts::new();
    let mut file = PathBuf::new();
    for record in lcov.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            file = path.into();
        } else if let Some(data) = record.strip_prefix("DA:") {
            let mut numbers = data.split(',');
            let mut number = || -> Option<u64> { numbers.next()?.parse().ok() };
            let (line, count) = number()
                .zip(number())
                .with_context(|| format!("this is no lcov: {record}"))?;
            let lines = counts.entry(file.clone()).or_default();
            *lines.entry(usize::try_from(line)?).or_default() += count;
        }
    }
    Ok(counts)
}

/// What of it is about the package itself, without its tests.
fn files(
    counts: &Counts,
    source: &Path,
    root: &Path,
    read: impl Fn(&Path) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<File>> {
    let measured: Vec<_> = counts
        .iter()
        .filter(|(file, _)| file.starts_with(source))
        .collect();
    let mut texts = Vec::new();
    for (file, _) in &measured {
        texts.push(test_code::find(file, &read(file)?));
    }
    let is_for_tests = |file: &Path| {
        let mut declared = texts.iter().flat_map(|found| &found.files);
        declared.any(|module| file.starts_with(module))
    };
    let counted = measured
        .iter()
        .zip(&texts)
        .filter(|((file, _), _)| !is_for_tests(file))
        .map(|((file, lines), tests)| {
            let name = file.strip_prefix(root).unwrap_or(file).display();
            count(name.to_string(), lines, tests)
        });
    Ok(counted.collect())
}

fn count(file: String, counts: &BTreeMap<usize, u64>, tests: &TestCode) -> File {
    let is_for_tests = |line: &usize| tests.lines.iter().any(|range| range.contains(line));
    let counted = counts.iter().filter(|(line, _)| !is_for_tests(line));
    let missing: Vec<usize> = counted
        .clone()
        .filter(|(_, count)| **count == 0)
        .map(|(line, _)| *line)
        .collect();
    let lines = counted.count();
    File {
        file,
        lines,
        covered: lines - missing.len(),
        missing,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    const LCOV: &str = "SF:/checkout/guest/src/a.rs\nFN:1,a\nFNDA:2,a\nDA:1,2\nDA:2,0\nDA:5,9\nDA:6,9\nend_of_record\n\
                        SF:/checkout/guest/src/world.rs\nDA:1,1\nend_of_record\n\
                        SF:/checkout/host/src/b.rs\nDA:1,0\nend_of_record\n\
                        SF:/checkout/guest/src/lib.rs\nDA:1,0\nDA:1,1\nend_of_record\n";

    fn text(file: &Path) -> anyhow::Result<String> {
        let text = match file.to_str() {
            Some("/checkout/guest/src/a.rs") => {
                "fn a() {\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n"
            }
            Some("/checkout/guest/src/lib.rs") => "mod a;\n\n#[cfg(test)]\nmod world;\n",
            Some("/checkout/guest/src/world.rs") => "fn world() {}\n",
            other => bail!("{other:?}"),
        };
        Ok(text.to_owned())
    }

    #[test]
    fn only_the_packages_own_code_counts_and_not_its_tests() {
        let root = Path::new("/checkout");
        let files = files(&counts(LCOV).unwrap(), &root.join(SOURCE), root, text).unwrap();
        let expected = [
            ("guest/src/a.rs", 2, 1, vec![2]),
            ("guest/src/lib.rs", 1, 1, vec![]),
        ]
        .map(|(file, lines, covered, missing)| File {
            file: file.to_owned(),
            lines,
            covered,
            missing,
        });
        assert_eq!(files, expected);
    }

    #[test]
    fn what_is_no_lcov_is_named() {
        let error = counts("SF:a.rs\nDA:one,2\n").unwrap_err().to_string();
        assert_eq!(error, "this is no lcov: DA:one,2");
    }

    #[test]
    fn the_least_share_is_just_enough() {
        let coverage = |covered| Coverage {
            files: vec![File {
                file: "a.rs".into(),
                lines: 1000,
                covered,
                missing: vec![],
            }],
        };
        coverage(980).judge().unwrap();
        let error = coverage(979).judge().unwrap_err().to_string();
        assert_eq!(
            error,
            "scenarios and properties run 979 of 1000 lines, and 98.0 % is the least"
        );
    }
}
