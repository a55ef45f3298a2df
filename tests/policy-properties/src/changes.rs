//! What can happen, and how it happens.

use jiff::SignedDuration;
use kube_sim::Patch;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::children::{Course, Foreign, course};
use crate::json::{json_value, replace};
use crate::objects::{DATACENTERS, datacenters};
use crate::simulation::{self, Simulation, at, stamp};

const NAMES: [&str; 3] = ["dc1", "dc2", "dc3"];

/// Something that happens, and not through the policy.
#[derive(Debug, Clone)]
pub enum Change {
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
    /// It was deleted; whether the garbage collector finds out at once.
    ClusterGone(bool),
    ClusterBack,
    /// Its deletion was asked for, and something holds it.
    ClusterGoing,
    /// It was deleted and created again, with another uid; whether the garbage collector finds out at once.
    ClusterAgain(u8, bool),
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
    /// Somebody writes anything into a CassandraTask's status, where no definition forbids it.
    Garbled(Index, Vec<Index>, Value),
}

pub fn change() -> impl Strategy<Value = Change> {
    use Change::*;
    let which = any::<Index>;
    // The task should seldom go early, so that its deletion is the least likely.
    let is_found = prop::bool::weighted(0.25);
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
        2 => is_found.prop_map(ClusterGone),
        9 => Just(ClusterBack),
        2 => Just(ClusterGoing),
        2 => (any::<u8>(), is_found).prop_map(|(number, is_found)| ClusterAgain(number, is_found)),
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
pub enum Fault {
    /// It dies when it has sent so many writes from now on.
    Dies(usize),
    /// The write after so many does not arrive, and nobody knows.
    LosesRequest(usize),
    /// The write after so many is carried out, and the reply does not arrive.
    LosesReply(usize),
    /// The watches of these contexts show nothing new: the three remote ones, and the control plane.
    Lags([bool; 4]),
}

pub fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => (0..8_usize).prop_map(Fault::Dies),
        1 => (0..4_usize).prop_map(Fault::LosesRequest),
        1 => (0..4_usize).prop_map(Fault::LosesReply),
        2 => any::<[bool; 4]>().prop_map(Fault::Lags),
    ]
}

impl Fault {
    /// Counts a write. Whether it is the one.
    pub(crate) fn is_now(&mut self) -> bool {
        match self {
            Fault::Dies(0) | Fault::LosesRequest(0) | Fault::LosesReply(0) => return true,
            Fault::Dies(left) | Fault::LosesRequest(left) | Fault::LosesReply(left) => *left -= 1,
            Fault::Lags(_) => {}
        }
        false
    }
}

impl Simulation {
    /// From now on this goes wrong with the host, and what went wrong before does not.
    pub fn hit(&mut self, fault: Option<Fault>) {
        let lags = match fault {
            Some(Fault::Lags(lags)) => lags,
            _ => [false; 4],
        };
        let contexts = (1..=3).map(|number| Some(simulation::context(number)));
        let contexts = contexts.chain([None]).zip(lags);
        let lagging = contexts
            .filter(|(_, lags)| *lags)
            .map(|(context, _)| context);
        self.servers.lagging = lagging.collect();
        self.fault = fault;
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
    NAMES[index.index(NAMES.len())]
}

fn context(index: &Index) -> String {
    simulation::context(index.index(NAMES.len()) + 1)
}

/// The datacenter whose CassandraTask it is, if there is one whose status is as wanted; cass-operator works on all of them.
fn child(sim: &Simulation, index: &Index, is_wanted: fn(&Value) -> bool) -> Option<&'static str> {
    let name = name(index);
    is_wanted(sim.at(name)?.status()).then_some(name)
}

/// Lets it happen at a time of the day, or now if that is over, unless the task is gone.
pub fn happen(sim: &mut Simulation, change: &Change, clock: &str) {
    use Change::*;
    if sim.is_gone() {
        return;
    }
    sim.servers.now = sim.servers.now.max(at(clock));
    match change {
        Start(..) | Work(..) | Complete(_) | Garbled(..) => work(sim, change, clock),
        Vanish(index) => sim.remove_children(|it| it.datacenter() == name(index)),
        Foreign(index, foreign, is_at_work) => {
            sim.put_foreign(name(index), *foreign, *is_at_work);
        }
        Unreachable(index) => down(sim, index),
        Reachable(index) => {
            sim.servers.contexts.insert(context(index));
            sim.regain(Some(&context(index)));
        }
        Unregistered(index) => {
            sim.servers.contexts.remove(&context(index));
            sim.regain(Some(&context(index)));
        }
        ControlPlane(true) => sim.regain(None),
        ControlPlane(false) => sim.lose(None),
        Refused(index) => drop(sim.refusing.insert(context(index))),
        Granted(index) => drop(sim.refusing.remove(&context(index))),
        Later(seconds) => sim.servers.now += SignedDuration::from_secs((*seconds).into()),
        ClusterGone(_) | ClusterAgain(..) | Undeclare(_) | Moved(..) if !sim.are_all_placed() => {}
        ClusterGone(_) => sim.set_cluster(None),
        ClusterBack => sim.set_cluster(Some(sim.declared.clone())),
        ClusterGoing | ClusterAgain(..) | Undeclare(_) | Moved(..) | Ready(..) => {
            change_cluster(sim, change, clock);
        }
        Restored(is_labelled, stayed) => sim.restore(*is_labelled, *stayed),
        RunAgain => sim.run_again(),
        GivenUp(_) | List(_) | Wrong | Right | Policy(_) | Deleted => edit(sim, change),
    }
    if matches!(change, ClusterGone(true) | ClusterAgain(_, true)) {
        sim.servers.collect_garbage();
    }
    sim.remember_ends();
}

