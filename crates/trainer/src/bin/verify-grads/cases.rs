//! The selection of what is checked.

use anyhow::{Context, Result, anyhow};
use burn_gradcheck::{Alternative, Case, Mutant};
use datasets::{Mnist, bundled_mnist_dir};
use gradient_trials::MnistBatch;
use gradient_trials::broken_autodiff::{self, BrokenOperation};
use gradient_trials::pytorch::{self, Fixture, FixtureNet};
use gradient_trials::right::{self, RightFunction};
use gradient_trials::wrong::{self, WrongCase};
use mnist_mlp::MnistMlpConfig;
use programs::setup::Backends;

use crate::cli::Cli;

/// Images in the case at real size.
const BATCH: usize = 16;
/// Seed of its initial weights, independent of `--seed`: the default seed of the trainer. With it, no
/// unit is too near the kink of its ReLU for finite differences.
const NET_SEED: u64 = 0;
/// Largest value of a pixel's byte.
const WHITE: f32 = 255.0;
/// The name of the comparison with PyTorch's numbers, after the name of the net.
const AGAINST_PYTORCH: &str = "net against PyTorch";

/// What the pattern selects.
pub(crate) struct Selection {
    pub(crate) cases: Vec<Case>,
    /// The version of PyTorch in the fixture.
    pub(crate) pytorch: String,
    /// Nets to compare with PyTorch, by name.
    pub(crate) nets: Vec<(String, FixtureNet)>,
    pub(crate) mutants: Vec<Mutant>,
    pub(crate) broken: Vec<BrokenOperation>,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) right: Vec<RightFunction>,
    pub(crate) wrong: Vec<WrongCase>,
}

/// Collects the cases and keeps those that the pattern selects.
pub(crate) fn select(cli: &Cli, backends: &Backends) -> Result<Selection> {
    let Fixture { pytorch, nets } = pytorch::fixture();
    let mnist = mnist_batch(backends)?;
    let mut cases = gradient_trials::cases(cli.shapes, cli.seed, Some(&mnist));
    cases.retain(|case| cli.selects(case.name()));
    group_by_rule(&mut cases);
    let nets = nets
        .into_iter()
        .map(|net| (format!("{} {AGAINST_PYTORCH}", net.net), net))
        .filter(|(name, _)| cli.selects(name))
        .collect();
    let mut selection = Selection {
        cases,
        pytorch,
        nets,
        mutants: Vec::new(),
        broken: Vec::new(),
        alternatives: Vec::new(),
        right: Vec::new(),
        wrong: Vec::new(),
    };
    if cli.mutate {
        selection.mutants = gradient_trials::mutants();
        selection.mutants.retain(|mutant| cli.selects(mutant.name));
        selection.broken = broken_autodiff::all();
        let broken = &mut selection.broken;
        broken.retain(|operation| cli.selects(operation.name));
        selection.alternatives = gradient_trials::alternatives();
        let alternatives = &mut selection.alternatives;
        alternatives.retain(|alternative| cli.selects(alternative.name));
        selection.right = selected_right(cli);
        selection.wrong = wrong::cases();
        selection.wrong.retain(|wrong| cli.selects(wrong.name()));
    }
    if selection.is_empty() {
        return Err(nothing_selected(cli));
    }
    Ok(selection)
}

/// The right functions that the pattern selects.
///
/// # Errors
///
/// If it selects none.
pub(crate) fn right_functions(cli: &Cli) -> Result<Vec<RightFunction>> {
    let functions = selected_right(cli);
    if functions.is_empty() {
        return Err(nothing_selected(cli));
    }
    Ok(functions)
}

fn selected_right(cli: &Cli) -> Vec<RightFunction> {
    let functions = right::functions().into_iter();
    functions
        .filter(|function| cli.selects(function.name()))
        .collect()
}

fn nothing_selected(cli: &Cli) -> anyhow::Error {
    let pattern = cli.pattern.as_deref().unwrap_or_default();
    anyhow!("no case has '{pattern}' in its name; run without `--case` to see the names")
}

/// The name of a case's rule: the name of the case without the sizes.
pub(crate) fn rule(case: &str) -> &str {
    case.split_once(" [").map_or(case, |(rule, _)| rule)
}

/// Puts the cases of one rule together. Rules, and cases within a rule, keep their order.
fn group_by_rule(cases: &mut Vec<Case>) {
    let mut groups: Vec<(String, Vec<Case>)> = Vec::new();
    for case in cases.drain(..) {
        let rule = rule(case.name());
        match groups.iter_mut().find(|(name, _)| name == rule) {
            Some((_, group)) => group.push(case),
            None => groups.push((rule.to_owned(), vec![case])),
        }
    }
    cases.extend(groups.into_iter().flat_map(|(_, group)| group));
}

impl Selection {
    fn is_empty(&self) -> bool {
        self.cases.is_empty()
            && self.nets.is_empty()
            && self.mutants.is_empty()
            && self.broken.is_empty()
            && self.alternatives.is_empty()
            && self.right.is_empty()
            && self.wrong.is_empty()
    }
}

/// The lecture's net, 784-256-128-10, at its initial weights, and the first images of MNIST.
fn mnist_batch(backends: &Backends) -> Result<MnistBatch> {
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())
        .context("the case at real size needs the bundled MNIST")?;
    let config = MnistMlpConfig::new(train.image_size(), vec![256, 128], train.class_count());
    let pixels = (0..BATCH).flat_map(|index| train.image(index));
    Ok(MnistBatch {
        net: config.init(NET_SEED, backends.first())?,
        pixels: pixels.map(|&byte| f32::from(byte) / WHITE).collect(),
        labels: (0..BATCH).map(|index| train.label(index)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_of_a_rule_come_together() {
        let mut cases = ["a [1]", "b [1]", "a [2]", "c"].map(Case::new).to_vec();
        group_by_rule(&mut cases);
        let names = cases.iter().map(Case::name).collect::<Vec<_>>();
        assert_eq!(names, ["a [1]", "a [2]", "b [1]", "c"]);
    }
}
