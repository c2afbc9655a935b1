//! An average of a net's weights over its steps (Polyak and Juditsky, *Acceleration of Stochastic
//! Approximation by Averaging*, 1992; Tarvainen and Valpola, *Mean teachers*, 2017, section 2).
//!
//! Single steps go to and fro across the valley of the loss; their average lies nearer to its floor.

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::net::Net;

/// Updates within the time that an average reaches back. The weights of neighbouring steps are alike, so more
/// would cost time for little.
const UPDATES: f64 = 16.0;

/// The most steps between two updates.
const MOST_STEPS: usize = 64;

/// When the weights of a step go into the average, and with which share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Averaging {
    /// Steps from an update to the next.
    pub(crate) every: usize,
    /// β.
    decay: f64,
}

impl Averaging {
    /// An average that reaches `epochs` epochs back: the weight of a step falls by the factor e in that time.
    ///
    /// ```text
    /// β = exp(-k/(h S))        k steps between updates, h epochs of S steps
    /// ```
    pub(crate) fn over(epochs: f64, steps_per_epoch: usize) -> Self {
        let reach = epochs * steps_per_epoch as f64;
        let every = (reach / UPDATES).clamp(1.0, MOST_STEPS as f64) as usize;
        let every = every.min(steps_per_epoch);
        Self {
            every,
            decay: (-(every as f64) / reach).exp(),
        }
    }

    /// The average after update number `t`, counted from 1, by the weights of `net`. Both are off autodiff.
    ///
    /// ```text
    /// ā ← ā + (1 - β)/(1 - βᵗ) (θ - ā)
    /// ```
    ///
    /// That is `m/(1 - βᵗ)` with `m ← β m + (1 - β) θ` from 0: the exponential average with the correction of its
    /// bias towards 0. The first update gives `θ`.
    pub(crate) fn updated<N: Net>(self, average: N, net: &N, t: u64) -> N {
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let share = (1.0 - self.decay) / (1.0 - self.decay.powi(t));
        let mut now = Now(GradientsParams::new());
        net.visit(&mut now);
        average.map(&mut Towards { now: now.0, share })
    }
}

/// The weights of a net by parameter id.
struct Now(GradientsParams);

impl ModuleVisitor for Now {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val());
    }
}

/// Moves every parameter by a share of the way to where it is now.
struct Towards {
    now: GradientsParams,
    share: f64,
}

impl ModuleMapper for Towards {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let now = self.now.remove::<D>(param.id);
        let now = now.expect("average and net have the same parameters");
        param.map(|average| {
            let way = now - average.clone();
            average + way.mul_scalar(self.share)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::tensor::Device;
    use xor_net::{XorNet, XorNetConfig};

    #[test]
    fn there_are_some_updates_in_the_reach_and_one_in_an_epoch() {
        let every = |epochs, steps| Averaging::over(epochs, steps).every;
        assert_eq!(every(1.0, 430), 26);
        assert_eq!(every(5.0, 430), 64);
        assert_eq!(every(1.0, 1), 1);
        assert_eq!(every(1000.0, 10), 10);
        assert_eq!(every(0.001, 430), 1);
        let averaging = Averaging::over(2.0, 320);
        assert!((averaging.decay - (-40.0_f64 / 640.0).exp()).abs() < 1e-15);
    }

    fn first(net: &XorNet) -> f64 {
        let weight = net.hidden.weight.val().flatten::<1>(0, 1);
        weight.try_into_vec_as::<f64>().expect("numbers")[0]
    }

    #[test]
    fn the_average_is_the_weighted_mean_of_all_updates() {
        let nets = [1, 2, 3, 4].map(|seed| {
            let net = XorNetConfig::new().init(seed, &Device::flex());
            net.expect("legal sizes")
        });
        // The parameters of one net, with the values of the others.
        let with_values_of = |net: &XorNet| {
            let mut same = nets[0].clone();
            same.hidden.weight = same.hidden.weight.map(|_| net.hidden.weight.val());
            same
        };
        let averaging = Averaging::over(3.0, 1);
        let mut average = nets[3].clone().load_record(nets[0].clone().into_record());
        let mut mean = 0.0;
        for (t, net) in (1..).zip(&nets) {
            average = averaging.updated(average, &with_values_of(net), t);
            mean = averaging.decay * mean + (1.0 - averaging.decay) * first(net);
            let expected = mean / (1.0 - averaging.decay.powi(t as i32));
            let got = first(&average);
            assert!((got - expected).abs() < 1e-6, "{t}: {got} {expected}");
        }
    }
}
