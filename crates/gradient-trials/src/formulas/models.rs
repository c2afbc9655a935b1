//! The models as cases: [`xor_net::gradients`](crate::xor_net::gradients),
//! [`mnist_mlp::gradients`](crate::mnist_mlp::gradients) and
//! [`linear_regression::gradients`](crate::linear_regression::gradients) against autodiff through
//! the models' own `loss`.

use burn::module::Param;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{Case, Gradients, Masks, Tolerance, Upstream, Values};
use linear_regression::{LinearRegression, LinearRegressionConfig};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use xor_net::{OutputUnit, XorNet, XorNetConfig};

use super::rules::{SMOOTHING, case, drawn, has_branches, scaled};
use super::sizes::Size;
use crate::activation::Activation;
use crate::layer;

/// A net as it is trained, and a batch of images: the case at real size.
#[derive(Debug, Clone)]
pub struct RealMnist {
    /// The net with its initial weights, on any device.
    pub net: MnistMlp,
    /// Pixels from 0 to 1, row by row, image by image.
    pub pixels: Vec<f32>,
    /// The class of each image.
    pub labels: Vec<u8>,
}

/// Every model at one size, with these activations.
pub(crate) fn all(activations: &[Activation], size: Size) -> Vec<Case> {
    let [batch, d_in, d_out] = size;
    let mut cases = Vec::new();
    for &f in activations {
        cases.push(xor_case(f, OutputUnit::Sigmoid, size));
        cases.push(xor_case(f, OutputUnit::Linear, size));
        cases.push(mlp_case(f, &[batch, d_in, d_out + 3, d_out + 1, d_out + 1]));
    }
    cases.push(mlp_case(Activation::Relu, &[batch, d_in, d_out + 1]));
    cases.push(smoothed_mlp_case(&[batch, d_in, d_out + 2, d_out + 1]));
    cases.push(linear_regression_case(Ridge::None, size));
    cases.push(linear_regression_case(Ridge::Whole, size));
    cases.push(linear_regression_case(Ridge::Share, size));
    cases
}

