//! The lecture's nets and functions as graphs, not evaluated yet, with the slides' names.
//!
//! A bias `[d]` is a node of shape `1×d`.

use burn::tensor::Tensor;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, scalar as scalar_net};

use crate::{Graph, GraphBuilder, GraphError, NodeId};

/// The scalar net (L5): `yp = σ(x w1 + b1) w2 + b2` with the output `loss = ½‖yp - y‖²`; between
/// them `z1` to `z4`.
///
/// # Shapes
///
/// Everything `[1]`.
///
/// # Errors
///
/// If the shapes or the dtypes differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
/// use manual_backprop::nets::scalar::Parameters;
///
/// let number = |value: f32| Tensor::<1>::from_data([value], &Device::flex());
/// let p = Parameters { w1: number(0.0), b1: number(0.0), w2: number(4.0), b2: number(1.0) };
/// let mut net = nets::scalar(&p, number(5.0), number(1.0))?;
/// net.forward();
/// net.backward("loss")?;
/// assert_eq!(net.value("yp")?.into_scalar::<f32>(), 3.0); // σ(0)·4 + 1
/// let grad_w1 = net.gradient("w1")?.unwrap();
/// assert_eq!(grad_w1.into_scalar::<f32>(), 10.0); // 2 · 4 · σ'(0) · 5
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn scalar(p: &scalar_net::Parameters, x: Tensor<1>, y: Tensor<1>) -> Result<Graph, GraphError> {
    let mut net = GraphBuilder::new();
    let x = net.input("x", row(x))?;
    let w1 = net.parameter("w1", row(p.w1.clone()))?;
    let z1 = net.multiply("z1", x, w1)?;
    let b1 = net.parameter("b1", row(p.b1.clone()))?;
    let z2 = net.add("z2", z1, b1)?;
    let z3 = net.activation("z3", Activation::Sigmoid, z2)?;
    let w2 = net.parameter("w2", row(p.w2.clone()))?;
    let z4 = net.multiply("z4", z3, w2)?;
    let b2 = net.parameter("b2", row(p.b2.clone()))?;
    let yp = net.add("yp", z4, b2)?;
    let y = net.input("y", row(y))?;
    net.half_squared_error("loss", yp, y, Reduction::Sum)?;
    Ok(net.build())
}

/// The general net (L6): a hidden layer with `f` and a linear output `yp`, and the output
/// `loss = ½‖yp - y‖²`; between them `z1` to `z4`.
///
/// # Shapes
///
/// `x: [batch, d_in]`, `y: [batch, d_out]`.
///
/// # Errors
///
/// If the sizes do not fit or the dtypes differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
/// use manual_backprop::{activation::Activation, nets::Parameters};
///
/// let device = Device::flex();
/// let p = Parameters {
///     w1: Tensor::zeros([2, 3], &device),
///     b1: Tensor::zeros([3], &device),
///     w2: Tensor::ones([3, 1], &device),
///     b2: Tensor::zeros([1], &device),
/// };
/// let (x, y) = (Tensor::ones([4, 2], &device), Tensor::zeros([4, 1], &device));
/// let mut net = nets::general(Activation::Sigmoid, &p, x, y)?;
/// net.forward();
/// assert_eq!(net.value("loss")?.into_scalar::<f32>(), 4.5); // 4 rows, ½·1.5² each
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn general(
    f: Activation,
    p: &Parameters,
    x: Tensor<2>,
    y: Tensor<2>,
) -> Result<Graph, GraphError> {
    let mut net = GraphBuilder::new();
    let z4 = hidden_layer_and_product(&mut net, f, p, x)?;
    let b2 = net.parameter("b2", row(p.b2.clone()))?;
    let yp = net.add_bias("yp", z4, b2)?;
    let y = net.input("y", y)?;
    net.half_squared_error("loss", yp, y, Reduction::Sum)?;
    Ok(net.build())
}

