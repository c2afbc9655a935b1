//! The models as cases: the `gradients` of [`manual_backprop::xor_net`],
//! [`manual_backprop::mnist_mlp`] and [`manual_backprop::linear_regression`], or those of the fused engine,
//! compared with autodiff of the models' own `loss`.

use burn::module::Param;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{Case, Gradients, Masks, Tolerance, Upstream, Values};
use fused_nets::{BatchTargets, FusedNet, LayerGradients, Way};
use linear_regression::{LinearRegression, LinearRegressionConfig};
use manual_backprop::activation::Activation;
use manual_backprop::layer;
use mnist_mlp::{Dropout, MnistMlp, MnistMlpConfig};
use xor_net::{OutputUnit, XorNet, XorNetConfig};

use crate::common::{
    GAMMA, SMOOTHING, all_positive, case, drawn, masks, positive, scaled, with_kinks,
};
use crate::sizes::Size;

/// An MNIST net and a batch of images: the case at real size.
#[derive(Debug, Clone)]
pub struct MnistBatch {
    /// The net with its initial weights, on any device.
    pub net: MnistMlp,
    /// Pixels from 0 to 1, row by row, image by image.
    pub pixels: Vec<f32>,
    /// The class of each image.
    pub labels: Vec<u8>,
}

/// Where a model's gradients come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// The formulas on tensors.
    Formulas,
    /// The fused engine, by what `read` makes of its gradients.
    Engine {
        /// Direct, or by a step.
        way: Way,
        /// The gradients of the layers, or wrong ones of a mutant.
        read: fn(&dyn FusedNet, Vec<LayerGradients>) -> Vec<LayerGradients>,
        /// The masks that the engine takes, or wrong ones of a mutant.
        masks: fn(Dropout) -> Dropout,
    },
}

impl By {
    /// The fused engine, asked in this way.
    pub(crate) fn engine(way: Way) -> Self {
        Self::Engine {
            way,
            read: |_, layers| layers,
            masks: |masks| masks,
        }
    }

    /// The masks with which gradients are computed, for those of a case.
    fn masks(self, of_case: Dropout) -> Dropout {
        match self {
            Self::Formulas => of_case,
            Self::Engine { masks, .. } => masks(of_case),
        }
    }

    /// The beginning of a case's name.
    fn named(self, model: &str) -> String {
        match self {
            Self::Formulas => model.to_owned(),
            Self::Engine { way, .. } => match way {
                Way::Direct => format!("fused {model}"),
                Way::Step => format!("fused step, {model}"),
            },
        }
    }

    /// The gradients of a batch by the names of the parameters; `paths` are those of the layers.
    fn gradients<N: FusedNet>(
        self,
        net: &N,
        paths: &[String],
        (x, targets): (Tensor<2>, BatchTargets),
        grad_out: &Upstream,
        formulas: impl FnOnce(&N, Tensor<2>) -> GradientsParams,
    ) -> Gradients {
        let layers = match self {
            Self::Formulas => {
                let grads = formulas(net, x);
                let of_layer = |layer: &Linear| {
                    let bias = layer.bias.as_ref().expect("every layer has a bias");
                    let weights = grads.get::<2>(layer.weight.id);
                    let biases = grads.get::<1>(bias.id);
                    LayerGradients {
                        weights: weights.expect("every weight has a gradient"),
                        biases: biases.expect("every bias has a gradient"),
                    }
                };
                net.layers().into_iter().map(of_layer).collect()
            }
            Self::Engine { way, read, .. } => {
                let computed = fused_nets::gradients(net, x, targets, way);
                let (_, layers) = computed.expect("the batch fits the net");
                read(net, layers)
            }
        };
        let named = paths.iter().zip(layers);
        named.fold(Gradients::new(), |named, (path, layer)| {
            named
                .with(format!("{path}.weight"), scaled(layer.weights, grad_out))
                .with(format!("{path}.bias"), scaled(layer.biases, grad_out))
        })
    }
}

