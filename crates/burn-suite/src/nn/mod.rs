//! The layers of `burn::nn`, used as a net uses them: built by their config and run by `forward`,
//! with their parameters among the inputs.

mod activation;
mod attention;
mod conv;
mod distance;
mod dual;
mod formula;
mod linear;
mod losses;
mod moves;
mod norms;
mod pool;
mod random;
mod recurrent;
mod resize;
mod witness;

use burn::module::Module;
use burn::tensor::Device;
use burn_gradcheck::{Case, Outputs, Values};

use crate::operation::{Family, Operation};
use crate::point::Point;

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    [
        linear::operations(),
        conv::operations(),
        norms::operations(),
        pool::operations(),
        resize::operations(),
        moves::operations(),
        activation::operations(),
        random::operations(),
        distance::operations(),
        losses::operations(),
        recurrent::operations(),
        attention::operations(),
    ]
    .concat()
}

/// A layer with checks added one by one.
struct Layer(Operation);

impl Layer {
    /// A layer of `burn::nn`, named as there: `nn::Linear`.
    fn new(name: &'static str) -> Self {
        Self::of(Family::Modules, name)
    }

    /// As [`Layer::new`], for another family.
    fn of(family: Family, name: &'static str) -> Self {
        Self(Operation::new(name, family, &[]))
    }

    fn note(self, note: &'static str) -> Self {
        Self(self.0.note(note))
    }

    fn at(self, point: Point) -> Self {
        Self(self.0.at(point))
    }

    /// A check of the layer that `build` makes; `inputs` are those of `forward`, by name and shape.
    /// The layer's parameters are inputs too, by their paths.
    fn module<M: Module + 'static, O: Into<Outputs>>(
        self,
        name: &str,
        inputs: &[(&str, &[usize])],
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, &Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            with_inputs(case, inputs).module(build, forward)
        })
    }

    /// A check made by hand. In f32 by burn-gradcheck's own tolerance, which reckons with sums that
    /// cancel, unless the case states one.
    fn with(mut self, name: &str, case: impl FnOnce(Case) -> Case) -> Self {
        self.0.drawn(name.to_owned(), true, case);
        self
    }

    fn done(self) -> Operation {
        self.0
    }
}

/// Adds inputs by name and shape.
fn with_inputs(case: Case, inputs: &[(&str, &[usize])]) -> Case {
    let add = |case: Case, (name, shape): &(&str, &[usize])| case.input(*name, *shape);
    inputs.iter().fold(case, add)
}
