//! Operations that move elements: reshapes, slices, gathers, scatters, sorts.
//!
//! Most formulas only map each element of the result to its source. Gradients are then copied back
//! and must agree to the last bit.

mod copies;
mod indices;
mod orders;
mod slices;
mod sorts;

use burn::tensor::Tensor;
use burn_gradcheck::Outputs;

use crate::operation::{Family, Operation};
use crate::witness::{
    Dual, DualArray, Formula, FormulaInputs, FormulaPrecision, MemoryLayout, argument, arguments,
};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    [
        sorts::operations(),
        orders::operations(),
        slices::operations(),
        indices::operations(),
        copies::operations(),
    ]
    .concat()
}

fn shape_operation(name: &'static str, covers: &'static [&'static str]) -> Operation {
    Operation::new(name, Family::Shapes).covers(covers)
}

/// Where an element of a result comes from: an index into one of two inputs.
enum ElementSource<const C: usize, const D: usize> {
    X([usize; C]),
    Values([usize; D]),
}

impl Operation {
    /// Adds a check with one input, `x`. `source` gives the index in `x` of each element of the
    /// result.
    fn moves<const D: usize, const E: usize>(
        self,
        name: &str,
        shape: [usize; D],
        source: fn([usize; E]) -> [usize; D],
        function: impl Fn(&FormulaInputs<'_>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        self.moves_stored(&[], name, shape, source, function)
    }

    /// As [`Operation::moves`], and once more for each layout of `x` in memory.
    fn moves_stored<const D: usize, const E: usize>(
        self,
        layouts: &[MemoryLayout],
        name: &str,
        shape: [usize; D],
        source: impl Fn([usize; E]) -> [usize; D] + Send + Sync + 'static,
        function: impl Fn(&FormulaInputs<'_>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let formula = Formula::new([argument("x", &shape)], move |of| {
            DualArray::by_index(of.result::<E>(), |at| of.get("x").at(source(at)))
        });
        self.copies::<E, _>(layouts, name, formula, move |v| function(v, v.get("x")))
    }

    /// As [`Operation::moves`]; an element without a source is constant.
    fn moves_some<const D: usize, const E: usize>(
        self,
        name: &str,
        shape: [usize; D],
        source: fn([usize; E]) -> Option<[usize; D]>,
        function: impl Fn(&FormulaInputs<'_>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let formula = Formula::new([argument("x", &shape)], move |of| {
            let constant = Dual::from(0.0);
            DualArray::by_index(of.result::<E>(), |at| {
                source(at).map_or(constant, |at| of.get("x").at(at))
            })
        });
        self.copies::<E, _>(&[], name, formula, move |v| function(v, v.get("x")))
    }

    /// Adds a check with two inputs, `x` and `values`. `source` gives the input and the index of
    /// each element of the result.
    fn moves_two<const C: usize, const D: usize, const E: usize>(
        self,
        name: &str,
        shapes: ([usize; C], [usize; D]),
        source: fn([usize; E]) -> ElementSource<C, D>,
        function: impl Fn(&FormulaInputs<'_>, Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        self.moves_two_stored(&[], name, shapes, source, function)
    }

    /// As [`Operation::moves_two`], and once more for each layout of the inputs in memory.
    fn moves_two_stored<const C: usize, const D: usize, const E: usize>(
        self,
        layouts: &[MemoryLayout],
        name: &str,
        (shape, values): ([usize; C], [usize; D]),
        source: fn([usize; E]) -> ElementSource<C, D>,
        function: impl Fn(&FormulaInputs<'_>, Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let inputs = arguments(&[("x", &shape), ("values", &values)]);
        let formula = Formula::new(inputs, move |of| {
            DualArray::by_index(of.result::<E>(), |at| match source(at) {
                ElementSource::X(at) => of.get("x").at(at),
                ElementSource::Values(at) => of.get("values").at(at),
            })
        });
        self.copies::<E, _>(layouts, name, formula, move |v| {
            function(v, v.get("x"), v.get("values"))
        })
    }

    /// Adds a check of a function whose results of rank `E` are copies of its inputs' elements.
    fn copies<const E: usize, O: Into<Outputs>>(
        self,
        layouts: &[MemoryLayout],
        name: &str,
        formula: Formula,
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        let formula = formula.with_precision(FormulaPrecision::Exact);
        self.check_stored(name, layouts, &formula.knowing_result::<E>(), function)
    }

    /// Adds a check with two inputs, `x` and `values`, without a formula.
    fn updates<O: Into<Outputs>>(
        self,
        name: &str,
        (shape, values): (&[usize], &[usize]),
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        let formula = Formula::unknown(arguments(&[("x", shape), ("values", values)]));
        self.check(
            name,
            &formula.with_precision(FormulaPrecision::Summed),
            function,
        )
    }
}
