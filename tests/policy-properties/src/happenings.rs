//! What can happen to a world, and how it happens.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::children::{Course, Foreign, course};
use crate::json::{json_value, replace};
use crate::world::{World, at, stamp};

const DATACENTERS: [&str; 3] = ["dc1", "dc2", "dc3"];

/// Something that happens to a world.
#[derive(Debug, Clone)]
pub enum Happening {
    /// cass-operator takes up a CassandraTask.
    Start(Index, Course),
    /// It goes on, by so many writes.
    Work(Index, usize),
    /// It makes all that is left of its writes.
    Complete(Index),
    Vanish(Index),
    Unreachable(Index),
    Reachable(Index),
    /// Somebody takes a context away from the host.
    Unregistered(Index),
    ControlPlane(bool),
    /// A context goes out of reach, and somebody takes its datacenter off the list.
    GivenUp(Index),
    List(Vec<Index>),
    Undeclare(Index),
    /// A datacenter is declared in another context.
    Moved(Index, Index),
    ClusterGone,
    ClusterBack,
    /// Its deletion was asked for, and something holds it.
    ClusterGoing,
    /// It was deleted and created again: another uid.
    ClusterAgain(u8),
    /// Somebody switches the policy; whether to Forbid.
    Policy(bool),
    /// The task's deletion is asked for.
    Deleted,
    /// Where a datacenter's CassandraTask would be, somebody has one of their own, if nothing is there.
    Foreign(Index, Foreign, bool),
    Wrong,
    Right,
    Later(u16),
    Refused(Index),
    Granted(Index),
    Ready(Index, bool),
    /// It comes back from a backup without its status: whether with Velero's label, and which of its CassandraTasks stayed.
    Restored(bool, [bool; 3]),
    /// Somebody removes what says that it has run before.
    RunAgain,
    /// Somebody writes anything into a CassandraTask's status.
    Garbled(Index, Vec<Index>, Value),
}

pub fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let which = any::<Index>;
    // A story should seldom be cut short, so that a deletion is the least likely.
    prop_oneof![
        18 => (which(), course()).prop_map(|(index, course)| Start(index, course)),
        9 => (which(), 1..4_usize).prop_map(|(index, count)| Work(index, count)),
        21 => which().prop_map(Complete),
        3 => which().prop_map(Vanish),
        3 => which().prop_map(Unreachable),
        9 => which().prop_map(Reachable),
        2 => which().prop_map(Unregistered),
        4 => prop::bool::weighted(0.7).prop_map(ControlPlane),
        6 => which().prop_map(GivenUp),
        3 => prop::collection::vec(which(), 0..3).prop_map(List),
        3 => which().prop_map(Undeclare),
        2 => (which(), which()).prop_map(|(index, there)| Moved(index, there)),
        2 => Just(ClusterGone),
        9 => Just(ClusterBack),
        2 => Just(ClusterGoing),
        2 => any::<u8>().prop_map(ClusterAgain),
        3 => any::<bool>().prop_map(Policy),
        1 => Just(Deleted),
        1 => any::<(bool, [bool; 3])>().prop_map(|(is_labelled, stayed)| Restored(is_labelled, stayed)),
        3 => Just(RunAgain),
        3 => (which(), foreign(), any::<bool>())
            .prop_map(|(index, foreign, is_at_work)| Foreign(index, foreign, is_at_work)),
        3 => Just(Wrong),
        9 => Just(Right),
        6 => any::<u16>().prop_map(Later),
        3 => which().prop_map(Refused),
        6 => which().prop_map(Granted),
        3 => (which(), any::<bool>()).prop_map(|(index, is_ready)| Ready(index, is_ready)),
        3 => (which(), prop::collection::vec(which(), 0..4), json_value())
            .prop_map(|(index, path, odd)| Garbled(index, path, odd)),
    ]
}

