//! Moments as Kubernetes writes them.

use jiff::Timestamp;

/// A moment as Kubernetes' `Time` writes it: UTC, to the second.
pub(crate) fn seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
