//! Losses of a prediction and a target of the same shape: regressions, distributions, rankings.

use std::f64::consts::PI;

use burn::nn::loss::{
    GaussianNLLLossConfig, HuberLossConfig, KLDivLossConfig, LpLossConfig, MarginRankingLossConfig,
    MseLoss, PoissonNllLossConfig, Reduction, SmoothL1Loss, SmoothL1LossConfig, SoftMarginLoss,
};
use burn::tensor::Tensor;
use burn_gradcheck::Sample;

use super::elementwise::{Elementwise, LossCalls, calls};
use super::summed;
use crate::operation::Operation;
use crate::point::Expected::{Between, Is};
use crate::point::Point;
use crate::witness::{Dual, DualArray, argument, sum};

const SIGNED: [(&str, Sample); 2] = [("prediction", Sample::Signed), ("target", Sample::Signed)];
const INFINITY: f64 = f64::INFINITY;

const fn within(name: &'static str, low: f64, high: f64) -> (&'static str, Sample) {
    (name, Sample::Within { low, high })
}

pub(super) fn operations() -> Vec<Operation> {
    let mut all = regressions();
    all.extend(norms());
    all.extend(distributions());
    all.extend(likelihoods());
    all.extend(rankings());
    all
}

#[rustfmt::skip]
fn regressions() -> Vec<Operation> {
    vec![
        Elementwise::new("loss::MseLoss", SIGNED, calls!(MseLoss::new(), a, b),
                |[p, t]| (p - t) * (p - t)).at(0.5, 0.5, [Is(0.0), Is(0.0)])
            .at_in_f32(1e30, 0.0, [Is(2e30), Is(-2e30)]).build(),
        Elementwise::new(
            "loss::HuberLoss",
            SIGNED,
            calls!(HuberLossConfig::new(0.5).init(), a, b),
            |[p, t]| {
                let error = p - t;
                if error.value.abs() > 0.5 {
                    error.abs() * 0.5 - 0.125
                } else {
                    error * error * 0.5
                }
            },
        )
        .at(0.25, 0.25, [Is(0.0), Is(0.0)])
        .at(1.0, 0.5, [Is(0.5), Is(-0.5)])
        .at(-1.0, -0.5, [Is(-0.5), Is(0.5)])
        .at_in_f32(1e30, 0.0, [Is(0.5), Is(-0.5)])
        .note("at |error| = delta, 0.5 here, both pieces have the same slope")
        .build(),
        smooth_l1(),
    ]
}

fn smooth_l1() -> Operation {
    let calls = LossCalls {
        row: |[a, b]| smooth_l1_loss(0.5).forward(a, b),
        matrix: |[a, b]| smooth_l1_loss(0.5).forward(a, b),
        reduced: |[a, b], reduction| smooth_l1_loss(0.5).forward_with_reduction(a, b, reduction),
    };
    let operation = Elementwise::new("loss::SmoothL1Loss", SIGNED, calls, |[p, t]| {
        smooth_l1_of(p - t, 0.5)
    })
    .at(0.25, 0.25, [Is(0.0), Is(0.0)])
    .at(1.0, 0.5, [Is(1.0), Is(-1.0)])
    .at(-1.0, -0.5, [Is(-1.0), Is(1.0)])
    .at_in_f32(1e30, 0.0, [Is(1.0), Is(-1.0)])
    .note("at |error| = beta, 0.5 here, both pieces have the same slope")
    .build();
    // Division by a number that is not a power of two.
    let arguments = SIGNED.map(|(name, _)| argument(name, &[3, 4]));
    let formula = summed(arguments, |of| {
        let each = |p, t| smooth_l1_of(p - t, f64::from(0.7_f32));
        of.get("prediction").zip(of.get("target"), each)
    });
    along_rows(
        operation,
        |p, t| smooth_l1_of(p - t, 0.5),
        |[a, b]| smooth_l1_loss(0.5).forward_reduce_dims(a, b, &[1]),
    )
    .check("[3, 4] beta 0.7", &formula, |v| {
        let loss = smooth_l1_loss(0.7);
        loss.forward::<2>(v.get("prediction"), v.get("target"))
    })
    .in_full_only()
}

fn smooth_l1_loss(beta: f32) -> SmoothL1Loss {
    SmoothL1LossConfig::new().with_beta(beta).init()
}

fn smooth_l1_of(error: Dual, beta: f64) -> Dual {
    if error.value.abs() < beta {
        error * error * 0.5 / beta
    } else {
        error.abs() - 0.5 * beta
    }
}

