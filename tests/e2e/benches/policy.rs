//! Time and fuel of one call of the policy, natively and on the component as users run it: small, typical and large clusters,
//! and how both grow with the size.
//!
//! criterion measures the times and compares them with the last run; the table at the end has its medians. Fuel is exact.

#![allow(
    clippy::print_stdout,
    reason = "a benchmark speaks to the person who runs it"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use criterion::Criterion;
use pilothouse::contract::Snapshot;
use pilothouse::policy::Policy;
use pilothouse::policy::wasm::{Limits, Runtime};
use pilothouse_e2e::{component, native};
use policy_properties::size::Size;
use serde_json::Value;

/// What is measured: a name, and how large the cluster is.
const SIZES: [(&str, Size); 5] = [
    ("small, 2 datacenters, 2 pods", Size::new(2, 1, 0)),
    ("typical, 3 datacenters, 9 pods", Size::new(3, 3, 0)),
    ("large, 100 datacenters, 5000 pods", Size::new(100, 50, 0)),
    ("large, 10 datacenters, 3000 pods", Size::new(10, 300, 0)),
    ("large, 1000 foreign CassandraTasks", Size::new(3, 3, 1000)),
];

/// The size at n.
type Growing = fn(usize) -> Size;

/// What grows from n to 2n to 4n.
const GROWTH: [(&str, Growing); 3] = [
    ("datacenters", |n| Size::new(50 * n, 3, 0)),
    ("pods", |n| Size::new(10, 50 * n, 0)),
    ("foreign CassandraTasks", |n| Size::new(3, 3, 250 * n)),
];

fn main() -> Result<()> {
    let limits = Limits::default();
    let bytes = std::fs::read(component::built()?)?;
    let component = Runtime::new(1, limits)?.load(&bytes, "{}")?;
    let native = native::Native::policy()?;
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .without_plots()
        .configure_from_args();
    let mut rows = Vec::new();
    for (name, size) in SIZES {
        let snapshot = size.snapshot(&size.progressed());
        measure(&mut criterion, name, "native", &native, &snapshot);
        measure(&mut criterion, name, "component", &component, &snapshot);
        rows.push((name, fuel(&component, &snapshot)?));
    }
    println!(
        "{:36}{:>12}{:>14}{:>15}",
        "one call", "native", "component", "fuel"
    );
    for (name, fuel) in rows {
        let time = |how: &str| median(name, how).map_or("-".into(), |it| format!("{it:.0} µs"));
        let share = 100.0 * fuel as f64 / limits.fuel as f64;
        println!(
            "{name:36}{:>12}{:>14}{fuel:>15} ({share:.1} % of the limit)",
            time("native"),
            time("component")
        );
    }
    growth(&component)
}

/// The fuel at n, 2n and 4n: twice as much for twice the size, unless a step is quadratic.
fn growth(component: &Policy) -> Result<()> {
    println!(
        "\n{:36}{:>15}{:>15}{:>15}",
        "fuel as n grows", "n", "2n", "4n"
    );
    for (what, size) in GROWTH {
        let at = |n| {
            let size = size(n);
            fuel(component, &size.snapshot(&size.progressed()))
        };
        let (one, two, four) = (at(1)?, at(2)?, at(4)?);
        let times = |more: u64, less: u64| format!("{more} ({:.2}×)", more as f64 / less as f64);
        println!(
            "{what:36}{one:>15}{:>19}{:>19}",
            times(two, one),
            times(four, two)
        );
    }
    Ok(())
}

fn measure(criterion: &mut Criterion, name: &str, how: &str, policy: &Policy, snapshot: &Snapshot) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function(how, |bencher| {
        bencher.iter(|| policy.reconcile(black_box(snapshot)));
    });
    group.finish();
}

fn fuel(component: &Policy, snapshot: &Snapshot) -> Result<u64> {
    let (_, fuel) = component.metered(snapshot)?;
    fuel.context("the component's fuel is counted")
}

/// The median that criterion has written down, in microseconds; none where a filter has left it out.
fn median(name: &str, how: &str) -> Option<f64> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")).to_owned(),
        Into::into,
    );
    let file = target
        .join("criterion")
        .join(name)
        .join(how)
        .join("new/estimates.json");
    let estimates: Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    Some(estimates["median"]["point_estimate"].as_f64()? / 1000.0)
}
