//! The lecture's nets, with what training requires, and one of them chosen by name.

use std::slice;

use burn::module::Param;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor};
use burn_gradcheck::Masks;
use fused_nets::FusedNet;
use layers::{Activation, Dropout};
use linear_regression::{LinearRegression, LinearRegressionConfig, NormalEquations};
use manual_backprop::Reduction;
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use xor_net::{XorNet, XorNetConfig};

use crate::calibration::fitted_temperature;
use crate::choice::ModelName;
use crate::error::TrainingError;
use crate::evaluation::{indices, read_back};
use crate::net::{ClosedForm, Net};
use crate::settings::Settings;

/// Any net that can be trained here.
#[derive(Debug, Clone)]
pub enum AnyNet {
    /// See [`ModelName::MnistMlp`].
    MnistMlp(MnistMlp),
    /// See [`ModelName::XorNet`].
    XorNet(XorNet),
    /// See [`ModelName::LinearRegression`].
    LinearRegression(LinearRegression),
}

impl AnyNet {
    /// The net that settings describe, with the weights that their seed draws. `sizes` are the units of
    /// every layer, inputs first.
    ///
    /// # Errors
    ///
    /// If the model cannot have these sizes.
    pub fn build(
        settings: &Settings,
        sizes: &[usize],
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let seed = settings.seed;
        // Without a hidden layer the activation is not used, but the model has one.
        let activation = settings.activation.unwrap_or(Activation::Relu);
        Ok(match (settings.model, sizes) {
            (ModelName::MnistMlp, [inputs, hidden @ .., classes]) => Self::MnistMlp(
                MnistMlpConfig::new(*inputs, hidden.to_vec(), *classes)
                    .with_activation(activation)
                    .with_label_smoothing(settings.label_smoothing)
                    .init(seed, device)?,
            ),
            (ModelName::XorNet, [2, hidden, 1]) => Self::XorNet(
                XorNetConfig::new()
                    .with_hidden(*hidden)
                    .with_activation(activation)
                    .init(seed, device)?,
            ),
            (ModelName::LinearRegression, [inputs, outputs]) => Self::LinearRegression(
                LinearRegressionConfig::new(*inputs, *outputs)
                    .with_ridge(settings.ridge.unwrap_or(0.0))
                    .init(seed, device)?,
            ),
            (model, sizes) => {
                return Err(TrainingError::Sizes {
                    model,
                    sizes: sizes.to_vec(),
                });
            }
        })
    }

    /// Which net it is.
    pub fn model(&self) -> ModelName {
        match self {
            Self::MnistMlp(_) => ModelName::MnistMlp,
            Self::XorNet(_) => ModelName::XorNet,
            Self::LinearRegression(_) => ModelName::LinearRegression,
        }
    }

    /// The dense layers, from input to output.
    pub fn layers(&self) -> Vec<&Linear> {
        match self {
            Self::MnistMlp(net) => FusedNet::layers(net),
            Self::XorNet(net) => net.layers(),
            Self::LinearRegression(net) => net.layers(),
        }
    }

    /// The dense layers, from input to output, for replacement.
    pub fn layers_mut(&mut self) -> Vec<&mut Linear> {
        match self {
            Self::MnistMlp(net) => net.layers_mut(),
            Self::XorNet(net) => net.layers_mut(),
            Self::LinearRegression(net) => net.layers_mut(),
        }
    }

    /// The net with its logits divided by a temperature: its last layer is scaled. Only
    /// [`ModelName::MnistMlp`] has logits; other nets stay as they are.
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        if let Self::MnistMlp(net) = &mut self
            && let Some(last) = net.layers.last_mut()
        {
            let factor = 1.0 / temperature;
            last.weight = Param::from_tensor(last.weight.val().mul_scalar(factor));
            let bias = last.bias.take();
            last.bias = bias.map(|bias| Param::from_tensor(bias.val().mul_scalar(factor)));
        }
        self
    }

    /// Units of every layer, inputs first.
    pub fn sizes(&self) -> Vec<usize> {
        let layers = self.layers();
        let shape = |layer: &&Linear| layer.weight.val().dims();
        let inputs = layers.first().map(|layer| shape(layer)[0]);
        let outputs = layers.iter().map(|layer| shape(layer)[1]);
        inputs.into_iter().chain(outputs).collect()
    }
}

impl Net for MnistMlp {
    type Targets = Tensor<1, Int>;

    const REDUCTION: Reduction = Reduction::Mean;

    fn with_dropout(self, dropout: Dropout) -> Self {
        self.with_dropout(dropout)
    }

    fn loss(&self, x: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        self.loss(x, labels)
    }

    fn manual_gradients(
        &self,
        x: Tensor<2>,
        labels: Tensor<1, Int>,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        manual_backprop::mnist_mlp::gradients_of_share(self, x, labels, batch)
    }

    fn fused(&self) -> Option<&dyn FusedNet> {
        Some(self)
    }

    fn fused_mut(&mut self) -> Option<&mut dyn FusedNet> {
        Some(self)
    }

    fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x)
    }

    fn output_loss(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        mnist_mlp::cross_entropy(logits, labels)
    }

    fn predicted_classes(logits: Tensor<2>) -> Tensor<1, Int> {
        logits.argmax(1).squeeze_dim(1)
    }

    /// Softmax probabilities.
    fn scores(logits: Tensor<2>) -> Tensor<1> {
        softmax(logits, 1).max_dim(1).squeeze_dim(1)
    }

    fn true_classes(labels: Tensor<1, Int>) -> Tensor<1, Int> {
        labels
    }

    fn class_count(&self) -> usize {
        outputs_of(self.layers.last().expect("the net has a layer"))
    }

    fn branches(&self, x: Tensor<2>) -> Masks {
        let hidden = &self.layers[..self.layers.len() - 1];
        branches(self.activation, hidden, self.dropout, x)
    }

    fn temperature(
        &self,
        validation: impl Iterator<Item = (Tensor<2>, Tensor<1, Int>)>,
    ) -> Result<Option<f64>, TrainingError> {
        let (mut logits, mut labels) = (vec![], vec![]);
        for (x, truths) in validation {
            let rows = read_back(self.forward(x).flatten(0, 1))?;
            logits.extend(rows.chunks(self.class_count()).map(<[f64]>::to_vec));
            labels.extend(indices(truths)?);
        }
        Ok((!labels.is_empty()).then(|| fitted_temperature(&logits, &labels)))
    }
}

impl Net for XorNet {
    type Targets = Tensor<2>;

    const REDUCTION: Reduction = Reduction::Sum;

    fn with_dropout(self, dropout: Dropout) -> Self {
        self.with_dropout(dropout)
    }

    fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        self.loss(x, y)
    }

    fn manual_gradients(
        &self,
        x: Tensor<2>,
        y: Tensor<2>,
        _batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        manual_backprop::xor_net::gradients(self, x, y)
    }

    fn fused(&self) -> Option<&dyn FusedNet> {
        Some(self)
    }

    fn fused_mut(&mut self) -> Option<&mut dyn FusedNet> {
        Some(self)
    }

    fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x)
    }

    fn output_loss(yp: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        xor_net::half_squared_error(yp, y)
    }

    /// The side of ½ on which the output lies.
    fn predicted_classes(yp: Tensor<2>) -> Tensor<1, Int> {
        yp.greater_scalar(0.5).int().squeeze_dim(1)
    }

    /// The one output.
    fn scores(yp: Tensor<2>) -> Tensor<1> {
        yp.squeeze_dim(1)
    }

    fn true_classes(y: Tensor<2>) -> Tensor<1, Int> {
        Self::predicted_classes(y)
    }

    fn class_count(&self) -> usize {
        2
    }

    fn branches(&self, x: Tensor<2>) -> Masks {
        branches(
            self.activation,
            slice::from_ref(&self.hidden),
            self.dropout,
            x,
        )
    }
}

/// The number of outputs of a dense layer.
fn outputs_of(layer: &Linear) -> usize {
    layer.weight.val().dims()[1]
}

/// Which units of these layers are active in a training step: of ReLU's alone, whose slope jumps.
fn branches(activation: Activation, hidden: &[Linear], dropout: Dropout, x: Tensor<2>) -> Masks {
    if activation != Activation::Relu {
        return Masks::default();
    }
    let mut d = dropout.apply(0, x);
    let layers = hidden.iter().zip(1..);
    layers.fold(Masks::default(), |masks, (layer, l)| {
        let a = layer.forward(d.clone());
        d = dropout.apply(l, activation.forward(a.clone()));
        masks.and(a.greater_scalar(0.0))
    })
}

/// Largest number of inputs of a regression that is also solved: the time grows with their cube and
/// is about two minutes for this number.
const MAX_INPUTS_SOLVED: usize = 4096;

impl Net for LinearRegression {
    type Targets = Tensor<2>;

    const REDUCTION: Reduction = Reduction::Sum;

    fn with_training_rows(mut self, rows: usize) -> Self {
        self.training_rows = Some(rows);
        self
    }

    fn with_dropout(self, dropout: Dropout) -> Self {
        self.with_dropout(dropout)
    }

    fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        self.loss(x, y)
    }

    fn manual_gradients(
        &self,
        x: Tensor<2>,
        y: Tensor<2>,
        _batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        manual_backprop::linear_regression::gradients(self, x, y)
    }

    fn fused(&self) -> Option<&dyn FusedNet> {
        Some(self)
    }

    fn fused_mut(&mut self) -> Option<&mut dyn FusedNet> {
        Some(self)
    }

    fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x)
    }

    /// The error without the ridge term, which is only for training.
    fn output_loss(yp: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        linear_regression::half_squared_error(yp, y)
    }

    /// The column of the largest output.
    fn predicted_classes(yp: Tensor<2>) -> Tensor<1, Int> {
        yp.argmax(1).squeeze_dim(1)
    }

    /// The largest output.
    fn scores(yp: Tensor<2>) -> Tensor<1> {
        yp.max_dim(1).squeeze_dim(1)
    }

    fn true_classes(y: Tensor<2>) -> Tensor<1, Int> {
        Self::predicted_classes(y)
    }

    fn class_count(&self) -> usize {
        outputs_of(&self.linear)
    }

    fn closed_form(
        &self,
        training: impl Iterator<Item = (Tensor<2>, Tensor<2>)>,
    ) -> Result<Option<ClosedForm<Self>>, TrainingError> {
        let weight = self.linear.weight.val();
        let [inputs, outputs] = weight.dims();
        if inputs > MAX_INPUTS_SOLVED {
            return Ok(None);
        }
        let mut equations = NormalEquations::new(inputs, outputs)?;
        for (x, y) in training {
            equations.add(x, y)?;
        }
        let solution = equations.solve(self.ridge)?;
        Ok(Some(ClosedForm {
            net: solution.net(&weight.device()),
            loss: solution.loss,
            loss_gap: equations.loss(self)? - solution.loss,
            distance: solution.distance(self)?,
        }))
    }
}
