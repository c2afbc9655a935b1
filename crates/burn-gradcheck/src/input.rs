//! The inputs of a case: as declared, and at a point.

use std::sync::Arc;

use burn::tensor::DType;

use crate::flat::rounded;
use crate::layout::Layout;
use crate::sample::Sample;

/// A named input: its shape and the source of its values.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) source: Source,
    pub(crate) differentiated: bool,
    pub(crate) layout: Layout,
}

/// A named tensor of integers, in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Integers {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Arc<[i64]>,
}

/// The source of an input's values.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Drawn(Sample),
    Given(Arc<[f64]>),
}

/// One named input on the host: the point at which a case is checked.
#[derive(Clone, Debug)]
pub(crate) struct HostInput {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
    pub(crate) differentiated: bool,
    pub(crate) layout: Layout,
}

impl Input {
    /// # Panics
    ///
    /// If the number of given values is not that of the shape.
    pub(crate) fn new(
        name: String,
        shape: Vec<usize>,
        source: Source,
        differentiated: bool,
    ) -> Self {
        if let Source::Given(values) = &source {
            let expected: usize = shape.iter().product();
            let got = values.len();
            assert_eq!(
                got, expected,
                "input `{name}`: {got} values for shape {shape:?}"
            );
        }
        Self {
            name,
            shape,
            source,
            differentiated,
            layout: Layout::Contiguous,
        }
    }

    /// The values by this seed, case and draw, rounded to `dtype`.
    pub(crate) fn at_point(&self, seed: u64, [case, draw]: [&str; 2], dtype: DType) -> HostInput {
        let count = self.shape.iter().product();
        let values = match &self.source {
            Source::Given(values) => values.to_vec(),
            Source::Drawn(sample) => sample.draw(count, seed, &[case, &self.name, draw]),
        };
        HostInput {
            name: self.name.clone(),
            shape: self.shape.clone(),
            values: rounded(values, dtype),
            differentiated: self.differentiated,
            layout: self.layout,
        }
    }
}
