//! What the parts measured, kept: a JSON file each in docs/verification, which is committed. So the page can be made
//! again after one part alone has run.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::verify::Effort;
use crate::verify::stamp::Stamp;

/// What a part of the verification measures.
pub trait Measured: Serialize + DeserializeOwned {
    /// The name of the part, and of its file.
    const NAME: &'static str;
    /// What a person who waits for it should know.
    const TAKES: &'static str;

    /// Measures. The error says why that could not be done to the end.
    fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Self>;

    /// Whether it is good enough; the error says what is not. A part that fails where something is wrong has
    /// nothing more to say.
    fn judge(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A measurement with its circumstances.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record<T> {
    /// When, of what and on what.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// How long it took.
    pub seconds: u64,
    /// What was measured.
    pub result: T,
}

impl<T: Measured> Record<T> {
    /// Takes the place of the last one.
    pub fn keep(&self, paths: &Paths) -> anyhow::Result<()> {
        let file = Self::file(paths);
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::create_dir_all(paths.results())
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("{} could not be written", file.display()))
    }

    /// The last one, if the part ever ran.
    pub fn last(paths: &Paths) -> anyhow::Result<Option<Self>> {
        let file = Self::file(paths);
        if !file.exists() {
            return Ok(None);
        }
        let text =
            fs::read(&file).with_context(|| format!("{} is not readable", file.display()))?;
        let record = serde_json::from_slice(&text).with_context(|| {
            format!(
                "{} is not what this version writes; `cargo xtask verify --only {}` writes it anew",
                file.display(),
                T::NAME
            )
        })?;
        Ok(Some(record))
    }

    fn file(paths: &Paths) -> PathBuf {
        paths.results().join(format!("{}.json", T::NAME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Size(usize);

    impl Measured for Size {
        const NAME: &'static str = "size";
        const TAKES: &'static str = "no time";

        fn measure(_: &Paths, _: Effort) -> anyhow::Result<Self> {
            Ok(Self(1))
        }
    }

    #[test]
    fn a_record_is_kept_until_the_next_one() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        assert!(Record::<Size>::last(&paths).unwrap().is_none());
        for size in [1, 2] {
            let record = Record {
                stamp: Stamp {
                    date: "2026-11-24".into(),
                    commit: "0a8a8ea".into(),
                    cores: 2,
                    rustc: "rustc 1.95.0".into(),
                },
                seconds: 3,
                result: Size(size),
            };
            record.keep(&paths).unwrap();
            let last = Record::<Size>::last(&paths).unwrap().unwrap();
            assert_eq!(last.stamp, record.stamp);
            assert_eq!((last.seconds, last.result), (3, Size(size)));
        }
    }

    #[test]
    fn a_record_of_another_kind_names_its_file_and_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        fs::create_dir_all(paths.results()).unwrap();
        fs::write(paths.results().join("size.json"), "[]").unwrap();
        let error = Record::<Size>::last(&paths).unwrap_err().to_string();
        assert!(error.contains("size.json"), "{error}");
        assert!(error.contains("verify --only size"), "{error}");
    }
}
