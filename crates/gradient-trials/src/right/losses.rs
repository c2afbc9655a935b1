//! Losses of `burn::nn::loss`, and how they are put together from functions.

use burn::nn::loss::{
    BinaryCrossEntropyLossConfig, CosineEmbeddingLossConfig, CrossEntropyLossConfig,
    GaussianNLLLossConfig, HingeEmbeddingLossConfig, HuberLossConfig, KLDivLossConfig,
    LpLossConfig, MarginRankingLossConfig, MseLoss, MultiMarginLossConfig, PoissonNllLossConfig,
    Reduction, SmoothL1LossConfig, SoftMarginLoss, TripletMarginLossConfig,
};
use burn::tensor::activation::{log_sigmoid, log_softmax, sigmoid, softmax, softplus};
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Sample, Values};

use super::RightFunction;

/// A case with predictions `x` and targets `y`, both differentiated.
fn both(
    name: &'static str,
    about: &'static str,
    f: fn(Tensor<2>, Tensor<2>) -> Tensor<1>,
) -> RightFunction {
    let case = Case::new(name)
        .input("x", SHAPE)
        .input("y", SHAPE)
        .function(move |v| f(v.get("x"), v.get("y")));
    RightFunction::new(about, case)
}

/// A case with predictions `x`.
fn of_x(
    name: &'static str,
    about: &'static str,
    f: fn(Tensor<2>, &Values) -> Tensor<1>,
) -> RightFunction {
    let case = Case::new(name)
        .input("x", SHAPE)
        .function(move |v| f(v.get("x"), v));
    RightFunction::new(about, case)
}

const SHAPE: [usize; 2] = [3, 4];
const LABELS: [i64; 3] = [2, 0, 3];
/// Probabilities, the rows of which add up to 1.
const SHARES: [f64; 12] = [
    0.5, 0.25, 0.125, 0.125, 0.125, 0.5, 0.125, 0.25, 0.25, 0.25, 0.25, 0.25,
];
const SIGNS: [f64; 12] = [
    1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0,
];
const ZEROS_AND_ONES: [i64; 12] = [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0];

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = of_classes();
    all.extend(of_numbers());
    all.extend(in_one_type());
    all
}

fn of_classes() -> Vec<RightFunction> {
    vec![
        of_x("nn::CrossEntropyLoss", "of logits and labels", |x, v| {
            let loss = CrossEntropyLossConfig::new().init(v.device());
            loss.forward(x, v.ints([3], &LABELS))
        }),
        of_x(
            "nn::CrossEntropyLoss with padding",
            "one label does not count",
            |x, v| {
                let config = CrossEntropyLossConfig::new().with_pad_tokens(Some(vec![0]));
                config.init(v.device()).forward(x, v.ints([3], &LABELS))
            },
        ),
        of_x(
            "cross-entropy of confident logits",
            "the softmax is almost one-hot",
            |x, v| {
                let logits = x * 15.0;
                log_softmax(logits, 1)
                    .gather(1, v.ints([3, 1], &LABELS))
                    .mean()
                    .neg()
            },
        ),
        of_x(
            "cross-entropy of probabilities",
            "softmax, then a logarithm",
            |x, v| {
                let shares = v.tensor::<2>(SHAPE, &SHARES);
                (softmax(x, 1).log() * shares).sum_dim(1).mean().neg()
            },
        ),
        of_x(
            "cross-entropy, written by hand",
            "0.3 (softmax - target)",
            |x, v| {
                let shares = v.tensor::<2>(SHAPE, &SHARES);
                (log_softmax(x, 1) * shares).sum().neg() * 0.3
            },
        )
        .with_vjp(|v, g| {
            let shares = v.tensor::<2>(SHAPE, &SHARES);
            let grad = (softmax(v.get::<2>("x"), 1) - shares) * 0.3;
            Gradients::new().with("x", grad * g.get::<1>(0).reshape([1, 1]))
        }),
        of_x(
            "binary cross-entropy of logits",
            "softplus x - xy",
            |x, v| {
                let y = v.tensor::<2>(SHAPE, &SHARES);
                (softplus(x.clone(), 1.0) - x * y).mean()
            },
        ),
        of_x(
            "binary cross-entropy of probabilities",
            "by a sigmoid and logarithms",
            |x, v| {
                let (p, y) = (sigmoid(x), v.tensor::<2>(SHAPE, &SHARES));
                let (other, rest) = (p.clone().neg() + 1.0, y.clone().neg() + 1.0);
                (p.log() * y + other.log() * rest).mean().neg()
            },
        ),
        of_x("focal loss", "(1 - p)² log p of the true class", |x, v| {
            let log = log_softmax(x, 1).gather(1, v.ints([3, 1], &LABELS));
            let rest = log.clone().exp().neg() + 1.0;
            (rest.square() * log).mean().neg()
        }),
        of_x(
            "nn::KLDivLoss",
            "from log-softmax to given shares",
            |x, v| {
                let shares = v.tensor::<2>(SHAPE, &SHARES);
                let loss = KLDivLossConfig::new().init();
                loss.forward(log_softmax(x, 1), shares, Reduction::Sum)
            },
        ),
        both(
            "nn::KLDivLoss of two softmaxes",
            "both sides are differentiated",
            |x, y| {
                let loss = KLDivLossConfig::new().with_log_target(true).init();
                loss.forward(log_softmax(x, 1), log_softmax(y, 1), Reduction::Sum)
            },
        ),
        of_x("nn::SoftMarginLoss", "of signs", |x, v| {
            SoftMarginLoss::new().forward(x, v.tensor(SHAPE, &SIGNS), Reduction::Mean)
        }),
        of_x("nn::MultiMarginLoss", "of labels", |x, v| {
            let loss = MultiMarginLossConfig::new().init();
            loss.forward(x, v.ints([3], &LABELS), Reduction::Mean)
        }),
        of_x("nn::HingeEmbeddingLoss", "of signs", |x, v| {
            let loss = HingeEmbeddingLossConfig::new().init();
            loss.forward(x, v.tensor::<2>(SHAPE, &SIGNS), Reduction::Mean)
        }),
    ]
}

