//! The mutants that need not be noticed: in comes .cargo/mutants.toml, out go the patterns of `exclude_re`, each with the
//! reason that stands as a comment above it. One comment may be above several.

use std::fs;

use anyhow::{Context, bail, ensure};

use crate::paths::Paths;

/// The file, below the checkout.
pub const FILE: &str = ".cargo/mutants.toml";

/// Mutants that are not tried.
#[derive(Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The regular expression that their names match.
    pub pattern: String,
    /// Why not.
    pub reason: String,
}

/// Reads the file of the checkout.
pub fn read(paths: &Paths) -> anyhow::Result<Vec<Exclusion>> {
    let file = paths.root().join(FILE);
    let text =
        fs::read_to_string(&file).with_context(|| format!("{} is not readable", file.display()))?;
    exclusions(&text).with_context(|| format!("{} cannot be taken as it is", file.display()))
}

/// A parser of TOML would drop the comments, so this reads lines: each pattern is on one of its own.
fn exclusions(text: &str) -> anyhow::Result<Vec<Exclusion>> {
    let mut lines = text.lines().map(str::trim);
    if !lines.any(|line| line == "exclude_re = [") {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut reason: Vec<&str> = Vec::new();
    let mut is_used = false;
    for line in lines.take_while(|line| *line != "]") {
        if let Some(comment) = line.strip_prefix('#') {
            if is_used {
                reason.clear();
                is_used = false;
            }
            reason.push(comment.trim());
        } else if !line.is_empty() {
            let pattern = literal(line)?;
            ensure!(
                !reason.is_empty(),
                "no comment says why {pattern} is excluded"
            );
            is_used = true;
            found.push(Exclusion {
                pattern: pattern.to_owned(),
                reason: reason.join(" "),
            });
        }
    }
    Ok(found)
}

/// A string in single quotes, in which a regular expression needs no escapes.
fn literal(line: &str) -> anyhow::Result<&str> {
    let line = line.strip_suffix(',').unwrap_or(line);
    let quoted = line
        .strip_prefix('\'')
        .and_then(|line| line.strip_suffix('\''));
    match quoted {
        Some(pattern) if !pattern.contains('\'') => Ok(pattern),
        _ => {
            bail!("a pattern in single quotes, alone on its line, was expected in place of {line}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = exclusions(text).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.pattern.as_str(), it.reason.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_reason_is_the_comment_above() {
        let text = "# How it runs.\nadditional_cargo_args = [\"--tests\"]\n\nexclude_re = [\n    # Both ends\n    \
                    # are the same.\n    'replace < with <= in a',\n    'replace > with >= in a',\n\n    # Never read.\n    \
                    '\\bfn b\\b',\n]\n# after\n";
        let same = "Both ends are the same.";
        check(
            text,
            &[
                ("replace < with <= in a", same),
                ("replace > with >= in a", same),
                ("\\bfn b\\b", "Never read."),
            ],
        );
        check("exclude_globs = ['a']\n", &[]);
    }

    #[test]
    fn what_has_no_reason_or_is_not_plain_is_refused() {
        for (text, expected) in [
            (
                "exclude_re = [\n'a',\n]",
                "no comment says why a is excluded",
            ),
            ("exclude_re = [\n# why\n\"a\",\n]", "in place of \"a\""),
            (
                "exclude_re = [\n# why\n'a', 'b',\n]",
                "in place of 'a', 'b'",
            ),
        ] {
            let error = exclusions(text).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn the_checkouts_own_file_is_read() {
        read(&Paths::of_this_run().unwrap()).unwrap();
    }
}
