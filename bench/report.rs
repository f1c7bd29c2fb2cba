//! The table.

use std::io::Write;

use crate::{Measured, Outcome, Plan};

/// The name of the page that others are compared with.
const PLAIN: &str = "users, page 1";

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of what each round's pair of measurements comes to.
fn paired(over: &[f64], under: &[f64]) -> f64 {
    median(&over.iter().zip(under).map(|(over, under)| over / under).collect::<Vec<_>>())
}

/// Prints a line for each page and store: what it costs, and the ratios that are to be kept.
pub fn print(plan: &Plan, results: &[Measured], out: &mut impl Write) -> Outcome<()> {
    let find = |name: &str, size: usize| results.iter().find(|other| other.name == name && other.size == size);
    writeln!(
        out,
        "| page | accounts | bytes | bare, µs | page, µs | bare ÷ page | ÷ fewest accounts | ÷ users, page 1 |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
    for result in results {
        let ratio = |other: Option<&Measured>| {
            other.map_or_else(String::new, |other| format!("{:.2}", paired(&result.page, &other.page)))
        };
        let fewest = plan.sizes.first().filter(|first| **first != result.size);
        writeln!(
            out,
            "| {} | {} | {} | {:.1} | {:.1} | {:.3} | {} | {} |",
            result.name,
            result.size,
            result.bytes,
            median(&result.bare) / 1_000.0,
            median(&result.page) / 1_000.0,
            paired(&result.bare, &result.page),
            ratio(fewest.and_then(|first| find(result.name, *first))),
            ratio(find(PLAIN, result.size).filter(|_| result.name != PLAIN)),
        )?;
    }
    Ok(())
}
