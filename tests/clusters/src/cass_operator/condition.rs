//! The conditions of a status. What comes in is a condition as it would be if it were new; what goes out is the list with
//! it in its place.

use serde_json::{Map, Value, json};

/// Sets a condition in the place of the one of its type; its time moves with its status only.
pub(super) fn set_condition(status: &mut Map<String, Value>, mut condition: Value) {
    let list = status.entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = list.as_array_mut() else {
        return;
    };
    let Some(old) = conditions
        .iter_mut()
        .find(|old| old["type"] == condition["type"])
    else {
        conditions.push(condition);
        return;
    };
    if old["status"] == condition["status"] {
        condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
    }
    *old = condition;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_moves_with_the_status() {
        let mut status = Map::new();
        let times = ["1", "2", "3"]
            .into_iter()
            .zip(["True", "True", "False"])
            .map(|(time, is)| {
                set_condition(
                    &mut status,
                    json!({ "type": "Running", "status": is, "lastTransitionTime": time }),
                );
                status["conditions"][0]["lastTransitionTime"].clone()
            });
        assert_eq!(times.collect::<Vec<_>>(), ["1", "1", "3"]);
        assert_eq!(status["conditions"].as_array().map(Vec::len), Some(1));
    }
}
