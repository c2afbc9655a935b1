//! Functions of two numbers: with every kind of broadcasting.

use burn::tensor::Tensor;
use burn_gradcheck::{Gradients, Sample};

use crate::host::{F32, host, tolerance_f32, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};
use crate::point::{Expected, Point};

/// The function as Burn has it, at each rank.
#[derive(Clone, Copy)]
pub(super) struct Ranks {
    pub(super) one: fn(Tensor<1>, Tensor<1>) -> Tensor<1>,
    pub(super) two: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    pub(super) three: fn(Tensor<3>, Tensor<3>) -> Tensor<3>,
}

/// `pairs!(|a, b| a.add(b))`: one expression at three ranks.
macro_rules! pairs {
    (|$a:ident, $b:ident| $body:expr) => {
        $crate::elementwise::binary::Ranks {
            one: |$a: burn::tensor::Tensor<1>, $b: burn::tensor::Tensor<1>| $body,
            two: |$a: burn::tensor::Tensor<2>, $b: burn::tensor::Tensor<2>| $body,
            three: |$a: burn::tensor::Tensor<3>, $b: burn::tensor::Tensor<3>| $body,
        }
    };
}
pub(super) use pairs;

type Partials = fn(f64, f64) -> (f64, f64);

/// A function of two numbers, with its partial derivatives evaluated on the host in f64.
pub(super) struct Binary {
    operation: Operation,
    ranks: Ranks,
    partials: Partials,
    samples: (Sample, Sample),
    with_itself: bool,
}