fn of_numbers() -> Vec<RightFunction> {
    vec![
        both("nn::MseLoss", "both sides are differentiated", |x, y| {
            MseLoss::new().forward(x, y, Reduction::Mean)
        }),
        both(
            "nn::HuberLoss",
            "quadratic near zero, then linear",
            |x, y| {
                HuberLossConfig::new(0.75)
                    .init()
                    .forward(x, y, Reduction::Sum)
            },
        ),
        both(
            "nn::SmoothL1Loss",
            "quadratic near zero, then linear",
            |x, y| {
                let loss = SmoothL1LossConfig::new().init();
                loss.forward_with_reduction(x, y, Reduction::Mean)
            },
        ),
        both("nn::LpLoss of the third power", "|x - y|³", |x, y| {
            LpLossConfig::new(3.0).init().forward(x, y, Reduction::Mean)
        }),
        both("nn::PoissonNllLoss", "e^x - xy", |x, y| {
            PoissonNllLossConfig::new()
                .init()
                .forward(x, y.abs(), Reduction::Mean)
        }),
        RightFunction::new(
            "of a mean and a variance",
            Case::new("nn::GaussianNLLLoss")
                .input("x", SHAPE)
                .input("y", SHAPE)
                .input_from("variance", SHAPE, Sample::Positive)
                .function(|v| {
                    let loss = GaussianNLLLossConfig::new().init();
                    let (x, y) = (v.get::<2>("x"), v.get("y"));
                    loss.forward(x, y, v.get("variance"), Reduction::Mean)
                }),
        ),
        both(
            "nn::MarginRankingLoss",
            "x should be larger than y",
            |x, y| {
                let target = x.ones_like();
                let loss = MarginRankingLossConfig::new().with_margin(0.5).init();
                loss.forward(x, y, target, Reduction::Mean)
            },
        ),
        RightFunction::new(
            "a row should be nearer to one than to another",
            Case::new("nn::TripletMarginLoss")
                .input("x", SHAPE)
                .input("near", SHAPE)
                .input("far", SHAPE)
                .function(|v| {
                    let loss = TripletMarginLossConfig::new().with_margin(5.0).init();
                    loss.forward(v.get("x"), v.get("near"), v.get("far"), Reduction::Mean)
                }),
        ),
        RightFunction::new(
            "rows should point to the same or to other directions",
            Case::new("nn::CosineEmbeddingLoss")
                .input("x", SHAPE)
                .input("y", SHAPE)
                .function(|v| {
                    let loss = CosineEmbeddingLossConfig::new().with_margin(-1.0).init();
                    loss.forward(v.get("x"), v.get("y"), v.ints([3], &[1, -1, 1]))
                }),
        ),
        of_x("log-cosh", "by softplus, without overflow", |x, _| {
            let x = x * 4.0;
            (x.clone() + softplus(x * -2.0, 1.0) - std::f64::consts::LN_2).mean()
        }),
        both(
            "InfoNCE",
            "similarities of all pairs, over a temperature of 1/8",
            |x, y| {
                let unit = |x: Tensor<2>| x.clone() / x.square().sum_dim(1).sqrt();
                let similarity = unit(x).matmul(unit(y).transpose()) * 8.0;
                let diagonal = Tensor::<2>::eye(3, &similarity.device()).cast(similarity.dtype());
                (log_softmax(similarity, 1) * diagonal).sum().neg()
            },
        ),
    ]
}

/// Losses that make tensors of the device's default float type, so that they work in f32 only.
fn in_one_type() -> Vec<RightFunction> {
    vec![
        of_x("nn::BinaryCrossEntropyLoss", "of logits", |x, v| {
            let loss = BinaryCrossEntropyLossConfig::new()
                .with_logits(true)
                .init(v.device());
            loss.forward(x, v.ints(SHAPE, &ZEROS_AND_ONES))
        })
        .only_in(DType::F32, |v| {
            let x = v.get::<2>("x");
            let y = v.tensor::<2>(SHAPE, &ZEROS_AND_ONES.map(|bit| bit as f64));
            ((y.neg() + 1.0) * x.clone() - log_sigmoid(x)).mean()
        }),
        of_x(
            "nn::CrossEntropyLoss, smoothed",
            "with a tenth for all classes",
            |x, v| {
                let config = CrossEntropyLossConfig::new().with_smoothing(Some(0.125));
                config.init(v.device()).forward(x, v.ints([3], &LABELS))
            },
        )
        .only_in(DType::F32, |v| {
            let log = log_softmax(v.get::<2>("x"), 1);
            let own = log.clone().gather(1, v.ints([3, 1], &LABELS)).sum();
            (own * 0.875 + log.sum() * (0.125 / 4.0)).neg() / 3.0
        }),
    ]
}