/// The XOR net (L3): a hidden layer with `f` and a sigmoid output `yp`, and the output
/// `loss = ½‖yp - y‖²`; between them `z1` to `z5`.
///
/// # Shapes
///
/// `x: [batch, d_in]`, `y: [batch, d_out]`.
///
/// # Errors
///
/// If the sizes do not fit or the dtypes differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
/// use manual_backprop::{activation::Activation, nets::Parameters};
///
/// let device = Device::flex();
/// let p = Parameters {
///     w1: Tensor::zeros([2, 3], &device),
///     b1: Tensor::zeros([3], &device),
///     w2: Tensor::zeros([3, 1], &device),
///     b2: Tensor::zeros([1], &device),
/// };
/// let x = Tensor::from_data([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
/// let y = Tensor::from_data([[0.0], [1.0], [1.0], [0.0]], &device);
/// let mut net = nets::xor(Activation::Sigmoid, &p, x, y)?;
/// net.forward();
/// assert_eq!(net.value("loss")?.into_scalar::<f32>(), 0.5); // every output is 0.5
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn xor(f: Activation, p: &Parameters, x: Tensor<2>, y: Tensor<2>) -> Result<Graph, GraphError> {
    let mut net = GraphBuilder::new();
    let z4 = hidden_layer_and_product(&mut net, f, p, x)?;
    let b2 = net.parameter("b2", row(p.b2.clone()))?;
    let z5 = net.add_bias("z5", z4, b2)?;
    let yp = net.activation("yp", Activation::Sigmoid, z5)?;
    let y = net.input("y", y)?;
    net.half_squared_error("loss", yp, y, Reduction::Sum)?;
    Ok(net.build())
}

/// `z4 = f(x·w1 + b1)·w2`, which the general and the XOR net share.
fn hidden_layer_and_product(
    net: &mut GraphBuilder,
    f: Activation,
    p: &Parameters,
    x: Tensor<2>,
) -> Result<NodeId, GraphError> {
    let x = net.input("x", x)?;
    let w1 = net.parameter("w1", p.w1.clone())?;
    let z1 = net.matmul("z1", x, w1)?;
    let b1 = net.parameter("b1", row(p.b1.clone()))?;
    let z2 = net.add_bias("z2", z1, b1)?;
    let z3 = net.activation("z3", f, z2)?;
    let w2 = net.parameter("w2", p.w2.clone())?;
    net.matmul("z4", z3, w2)
}

/// The MNIST net (L7): layer `l` is `p_l = z_(l-1)·w_l`, `a_l = p_l + b_l`, `z_l = f(a_l)`, the last
/// one without `f`: its `z_L` are the logits. Two nodes follow: `yp = softmax(z_L)`, which is only
/// shown and has no gradient, and the output `loss`, softmax and cross-entropy in one rule, so that
/// `δz_L = c (yp - y)`.
///
/// # Shapes
///
/// `x: [batch, d_0]`, layer `l`: `w: [d_(l-1), d_l]`, `b: [d_l]`; `y: [batch, d_L]`, each row
/// adding up to 1.
///
/// # Errors
///
/// If the sizes do not fit or the dtypes differ.
///
/// # Panics
///
/// If there is no layer.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
/// use manual_backprop::{Reduction, activation::Activation, nets::mnist::LayerParameters};
///
/// let device = Device::flex();
/// let layers = [(4, 3), (3, 2)].map(|(d_in, d_out)| LayerParameters {
///     w: Tensor::zeros([d_in, d_out], &device),
///     b: Tensor::zeros([d_out], &device),
/// });
/// let y = Tensor::from_data([[1.0, 0.0]], &device);
/// let x = Tensor::ones([1, 4], &device);
/// let mut net = nets::mnist(Activation::Relu, &layers, x, y, Reduction::Sum)?;
/// net.forward();
/// net.backward("loss")?;
/// let grad_b2 = net.gradient("b2")?.unwrap();
/// assert_eq!(grad_b2.try_into_vec_as::<f32>().unwrap(), [-0.5, 0.5]);
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn mnist(
    f: Activation,
    layers: &[LayerParameters],
    x: Tensor<2>,
    y: Tensor<2>,
    reduction: Reduction,
) -> Result<Graph, GraphError> {
    assert!(!layers.is_empty(), "a net has at least one layer");
    let mut net = GraphBuilder::new();
    let mut z = net.input("x", x)?;
    for (l, LayerParameters { w, b }) in (1..).zip(layers) {
        let w = net.parameter(&format!("w{l}"), w.clone())?;
        let p = net.matmul(&format!("p{l}"), z, w)?;
        let b = net.parameter(&format!("b{l}"), row(b.clone()))?;
        z = if l < layers.len() {
            let a = net.add_bias(&format!("a{l}"), p, b)?;
            net.activation(&format!("z{l}"), f, a)?
        } else {
            net.add_bias(&format!("z{l}"), p, b)?
        };
    }
    net.softmax("yp", z)?;
    let y = net.input("y", y)?;
    net.softmax_cross_entropy("loss", z, y, reduction)?;
    Ok(net.build())
}