/// Adds a check of the mean along the rows only.
fn along_rows(
    operation: Operation,
    each: fn(Dual, Dual) -> Dual,
    loss: fn([Tensor<2>; 2]) -> Tensor<2>,
) -> Operation {
    let arguments = SIGNED.map(|(name, _)| argument(name, &[3, 4]));
    let formula = summed(arguments, move |of| {
        let losses = of.get("prediction").zip(of.get("target"), each);
        losses.along(1, |row| vec![sum(row) / 4.0])
    });
    operation.check("[3, 4] mean along 1", &formula, move |v| {
        loss([v.get("prediction"), v.get("target")])
    })
}

#[rustfmt::skip]
fn norms() -> Vec<Operation> {
    let absolute = Elementwise::new(
        "loss::LpLoss, p = 1",
        SIGNED,
        calls!(LpLossConfig::l1(), a, b),
        |[p, t]| (p - t).abs(),
    )
    .at(0.5, 0.5, [Between(-1.0, 1.0), Between(-1.0, 1.0)])
    .build();
    let absolute = along_rows(
        absolute,
        |p, t| (p - t).abs(),
        |[a, b]| LpLossConfig::l1().forward_reduce_dims(a, b, &[1]),
    );
    vec![
        absolute,
        Elementwise::new("loss::LpLoss, p = 2", SIGNED, calls!(LpLossConfig::l2(), a, b),
                |[p, t]| (p - t) * (p - t)).at(0.5, 0.5, [Is(0.0), Is(0.0)]).build(),
        Elementwise::new("loss::LpLoss, p = 1.5", SIGNED,
                calls!(LpLossConfig::new(1.5).init(), a, b), |[p, t]| (p - t).abs().powf(1.5))
            .at(0.5, 0.5, [Is(0.0), Is(0.0)]).build(),
        Elementwise::new("loss::LpLoss, p = 3", SIGNED,
                calls!(LpLossConfig::new(3.0).init(), a, b), |[p, t]| (p - t).abs().powf(3.0))
            .at(0.5, 0.5, [Is(0.0), Is(0.0)]).build(),
        Elementwise::new("loss::LpLoss, p = 0.5", SIGNED,
                calls!(LpLossConfig::new(0.5).init(), a, b), |[p, t]| (p - t).abs().sqrt())
            .at(0.5, 0.5, [Between(-INFINITY, INFINITY), Between(-INFINITY, INFINITY)])
            .note("where prediction and target are the same it is infinitely steep on both sides")
            .build(),
    ]
}

#[rustfmt::skip]
fn distributions() -> Vec<Operation> {
    let of_probabilities = Elementwise::new(
        "loss::KLDivLoss",
        [
            ("prediction", Sample::Signed),
            within("target", 0.125, 0.875),
        ],
        calls!(KLDivLossConfig::new().init(), a, b),
        |[p, t]| t * (t.ln() - p),
    )
    .at(-0.5, 0.0, [Is(0.0), Is(-INFINITY)])
    .at(-0.5, 1.0, [Is(-1.0), Is(1.5)])
    .at(-0.5, 1.5, [Is(-1.5), Is(1.5 + 1.5_f64.ln())])
    .note("a: the prediction's logarithm, b: the target, t (ln t - p)")
    .build_with_batch_mean();
    let arguments = [
        argument("prediction", &[3, 2]),
        argument("target", &[3, 2]).within(0.125, 0.875),
    ];
    // Division by a number that is not a power of two.
    let formula = summed(arguments, |of| {
        let each = |p: Dual, t: Dual| t * (t.ln() - p);
        let losses = of.get("prediction").zip(of.get("target"), each);
        DualArray::scalar(sum(&losses.values) / 3.0)
    });
    let of_probabilities = of_probabilities
        .check("[3, 2] batch mean", &formula, |v| {
            let loss = KLDivLossConfig::new().init();
            loss.forward::<2>(v.get("prediction"), v.get("target"), Reduction::BatchMean)
        })
        .in_full_only();
    vec![
        of_probabilities,
        Elementwise::new("loss::KLDivLoss, log_target", SIGNED,
                calls!(KLDivLossConfig::new().with_log_target(true).init(), a, b),
                |[p, t]| t.exp() * (t - p)).at(-0.5, -1000.0, [Is(0.0), Is(0.0)])
            .build_with_batch_mean(),
    ]
}

