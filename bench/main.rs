//! What lists cost the server, by its CPU time per request, as ratios against a bare handler of the same framework that answers
//! as many bytes in the same run. `bench/README.md` says how to run it and how to read it.

mod bare;
mod client;
mod load;
mod pages;
mod portal;
mod process;
mod report;

use std::io::Write;
use std::path::PathBuf;

use pages::PAGES;
use process::Cost;

/// How a run goes.
struct Plan {
    /// The stores, by their number of accounts.
    sizes: Vec<usize>,
    /// How often each page is measured in each store; the median counts.
    rounds: usize,
    /// For how long a page is asked for in one round, in milliseconds.
    slice: u64,
    /// Where the stores are kept.
    stores: PathBuf,
    /// Only pages whose name holds this.
    only: String,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return bare::serve(&args.next().unwrap_or_default());
    }
    let plan = plan();
    process::pin_to_the_client_core()?;
    let results = run(&plan)?;
    report::print(&plan, &results, &mut std::io::stdout())
}

fn plan() -> Plan {
    let set = |name: &str| std::env::var(format!("LATCHKEY_BENCH_{name}")).ok();
    let number = |name: &str| set(name).and_then(|text| text.parse().ok());
    let sizes = set("SIZES").unwrap_or_else(|| "1000,100000,1000000".into());
    Plan {
        sizes: sizes.split(',').filter_map(|size| size.trim().parse().ok()).collect(),
        rounds: number("ROUNDS").unwrap_or(7),
        slice: number("SLICE").unwrap_or(400).try_into().unwrap_or(400),
        stores: set("STORES").map_or_else(|| PathBuf::from("target/bench"), PathBuf::from),
        only: set("ONLY").unwrap_or_default(),
    }
}

/// What a page costs in a store.
pub struct Measured {
    name: &'static str,
    size: usize,
    bytes: usize,
    /// Nanoseconds of CPU per request, one for each round.
    page: Vec<f64>,
    /// The same of the bare handler.
    bare: Vec<f64>,
}

/// Starts a portal for each store and one bare handler, and asks each for each page, round after round, so that whatever slows
/// the machine for a while slows all of them.
fn run(plan: &Plan) -> Outcome<Vec<Measured>> {
    let mut portals = Vec::new();
    for size in &plan.sizes {
        portals.push(portal::start(plan, *size)?);
    }
    let bare = bare::start()?;
    let pages: Vec<_> = PAGES.iter().filter(|page| page.name.contains(&plan.only)).collect();
    let mut results = Vec::new();
    for page in &pages {
        for portal in &mut portals {
            let head = portal.head(page)?;
            let answer = client::once(portal.port, &head)?;
            if answer.status != 200 {
                return Err(format!("{} at {} answers {}", page.name, portal.size, answer.status).into());
            }
            page.look(&answer.body, portal.size)?;
            results.push(Measured {
                name: page.name,
                size: portal.size,
                bytes: answer.body.len(),
                page: Vec::new(),
                bare: Vec::new(),
            });
        }
    }
    for round in 0..plan.rounds {
        let mut result = results.iter_mut();
        for page in &pages {
            for portal in &mut portals {
                let Some(measured) = result.next() else { break };
                let head = portal.head(page)?;
                measured.page.push(cost(portal.process.id(), portal.port, &head, plan)?);
                let path = format!("/{}", measured.bytes);
                measured.bare.push(cost(bare.process.id(), bare.port, &client::get(&path, &[]), plan)?);
            }
        }
        writeln!(std::io::stderr(), "round {} of {}", round + 1, plan.rounds)?;
    }
    Ok(results)
}

/// CPU time per request of the process `id`, in nanoseconds, while it is asked the same again and again.
fn cost(id: u32, port: u16, head: &str, plan: &Plan) -> Outcome<f64> {
    load::run(port, head, plan.slice / 8)?;
    let before = Cost::of(id)?;
    let requests = load::run(port, head, plan.slice)?;
    let spent = Cost::of(id)?.since(&before);
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    Ok(spent as f64 / requests as f64)
}
