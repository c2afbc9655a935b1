//! Weights as files: safetensors, JSON, and the net as Rust code.

use std::fmt::Write as _;

use fused_mlp::LayerValues;
use layers::Activation;
use serde_json::json;
use weight_exchange::{Dense, DenseStack, ExchangeError, Layout, Precision, to_safetensors};

use crate::error::RequestError;
use crate::numbers::numbers;
use crate::query::Query;

/// A file to save.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Export {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Weights `[d_in, d_out]` in f32.
    Safetensors,
    Json,
    /// A module with the net.
    Rust,
}

/// Takes the form from an address.
pub(crate) fn take_form(query: &mut Query) -> Result<Form, RequestError> {
    let words = [
        ("safetensors", Form::Safetensors),
        ("json", Form::Json),
        ("rust", Form::Rust),
    ];
    query.word("form", Form::Json, &words)
}

impl From<ExchangeError> for RequestError {
    fn from(error: ExchangeError) -> Self {
        Self::Refused(error.to_string())
    }
}

fn safetensors(stack: &DenseStack) -> Result<Export, RequestError> {
    Ok(Export {
        content_type: "application/octet-stream",
        bytes: to_safetensors(stack, Layout::Burn, Precision::F32)?,
    })
}

/// A net of one activation, as `mnist-mlp` has it. Its Rust code reads the safetensors file.
pub(crate) fn of_mnist_mlp(stack: &DenseStack, form: Form) -> Result<Export, RequestError> {
    match form {
        Form::Safetensors => safetensors(stack),
        Form::Json => {
            let values = |values: &[f32]| {
                let values = values.iter().map(|&value| f64::from(value));
                numbers(&values.collect::<Vec<_>>())
            };
            let layers = stack.layers().iter().map(|layer| {
                json!({ "weights": values(layer.weight()), "biases": values(layer.bias()) })
            });
            let f = stack.activation().unwrap_or(Activation::Relu);
            Ok(json_file(&stack.sizes(), &[f], &layers.collect()))
        }
        Form::Rust => {
            let sizes = stack.sizes();
            let [inputs, hidden @ .., classes] = &sizes[..] else {
                return Err(RequestError::Refused("the net has no layer".to_owned()));
            };
            let f = stack.activation().unwrap_or(Activation::Relu);
            Ok(rust_file(format!(
                "//! The net {} with {f}. Its weights are read from a file that the page saves as safetensors.\n\
                 //!\n\
                 //! It needs the packages `burn`, with the features \"flex\" and \"safetensors\", and `mnist-mlp`.\n\
                 \n\
                 use burn::store::{{ModuleSnapshot, SafetensorsStore}};\n\
                 use burn::tensor::Device;\n\
                 use mnist_mlp::{{Activation, MnistMlp, MnistMlpConfig}};\n\
                 \n\
                 /// The net on a device; `net.forward(x)` gives logits for `x: [n, {inputs}]`.\n\
                 pub fn net(file: &str, device: &Device) -> Result<MnistMlp, Box<dyn std::error::Error>> {{\n\
                 \x20   let config = MnistMlpConfig::new({inputs}, vec!{hidden:?}, {classes}).with_activation({});\n\
                 \x20   let mut net = config.init(0, device)?;\n\
                 \x20   net.load_from(&mut SafetensorsStore::from_file(file))?;\n\
                 \x20   Ok(net)\n\
                 }}\n",
                joined(&sizes, "-"),
                variant(f),
            )))
        }
    }
}

/// A small net with an activation for each hidden layer. Its Rust code contains the weights.
pub(crate) fn of_layers(
    layers: &[LayerValues<f64>],
    hidden: &[Activation],
    is_classifier: bool,
    form: Form,
) -> Result<Export, RequestError> {
    let sizes = sizes(layers);
    match form {
        Form::Safetensors => {
            let rounded = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
            let layers = layers.iter().zip(sizes.windows(2)).enumerate();
            let layers = layers.map(|(place, (layer, sizes))| {
                let (weights, biases) = (rounded(&layer.weights), rounded(&layer.biases));
                Dense::new(
                    format!("layers.{place}"),
                    [sizes[0], sizes[1]],
                    weights,
                    biases,
                )
            });
            let mut stack = DenseStack::new(layers.collect::<Result<_, _>>()?)?;
            if let [first, rest @ ..] = hidden
                && rest.iter().all(|f| f == first)
            {
                stack = stack.with_activation(Some(*first));
            }
            safetensors(&stack)
        }
        Form::Json => {
            let layers = layers.iter().map(
                |layer| json!({ "weights": numbers(&layer.weights), "biases": numbers(&layer.biases) }),
            );
            Ok(json_file(&sizes, hidden, &layers.collect()))
        }
        Form::Rust => Ok(rust_file(code(layers, &sizes, hidden, is_classifier))),
    }
}

fn json_file(sizes: &[usize], activations: &[Activation], layers: &serde_json::Value) -> Export {
    let names = activations.iter().map(|f| f.name()).collect::<Vec<_>>();
    let value = json!({ "sizes": sizes, "activations": names, "layers": layers });
    Export {
        content_type: "application/json",
        bytes: value.to_string().into_bytes(),
    }
}

fn rust_file(text: String) -> Export {
    Export {
        content_type: "text/plain; charset=utf-8",
        bytes: text.into_bytes(),
    }
}

fn sizes(layers: &[LayerValues<f64>]) -> Vec<usize> {
    let first = layers.first();
    let inputs = first.map(|layer| layer.weights.len() / layer.biases.len());
    let outputs = layers.iter().map(|layer| layer.biases.len());
    inputs.into_iter().chain(outputs).collect()
}

