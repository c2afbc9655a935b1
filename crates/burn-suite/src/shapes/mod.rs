//! Operations that move elements: reshapes, slices, gathers, scatters, sorts.
//!
//! Most only say where each element of the result comes from. The gradient then takes the same way
//! back, which is followed here on the host and has to agree to the last bit.

mod copies;
mod indices;
mod orders;
mod slices;
mod sorts;

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Outputs, Tolerance, Values};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = sorts::operations();
    let moves = [
        orders::operations(),
        slices::operations(),
        indices::operations(),
        copies::operations(),
    ];
    all.extend(moves.into_iter().flatten().map(|moves| moves.0));
    all
}

/// An operation with checks added one by one.
struct Moves(Operation);

/// Where an element of a result comes from: an index into one of two inputs, or nowhere.
enum Source<const C: usize, const D: usize> {
    X([usize; C]),
    Values([usize; D]),
}

impl Moves {
    fn new(name: &'static str, covers: &'static [&'static str]) -> Self {
        Self(Operation::new(name, Family::Shapes, covers))
    }

    fn note(self, note: &'static str) -> Self {
        Self(self.0.note(note))
    }

    /// One input, `x`, and for each index of the result that of the element of `x`.
    fn of<const D: usize, const E: usize>(
        self,
        name: &str,
        shape: [usize; D],
        source: fn([usize; E]) -> [usize; D],
        function: impl Fn(&Values, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        self.partly(name, shape, move |at| Some(source(at)), function)
    }

    /// As [`Moves::of`]; what comes from nowhere is constant.
    fn partly<const D: usize, const E: usize>(
        self,
        name: &str,
        shape: [usize; D],
        source: impl Fn([usize; E]) -> Option<[usize; D]> + Send + Sync + 'static,
        function: impl Fn(&Values, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            case.input("x", shape)
                .tolerance(DType::F64, exact(1e-9))
                .tolerance(F32, exact(tolerance_f32_of_sums().finite))
                .function(move |v| function(v, v.get::<D>("x")))
                .vjp(move |v, grad_out| {
                    let grad_out = grad_out.get::<E>(0);
                    let out = grad_out.dims();
                    let mut grad_x = vec![0.0; shape.iter().product()];
                    for (place, grad) in host(grad_out).into_iter().enumerate() {
                        if let Some(at) = source(index(place, out)) {
                            grad_x[place_of(at, shape)] += grad;
                        }
                    }
                    Gradients::new().with("x", v.tensor(shape, &grad_x))
                })
        })
    }

    /// Two inputs, `x` and `values`, and for each index of the result where its element is from.
    fn of_two<const C: usize, const D: usize, const E: usize>(
        self,
        name: &str,
        shape: [usize; C],
        values: [usize; D],
        source: fn([usize; E]) -> Source<C, D>,
        function: impl Fn(&Values, Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            case.input("x", shape)
                .input("values", values)
                .tolerance(DType::F64, exact(1e-9))
                .tolerance(F32, exact(tolerance_f32_of_sums().finite))
                .function(move |v| function(v, v.get("x"), v.get("values")))
                .vjp(move |v, grad_out| {
                    let grad_out = grad_out.get::<E>(0);
                    let out = grad_out.dims();
                    let mut grad_x = vec![0.0; shape.iter().product()];
                    let mut grad_values = vec![0.0; values.iter().product()];
                    for (place, grad) in host(grad_out).into_iter().enumerate() {
                        match source(index(place, out)) {
                            Source::X(at) => grad_x[place_of(at, shape)] += grad,
                            Source::Values(at) => grad_values[place_of(at, values)] += grad,
                        }
                    }
                    Gradients::new()
                        .with("x", v.tensor(shape, &grad_x))
                        .with("values", v.tensor(values, &grad_values))
                })
        })
    }

    /// Two inputs, `x` and `values`; no way back to follow.
    fn into<O: Into<Outputs>>(
        self,
        name: &str,
        shape: impl Into<Vec<usize>>,
        values: impl Into<Vec<usize>>,
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            case.input("x", shape)
                .input("values", values)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(function)
        })
    }

    fn with(mut self, name: &str, case: impl FnOnce(Case) -> Case) -> Self {
        self.0.drawn(name.to_owned(), true, case);
        self
    }
}

/// Upstream gradients are multiples of 1/256, so that their sums are exact in f32 too.
fn exact(finite: f64) -> Tolerance {
    let reason = "gradients are copied, or sums of few numbers of few digits: nothing is rounded";
    Tolerance::new(0.0, finite, reason)
}

/// The index of an element by its place in row-major order.
fn index<const D: usize>(mut place: usize, shape: [usize; D]) -> [usize; D] {
    let mut index = [0; D];
    for d in (0..D).rev() {
        index[d] = place % shape[d];
        place /= shape[d];
    }
    index
}

/// The place of an element in row-major order by its index.
fn place_of<const D: usize>(index: [usize; D], shape: [usize; D]) -> usize {
    let pairs = index.iter().zip(shape);
    pairs.fold(0, |place, (index, length)| place * length + index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_an_index() {
        assert_eq!(index(7, [2, 3, 2]), [1, 0, 1]);
        assert_eq!(place_of([1, 0, 1], [2, 3, 2]), 7);
        for place in 0..12 {
            assert_eq!(place_of(index(place, [2, 3, 2]), [2, 3, 2]), place);
        }
    }
}
