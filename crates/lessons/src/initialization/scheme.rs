//! The four ways to draw weights.

use layers::{Initializer, dense};
use manual_backprop::nets::mnist::LayerParameters;
use pages::colours::Colour;

use crate::setup::Setup;

/// How weights are drawn: evenly from minus a bound to the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Small,
    Large,
    Glorot,
    He,
}

pub(super) const SCHEMES: [Scheme; 4] = [Scheme::Small, Scheme::Large, Scheme::Glorot, Scheme::He];

/// The bound of small weights, and of those with variance 1.
const SMALL: f64 = 0.01;
const VARIANCE_1: f64 = 1.732_050_807_568_877_2;

impl Scheme {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "variance 1",
            Self::Glorot => "Glorot",
            Self::He => "He",
        }
    }

    pub(super) fn colour(self) -> Colour {
        match self {
            Self::Small => Colour::BLUE,
            Self::Large => Colour::RED,
            Self::Glorot => Colour::GREEN,
            Self::He => Colour::PURPLE,
        }
    }

    pub(super) fn formula(self) -> String {
        match self {
            Self::Small => format!("bound = {SMALL}"),
            Self::Large => "bound = √3".to_owned(),
            Self::Glorot => "bound = √(6 / (d_in + d_out))".to_owned(),
            Self::He => "bound = √(6 / d_in)".to_owned(),
        }
    }

    pub(super) fn bound(self, d_in: usize, d_out: usize) -> f64 {
        match self {
            Self::Small => SMALL,
            Self::Large => VARIANCE_1,
            Self::Glorot => Initializer::GlorotUniform.bound(d_in, d_out),
            Self::He => Initializer::HeUniform.bound(d_in, d_out),
        }
    }

    /// The parameters of a net with these sizes; biases are 0. All schemes draw the same numbers and scale them.
    pub(super) fn draw(self, sizes: &[usize], setup: &Setup) -> Vec<LayerParameters> {
        let layers = sizes.windows(2).enumerate().map(|(l, size)| {
            let (d_in, d_out) = (size[0], size[1]);
            let he = Initializer::HeUniform;
            let path = format!("layers.{l}");
            let drawn = dense(d_in, d_out, he, setup.seed, &path, setup.float());
            let scale = self.bound(d_in, d_out) / he.bound(d_in, d_out);
            LayerParameters {
                w: drawn.weight.val().mul_scalar(scale),
                b: setup.vector(vec![0.0; d_out]),
            }
        });
        layers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::read;
    use backends::Backend;

    #[test]
    fn weights_fill_the_range_up_to_the_bound() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        for scheme in SCHEMES {
            let layers = scheme.draw(&[60, 50, 10], &setup);
            let weights = read(&layers[0].w).values;
            let largest = weights.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
            let bound = scheme.bound(60, 50);
            assert!(largest <= bound && largest > 0.99 * bound, "{scheme:?}");
        }
    }
}
