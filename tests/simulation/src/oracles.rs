//! What must hold. They look at the API servers, not at the hosts.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use pilothouse_core::plan::CREATED_FOR;
use pilothouse_core::work::Request;

use policy_properties::Simulation;
use policy_properties::laws::{assert_may_report, goes, is_at_rest, is_finished, is_true};
use serde_json::Value;

use crate::scenario::Scenario;
use crate::world::World;

/// One host needs no more requests for any of these tasks, whatever goes wrong: about thirty without a fault. Two that see different
/// things write against each other, up to the budget of a primary.
const MAX_REQUESTS: usize = 400;

/// Whether a CassandraTask may be created now, one of a datacenter that was just created.
pub fn may_create(scenario: &Scenario, objects: &Simulation, datacenter: &str) -> Option<String> {
    let mut others = objects.own_children();
    let others = others.find(|it| it.datacenter() != datacenter && !is_over(it.object));
    match others {
        Some(other) if scenario.is_strict() => {
            let other = other.datacenter();
            Some(format!("{datacenter} began while {other} was not over"))
        }
        _ => None,
    }
}

/// Whether a request may be carried out, if its guard fits.
pub fn may(world: &World, request: &Request) -> Result<(), String> {
    let objects = &world.objects;
    match request {
        Request::PatchStatus { patch, .. } if is_current(objects, patch) => laws(|| {
            let status = &patch[1]["value"];
            assert_may_report(objects.status(), status, objects.is_being_deleted());
        }),
        Request::Create { key, object, .. } => {
            let mark = object["metadata"]["annotations"][CREATED_FOR].as_str();
            once(world, &key.name, mark.unwrap_or_default())
        }
        Request::Delete { .. } if request.object().gvk.kind == "CassandraTask" => {
            let object = objects.servers.get(&request.object());
            let mark = object.and_then(|it| it["metadata"]["annotations"][CREATED_FOR].as_str());
            match mark.is_some_and(|task| world.deleted.contains_key(task)) {
                true => Ok(()),
                false => Err(format!("{object:?} is deleted")),
            }
        }
        _ => Ok(()),
    }
}

/// Whether a patch of the status is of the task as it is.
fn is_current(objects: &Simulation, patch: &Value) -> bool {
    patch[0]["value"] == objects.task()["metadata"]["resourceVersion"]
}

/// Holds something against the laws of the policy, which panic.
fn laws(law: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(law)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        format!("a law is broken: {}", text.unwrap_or_default())
    })
}

/// Whether all is as it must be at the end, where the same without faults, if it can be compared, has come to this end.
pub fn check(scenario: &Scenario, world: &World, calm: Option<&World>) -> Result<(), String> {
    for it in calm.into_iter().chain([world]) {
        if let Some(violation) = &it.violation {
            return Err(violation.clone());
        }
        at_the_end(scenario, it)?;
        at_rest(it)?;
        left_behind(it)?;
    }
    let end = outcome(&world.objects);
    let expected = calm.map(|it| outcome(&it.objects));
    let expected = expected.filter(|_| !scenario.is_deleted() && !is_lost(scenario, world));
    if expected.as_ref().is_some_and(|it| *it != end) {
        return Err(format!(
            "it ends as {end:?}, and without faults as {expected:?}"
        ));
    }
    let requests = world.chance.requests;
    if scenario.hosts == 1 && requests > MAX_REQUESTS {
        return Err(format!("it took {requests} requests"));
    }
    Ok(())
}

/// A host that is started now has nothing to do and says what is in the way; and once the task is deleted and nothing is in the way,
/// it goes with all that was its.
fn at_rest(world: &World) -> Result<(), String> {
    let mut objects = world.objects.clone();
    if objects.is_gone() {
        return Ok(());
    }
    // That host's clock is as wrong.
    objects.servers.now += SignedDuration::from_millis(world.ahead());
    laws(|| {
        objects.restart();
        is_at_rest(&mut objects);
        says_what_is_in_the_way(&objects);
        goes(objects);
    })
}

/// What the policy gives as its reasons is in the status, too, as long as the task is not over; but for datacenters that wait for
/// their turn, of which the status has one sentence for all, and for what follows from an invalid specification.
fn says_what_is_in_the_way(objects: &Simulation) {
    let status = objects.status();
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let messages = conditions.filter_map(|it| it["message"].as_str());
    let said = messages.collect::<Vec<_>>().join("; ");
    let reasons = objects.reasons().iter().map(|it| &it.message);
    let follows = |it: &str| it.contains(" waits") || it.starts_with("no further CassandraTasks");
    for message in reasons.filter(|it| !is_finished(status) && !follows(it)) {
        // One sentence may be about several: "dc1, dc2 have started".
        let separate = message.replace(" is ", " has ");
        let mut parts = separate.split(" has ");
        assert!(
            parts.all(|it| said.contains(it)),
            "{message} is not in: {said}"
        );
    }
}

