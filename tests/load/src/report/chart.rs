//! The chart of a report, as SVG: for each kind of latency how it went over time, and how it is
//! spread. It is light or dark as its reader's screen is.

use svg::{
    Document,
    node::element::{Group, Line, Path, Rectangle, Style, Text, path::Data},
};

use super::{Latency, Report};

const WIDTH: f64 = 960.0;
const HEADER: f64 = 56.0;
const ROW: f64 = 260.0;
const PLOT_WIDTH: f64 = 380.0;
const PLOT_HEIGHT: f64 = 170.0;
const LEFT: [f64; 2] = [64.0, 548.0];
const TOP: f64 = 34.0;
/// Told apart by most people, in light and in dark.
const COLOURS: [&str; 6] = [
    "#2f7ed8", "#e07b00", "#2a9d5c", "#c2417c", "#7b61c9", "#8c6d3f",
];
const STYLE: &str = "\
    svg { font: 12px system-ui, sans-serif } \
    .back { fill: #ffffff } text { fill: #333333 } .small { font-size: 11px } \
    .title { font-size: 15px; font-weight: 600 } .grid { stroke: #dddddd } \
    path { fill: none; stroke-width: 1.8; stroke-linejoin: round } \
    .dashed { stroke-dasharray: 5 3 } \
    @media (prefers-color-scheme: dark) { \
    .back { fill: #16181d } text { fill: #d8dade } .grid { stroke: #353941 } }";

/// Draws it; none if nothing was timed.
#[must_use]
pub fn draw(report: &Report) -> Option<String> {
    let names = timed(report);
    if names.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let height = HEADER + ROW * names.len() as f64;
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("width", WIDTH)
        .set("height", height)
        .set("role", "img")
        .add(Style::new(STYLE))
        .add(
            Rectangle::new()
                .set("class", "back")
                .set("width", "100%")
                .set("height", "100%"),
        )
        .add(text(LEFT[0], 24.0, &title(report)).set("class", "title"))
        .add(legend(report));
    let mut top = HEADER;
    for name in names {
        document = document.add(row(report, name).set("transform", format!("translate(0 {top})")));
        top += ROW;
    }
    Some(document.to_string() + "\n")
}

/// What was timed of any server, each once; our own delay is in the table.
fn timed(report: &Report) -> Vec<&'static str> {
    let mut names = Vec::new();
    for latency in report.runs.iter().flat_map(|run| &run.latencies) {
        let is_ours = latency.name == crate::scenarios::traffic::GENERATOR_LATE;
        if latency.percentiles.count > 0 && !is_ours && !names.contains(&latency.name) {
            names.push(latency.name);
        }
    }
    names
}

fn title(report: &Report) -> String {
    format!(
        "seqline-load {}: milliseconds, {} cores",
        report.scenario, report.machine.cores
    )
}

fn legend(report: &Report) -> Group {
    let mut group = Group::new();
    let mut left = LEFT[0];
    for (run, colour) in report.runs.iter().zip(COLOURS.iter().cycle()) {
        let swatch = Rectangle::new()
            .set("x", left)
            .set("y", 36)
            .set("width", 12)
            .set("height", 12)
            .set("fill", *colour);
        group = group.add(swatch).add(text(left + 17.0, 46.0, &run.server));
        #[expect(clippy::cast_precision_loss, reason = "a short text")]
        let width = run.server.chars().count() as f64;
        left += 40.0 + 7.0 * width;
    }
    group
}

fn row(report: &Report, name: &str) -> Group {
    let of_runs: Vec<(&Latency, &str)> = report
        .runs
        .iter()
        .zip(COLOURS.iter().cycle())
        .filter_map(|(run, colour)| {
            let found = run.latencies.iter().find(|latency| latency.name == name);
            Some((found?, *colour))
        })
        .collect();
    Group::new()
        .add(over_time(name, &of_runs))
        .add(by_percentile(name, &of_runs))
}

