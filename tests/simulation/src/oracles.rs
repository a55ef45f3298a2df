//! What must hold. They look at the API servers, not at the hosts.

use std::collections::BTreeMap;

use policy_properties::Simulation;
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
        Some(other) if scenario.is_forbid => {
            let other = other.datacenter();
            Some(format!("{datacenter} began while {other} was not over"))
        }
        _ => None,
    }
}

/// Whether all is as it must be at the end, where the same without faults has come to this end.
pub fn check(scenario: &Scenario, world: &World, calm: &World) -> Result<(), String> {
    for it in [calm, world] {
        if let Some(violation) = &it.violation {
            return Err(violation.clone());
        }
        once(scenario, it)?;
        at_the_end(scenario, it)?;
    }
    let (end, expected) = (outcome(&world.objects), outcome(&calm.objects));
    if scenario.deleted_at.is_none() && end != expected && !is_lost(scenario, world) {
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

/// The datacenters that the task records as begun, and that no CassandraTask was created for.
pub fn unsent(world: &World) -> Vec<String> {
    let record = world.objects.own_record();
    let first = record["creating"].as_array().into_iter().flatten();
    let first = first.filter_map(|it| it.as_str().map(str::to_owned));
    let recorded = world.objects.status()["datacenters"].as_object();
    let recorded = recorded.into_iter().flatten().map(|(name, _)| name.clone());
    let is_created = |name: &String| {
        let name = format!("task1-{name}");
        world.created.iter().any(|(created, _)| *created == name)
    };
    let begun = first.chain(recorded);
    begun.filter(|name| !is_created(name)).collect()
}

/// Whether a datacenter was taken for one whose CassandraTask was deleted. A host that died between its record and its create leaves it
/// so where its context cannot be read by the next host either. And one of two hosts, whose watch of that context is behind, takes for
/// deleted what the other has created: that is not mended yet.
fn is_lost(scenario: &Scenario, world: &World) -> bool {
    world.was_lost && (scenario.hosts > 1 || !world.unsent.is_empty())
}

/// Where two hosts run, one that has not seen yet that the task is deleted may create what the other has deleted, and nobody deletes it
/// if the task is gone by then. That is not mended yet.
fn is_mended(scenario: &Scenario) -> bool {
    scenario.deleted_at.is_none() || scenario.hosts == 1
}

/// No CassandraTask was created twice.
fn once(scenario: &Scenario, world: &World) -> Result<(), String> {
    if !is_mended(scenario) {
        return Ok(());
    }
    let mut uids: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, uid) in &world.created {
        if uids.insert(name, uid).is_some() {
            return Err(format!("{name} was created twice"));
        }
    }
    Ok(())
}

/// The task is over, or gone with everything that was its.
fn at_the_end(scenario: &Scenario, world: &World) -> Result<(), String> {
    let objects = &world.objects;
    if scenario.deleted_at.is_some() {
        let left = objects.children().count();
        return match objects.is_gone() && (left == 0 || !is_mended(scenario)) {
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

fn is_true(status: &Value, condition: &str) -> bool {
    let conditions = status["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|it| it["type"] == condition && it["status"] == "True")
}

fn is_over(child: &Value) -> bool {
    child["status"]["completionTime"].is_string()
}