/// A CassandraTask with the task's labels that is not its own stays behind when it is deleted, and an event says so.
fn left_behind(world: &World) -> Result<(), String> {
    let is_there = |uid: &str| world.objects.children().any(|it| it.uid() == uid);
    let is_said = |name: &str| {
        let mut events = world.events.iter();
        events.any(|it| it.starts_with("LeftBehind") && it.contains(name))
    };
    let task = world.task_uid();
    let mut left = world.foreign.iter().filter(|it| it.task != task);
    match left.find(|it| is_there(&it.uid) && !is_said(&it.name)) {
        Some(it) => Err(format!("{} is left behind, and nothing says so", it.name)),
        None => Ok(()),
    }
}

/// The datacenters that the task records as begun, and that no CassandraTask was created for.
pub fn unsent(world: &World) -> Vec<String> {
    let record = world.objects.own_record();
    let first = record["creating"].as_array().into_iter().flatten();
    let first = first.filter_map(|it| it.as_str().map(str::to_owned));
    let recorded = world.objects.status()["datacenters"].as_object();
    let recorded = recorded.into_iter().flatten().map(|(name, _)| name.clone());
    let is_created = |name: &String| {
        let created = (format!("task1-{name}"), world.task_uid());
        world.created.contains(&created)
    };
    let begun = first.chain(recorded);
    begun.filter(|name| !is_created(name)).collect()
}

/// Whether a datacenter was taken for one whose CassandraTask was deleted. One that was recorded as begun and not created counts so
/// where its context could not be read meanwhile. And one of two hosts, whose watch of that context is behind, takes for deleted what
/// the other has created: that is not mended yet.
fn is_lost(scenario: &Scenario, world: &World) -> bool {
    let mut copies = world.objects.status()["datacenters"]
        .as_object()
        .into_iter()
        .flatten();
    let is_uncreated = |name: &str| {
        let created = (format!("task1-{name}"), world.task_uid());
        !world.created.contains(&created)
    };
    let was_unsent = !world.unsent.is_empty();
    let is_excused = scenario.hosts > 1 || was_unsent;
    let is_excused =
        is_excused || copies.any(|(name, it)| is_true(it, "Failed") && is_uncreated(name));
    world.was_lost && is_excused
}

/// No CassandraTask is created twice, unless a user has deleted the first before anybody could know that it had begun, or the task was
/// deleted while the request was on its way.
fn once(world: &World, name: &str, task: &str) -> Result<(), String> {
    let created = (name.to_owned(), task.to_owned());
    let has_begun = world
        .objects
        .begun
        .contains(name.trim_start_matches("task1-"));
    let is_again = world.created.contains(&created) && (has_begun || world.scenario.is_plain());
    let since = world.deleted.get(task);
    let was_on_its_way = since.is_some_and(|since| world.now < since + world.latest);
    match is_again && !was_on_its_way {
        true => Err(format!("{name} is created twice")),
        false => Ok(()),
    }
}

/// The task is over, or gone with everything that was its.
fn at_the_end(scenario: &Scenario, world: &World) -> Result<(), String> {
    let objects = &world.objects;
    if !scenario.is_plain() {
        return Ok(());
    }
    if scenario.is_deleted() {
        let left = objects.children().count();
        // Where a second host has created something that the first one's watch has not shown yet, that one takes it for gone.
        let may_leave = scenario.hosts > 1;
        return match objects.is_gone() && (left == 0 || may_leave) {
            true => Ok(()),
            false => Err(format!(
                "deleted, and {left} CassandraTasks are left: {objects:#?}"
            )),
        };
    }
    let is_over = ["Complete", "Failed"].map(|it| is_true(objects.status(), it));
    match is_over.contains(&true) && !is_true(objects.status(), "Running") {
        true => Ok(()),
        false => Err(format!("it is not over: {:#}", objects.status())),
    }
}

/// What people see in the end: the statuses of the conditions, and what has become of each datacenter.
fn outcome(objects: &Simulation) -> BTreeMap<String, bool> {
    let types = ["Running", "Failed", "Complete", "Invalid", "Stalled"];
    let conditions = types.map(|it| (it.to_owned(), is_true(objects.status(), it)));
    let children = objects.own_children().map(|child| {
        let name = child.datacenter().to_owned();
        (name, is_true(child.status(), "Failed"))
    });
    conditions.into_iter().chain(children).collect()
}

fn is_over(child: &Value) -> bool {
    child["status"]["completionTime"].is_string()
}