/// What becomes of a CassandraTask's status, where there is one that it can become of.
fn work(sim: &mut Simulation, change: &Change, clock: &str) {
    use Change::*;
    match change {
        Start(index, course) => {
            if let Some(name) = child(sim, index, Value::is_null) {
                sim.begin(name, *course);
                sim.work(name, 3, clock);
            }
        }
        Work(index, count) => {
            if let Some(name) = child(sim, index, |_| true) {
                sim.work(name, *count, clock);
            }
        }
        Complete(index) => {
            if let Some(name) = child(sim, index, Value::is_object) {
                sim.work(name, usize::MAX, clock);
            }
        }
        Garbled(index, path, odd) => {
            if let Some(name) = child(sim, index, |_| true) {
                let child = sim.at(name).unwrap();
                let (key, mut status) = (child.key(), child.status().clone());
                replace(&mut status, path, odd.clone());
                sim.relax(&key.context, "CassandraTask");
                sim.set_field(&key, "/status", status);
            }
        }
        other => unreachable!("{other:?}"),
    }
}

fn down(sim: &mut Simulation, index: &Index) {
    // One that is not registered is not known to be down.
    if sim.servers.is_registered(Some(&context(index))) {
        sim.lose(Some(&context(index)));
    }
}

/// What people do to the task.
fn edit(sim: &mut Simulation, change: &Change) {
    use Change::*;
    match change {
        GivenUp(index) => {
            down(sim, index);
            let others = NAMES.into_iter().filter(|it| *it != name(index));
            sim.set("/spec/datacenters", others.collect());
        }
        List(indices) => {
            let mut names: Vec<&str> = indices.iter().map(name).collect();
            names.dedup();
            sim.set("/spec/datacenters", json!(names));
        }
        Policy(is_forbid) => {
            let policy = if *is_forbid { "Forbid" } else { "Allow" };
            sim.set("/spec/dcConcurrencyPolicy", json!(policy));
        }
        Wrong => sim.set("/spec/template/jobs", json!([])),
        Right => {
            let jobs = json!([{"name": "job1", "command": "cleanup"}]);
            sim.set("/spec/template/jobs", jobs);
        }
        Deleted => sim.delete(),
        other => unreachable!("{other:?}"),
    }
}

/// What becomes of the cluster.
fn change_cluster(sim: &mut Simulation, change: &Change, clock: &str) {
    use Change::*;
    if sim.cluster().is_none() {
        sim.set_cluster(Some(sim.declared.clone()));
    }
    let key = sim.cluster_key.clone();
    let declared = datacenters(sim.object(&key)).cloned();
    let mut declared: Vec<Value> = declared.collect();
    match change {
        ClusterGoing => sim.delete_object(&key),
        ClusterAgain(number, _) => {
            let mut again = sim.declared.clone();
            again["metadata"]["uid"] = json!(format!("cluster-uid-{number}"));
            sim.set_cluster(Some(again));
        }
        Undeclare(index) => {
            declared.retain(|it| it["metadata"]["name"] != *name(index));
            sim.set_field(&key, DATACENTERS, json!(declared));
        }
        Moved(index, there) => {
            let mut all = declared.iter_mut();
            if let Some(moved) = all.find(|it| it["metadata"]["name"] == *name(index)) {
                moved["k8sContext"] = json!(context(there));
            }
            sim.set_field(&key, DATACENTERS, json!(declared));
        }
        Ready(index, is_ready) => {
            let status = if *is_ready { "True" } else { "False" };
            let ready =
                json!({"type": "Ready", "status": status, "lastTransitionTime": stamp(clock)});
            let datacenter = json!({name(index): {"cassandra": {"conditions": [ready]}}});
            let patch = json!({"status": {"datacenters": datacenter}});
            sim.patch(&key, &Patch::Merge(patch), true);
        }
        other => unreachable!("{other:?}"),
    }
}
