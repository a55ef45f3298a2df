//! What users do to a task, its cluster and its CassandraTasks.

use policy_properties::changes::{Change, change};
use policy_properties::children::{Course, course};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// What a user does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// What can happen in the property tests, too.
    Change(Change),
    /// The task is deleted and, once it is gone, created again, as often as it takes.
    Recreate,
    /// It is to be deleted so many seconds after its end.
    TimeToLive(u64),
}

/// Draws what the property tests generate.
pub struct Draws(TestRunner);

impl Draws {
    /// Those of a seed.
    pub fn new(seed: u64) -> Self {
        let mut bytes = [1; 16];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn draw<T>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    /// What cass-operator makes of a CassandraTask, at its worst.
    pub fn course(&mut self) -> Course {
        self.draw(&course())
    }

    /// A change that is a user's.
    pub fn change(&mut self) -> Change {
        let changes = change();
        loop {
            let change = self.draw(&changes);
            if is_users(&change) {
                return change;
            }
        }
    }
}

/// Whether it is not cass-operator, a network or a clock. Statuses of any JSON are left to the property tests.
fn is_users(change: &Change) -> bool {
    use Change::*;
    match change {
        Start(..) | Work(..) | Complete(_) | Garbled(..) => false,
        Unreachable(_) | Reachable(_) | Unregistered(_) | ControlPlane(_) | GivenUp(_) => false,
        Refused(_) | Granted(_) | Later(_) => false,
        Vanish(_) | List(_) | Undeclare(_) | Moved(..) | Policy(_) | Deleted | Foreign(..) => true,
        ClusterGone(_) | ClusterBack | ClusterGoing | ClusterAgain(..) | Ready(..) => true,
        Wrong | Right | Restored(..) | RunAgain => true,
    }
}
