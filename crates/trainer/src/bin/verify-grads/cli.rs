//! The command line.

use std::path::PathBuf;

use backends::Backend;
use burn_suite::Family;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};

/// Hold every hand-derived gradient against Burn's autodiff, finite differences and PyTorch.
///
/// Every rule and net is checked at many shapes, on ndarray and flex in f64 and f32 and on wgpu in
/// f32, with random upstream gradients. A verdict names the witness that is the odd one out.
#[derive(Debug, Parser)]
#[command(
    name = "verify-grads",
    version,
    help_expected = true,
    after_help = "Exit codes: 0 all agree; 1 a disagreement, or, with --mutate, a wrong gradient \
                  that was not caught or a right one that was flagged, or, with --suite, a \
                  disagreement that is not in the ledger or one in it that has gone away; 2 it \
                  could not run."
)]
pub(crate) struct Cli {
    /// Backend to check on; may be given more than once [default: all that can run here].
    #[arg(long = "backend", value_parser = backend(), value_name = "NAME")]
    pub(crate) backends: Vec<Backend>,

    /// Check only what has this text in its name, such as `softmax` or `xor net`.
    #[arg(long = "case", value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,

    /// Decides values, upstream gradients and drawn shapes; any whole number from 0.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,

    /// Shapes for each rule and net, from 1: the first eight are chosen, more are drawn from the
    /// seed.
    #[arg(long, default_value = "8", value_parser = at_least_one, value_name = "K")]
    pub(crate) shapes: usize,

    /// Put the judge on trial as well: wrong gradients must be caught, broken autodiff operations
    /// named, and right formulas written differently left alone.
    #[arg(long)]
    pub(crate) mutate: bool,

    /// Check Burn's own operations instead, and hold what disagrees to the ledger of what is known.
    #[arg(long, value_enum, conflicts_with_all = ["mutate", "shapes"], value_name = "NAME")]
    pub(crate) suite: Option<Suite>,

    /// With --suite: also write the page "Gradients of Burn" into this folder, in Markdown and HTML.
    #[arg(long, requires = "suite", value_name = "FOLDER")]
    pub(crate) page: Option<PathBuf>,

    /// With --suite: check in this process and write JSON, as the parent of a group's process asks.
    #[arg(long, hide = true, requires = "suite")]
    pub(crate) here: bool,

    /// With --here: end when standard input is closed, as it is when the parent is gone.
    #[arg(long, hide = true, requires = "here")]
    pub(crate) leashed: bool,

    /// With --here: only the operations of this family.
    #[arg(long, hide = true, requires = "here", value_parser = family, value_name = "TITLE")]
    pub(crate) family: Option<Family>,

    /// Form of the results: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,
}

/// Operations that are not this project's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The differentiable operations of Burn.
    Burn,
}

/// Form of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table and a summary, for people.
    Text,
    /// One JSON object a line, each with its kind under `"event"`.
    Json,
}

impl Cli {
    /// Whether the pattern selects a name; without a pattern everything is selected.
    pub(crate) fn selects(&self, name: &str) -> bool {
        self.pattern
            .as_ref()
            .is_none_or(|pattern| name.contains(pattern))
    }
}

fn backend() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(Backend::ALL.map(Backend::name))
        .try_map(|name| name.parse::<Backend>())
}

fn family(title: &str) -> Result<Family, String> {
    let found = Family::ALL
        .into_iter()
        .find(|family| family.title() == title);
    found.ok_or_else(|| "expected a heading of the page".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("expected at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("expected a whole number of at least 1".to_owned()),
    }
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
    fn a_page_is_made_of_a_suite() {
        assert!(Cli::try_parse_from(["verify-grads", "--page", "x"]).is_err());
        assert!(Cli::try_parse_from(["verify-grads", "--suite", "burn", "--mutate"]).is_err());
        let cli = Cli::parse_from(["verify-grads", "--suite", "burn", "--page", "x"]);
        assert_eq!(cli.suite, Some(Suite::Burn));
    }

    #[test]
    fn a_pattern_is_part_of_a_name() {
        let cli = Cli::parse_from(["verify-grads", "--case", "xor"]);
        assert!(cli.selects("xor net sigmoid [4x2x3x1]"));
        assert!(!cli.selects("softmax [5x3]"));
    }
}