fn over_time(name: &str, of_runs: &[(&Latency, &str)]) -> Group {
    let slots = || of_runs.iter().flat_map(|(latency, _)| &latency.over_time);
    let end_s = slots().map(|slot| slot.from_s).fold(1.0, f64::max);
    let values = slots().flat_map(|slot| [slot.latency.p50_ms, slot.latency.p99_ms]);
    let plot = Plot::new(LEFT[0], end_s, values);
    let ticks = [0.0, end_s / 2.0, end_s].map(|at_s| (at_s, format!("{at_s:.0} s")));
    let mut group = plot
        .frame(&format!("{name}, over time (line p50, dashes p99)"))
        .add(plot.ticks(&ticks));
    for (latency, colour) in of_runs {
        let slots = &latency.over_time;
        let p50 = slots.iter().map(|slot| (slot.from_s, slot.latency.p50_ms));
        let p99 = slots.iter().map(|slot| (slot.from_s, slot.latency.p99_ms));
        group = group
            .add(plot.line(p50, colour))
            .add(plot.line(p99, colour).set("class", "dashed"));
    }
    group
}

fn by_percentile(name: &str, of_runs: &[(&Latency, &str)]) -> Group {
    let points = || of_runs.iter().flat_map(|(latency, _)| &latency.curve);
    let end = points()
        .map(|point| nines(point.quantile))
        .fold(1.0, f64::max);
    let plot = Plot::new(LEFT[1], end, points().map(|point| point.latency_ms));
    let ticks: Vec<(f64, String)> = [0.0, 0.9, 0.99, 0.999, 0.9999, 0.99999]
        .into_iter()
        .map(|quantile| (nines(quantile), format!("{}%", percent(quantile))))
        .filter(|(at, _)| *at <= end + 0.01)
        .collect();
    let mut group = plot
        .frame(&format!("{name}, by percentile"))
        .add(plot.ticks(&ticks));
    for (latency, colour) in of_runs {
        let curve = latency.curve.iter();
        let points = curve.map(|point| (nines(point.quantile), point.latency_ms));
        group = group.add(plot.line(points, colour));
    }
    group
}

/// How many nines a quantile has: each is as wide as the one before.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-9).log10()
}

fn percent(quantile: f64) -> f64 {
    (quantile * 1e7).round() / 1e5
}

/// One diagram: something linear to the right, milliseconds upward, each decade as high.
struct Plot {
    left: f64,
    end: f64,
    /// Powers of ten.
    low: f64,
    high: f64,
}

impl Plot {
    fn new(left: f64, end: f64, values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let low = if least.is_finite() {
            least.log10().floor()
        } else {
            0.0
        };
        let high = if most > 0.0 { most.log10().ceil() } else { 1.0 };
        Self {
            left,
            end,
            low,
            high: high.max(low + 1.0),
        }
    }

    fn x(&self, at: f64) -> f64 {
        round(self.left + at / self.end * PLOT_WIDTH)
    }

    fn y(&self, value_ms: f64) -> f64 {
        let share = (value_ms.max(1e-6).log10() - self.low) / (self.high - self.low);
        round(TOP + PLOT_HEIGHT * (1.0 - share.clamp(0.0, 1.0)))
    }

    fn frame(&self, title: &str) -> Group {
        let mut group = Group::new().add(text(self.left, TOP - 12.0, title));
        let mut power = self.low;
        while power <= self.high {
            let value = 10_f64.powf(power);
            let y = self.y(value);
            let line = Line::new()
                .set("class", "grid")
                .set("x1", self.left)
                .set("x2", self.left + PLOT_WIDTH)
                .set("y1", y)
                .set("y2", y);
            let label = text(self.left - 8.0, y + 4.0, &format!("{value}"));
            group = group
                .add(line)
                .add(label.set("text-anchor", "end").set("class", "small"));
            power += 1.0;
        }
        group
    }

    fn ticks(&self, ticks: &[(f64, String)]) -> Group {
        let label = |(at, name): &(f64, String)| {
            text(self.x(*at), TOP + PLOT_HEIGHT + 18.0, name)
                .set("text-anchor", "middle")
                .set("class", "small")
        };
        ticks.iter().map(label).fold(Group::new(), Group::add)
    }

    fn line(&self, points: impl Iterator<Item = (f64, f64)>, colour: &str) -> Path {
        let mut data = Data::new();
        for (at, (x, y)) in points.enumerate() {
            let place = (self.x(x), self.y(y));
            data = if at == 0 {
                data.move_to(place)
            } else {
                data.line_to(place)
            };
        }
        Path::new().set("d", data).set("stroke", colour)
    }
}

fn text(x: f64, y: f64, content: &str) -> Text {
    Text::new(content).set("x", x).set("y", y)
}

/// Tenths of a pixel are enough.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
