//! Which code is there for tests only: in comes a source file as rustfmt writes it, out go the lines under `#[cfg(test)]`
//! and the modules that are declared so. It reads lines, not Rust: an item ends with the first brace at its depth.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// What in a file is for tests only.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TestCode {
    /// Lines, counted from 1.
    pub lines: Vec<RangeInclusive<usize>>,
    /// Files, and directories of files, of modules that are declared here and are elsewhere.
    pub files: Vec<PathBuf>,
}

/// Finds it in a file with this path and text.
pub fn find(file: &Path, text: &str) -> TestCode {
    let mut found = TestCode::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut next = 0;
    while let Some(at) = (next..lines.len()).find(|at| lines[*at].trim() == "#[cfg(test)]") {
        let is_attribute = |at: &usize| lines[*at].trim().starts_with("#[");
        let item = (at..lines.len())
            .find(|at| !is_attribute(at))
            .unwrap_or(lines.len() - 1);
        let end = end_of(&lines, item);
        found.lines.push(at + 1..=end + 1);
        if let Some(name) = declared_module(lines[item]) {
            found.files.extend(module(file, name, &lines[at..item]));
        }
        next = end + 1;
    }
    found
}

/// The last line of the item that begins at a line.
fn end_of(lines: &[&str], item: usize) -> usize {
    let ends = |line: &str| line.ends_with(['}', ';', ',']);
    let first = lines[item];
    if ends(first) {
        return item;
    }
    let depth = &first[..first.len() - first.trim_start().len()];
    let closes = |line: &&str| {
        let at_depth = line.strip_prefix(depth);
        at_depth.is_some_and(|line| line.starts_with(['}', ')'])) && ends(line)
    };
    let length = lines[item..].iter().position(closes);
    length.map_or(lines.len() - 1, |length| item + length)
}

/// The name in a declaration such as `pub(crate) mod name;`.
fn declared_module(item: &str) -> Option<&str> {
    let mut words = item.strip_suffix(';')?.split_whitespace().rev();
    let name = words.next()?;
    (words.next() == Some("mod")).then_some(name)
}

/// Where a module's code can be.
fn module(file: &Path, name: &str, attributes: &[&str]) -> Vec<PathBuf> {
    let beside = file.parent().unwrap_or(Path::new(""));
    let path = attributes
        .iter()
        .find_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    if let Some(path) = path {
        return vec![beside.join(path)];
    }
    let stem = file.file_stem().unwrap_or_default();
    let is_root = ["lib", "main", "mod"].iter().any(|root| stem == *root);
    let below = if is_root {
        beside.to_owned()
    } else {
        beside.join(stem)
    };
    vec![below.join(format!("{name}.rs")), below.join(name)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str, lines: &[RangeInclusive<usize>], files: &[&str]) {
        let found = find(Path::new(file), text);
        assert_eq!(found.lines, lines, "{text}");
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        assert_eq!(found.files, files, "{text}");
    }

    #[test]
    fn a_module_ends_with_its_brace() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n";
        check("src/a.rs", text, &[3..=7], &[]);
        check("src/a.rs", "fn a() {}\n", &[], &[]);
    }

    #[test]
    fn an_item_within_another_ends_at_its_own_depth() {
        let text = "impl A {\n    #[cfg(test)]\n    fn b() {\n    }\n    fn c() {\n    }\n}\n";
        check("src/a.rs", text, &[2..=4], &[]);
    }

    #[test]
    fn a_long_signature_is_no_end() {
        let text = "#[cfg(test)]\nfn a(\n    b: B,\n) -> C {\n    D\n}\nfn e() {}\n";
        check("src/a.rs", text, &[1..=6], &[]);
    }

    #[test]
    fn a_statement_ends_with_its_semicolon() {
        let text = "#[cfg(test)]\nuse a::{\n    b,\n};\n#[cfg(test)]\nuse b::c;\nfn d() {}\n";
        check("src/a.rs", text, &[1..=4, 5..=6], &[]);
    }

    #[test]
    fn the_files_of_a_module_are_named() {
        let text = "#[cfg(test)]\nmod world;\n";
        check("src/lib.rs", text, &[1..=2], &["src/world.rs", "src/world"]);
        check(
            "src/a.rs",
            text,
            &[1..=2],
            &["src/a/world.rs", "src/a/world"],
        );
        let text = "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n";
        check("src/a.rs", text, &[1..=3], &["src/a_tests.rs"]);
    }
}
