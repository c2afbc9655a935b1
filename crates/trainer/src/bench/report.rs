//! The results as tables, as JSON and as figures.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use backends::{Backend, Opened};
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::{Value, json};

use super::accuracy::{GOALS, Race};
use super::contest::{Kind, Score, median};
use super::parts::Parts;
use super::size::Size;
use super::start::{Preset, Start};
use pages::colours::Colour;
use pages::plot::{Axis, Mark, Panel, Series, figure};

/// Multiplications and additions of a training step for each image: forward, gradient of the weights,
/// and, but for the first layer, gradient of the input.
pub(super) fn operations(size: Size) -> f64 {
    let [h1, h2] = size.hidden.map(|units| units as f64);
    4.0 * 784.0 * h1 + 6.0 * h1 * h2 + 6.0 * h2 * 10.0
}

/// Everything that was measured.
pub(crate) struct Report {
    machine: Vec<String>,
    backends: Vec<Backend>,
    sizes: Vec<(Size, Vec<Score>)>,
    xor: Vec<Score>,
    parts: Vec<Parts>,
    starts: Vec<Start>,
    races: Vec<Race>,
    presets: Vec<Preset>,
}

impl Report {
    /// An empty report on these backends.
    pub(crate) fn new(backends: &[(Backend, Opened)]) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut machine = vec![format!("{cores} cores, Burn {}", backends::BURN_VERSION)];
        machine.extend(
            backends
                .iter()
                .map(|(backend, opened)| format!("{backend}: {}", opened.description())),
        );
        Self {
            machine,
            backends: backends.iter().map(|(backend, _)| *backend).collect(),
            sizes: vec![],
            xor: vec![],
            parts: vec![],
            starts: vec![],
            races: vec![],
            presets: vec![],
        }
    }

    pub(crate) fn add_size(&mut self, size: Size, scores: Vec<Score>) {
        self.sizes.push((size, scores));
    }

    pub(crate) fn add_xor(&mut self, scores: Vec<Score>) {
        self.xor = scores;
    }

    pub(crate) fn add_parts(&mut self, parts: Parts) {
        self.parts.push(parts);
    }

    pub(crate) fn add_start(&mut self, start: Start) {
        self.starts.push(start);
    }

    pub(crate) fn add_accuracy(&mut self, race: Race) {
        self.races.push(race);
    }

    pub(crate) fn add_preset(&mut self, preset: Preset) {
        self.presets.push(preset);
    }

    /// Tables for people.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.machine.join("\n"));
        for (size, scores) in &self.sizes {
            text += &format!("\n{size}: images per second, medians (min to max)\n");
            text += &size_table(*size, scores);
        }
        text += "\nXOR net 2-4-1, all four rows at once: steps per second\n";
        text += &rate_table(&self.xor);
        for (size, _) in &self.sizes {
            text += &format!("\n{size}: where a step's time goes, in microseconds\n");
            text += &self.parts_table(*size);
        }
        text += "\nFrom the start of the program, one epoch of the default run\n";
        text += &self.start_table();
        if !self.races.is_empty() {
            text += "\nTraining to a test accuracy: seconds (epochs), without evaluation\n";
            text += &self.race_table();
        }
        if let Some(preset) = self.presets.first() {
            text += &format!("\n--preset {}\n", preset.name);
            text += &self.preset_table();
        }
        text.trim_end().to_owned()
    }

    fn parts_table(&self, size: Size) -> String {
        let mut table = grid([
            "",
            "hand-over",
            "gather",
            "forward",
            "gradients",
            "update",
            "ranks",
            "all",
        ]);
        for parts in self.parts.iter().filter(|parts| parts.size == size) {
            let micros = |value: f64| format!("{value:.0}");
            let stages = match parts.stages {
                Some(stages) => [
                    micros(stages.hand_over),
                    micros(stages.gather),
                    stages.forward.map_or("with gradients".to_owned(), micros),
                    micros(stages.gradients),
                    micros(stages.update),
                ],
                None => ["", "", "", "all at once", ""].map(str::to_owned),
            };
            let name = vec![parts.name.clone()];
            let ranks = parts.adding_up.map_or(String::new(), micros);
            table.add_row([name, stages.to_vec(), vec![ranks, micros(parts.all)]].concat());
        }
        aligned(table)
    }

    fn start_table(&self) -> String {
        let mut table = grid(["", "ready for the first step", "peak memory"]);
        for start in &self.starts {
            let memory = start.peak_memory.map(|bytes| bytes as f64 / 1e6);
            table.add_row([
                start.name.clone(),
                format!("{:.2} s", start.setup_seconds),
                memory.map_or("unknown".to_owned(), |mb| format!("{mb:.0} MB")),
            ]);
        }
        aligned(table)
    }

    fn race_table(&self) -> String {
        let goals = GOALS.map(|goal| format!("{:.1} %", 100.0 * goal));
        let [first, second, third] = &goals;
        let mut table = grid(["", first, second, third]);
        for race in &self.races {
            let arrival = |i: usize| match (race.seconds[i], race.epochs[i]) {
                (Some(seconds), Some(epochs)) => format!("{seconds:.1} ({epochs})"),
                _ => "not reached".to_owned(),
            };
            table.add_row([race.name.clone(), arrival(0), arrival(1), arrival(2)]);
        }
        aligned(table)
    }

    fn preset_table(&self) -> String {
        let mut table = grid(["", "training", "test accuracy"]);
        for preset in &self.presets {
            table.add_row([
                format!("seed {}", preset.seed),
                format!("{:.2} s", preset.train_seconds),
                format!("{:.2} %", 100.0 * preset.test_accuracy),
            ]);
        }
        aligned(table)
    }

    /// One object per line, each with `"event"`.
    ///
    /// # Errors
    ///
    /// Never: everything is made of strings and numbers.
    pub(crate) fn to_json(&self) -> Result<String> {
        let mut lines = vec![json!({"event": "machine", "machine": self.machine})];
        for (size, scores) in &self.sizes {
            for score in scores {
                let fields = json!({"size": size, "median": score.median(), "unit": "images/s"});
                lines.push(event("rate", score, fields)?);
            }
        }
        for score in &self.xor {
            let fields = json!({"size": "xor", "median": score.median(), "unit": "steps/s"});
            lines.push(event("rate", score, fields)?);
        }
        for parts in &self.parts {
            lines.push(event("parts", parts, json!({"unit": "µs/step"}))?);
        }
        for start in &self.starts {
            lines.push(event("start", start, json!({}))?);
        }
        for race in &self.races {
            lines.push(event("accuracy", race, json!({"goals": GOALS}))?);
        }
        for preset in &self.presets {
            lines.push(event("preset", preset, json!({}))?);
        }
        let lines = lines.iter().map(Value::to_string);
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Writes a figure: the rates of every round, a panel for each size and backend, peers in each.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn plot(&self, file: &Path) -> Result<()> {
        let panels = self.sizes.iter().flat_map(|(size, scores)| {
            let panel = |backend: &Backend| panel(*size, *backend, scores);
            self.backends.iter().map(panel)
        });
        let svg = figure(&panels.collect::<Vec<_>>(), self.backends.len())?.to_svg();
        fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))
    }
}