/// A module whose `forward` is the net.
fn code(
    layers: &[LayerValues<f64>],
    sizes: &[usize],
    hidden: &[Activation],
    is_classifier: bool,
) -> String {
    let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
    let result = if is_classifier {
        format!("probabilities `[n, {outputs}]`")
    } else {
        format!("numbers `[n, {outputs}]`")
    };
    let mut text = format!(
        "//! The net {}. It needs the packages `burn`, with the feature \"flex\", and `layers`.\n\
         \n\
         use burn::tensor::{{Tensor, TensorData, activation}};\n\
         use layers::Activation;\n\
         \n",
        joined(sizes, "-"),
    );
    if !is_classifier {
        text = text.replace("{Tensor, TensorData, activation}", "{Tensor, TensorData}");
    }
    if hidden.is_empty() {
        text = text
            .replace("use layers::Activation;\n", "")
            .replace(" and `layers`", "");
    }
    text += &format!(
        "/// Points `x: [n, {inputs}]` give {result}.\n\
         pub fn forward(x: Tensor<2>) -> Tensor<2> {{\n\
         \x20   let z = x;\n"
    );
    for (l, (layer, sizes)) in layers.iter().zip(sizes.windows(2)).enumerate() {
        let [weights, biases] = [&layer.weights, &layer.biases].map(|values| list(values));
        let _ = writeln!(
            text,
            "    let a = affine(z, {sizes:?}, &[{weights}], &[{biases}]);"
        );
        let _ = match hidden.get(l) {
            Some(&f) => writeln!(text, "    let z = {}.forward(a);", variant(f)),
            None if is_classifier => writeln!(text, "    activation::softmax(a, 1)"),
            None => writeln!(text, "    a"),
        };
    }
    text + "}\n\
            \n\
            /// `z·w + b`, where the weights `[d_in, d_out]` are listed row by row.\n\
            fn affine(z: Tensor<2>, [d_in, d_out]: [usize; 2], weights: &[f64], biases: &[f64]) -> Tensor<2> {\n\
            \x20   let device = z.device();\n\
            \x20   let options = (&device, z.dtype());\n\
            \x20   let w = Tensor::from_data(TensorData::new(weights.to_vec(), [d_in, d_out]), options);\n\
            \x20   let b = Tensor::from_data(TensorData::new(biases.to_vec(), [1, d_out]), options);\n\
            \x20   z.matmul(w) + b\n\
            }\n"
}

/// Numbers that read back to the same bits.
fn list(values: &[f64]) -> String {
    let texts = values.iter().map(|value| format!("{value:?}"));
    texts.collect::<Vec<_>>().join(", ")
}

fn joined(sizes: &[usize], between: &str) -> String {
    let texts = sizes.iter().map(ToString::to_string);
    texts.collect::<Vec<_>>().join(between)
}

/// The name in Rust.
fn variant(f: Activation) -> String {
    format!("Activation::{f:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digits::DigitNet;
    use burn::tensor::Device;

    /// Of a net 2-3-2 with a hidden layer of tanh.
    fn net() -> [LayerValues<f64>; 2] {
        [
            LayerValues {
                weights: vec![0.5, -1.25, 2.0, 1.0, 0.125, -0.75],
                biases: vec![0.1, -0.2, 0.3],
            },
            LayerValues {
                weights: vec![1.5, -1.0, 0.25, 2.0, -0.5, 0.75],
                biases: vec![0.0, -0.4],
            },
        ]
    }

    fn text(form: Form) -> String {
        let export = of_layers(&net(), &[Activation::Tanh], true, form).unwrap();
        String::from_utf8_lossy(&export.bytes).into_owned()
    }

    #[test]
    fn files_read_back_as_the_same_net() {
        let value: serde_json::Value = serde_json::from_str(&text(Form::Json)).unwrap();
        assert_eq!(value["sizes"], json!([2, 3, 2]));
        assert_eq!(value["layers"][1]["biases"], json!([0.0, -0.4]));
        let export = of_layers(&net(), &[Activation::Tanh], true, Form::Safetensors).unwrap();
        let read = weight_exchange::parse(
            export.bytes,
            "net.safetensors".as_ref(),
            &weight_exchange::ImportOptions::default(),
        );
        let stack = read.unwrap().stack;
        assert_eq!(stack.sizes(), [2, 3, 2]);
        assert_eq!(stack.activation(), Some(Activation::Tanh));
        assert_eq!(
            stack.layers()[0].weight(),
            [0.5, -1.25, 2.0, 1.0, 0.125, -0.75]
        );
    }

    #[test]
    fn a_net_of_digits_keeps_its_activation() {
        let stack = DigitNet::pretrained(&Device::flex()).stack().unwrap();
        for f in [Activation::Relu, Activation::Tanh] {
            let stack = stack.clone().with_activation(Some(f));
            let export = of_mnist_mlp(&stack, Form::Json).unwrap();
            let value = serde_json::from_slice::<serde_json::Value>(&export.bytes).unwrap();
            assert_eq!(value["activations"], json!([f.name()]));
            let code = of_mnist_mlp(&stack, Form::Rust).unwrap().bytes;
            let code = String::from_utf8(code).unwrap();
            assert!(
                code.contains(&format!("with_activation(Activation::{f:?})")),
                "{code}"
            );
        }
    }

    /// The file that is compiled here is what is exported.
    #[test]
    fn the_rust_code_is_that_which_the_tests_compile() {
        assert_eq!(text(Form::Rust), include_str!("../tests/exported/plane.rs"));
        let pretrained = DigitNet::pretrained(&Device::flex()).stack().unwrap();
        let export = of_mnist_mlp(&pretrained, Form::Rust).unwrap();
        let exported = String::from_utf8(export.bytes).unwrap();
        assert_eq!(exported, include_str!("../tests/exported/digits.rs"));
    }
}
