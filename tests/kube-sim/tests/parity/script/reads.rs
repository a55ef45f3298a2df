//! Lists and watches, in each of their shapes.

use super::{BOATS, Step, at, loosely};

pub fn lists() -> Vec<Step> {
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    vec![
        Step::get(BOATS),
        Step::get("/apis/harbour.test/v1/boats"),
        Step::get(&format!("{BOATS}?limit=2")),
        Step::get(&format!("{BOATS}?fieldSelector=metadata.name%3Da")),
        Step::get(&format!("{BOATS}?resourceVersion=nonsense")),
        loosely(Step::get(&format!("{BOATS}?continue=nonsense"))),
        Step::get(BOATS).accept(table),
        Step::get(&at("e")).accept(table),
        Step::get("/apis/harbour.test/v1/harbours").accept(table),
        Step::get(&format!(
            "{BOATS}?watch=true&timeoutSeconds=1&resourceVersion=nonsense"
        )),
        Step::get("/apis/harbour.test/v1/namespaces/ns/rafts"),
        Step::get("/apis/harbour.test/v1/boats/a"),
    ]
}

pub fn watches() -> Vec<Step> {
    let watch = |query: &str| Step::get(&format!("{BOATS}?watch=true&timeoutSeconds=1&{query}"));
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    vec![
        watch(""),
        watch("resourceVersion=0&fieldSelector=metadata.name%3Da"),
        watch("fieldSelector=metadata.name%3Dnobody"),
        watch("fieldSelector=metadata.name%3Da").accept(table),
        Step::get(
            "/api/v1/namespaces?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dns",
        ),
    ]
}