/// Every model at one size, with these activations.
pub(crate) fn all(activations: &[Activation], size: Size, by: By) -> Vec<Case> {
    let [batch, d_in, d_out] = size;
    let mut cases = Vec::new();
    for &f in activations {
        for unit in [OutputUnit::Sigmoid, OutputUnit::Linear] {
            cases.push(xor_case(f, unit, size, Dropout::NONE, by));
        }
        cases.push(xor_case(f, OutputUnit::Sigmoid, size, masks(), by));
        cases.push(dropout_mlp_case(
            f,
            &[batch, d_in, d_out + 3, d_out + 1, d_out + 1],
            by,
        ));
        cases.push(mlp_case(
            f,
            &[batch, d_in, d_out + 3, d_out + 1, d_out + 1],
            by,
        ));
    }
    cases.push(mlp_case(Activation::Relu, &[batch, d_in, d_out + 1], by));
    cases.push(smoothed_mlp_case(&[batch, d_in, d_out + 2, d_out + 1], by));
    cases.push(linear_regression_case(Ridge::None, size, by));
    cases.push(linear_regression_case(Ridge::Whole, size, by));
    cases.push(linear_regression_case(Ridge::Share, size, by));
    cases.push(dropout_regression_case(size, by));
    cases
}

fn xor_case(
    f: Activation,
    output_unit: OutputUnit,
    [batch, d_in, d_out]: Size,
    dropout: Dropout,
    by: By,
) -> Case {
    let config = XorNetConfig::new()
        .with_inputs(d_in)
        .with_hidden(d_out + 2)
        .with_outputs(d_out)
        .with_activation(f)
        .with_output_unit(output_unit);
    let name = match output_unit {
        OutputUnit::Sigmoid => format!("XorNet {f}"),
        OutputUnit::Linear => format!("XorNet {f}, linear output"),
    };
    let name = name + suffix(dropout);
    let build = move |device: &Device| {
        let net = config.init(0, device).expect("every size is at least 1");
        net.with_dropout(dropout)
    };
    let by_hand = build.clone();
    let case = case(&by.named(&name), &[batch, d_in, d_out + 2, d_out])
        .constant("x", [batch, d_in], drawn("model inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("model targets", batch * d_out))
        .module(build, |net: &XorNet, v| net.loss(v.get("x"), v.get("y")))
        .vjp(move |v, grad_out| {
            let mut net = by_hand(v.device()).with_dropout(by.masks(dropout));
            set(&mut net.hidden, "hidden", v);
            set(&mut net.output, "output", v);
            let paths = ["hidden", "output"].map(str::to_owned);
            let batch = (v.get("x"), BatchTargets::Numbers(v.get("y")));
            by.gradients(&net, &paths, batch, grad_out, |net, x| {
                manual_backprop::xor_net::gradients(net, x, v.get("y")).1
            })
        });
    with_kinks(case, f, move |v| {
        let x = dropout.apply(0, v.get("x"));
        let step = layer::forward(f, x, v.get("hidden.weight"), v.get("hidden.bias"));
        positive(step.a)
    })
}

/// The ridge term in a case of linear regression.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ridge {
    /// No ridge term.
    None,
    /// [`GAMMA`], all of it for the rows of the case.
    Whole,
    /// [`GAMMA`], of which the rows of the case take their share: they are one of [`BATCHES`]
    /// batches of one size.
    Share,
}

/// Batches of a training set, if a case has only one of them.
pub(crate) const BATCHES: usize = 3;

/// The name of a case with dropout ends in this.
fn suffix(dropout: Dropout) -> &'static str {
    if dropout.drops(0) || dropout.drops(1) {
        ", dropout"
    } else {
        ""
    }
}

pub(crate) fn linear_regression_case(ridge: Ridge, size: Size, by: By) -> Case {
    regression_case(ridge, size, Dropout::NONE, by)
}

/// Dropout of the inputs.
fn dropout_regression_case(size: Size, by: By) -> Case {
    regression_case(Ridge::None, size, masks(), by)
}

