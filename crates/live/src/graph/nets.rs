//! The graphs of the lecture's nets with their first values.
//!
//! Values are rounded to two decimals, so that a listener can follow them with a pocket calculator.

use burn::tensor::{Tensor, TensorData};
use computational_graph::{Graph, GraphBuilder, GraphError, NodeId, nets};
use layers::{Activation, Initializer, dense};
use manual_backprop::Reduction;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, scalar};

use crate::graph::state::{Layer, Loss, Net, Own, State};
use crate::numbers::elements;
use crate::place::Place;

/// Inputs and classes of the small classifier.
const CLASSIFIER: [usize; 2] = [2, 3];
/// Inputs, outputs and rows of the general net.
const GENERAL: [usize; 3] = [2, 2, 3];
/// Corners of the classifier's data: two points for each class.
const POINTS: [[f64; 2]; 6] = [
    [-0.9, -0.6],
    [-0.5, -0.8],
    [0.8, -0.7],
    [0.6, -0.4],
    [0.1, 0.9],
    [-0.2, 0.6],
];
/// The start of the function of four variables (L14) and of its composition (L15).
const FOUR: [f64; 4] = [3.0, -1.0, 0.0, 1.0];
const TWO: [f64; 2] = [1.0, -1.0];

/// A graph that has its values and has not been evaluated.
pub(crate) struct Built {
    pub(crate) graph: Graph,
    /// The node whose gradient is taken.
    pub(crate) output: &'static str,
    pub(crate) title: &'static str,
    /// Items of the lecture.
    pub(crate) source: &'static str,
}

/// Builds the graph of a state.
pub(crate) fn build(place: &Place, state: &State) -> Result<Built, GraphError> {
    let values = Values {
        place,
        seed: state.seed.into(),
    };
    let built = |graph, output, title, source| Built {
        graph,
        output,
        title,
        source,
    };
    Ok(match &state.net {
        Net::Scalar => built(values.scalar()?, "loss", "Scalar net", "L5"),
        Net::General { f, units } => {
            let [inputs, outputs, rows] = GENERAL;
            let p = values.one_hidden_layer(*f, [inputs, *units, outputs]);
            let x = values.uniform("x", [rows, inputs]);
            let y = values.uniform("y", [rows, outputs]);
            built(nets::general(*f, &p, x, y)?, "loss", "General net", "L6")
        }
        Net::Xor { f, units } => {
            let p = values.one_hidden_layer(*f, [2, *units, 1]);
            let x = values.matrix([4, 2], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
            let y = values.matrix([4, 1], &[0.0, 1.0, 1.0, 0.0]);
            built(nets::xor(*f, &p, x, y)?, "loss", "XOR net", "L3, L4")
        }
        Net::Classifier { f, units } => {
            let [inputs, classes] = CLASSIFIER;
            let layers = values.layers(&[(inputs, *units, *f), (*units, classes, *f)]);
            let x = values.matrix([POINTS.len(), inputs], POINTS.as_flattened());
            let y = one_hot((0..POINTS.len()).map(|row| row / 2), classes);
            let y = values.matrix([POINTS.len(), classes], &y);
            let graph = nets::mnist(*f, &layers, x, y, Reduction::Mean)?;
            built(graph, "loss", "Small classifier", "L7 to L9")
        }
        Net::FourVariables => {
            let x = Tensor::from_data(FOUR, values.options());
            built(
                nets::four_variables(x)?,
                "f",
                "Function of four variables",
                "L14",
            )
        }
        Net::Composition => {
            let z = Tensor::from_data(TWO, values.options());
            built(nets::composition(z)?, "f", "Composition", "L15")
        }
        Net::Own(own) => built(values.own(own)?, "loss", "Net of your own", "L1"),
    })
}

/// First values by seed.
struct Values<'a> {
    place: &'a Place,
    seed: u64,
}

