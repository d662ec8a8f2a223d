//! Tables: for a terminal, and in Markdown for documents.

use std::fmt::Write as _;

use super::{Report, Run};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Plain,
    /// For documents.
    Markdown,
}

/// All of a report.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let mut text = heading(report, style);
    let latencies = latencies(report);
    if latencies.len() > 1 {
        text.push_str(&table(&latencies, style));
        text.push('\n');
    }
    text.push_str(&table(&figures(report), style));
    if report.runs.iter().any(|run| run.messages.is_some()) {
        text.push('\n');
        text.push_str(&table(&messages(report), style));
    }
    text.push('\n');
    for run in &report.runs {
        let _ = writeln!(text, "{}: {}", run.server, run.durability);
    }
    for run in &report.runs {
        for (reason, count) in &run.refusals {
            let _ = writeln!(text, "{}: {count} refused: {reason}", run.server);
        }
        for problem in &run.problems {
            let _ = writeln!(text, "{}: PROBLEM: {problem}", run.server);
        }
    }
    text
}

fn heading(report: &Report, style: Style) -> String {
    let machine = &report.machine;
    let about = format!(
        "{} cores, {}, {}; seed {}",
        machine.cores, machine.processor, machine.system, report.seed
    );
    match style {
        Style::Plain => format!("{} ({about})\n\n", report.scenario),
        Style::Markdown => format!("`seqline-load {}` ({about})\n\n", report.scenario),
    }
}

fn latencies(report: &Report) -> Vec<Vec<String>> {
    let titles = [
        "milliseconds",
        "",
        "count",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
    ];
    let mut rows = vec![row(titles)];
    for run in &report.runs {
        for latency in &run.latencies {
            let of = &latency.percentiles;
            let times = [of.p50_ms, of.p90_ms, of.p99_ms, of.p99_9_ms, of.max_ms];
            let mut cells = vec![
                run.server.clone(),
                latency.name.to_owned(),
                of.count.to_string(),
            ];
            cells.extend(times.map(number));
            rows.push(cells);
        }
    }
    rows
}

fn figures(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(["", "", "value", "unit"])];
    for run in &report.runs {
        let mut add = |name: &str, value: f64, unit: &str| {
            rows.push(row([&run.server, name, &number(value), unit]));
        };
        for figure in &run.figures {
            add(figure.name, figure.value, figure.unit);
        }
        if let Some(taken) = &run.process {
            add("processor", taken.cpu_s / taken.time_s, "cores");
            if let Some(cpu_s) = taken.database_cpu_s {
                add("processor of the database", cpu_s / taken.time_s, "cores");
            }
            add(
                "processor of this tool",
                taken.generator_cpu_s / taken.time_s,
                "cores",
            );
            add("memory, first", mebibytes(taken.resident_kib_first), "MiB");
            add("memory, most", mebibytes(taken.resident_kib_max), "MiB");
            add("memory, last", mebibytes(taken.resident_kib_last), "MiB");
        }
    }
    rows
}

fn messages(report: &Report) -> Vec<Vec<String>> {
    let titles = [
        "messages",
        "begun",
        "acknowledged",
        "received",
        "refused",
        "unanswered",
        "lost",
        "doubled",
        "out of order",
    ];
    let mut rows = vec![row(titles)];
    for Run {
        server, messages, ..
    } in &report.runs
    {
        if let Some(of) = messages {
            let counts = [
                of.begun,
                of.acknowledged,
                of.received,
                of.refused,
                of.unanswered,
                of.lost,
                of.doubled,
                of.out_of_order,
            ];
            let mut cells = vec![server.clone()];
            cells.extend(counts.map(|count| count.to_string()));
            rows.push(cells);
        }
    }
    rows
}

fn table(rows: &[Vec<String>], style: Style) -> String {
    match style {
        Style::Plain => plain(rows),
        Style::Markdown => markdown(rows),
    }
}

fn plain(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            if is_number(cell) {
                let _ = write!(line, "{cell:>width$}  ");
            } else {
                let _ = write!(line, "{cell:<width$}  ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if at == 0 {
            let below = rows.get(1).unwrap_or(row);
            let rules = below
                .iter()
                .map(|cell| if is_number(cell) { "---:" } else { "---" });
            let _ = writeln!(text, "| {} |", rules.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|first: char| first.is_ascii_digit())
}

/// With as many digits as say something.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