fn xor_case(f: Activation, output_unit: OutputUnit, [batch, d_in, d_out]: Size) -> Case {
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
    let build = move |device: &Device| config.init(0, device).expect("every size is at least 1");
    let by_hand = build.clone();
    let case = case(&name, &[batch, d_in, d_out + 2, d_out])
        .constant("x", [batch, d_in], drawn("model inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("model targets", batch * d_out))
        .module(build, |net: &XorNet, v| net.loss(v.get("x"), v.get("y")))
        .vjp(move |v, grad_out| {
            let mut net: XorNet = by_hand(v.device());
            set(&mut net.hidden, "hidden", v);
            set(&mut net.output, "output", v);
            let (_, grads) = crate::xor_net::gradients(&net, v.get("x"), v.get("y"));
            let layers = [
                ("hidden".to_owned(), &net.hidden),
                ("output".to_owned(), &net.output),
            ];
            unpack(&grads, layers, grad_out)
        });
    match has_branches(f) {
        true => case.kinks(move |v| {
            let step = layer::forward(f, v.get("x"), v.get("hidden.weight"), v.get("hidden.bias"));
            Masks::from(step.a.greater_scalar(0.0))
        }),
        false => case,
    }
}

/// The ridge term in a case of linear regression.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ridge {
    /// No ridge term.
    None,
    /// [`GAMMA`], borne by the rows of the case alone.
    Whole,
    /// [`GAMMA`], of which the rows of the case bear their share: they are a batch of
    /// [`BATCHES`] of their size.
    Share,
}

/// The ridge term γ, where there is one. It is no sum of a few powers of two, as the drawn values
/// are: with such a γ nothing would be rounded in f64, and every difference would be exactly 0.
pub(crate) const GAMMA: f64 = 0.7;

/// Batches of a training set, where a case has only one of them.
pub(crate) const BATCHES: usize = 3;

pub(crate) fn linear_regression_case(ridge: Ridge, [batch, d_in, d_out]: Size) -> Case {
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
    let build = move |device: &Device| config.init(0, device).expect("every size is at least 1");
    let by_hand = build.clone();
    case(name, &[batch, d_in, d_out])
        .constant("x", [batch, d_in], drawn("model inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("model targets", batch * d_out))
        .module(build, |net: &LinearRegression, v| {
            net.loss(v.get("x"), v.get("y"))
        })
        .vjp(move |v, grad_out| {
            let mut net: LinearRegression = by_hand(v.device());
            set(&mut net.linear, "linear", v);
            let (_, grads) = crate::linear_regression::gradients(&net, v.get("x"), v.get("y"));
            unpack(&grads, [("linear".to_owned(), &net.linear)], grad_out)
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

fn mlp_case(f: Activation, sizes: &[usize]) -> Case {
    let (batch, d_in, classes) = (sizes[0], sizes[1], sizes[sizes.len() - 1]);
    let hidden = sizes[2..sizes.len() - 1].to_vec();
    let config = MnistMlpConfig::new(d_in, hidden, classes).with_activation(f);
    let labels = (0..batch).map(|i| ((i * 5 + 1) % classes) as i64).collect();
    let inputs = drawn("model inputs", batch * d_in);
    model(&format!("MnistMlp {f}"), sizes, config, inputs, labels)
}

/// A net whose loss smooths its targets.
fn smoothed_mlp_case(sizes: &[usize]) -> Case {
    let (batch, d_in, classes) = (sizes[0], sizes[1], sizes[sizes.len() - 1]);
    let hidden = sizes[2..sizes.len() - 1].to_vec();
    let config = MnistMlpConfig::new(d_in, hidden, classes)
        .with_activation(Activation::Tanh)
        .with_label_smoothing(SMOOTHING);
    let labels = (0..batch).map(|i| ((i * 5 + 1) % classes) as i64).collect();
    let inputs = drawn("model inputs", batch * d_in);
    model("MnistMlp tanh, smoothed", sizes, config, inputs, labels)
}

/// A real net at its initial weights on a real batch.
pub(crate) fn real_mnist(real: &RealMnist) -> Case {
    let labels = real
        .labels
        .iter()
        .map(|&label| i64::from(label))
        .collect::<Vec<_>>();
    let pixels = real.pixels.iter().map(|&pixel| f64::from(pixel)).collect();
    let layers = &real.net.layers;
    let weights = layers.iter().map(|layer| layer.weight.val().dims());
    let outputs = weights.map(|[_, d_out]| d_out).collect::<Vec<_>>();
    let (classes, hidden) = outputs.split_last().expect("a net has at least one layer");
    let [inputs, _] = layers[0].weight.val().dims();
    let config =
        MnistMlpConfig::new(inputs, hidden.to_vec(), *classes).with_activation(real.net.activation);
    let sizes = [&[labels.len(), inputs], &outputs[..]].concat();
    let case = model(
        "MnistMlp, real batch and weights",
        &sizes,
        config,
        pixels,
        labels,
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

/// In f64, `64 n ε` for sums of `n` terms, once that is above 1e-12: of hundreds of
/// thousands of gradients, some hundred are what a cancellation leaves of a thousand times larger
/// terms, and the rounding of those terms, about 1e-15 of the tensor's root mean square, is then
/// 1e-12 of the element.
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
    inputs: Vec<f64>,
    labels: Vec<i64>,
) -> Case {
    let f = config.activation;
    let (batch, depth) = (labels.len(), config.hidden.len() + 1);
    let build = move |device: &Device| config.init(0, device).expect("every size is at least 1");
    let by_hand = build.clone();
    let labels_by_hand = labels.clone();
    let case = case(name, sizes)
        .constant("x", [batch, sizes[1]], inputs)
        .module(build, move |net: &MnistMlp, v| {
            net.loss(v.get("x"), v.ints([batch], &labels))
        })
        .vjp(move |v, grad_out| {
            let mut net: MnistMlp = by_hand(v.device());
            for (l, layer) in net.layers.iter_mut().enumerate() {
                set(layer, &format!("layers.{l}"), v);
            }
            let labels = v.ints([batch], &labels_by_hand);
            let (_, grads) = crate::mnist_mlp::gradients(&net, v.get("x"), labels);
            let layers = net.layers.iter().enumerate();
            unpack(
                &grads,
                layers.map(|(l, layer)| (format!("layers.{l}"), layer)),
                grad_out,
            )
        });
    match has_branches(f) {
        true => case.kinks(move |v| hidden_masks(f, depth, v)),
        false => case,
    }
}

/// The signs of all hidden pre-activations.
fn hidden_masks(f: Activation, depth: usize, v: &Values) -> Masks {
    let mut z = v.get("x");
    let mut masks = Masks::default();
    for l in 0..depth - 1 {
        let (w, b) = (format!("layers.{l}.weight"), format!("layers.{l}.bias"));
        let step = layer::forward(f, z, v.get(&w), v.get(&b));
        masks = masks.and(step.a.greater_scalar(0.0));
        z = step.z;
    }
    masks
}

/// Gives a layer the values of a case.
fn set(layer: &mut Linear, path: &str, v: &Values) {
    layer.weight = Param::from_tensor(v.get(&format!("{path}.weight")));
    layer.bias = Some(Param::from_tensor(v.get(&format!("{path}.bias"))));
}

/// Reads the gradients back by parameter id, as an optimizer does.
fn unpack<'a>(
    grads: &GradientsParams,
    layers: impl IntoIterator<Item = (String, &'a Linear)>,
    grad_out: &Upstream,
) -> Gradients {
    layers
        .into_iter()
        .fold(Gradients::new(), |named, (path, layer)| {
            let bias = layer.bias.as_ref().expect("every layer has a bias");
            let grad_w = grads
                .get::<2>(layer.weight.id)
                .expect("every weight has a gradient");
            let grad_b = grads.get::<1>(bias.id).expect("every bias has a gradient");
            named
                .with(format!("{path}.weight"), scaled(grad_w, grad_out))
                .with(format!("{path}.bias"), scaled(grad_b, grad_out))
        })
}