fn regression_case(ridge: Ridge, [batch, d_in, d_out]: Size, dropout: Dropout, by: By) -> Case {
    let config = LinearRegressionConfig::new(d_in, d_out);
    let (name, config) = match ridge {
        Ridge::None => ("LinearRegression", config),
        Ridge::Whole => ("LinearRegression ridge", config.with_ridge(GAMMA)),
        Ridge::Share => (
            "LinearRegression ridge, one batch of three",
            config
                .with_ridge(GAMMA)
                .with_training_rows(Some(BATCHES * batch)),
        ),
    };
    let name = name.to_owned() + suffix(dropout);
    let build = move |device: &Device| {
        let net = config.init(0, device).expect("every size is at least 1");
        net.with_dropout(dropout)
    };
    let by_hand = build.clone();
    case(&by.named(&name), &[batch, d_in, d_out])
        .constant("x", [batch, d_in], drawn("model inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("model targets", batch * d_out))
        .module(build, |net: &LinearRegression, v| {
            net.loss(v.get("x"), v.get("y"))
        })
        .vjp(move |v, grad_out| {
            let mut net = by_hand(v.device()).with_dropout(by.masks(dropout));
            set(&mut net.linear, "linear", v);
            let batch = (v.get("x"), BatchTargets::Numbers(v.get("y")));
            by.gradients(&net, &["linear".to_owned()], batch, grad_out, |net, x| {
                manual_backprop::linear_regression::gradients(net, x, v.get("y")).1
            })
        })
}

/// The gradients of linear regression by the names of its parameters.
pub(crate) fn name_parameters(
    grad_w: Tensor<2>,
    grad_b: Tensor<1>,
    grad_out: &Upstream,
) -> Gradients {
    Gradients::new()
        .with("linear.weight", scaled(grad_w, grad_out))
        .with("linear.bias", scaled(grad_b, grad_out))
}

pub(crate) fn mlp_case(f: Activation, sizes: &[usize], by: By) -> Case {
    let (d_in, classes) = (sizes[1], sizes[sizes.len() - 1]);
    let hidden = sizes[2..sizes.len() - 1].to_vec();
    let config = MnistMlpConfig::new(d_in, hidden, classes).with_activation(f);
    drawn_mlp_case(&format!("MnistMlp {f}"), sizes, config, Dropout::NONE, by)
}

/// A net with dropout of inputs and hidden layers.
pub(crate) fn dropout_mlp_case(f: Activation, sizes: &[usize], by: By) -> Case {
    let (d_in, classes) = (sizes[1], sizes[sizes.len() - 1]);
    let hidden = sizes[2..sizes.len() - 1].to_vec();
    let config = MnistMlpConfig::new(d_in, hidden, classes).with_activation(f);
    drawn_mlp_case(&format!("MnistMlp {f}"), sizes, config, masks(), by)
}

/// A net whose loss smooths its targets.
pub(crate) fn smoothed_mlp_case(sizes: &[usize], by: By) -> Case {
    let (d_in, classes) = (sizes[1], sizes[sizes.len() - 1]);
    let hidden = sizes[2..sizes.len() - 1].to_vec();
    let config = MnistMlpConfig::new(d_in, hidden, classes)
        .with_activation(Activation::Tanh)
        .with_label_smoothing(SMOOTHING);
    drawn_mlp_case("MnistMlp tanh, smoothed", sizes, config, Dropout::NONE, by)
}

/// A net on drawn inputs.
fn drawn_mlp_case(
    name: &str,
    sizes: &[usize],
    config: MnistMlpConfig,
    dropout: Dropout,
    by: By,
) -> Case {
    let batch = sizes[0];
    let labels = drawn_labels(batch, config.classes);
    let inputs = drawn("model inputs", batch * config.inputs);
    model(name, sizes, config, (inputs, labels), (dropout, by))
}

/// The classes of a batch of drawn inputs.
pub(crate) fn drawn_labels(batch: usize, classes: usize) -> Vec<i64> {
    (0..batch).map(|i| ((i * 5 + 1) % classes) as i64).collect()
}

/// A real net at its initial weights on a real batch.
pub(crate) fn mnist_batch_case(batch: &MnistBatch, by: By) -> Case {
    let MnistBatch { net, .. } = batch;
    let labels = batch.labels.iter().map(|&label| i64::from(label));
    let labels = labels.collect::<Vec<_>>();
    let pixels = batch.pixels.iter().map(|&pixel| f64::from(pixel)).collect();
    let layers = &net.layers;
    let weights = layers.iter().map(|layer| layer.weight.val().dims());
    let outputs = weights.map(|[_, d_out]| d_out).collect::<Vec<_>>();
    let (classes, hidden) = outputs.split_last().expect("a net has at least one layer");
    let [inputs, _] = layers[0].weight.val().dims();
    let config =
        MnistMlpConfig::new(inputs, hidden.to_vec(), *classes).with_activation(net.activation);
    let sizes = [&[labels.len(), inputs], &outputs[..]].concat();
    let case = model(
        "MnistMlp, real batch and weights",
        &sizes,
        config,
        (pixels, labels),
        (Dropout::NONE, by),
    )
    .tolerance(DType::F64, real_tolerance(inputs));
    layers.iter().enumerate().fold(case, |case, (l, layer)| {
        let bias = layer.bias.as_ref().expect("every layer has a bias").val();
        let weight = layer.weight.val();
        let (weight_dims, bias_dims) = (weight.dims(), bias.dims());
        case.input_values(format!("layers.{l}.weight"), weight_dims, host(weight))
            .input_values(format!("layers.{l}.bias"), bias_dims, host(bias))
    })
}

/// In f64, `64 n ε` for sums of `n` terms, but at least 1e-12. About a hundred of hundreds of
/// thousands of gradients result from a cancellation of terms a thousand times larger. The rounding
/// of those terms, about 1e-15 of the tensor's root mean square, is then 1e-12 of the element.
fn real_tolerance(terms: usize) -> Tolerance {
    let pair = (64.0 * terms as f64 * f64::EPSILON).max(1e-12);
    let finite = Tolerance::of(DType::F64, terms)
        .expect("f64 has a tolerance")
        .finite;
    let reason = format!("f64: 64 epsilon times a reduction length of {terms}");
    Tolerance::new(pair, finite, reason)
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn model(
    name: &str,
    sizes: &[usize],
    config: MnistMlpConfig,
    (inputs, labels): (Vec<f64>, Vec<i64>),
    (dropout, by): (Dropout, By),
) -> Case {
    let f = config.activation;
    let (batch, depth) = (labels.len(), config.hidden.len() + 1);
    let name = name.to_owned() + suffix(dropout);
    let build = move |device: &Device| {
        let net = config.init(0, device).expect("every size is at least 1");
        net.with_dropout(dropout)
    };
    let by_hand = build.clone();
    let labels_by_hand = labels.clone();
    let case = case(&by.named(&name), sizes)
        .constant("x", [batch, sizes[1]], inputs)
        .module(build, move |net: &MnistMlp, v| {
            net.loss(v.get("x"), v.ints([batch], &labels))
        })
        .vjp(move |v, grad_out| {
            let mut net = by_hand(v.device()).with_dropout(by.masks(dropout));
            let paths = (0..depth).map(|l| format!("layers.{l}"));
            let paths = paths.collect::<Vec<_>>();
            for (layer, path) in net.layers.iter_mut().zip(&paths) {
                set(layer, path, v);
            }
            let labels = || v.ints([batch], &labels_by_hand);
            let batch = (v.get("x"), BatchTargets::Classes(labels()));
            by.gradients(&net, &paths, batch, grad_out, |net, x| {
                manual_backprop::mnist_mlp::gradients(net, x, labels()).1
            })
        });
    with_kinks(case, f, move |v| hidden_masks(f, depth, dropout, v))
}

/// The signs of all hidden pre-activations.
fn hidden_masks(f: Activation, depth: usize, dropout: Dropout, v: &Values) -> Masks {
    let mut d = dropout.apply(0, v.get("x"));
    all_positive((0..depth - 1).map(|l| {
        let (w, b) = (format!("layers.{l}.weight"), format!("layers.{l}.bias"));
        let step = layer::forward(f, d.clone(), v.get(&w), v.get(&b));
        d = dropout.apply(l + 1, step.z);
        step.a
    }))
}

/// Gives a layer the values of a case.
fn set(layer: &mut Linear, path: &str, v: &Values) {
    layer.weight = Param::from_tensor(v.get(&format!("{path}.weight")));
    layer.bias = Some(Param::from_tensor(v.get(&format!("{path}.bias"))));
}
