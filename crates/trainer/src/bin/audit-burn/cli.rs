//! The command line.

use std::ops::Range;
use std::path::PathBuf;

use backends::Backend;
use burn_suite::Family;
use clap::Parser;
use programs::Format;
use programs::setup::backend_argument;
use training::number::parse::seed;

use crate::random::Disaster;

/// Check the gradients of Burn's own operations with formulas and finite differences.
///
/// The operations, and the layers and losses of burn::nn, run on ndarray and flex in f64 and f32, and
/// on wgpu in f32. A disagreement passes only if the ledger lists it.
#[derive(Debug, Parser)]
#[command(
    name = "audit-burn",
    version,
    help_expected = true,
    after_help = "Exit codes: 0 every disagreement is in the ledger, and every entry of the ledger \
                  still occurs; 1 a disagreement is not in the ledger, or an entry no longer \
                  occurs; 2 it could not run."
)]
pub(crate) struct Cli {
    /// Backend to check on; repeat the option for more [default: all that can run here].
    #[arg(long = "backend", value_parser = backend_argument(), value_name = "NAME")]
    pub(crate) backends: Vec<Backend>,

    /// Check only operations with this text in their name, such as `softmax` or `nn::Lstm`.
    #[arg(long = "case", value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,

    /// Seed of values and upstream gradients: any whole number from 0.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0, value_parser = seed, value_name = "N")]
    pub(crate) seed: u64,

    /// Check at each of these seeds, from A up to B without B, and count the disagreements that are not
    /// in the ledger by operation, such as `0..200`.
    #[arg(long, conflicts_with = "seed", value_parser = seeds, value_name = "A..B")]
    pub(crate) seeds: Option<Range<u64>>,

    /// Judge N random programs of 5 to 60 operations instead of the table, with the seeds from --seed on: on
    /// the CPU backends, or on those named. What is wrong is printed as a small program in Rust.
    #[arg(long, conflicts_with_all = ["seeds", "pattern", "page"], value_parser = count, value_name = "N")]
    pub(crate) programs: Option<u64>,

    /// Also write the page "Gradients of Burn" to this folder, as Markdown and HTML.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) page: Option<PathBuf>,

    /// Print an issue for Burn's tracker about an entry of the lists of known faults, or about `all` of them:
    /// title, program, expected, got, place in the source, fix.
    #[arg(long, conflicts_with_all = ["programs", "seeds", "pattern", "page"], value_name = "ID")]
    pub(crate) report: Option<String>,

    /// Write the issues of --report to this folder, a file each, the most harmful first.
    #[arg(long, requires = "report", value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,

    /// Check in this process and write JSON: for the processes that this program starts.
    #[arg(long, hide = true)]
    pub(crate) here: bool,

    /// With --here: end when standard input closes, as it does when the parent process ends.
    #[arg(long, hide = true, requires = "here")]
    pub(crate) leashed: bool,

    /// With --here: only operations of this family.
    #[arg(long, hide = true, requires = "here", value_parser = family, value_name = "TITLE")]
    pub(crate) family: Option<Family>,

    /// With --here and --programs: without the instructions at these places and what needs them.
    #[arg(long, hide = true, requires = "here", value_name = "PLACE")]
    pub(crate) without: Vec<usize>,

    /// With --here and --programs: leaves in the place of the values computed at these.
    #[arg(long, hide = true, requires = "here", value_name = "PLACE")]
    pub(crate) as_leaf: Vec<usize>,

    /// With --programs: each program that calls this operation ends badly, to see that it is noticed.
    #[arg(long, hide = true, requires = "programs", value_name = "END:NAME")]
    pub(crate) disaster: Option<Disaster>,

    /// With --here: only the operation of this name.
    #[arg(long, hide = true, requires = "here", value_name = "NAME")]
    pub(crate) operation: Option<String>,
}

impl Cli {
    /// The seeds: those of `--seeds`, else that of `--seed`.
    pub(crate) fn seeds(&self) -> Range<u64> {
        let one = self.seed..self.seed.saturating_add(1);
        self.seeds.clone().unwrap_or(one)
    }
}

/// Seeds as Rust writes a range: `0..200`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let ends = text.split_once("..");
    let range = ends.and_then(|(first, end)| Some(number(first)?..number(end)?));
    range.filter(|range| !range.is_empty()).ok_or_else(|| {
        "expected two whole numbers, the second larger, such as 0..200 for the seeds 0 to 199"
            .to_owned()
    })
}

fn count(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "expected a whole number from 1, such as 1000".to_owned())
}

fn family(title: &str) -> Result<Family, String> {
    let mut all = Family::ALL.into_iter();
    let found = all.find(|family| family.title() == title);
    found.ok_or_else(|| "expected a heading of the page".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_range_without_its_end() {
        let parse = |arguments: &[&str]| Cli::try_parse_from(arguments);
        let cli = parse(&["audit-burn", "--seeds", "3..7"]).expect("a range");
        assert_eq!(cli.seeds(), 3..7);
        assert_eq!(parse(&["audit-burn"]).expect("no seed").seeds(), 0..1);
        let one = parse(&["audit-burn", "--seed", "9"]).expect("a seed");
        assert_eq!(one.seeds(), 9..10);
        for wrong in ["7", "7..7", "7..3", "..3", "1..x", "-1..3", "0..=3"] {
            let error = parse(&["audit-burn", &format!("--seeds={wrong}")]).expect_err(wrong);
            assert!(error.to_string().contains("such as 0..200"), "{error}");
        }
        assert!(parse(&["audit-burn", "--seed", "1", "--seeds", "0..2"]).is_err());
    }

    #[test]
    fn programs_are_counted_from_one() {
        let parse = |arguments: &[&str]| Cli::try_parse_from(arguments);
        let cli = parse(&["audit-burn", "--programs", "20", "--seed", "7"]).expect("a number");
        assert_eq!((cli.programs, cli.seed), (Some(20), 7));
        for wrong in ["0", "-1", "x", "1.5"] {
            let error = parse(&["audit-burn", &format!("--programs={wrong}")]).expect_err(wrong);
            assert!(error.to_string().contains("such as 1000"), "{error}");
        }
        assert!(parse(&["audit-burn", "--programs", "1", "--page", "x"]).is_err());
    }

    #[test]
    fn a_family_is_for_a_process_of_its_own() {
        let family = ["audit-burn", "--family", "Reductions"];
        assert!(Cli::try_parse_from(family).is_err());
        let cli = Cli::parse_from(["audit-burn", "--here", "--family", "Reductions"]);
        assert_eq!(cli.family, Some(Family::Reductions));
    }
}
