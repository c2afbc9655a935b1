//! Small nets, and weights that are used in several places.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig,
};
use burn::tensor::activation::{relu, sigmoid, softmax, tanh};
use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Case, Sample};

use super::RightFunction;

/// Two linear layers.
#[derive(Module, Debug)]
struct TwoLayers {
    first: Linear,
    second: Linear,
}

impl TwoLayers {
    fn new([d_in, d_hidden, d_out]: [usize; 3], device: &Device) -> Self {
        Self {
            first: LinearConfig::new(d_in, d_hidden).init(device),
            second: LinearConfig::new(d_hidden, d_out).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>, f: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
        self.second.forward(f(self.first.forward(x)))
    }
}

/// A net of two layers, with all sizes and the activation.
fn two_layers(
    name: &'static str,
    about: &'static str,
    [batch, d_in, d_hidden, d_out]: [usize; 4],
    f: fn(Tensor<2>) -> Tensor<2>,
) -> RightFunction {
    let case = Case::new(name).input("x", [batch, d_in]).module(
        move |device| TwoLayers::new([d_in, d_hidden, d_out], device),
        move |net: &TwoLayers, v| net.forward(v.get("x"), f),
    );
    RightFunction::new(about, case)
}

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = dense();
    all.extend(deep());
    all.extend(shared());
    all
}

fn dense() -> Vec<RightFunction> {
    vec![
        two_layers("net of tanh", "4-5-2", [3, 4, 5, 2], tanh),
        two_layers("net of sigmoids", "2-2-1, for XOR", [4, 2, 2, 1], sigmoid),
        two_layers("net of relu", "4-8-2", [3, 4, 8, 2], relu),
        two_layers("wide net of relu", "kinks everywhere", [12, 3, 96, 1], relu),
        two_layers(
            "wide net of relu, one output",
            "more kinks",
            [48, 2, 64, 1],
            relu,
        ),
        RightFunction::new(
            "along random directions: every step crosses many kinks",
            Case::new("wider net of relu, by directions")
                .input("x", [32, 8])
                .module(
                    |device| TwoLayers::new([8, 256, 4], device),
                    |net: &TwoLayers, v| net.forward(v.get("x"), relu),
                ),
        )
        .full_limit(64),
        two_layers("net of sines", "3-6-2", [4, 3, 6, 2], Tensor::sin),
    ]
}

/// A convolution, a batch normalisation and a classifier.
#[derive(Module, Debug)]
struct SmallConvNet {
    conv: Conv2d,
    norm: BatchNorm,
    head: Linear,
}

/// A residual block.
#[derive(Module, Debug)]
struct Residual {
    norm: LayerNorm,
    inner: Linear,
    outer: Linear,
}

fn deep() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "convolution without bias, batch normalisation in training mode, linear layer",
            Case::new("small convolutional net")
                .input("x", [3, 1, 4, 4])
                .module(
                    |device| SmallConvNet {
                        conv: Conv2dConfig::new([1, 2], [3, 3])
                            .with_bias(false)
                            .init(device),
                        norm: BatchNormConfig::new(2).init(device),
                        head: LinearConfig::new(2 * 2 * 2, 2).init(device),
                    },
                    |net: &SmallConvNet, v| {
                        let z = net.norm.forward(net.conv.forward(v.get("x")));
                        net.head.forward(z.tanh().flatten::<2>(1, 3))
                    },
                ),
        ),
        RightFunction::new(
            "x plus a net of x",
            Case::new("residual block").input("x", [3, 4]).module(
                |device| Residual {
                    norm: LayerNormConfig::new(4).init(device),
                    inner: LinearConfig::new(4, 5).init(device),
                    outer: LinearConfig::new(5, 4).init(device),
                },
                |net: &Residual, v| {
                    let x = v.get::<2>("x");
                    let z = net.inner.forward(net.norm.forward(x.clone())).tanh();
                    x + net.outer.forward(z)
                },
            ),
        ),
        RightFunction::new(
            "ten layers of tanh with one weight each",
            Case::new("deep chain of tanh")
                .input("x", [2, 3])
                .input_from("weight", [10, 3, 3], Sample::Scaled(0.5))
                .function(|v| {
                    let layers = v.get::<3>("weight").split(1, 0);
                    layers
                        .into_iter()
                        .fold(v.get::<2>("x"), |z, w| z.matmul(w.reshape([3, 3])).tanh())
                }),
        ),
        RightFunction::new(
            "attention written with matrix products",
            Case::new("attention by hand")
                .input("query", [3, 2])
                .input("key", [4, 2])
                .input("value", [4, 2])
                .function(|v| {
                    let scores = v.get::<2>("query").matmul(v.get::<2>("key").transpose());
                    softmax(scores * std::f64::consts::FRAC_1_SQRT_2, 1).matmul(v.get("value"))
                }),
        ),
        RightFunction::new(
            "the learning rate of a step of gradient descent",
            Case::new("step of gradient descent")
                .input("x", [3])
                .input("rate", [1])
                .function(|v| {
                    let x = v.get::<1>("x");
                    let slope = x.clone() * 2.0 + x.clone().cos();
                    let moved = x - slope * v.get::<1>("rate");
                    (moved.clone().square() + moved.sin()).sum()
                }),
        ),
    ]
}

/// An embedding whose weight is also that of the output.
#[derive(Module, Debug)]
struct TiedLanguageModel {
    embedding: Embedding,
}

/// Two layers made from clones of one: they share the parameter's id.
#[derive(Module, Debug)]
struct TiedLayers {
    first: Linear,
    second: Linear,
}

fn shared() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "the embedding's weight, transposed, gives the logits",
            Case::new("tied embedding").module(
                |device| TiedLanguageModel {
                    embedding: EmbeddingConfig::new(5, 3).init(device),
                },
                |net: &TiedLanguageModel, v| {
                    let z = net.embedding.forward(v.ints([1, 3], &[4, 0, 4])).tanh();
                    z.reshape([3, 3])
                        .matmul(net.embedding.weight.val().transpose())
                },
            ),
        ),
        RightFunction::new(
            "one layer, called twice",
            Case::new("layer used twice").input("x", [2, 3]).module(
                |device| LinearConfig::new(3, 3).init(device),
                |layer, v| layer.forward(layer.forward(v.get::<2>("x")).tanh()),
            ),
        ),
        RightFunction::new(
            "two fields with one parameter id",
            Case::new("tied layers").input("x", [2, 3]).module(
                |device| {
                    let first = LinearConfig::new(3, 3).init(device);
                    TiedLayers {
                        second: first.clone(),
                        first,
                    }
                },
                |net: &TiedLayers, v| {
                    let z = net.first.forward(v.get::<2>("x")).tanh();
                    net.second.forward(z)
                },
            ),
        ),
        RightFunction::new(
            "the first layer is frozen",
            Case::new("frozen layer").input("x", [3, 3]).module(
                |device| {
                    let mut net = TwoLayers::new([3, 4, 2], device);
                    net.first = net.first.no_grad();
                    net
                },
                |net: &TwoLayers, v| net.forward(v.get("x"), tanh),
            ),
        ),
        RightFunction::new(
            "a module with one parameter and nothing else",
            Case::new("module of a single parameter").module(
                |device| LonelyScale {
                    scale: Param::from_tensor(Tensor::from_floats([0.5, -1.0], device)),
                },
                |net: &LonelyScale, _| net.scale.val().powi_scalar(3),
            ),
        ),
    ]
}

/// A scale and no layer.
#[derive(Module, Debug)]
struct LonelyScale {
    scale: Param<Tensor<1>>,
}
