//! Similarity and distance of rows.

use burn::nn::{CosineSimilarityConfig, PairwiseDistanceConfig};
use burn_gradcheck::{Case, Gradients};

use super::Layer;
use crate::host::host;
use crate::operation::Operation;
use crate::point::Expected::{Between, Is};
use crate::point::Point;

pub(super) fn operations() -> Vec<Operation> {
    vec![cosine_similarity().done(), pairwise_distance().done()]
}

const SHAPE: [usize; 2] = [3, 4];

/// A case of two matrices; `gradients` is that of one pair of vectors, for an upstream of 1.
fn of_pairs(
    case: Case,
    layout: Layout,
    function: impl Fn(burn::Tensor<2>, burn::Tensor<2>) -> burn::Tensor<1> + Send + Sync + 'static,
    gradients: impl Fn(&[f64], &[f64]) -> [Vec<f64>; 2] + Send + Sync + 'static,
) -> Case {
    case.input("a", SHAPE)
        .input("b", SHAPE)
        .function(move |v| function(v.get("a"), v.get("b")))
        .vjp(move |v, grad_out| {
            let (a, b) = (host(v.get::<2>("a")), host(v.get::<2>("b")));
            let (mut grad_a, mut grad_b) = (vec![0.0; a.len()], vec![0.0; b.len()]);
            for (number, grad) in host(grad_out.get::<1>(0)).into_iter().enumerate() {
                let members = layout.members(number);
                let pick = |of: &[f64]| members.iter().map(|&i| of[i]).collect::<Vec<_>>();
                let [by_a, by_b] = gradients(&pick(&a), &pick(&b));
                for (position, &i) in members.iter().enumerate() {
                    grad_a[i] = grad * by_a[position];
                    grad_b[i] = grad * by_b[position];
                }
            }
            Gradients::new()
                .with("a", v.tensor(SHAPE, &grad_a))
                .with("b", v.tensor(SHAPE, &grad_b))
        })
}

/// Which elements of a matrix make a vector.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Rows,
    Columns,
}

impl Layout {
    fn members(self, number: usize) -> Vec<usize> {
        let [rows, columns] = SHAPE;
        match self {
            Self::Rows => (0..columns)
                .map(|column| number * columns + column)
                .collect(),
            Self::Columns => (0..rows).map(|row| row * columns + number).collect(),
        }
    }
}

fn cosine_similarity() -> Layer {
    let check = |layer: Layer, name: &str, dim: isize, layout: Layout| {
        layer.with(name, |case| {
            let config = CosineSimilarityConfig::new().with_dim(dim);
            let function = move |a, b| config.init().forward(a, b);
            of_pairs(case, layout, function, cosine_gradients)
        })
    };
    let layer = check(
        Layer::new("nn::CosineSimilarity"),
        "[3, 4] of rows",
        1,
        Layout::Rows,
    );
    check(layer, "[3, 4] of columns", 0, Layout::Columns)
        .note("a vector shorter than eps is divided by eps")
        .at(Point::of_two((0.0, 1.0), [Is(8.0), Is(0.0)], |a, b| {
            let count = a.dims()[0];
            let rows = [count, 1];
            let config = CosineSimilarityConfig::new().with_eps(0.125);
            config.init().forward(a.reshape(rows), b.reshape(rows))
        }))
}

/// `a·b / |a||b|`: by `a` it is `(b/|b| - cos a/|a|) / |a|`.
fn cosine_gradients(a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (length_a, length_b) = (dot(a, a).sqrt(), dot(b, b).sqrt());
    let cosine = dot(a, b) / length_a / length_b;
    let by = |a: &[f64], b: &[f64], length_a: f64, length_b: f64| {
        let terms = a.iter().zip(b);
        terms
            .map(|(a, b)| (b / length_b - cosine * a / length_a) / length_a)
            .collect::<Vec<_>>()
    };
    [by(a, b, length_a, length_b), by(b, a, length_b, length_a)]
}

fn pairwise_distance() -> Layer {
    let names = [
        ("[3, 4] p = 1", 1.0),
        ("[3, 4] p = 2", 2.0),
        ("[3, 4] p = 3", 3.0),
        ("[3, 4] p = 4", 4.0),
        ("[3, 4] p = inf", f64::INFINITY),
    ];
    let layer = Layer::new("nn::PairwiseDistance");
    let layer = names.into_iter().fold(layer, |layer, (name, p)| {
        layer.with(name, |case| {
            let config = PairwiseDistanceConfig::new().with_p(p);
            let function = move |a, b| config.init().forward(a, b);
            of_pairs(case, Layout::Rows, function, move |a, b| {
                distance_gradients(a, b, p)
            })
        })
    });
    let at_equal = |eps: f64| {
        move |a: burn::Tensor<1>, b: burn::Tensor<1>| {
            let rows = [a.dims()[0], 1];
            let config = PairwiseDistanceConfig::new().with_eps(eps);
            config.init().forward(a.reshape(rows), b.reshape(rows))
        }
    };
    let any = [Between(-1.0, 1.0), Between(-1.0, 1.0)];
    layer
        .at(Point::of_two(
            (1.0, 1.0),
            [Is(1.0), Is(-1.0)],
            at_equal(0.125),
        ))
        .at(Point::of_two((0.0, 0.0), any, at_equal(0.0)))
        .note("of equal vectors with eps = 1/8 at 1 and with eps = 0 at 0")
}

/// Of `|a - b + 1e-6|` in the norm p: `|d|^(p-1) sign(d) / norm^(p-1)`, and the sign of the largest
/// where p is infinite.
fn distance_gradients(a: &[f64], b: &[f64], p: f64) -> [Vec<f64>; 2] {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b + 1e-6).collect();
    let largest = difference.iter().map(|d| d.abs()).fold(0.0, f64::max);
    let by_a: Vec<f64> = if p.is_infinite() {
        let slope = |d: &f64| if d.abs() == largest { d.signum() } else { 0.0 };
        difference.iter().map(slope).collect()
    } else {
        let powers = difference.iter().map(|d| d.abs().powf(p));
        let norm = powers.sum::<f64>().powf(1.0 / p);
        let slope = |d: &f64| d.signum() * (d.abs() / norm).powf(p - 1.0);
        difference.iter().map(slope).collect()
    };
    let by_b = by_a.iter().map(|slope| -slope).collect();
    [by_a, by_b]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_vectors_are_as_similar_as_can_be() {
        let [by_a, by_b] = cosine_gradients(&[3.0, 4.0], &[6.0, 8.0]);
        assert!(by_a.iter().chain(&by_b).all(|slope| slope.abs() < 1e-15));
    }

    #[test]
    fn the_slope_of_a_distance_has_length_one() {
        let [by_a, _] = distance_gradients(&[3.0, -4.0], &[0.0, 0.0], 2.0);
        assert!((by_a[0] - 0.6).abs() < 1e-6 && (by_a[1] + 0.8).abs() < 1e-6);
    }
}