/// Stirling's approximation of the logarithm of a factorial, as in the full Poisson loss.
fn stirling(t: Dual) -> Dual {
    if t.value > 1.0 {
        t * t.ln() - t + (t * (2.0 * PI)).ln() * 0.5
    } else {
        0.0.into()
    }
}

#[rustfmt::skip]
fn likelihoods() -> Vec<Operation> {
    vec![
        Elementwise::new("loss::PoissonNllLoss",
                [("prediction", Sample::Signed), ("target", Sample::Positive)],
                calls!(PoissonNllLossConfig::new().init(), a, b), |[p, t]| p.exp() - t * p)
            .at(0.0, 0.0, [Is(1.0), Is(0.0)])
            .at(-100.0, 2.0, [Is((-100.0_f64).exp() - 2.0), Is(100.0)])
            .note("a: the logarithm of the rate, b: the count, exp(a) - b a").build(),
        Elementwise::new("loss::PoissonNllLoss, of the rate",
                [("prediction", Sample::Positive), ("target", Sample::Positive)],
                calls!(PoissonNllLossConfig::new().with_log_input(false).init(), a, b),
                |[p, t]| p - t * (p + 1e-8).ln())
            .at(0.0, 2.0, [Is(1.0 - 2.0 / 1e-8), Is(-(1e-8_f64.ln()))])
            .at(0.0, 0.0, [Is(1.0), Is(-(1e-8_f64.ln()))]).build(),
        Elementwise::new("loss::PoissonNllLoss, full",
                [("prediction", Sample::Signed), within("target", 1.25, 4.0)],
                calls!(PoissonNllLossConfig::new().with_full(true).init(), a, b),
                |[p, t]| p.exp() - t * p + stirling(t)).at(0.0, 0.5, [Is(0.5), Is(0.0)])
            .at(0.0, 0.0, [Is(1.0), Is(0.0)])
            .note("jumps at a count of 1, below which the approximated factorial is left out")
            .build(),
        gaussian("loss::GaussianNLLLoss", calls!(GaussianNLLLossConfig::new().init(), a, b, c)),
        gaussian("loss::GaussianNLLLoss, full",
                calls!(GaussianNLLLossConfig::new().with_full(true).init(), a, b, c)),
    ]
}

fn gaussian(name: &'static str, calls: LossCalls<3>) -> Operation {
    let row = calls.row;
    let arguments = [SIGNED[0], SIGNED[1], ("variance", Sample::Positive)];
    let is_below = Point::of_two((0.5, 0.0), [Is(5e5), Is(0.0)], move |error, variance| {
        row([error.clone(), error.zeros_like(), variance])
    });
    let at_zero = Point::of_two((0.0, 2.0), [Is(0.0), Is(0.25)], move |error, variance| {
        row([error.clone(), error.zeros_like(), variance])
    });
    Elementwise::new(name, arguments, calls, |[x, t, v]| {
        (v.ln() + (x - t) * (x - t) / v) * 0.5
    })
    .at_point(is_below)
    .at_point(at_zero)
    .note("a: the error, b: the variance, which is taken for 1e-6 where it is less")
    .build()
}

#[rustfmt::skip]
fn rankings() -> Vec<Operation> {
    let with_margin = calls!(
        MarginRankingLossConfig::new().with_margin(0.25).init(),
        a,
        b,
        c
    );
    let row = with_margin.row;
    let at_the_margin = Point::of_two(
        (0.75, 0.5),
        [Between(-1.0, 0.0), Between(0.0, 1.0)],
        move |first, second| row([first.clone(), second, first.ones_like()]),
    );
    vec![
        Elementwise::new("loss::MarginRankingLoss",
                [("first", Sample::Signed), ("second", Sample::Signed),
                ("target", Sample::Signed)], with_margin,
                |[a, b, t]| (-(t * (a - b)) + 0.25).relu()).at_point(at_the_margin)
            .note("a: the first, b: the second, with a margin of 0.25 and a target of 1").build(),
        Elementwise::new("loss::SoftMarginLoss", SIGNED, calls!(SoftMarginLoss::new(), a, b),
                |[x, t]| (-(t * x)).softplus()).at(0.0, 1.0, [Is(-0.5), Is(0.0)])
            .at(-100.0, 1.0, [Is(-1.0), Is(100.0)])
            .at(100.0, 1.0, [Is(-(-100.0_f64).exp()), Is(-100.0 * (-100.0_f64).exp())])
            .at(-1000.0, 1.0, [Is(-1.0), Is(1000.0)]).build(),
    ]
}
