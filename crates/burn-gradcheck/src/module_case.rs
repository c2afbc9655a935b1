//! Cases of modules: built for the check, trained before it, or in the middle of training.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::case::Case;
use crate::module::{At, Template, gradients_of_step};
use crate::results::Outputs;
use crate::values::Values;

impl Case {
    /// Sets the function to that of a module. Each trainable parameter is an input named by its dotted
    /// path; one that is used in several places is one input. Its values are drawn (matrices by
    /// [`Sample::Scaled`](crate::Sample::Scaled) with 1/√(rows)); its initial values are not used. Parameters that are not
    /// trainable, and running statistics, keep their values.
    ///
    /// `build` makes the module on a device, once for each device and float type. A layer that draws random
    /// numbers (dropout) is reported as not deterministic. For a trained model at its own values there is
    /// [`Case::model`].
    ///
    /// # Example
    ///
    /// ```
    /// use burn::{nn::LinearConfig, tensor::Device};
    /// use burn_gradcheck::Case;
    ///
    /// let report = Case::new("linear")
    ///     .input("x", [3, 4])
    ///     .module(
    ///         |device| LinearConfig::new(4, 2).init(device),
    ///         |linear, v| linear.forward(v.get::<2>("x")),
    ///     )
    ///     .check(&Device::flex());
    /// report.assert_pass();
    /// let names: Vec<_> = report.inputs.iter().map(|input| input.name.as_str()).collect();
    /// assert_eq!(names, ["x", "weight", "bias"]);
    /// ```
    #[must_use]
    pub fn module<M: Module + 'static, O: Into<Outputs>>(
        self,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, &Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with_template(Arc::new(Template::new(build, At::Drawn)), forward)
    }

    /// Sets the function to that of a module that exists, at the values that its parameters have. The module
    /// itself stays as it is, also its running statistics. It is checked as in training, whether it comes
    /// from [`Module::valid`] or not.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::{nn::LinearConfig, tensor::Device};
    /// use burn_gradcheck::Case;
    ///
    /// let trained = LinearConfig::new(4, 2).init(&Device::flex());
    /// let report = Case::new("trained linear")
    ///     .input("x", [3, 4])
    ///     .model(trained, |linear, v| linear.forward(v.get::<2>("x")))
    ///     .check(&Device::flex());
    /// report.assert_pass();
    /// assert_eq!(report.checked, 12 + 8 + 2);
    /// ```
    #[must_use]
    pub fn model<M: Module + Sync + 'static, O: Into<Outputs>>(
        self,
        model: M,
        forward: impl Fn(&M, &Values) -> O + Send + Sync + 'static,
    ) -> Self {
        let template = Template::new(move |_: &Device| model.clone(), At::Own);
        self.with_template(Arc::new(template), forward)
    }

    /// [`Case::model`] with a scalar loss, and as its hand-written gradient the one that a training step of
    /// plain gradient descent follows: `(before - after) / rate`.
    pub(crate) fn step<M: Module + Sync + 'static>(
        self,
        model: M,
        loss: impl Fn(&M, &Values) -> Tensor<1> + Send + Sync + 'static,
        step: impl Fn(M, &Values) -> M + Send + Sync + 'static,
        rate: f64,
    ) -> Self {
        let template = Arc::new(Template::new(move |_: &Device| model.clone(), At::Own));
        let stepping = Arc::clone(&template);
        self.with_template(template, loss)
            .vjp(move |values, upstream| {
                let before = stepping.with_values(values).train();
                let after = step(before.clone(), &values.recording());
                let gradients = gradients_of_step(&before, &after, rate);
                gradients.times(upstream.get::<1>(0))
            })
    }

    fn with_template<M: Module + 'static, O: Into<Outputs>>(
        mut self,
        template: Arc<Template<M>>,
        forward: impl Fn(&M, &Values) -> O + Send + Sync + 'static,
    ) -> Self {
        let parameters = Arc::clone(&template);
        self.parameters = Some(Arc::new(move |device, dtype| {
            parameters.parameters(device, dtype)
        }));
        self.function(move |values| forward(&template.with_values(values), values))
    }

    /// Says that none of the module's parameters is trainable and only the inputs are to be checked. Without
    /// this, such a module is refused: nothing of it would be checked.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.may_lack_parameters = true;
        self
    }
}
