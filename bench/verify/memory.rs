//! How much memory a process takes.

use crate::Outcome;

/// How much memory a process has in use, and how much it had at most, in MiB.
pub fn of(id: u32) -> Outcome<(i64, i64)> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let in_mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<i64>().ok().map(|kib| kib / 1024)
    };
    Ok((in_mib("VmRSS:").ok_or("no VmRSS")?, in_mib("VmHWM:").ok_or("no VmHWM")?))
}

/// Has the peak of its memory begin anew.
pub fn forget_peak(id: u32) -> Outcome<()> {
    Ok(std::fs::write(format!("/proc/{id}/clear_refs"), "5")?)
}
