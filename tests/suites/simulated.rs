//! Every behaviour on simulated clusters, where the component is held against the native policy at every call.

fn main() -> std::process::ExitCode {
    pilothouse_tests::runner::main("simulated", pilothouse_tests::simulated::run)
}
