//! What can happen to a world, and how it happens.

use jiff::SignedDuration;
use k8ssandra_task_policy::contract::Blindness;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::json::{json_value, replace};
use crate::world::{World, at, stamp};

const DATACENTERS: [&str; 3] = ["dc1", "dc2", "dc3"];

/// Something that happens to a world.
#[derive(Debug, Clone)]
pub enum Happening {
    Start(Index),
    Complete(Index),
    Fail(Index),
    Vanish(Index),
    Unreachable(Index),
    Unregistered(Index),
    Reachable(Index),
    /// The control plane hides what the policy looks at, or shows it again.
    ControlPlane(bool),
    /// A context goes out of reach, and somebody takes its datacenter off the list.
    GivenUp(Index),
    List(Vec<Index>),
    Undeclare(Index),
    ClusterGone,
    ClusterBack,
    /// Another one of that name.
    ClusterAnew,
    ClusterDeleted,
    /// A datacenter is declared in the context of another one.
    Moved(Index, Index),
    Deleted,
    Policy(bool),
    Wrong,
    Right,
    Later(u16),
    Refused(Index),
    Granted(Index),
    Ready(Index, bool),
    /// Somebody writes anything into a CassandraTask's status.
    Garbled(Index, Vec<Index>, Value),
}

pub fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let which = any::<Index>;
    prop_oneof![
        6 => which().prop_map(Start),
        6 => which().prop_map(Complete),
        1 => which().prop_map(Fail),
        1 => which().prop_map(Vanish),
        1 => which().prop_map(Unreachable),
        1 => which().prop_map(Unregistered),
        4 => which().prop_map(Reachable),
        2 => prop::bool::weighted(0.7).prop_map(ControlPlane),
        2 => which().prop_map(GivenUp),
        1 => prop::collection::vec(which(), 0..3).prop_map(List),
        1 => which().prop_map(Undeclare),
        1 => Just(ClusterGone),
        3 => Just(ClusterBack),
        1 => Just(ClusterAnew),
        1 => Just(ClusterDeleted),
        1 => (which(), which()).prop_map(|(index, there)| Moved(index, there)),
        1 => Just(Deleted),
        1 => any::<bool>().prop_map(Policy),
        1 => Just(Wrong),
        3 => Just(Right),
        2 => any::<u16>().prop_map(Later),
        1 => which().prop_map(Refused),
        2 => which().prop_map(Granted),
        1 => (which(), any::<bool>()).prop_map(|(index, is_ready)| Ready(index, is_ready)),
        1 => (which(), prop::collection::vec(which(), 0..4), json_value())
            .prop_map(|(index, path, odd)| Garbled(index, path, odd)),
    ]
}

fn name(index: &Index) -> &'static str {
    DATACENTERS[index.index(DATACENTERS.len())]
}

fn context(index: &Index) -> String {
    format!("kind-k8ssandra-{}", index.index(DATACENTERS.len()) + 1)
}

/// The datacenter whose CassandraTask it is, if there is one whose status is as wanted.
fn child(world: &World, index: &Index, is_wanted: fn(&Value) -> bool) -> Option<&'static str> {
    let name = name(index);
    let mut children = world.children.iter();
    let is_there =
        children.any(|((_, _, child), it)| child.ends_with(name) && is_wanted(&it["status"]));
    is_there.then_some(name)
}

fn is_waiting(status: &Value) -> bool {
    status.is_null()
}

fn is_at_work(status: &Value) -> bool {
    status.is_object() && status["completionTime"].is_null()
}

