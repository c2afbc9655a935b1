//! Lanes: the elements along one dimension, which an operation turns into others, lane by lane.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Sample};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// The operation as Burn has it, at each rank, along a dimension.
#[derive(Clone, Copy)]
pub(crate) struct Ranks {
    pub(crate) one: fn(Tensor<1>, usize) -> Tensor<1>,
    pub(crate) two: fn(Tensor<2>, usize) -> Tensor<2>,
    pub(crate) three: fn(Tensor<3>, usize) -> Tensor<3>,
    pub(crate) four: fn(Tensor<4>, usize) -> Tensor<4>,
}

/// `along!(|x, dim| x.sum_dim(dim))`: one expression at four ranks.
macro_rules! along {
    (|$x:ident, $dim:ident| $body:expr) => {
        $crate::lanes::Ranks {
            one: |$x: burn::tensor::Tensor<1>, $dim: usize| $body,
            two: |$x: burn::tensor::Tensor<2>, $dim: usize| $body,
            three: |$x: burn::tensor::Tensor<3>, $dim: usize| $body,
            four: |$x: burn::tensor::Tensor<4>, $dim: usize| $body,
        }
    };
}
pub(crate) use along;

/// The vector-Jacobian product of one lane, on the host: from the lane's inputs and the upstream
/// gradients of its outputs (as many, or one) to the gradients of its inputs.
pub(crate) type LaneVjp = fn(&[f64], &[f64]) -> Vec<f64>;

/// An operation on lanes: at every rank, along every dimension, in every order in memory.
pub(crate) struct Lanes {
    operation: Operation,
    ranks: Ranks,
    vjp: LaneVjp,
    sample: Sample,
    /// Whether a lane of one element is in the domain.
    one_will_do: bool,
}

impl Lanes {
    pub(crate) fn new(
        name: &'static str,
        family: Family,
        covers: &'static [&'static str],
        ranks: Ranks,
        vjp: LaneVjp,
    ) -> Self {
        Self {
            operation: Operation::new(name, family, covers),
            ranks,
            vjp,
            sample: Sample::Signed,
            one_will_do: true,
        }
    }

    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    pub(crate) fn two_or_more(mut self) -> Self {
        self.one_will_do = false;
        self
    }

    pub(crate) fn build(mut self) -> Operation {
        let Ranks {
            one,
            two,
            three,
            four,
        } = self.ranks;
        self.add([7], 0, one, |x| x);
        for dim in [0, 1] {
            self.add([3, 5], dim, two, |x| x);
        }
        for dim in [0, 1, 2] {
            self.add([2, 4, 3], dim, three, |x| x);
        }
        self.add([2, 3, 4, 2], 2, four, |x| x);
        if self.one_will_do {
            self.add([1], 0, one, |x| x);
            self.add([1, 4], 0, two, |x| x);
            self.add([2, 1, 3], 1, three, |x| x);
        }
        self.add_transposed(two);
        self.operation
    }

    fn add<const D: usize>(
        &mut self,
        shape: [usize; D],
        dim: usize,
        function: fn(Tensor<D>, usize) -> Tensor<D>,
        arrange: fn(Tensor<D>) -> Tensor<D>,
    ) {
        let (vjp, sample) = (self.vjp, self.sample);
        let name = format!("{shape:?} along {dim}");
        self.operation.drawn(name, D == 2, |case| {
            case.input_from("x", shape, sample)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| function(arrange(v.get::<D>("x")), dim))
                .vjp(move |v, grad_out| {
                    let (x, grad_out) = (host(v.get::<D>("x")), host(grad_out.get::<D>(0)));
                    let grad_x = over_lanes(&shape, dim, &x, &grad_out, vjp);
                    Gradients::new().with("x", v.tensor(shape, &grad_x))
                })
        });
    }

    /// Lanes that are not contiguous in memory where they would be.
    fn add_transposed(&mut self, function: fn(Tensor<2>, usize) -> Tensor<2>) {
        let (vjp, sample) = (self.vjp, self.sample);
        let name = "[4, 3] transposed along 1".to_owned();
        self.operation.drawn(name, true, |case: Case| {
            case.input_from("x", [4, 3], sample)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| function(v.get::<2>("x").transpose(), 1))
                .vjp(move |v, grad_out| {
                    let x = host(v.get::<2>("x").transpose());
                    let grad_out = host(grad_out.get::<2>(0));
                    let transposed = over_lanes(&[3, 4], 1, &x, &grad_out, vjp);
                    let at = |i: usize| transposed[i % 3 * 4 + i / 3];
                    let grad_x: Vec<f64> = (0..12).map(at).collect();
                    Gradients::new().with("x", v.tensor([4, 3], &grad_x))
                })
        });
    }
}

