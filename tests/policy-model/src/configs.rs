//! The configurations: small ones for every test run, and the large ones.
//!
//! Comes in: nothing. Goes out: the lists. The budgets are as large as a few minutes and gigabytes allow; each configuration
//! gives most of its budget to one kind of mischief and mixes some of the others in.

mod mixed;
mod others;
mod people;
mod pieces;
mod small;
mod surroundings;
mod threes;
mod writes;

use crate::config::Config;

/// Those that every test run explores.
pub fn small() -> Vec<Config> {
    small::SMALL.to_vec()
}

/// All the others.
pub fn large() -> Vec<Config> {
    [
        people::PEOPLE,
        writes::WRITES,
        surroundings::SURROUNDINGS,
        threes::THREES,
        others::OTHERS,
        mixed::MIXED,
    ]
    .concat()
}
