//! The case: named inputs, a function, and what is known about its gradient.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{DType, Device};

use crate::input::{HostInput, Input, Integers, Source};
use crate::layout::Layout;
use crate::module::Found;
use crate::results::{Gradients, Masks, Outputs, Upstream};
use crate::sample::Sample;
use crate::tolerance::Tolerance;
use crate::values::Values;
use crate::verdict::Verdict;

pub(crate) type Function = Arc<dyn Fn(&Values) -> Outputs + Send + Sync>;
pub(crate) type Vjp = Arc<dyn Fn(&Values, &Upstream) -> Gradients + Send + Sync>;
pub(crate) type Kinks = Arc<dyn Fn(&Values) -> Masks + Send + Sync>;
pub(crate) type Parameters = Arc<dyn Fn(&Device, DType) -> Found + Send + Sync>;

/// A function with named inputs, whose gradient is to be checked.
///
/// It is built by chaining methods. A method replaces what an earlier call of it set, so that a variant
/// of a case is a clone with one change. Cloning is cheap. A case knows no device; threads can share
/// it.
///
/// # Example
///
/// ```
/// use burn::tensor::Device;
/// use burn_gradcheck::{Case, Gradients, Witness};
///
/// let matmul = Case::new("matmul")
///     .input("x", [3, 5])
///     .input("w", [5, 2])
///     .function(|v| v.get::<2>("x").matmul(v.get::<2>("w")))
///     .vjp(|v, grad_out| {
///         let grad_z = grad_out.get::<2>(0);
///         Gradients::new()
///             .with("x", grad_z.clone().matmul(v.get::<2>("w").transpose()))
///             .with("w", v.get::<2>("x").transpose().matmul(grad_z))
///     });
/// matmul.check(&Device::flex()).assert_pass();
///
/// let wrong = matmul.map_vjp(|grads| grads.map("w", |grad_w: burn::Tensor<2>| -grad_w));
/// assert_eq!(wrong.check(&Device::flex()).verdict.odd(), Some(Witness::Manual));
/// ```
#[derive(Clone)]
pub struct Case {
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) function: Option<Function>,
    pub(crate) autodiff_function: Option<Function>,
    pub(crate) reference: Option<Function>,
    pub(crate) vjp: Option<Vjp>,
    pub(crate) kinks: Option<Kinks>,
    pub(crate) integers: Vec<Integers>,
    pub(crate) parameters: Option<Parameters>,
    pub(crate) may_lack_parameters: bool,
    layouts: Vec<(String, Layout)>,
    zeros: Vec<String>,
    reduction_length: Option<usize>,
    tolerances: Vec<(DType, Tolerance)>,
}

