//! What the product does, as its users would see it. One suite, run on simulated and on real clusters: that is what
//! makes the simulated ones trustworthy.

mod definition;
mod deletion;
mod failure;
mod history;
mod interruption;
mod invalid;
mod presentation;
mod sequence;

use anyhow::Result;
use futures::future::LocalBoxFuture;

use crate::world::World;

/// A behaviour: its name, and what has to hold.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// Its name, as the test runner shows it.
    pub name: &'static str,
    /// Runs it.
    pub run: for<'a> fn(&'a mut World) -> LocalBoxFuture<'a, Result<()>>,
}

macro_rules! behaviours {
    ($(#[$about:meta])* $list:ident: $($room:ident: $($name:ident),+ $(,)?;)+) => {
        $(#[$about])*
        pub const $list: &[Behaviour] = &[
            $($(Behaviour {
                name: concat!(stringify!($room), "::", stringify!($name)),
                run: |world| Box::pin($room::$name(world)),
            },)+)+
        ];
    };
}

behaviours! {
    /// The behaviours on clusters without a history.
    ALL:
    definition: unknown_fields_are_refused, unknown_fields_are_dropped, required_fields_are_demanded;
    sequence: quick_start, allow_runs_all_at_once, list_order_counts, a_subset_stays_a_subset;
    invalid: unknown_cluster_then_it_appears, unknown_datacenters, put_right_it_goes_on;
    failure: under_forbid_the_rest_is_cancelled, under_allow_the_rest_goes_on;
    deletion: of_the_task, of_the_cluster, ttl_one_second, ttl_zero_is_for_ever;
    presentation: reads_as_on_the_page, repeated_events_are_counted;
    interruption: killed_and_started_again, policy_replaced, policy_broken;
}

behaviours! {
    /// The behaviours on clusters with one.
    HISTORY:
    history: left_over_of_an_earlier_task, foreign_in_another_namespace, restored_without_its_status,
        deletion_with_an_unregistered_context, taken_over_between_dc1_and_dc2;
}
