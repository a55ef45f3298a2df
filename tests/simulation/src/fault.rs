//! What becomes of a request, of what a watch shows, and of a host.

use fastrand::Rng;
use pilothouse_core::failures::Cause;

/// How long a host waits for an answer, in milliseconds.
pub const TIMEOUT: u64 = 15_000;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is answered.
    Answered,
    /// It does not arrive.
    Lost,
    /// It arrives, and the answer does not.
    Unanswered,
    /// It arrives so late, and is not answered. No later than the host waits: what arrives after it was read back is not promised
    /// to be found.
    Late(u64),
    /// It is answered with a failure, and nothing is done.
    Refused(Cause),
    /// It is answered with a failure, and done.
    Broken(Cause),
}

impl Fate {
    /// Most are answered.
    pub fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..40) {
            0 | 1 => Self::Lost,
            2 | 3 => Self::Unanswered,
            4 => Self::Late(rng.u64(0..TIMEOUT)),
            5 => Self::Refused(Cause::because("Forbidden", "no right")),
            6 => Self::Refused(Cause::because("TooManyRequests", "later")),
            7 => Self::Refused(Cause::because("Conflict", "an admission webhook denies it")),
            8 => Self::Refused(Cause::because("InternalError", "etcd does not answer")),
            9 | 10 => Self::Broken(Cause::because("InternalError", "etcd does not answer")),
            _ => Self::Answered,
        }
    }
}

/// What becomes of a watch that has something to show.
#[derive(Clone, Copy, Debug)]
pub enum Sight {
    /// It shows it after so long.
    Shown(u64),
    /// It breaks, and is lost for so long.
    Lost(u64),
    /// The API server has forgotten what happened: it is listed after so long.
    Expired(u64),
}

impl Sight {
    /// Most show it soon.
    pub fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..30) {
            0 => Self::Lost(rng.u64(0..60_000)),
            1 => Self::Expired(rng.u64(0..5_000)),
            2..8 => Self::Shown(rng.u64(0..20_000)),
            _ => Self::Shown(rng.u64(0..50)),
        }
    }
}