const THOUSAND: f64 = 1000.0;

/// The rates of a backend and of all peers.
fn panel(size: Size, backend: Backend, scores: &[Score]) -> Panel {
    let of_backend = format!("{backend} ");
    let is_here = |score: &&Score| {
        let everywhere = matches!(score.kind, Kind::Peer | Kind::Limit);
        everywhere || score.name.starts_with(&of_backend)
    };
    let shown = scores.iter().filter(is_here).collect::<Vec<_>>();
    let rounds = shown.first().map_or(1, |score| score.rates.len()).max(2);
    let most = shown.iter().flat_map(|score| &score.rates);
    let most = most.copied().fold(0.0, f64::max) / THOUSAND;
    // Space for the legend above the curves.
    let (x, y) = (
        Axis::linear("round", 1.0..rounds as f64),
        Axis::linear("thousand images per second", 0.0..1.7 * most),
    );
    let panel = Panel::new(format!("{backend}: {size}"), x, y);
    let series = shown.into_iter().zip(Colour::SERIES.into_iter().cycle());
    series.fold(panel, |panel, (score, colour)| {
        let mark = match score.kind {
            Kind::Training => Mark::Path,
            Kind::Products | Kind::Limit => Mark::Dashed,
            Kind::Peer => Mark::Line,
        };
        let points = score.rates.iter().enumerate();
        let points = points.map(|(i, &rate)| ((i + 1) as f64, rate / THOUSAND));
        panel.with(Series::new(&score.name, colour, mark, points))
    })
}

