//! What becomes of a request, of what a watch shows, and of a host.

use std::collections::BTreeSet;

use fastrand::Rng;
use pilothouse_core::failures::Cause;

/// How long a host waits for an answer, in milliseconds.
pub const TIMEOUT: u64 = 15_000;
/// How late a request arrives at most, in milliseconds: an API server gives it up after a minute.
pub const LATEST: u64 = 60_000;
/// Nearly as long as a host waits.
const LONG: u64 = TIMEOUT - 1_000;
/// So far a clock jumps at most, in milliseconds.
const JUMP: i64 = 3_600_000;
/// A watch that nothing is wrong with shows what has happened within that time.
pub const SOON: u64 = 50;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It is answered.
    Answered,
    /// It is done at once, and answered after so long.
    Slow(u64),
    /// It does not arrive, and so long after the host knows that it has no answer.
    Lost(u64),
    /// It arrives, and the answer does not: the same.
    Unanswered(u64),
    /// It arrives so late, and is not answered.
    Late(u64),
    /// It is answered with a failure, and nothing is done.
    Refused(Cause),
    /// It is answered with a failure, and done.
    Broken(Cause),
    /// The host is killed before it is sent.
    KilledBefore,
    /// The host is killed when it has arrived.
    KilledAfter,
}

impl Fate {
    /// Most are answered.
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..40) {
            0 => Self::Lost(TIMEOUT),
            1 => Self::Lost(rng.u64(0..50)),
            2 => Self::Unanswered(TIMEOUT),
            3 => Self::Unanswered(rng.u64(50..100)),
            4 => Self::Late(rng.u64(0..LATEST)),
            5 => Self::Slow(rng.u64(0..LONG)),
            6..9 => {
                let refusals = refusals();
                Self::Refused(refusals[rng.usize(0..refusals.len())].clone())
            }
            9 | 10 => Self::Broken(internal_error()),
            _ => Self::Answered,
        }
    }

    /// Each that is not an answer.
    pub fn each() -> Vec<Self> {
        let others = [
            Self::Slow(LONG),
            Self::Lost(0),
            Self::Lost(TIMEOUT),
            Self::Unanswered(50),
            Self::Unanswered(TIMEOUT),
            Self::Late(LONG),
            Self::Late(LATEST),
            Self::Broken(internal_error()),
            Self::KilledBefore,
            Self::KilledAfter,
        ];
        let refused = refusals().into_iter().map(Self::Refused);
        refused.chain(others).collect()
    }
}

/// Every class of answers with which nothing was done.
fn refusals() -> Vec<Cause> {
    let answered = |code, reason, message| Cause::answered(code, reason, message);
    vec![
        answered(429, "TooManyRequests", "later"),
        answered(403, "Forbidden", "no right"),
        // As when the definition of a kind is not served for a moment. That an object is not there is no lie of an API server.
        Cause::unknown("HTTP404", "the API server does not know this path"),
        answered(409, "Conflict", "an admission webhook denies it"),
        answered(422, "Invalid", "an admission policy denies it"),
        answered(503, "ServiceUnavailable", "no leader"),
        internal_error(),
    ]
}

fn internal_error() -> Cause {
    Cause::answered(500, "InternalError", "etcd does not answer")
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
    /// What there is now comes so late: an answer that is long on its way. An older state is never listed: a list that asks for no
    /// version is read from etcd.
    Late(u64),
}

impl Sight {
    /// Most show it soon.
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..30) {
            0 => Self::Lost(rng.u64(0..60_000)),
            1 => Self::Expired(rng.u64(0..5_000)),
            2 | 3 => Self::Late(rng.u64(0..10_000)),
            4..8 => Self::Shown(rng.u64(0..20_000)),
            _ => Self::Shown(rng.u64(0..SOON)),
        }
    }
}

