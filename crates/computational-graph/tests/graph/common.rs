//! Tensors from and to the host, and the lecture's graphs on small data.

use burn::tensor::{DType, Device, Tensor, TensorData};
use computational_graph::{Graph, nets};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, scalar};

/// An f64 tensor on the Flex backend.
pub(crate) fn tensor<const D: usize>(shape: [usize; D], values: &[f64]) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// Arbitrary values from -1.2 to 1.2.
pub(crate) fn some<const D: usize>(shape: [usize; D], start: f64) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| 1.2 * (start + 1.7 * i as f64).sin());
    tensor(shape, &values.collect::<Vec<_>>())
}

pub(crate) fn number(value: f64) -> Tensor<2> {
    tensor([1, 1], &[value])
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor
        .try_into_vec_as::<f64>()
        .expect("an f64 tensor reads back")
}

/// One value and one gradient of a graph, read back.
pub(crate) fn gradient(graph: &Graph, name: &str) -> Option<Vec<f64>> {
    graph.gradient(name).expect("the node exists").map(values)
}

pub(crate) fn one_number(graph: &Graph, name: &str) -> f64 {
    values(graph.value(name).expect("the node has a value"))[0]
}

pub(crate) fn scalar_parameters() -> scalar::Parameters {
    scalar::Parameters {
        w1: tensor([1], &[0.7]),
        b1: tensor([1], &[-0.3]),
        w2: tensor([1], &[-1.4]),
        b2: tensor([1], &[0.25]),
    }
}

pub(crate) fn parameters(d_in: usize, hidden: usize, d_out: usize) -> Parameters {
    Parameters {
        w1: some([d_in, hidden], 0.4),
        b1: some([hidden], 1.1),
        w2: some([hidden, d_out], 2.3),
        b2: some([d_out], 0.2),
    }
}

pub(crate) fn layers(sizes: &[usize]) -> Vec<LayerParameters> {
    sizes
        .windows(2)
        .enumerate()
        .map(|(l, size)| LayerParameters {
            w: some([size[0], size[1]], l as f64),
            b: some([size[1]], 0.5 + l as f64),
        })
        .collect()
}

/// One-hot rows.
pub(crate) fn targets(batch: usize, classes: usize) -> Tensor<2> {
    let hit = |i: usize| f64::from(u8::from(i % classes == (i / classes * 3 + 1) % classes));
    let values = (0..batch * classes).map(hit).collect::<Vec<_>>();
    tensor([batch, classes], &values)
}

/// The lecture's graphs with the name of their output, not evaluated yet.
pub(crate) fn lecture_graphs() -> Vec<(&'static str, Graph, &'static str)> {
    let x = tensor([4, 2], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let y = tensor([4, 1], &[0.0, 1.0, 1.0, 0.0]);
    let sigmoid = Activation::Sigmoid;
    let graphs = [
        (
            "scalar",
            nets::scalar(
                &scalar_parameters(),
                tensor([1], &[1.5]),
                tensor([1], &[1.0]),
            ),
            "loss",
        ),
        (
            "general",
            nets::general(
                sigmoid,
                &parameters(2, 3, 2),
                some([3, 2], 0.1),
                some([3, 2], 0.9),
            ),
            "loss",
        ),
        (
            "xor",
            nets::xor(sigmoid, &parameters(2, 3, 1), x, y),
            "loss",
        ),
        (
            "mnist",
            nets::mnist(
                Activation::Relu,
                &layers(&[784, 32, 16, 10]),
                some([8, 784], 0.3),
                targets(8, 10),
                Reduction::Mean,
            ),
            "loss",
        ),
        (
            "four-variables",
            nets::four_variables(tensor([4], &[3.0, -1.0, 0.0, 1.0])),
            "f",
        ),
        (
            "composition",
            nets::composition(tensor([2], &[1.0, -1.0])),
            "f",
        ),
    ];
    graphs
        .into_iter()
        .map(|(name, graph, output)| (name, graph.expect("the sizes fit"), output))
        .collect()
}
