//! Whether the table is complete: compares burn-autodiff's methods with those that it exercises.

use std::collections::BTreeSet;

use crate::operation::Operation;

/// Why no operation of the table exercises a method of burn-autodiff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has no gradient.
    NotDifferentiable(&'static str),
    /// No public function of Burn calls it.
    Unreachable(&'static str),
}

/// The methods that no operation of the table exercises, with the reason.
pub const EXCLUSIONS: &[(Reason, &[&str])] = &[
    (
        Reason::Unreachable("module::linear and nn::Linear multiply and add by other methods"),
        &["linear"],
    ),
    (
        Reason::NotDifferentiable("makes a tensor out of none"),
        &[
            "float_from_data",
            "float_random",
            "float_zeros",
            "float_ones",
            "float_empty",
        ],
    ),
    (
        Reason::NotDifferentiable("is about the graph or the device, not a function"),
        &[
            "float_to_device",
            "float_detach",
            "float_set_require_grad",
            "float_is_require_grad",
        ],
    ),
    (
        Reason::NotDifferentiable("gives whole numbers"),
        &[
            "float_argmax",
            "float_argtopk",
            "float_argmin",
            "float_argsort",
            "float_into_int",
        ],
    ),
    (
        Reason::NotDifferentiable("is itself a backward pass, and there are no second derivatives"),
        &[
            "batch_norm_train_backward",
            "embedding_backward",
            "linear_x_backward",
            "linear_weight_backward",
            "linear_bias_backward",
            "deform_conv2d_backward",
            "avg_pool2d_backward",
            "max_pool1d_with_indices_backward",
            "max_pool2d_with_indices_backward",
            "adaptive_avg_pool2d_backward",
            "adaptive_avg_pool3d_backward",
            "interpolate_backward",
        ],
    ),
];

/// How many methods of burn-autodiff the table exercises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Coverage {
    /// Exercised by an operation of the table.
    pub covered: usize,
    /// With a gradient, but out of reach for users of Burn.
    pub unreachable: usize,
    /// Without a gradient.
    pub not_differentiable: usize,
}

/// Counts the methods that the operations exercise and those that they do not.
///
/// # Example
///
/// ```
/// let coverage = burn_suite::coverage(&burn_suite::operations());
/// assert!(coverage.covered > 50);
/// ```
pub fn coverage(operations: &[Operation]) -> Coverage {
    let count = |wanted: fn(&Reason) -> bool| {
        let groups = EXCLUSIONS.iter().filter(|(reason, _)| wanted(reason));
        groups.map(|(_, methods)| methods.len()).sum()
    };
    Coverage {
        covered: covered(operations).len(),
        unreachable: count(|reason| matches!(reason, Reason::Unreachable(_))),
        not_differentiable: count(|reason| matches!(reason, Reason::NotDifferentiable(_))),
    }
}

/// The methods that the operations exercise.
pub fn covered(operations: &[Operation]) -> BTreeSet<&'static str> {
    let covers = operations.iter().flat_map(|operation| operation.covers);
    covers.copied().collect()
}

/// The methods that a source file of burn-autodiff implements for its backend: the functions in
/// its `impl … for Autodiff` blocks, as rustfmt indents them.
pub fn implemented(source: &str) -> Vec<String> {
    let mut methods = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        if line.starts_with("impl") {
            inside = line.contains(" for Autodiff<");
        } else if line.starts_with('}') {
            inside = false;
        }
        let name = line.strip_prefix("    fn ").filter(|_| inside);
        let end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        methods.extend(name.and_then(|rest| Some(rest[..end(rest)?].to_owned())));
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_backend_s_own_methods_count() {
        let source = "impl<B> Ops<Self> for Autodiff<B, C> {\n    fn float_exp(x: T) -> T {\n        \
                      fn backward(self) {}\n    }\n    fn float_cat<A>(x: A) {}\n}\nimpl Other {\n    \
                      fn not_this() {}\n}\n";
        assert_eq!(implemented(source), ["float_exp", "float_cat"]);
    }
}