/// Lets it happen at a time of the day, or now if that is over.
pub fn happen(world: &mut World, happening: &Happening, clock: &str) {
    world.now = world.now.max(at(clock));
    match happening {
        Happening::Start(index) => {
            if let Some(name) = child(world, index, is_waiting) {
                world.start(name, clock);
            }
        }
        Happening::Complete(index) => {
            if let Some(name) = child(world, index, is_at_work) {
                world.complete(name, clock);
            }
        }
        Happening::Fail(index) => {
            if let Some(name) = child(world, index, is_at_work) {
                world.fail(name, clock);
            }
        }
        Happening::Vanish(index) => world.remove_child(name(index)),
        Happening::Unreachable(index) => {
            world.blind(&context(index), Blindness::Unreachable("down".into()));
        }
        Happening::Unregistered(index) => world.blind(&context(index), Blindness::Unregistered),
        Happening::ControlPlane(answers) => {
            let hidden = || Blindness::Unreachable("forbidden".into());
            world.control_plane = answers.then_some(()).ok_or_else(hidden);
        }
        Happening::Reachable(index) => {
            world.contexts.insert(context(index), Ok(()));
        }
        Happening::GivenUp(index) => {
            world.blind(&context(index), Blindness::Unreachable("down".into()));
            let others = DATACENTERS.into_iter().filter(|it| *it != name(index));
            world.set("/spec/datacenters", others.collect());
        }
        Happening::List(indices) => {
            let mut names: Vec<&str> = indices.iter().map(name).collect();
            names.dedup();
            world.set("/spec/datacenters", json!(names));
        }
        Happening::Undeclare(index) => {
            let name = name(index);
            datacenters(world).retain(|it| it["metadata"]["name"] != *name);
        }
        Happening::ClusterGone => world.cluster = None,
        Happening::ClusterBack => world.cluster = Some(declared()),
        Happening::ClusterAnew => {
            let cluster = world.cluster.insert(declared());
            cluster["metadata"]["uid"] = json!("cluster-uid-2");
        }
        Happening::ClusterDeleted => {
            let cluster = world.cluster.get_or_insert_with(declared);
            cluster["metadata"]["deletionTimestamp"] = json!(stamp(clock));
        }
        Happening::Moved(index, there) => {
            let datacenters = datacenters(world);
            let its = datacenters.iter_mut();
            let mut its = its.filter(|it| it["metadata"]["name"] == *name(index));
            if let Some(datacenter) = its.next() {
                datacenter["k8sContext"] = json!(context(there));
            }
        }
        Happening::Deleted => {
            world.task["metadata"]["deletionTimestamp"] = json!(stamp(clock));
        }
        Happening::Policy(is_allow) => {
            let policy = if *is_allow { "Allow" } else { "Forbid" };
            world.set("/spec/dcConcurrencyPolicy", json!(policy));
        }
        Happening::Wrong => world.set("/spec/template/jobs", json!([])),
        Happening::Right => {
            world.set(
                "/spec/template/jobs",
                json!([{"name": "j", "command": "flush"}]),
            );
        }
        Happening::Later(seconds) => world.now += SignedDuration::from_secs((*seconds).into()),
        Happening::Refused(index) => drop(world.refusing.insert(context(index))),
        Happening::Ready(index, is_ready) => {
            let cluster = world.cluster.get_or_insert_with(declared);
            let status = if *is_ready { "True" } else { "False" };
            cluster["status"]["datacenters"][name(index)]["cassandra"]["conditions"] =
                json!([{"type": "Ready", "status": status, "lastTransitionTime": stamp(clock)}]);
        }
        Happening::Granted(index) => drop(world.refusing.remove(&context(index))),
        Happening::Garbled(index, path, odd) => {
            if let Some(name) = child(world, index, |_| true) {
                replace(&mut world.child(name)["status"], path, odd.clone());
            }
        }
    }
    world.remember_ends();
}

/// What the cluster declares.
fn datacenters(world: &mut World) -> &mut Vec<Value> {
    let cluster = world.cluster.get_or_insert_with(declared);
    let declared = &mut cluster["spec"]["cassandra"]["datacenters"];
    declared.as_array_mut().unwrap()
}

fn declared() -> Value {
    World::new(DATACENTERS.len()).cluster.unwrap()
}
