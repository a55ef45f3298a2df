//! The last good policy, kept in a directory for a start at which the given one cannot be used.
//!
//! One file has both, the component and its settings, so that no crash leaves the one without the other: the length of the settings
//! on a line of its own, the settings, the component.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// The name of the file.
const NAME: &str = "last-good-policy";

/// What a policy is made of.
#[derive(PartialEq, Eq)]
pub struct Content {
    /// The component.
    pub component: Vec<u8>,
    /// The settings.
    pub settings: String,
}

/// Where the last good policy is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// An existing directory.
    pub directory: PathBuf,
}

impl Kept {
    /// Keeps this one instead of the one before.
    pub fn keep(&self, content: &Content) -> Result<()> {
        self.write(content)
            .with_context(|| format!("it cannot be kept in {}", self.directory.display()))
    }

    /// The one that is kept, if there is one.
    pub fn read(&self) -> Result<Option<Content>> {
        let path = self.directory.join(NAME);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.with_context(|| format!("reading {}", path.display()))?,
        };
        let content = parse(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(content))
    }

    fn write(&self, content: &Content) -> Result<()> {
        if self.read().ok().flatten().as_ref() == Some(content) {
            return Ok(());
        }
        let (path, new) = (self.directory.join(NAME), self.directory.join("new"));
        let mut file = File::create(&new)?;
        writeln!(file, "{}", content.settings.len())?;
        file.write_all(content.settings.as_bytes())?;
        file.write_all(&content.component)?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Option<Content> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let length: usize = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
    let (settings, component) = bytes[end + 1..].split_at_checked(length)?;
    Some(Content {
        component: component.to_vec(),
        settings: String::from_utf8(settings.to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_last_is_read_again() {
        let directory =
            std::env::temp_dir().join(format!("pilothouse-kept-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let kept = Kept { directory };
        assert!(kept.read().unwrap().is_none());
        for (settings, component) in [("{}", b"\n1\n".to_vec()), ("{\n}\n", vec![0, 255])] {
            let content = Content {
                settings: settings.into(),
                component,
            };
            kept.keep(&content).unwrap();
            assert!(kept.read().unwrap() == Some(content));
        }
        std::fs::write(kept.directory.join(NAME), "9\n{}").unwrap();
        assert!(kept.read().is_err());
        std::fs::remove_dir_all(kept.directory).unwrap();
    }
}
