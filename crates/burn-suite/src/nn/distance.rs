//! Similarity and distance of rows.

use burn::nn::{CosineSimilarityConfig, PairwiseDistanceConfig};
use burn::tensor::Tensor;

use crate::operation::{Operation, layer};
use crate::point::Expected::{Between, Is};
use crate::point::Point;
use crate::witness::{Dual, DualArray, Formula, arguments};

pub(super) fn operations() -> Vec<Operation> {
    vec![cosine_similarity(), pairwise_distance()]
}

/// Compares the rows or the columns of two matrices one by one.
fn of_pairs(
    by_row: bool,
    compare: impl Fn(&[Dual], &[Dual]) -> Dual + Send + Sync + 'static,
) -> Formula {
    let inputs = arguments(&[("a", &[3, 4]), ("b", &[3, 4])]);
    Formula::new(inputs, move |of| {
        let vectors = |name: &str| -> Vec<Vec<Dual>> {
            let matrix = of.get(name);
            if by_row {
                return matrix.rows().map(<[Dual]>::to_vec).collect();
            }
            let column = |j| [0, 1, 2].map(|i| matrix.at([i, j])).to_vec();
            (0..4).map(column).collect()
        };
        let pairs = vectors("a").into_iter().zip(vectors("b"));
        DualArray::vector(pairs.map(|(a, b)| compare(&a, &b)).collect())
    })
}

fn cosine_similarity() -> Operation {
    let eps_at_zero = Point::of_two((0.0, 1.0), [Is(8.0), Is(0.0)], |a, b| {
        let rows = [a.dims()[0], 1];
        let config = CosineSimilarityConfig::new().with_eps(0.125);
        config.init().forward(a.reshape(rows), b.reshape(rows))
    });
    let layer = layer("nn::CosineSimilarity").note("a vector shorter than eps is divided by eps");
    [("[3, 4] of rows", 1), ("[3, 4] of columns", 0)]
        .into_iter()
        .fold(layer, |layer, (name, dim)| {
            layer.check(name, &of_pairs(dim == 1, cosine), move |v| {
                let config = CosineSimilarityConfig::new().with_dim(dim);
                config.init().forward(v.get::<2>("a"), v.get("b"))
            })
        })
        .at(eps_at_zero)
}

/// `a·b / |a||b|`
fn cosine(a: &[Dual], b: &[Dual]) -> Dual {
    let dot = |a: &[Dual], b: &[Dual]| a.iter().zip(b).map(|(&a, &b)| a * b).sum::<Dual>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn pairwise_distance() -> Operation {
    let at_equal = |x, expected, eps: f64| {
        Point::of_two((x, x), expected, move |a: Tensor<1>, b| {
            let rows = [a.dims()[0], 1];
            let config = PairwiseDistanceConfig::new().with_eps(eps);
            config.init().forward(a.reshape(rows), b.reshape(rows))
        })
    };
    let any = [Between(-1.0, 1.0), Between(-1.0, 1.0)];
    let layer = layer("nn::PairwiseDistance")
        .note("of equal vectors with eps = 1/8 at 1 and with eps = 0 at 0");
    [
        ("[3, 4] p = 1", 1.0),
        ("[3, 4] p = 2", 2.0),
        ("[3, 4] p = 3", 3.0),
        ("[3, 4] p = 4", 4.0),
        ("[3, 4] p = inf", f64::INFINITY),
    ]
    .into_iter()
    .fold(layer, |layer, (name, p)| {
        let formula = of_pairs(true, move |a, b| distance(a, b, p));
        layer.check(name, &formula, move |v| {
            let config = PairwiseDistanceConfig::new().with_p(p);
            config.init().forward(v.get::<2>("a"), v.get("b"))
        })
    })
    .at(at_equal(1.0, [Is(1.0), Is(-1.0)], 0.125))
    .at(at_equal(0.0, any, 0.0))
}

/// `|a - b + 1e-6|` in the norm p.
fn distance(a: &[Dual], b: &[Dual], p: f64) -> Dual {
    let distances = a.iter().zip(b).map(|(&a, &b)| (a - b + 1e-6).abs());
    if p.is_infinite() {
        let larger = |a, b| if b > a { b } else { a };
        return distances.fold(0.0.into(), larger);
    }
    let powers = distances.map(|distance| distance.powf(p));
    powers.sum::<Dual>().powf(1.0 / p)
}
