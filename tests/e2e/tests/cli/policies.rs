//! Files of a policy that cannot be used: what is said of them, and what decides meanwhile.

use std::time::Duration;

use pilothouse_e2e::component::{self, variant};

use super::running::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn at_the_start_the_last_good_policy_takes_the_place_of_a_broken_one() {
    let ground = Ground::new(&["hub"]).await;
    let write = |name: &str, content: &[u8]| std::fs::write(ground.path(name), content).unwrap();
    std::fs::create_dir(ground.path("kept")).unwrap();
    let arguments = ["--settings=settings.json", "--last-good=kept"];
    let good = std::fs::read(component::built().unwrap()).unwrap();
    write("settings.json", b"{}");
    write("policy.wasm", b"broken");
    let mut nothing_is_kept = ground.start_with_that_policy(&arguments);
    assert_eq!(nothing_is_kept.code().await, Some(2));
    let mut host = ground.start(&arguments);
    host.says("starting").await;
    // What is swapped in is kept as well.
    let newer = variant(&good, "newer");
    write("policy.wasm", &newer);
    host.says("policy swapped").await;
    let digest = digest(&host.log(), "policy swapped");
    while !std::fs::read(ground.path("kept/last-good-policy")).is_ok_and(|it| it.ends_with(&newer))
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.terminate();
    assert_eq!(host.code().await, Some(0));

    for (name, broken, mended) in [
        ("settings.json", &b"not JSON"[..], b"{}".to_vec()),
        ("policy.wasm", b"broken", variant(&good, "mended")),
    ] {
        write(name, broken);
        let mut host = ground.start_with_that_policy(&arguments);
        host.says("starting").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let log = host.log();
        assert_eq!(log.matches("policy refused").count(), 1, "{log}");
        assert!(log.contains("the last good one decides instead"), "{log}");
        assert_eq!(self::digest(&log, "starting"), digest);
        // The file is followed.
        write(name, &mended);
        let takes_over = match name {
            "policy.wasm" => "policy swapped",
            _ => "again what it was",
        };
        host.says(takes_over).await;
        host.terminate();
        assert_eq!(host.code().await, Some(0));
    }
    std::fs::remove_file(ground.path("policy.wasm")).unwrap();
    std::fs::write(ground.path("kept/last-good-policy"), "damaged").unwrap();
    let mut host = ground.start_with_that_policy(&arguments);
    assert_eq!(host.code().await, Some(2));
    let log = host.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    for words in ["reading policy policy.wasm", "last good one", "damaged"] {
        assert!(log.contains(words), "{log}");
    }
}

fn digest(log: &str, words: &str) -> String {
    let line = log.lines().find(|line| line.contains(words)).unwrap();
    let digest = line.split_whitespace().find(|it| it.starts_with("digest="));
    digest.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_read_are_reported_once_each_and_the_policy_stays() {
    let ground = Ground::new(&["hub"]).await;
    std::fs::write(ground.path("settings.json"), "{}").unwrap();
    let host = ground.start(&["--settings=settings.json"]);
    host.says("starting").await;
    std::fs::remove_file(ground.path("policy.wasm")).unwrap();
    host.says("reading policy policy.wasm").await;
    let large = std::fs::File::create(ground.path("policy.wasm")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    host.says("policy policy.wasm cannot be used: more than 64 MiB")
        .await;
    std::fs::copy(component::built().unwrap(), ground.path("policy.wasm")).unwrap();
    host.says("again what it was").await;
    std::fs::remove_file(ground.path("settings.json")).unwrap();
    host.says("reading settings settings.json").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = host.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("stays=")).collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(!log.contains("policy swapped"), "{log}");
}