/// What goes wrong with the host.
#[derive(Debug, Clone)]
pub enum Hitch {
    /// It dies when it has sent so many writes from now on.
    Dies(usize),
    /// The write after so many does not arrive, and nobody knows.
    LosesRequest(usize),
    /// The write after so many is carried out, and the reply does not arrive.
    LosesReply(usize),
    /// The watches of these contexts show nothing new: the three remote ones, and the control plane.
    Lags([bool; 4]),
}

pub fn hitch() -> impl Strategy<Value = Hitch> {
    prop_oneof![
        2 => (0..8_usize).prop_map(Hitch::Dies),
        1 => (0..4_usize).prop_map(Hitch::LosesRequest),
        1 => (0..4_usize).prop_map(Hitch::LosesReply),
        2 => any::<[bool; 4]>().prop_map(Hitch::Lags),
    ]
}

impl Hitch {
    /// Counts a write. Whether it is the one.
    pub(crate) fn is_now(&mut self) -> bool {
        match self {
            Hitch::Dies(0) | Hitch::LosesRequest(0) | Hitch::LosesReply(0) => return true,
            Hitch::Dies(left) | Hitch::LosesRequest(left) | Hitch::LosesReply(left) => *left -= 1,
            Hitch::Lags(_) => {}
        }
        false
    }
}

impl World {
    /// From now on this goes wrong with the host, and what went wrong before does not.
    pub fn hit(&mut self, hitch: Option<Hitch>) {
        let lags = match hitch {
            Some(Hitch::Lags(lags)) => lags,
            _ => [false; 4],
        };
        let contexts = (1..=3).map(|number| Some(format!("kind-k8ssandra-{number}")));
        let contexts = contexts.chain([None]).zip(lags);
        let lagging = contexts
            .filter(|(_, lags)| *lags)
            .map(|(context, _)| context);
        self.servers.lagging = lagging.collect();
        self.hitch = hitch;
    }
}

fn foreign() -> impl Strategy<Value = Foreign> {
    prop_oneof![
        Just(Foreign::Unlabelled),
        Just(Foreign::EarlierTask),
        Just(Foreign::SecondController),
        Just(Foreign::OtherControlPlane),
    ]
}

fn name(index: &Index) -> &'static str {
    DATACENTERS[index.index(DATACENTERS.len())]
}

fn context(index: &Index) -> String {
    format!("kind-k8ssandra-{}", index.index(DATACENTERS.len()) + 1)
}

/// The datacenter whose CassandraTask it is, if there is one whose status is as wanted; cass-operator works on all of them.
fn child(world: &World, index: &Index, is_wanted: fn(&Value) -> bool) -> Option<&'static str> {
    let name = name(index);
    let child = world.at(name)?;
    is_wanted(&child["status"]).then_some(name)
}

/// Lets it happen at a time of the day, or now if that is over, unless the task is gone.
pub fn happen(world: &mut World, happening: &Happening, clock: &str) {
    use Happening::*;
    if world.is_gone() {
        return;
    }
    world.servers.now = world.servers.now.max(at(clock));
    match happening {
        Start(..) | Work(..) | Complete(_) | Garbled(..) => work(world, happening, clock),
        Vanish(index) => world.remove_child(name(index)),
        Foreign(index, foreign, is_at_work) => {
            world.put_foreign(name(index), *foreign, *is_at_work);
        }
        Unreachable(index) => down(world, index),
        Reachable(index) => {
            world.servers.contexts.insert(context(index));
            world.regain(Some(&context(index)));
        }
        Unregistered(index) => {
            world.servers.contexts.remove(&context(index));
            world.regain(Some(&context(index)));
        }
        ControlPlane(true) => world.regain(None),
        ControlPlane(false) => world.lose(None),
        Refused(index) => drop(world.refusing.insert(context(index))),
        Granted(index) => drop(world.refusing.remove(&context(index))),
        Later(seconds) => world.servers.now += SignedDuration::from_secs((*seconds).into()),
        ClusterGone | ClusterAgain(_) | Undeclare(_) | Moved(..) if !world.are_all_placed() => {}
        ClusterGone => world.set_cluster(None),
        ClusterBack => world.set_cluster(Some(world.declared.clone())),
        ClusterGoing | ClusterAgain(_) | Undeclare(_) | Moved(..) | Ready(..) => {
            change_cluster(world, happening, clock);
        }
        Restored(is_labelled, stayed) => world.restore(*is_labelled, *stayed),
        RunAgain => world.run_again(),
        GivenUp(_) | List(_) | Wrong | Right | Policy(_) | Deleted => edit(world, happening),
    }
    world.remember_ends();
}

