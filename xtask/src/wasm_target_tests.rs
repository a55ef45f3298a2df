//! The order of preference, by data: what is found on a machine, and what is then done.

use super::*;

fn pair() -> Pair {
    Pair {
        compiler: "/usr/bin/rustc".into(),
        source: "/usr/lib/rustlib/src/rust".into(),
        release: "1.96.0".to_owned(),
    }
}

/// A machine where every way is open, and nothing has been tried.
fn everything() -> Found {
    Found {
        target: true,
        rustup: Some(Attempt::Untried),
        source: true,
        debian: Some(pair()),
        apt: Some(Attempt::Untried),
    }
}

#[test]
fn each_way_is_taken_when_those_before_it_are_closed() {
    let mut found = everything();
    assert_eq!(next(&found), Step::Take(Route::Installed));
    found.target = false;
    assert_eq!(next(&found), Step::AddTarget);
    found.rustup = None;
    assert_eq!(next(&found), Step::Take(Route::LibrarySource));
    found.source = false;
    assert_eq!(next(&found), Step::Take(Route::Debian(pair())));
    found.debian = None;
    assert_eq!(next(&found), Step::InstallDebianPair);
    found.apt = None;
    assert_eq!(next(&found), Step::GiveUp);
}

#[test]
fn what_failed_in_this_build_is_not_tried_again() {
    let found = Found {
        rustup: Some(Attempt::FailedNow),
        apt: Some(Attempt::FailedNow),
        ..Found::default()
    };
    assert_eq!(next(&found), Step::GiveUp);
}

#[test]
fn a_refusal_of_an_earlier_build_costs_nothing_while_there_is_another_way() {
    let refused = Found {
        target: false,
        rustup: Some(Attempt::FailedBefore),
        ..everything()
    };
    assert_eq!(next(&refused), Step::Take(Route::LibrarySource));
    let to_install = Found {
        source: false,
        debian: None,
        ..refused
    };
    assert_eq!(next(&to_install), Step::InstallDebianPair);
}

#[test]
fn rustup_is_asked_again_before_giving_up() {
    let found = Found {
        rustup: Some(Attempt::FailedBefore),
        apt: Some(Attempt::FailedNow),
        ..Found::default()
    };
    assert_eq!(next(&found), Step::AddTarget);
}

#[test]
fn the_advice_says_what_was_tried_and_what_to_install() {
    let text = advice(&["rustup target add: no network".to_owned()]);
    assert!(
        text.contains("tried: rustup target add: no network"),
        "{text}"
    );
    for way in [
        "rustup target add wasm32",
        "component add rust-src",
        "rust-web-src",
    ] {
        assert!(text.contains(way), "{text}");
    }
}

/// The arguments and the changes of the environment that a route gives to cargo.
fn prepared(route: &Route) -> (Vec<String>, Vec<String>) {
    let mut cargo = Command::new("cargo");
    route.prepare(&mut cargo).unwrap();
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    let arguments = cargo.get_args().map(text).collect();
    let variables = cargo
        .get_envs()
        .map(|(name, value)| format!("{}={}", text(name), value.map(text).unwrap_or_default()))
        .collect();
    (arguments, variables)
}

#[test]
fn only_an_installed_target_is_left_to_the_stable_compiler_alone() {
    let (arguments, variables) = prepared(&Route::Installed);
    assert_eq!(arguments, ["--target", TARGET]);
    assert_eq!(variables, [""; 0]);

    let build_std = ["--target", TARGET, "-Zbuild-std=std,panic_abort"];
    let (arguments, variables) = prepared(&Route::LibrarySource);
    assert_eq!(arguments, build_std);
    assert_eq!(variables, ["RUSTC_BOOTSTRAP=1"]);

    let (arguments, variables) = prepared(&Route::Debian(pair()));
    assert_eq!(arguments, build_std);
    assert!(
        variables.contains(&"RUSTC_BOOTSTRAP=1".to_owned()),
        "{variables:?}"
    );
    assert!(
        variables.contains(&"RUSTC=/usr/bin/rustc".to_owned()),
        "{variables:?}"
    );
    assert!(
        variables.contains(&"LD_LIBRARY_PATH=".to_owned()),
        "{variables:?}"
    );
}

#[test]
fn a_directory_without_the_library_is_no_target() {
    let directory = tempfile::tempdir().unwrap();
    let toolchain = Toolchain {
        sysroot: directory.path().to_owned(),
        libraries: directory.path().join("lib"),
    };
    assert!(!toolchain.has_target(), "no directory");
    fs::create_dir(&toolchain.libraries).unwrap();
    assert!(!toolchain.has_target(), "an empty one");
    fs::write(toolchain.libraries.join("libstd-0123.rlib"), "").unwrap();
    assert!(toolchain.has_target());
}
