//! `cargo xtask apiserver`: builds etcd, kube-apiserver and the controller manager as one program, from the Go module
//! tests/kube-env/server. In comes the module, out goes target/kube-test-server; it is not started here.

use anyhow::bail;
use xshell::{Shell, cmd};

use crate::checkout::Checkout;
use crate::install::works;

/// Whether Go is on this machine.
pub fn go_is_installed(sh: &Shell) -> bool {
    works(cmd!(sh, "go version"))
}

/// Builds the program. Go knows when nothing has changed.
pub fn build(checkout: &Checkout) -> anyhow::Result<()> {
    let sh = &checkout.sh;
    if !go_is_installed(sh) {
        bail!(
            "the real API server for tests is built with Go, and `go` was not found; install Go, or set \
             KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver"
        );
    }
    let source = checkout.root().join("tests/kube-env/server");
    let version = "{{.Version}}";
    let version = cmd!(sh, "go list -C {source} -m -f {version} k8s.io/kubernetes");
    let flags = linker_flags(&version.quiet().read()?);
    let program = checkout.test_server();
    eprintln!(
        "API server for tests: {} (the first time takes minutes)",
        program.display()
    );
    Ok(cmd!(
        sh,
        "go build -C {source} -trimpath -ldflags {flags} -o {program} ."
    )
    .run()?)
}

/// Leaves debug information out, and says what `kubectl version` and discovery are to answer: a build that is not
/// told calls itself v0.0.0, which clients take for too old.
fn linker_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let [major, minor] = [(); 2].map(|()| numbers.next().unwrap_or_default());
    let told = [
        ("gitVersion", version),
        ("gitMajor", major),
        ("gitMinor", minor),
    ];
    let told =
        told.map(|(name, value)| format!(" -X k8s.io/component-base/version.{name}={value}"));
    format!("-s -w{}", told.concat())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_told_whole_and_in_parts() {
        let package = "-X k8s.io/component-base/version";
        assert_eq!(
            super::linker_flags("v1.34.4"),
            format!(
                "-s -w {package}.gitVersion=v1.34.4 {package}.gitMajor=1 {package}.gitMinor=34"
            )
        );
    }
}