impl Binary {
    /// Both arguments drawn from magnitudes of 1/8 to 3/2 of either sign.
    pub(super) fn new(
        name: &'static str,
        family: Family,
        covers: &'static [&'static str],
        ranks: Ranks,
        partials: Partials,
    ) -> Self {
        Self {
            operation: Operation::new(name, family, covers),
            ranks,
            partials,
            samples: (Sample::Signed, Sample::Signed),
            with_itself: false,
        }
    }

    /// Draws from other ranges, where the function is smooth.
    pub(super) fn within(mut self, a: Sample, b: Sample) -> Self {
        self.samples = (a, b);
        self
    }

    /// Checks the function also with one tensor as both arguments, where it is smooth there.
    pub(super) fn with_itself(mut self) -> Self {
        self.with_itself = true;
        self
    }

    /// Sets the note.
    pub(super) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point.
    pub(super) fn at(mut self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let point = Point::of_two((a, b), expected, self.ranks.one);
        self.operation = self.operation.at(point);
        self
    }

    /// Adds a point that is special in f32 only.
    pub(super) fn at_in_f32(mut self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let point = Point::of_two((a, b), expected, self.ranks.one).only_in(F32);
        self.operation = self.operation.at(point);
        self
    }

    /// Makes the operation, with all its checks.
    pub(super) fn build(mut self) -> Operation {
        let Ranks { one, two, three } = self.ranks;
        for length in [1, 7] {
            self.add([length], [length], one);
        }
        for (a, b) in [
            ([3, 4], [3, 4]),
            ([3, 1], [1, 4]),
            ([3, 4], [1, 4]),
            ([1, 1], [3, 4]),
        ] {
            self.add(a, b, two);
        }
        self.add([2, 1, 3], [1, 4, 1], three);
        self.add([2, 3, 2], [2, 3, 2], three);
        self.add_transposed();
        if self.with_itself {
            self.add_with_itself();
        }
        self.operation
    }

    fn add<const D: usize>(
        &mut self,
        shape_a: [usize; D],
        shape_b: [usize; D],
        function: fn(Tensor<D>, Tensor<D>) -> Tensor<D>,
    ) {
        let (partials, (sample_a, sample_b)) = (self.partials, self.samples);
        let name = format!("{shape_a:?} {shape_b:?}");
        let tolerance = match shape_a == shape_b {
            true => tolerance_f32(),
            false => tolerance_f32_of_sums(),
        };
        self.operation.drawn(name, D == 2, |case| {
            case.input_from("a", shape_a, sample_a)
                .input_from("b", shape_b, sample_b)
                .tolerance(F32, tolerance)
                .function(move |v| function(v.get("a"), v.get("b")))
                .vjp(move |v, grad_out| {
                    let (a, b) = (host(v.get::<D>("a")), host(v.get::<D>("b")));
                    let (mut grad_a, mut grad_b) = (vec![0.0; a.len()], vec![0.0; b.len()]);
                    let sources = broadcast(&shape_a, &shape_b);
                    for (grad, (i, j)) in host(grad_out.get::<D>(0)).into_iter().zip(sources) {
                        let (by_a, by_b) = partials(a[i], b[j]);
                        grad_a[i] += grad * by_a;
                        grad_b[j] += grad * by_b;
                    }
                    Gradients::new()
                        .with("a", v.tensor(shape_a, &grad_a))
                        .with("b", v.tensor(shape_b, &grad_b))
                })
        });
    }

    /// The first argument in another order than in memory.
    fn add_transposed(&mut self) {
        let (function, partials, (sample_a, sample_b)) =
            (self.ranks.two, self.partials, self.samples);
        let name = "[4, 3] transposed [3, 4]".to_owned();
        self.operation.drawn(name, true, |case| {
            case.input_from("a", [4, 3], sample_a)
                .input_from("b", [3, 4], sample_b)
                .tolerance(F32, tolerance_f32())
                .function(move |v| function(v.get::<2>("a").transpose(), v.get("b")))
                .vjp(move |v, grad_out| {
                    let (a, b) = (host(v.get::<2>("a")), host(v.get::<2>("b")));
                    let (mut grad_a, mut grad_b) = (vec![0.0; 12], vec![0.0; 12]);
                    for (j, grad) in host(grad_out.get::<2>(0)).into_iter().enumerate() {
                        let i = j % 4 * 3 + j / 4;
                        let (by_a, by_b) = partials(a[i], b[j]);
                        grad_a[i] = grad * by_a;
                        grad_b[j] = grad * by_b;
                    }
                    Gradients::new()
                        .with("a", v.tensor([4, 3], &grad_a))
                        .with("b", v.tensor([3, 4], &grad_b))
                })
        });
    }

    /// One tensor in both places: its two gradients have to be added.
    fn add_with_itself(&mut self) {
        let (function, partials, (sample, _)) = (self.ranks.two, self.partials, self.samples);
        let name = "[3, 4] with itself".to_owned();
        self.operation.drawn(name, true, |case| {
            case.input_from("x", [3, 4], sample)
                .tolerance(F32, tolerance_f32())
                .function(move |v| function(v.get("x"), v.get("x")))
                .vjp(move |v, grad_out| {
                    let x = host(v.get::<2>("x"));
                    let grad_out = host(grad_out.get::<2>(0));
                    let grad = |(x, grad): (f64, f64)| {
                        let (first, second) = partials(x, x);
                        grad * (first + second)
                    };
                    let grad_x: Vec<f64> = x.into_iter().zip(grad_out).map(grad).collect();
                    Gradients::new().with("x", v.tensor([3, 4], &grad_x))
                })
        });
    }
}

/// For each element of the broadcast shape, in row-major order, the elements of the two that meet.
fn broadcast<const D: usize>(a: &[usize; D], b: &[usize; D]) -> Vec<(usize, usize)> {
    let out: Vec<usize> = a.iter().zip(b).map(|(a, b)| *a.max(b)).collect();
    let place = |shape: &[usize; D], mut flat: usize| {
        let (mut index, mut stride) = (0, 1);
        for d in (0..D).rev() {
            index += if shape[d] == 1 { 0 } else { flat % out[d] } * stride;
            stride *= shape[d];
            flat /= out[d];
        }
        index
    };
    (0..out.iter().product())
        .map(|flat| (place(a, flat), place(b, flat)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_meet_as_broadcasting_has_it() {
        let meet = broadcast(&[2, 1], &[1, 3]);
        assert_eq!(meet, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
        assert_eq!(
            broadcast(&[2, 2], &[1, 1]),
            [(0, 0), (1, 0), (2, 0), (3, 0)]
        );
    }
}
