//! Gradient checking itself: what a difference of two values can tell, and what it cannot.

mod kink;
mod step_size;
mod sums;

use anyhow::Result;
use clap::Args;
use pages::page::{Page, Section};
use training::number::parse::finite;

use crate::about;
use crate::setup::{Setup, Teach};
use kink::at_a_kink;
use step_size::step_sizes;
use sums::{named, sums};

/// Options of `lesson gradient-checking`.
#[derive(Debug, Args)]
pub struct Options {
    /// The point at which the differences of the exponential function are taken.
    #[arg(long, default_value = "1", allow_negative_numbers = true, value_parser = point, value_name = "NUMBER")]
    point: f64,
}

/// A point at which the exponential function and its neighbourhood are ordinary numbers in f32.
fn point(text: &str) -> Result<f64, String> {
    const FARTHEST: f64 = 20.0;
    finite(text)
        .ok()
        .filter(|point| point.abs() <= FARTHEST)
        .ok_or_else(|| format!("expected a number from -{FARTHEST} to {FARTHEST}"))
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        Ok(about::GRADIENT_CHECKING
            .page()
            .with(the_question())
            .with(step_sizes(self.point, setup)?)
            .with(sums(setup))
            .with(at_a_kink(setup))
            .with(named(setup)))
    }
}

fn the_question() -> Section {
    Section::new("A formula and a witness")
        .text(
            "A gradient derived by hand can be wrong in any factor, and a net trains on with a wrong one, only \
             worse. A derivative is a limit of quotients of differences, and these need nothing but values of \
             the function: they are a witness that knows no calculus.",
        )
        .formula(
            "forward   (f(x + h) - f(x)) / h = f'(x) + h/2 f''(x) + …\n\
             central   (f(x + h) - f(x - h)) / (2 h) = f'(x) + h²/6 f'''(x) + …",
        )
}