impl Values<'_> {
    fn options(&self) -> (&burn::tensor::Device, burn::tensor::DType) {
        (&self.place.device, self.place.dtype)
    }

    fn matrix(&self, shape: [usize; 2], values: &[f64]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), self.options())
    }

    /// Weights `[d_in, d_out]`, as the initialiser draws them.
    fn weights(
        &self,
        path: &str,
        [d_in, d_out]: [usize; 2],
        initializer: Initializer,
    ) -> Tensor<2> {
        let drawn = dense(d_in, d_out, initializer, self.seed, path, self.options());
        self.rounded(&elements(&drawn.weight.val()), [d_in, d_out])
    }

    /// Numbers from -1 to 1.
    fn uniform(&self, path: &str, [rows, columns]: [usize; 2]) -> Tensor<2> {
        let initializer = Initializer::GlorotUniform;
        let drawn = dense(rows, columns, initializer, self.seed, path, self.options());
        let bound = initializer.bound(rows, columns);
        let values = elements(&drawn.weight.val());
        let values = values.iter().map(|value| value / bound).collect::<Vec<_>>();
        self.rounded(&values, [rows, columns])
    }

    fn rounded(&self, values: &[f64], shape: [usize; 2]) -> Tensor<2> {
        let round = |value: &f64| (value * 100.0).round() / 100.0;
        self.matrix(shape, &values.iter().map(round).collect::<Vec<_>>())
    }

    fn scalar(&self) -> Result<Graph, GraphError> {
        let number = |path: &str| self.uniform(path, [1, 1]).squeeze_dim::<1>(0);
        let [w1, b1, w2, b2] = ["w1", "b1", "w2", "b2"].map(number);
        let p = scalar::Parameters { w1, b1, w2, b2 };
        nets::scalar(&p, number("x"), number("y"))
    }

    fn layers(&self, sizes: &[(usize, usize, Activation)]) -> Vec<LayerParameters> {
        let layer =
            |(l, &(d_in, d_out, f)): (usize, &(usize, usize, Activation))| LayerParameters {
                w: self.weights(
                    &format!("layer{l}"),
                    [d_in, d_out],
                    Initializer::for_activation(f),
                ),
                b: Tensor::zeros([d_out], self.options()),
            };
        (1..).zip(sizes).map(layer).collect()
    }

    fn one_hidden_layer(&self, f: Activation, [inputs, units, outputs]: [usize; 3]) -> Parameters {
        let mut layers = self
            .layers(&[(inputs, units, f), (units, outputs, f)])
            .into_iter();
        let mut next = || layers.next().expect("there are two layers");
        let (first, second) = (next(), next());
        Parameters {
            w1: first.w,
            b1: first.b,
            w2: second.w,
            b2: second.b,
        }
    }

    /// A net of one's own: layer `l` is `p_l = z_(l-1)·w_l`, `a_l = p_l + b_l`, `z_l = f(a_l)`, as in
    /// [`nets::mnist`]; a linear layer ends with `z_l = p_l + b_l`.
    fn own(&self, own: &Own) -> Result<Graph, GraphError> {
        let mut net = GraphBuilder::new();
        let mut z = net.input("x", self.uniform("x", [own.rows, own.inputs]))?;
        let mut d_in = own.inputs;
        for (l, layer) in (1..).zip(&own.layers) {
            z = self.own_layer(&mut net, l, d_in, *layer, z)?;
            d_in = layer.units;
        }
        let shape = [own.rows, d_in];
        match own.loss {
            Loss::Squares => {
                let y = net.input("y", self.uniform("y", shape))?;
                net.half_squared_error("loss", z, y, Reduction::Sum)?;
            }
            Loss::CrossEntropy => {
                net.softmax("yp", z)?;
                let y = one_hot((0..own.rows).map(|row| row % d_in), d_in);
                let y = net.input("y", self.matrix(shape, &y))?;
                net.softmax_cross_entropy("loss", z, y, Reduction::Mean)?;
            }
        }
        Ok(net.build())
    }

    fn own_layer(
        &self,
        net: &mut GraphBuilder,
        l: usize,
        d_in: usize,
        layer: Layer,
        z: NodeId,
    ) -> Result<NodeId, GraphError> {
        let initializer = layer
            .f
            .map_or(Initializer::GlorotUniform, Initializer::for_activation);
        let w = self.weights(&format!("layer{l}"), [d_in, layer.units], initializer);
        let w = net.parameter(&format!("w{l}"), w)?;
        let p = net.matmul(&format!("p{l}"), z, w)?;
        let b = self.matrix([1, layer.units], &vec![0.0; layer.units]);
        let b = net.parameter(&format!("b{l}"), b)?;
        let Some(f) = layer.f else {
            return net.add_bias(&format!("z{l}"), p, b);
        };
        let a = net.add_bias(&format!("a{l}"), p, b)?;
        net.activation(&format!("z{l}"), f, a)
    }
}

/// Rows with a one at the place of each class.
fn one_hot(classes: impl Iterator<Item = usize>, count: usize) -> Vec<f64> {
    let row = |class| (0..count).map(move |k| if k == class { 1.0 } else { 0.0 });
    classes.flat_map(row).collect()
}
