//! How many calls of the policy run at a time: as many as there are cores, and as the memory has room for.

use std::path::PathBuf;

use anyhow::{Result, bail};
use tracing::warn;

use crate::policy::wasm::Limits;

/// What the host needs besides the calls: what it knows of the clusters, above all.
const RESERVE: u64 = 128 << 20;
/// Where a container finds its memory limit, with cgroup v2 and v1.
const LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];
/// More than any machine has: cgroup v1 says about as much where there is no limit.
const NO_LIMIT: u64 = 1 << 60;

/// How many calls run at a time on that many cores. Where the container's memory is too small for that, fewer; where it is too small
/// for one, an error. The file has the memory limit; none is the container's own.
pub fn calls(cores: usize, limits: &Limits, file: Option<PathBuf>) -> Result<usize> {
    let files = file.map_or_else(|| LIMITS.map(PathBuf::from).to_vec(), |file| vec![file]);
    let limit = files.iter().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        text.trim().parse().ok()
    });
    let calls = within(cores, limits, limit)?;
    if calls < cores {
        let limit = limit.unwrap_or_default() >> 20;
        warn!(
            calls,
            cores,
            "the memory limit of {limit} MiB leaves room for fewer calls of the policy at a time than there are cores"
        );
    }
    Ok(calls)
}

fn within(cores: usize, limits: &Limits, memory: Option<u64>) -> Result<usize> {
    let Some(memory) = memory.filter(|memory| *memory < NO_LIMIT) else {
        return Ok(cores);
    };
    // The answer is there twice for a moment: as the policy gives it, and as the engine takes it.
    let call = u64::try_from(limits.memory + 2 * limits.output)?;
    let room = usize::try_from(memory.saturating_sub(RESERVE) / call)?;
    if room == 0 {
        bail!(
            "the container's memory limit of {} MiB is too small: the host needs {} MiB, and a call of the policy up to {} MiB",
            memory >> 20,
            RESERVE >> 20,
            call >> 20
        );
    }
    Ok(cores.min(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_as_many_as_there_are_cores_and_memory_for() {
        let calls = |cores, mebibytes: Option<u64>| {
            within(cores, &Limits::default(), mebibytes.map(|it| it << 20))
        };
        for (cores, mebibytes, expected) in [
            (8, None, 8),
            (2, Some(512), 2),
            // As `deploy/` has it.
            (8, Some(512), 4),
            (8, Some(208), 1),
            (8, Some(1 << 43), 8),
        ] {
            assert_eq!(calls(cores, mebibytes).unwrap(), expected, "{mebibytes:?}");
        }
        let refused = calls(8, Some(207)).unwrap_err().to_string();
        assert!(
            refused.contains("207 MiB") && refused.contains("80 MiB"),
            "{refused}"
        );
    }
}
