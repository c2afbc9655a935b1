//! A check in one line, of a function or a model with the tensors that one has.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::case::Case;
use crate::report::Report;
use crate::results::Outputs;
use crate::target::{Options, Target};
use crate::tensors::{Fixed, Naming, Tensors};
use crate::values::Values;

/// Checks the gradient of a function with respect to given float tensors, at their values, on their device
/// and in their float type, with finite differences in f64.
///
/// In f64 it sees mistakes from the ninth digit; in f32 from the third to the sixth, as the function's
/// condition allows. For options there is [`Gradcheck`], for more than one point and hand-written
/// gradients [`Case`].
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_gradcheck::gradcheck;
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[0.5, -1.0, 0.75], [2.0, 0.25, 1.5]], &device);
/// let w = Tensor::<2>::from_data([[1.0], [-0.5], [0.25]], &device);
/// let report = gradcheck(|[x, w]: [Tensor<2>; 2]| x.matmul(w).tanh(), [x.clone(), w]);
/// assert!(report.is_pass());
///
/// let report = gradcheck(|x: Tensor<2>| x.detach().sin(), x);
/// assert_eq!(report.verdict.name(), "severed");
/// ```
pub fn gradcheck<T: Tensors, O: Into<Outputs>>(
    function: impl Fn(T) -> O + Send + Sync + 'static,
    tensors: T,
) -> Report {
    Gradcheck::new(function, tensors).run()
}

/// Checks the gradient of a model's output, or of its loss on a batch, with respect to its trainable
/// parameters and the given float tensors. The parameters keep the values that they have, and the model
/// stays as it is.
///
/// # Example
///
/// ```
/// use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
/// use burn::tensor::{Device, Int, Tensor};
/// use burn_gradcheck::gradcheck_model;
///
/// let device = Device::flex();
/// let model = LinearConfig::new(3, 2).init(&device);
/// let images = Tensor::<2>::from_data([[0.5, -1.0, 0.75], [2.0, 0.25, 1.5]], &device);
/// let labels = Tensor::<1, Int>::from_data([1, 0], &device);
/// gradcheck_model(
///     model,
///     |model: &Linear, (images, labels): (Tensor<2>, Tensor<1, Int>)| {
///         let loss = CrossEntropyLossConfig::new().init(&images.device());
///         loss.forward(model.forward(images), labels)
///     },
///     (images, labels),
/// )
/// .assert_pass();
/// ```
pub fn gradcheck_model<M: Module + Sync + 'static, T: Tensors, O: Into<Outputs>>(
    model: M,
    loss: impl Fn(&M, T) -> O + Send + Sync + 'static,
    batch: T,
) -> Report {
    Gradcheck::of_model(model, loss, batch).run()
}

/// Checks a training step: the gradient that it follows, `(before - after) / rate`, against autodiff of the
/// loss and finite differences, for every trainable parameter. The step is one of plain gradient descent at
/// this rate (no momentum, no weight decay), by an optimizer, an engine or by hand; the loss has one
/// element. The verdict calls it the hand-written gradient.
///
/// # Example
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::optim::{GradientsParams, SgdConfig};
/// use burn::tensor::{DType, Device, Tensor};
/// use burn_gradcheck::gradcheck_step;
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[0.5, -1.0, 0.75], [2.0, 0.25, 1.5]], (&device, DType::F64));
/// let loss = |model: &Linear, x: Tensor<2>| model.forward(x).square().mean();
/// let step = move |model: Linear, x: Tensor<2>| {
///     let gradients = GradientsParams::from_grads(loss(&model, x).backward(), &model);
///     SgdConfig::new().init().step(0.5, model, gradients)
/// };
/// gradcheck_step(LinearConfig::new(3, 2).init(&device), loss, step, 0.5, x).assert_pass();
/// ```
pub fn gradcheck_step<M: Module + Sync + 'static, T: Tensors>(
    model: M,
    loss: impl Fn(&M, T) -> Tensor<1> + Send + Sync + 'static,
    step: impl Fn(M, T) -> M + Send + Sync + 'static,
    rate: f64,
    batch: T,
) -> Report {
    let rebuild = |values: &Values| T::rebuild(values, &mut Naming::default());
    Gradcheck::of(&Fixed(batch), |case| {
        case.step(
            model,
            move |model, values| loss(model, rebuild(values)),
            move |model, values| step(model, rebuild(values)),
            rate,
        )
    })
    .run()
}

/// A check of given tensors with options: what [`gradcheck`] and [`gradcheck_model`] do with the defaults.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_gradcheck::{Gradcheck, Options};
///
/// let x = Tensor::<1>::from_data([0.5, -1.0, 2.0], &Device::flex());
/// let report = Gradcheck::new(|x: Tensor<1>| x.exp(), x)
///     .options(Options::default().atol(1e-5).rtol(1e-3).eps(1e-3))
///     .alone()
///     .run();
/// assert!(report.is_pass());
/// ```
#[derive(Clone, Debug)]
pub struct Gradcheck {
    case: Case,
    target: Option<Target>,
    options: Options,
}

impl Gradcheck {
    /// Of a function.
    pub fn new<T: Tensors, O: Into<Outputs>>(
        function: impl Fn(T) -> O + Send + Sync + 'static,
        tensors: T,
    ) -> Self {
        let rebuild = |values: &Values| T::rebuild(values, &mut Naming::default());
        Self::of(&tensors, |case| {
            case.function(move |values| function(rebuild(values)))
        })
    }

    /// Of a model, by its output or its loss on a batch.
    pub fn of_model<M: Module + Sync + 'static, T: Tensors, O: Into<Outputs>>(
        model: M,
        loss: impl Fn(&M, T) -> O + Send + Sync + 'static,
        batch: T,
    ) -> Self {
        Self::of(&batch, |case| {
            case.model(model, move |model, values| {
                loss(model, T::rebuild(values, &mut Naming::default()))
            })
        })
    }

    fn of<T: Tensors>(tensors: &T, with_function: impl FnOnce(Case) -> Case) -> Self {
        let case = tensors.declare(Case::new("function"), &mut Naming::default());
        let target = tensors.place().map(|(device, dtype)| {
            let device = if device.gradient_checkpointing_strategy().is_some() {
                device
            } else {
                device.without_autodiff()
            };
            Target::new(device, dtype)
        });
        Self {
            case: with_function(case),
            target,
            options: Options::default(),
        }
    }

    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Takes finite differences in the tensors' own float type, without f64 ([`Target::alone`]).
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.target = self.target.map(Target::alone);
        self
    }

    /// Names a device with f64 for the finite differences, if the tensors' device has none.
    #[must_use]
    pub fn reference(mut self, device: burn::tensor::Device) -> Self {
        self.target = self.target.map(|target| target.with_reference(device));
        self
    }

    /// The case, to add to it: a hand-written gradient, kinks, a name.
    #[must_use]
    pub fn map_case(mut self, change: impl FnOnce(Case) -> Case) -> Self {
        self.case = change(self.case);
        self
    }

    /// Makes the check.
    pub fn run(&self) -> Report {
        match &self.target {
            Some(target) => self.case.run(target, &self.options),
            None => Report::invalid(
                self.case.name(),
                "there is no float tensor to differentiate with respect to",
            ),
        }
    }
}
