#![doc = include_str!("../README.md")]

mod about;
mod arguments;
mod chain_rule;
mod computational_graph;
mod digit_nets;
mod functions;
mod gradient_checking;
mod gradient_descent;
mod graphs;
mod initialization;
mod layer_rules;
mod linear_regression;
mod mnist;
mod optimizers;
mod overfitting;
mod scalar_net;
mod setup;
mod site;
mod softmax_cross_entropy;
mod tensors;
mod universal_approximation;
mod xor;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use pages::page::Page;

pub use about::{About, LIVE};
use setup::Teach;
pub use setup::{NotFinite, Setup};
pub use site::{Site, counterparts, site};

/// The lessons, in the order of the lecture's ideas. In addition to its own options, each has `C`:
/// the options of the program that runs the lesson.
#[derive(Debug, Subcommand)]
pub enum Lesson<C: Args> {
    /// L13: gradient descent in a bowl and in a narrow valley, with momentum and line search.
    GradientDescent(With<gradient_descent::Options, C>),
    /// L14, L15, L1: the chain rule by hand, for a function of four variables and a composition.
    ChainRule(With<chain_rule::Options, C>),
    /// L10, L11, L2: the rules of a layer, derived and computed element by element.
    LayerRules(With<layer_rules::Options, C>),
    /// L8: softmax and cross-entropy, separately, one after the other, and fused; the mean of a batch.
    SoftmaxCrossEntropy(With<softmax_cross_entropy::Options, C>),
    /// L5: a net of single numbers, forward and backward, every step by hand.
    ScalarNet(With<scalar_net::Options, C>),
    /// L3, L4, L17: the XOR net: forward, backward, and trained.
    Xor(With<xor::Options, C>),
    /// L12: linear regression on MNIST, by gradient descent and exactly, with a ridge term.
    LinearRegression(With<linear_regression::Options, C>),
    /// L7, L9, L17: the MNIST net: one step by hand, a short training run, and what it has learnt.
    Mnist(With<mnist::Options, C>),
    /// L1, L6: nets and functions as graphs that draw themselves; a value that is used twice.
    ComputationalGraph(With<computational_graph::Options, C>),
    /// L16: one hidden layer approximates any function, with computed weights and by training.
    UniversalApproximation(With<universal_approximation::Options, C>),
    /// L17, L2: four ways to draw the first weights, and gradients that vanish or explode.
    Initialization(With<initialization::Options, C>),
    /// L13, L17: gradient descent, momentum, Nesterov's and Adam on one surface.
    Optimizers(With<optimizers::Options, C>),
    /// L17: too few images on MNIST, and what helps: weight decay, dropout and distorted images.
    Overfitting(With<overfitting::Options, C>),
    /// L18: differences as a witness: step size, rounding, kinks, and what a sum hides.
    GradientChecking(With<gradient_checking::Options, C>),
}

/// Options of one lesson, and those of all lessons.
#[derive(Debug, Args)]
pub struct With<O: Args, C: Args> {
    #[command(flatten)]
    own: O,

    #[command(flatten)]
    common: C,
}

impl<C: Args> Lesson<C> {
    /// What it is about, its options, and those of all lessons.
    fn parts(&self) -> (&'static About, &dyn Teach, &C) {
        match self {
            Self::GradientDescent(With { own, common }) => (&about::GRADIENT_DESCENT, own, common),
            Self::ChainRule(With { own, common }) => (&about::CHAIN_RULE, own, common),
            Self::LayerRules(With { own, common }) => (&about::LAYER_RULES, own, common),
            Self::SoftmaxCrossEntropy(With { own, common }) => {
                (&about::SOFTMAX_CROSS_ENTROPY, own, common)
            }
            Self::ScalarNet(With { own, common }) => (&about::SCALAR_NET, own, common),
            Self::Xor(With { own, common }) => (&about::XOR, own, common),
            Self::LinearRegression(With { own, common }) => {
                (&about::LINEAR_REGRESSION, own, common)
            }
            Self::Mnist(With { own, common }) => (&about::MNIST, own, common),
            Self::ComputationalGraph(With { own, common }) => {
                (&about::COMPUTATIONAL_GRAPH, own, common)
            }
            Self::UniversalApproximation(With { own, common }) => {
                (&about::UNIVERSAL_APPROXIMATION, own, common)
            }
            Self::Initialization(With { own, common }) => (&about::INITIALIZATION, own, common),
            Self::Optimizers(With { own, common }) => (&about::OPTIMIZERS, own, common),
            Self::Overfitting(With { own, common }) => (&about::OVERFITTING, own, common),
            Self::GradientChecking(With { own, common }) => {
                (&about::GRADIENT_CHECKING, own, common)
            }
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        self.parts().0.name
    }

    /// The options of all lessons.
    pub fn common(&self) -> &C {
        self.parts().2
    }

    /// Computes all numbers and figures of the lesson.
    ///
    /// # Errors
    ///
    /// If an option does not fit, or the data or the device fails. If the lesson ran but its
    /// numbers became infinite or NaN, the error holds a [`NotFinite`].
    pub fn run(&self, setup: &Setup) -> Result<Page> {
        let (about, lesson, _) = self.parts();
        about.complete(lesson.teach(setup)?, |_| None)
    }
}

/// No options.
#[derive(Debug, Args)]
struct Nothing {}

/// The lessons as clap knows them.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Lessons {
    #[command(subcommand)]
    lesson: Lesson<Nothing>,
}

/// Names of all lessons, each with its content in a line.
fn names() -> Vec<(String, String)> {
    let command = Lessons::command();
    let lessons = command.get_subcommands().map(|lesson| {
        let about = lesson.get_about().map(ToString::to_string);
        (lesson.get_name().to_owned(), about.unwrap_or_default())
    });
    lessons.collect()
}

/// Name and content of every lesson, one line each.
pub fn list() -> String {
    let lines = names().into_iter();
    let lines = lines.map(|(name, about)| format!("{name:<24} {about}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_is_listed_with_its_item() {
        for line in list().lines() {
            let (_, about) = line.split_once(" L").expect("an item of the lecture");
            assert!(about.starts_with(|c: char| c.is_ascii_digit()), "{line}");
        }
    }
}