/// What goes wrong apart from requests and watches.
#[derive(Clone, Copy, Debug)]
pub enum Incident {
    /// The host with that number is killed, and another one started.
    Kill(usize),
    /// No host reaches the context with that number for so long.
    Part(usize, u64),
    /// The clock of that host jumps by so many milliseconds.
    Jump(usize, i64),
    /// Another policy decides on that host: a version that answers the same, or one that traps.
    Swap(usize, bool),
}

impl Incident {
    /// Whether a host forgets what it has sent.
    pub fn is_kill(&self) -> bool {
        matches!(self, Self::Kill(_))
    }

    /// One, and when; none as often as not.
    pub fn draw(rng: &mut Rng, within: u64) -> Option<(u64, Self)> {
        let (at, host) = (rng.u64(0..within), rng.usize(0..2));
        let incident = match rng.u8(0..12) {
            0..3 => Self::Kill(host),
            3 => Self::Part(rng.usize(0..4), rng.u64(0..40_000)),
            4 => Self::Jump(host, rng.i64(-JUMP..JUMP)),
            5 => Self::Swap(host, rng.bool()),
            _ => return None,
        };
        Some((at, incident))
    }
}

/// Which faults there are.
#[derive(Clone, Debug)]
pub enum Faults {
    /// None.
    None,
    /// Any, as a seed decides.
    Any(u64),
    /// This is what becomes of the request with that number, counted from 0.
    One(usize, Fate),
}

/// Decides what goes wrong. Each decision has a number; it depends on that and on the seed alone, so that a fault can be left out
/// without another one in its place.
#[derive(Clone, Debug)]
pub struct Chance {
    faults: Faults,
    /// The decisions that nothing goes wrong at.
    without: BTreeSet<usize>,
    count: usize,
    /// How many requests there were.
    pub requests: usize,
    /// The decisions at which something went wrong.
    pub taken: Vec<usize>,
}

impl Chance {
    pub fn new(faults: Faults, without: BTreeSet<usize>) -> Self {
        Self {
            faults,
            without,
            count: 0,
            requests: 0,
            taken: Vec::new(),
        }
    }

    /// Whether something may go wrong now and then.
    pub fn is_random(&self) -> bool {
        matches!(self.faults, Faults::Any(_))
    }

    /// What becomes of the next request; `is_calm` where nothing goes wrong by chance.
    pub fn fate(&mut self, is_calm: bool) -> Fate {
        self.requests += 1;
        let fate = match &self.faults {
            Faults::One(number, fate) if *number + 1 == self.requests => fate.clone(),
            _ if is_calm => Fate::Answered,
            _ => self.decide(Fate::draw).unwrap_or(Fate::Answered),
        };
        if !matches!(fate, Fate::Answered) {
            self.taken.push(self.count);
        }
        fate
    }

    /// What becomes of a watch that has something to show, or none where nothing goes wrong by chance.
    pub fn sight(&mut self, is_calm: bool) -> Option<Sight> {
        if is_calm {
            return None;
        }
        let sight = self.decide(Sight::draw)?;
        let is_soon = matches!(sight, Sight::Shown(after) if after < SOON);
        self.taken.extend((!is_soon).then_some(self.count));
        Some(sight)
    }

    /// What is to happen by chance later on.
    pub fn incident(&mut self, within: u64) -> Option<(u64, Incident)> {
        let drawn = self.decide(|rng| Incident::draw(rng, within))??;
        self.taken.push(self.count);
        Some(drawn)
    }

    /// Whether what a user does happens: unless it is left out.
    pub fn keeps(&mut self) -> bool {
        let keeps = !self.is_random() || self.decide(|_| ()).is_some();
        self.taken
            .extend((keeps && self.is_random()).then_some(self.count));
        keeps
    }

    fn decide<T>(&mut self, draw: impl FnOnce(&mut Rng) -> T) -> Option<T> {
        let Faults::Any(seed) = self.faults else {
            return None;
        };
        self.count += 1;
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.count as u64);
        (!self.without.contains(&self.count)).then(|| draw(&mut rng))
    }
}
