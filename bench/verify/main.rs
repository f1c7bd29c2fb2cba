//! What checking a token costs the server, by its CPU time per request, as ratios against a bare handler of the same framework; and how
//! long it takes while others log in and write. `bench/README.md` says how to run it and how to read it.

#[path = "../bare.rs"]
mod bare;
#[path = "../client.rs"]
mod client;
mod clocked;
mod flood;
mod memory;
#[path = "../process.rs"]
mod process;
mod scene;

use std::io::Write;
use std::path::PathBuf;

use flood::Pick;
use process::Cost;
use scene::Scene;

/// How a run goes.
struct Plan {
    /// How many accounts the store has, with ten tokens each.
    accounts: usize,
    /// How often each is measured; the median counts.
    rounds: usize,
    /// For how long in one round, in milliseconds.
    slice: u64,
    /// Where the store is kept.
    store: PathBuf,
    /// What is measured: that in whose name this stands.
    only: String,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How many tokens the hot set has.
const HOT: usize = 1_000;
/// How many connections ask at once.
const CONNECTIONS: usize = 64;
/// At which part of what it can do latency is measured.
const LOAD: f64 = 0.3;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return bare::serve(&args.next().unwrap_or_default());
    }
    let set = |name: &str| std::env::var(format!("LATCHKEY_BENCH_{name}")).ok();
    let number = |name: &str| set(name).and_then(|text| text.parse::<usize>().ok());
    let stores = set("STORES").map_or_else(|| PathBuf::from("target/bench"), PathBuf::from);
    let plan = Plan {
        accounts: number("ACCOUNTS").unwrap_or(100_000),
        rounds: number("ROUNDS").unwrap_or(5),
        slice: number("SLICE").unwrap_or(1_500).try_into()?,
        store: stores.join("checks"),
        only: set("ONLY").unwrap_or_default(),
    };
    process::pin_to_the_client_core()?;
    let mut out = std::io::stdout();
    let scene = Scene::start(&plan)?;
    costs(&plan, &scene, &mut out)?;
    if "p99".contains(&plan.only) { latencies(&plan, &scene, &mut out) } else { Ok(()) }
}

/// CPU time per request of each kind of check, beside that of a bare handler.
fn costs(plan: &Plan, scene: &Scene, out: &mut impl Write) -> Outcome<()> {
    let bare = bare::start()?;
    let kinds: Vec<_> = Pick::all().into_iter().filter(|pick| pick.name().contains(&plan.only)).collect();
    let mut measured: Vec<(Vec<f64>, Vec<f64>, Vec<u64>)> = vec![Default::default(); kinds.len()];
    for round in 0..plan.rounds {
        for (pick, (costs, ratios, rates)) in kinds.iter().zip(&mut measured) {
            let (base, _) = cost(bare.process.id(), bare.port, &flood::bare(), plan)?;
            let (cost, rate) = cost(scene.process.id(), scene.port, &scene.requests(*pick), plan)?;
            costs.push(cost);
            ratios.push(base / cost);
            rates.push(rate);
        }
        writeln!(std::io::stderr(), "round {} of {}", round + 1, plan.rounds)?;
    }
    writeln!(out, "| check | µs of CPU | bare ÷ check | answered a second |\n|---|--:|--:|--:|")?;
    for (pick, (costs, ratios, rates)) in kinds.iter().zip(measured) {
        let (cost, ratio) = (median(costs) / 1_000.0, median(ratios));
        let rate = median(rates.into_iter().map(|rate| rate as f64).collect());
        writeln!(out, "| {} | {cost:.2} | {ratio:.3} | {rate:.0} |", pick.name())?;
    }
    let (now, peak) = memory::of(scene.process.id())?;
    writeln!(out, "\nmemory after that: {now} MiB, at most {peak} MiB")?;
    Ok(())
}

/// CPU time per request in nanoseconds, and how many were answered a second.
fn cost(id: u32, port: u16, requests: &flood::Requests, plan: &Plan) -> Outcome<(f64, u64)> {
    flood::run(port, requests, CONNECTIONS, plan.slice / 6)?;
    let before = Cost::of(id)?;
    let answered = flood::run(port, requests, CONNECTIONS, plan.slice)?;
    let spent = Cost::of(id)?.since(&before);
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    Ok((spent as f64 / answered as f64, answered * 1_000 / plan.slice))
}

/// What goes on beside; then, by round, the percentiles and the ratio to the quiet one; how much more memory was taken at most, and how
/// much was done beside.
type Row = (&'static str, Vec<(f64, f64)>, Vec<f64>, i64, u64);

/// How long a check takes at a third of what the server can do, by itself, and while others log in or write.
fn latencies(plan: &Plan, scene: &Scene, out: &mut impl Write) -> Outcome<()> {
    let requests = scene.requests(Pick::Hot);
    let (_, most) = cost(scene.process.id(), scene.port, &requests, plan)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rate")]
    let rate = (most as f64 * LOAD) as u64;
    writeln!(out, "\np99 at {rate} a second ({:.0} % of {most})\n", LOAD * 100.0)?;
    writeln!(
        out,
        "| beside | p50, µs | p99, µs | ÷ quiet | MiB above quiet | done meanwhile |\n|---|--:|--:|--:|--:|--:|"
    )?;
    let slice = plan.slice * 2;
    let mut rows: Vec<Row> = ["nothing", "16 clients that log in", "a writer"]
        .into_iter()
        .map(|what| (what, vec![], vec![], 0, 0))
        .collect();
    for round in 0..plan.rounds.max(3) {
        let mut quiet = (f64::NAN, 0);
        for (what, times, ratios, memory, done) in &mut rows {
            memory::forget_peak(scene.process.id())?;
            let beside = scene.beside(what)?;
            let taken = clocked::run(scene.port, &requests, (CONNECTIONS, rate), slice)?;
            *done += beside.stop()?;
            let (_, peak) = memory::of(scene.process.id())?;
            if *what == "nothing" {
                quiet = (taken.1, peak);
            }
            times.push(taken);
            ratios.push(taken.1 / quiet.0);
            *memory = (*memory).max(peak - quiet.1);
        }
        writeln!(std::io::stderr(), "latency, round {}", round + 1)?;
    }
    for (what, times, ratios, memory, done) in rows {
        let (p50, p99) = times.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let (p50, p99, ratio) = (median(p50) / 1_000.0, median(p99) / 1_000.0, median(ratios));
        writeln!(out, "| {what} | {p50:.0} | {p99:.0} | {ratio:.2} | {memory} | {done} |")?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
