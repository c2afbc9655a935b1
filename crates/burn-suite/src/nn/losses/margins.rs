//! Losses of embeddings: cosine, hinge, triplets.

use burn::nn::loss::{
    CosineEmbeddingLossConfig, HingeEmbeddingLossConfig, Reduction, TripletMarginLossConfig,
};
use burn::tensor::{Int, Tensor};

use super::{loss, reduced_if, reductions, summed};
use crate::operation::Operation;
use crate::point::Expected::Between;
use crate::point::Point;
use crate::witness::{Dual, argument};

/// Whether the pairs of a batch of four belong together.
const TARGETS: [i64; 4] = [1, -1, -1, 1];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        cosine(),
        hinge(),
        triplet("loss::TripletMarginLoss", 2.0),
        triplet("loss::TripletMarginLoss, p = 1", 1.0),
        triplet("loss::TripletMarginLoss, p = 3", 3.0),
        triplet("loss::TripletMarginLoss, p = 4", 4.0),
    ]
}

fn dot(a: &[Dual], b: &[Dual]) -> Dual {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}

fn cosine() -> Operation {
    // One embedding is (x, x), the other (1, 0).
    let point = |target| {
        let any = Between(f64::NEG_INFINITY, f64::INFINITY);
        let mut point = Point::of_one(0.0, any, move |x| {
            let [copies] = x.dims();
            let one = Tensor::stack::<2>(vec![x.clone(), x.clone()], 1);
            let other = Tensor::stack::<2>(vec![x.ones_like(), x.zeros_like()], 1);
            let targets = Tensor::<1, Int>::full([copies], target, &x.device());
            let loss = CosineEmbeddingLossConfig::new().with_reduction(Reduction::Sum);
            loss.init().forward(one, other, targets)
        });
        point.name = format!("{}, target {target}", point.name);
        point
    };
    let mut layer = loss("loss::CosineEmbeddingLoss")
        .note("x: one embedding is (x, x), the other (1, 0); their cosine jumps at 0")
        .at(point(1))
        .at(point(-1));
    for (name, reduction) in reductions() {
        let how = reduction.clone();
        let inputs = [argument("one", &[4, 3]), argument("other", &[4, 3])];
        let formula = summed(inputs, move |of| {
            let pairs = of.get("one").rows().zip(of.get("other").rows());
            let losses = pairs.zip(TARGETS).map(|((a, b), target)| {
                let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                match target {
                    1 => -cosine + 1.0,
                    _ => (cosine - 0.25).relu(),
                }
            });
            reduced_if(&losses.collect::<Vec<_>>(), 4, how.as_ref())
        });
        layer = layer.check(format!("[4, 3]{name}"), &formula, move |v| {
            let config = CosineEmbeddingLossConfig::new().with_margin(0.25);
            let (one, other) = (v.get("one"), v.get("other"));
            let targets = v.ints([4], &TARGETS);
            match reduction.clone() {
                None => config.init().forward_no_reduction(one, other, targets),
                Some(reduction) => {
                    let config = config.with_reduction(reduction);
                    config.init().forward(one, other, targets)
                }
            }
        });
    }
    layer
}

fn hinge() -> Operation {
    let at_the_margin = Point::of_one(1.0, Between(-1.0, 0.0), |x| {
        let dissimilar = x.ones_like().neg();
        let loss = HingeEmbeddingLossConfig::new().init();
        loss.forward(x, dissimilar, Reduction::Sum)
    });
    let mut layer = loss("loss::HingeEmbeddingLoss")
        .note("x: the distance of a pair that does not belong together, with a margin of 1")
        .at(at_the_margin);
    for (name, reduction) in reductions() {
        let how = reduction.clone();
        let input = argument("x", &[4]).within(-1.0, 2.0);
        let formula = summed([input], move |of| {
            let losses = of.get("x").values.iter().zip(TARGETS);
            let losses = losses.map(|(&x, target)| match target {
                1 => x,
                _ => (-x + 1.0).relu(),
            });
            reduced_if(&losses.collect::<Vec<_>>(), 4, how.as_ref())
        });
        layer = layer.check(format!("[4]{name}"), &formula, move |v| {
            let loss = HingeEmbeddingLossConfig::new().init();
            let (x, target) = (v.get::<1>("x"), v.tensor([4], &TARGETS.map(|t| t as f64)));
            match reduction.clone() {
                None => loss.forward_no_reduction(x, target),
                Some(reduction) => loss.forward(x, target, reduction),
            }
        });
    }
    layer
}

/// `sum of |a - b|^p`, to the power of 1/p
fn distance(a: &[Dual], b: &[Dual], p: f64) -> Dual {
    let terms = a.iter().zip(b).map(|(&a, &b)| (a - b).abs().powf(p));
    let sum: Dual = terms.sum();
    sum.powf(1.0 / p)
}

fn triplet(name: &'static str, p: f64) -> Operation {
    // Anchor (a, 0), positive (b, 0), negative (0.75, 0), which alone adds 1 to the slope by a.
    let same = Point::of_two(
        (0.5, 0.5),
        [Between(0.0, 2.0), Between(-1.0, 1.0)],
        move |a, b| {
            let row = |x: Tensor<1>| Tensor::stack::<2>(vec![x.clone(), x.zeros_like()], 1);
            let negative = row(a.ones_like() * 0.75);
            let loss = TripletMarginLossConfig::new().with_p(p).init();
            loss.forward(row(a), row(b), negative, Reduction::Sum)
        },
    );
    let mut layer = loss(name)
        .note("a: the anchor, b: the positive, where both are the same")
        .at(same);
    for (name, reduction) in reductions() {
        let how = reduction.clone();
        let inputs = ["anchor", "positive", "negative"].map(|name| argument(name, &[4, 3]));
        let formula = summed(inputs, move |of| {
            let anchors = of.get("anchor").rows();
            let others = of.get("positive").rows().zip(of.get("negative").rows());
            let losses = anchors.zip(others).map(|(anchor, (positive, negative))| {
                let far = distance(anchor, positive, p) - distance(anchor, negative, p);
                (far + 1.0).relu()
            });
            reduced_if(&losses.collect::<Vec<_>>(), 4, how.as_ref())
        });
        // Where powers round their exponent, the module's value is that of another function.
        let formula = if p == 3.0 {
            formula.with_differences()
        } else {
            formula
        };
        layer = layer.check(format!("[4, 3]{name}"), &formula, move |v| {
            let loss = TripletMarginLossConfig::new().with_p(p).init();
            let [anchor, positive, negative] =
                ["anchor", "positive", "negative"].map(|name| v.get(name));
            match reduction.clone() {
                None => loss.forward_no_reduction(anchor, positive, negative),
                Some(reduction) => loss.forward(anchor, positive, negative, reduction),
            }
        });
    }
    layer
}