/// What becomes of a CassandraTask's status, where there is one that it can become of.
fn work(world: &mut World, happening: &Happening, clock: &str) {
    use Happening::*;
    match happening {
        Start(index, course) => {
            if let Some(name) = child(world, index, Value::is_null) {
                world.begin(name, *course);
                world.work(name, 3, clock);
            }
        }
        Work(index, count) => {
            if let Some(name) = child(world, index, |_| true) {
                world.work(name, *count, clock);
            }
        }
        Complete(index) => {
            if let Some(name) = child(world, index, Value::is_object) {
                world.work(name, usize::MAX, clock);
            }
        }
        Garbled(index, path, odd) => {
            if let Some(name) = child(world, index, |_| true) {
                replace(&mut world.child(name)["status"], path, odd.clone());
            }
        }
        other => unreachable!("{other:?}"),
    }
}

fn down(world: &mut World, index: &Index) {
    // One that is not registered is not known to be down.
    if world.servers.is_registered(Some(&context(index))) {
        world.lose(Some(&context(index)));
    }
}

/// What people do to the task.
fn edit(world: &mut World, happening: &Happening) {
    use Happening::*;
    match happening {
        GivenUp(index) => {
            down(world, index);
            let others = DATACENTERS.into_iter().filter(|it| *it != name(index));
            world.set("/spec/datacenters", others.collect());
        }
        List(indices) => {
            let mut names: Vec<&str> = indices.iter().map(name).collect();
            names.dedup();
            world.set("/spec/datacenters", json!(names));
        }
        Policy(is_forbid) => {
            let policy = if *is_forbid { "Forbid" } else { "Allow" };
            world.set("/spec/dcConcurrencyPolicy", json!(policy));
        }
        Wrong => world.set("/spec/template/jobs", json!([])),
        Right => {
            let jobs = json!([{"name": "job1", "command": "cleanup"}]);
            world.set("/spec/template/jobs", jobs);
        }
        Deleted => world.delete(),
        other => unreachable!("{other:?}"),
    }
}

/// What becomes of the cluster.
fn change_cluster(world: &mut World, happening: &Happening, clock: &str) {
    use Happening::*;
    let declared = world.declared.clone();
    let mut changed = world.cluster().unwrap_or(&declared).clone();
    let cluster = &mut changed;
    match happening {
        ClusterGoing => cluster["metadata"]["deletionTimestamp"] = json!(stamp(clock)),
        ClusterAgain(number) => {
            *cluster = declared;
            cluster["metadata"]["uid"] = json!(format!("cluster-uid-{number}"));
        }
        Undeclare(index) => {
            let name = name(index);
            let declared = &mut cluster["spec"]["cassandra"]["datacenters"];
            declared
                .as_array_mut()
                .unwrap()
                .retain(|it| it["metadata"]["name"] != *name);
        }
        Moved(index, there) => {
            let name = name(index);
            let declared = &mut cluster["spec"]["cassandra"]["datacenters"];
            let mut declared = declared.as_array_mut().unwrap().iter_mut();
            if let Some(moved) = declared.find(|it| it["metadata"]["name"] == *name) {
                moved["k8sContext"] = json!(context(there));
            }
        }
        Ready(index, is_ready) => {
            let status = if *is_ready { "True" } else { "False" };
            cluster["status"]["datacenters"][name(index)]["cassandra"]["conditions"] =
                json!([{"type": "Ready", "status": status, "lastTransitionTime": stamp(clock)}]);
        }
        other => unreachable!("{other:?}"),
    }
    world.set_cluster(Some(changed));
}
