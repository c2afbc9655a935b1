//! The command line.

use std::ffi::OsString;
use std::ops::Range;

use backends::Backend;
use clap::{ArgGroup, Parser, ValueEnum};
use programs::Format;
use programs::setup::{adapter_number, backend_argument};
use training::number::parse::{at_least_one, seed};

/// Compare every hand-derived gradient with Burn's autodiff, finite differences and PyTorch.
///
/// Every rule and net is checked at many shapes, with random upstream gradients: on ndarray and flex
/// in f64 and f32, on wgpu in f32. A verdict names the witness that is the odd one out.
#[derive(Debug, Parser)]
#[command(
    name = "verify-grads",
    version,
    help_expected = true,
    group = ArgGroup::new("walks seeds").args(["right", "suite"]),
    after_help = "Exit codes: 0 all agree; 1 they disagree, or with --mutate, a wrong gradient was not \
                  caught or a correct one was flagged, or with --right, there was an alarm, or with --suite, a disagreement is not in \
                  the ledger or one in the ledger no longer occurs; 2 it could not run."
)]
pub(crate) struct Cli {
    /// Backend to check on; repeat the option for more [default: all that can run here].
    #[arg(long = "backend", value_parser = backend_argument(), value_name = "NAME")]
    pub(crate) backends: Vec<Backend>,

    /// Graphics adapter that wgpu is checked on, by its number from 0, as trainer backends lists them [default: the
    /// fastest kind].
    #[arg(long, allow_negative_numbers = true, value_parser = adapter_number, value_name = "N")]
    pub(crate) device: Option<usize>,

    /// Check only cases with this text in their name, such as `softmax` or `xor net`.
    #[arg(long = "case", value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,

    /// Seed of values, upstream gradients and drawn shapes: any whole number from 0.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0, value_parser = seed, value_name = "N")]
    pub(crate) seed: u64,

    /// Shapes for each rule and net, from 1; the first eight are chosen, the others drawn by the seed.
    #[arg(long, default_value = "8", value_parser = at_least_one, value_name = "K")]
    pub(crate) shapes: usize,

    /// Also test the checker: it must catch wrong gradients, name broken autodiff operations, and
    /// pass correct formulas that are written differently.
    #[arg(long)]
    pub(crate) mutate: bool,

    /// Check right functions and modules of Burn instead: each alarm is a fault of the checker.
    #[arg(long, conflicts_with_all = ["mutate", "shapes", "suite"])]
    pub(crate) right: bool,

    /// Check Burn's own operations instead, and compare disagreements with the ledger of known ones.
    #[arg(long, value_enum, conflicts_with_all = ["mutate", "shapes"], value_name = "NAME")]
    pub(crate) suite: Option<Suite>,

    /// With --right or --suite: check at each of these seeds, from A up to B without B, such as `0..20`,
    /// and count alarms, or disagreements that are not in the ledger [default: two of --right, from
    /// --seed on; one of --suite].
    #[arg(long, requires = "walks seeds", conflicts_with = "seed", value_parser = seeds, value_name = "A..B")]
    pub(crate) seeds: Option<Range<u64>>,

    /// With --suite: also write the page "Gradients of Burn" to this folder, as Markdown and HTML.
    #[arg(long, requires = "suite", value_name = "FOLDER")]
    pub(crate) page: Option<OsString>,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,
}

/// Operations that are not part of this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The differentiable operations of Burn.
    Burn,
}

impl Cli {
    /// Whether the pattern selects a name; without a pattern, every name is selected.
    pub(crate) fn selects(&self, name: &str) -> bool {
        self.pattern
            .as_ref()
            .is_none_or(|pattern| name.contains(pattern))
    }
}

/// A range of seeds, such as `0..20`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let found = text.split_once("..").and_then(|(first, end)| {
        let range = first.parse().ok()?..end.parse().ok()?;
        (!range.is_empty()).then_some(range)
    });
    found.ok_or_else(|| {
        "expected a range of seeds such as 0..20; the end does not belong to it".to_owned()
    })
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
    fn a_page_needs_a_suite() {
        assert!(Cli::try_parse_from(["verify-grads", "--page", "x"]).is_err());
        assert!(Cli::try_parse_from(["verify-grads", "--suite", "burn", "--mutate"]).is_err());
        let cli = Cli::parse_from(["verify-grads", "--suite", "burn", "--page", "x"]);
        assert_eq!(cli.suite, Some(Suite::Burn));
    }

    #[test]
    fn seeds_belong_to_right_functions() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        let cli = parse("verify-grads --right --seeds 0..20").expect("it is well formed");
        assert_eq!((cli.right, cli.seeds), (true, Some(0..20)));
        assert!(parse("verify-grads --seeds 0..20").is_err());
        assert!(parse("verify-grads --right --seeds 0..20 --seed 3").is_err());
        assert!(parse("verify-grads --right --mutate").is_err());
    }

    #[test]
    fn a_pattern_is_part_of_a_name() {
        let cli = Cli::parse_from(["verify-grads", "--case", "xor"]);
        assert!(cli.selects("xor net sigmoid [4x2x3x1]"));
        assert!(!cli.selects("softmax [5x3]"));
    }

    #[test]
    fn a_range_of_seeds_has_two_numbers_and_is_not_empty() {
        assert_eq!(seeds("0..20"), Ok(0..20));
        for wrong in ["20", "3..3", "4..2", "0..", "a..b", "0..=3", "-1..2", ""] {
            let message = seeds(wrong).expect_err(wrong);
            assert!(message.contains("0..20"), "{message}");
        }
    }
}