/// Applies a lane's vector-Jacobian product to every lane of a tensor in row-major order.
fn over_lanes(shape: &[usize], dim: usize, x: &[f64], grad_out: &[f64], vjp: LaneVjp) -> Vec<f64> {
    let length = shape[dim];
    let stride: usize = shape[dim + 1..].iter().product();
    let outer: usize = shape[..dim].iter().product();
    let out_length = grad_out.len() / (outer * stride);
    let mut grad_x = vec![0.0; x.len()];
    for lane in 0..outer * stride {
        let (block, offset) = (lane / stride, lane % stride);
        let place = |length: usize, i: usize| (block * length + i) * stride + offset;
        let inputs: Vec<f64> = (0..length).map(|i| x[place(length, i)]).collect();
        let upstream: Vec<f64> = (0..out_length)
            .map(|i| grad_out[place(out_length, i)])
            .collect();
        for (i, grad) in vjp(&inputs, &upstream).into_iter().enumerate() {
            grad_x[place(length, i)] = grad;
        }
    }
    grad_x
}

/// A reduction over all elements, whatever the shape: one lane.
pub(crate) fn over_all(
    name: &'static str,
    covers: &'static [&'static str],
    function: fn(Tensor<2>) -> Tensor<1>,
    vjp: LaneVjp,
) -> Operation {
    let mut operation = Operation::new(name, Family::Reductions, covers);
    for shape in [[3, 5], [1, 1], [1, 7]] {
        add_over_all(&mut operation, shape, function, vjp, None);
    }
    operation
}

pub(crate) fn add_over_all(
    operation: &mut Operation,
    shape: [usize; 2],
    function: fn(Tensor<2>) -> Tensor<1>,
    vjp: LaneVjp,
    given: Option<(&str, Vec<f64>)>,
) {
    let name = match &given {
        Some((what, _)) => format!("{shape:?} {what}"),
        None => format!("{shape:?}"),
    };
    operation.drawn(name, true, |case| {
        let case = match given {
            Some((_, values)) => case.input_values("x", shape, values),
            None => case.input("x", shape),
        };
        case.tolerance(F32, tolerance_f32_of_sums())
            .function(move |v| function(v.get::<2>("x")))
            .vjp(move |v, grad_out| {
                let (x, grad_out) = (host(v.get::<2>("x")), host(grad_out.get::<1>(0)));
                Gradients::new().with("x", v.tensor(shape, &vjp(&x, &grad_out)))
            })
    });
}

/// A reduction over the first and last dimension of three: a lane for each index between them.
pub(crate) fn over_dims(
    name: &'static str,
    covers: &'static [&'static str],
    function: fn(Tensor<3>, &[usize]) -> Tensor<3>,
    vjp: LaneVjp,
) -> Operation {
    let mut operation = Operation::new(name, Family::Reductions, covers);
    operation.drawn("[2, 3, 4] over 0 and 2".to_owned(), true, |case| {
        case.input("x", [2, 3, 4])
            .tolerance(F32, tolerance_f32_of_sums())
            .function(move |v| function(v.get::<3>("x"), &[0, 2]))
            .vjp(move |v, grad_out| {
                let (x, grad_out) = (host(v.get::<3>("x")), host(grad_out.get::<3>(0)));
                let mut grad_x = vec![0.0; 24];
                for (middle, grad) in grad_out.into_iter().enumerate() {
                    let places = (0..8).map(|i| i / 4 * 12 + middle * 4 + i % 4);
                    let places: Vec<usize> = places.collect();
                    let lane: Vec<f64> = places.iter().map(|&place| x[place]).collect();
                    for (place, grad) in places.into_iter().zip(vjp(&lane, &[grad])) {
                        grad_x[place] = grad;
                    }
                }
                Gradients::new().with("x", v.tensor([2, 3, 4], &grad_x))
            })
    });
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_run_along_their_dimension() {
        let first: LaneVjp = |x, grad| x.iter().map(|x| x * grad[0]).collect();
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let along_0 = over_lanes(&[2, 3], 0, &x, &[10.0, 100.0, 1000.0], first);
        assert_eq!(along_0, [10.0, 200.0, 3000.0, 40.0, 500.0, 6000.0]);
        let along_1 = over_lanes(&[2, 3], 1, &x, &[10.0, 100.0], first);
        assert_eq!(along_1, [10.0, 20.0, 30.0, 400.0, 500.0, 600.0]);
    }
}
