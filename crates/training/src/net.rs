//! What the training loop asks of a net.

use std::slice;

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use burn_gradcheck::{Masks, Values};
use layers::Activation;
use linear_regression::{LinearRegression, NormalEquations};
use mnist_mlp::MnistMlp;
use xor_net::XorNet;

/// How a batch's loss is made of its rows' losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// The mean over the rows.
    Mean,
    /// The sum over the rows.
    Sum,
}

/// What a net is to answer, one entry per row.
pub(crate) trait Targets: Clone + Send + Sync + 'static {
    /// The entries at the given indices.
    fn select(&self, indices: Tensor<1, Int>) -> Self;
    /// `length` entries from `start`.
    fn narrow(&self, start: usize, length: usize) -> Self;
    /// The same entries on the autodiff side of the device.
    fn autodiff(self) -> Self;
    /// Bytes that they take on the device.
    fn bytes(&self) -> usize;
    /// The entries kept on the host, for whatever device and float type a gradient check is on.
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static;
}

/// Real-valued targets, `[n, outputs]`.
impl Targets for Tensor<2> {
    fn select(&self, indices: Tensor<1, Int>) -> Self {
        self.clone().select(0, indices)
    }
    fn narrow(&self, start: usize, length: usize) -> Self {
        self.clone().narrow(0, start, length)
    }
    fn autodiff(self) -> Self {
        Tensor::autodiff(self)
    }
    fn bytes(&self) -> usize {
        self.shape().num_elements() * self.dtype().size()
    }
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static {
        let shape = self.dims();
        let entries = self.to_data().iter::<f64>().collect::<Vec<_>>();
        move |values| values.tensor(shape, &entries)
    }
}

/// Classes, `[n]`.
impl Targets for Tensor<1, Int> {
    fn select(&self, indices: Tensor<1, Int>) -> Self {
        self.clone().select(0, indices)
    }
    fn narrow(&self, start: usize, length: usize) -> Self {
        self.clone().narrow(0, start, length)
    }
    fn autodiff(self) -> Self {
        Tensor::autodiff(self)
    }
    fn bytes(&self) -> usize {
        self.shape().num_elements() * self.dtype().size()
    }
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static {
        let classes = self.to_data().iter::<i64>().collect::<Vec<_>>();
        move |values| values.ints([classes.len()], &classes)
    }
}

/// The exact solution of a net's training problem, and what training came to beside it.
pub(crate) struct ClosedForm<N> {
    /// The solution.
    pub(crate) net: N,
    /// Its loss over all training rows: the smallest there is.
    pub(crate) loss: f64,
    /// How much larger the trained net's is.
    pub(crate) loss_gap: f64,
    /// `‖W - W*‖ / ‖W*‖`, with `W` of the trained net and `W*` of the solution.
    pub(crate) distance: f64,
}

/// A net that the loop can train and judge.
pub(crate) trait Net: Module + Sync + 'static {
    /// What the net is to answer.
    type Targets: Targets;

    /// How a batch's loss is made of its rows' losses.
    const REDUCTION: Reduction;

    /// Loss of a batch, one element.
    fn loss(&self, x: Tensor<2>, targets: Self::Targets) -> Tensor<1>;

    /// Loss of a shard of a batch of `batch` rows, and its gradients by the formulas derived by hand:
    /// over all shards they add up to the batch's.
    fn manual_gradients(
        &self,
        x: Tensor<2>,
        targets: Self::Targets,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams);

    /// Loss of a batch, and how many of its rows are answered rightly, one element each.
    fn judge(&self, x: Tensor<2>, targets: Self::Targets) -> (Tensor<1>, Tensor<1, Int>);

    /// Which units of hidden layers are active for a batch, where the slope of the activation jumps
    /// at 0: the loss is smooth only as long as they stay the same. None for a smooth net.
    fn branches(&self, _x: Tensor<2>) -> Masks {
        Masks::default()
    }

    /// Where the loss over all training rows is smallest, from the rows in parts, if there is a
    /// formula for it.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn closed_form(
        &self,
        _training: impl Iterator<Item = (Tensor<2>, Self::Targets)>,
    ) -> Result<Option<ClosedForm<Self>>> {
        Ok(None)
    }
}

impl Net for MnistMlp {
    type Targets = Tensor<1, Int>;

    const REDUCTION: Reduction = Reduction::Mean;

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

    fn judge(&self, x: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<1, Int>) {
        let logits = self.forward(x);
        let classes = logits.clone().argmax(1).squeeze_dim::<1>(1);
        let right = classes.equal(labels.clone()).int().sum();
        (mnist_mlp::cross_entropy(logits, labels), right)
    }

    fn branches(&self, x: Tensor<2>) -> Masks {
        let hidden = &self.layers[..self.layers.len() - 1];
        branches(self.activation, hidden, x)
    }
}

impl Net for XorNet {
    type Targets = Tensor<2>;

    const REDUCTION: Reduction = Reduction::Sum;

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

    /// A row is right if its output lies on the target's side of ½.
    fn judge(&self, x: Tensor<2>, y: Tensor<2>) -> (Tensor<1>, Tensor<1, Int>) {
        let yp = self.forward(x);
        let sides = yp.clone().greater_scalar(0.5);
        let right = sides.equal(y.clone().greater_scalar(0.5)).int().sum();
        (xor_net::half_squared_error(yp, y), right)
    }

    fn branches(&self, x: Tensor<2>) -> Masks {
        branches(self.activation, slice::from_ref(&self.hidden), x)
    }
}

/// Which units of these layers are active: of ReLU's alone, whose slope jumps.
fn branches(activation: Activation, hidden: &[Linear], x: Tensor<2>) -> Masks {
    if activation != Activation::Relu {
        return Masks::default();
    }
    let mut z = x;
    hidden.iter().fold(Masks::default(), |masks, layer| {
        let a = layer.forward(z.clone());
        z = activation.forward(a.clone());
        masks.and(a.greater_scalar(0.0))
    })
}

/// Most inputs of a regression that is also solved: the time grows with their cube and is about two
/// minutes here.
const MAX_INPUTS_SOLVED: usize = 4096;

impl Net for LinearRegression {
    type Targets = Tensor<2>;

    const REDUCTION: Reduction = Reduction::Sum;

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

    /// The loss is the error alone, without the ridge term, which is there for the training. A row
    /// is right if its largest output is where its target is largest.
    fn judge(&self, x: Tensor<2>, y: Tensor<2>) -> (Tensor<1>, Tensor<1, Int>) {
        let yp = self.forward(x);
        let right = yp.clone().argmax(1).equal(y.clone().argmax(1)).int().sum();
        (linear_regression::half_squared_error(yp, y), right)
    }

    fn closed_form(
        &self,
        training: impl Iterator<Item = (Tensor<2>, Tensor<2>)>,
    ) -> Result<Option<ClosedForm<Self>>> {
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

/// The parameter tensors of a module by dotted path, in the order in which it is visited.
pub(crate) fn parameter_names<M: Module>(module: &M) -> Vec<String> {
    let mut names = Names::default();
    module.visit(&mut names);
    names.found
}

#[derive(Default)]
struct Names {
    path: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        self.found.push(self.path.join("."));
    }
}
