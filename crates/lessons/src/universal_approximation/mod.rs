//! One hidden layer approximates any function: by construction, and by training.

mod bumps;
mod burn_net;
mod curves;
mod training;
mod two_inputs;

use ::training::number::parse::positive;
use anyhow::Result;
use clap::{Args, ValueEnum};
use pages::numbers::number;
use pages::page::{Page, Section};
use universal_approximation::targets::{self, Target1d};

use crate::about;
use crate::arguments::{between, training_steps};
use crate::setup::{Setup, Teach};
use burn_net::in_burn;
use curves::construct;

/// Most bumps and most hidden units: these take seconds.
const MOST_BUMPS: usize = 4096;
const MOST_HIDDEN: usize = 512;
/// Hidden units of the smallest net that is trained; each net has twice as many as the one before.
const LEAST_HIDDEN: usize = 4;
/// Options of `lesson universal-approximation`.
#[derive(Debug, Args)]
pub struct Options {
    /// The function of one variable to approximate.
    #[arg(long, value_enum, default_value_t = Choice::Nielsen, value_name = "NAME")]
    target: Choice,

    /// Bumps of the construction, from 1 to 4096; a quarter, half and twice as many are shown as well.
    #[arg(long, default_value = "16", allow_negative_numbers = true, value_parser = bumps, value_name = "N")]
    bumps: usize,

    /// Steepness of a bump's edges relative to its width, greater than 0.
    #[arg(long, default_value = "30", allow_negative_numbers = true, value_parser = positive, value_name = "NUMBER")]
    steepness: f64,

    /// Hidden units of the largest trained net with one input, from 4 to 512; smaller nets with 4, 8,
    /// 16, ... units are trained as well.
    #[arg(long, default_value = "64", allow_negative_numbers = true, value_parser = hidden, value_name = "UNITS")]
    hidden: usize,

    /// Training steps of each net, from 1 to 1000000.
    #[arg(long, default_value = "4000", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,
}

/// The targets of one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// A jump from 0 to 1.
    Step,
    /// One smooth bump.
    Bump,
    /// Two sines.
    SineMix,
    /// |x|, with its kink.
    Magnitude,
    /// The polynomial with sines of Nielsen's chapter 4.
    Nielsen,
}

impl Choice {
    fn target(self) -> Target1d {
        match self {
            Self::Step => targets::STEP,
            Self::Bump => targets::BUMP,
            Self::SineMix => targets::SINE_MIX,
            Self::Magnitude => targets::MAGNITUDE,
            Self::Nielsen => targets::NIELSEN,
        }
    }
}

fn bumps(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_BUMPS)
}

fn hidden(text: &str) -> Result<usize, String> {
    between(text, LEAST_HIDDEN, MOST_HIDDEN)
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let target = self.target.target();
        let constructed = construct(target, self.bumps, self.steepness)?;
        let trained = self.train_all(target, setup)?;
        Ok(about::UNIVERSAL_APPROXIMATION
            .page()
            .with(the_question(target))
            .with(self.one_bump(target, &constructed)?)
            .with(self.row_of_bumps(target)?)
            .with(in_burn(&constructed, target, setup))
            .with(self.more_bumps(target)?)
            .with(two_inputs::computed(setup)?)
            .with(self.training(target, &trained, setup.seed)?)
            .with(self.trained_errors(target, &trained)?)
            .with(two_inputs::trained(self.steps, setup)?))
    }
}

fn the_question(target: Target1d) -> Section {
    Section::new("The question")
        .formula("y(x) = σ(x·W1 + b1)·W2 + b2")
        .text(
            "A net with one hidden layer of sigmoids and a linear output. For any continuous function, are \
             there weights with which the net approximates it as closely as one likes? Yes, with enough \
             hidden units. First the weights are computed, without any training; then they are learnt.",
        )
        .formula(format!(
            "{}        {} ≤ x ≤ {}",
            target.formula,
            number(target.interval.low),
            number(target.interval.high)
        ))
}
