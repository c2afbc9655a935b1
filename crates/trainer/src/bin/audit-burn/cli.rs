//! The command line.

use std::path::PathBuf;

use backends::Backend;
use burn_suite::Family;
use clap::Parser;
use programs::Format;
use programs::setup::backend_argument;
use training::number::parse::seed;

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

    /// Also write the page "Gradients of Burn" to this folder, as Markdown and HTML.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) page: Option<PathBuf>,

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
    fn a_family_is_for_a_process_of_its_own() {
        let family = ["audit-burn", "--family", "Reductions"];
        assert!(Cli::try_parse_from(family).is_err());
        let cli = Cli::parse_from(["audit-burn", "--here", "--family", "Reductions"]);
        assert_eq!(cli.family, Some(Family::Reductions));
    }
}
