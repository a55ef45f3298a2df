mod course;
mod refused;

use serde_json::json;

use super::*;
use crate::reference::Reference;

fn read(steps: &str) -> Result<Scenario> {
    let text = format!(
        "story: s\ncontexts: [east, north]\nnamespace: ns\nstart: 2022-12-15T19:42:00Z\nsteps:\n{}",
        steps.replace('\n', "\n  ").trim_start_matches('\n')
    );
    Scenario::parse(Path::new("nowhere/s.yaml"), &text)
}

fn error(steps: &str) -> String {
    format!("{:#}", read(steps).unwrap_err())
}

#[test]
fn steps_happen_one_after_the_other() {
    let scenario = read(
        "
- delete: Pod a
- delete: Pod a in east
  at: 19:50:00
- wait: 5m
- restart: host
  at: 2022-12-16T00:00:00Z",
    )
    .unwrap();
    let times: Vec<String> = scenario
        .steps
        .iter()
        .map(|step| seconds(step.at).split_off(8))
        .collect();
    assert_eq!(
        times,
        [
            "15T19:43:00Z",
            "15T19:50:00Z",
            "15T19:55:00Z",
            "16T00:00:00Z"
        ]
    );
    let deleted: Reference = "Pod ns/a in east".parse().unwrap();
    assert_eq!(scenario.steps[1].change, Change::Delete(deleted));
    assert_eq!(scenario.steps[2].change, Change::Nothing);
    assert_eq!(scenario.steps[3].title, "restart the host");
}

#[test]
fn what_a_scenario_leaves_out_is_in_the_nearest_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let fixtures = directory.path().join("fixtures");
    std::fs::create_dir(&fixtures).unwrap();
    let path = directory.path().join("below/s.yaml");
    let parse = |more: &str| {
        let text = format!("story: s\nsteps: [wait: 1m]\n{more}");
        Scenario::parse(&path, &text)
    };
    let missing = format!("{:#}", parse("").unwrap_err());
    assert!(missing.contains("start: say"), "{missing}");

    let defaults = "contexts: [east]\nnamespace: ns\nstart: 2022-12-15T19:42:00Z\n";
    std::fs::write(fixtures.join("defaults.yaml"), defaults).unwrap();
    let scenario = parse("namespace: own\ncontexts: []").unwrap();
    assert_eq!(scenario.contexts, [""; 0]);
    assert_eq!(scenario.namespace, "own");
    assert_eq!(parse("").unwrap().contexts, ["east"]);

    std::fs::write(fixtures.join("defaults.yaml"), "given: []").unwrap();
    let odd = format!("{:#}", parse("").unwrap_err());
    assert!(
        odd.contains("defaults.yaml:1:1: unknown field `given`"),
        "{odd}"
    );
}

#[test]
fn an_object_is_in_the_namespace_of_the_scenario_and_now_is_the_time_of_the_step() {
    let steps = "
- apply: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {since: $now}}
  context: east";
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ns"},
        "spec": {"since": "2022-12-15T19:43:00Z"}});
    let context = Some("east".to_owned());
    assert_eq!(
        read(steps).unwrap().steps[0].change,
        Change::Apply { context, object }
    );
}

#[test]
fn now_is_the_time_of_the_step_in_what_is_expected_too() {
    let steps = "
- wait: 5m
  expect:
    status: {since: $now}
    objects: {Pod a: {spec: {since: $now}}, Pod b: null}";
    let expect = &read(steps).unwrap().steps[0].expect;
    let now = "2022-12-15T19:47:00Z";
    assert_eq!(expect.status, Some(json!({"since": now})));
    let objects: Vec<&Value> = expect.objects.values().collect();
    assert_eq!(objects, [&json!({"spec": {"since": now}}), &Value::Null]);
}

#[test]
fn scenarios_are_in_folders_and_what_they_read_in_fixtures() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let story = "story: s\nstart: 2022-12-15T19:42:00Z\ngiven: [file: pod.yaml]\nsteps: [wait: 5m]";
    let pod = |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}}}");
    write("b.yaml", story);
    write("a/near.yaml", story);
    write("fixtures/pod.yaml", &pod("above"));
    write("a/fixtures/pod.yaml", &pod("near"));
    let files = files(root).unwrap();
    let names: Vec<String> = files.iter().map(|path| name(root, path)).collect();
    let pods = files.iter().map(|path| {
        let given = Scenario::read(path).unwrap().given;
        let Change::Apply { object, .. } = &given[0] else {
            panic!("{given:?}");
        };
        object["metadata"]["name"].as_str().unwrap().to_owned()
    });
    let pods: Vec<String> = pods.collect();
    write("c.golden", "");
    let left_over = super::files(root).unwrap_err().to_string();
    assert_eq!(names, ["a/near", "b"]);
    assert_eq!(pods, ["near", "above"]);
    assert!(
        left_over.contains("c.golden has no scenario"),
        "{left_over}"
    );
}
