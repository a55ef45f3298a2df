//! Lists and watches, in each of their shapes.

use super::{BOATS, Step, at, loosely};

pub fn lists() -> Vec<Step> {
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    vec![
        Step::get(BOATS),
        Step::get("/apis/harbour.test/v1/boats"),
        Step::get(&format!("{BOATS}?limit=2")),
        Step::get(&format!("{BOATS}?limit=2&labelSelector=at")),
        Step::get(&format!("{BOATS}?labelSelector=at+of+(sea)")),
        Step::get(&format!("{BOATS}?labelSelector=at+in+(sea,port)")),
        Step::get(&format!("{BOATS}?fieldSelector=metadata.name%3Da")),
        Step::get(&format!("{BOATS}?fieldSelector=spec.name%3Df")),
        Step::get(&format!("{BOATS}?fieldSelector=spec.sails%3D2")),
        Step::get(&format!("{BOATS}?fieldSelector=nonsense")),
        Step::get(&format!("{BOATS}?resourceVersion=nonsense")),
        loosely(Step::get(&format!("{BOATS}?continue=nonsense"))),
        Step::get(BOATS).accept(table),
        Step::get(&at("e")).accept(table),
        Step::get(&format!("{BOATS}?includeObject=None")).accept(table),
        Step::get("/apis/harbour.test/v1/harbours").accept(table),
        Step::get(BOATS).accept(metadata),
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
    let listing =
        "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    vec![
        watch(""),
        watch("resourceVersion=0&fieldSelector=metadata.name%3Da"),
        watch("labelSelector=none"),
        watch(listing),
        watch("sendInitialEvents=true"),
        watch("fieldSelector=metadata.name%3Da").accept(table),
        watch("fieldSelector=metadata.name%3Da")
            .accept("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
        Step::get(
            "/api/v1/namespaces?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dns",
        ),
    ]
}
