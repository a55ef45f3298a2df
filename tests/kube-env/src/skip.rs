//! Tests for which something is missing on this machine: comes in what, goes out a line that says so, or an error.

/// Set to `1` where nothing may be skipped: in continuous integration.
const REQUIRED: &str = "PILOTHOUSE_REAL";

/// Says why something is skipped, or fails where nothing may be.
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the output of the tests must see that they were skipped"
)]
pub(super) fn skip(why: &str) -> anyhow::Result<()> {
    let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
    anyhow::ensure!(!required, "{REQUIRED}=1, but {why}");
    eprintln!("skipped: {why}");
    Ok(())
}