impl Case {
    /// A case without inputs and function yet. The name is part of the seed.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            inputs: Vec::new(),
            function: None,
            autodiff_function: None,
            reference: None,
            vjp: None,
            kinks: None,
            integers: Vec::new(),
            parameters: None,
            may_lack_parameters: false,
            layouts: Vec::new(),
            zeros: Vec::new(),
            reduction_length: None,
            tolerances: Vec::new(),
        }
    }

    /// Adds a differentiated input with drawn values ([`Sample::Signed`]).
    #[must_use]
    pub fn input(self, name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        self.input_from(name, shape, Sample::Signed)
    }

    /// Adds a differentiated input with values drawn from `sample`.
    #[must_use]
    pub fn input_from(
        self,
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        sample: Sample,
    ) -> Self {
        self.with_input(name.into(), shape.into(), Source::Drawn(sample), true)
    }

    /// Adds a differentiated input with given values, in row-major order.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    #[must_use]
    pub fn input_values(
        self,
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        values: impl Into<Vec<f64>>,
    ) -> Self {
        let source = Source::Given(values.into().into());
        self.with_input(name.into(), shape.into(), source, true)
    }

    /// Adds a float tensor that the function reads but that is not differentiated.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    #[must_use]
    pub fn constant(
        self,
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        values: impl Into<Vec<f64>>,
    ) -> Self {
        let source = Source::Given(values.into().into());
        self.with_input(name.into(), shape.into(), source, false)
    }

    /// Adds an integer tensor that the function reads by [`Values::get_ints`]: labels, indices.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::{nn::loss::CrossEntropyLossConfig, tensor::Device};
    /// use burn_gradcheck::Case;
    ///
    /// Case::new("cross-entropy")
    ///     .input("logits", [2, 3])
    ///     .integers("labels", [2], [2, 0])
    ///     .function(|v| {
    ///         let loss = CrossEntropyLossConfig::new().init(v.device());
    ///         loss.forward(v.get::<2>("logits"), v.get_ints("labels"))
    ///     })
    ///     .check(&Device::flex())
    ///     .assert_pass();
    /// ```
    #[must_use]
    pub fn integers(
        mut self,
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        values: impl Into<Vec<i64>>,
    ) -> Self {
        let (name, shape, values) = (name.into(), shape.into(), values.into());
        let (expected, got) = (shape.iter().product::<usize>(), values.len());
        assert_eq!(
            got, expected,
            "input `{name}`: {got} values for shape {shape:?}"
        );
        self.integers.retain(|other| other.name != name);
        self.integers.push(Integers {
            name,
            shape,
            values: values.into(),
        });
        self
    }

    /// Sets how the elements of an input or parameter lie in memory.
    #[must_use]
    pub fn layout(mut self, name: impl Into<String>, layout: Layout) -> Self {
        self.layouts.push((name.into(), layout));
        self
    }

    /// Says that the gradient of an input or parameter is zero, as that of a bias before a batch
    /// normalisation is. It then passes if all witnesses find it zero within rounding, also where finite
    /// differences have nothing to compare its size with; if it is not zero the check fails.
    #[must_use]
    pub fn zero_gradient(mut self, name: impl Into<String>) -> Self {
        self.zeros.push(name.into());
        self
    }

    fn with_input(
        mut self,
        name: String,
        shape: Vec<usize>,
        source: Source,
        differentiated: bool,
    ) -> Self {
        let input = Input::new(name, shape, source, differentiated);
        let mut inputs = self.inputs.iter_mut();
        match inputs.find(|other| other.name == input.name) {
            Some(other) => *other = input,
            None => self.inputs.push(input),
        }
        self
    }

    /// Sets the function from the inputs to one or several tensors. It must not depend on anything that
    /// changes between calls.
    #[must_use]
    pub fn function<O: Into<Outputs>>(
        mut self,
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.function = Some(Arc::new(move |values| function(values).into()));
        self
    }

    /// Sets another function for autodiff only, while finite differences use [`Case::function`]: to
    /// check the backward pass of a custom operation.
    #[must_use]
    pub fn autodiff_function<O: Into<Outputs>>(
        mut self,
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.autodiff_function = Some(Arc::new(move |values| function(values).into()));
        self
    }

    /// Sets another formula of the same function for finite differences, in f64: for a function that
    /// works in one float type only.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::{DType, Device};
    /// use burn_gradcheck::{Case, Options, Target};
    ///
    /// let cubed = Case::new("cubed in f32")
    ///     .input("x", [3])
    ///     .function(|v| {
    ///         let x = v.get::<1>("x");
    ///         assert_eq!(x.dtype(), DType::F32);
    ///         x.powi_scalar(3)
    ///     })
    ///     .reference(|v| v.get::<1>("x") * v.get::<1>("x") * v.get::<1>("x"));
    /// let target = Target::new(Device::flex(), DType::F32).with_reference(Device::flex());
    /// cubed.run(&target, &Options::default()).assert_pass();
    /// ```
    #[must_use]
    pub fn reference<O: Into<Outputs>>(
        mut self,
        reference: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.reference = Some(Arc::new(move |values| reference(values).into()));
        self
    }

    /// Sets the hand-written vector-Jacobian product: from the inputs and the upstream gradients,
    /// both plain tensors, to the gradient of every differentiated input.
    #[must_use]
    pub fn vjp(
        mut self,
        vjp: impl Fn(&Values, &Upstream) -> Gradients + Send + Sync + 'static,
    ) -> Self {
        self.vjp = Some(Arc::new(vjp));
        self
    }

    /// Changes the result of the hand-written vector-Jacobian product, for a test with a wrong gradient.
    ///
    /// # Panics
    ///
    /// If the case has none.
    #[must_use]
    pub fn map_vjp(self, change: impl Fn(Gradients) -> Gradients + Send + Sync + 'static) -> Self {
        let Some(vjp) = self.vjp.clone() else {
            panic!("case `{}` has no vjp to change: set one first", self.name);
        };
        self.vjp(move |values, upstream| change(vjp(values, upstream)))
    }

    /// Removes the hand-written vector-Jacobian product.
    #[must_use]
    pub fn without_vjp(mut self) -> Self {
        self.vjp = None;
        self
    }

    /// Sets the branches of a function with kinks (the activation masks of a ReLU net). They are
    /// compared at all points of a difference quotient, so that no kink is overlooked.
    ///
    /// Without this, kinks are found by comparing the slopes on both sides. Many kinks close together
    /// (a wide ReLU net has thousands) can escape that; the error estimate is then too small.
    #[must_use]
    pub fn kinks(mut self, masks: impl Fn(&Values) -> Masks + Send + Sync + 'static) -> Self {
        self.kinks = Some(Arc::new(masks));
        self
    }

    /// Sets the number of terms in the longest sum of the function or its gradient. Tolerances in f32
    /// grow with its root. The default is the largest dimension of any input.
    #[must_use]
    pub fn reduction_length(mut self, terms: usize) -> Self {
        self.reduction_length = Some(terms);
        self
    }

    /// Sets the tolerance for one float type, instead of the [table's](Tolerance).
    #[must_use]
    pub fn tolerance(mut self, dtype: DType, tolerance: Tolerance) -> Self {
        self.tolerances.retain(|(other, _)| *other != dtype);
        self.tolerances.push((dtype, tolerance));
        self
    }

    /// The case's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a hand-written vector-Jacobian product is given.
    pub fn has_vjp(&self) -> bool {
        self.vjp.is_some()
    }

    /// Names and shapes of the declared inputs; the parameters of a module are known only on a device.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let inputs = self.inputs.iter();
        inputs.map(|input| (input.name.as_str(), input.shape.as_slice()))
    }

    /// Whether this input was declared, and is not only a parameter of the module.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.inputs.iter().any(|input| input.name == name)
    }

    /// Whether the gradient of this input is said to be zero.
    pub(crate) fn expects_zero(&self, name: &str) -> bool {
        self.zeros.iter().any(|zero| zero == name)
    }

    /// The declared inputs and, on a device, the module's parameters.
    pub(crate) fn inputs_on(&self, device: &Device, dtype: DType) -> Result<Vec<Input>, Verdict> {
        let mut inputs = self.inputs.clone();
        if let Some(parameters) = &self.parameters {
            let Found {
                inputs: found,
                fixed,
            } = parameters(device, dtype);
            if found.is_empty() && !fixed.is_empty() && !self.may_lack_parameters {
                return Err(Verdict::Invalid {
                    reason: format!(
                        "none of the module's parameters is trainable ({} are not: {fixed:?}), so that                          nothing of it would be checked: unfreeze it, or say Case::frozen",
                        fixed.len()
                    ),
                });
            }
            for parameter in found {
                // An input with the name of a parameter sets the values of that parameter.
                if inputs.iter().all(|input| input.name != parameter.name) {
                    inputs.push(parameter);
                }
            }
        }
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let unknown = |method: &str, name: &str| Verdict::Invalid {
            reason: format!("{method} names `{name}`, which is not among the inputs {names:?}"),
        };
        for (name, layout) in &self.layouts {
            let found = inputs.iter_mut().find(|input| input.name == *name);
            found.ok_or_else(|| unknown("Case::layout", name))?.layout = *layout;
        }
        match self.zeros.iter().find(|name| !names.contains(name)) {
            Some(name) => Err(unknown("Case::zero_gradient", name)),
            None => Ok(inputs),
        }
    }

    /// The point of draw number `draw`, rounded to `dtype`.
    pub(crate) fn point(
        &self,
        inputs: &[Input],
        seed: u64,
        draw: u32,
        dtype: DType,
    ) -> Vec<HostInput> {
        let draw = draw.to_string();
        let at_point = |input: &Input| input.at_point(seed, [&self.name, &draw], dtype);
        inputs.iter().map(at_point).collect()
    }

    pub(crate) fn tolerance_for(&self, inputs: &[Input], dtype: DType) -> Option<Tolerance> {
        let own = self.tolerances.iter().find(|(other, _)| *other == dtype);
        if let Some((_, tolerance)) = own {
            return Some(tolerance.clone());
        }
        let dimensions = inputs.iter().flat_map(|input| &input.shape).copied();
        let length = self.reduction_length.or(dimensions.max()).unwrap_or(1);
        Tolerance::of(dtype, length)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("inputs", &self.inputs)
            .field("has_vjp", &self.has_vjp())
            .finish_non_exhaustive()
    }
}