fn event(name: &str, thing: &impl Serialize, more: Value) -> Result<Value> {
    let mut value = serde_json::to_value(thing)?;
    let fields = value.as_object_mut().context("results are objects")?;
    fields.insert("event".to_owned(), name.into());
    for (key, value) in more.as_object().into_iter().flatten() {
        fields.insert(key.clone(), value.clone());
    }
    Ok(value)
}

fn grid<const N: usize>(columns: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns);
    table
}

fn aligned(mut table: Table) -> String {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}

/// A median with minimum and maximum.
fn spread(score: &Score) -> String {
    let least = score.rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = score.rates.iter().copied().fold(0.0, f64::max);
    format!("{:.0} ({least:.0} to {most:.0})", score.median())
}

fn rate_table(scores: &[Score]) -> String {
    let mut table = grid(["", "median (spread)"]);
    for score in scores {
        table.add_row([score.name.clone(), spread(score)]);
    }
    aligned(table)
}

/// A ratio is the median over the rounds of the ratio of two segments of the same round.
fn ratio(score: &Score, to: &Score) -> String {
    format!("{:.2}", median_ratio(score, to))
}

/// The same in percent.
fn percent(score: &Score, of: &Score) -> String {
    format!("{:.0} %", 100.0 * median_ratio(score, of))
}

fn median_ratio(score: &Score, to: &Score) -> f64 {
    let ratios = score.rates.iter().zip(&to.rates).map(|(a, b)| a / b);
    median(&ratios.collect::<Vec<_>>())
}

fn size_table(size: Size, scores: &[Score]) -> String {
    let peers = scores.iter().filter(|score| score.kind == Kind::Peer);
    let peers = peers.collect::<Vec<_>>();
    let mut columns = vec!["".to_owned(), "images/s".to_owned(), "GFLOP/s".to_owned()];
    columns.extend(["of the limit", "of its products"].map(str::to_owned));
    let limit = scores.iter().find(|score| score.kind == Kind::Limit);
    columns.extend(peers.iter().map(|peer| format!("to {}", peer.name)));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns);
    for score in scores {
        let backend = score.name.split(' ').next().unwrap_or_default();
        let products = scores.iter().find(|products| {
            products.kind == Kind::Products && products.name.split(' ').next() == Some(backend)
        });
        let mut row = vec![
            score.name.clone(),
            spread(score),
            format!("{:.0}", score.median() * operations(size) / 1e9),
            match (score.kind, limit) {
                (Kind::Limit, _) | (_, None) => String::new(),
                (_, Some(limit)) => percent(score, limit),
            },
            match (score.kind, products) {
                (Kind::Training, Some(products)) => ratio(score, products),
                _ => String::new(),
            },
        ];
        row.extend(peers.iter().map(|peer| match score.kind {
            Kind::Training => ratio(score, peer),
            Kind::Products | Kind::Limit | Kind::Peer => String::new(),
        }));
        table.add_row(row);
    }
    aligned(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let score = |rates: [f64; 3]| Score {
            name: "flex manual".to_owned(),
            kind: Kind::Training,
            rates: rates.into(),
        };
        // The machine was half as fast in the second round.
        assert_eq!(
            ratio(&score([200.0, 100.0, 210.0]), &score([100.0, 50.0, 105.0])),
            "2.00"
        );
    }

    #[test]
    fn a_step_has_as_many_operations_as_the_lecture_counts() {
        let size = "800-800:128".parse().unwrap();
        assert_eq!(operations(size), 6_396_800.0);
    }
}