/// The function of four variables (L14), with the parameters `x1` to `x4` and the output `f`.
///
/// ```text
/// f = (x1+10x2)² + 5(x3-x4)² + (x2+2x3)⁴ + 10(x1-x4)⁴
/// ```
///
/// The terms are `t1` to `t4`, their bases `s1` to `s4`.
///
/// # Shapes
///
/// `x: [4]`; every node is `1×1`.
///
/// # Errors
///
/// None for a vector of float numbers: names and shapes of the nodes fit.
///
/// # Panics
///
/// If `x` does not have four elements.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
///
/// let x = Tensor::<1>::from_data([3.0, -1.0, 0.0, 1.0], &Device::flex());
/// let mut f = nets::four_variables(x)?;
/// f.forward();
/// f.backward("f")?;
/// assert_eq!(f.value("f")?.into_scalar::<f32>(), 215.0);
/// assert_eq!(f.gradient("x1")?.unwrap().into_scalar::<f32>(), 306.0);
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn four_variables(x: Tensor<1>) -> Result<Graph, GraphError> {
    assert_eq!(x.dims(), [4], "shape of x");
    let mut graph = GraphBuilder::new();
    let x1 = graph.parameter("x1", element(&x, 0))?;
    let x2 = graph.parameter("x2", element(&x, 1))?;
    let x3 = graph.parameter("x3", element(&x, 2))?;
    let x4 = graph.parameter("x4", element(&x, 3))?;
    terms(&mut graph, [x1, x2, x3, x4])?;
    Ok(graph.build())
}

/// The composition (L15) of [`four_variables`] with `x(z)`, with the parameters `z1` and `z2` and
/// the output `f`.
///
/// ```text
/// x1 = z1 - z2    x2 = z1²    x3 = z2²    x4 = z1² + z1 z2
/// ```
///
/// In `x4`, `q = z1²` and `p = z1 z2` have nodes of their own, so that the gradients at `x1` to `x4`
/// are those of `f` alone.
///
/// # Shapes
///
/// `z: [2]`; every node is `1×1`.
///
/// # Errors
///
/// None for a vector of float numbers: names and shapes of the nodes fit.
///
/// # Panics
///
/// If `z` does not have two elements.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::nets;
///
/// let mut f = nets::composition(Tensor::<1>::from_data([1.0, -1.0], &Device::flex()))?;
/// f.forward();
/// f.backward("f")?;
/// assert_eq!(f.value("f")?.into_scalar::<f32>(), 390.0);
/// assert_eq!(f.gradient("z2")?.unwrap().into_scalar::<f32>(), -1126.0);
/// # Ok::<(), computational_graph::GraphError>(())
/// ```
pub fn composition(z: Tensor<1>) -> Result<Graph, GraphError> {
    assert_eq!(z.dims(), [2], "shape of z");
    let mut graph = GraphBuilder::new();
    let z1 = graph.parameter("z1", element(&z, 0))?;
    let z2 = graph.parameter("z2", element(&z, 1))?;
    let x1 = graph.subtract("x1", z1, z2)?;
    let x2 = graph.power("x2", z1, 2)?;
    let x3 = graph.power("x3", z2, 2)?;
    let q = graph.power("q", z1, 2)?;
    let p = graph.multiply("p", z1, z2)?;
    let x4 = graph.add("x4", q, p)?;
    terms(&mut graph, [x1, x2, x3, x4])?;
    Ok(graph.build())
}

/// `f` of L14 on four nodes.
fn terms(graph: &mut GraphBuilder, [x1, x2, x3, x4]: [NodeId; 4]) -> Result<NodeId, GraphError> {
    let m2 = graph.scale("m2", x2, 10.0)?;
    let s1 = graph.add("s1", x1, m2)?;
    let t1 = graph.power("t1", s1, 2)?;

    let s2 = graph.subtract("s2", x3, x4)?;
    let q2 = graph.power("q2", s2, 2)?;
    let t2 = graph.scale("t2", q2, 5.0)?;

    let m3 = graph.scale("m3", x3, 2.0)?;
    let s3 = graph.add("s3", x2, m3)?;
    let t3 = graph.power("t3", s3, 4)?;

    let s4 = graph.subtract("s4", x1, x4)?;
    let q4 = graph.power("q4", s4, 4)?;
    let t4 = graph.scale("t4", q4, 10.0)?;

    let f1 = graph.add("f1", t1, t2)?;
    let f2 = graph.add("f2", t3, t4)?;
    graph.add("f", f1, f2)
}

/// One element of a vector as a `1×1` matrix.
fn element(vector: &Tensor<1>, i: usize) -> Tensor<2> {
    row(vector.clone().narrow(0, i, 1))
}

/// A vector as a matrix of one row.
fn row(vector: Tensor<1>) -> Tensor<2> {
    vector.unsqueeze_dim(0)
}
