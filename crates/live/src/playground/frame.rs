//! What a page shows of a moment: surfaces, losses, gradients, and what goes wrong.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use burn::tensor::{Tensor, TensorData};
use fused_mlp::LayerValues;
use layers::Activation;
use manual_backprop::softmax;
use serde_json::{Value, json};

use crate::numbers::{elements, number, numbers};
use crate::place::Place;
use crate::playground::data::Data;
use crate::playground::learner::Snapshot;
use crate::playground::settings::Settings;

/// The plane that is shown: from minus this to this in both directions.
pub(crate) const EDGE: f64 = 1.3;
/// Points of the output's surface and of a hidden unit's along each side.
const SURFACE: usize = 48;
const SMALL: usize = 16;
/// Bars of a histogram.
const BARS: usize = 20;
/// The first layer's gradient relative to the last one's below which gradients vanish.
const VANISHING: f64 = 1e-3;
/// The root mean square of a gradient above which it explodes.
const EXPLODING: f64 = 1e3;

/// A moment of the training.
pub(crate) struct Moment {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Of the loss over all training points.
    pub(crate) gradients: Vec<LayerValues<f64>>,
    pub(crate) settings: Settings,
    pub(crate) data: Arc<Data>,
}

/// Turns moments into frames.
pub(crate) struct Painter {
    place: Place,
    large: Tensor<2>,
    small: Tensor<2>,
}

/// A frame, and the loss and accuracy that may end the training: on the test points, or if there are none, on the
/// training points.
pub(crate) struct Frame {
    pub(crate) value: Value,
    pub(crate) loss: f64,
    /// NaN for numbers to fit.
    pub(crate) accuracy: f64,
}

/// Values of all layers at some points.
struct Passed {
    /// Activations of the hidden layers, `[points, units]`.
    hidden: Vec<Tensor<2>>,
    /// Probabilities, or the number, `[points, outputs]`.
    output: Tensor<2>,
}

impl Painter {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            large: grid(place, SURFACE),
            small: grid(place, SMALL),
            place: place.clone(),
        }
    }

    /// The frame of a moment.
    pub(crate) fn frame(&mut self, moment: &Moment) -> Frame {
        let f = &moment.settings.f[..];
        let weights = self.weights(&moment.snapshot.layers);
        let is_regression = moment.data.classes.is_empty();
        let pass = |x: &Tensor<2>| pass(&weights, f, is_regression, x.clone());
        let points = tensor(&self.place, &moment.data.x, 2);
        let at_points = pass(&points);
        let outputs = elements(&at_points.output);
        let training = judged(&moment.data, &outputs, 0..moment.data.training);
        let test = judged(
            &moment.data,
            &outputs,
            moment.data.training..points.dims()[0],
        );
        let decisive = if moment.data.training < points.dims()[0] {
            &test
        } else {
            &training
        };
        let (loss, accuracy) = (decisive.loss, decisive.accuracy);

        let on_small = pass(&self.small);
        let units = on_small.hidden.iter().map(unit_surfaces).collect::<Value>();
        let norms = moment.gradients.iter().map(|layer| {
            let all = layer.weights.iter().chain(&layer.biases);
            let count = (layer.weights.len() + layer.biases.len()) as f64;
            (all.map(|g| g * g).sum::<f64>() / count).sqrt()
        });
        let norms = norms.collect::<Vec<_>>();
        let activations = at_points.hidden.iter().map(elements).collect::<Vec<_>>();
        let dead = dead(f, &at_points.hidden);
        let value = json!({
            "step": moment.snapshot.steps,
            "epoch": moment.snapshot.epoch,
            "sizes": moment.settings.sizes(),
            "training": training.value(),
            "test": test.value(),
            "surface": surface(&elements(&pass(&self.large).output), moment.settings.data.classes),
            "units": units,
            "layers": moment.snapshot.layers.iter().map(layer).collect::<Value>(),
            "gradients": moment.gradients.iter().map(layer).collect::<Value>(),
            "norms": numbers(&norms),
            "histograms": activations.iter().map(|values| histogram(values)).collect::<Value>(),
            "confusion": confusion(&moment.data, &outputs, moment.settings.data.classes),
            "warnings": warnings(&norms, &dead),
        });
        Frame {
            value,
            loss,
            accuracy,
        }
    }

    fn weights(&self, layers: &[LayerValues<f64>]) -> Vec<[Tensor<2>; 2]> {
        let layer = |layer: &LayerValues<f64>| {
            let columns = layer.biases.len();
            [&layer.weights, &layer.biases].map(|values| tensor(&self.place, values, columns))
        };
        layers.iter().map(layer).collect()
    }
}

/// `z_l = f_l(z_(l-1)·w_l + b_l)`, and at last softmax or nothing.
fn pass(weights: &[[Tensor<2>; 2]], f: &[Activation], is_regression: bool, x: Tensor<2>) -> Passed {
    let mut hidden = Vec::with_capacity(weights.len());
    let mut z = x;
    for (l, [w, b]) in weights.iter().enumerate() {
        z = z.matmul(w.clone()) + b.clone();
        if let Some(f) = f.get(l) {
            z = f.forward(z);
            hidden.push(z.clone());
        }
    }
    Passed {
        hidden,
        output: if is_regression {
            z
        } else {
            softmax::forward(z)
        },
    }
}

fn tensor(place: &Place, values: &[f64], columns: usize) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / columns, columns]);
    Tensor::from_data(data, (&place.device, place.dtype))
}

/// The points of a square grid, row by row from the top, as pictures have them.
fn grid(place: &Place, side: usize) -> Tensor<2> {
    let at = |i: usize| EDGE * (2.0 * (i as f64 + 0.5) / side as f64 - 1.0);
    let points = (0..side * side).flat_map(|k| [at(k % side), -at(k / side)]);
    tensor(place, &points.collect::<Vec<_>>(), 2)
}

/// Loss and accuracy of some points.
struct Judged {
    loss: f64,
    /// NaN for numbers to fit.
    accuracy: f64,
}

impl Judged {
    fn value(&self) -> Value {
        json!({ "loss": number(self.loss), "accuracy": number(self.accuracy) })
    }
}

/// Mean cross-entropy and share of right classes, or the mean of half the squared error. NaN without points.
fn judged(data: &Data, outputs: &[f64], rows: std::ops::Range<usize>) -> Judged {
    let count = rows.len() as f64;
    if data.classes.is_empty() {
        let errors = rows.map(|row| 0.5 * (outputs[row] - data.numbers[row]).powi(2));
        return Judged {
            loss: errors.sum::<f64>() / count,
            accuracy: f64::NAN,
        };
    }
    let classes = outputs.len() / data.classes.len();
    let (mut loss, mut right) = (0.0, 0.0);
    for row in rows {
        let probabilities = &outputs[row * classes..][..classes];
        let class = usize::from(data.classes[row]);
        loss -= probabilities[class].max(f64::MIN_POSITIVE).ln();
        right += f64::from(u8::from(likeliest(probabilities) == class));
    }
    Judged {
        loss: loss / count,
        accuracy: right / count,
    }
}

fn likeliest(probabilities: &[f64]) -> usize {
    let pairs = probabilities.iter().enumerate();
    let best = pairs.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(class, _)| class)
}

/// A byte for each point: for classes, 40 times the likeliest plus its probability in steps of a fortieth; for
/// a number, from -1 to 1 in 255 steps.
fn surface(outputs: &[f64], classes: usize) -> String {
    let byte = |probabilities: &[f64]| {
        let class = likeliest(probabilities);
        let share = (probabilities[class] * 39.0).clamp(0.0, 39.0);
        (40 * class) as u8 + share.round() as u8
    };
    let bytes = match classes {
        0 => outputs
            .iter()
            .map(|&value| shade(value))
            .collect::<Vec<_>>(),
        _ => outputs.chunks_exact(classes).map(byte).collect(),
    };
    BASE64_STANDARD.encode(bytes)
}

/// A number from -1 to 1 as a byte.
fn shade(value: f64) -> u8 {
    ((value.clamp(-1.0, 1.0) + 1.0) * 127.0).round() as u8
}

/// The surface of each unit of a layer, in bytes.
fn unit_surfaces(layer: &Tensor<2>) -> Value {
    let [_, units] = layer.dims();
    let values = elements(layer);
    let of = |unit: usize| {
        let column = values.iter().skip(unit).step_by(units).copied();
        // A unit without bound is shown relative to its largest value.
        let largest = column.clone().fold(1.0, |m: f64, value| m.max(value.abs()));
        BASE64_STANDARD.encode(
            column
                .map(|value| shade(value / largest))
                .collect::<Vec<_>>(),
        )
    };
    (0..units).map(of).collect()
}

fn layer(values: &LayerValues<f64>) -> Value {
    json!({ "weights": numbers(&values.weights), "biases": numbers(&values.biases) })
}

/// Counts in bars of equal width between the smallest and the largest value.
fn histogram(values: &[f64]) -> Value {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let low = finite.clone().fold(f64::INFINITY, f64::min);
    let high = finite.clone().fold(f64::NEG_INFINITY, f64::max);
    let mut counts = vec![0u32; BARS];
    for value in finite {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.0
        };
        counts[((share * BARS as f64) as usize).min(BARS - 1)] += 1;
    }
    json!({ "low": number(low), "high": number(high), "counts": counts })
}

/// Counts of the test points, or of all without any: true classes by predicted ones.
fn confusion(data: &Data, outputs: &[f64], classes: usize) -> Value {
    if classes == 0 {
        return Value::Null;
    }
    let count = data.classes.len();
    let rows = if data.training < count {
        data.training..count
    } else {
        0..count
    };
    let mut counts = vec![vec![0u32; classes]; classes];
    for row in rows {
        let predicted = likeliest(&outputs[row * classes..][..classes]);
        counts[usize::from(data.classes[row])][predicted] += 1;
    }
    json!(counts)
}

/// For each hidden layer, how many ReLUs are 0 at every point: no gradient reaches their weights.
fn dead(f: &[Activation], hidden: &[Tensor<2>]) -> Vec<usize> {
    let of = |(f, layer): (&Activation, &Tensor<2>)| {
        if *f != Activation::Relu {
            return 0;
        }
        let units = layer.dims()[1];
        let values = elements(layer);
        let is_dead = |unit: &usize| {
            values
                .iter()
                .skip(*unit)
                .step_by(units)
                .all(|&value| value == 0.0)
        };
        (0..units).filter(is_dead).count()
    };
    f.iter().zip(hidden).map(of).collect()
}

/// What goes wrong, in words.
fn warnings(norms: &[f64], dead: &[usize]) -> Value {
    let mut warnings = Vec::new();
    let (first, last) = (norms[0], norms[norms.len() - 1]);
    if norms.len() > 1 && last > 0.0 && first < VANISHING * last {
        warnings.push(format!(
            "vanishing gradients: the first layer's is {} times smaller than the last one's",
            pages::numbers::number((last / first).round())
        ));
    }
    if let Some(layer) = norms.iter().position(|&norm| norm > EXPLODING) {
        warnings.push(format!(
            "exploding gradients: layer {} has {}",
            layer + 1,
            pages::numbers::number(norms[layer])
        ));
    }
    for (layer, count) in dead.iter().enumerate().filter(|(_, count)| **count > 0) {
        let units = pages::numbers::counted(*count, "dead ReLU");
        warnings.push(format!(
            "layer {}: {units}, 0 at every point, so its weights get no gradient",
            layer + 1
        ));
    }
    json!(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::learner::Learner;
    use crate::playground::settings::Plan;
    use crate::query::Query;
    use burn::tensor::{DType, Device};

    fn frame(address: &str, steps: usize) -> Value {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let plan = Plan::take(Query::parse(address).unwrap()).unwrap();
        let mut learner = Learner::new(&place, plan.settings(0).unwrap()).unwrap();
        for _ in 0..steps {
            learner.step().unwrap();
        }
        let moment = Moment {
            snapshot: Arc::new(learner.snapshot().unwrap()),
            gradients: learner.gradients().unwrap(),
            settings: learner.settings().clone(),
            data: Arc::new(learner.data().clone()),
        };
        Painter::new(&place).frame(&moment).value
    }

    #[test]
    fn a_net_that_knows_nothing_gives_every_class_the_same_probability() {
        let frame = frame("data=blobs&classes=4&init=zeros&hidden=3", 0);
        let loss = frame["training"]["loss"].as_f64().unwrap();
        assert!((loss - 4f64.ln()).abs() < 1e-12);
        let bytes = BASE64_STANDARD
            .decode(frame["surface"].as_str().unwrap())
            .unwrap();
        // Class 0 with a probability of a quarter.
        assert_eq!(bytes, vec![10; SURFACE * SURFACE]);
        assert_eq!(frame["units"][0].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_trained_net_tells_the_blobs_apart() {
        let frame = frame("data=blobs&classes=3&optimizer=adam&rate=0.05", 600);
        assert!(frame["test"]["accuracy"].as_f64().unwrap() > 0.97);
        let diagonal = (0..3)
            .map(|k| frame["confusion"][k][k].as_u64().unwrap())
            .sum::<u64>();
        assert!(diagonal >= 88, "{}", frame["confusion"]);
        assert_eq!(frame["warnings"], json!([]));
    }

    #[test]
    fn training_and_test_points_are_judged_apart() {
        let data = Data {
            x: vec![],
            classes: vec![0, 1, 1],
            numbers: vec![],
            training: 2,
        };
        let outputs = [0.9, 0.1, 0.2, 0.8, 0.7, 0.3];
        let (training, test) = (judged(&data, &outputs, 0..2), judged(&data, &outputs, 2..3));
        let expected = -(0.9f64.ln() + 0.8f64.ln()) / 2.0;
        assert!((training.loss - expected).abs() < 1e-15);
        assert!((test.loss + 0.3f64.ln()).abs() < 1e-15);
        assert_eq!((training.accuracy, test.accuracy), (1.0, 0.0));
        // The true class is the row. Test points only, if there are any.
        assert_eq!(confusion(&data, &outputs, 2), json!([[0, 0], [1, 0]]));

        let frame = frame("data=moons&noise=1&points=80&test=0.25&hidden=2", 30);
        let counts = |k: usize, l: usize| frame["confusion"][k][l].as_f64().unwrap();
        let right = counts(0, 0) + counts(1, 1);
        assert_eq!(right + counts(0, 1) + counts(1, 0), 20.0);
        assert_eq!(frame["test"]["accuracy"], right / 20.0);
        assert_ne!(frame["training"]["accuracy"], frame["test"]["accuracy"]);
    }

    #[test]
    fn the_norm_of_a_layer_is_over_weights_and_biases() {
        let frame = frame("hidden=3", 5);
        for (layer, norm) in frame["norms"].as_array().unwrap().iter().enumerate() {
            let gradient = &frame["gradients"][layer];
            let of = |name: &str| gradient[name].as_array().unwrap().clone();
            let all = [of("weights"), of("biases")].concat();
            let squares = all.iter().map(|g| g.as_f64().unwrap().powi(2));
            let expected = (squares.sum::<f64>() / all.len() as f64).sqrt();
            assert!((norm.as_f64().unwrap() - expected).abs() < 1e-12 * expected);
        }
    }

    #[test]
    fn a_picture_begins_at_the_top_on_the_left() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let half = EDGE / 2.0;
        let corners = [-half, half, half, half, -half, -half, half, -half];
        assert_eq!(elements(&grid(&place, 2)), corners);
    }

    #[test]
    fn what_goes_wrong_is_named() {
        let of = |norms: &[f64], dead: &[usize]| warnings(norms, dead).to_string();
        assert!(of(&[1e-6, 0.1], &[]).contains("vanishing gradients"));
        assert!(of(&[5e3, 0.1], &[]).contains("exploding gradients: layer 1"));
        assert!(of(&[0.1, 0.1], &[0, 2]).contains("layer 2: 2 dead ReLUs"));
        assert_eq!(of(&[0.1, 0.1], &[0, 0]), "[]");
        let mixed = frame("f=tanh,relu&hidden=3,4&init=zeros", 0);
        let said = mixed["warnings"].to_string();
        assert!(
            said.contains("layer 2: 4 dead ReLUs") && !said.contains("layer 1"),
            "{said}"
        );
        let deep = frame("f=sigmoid&hidden=4,4,4,4,4,4&data=xor", 0);
        assert!(
            deep["warnings"].to_string().contains("vanishing"),
            "{}",
            deep["norms"]
        );
    }

    #[test]
    fn a_plane_is_fitted() {
        let frame = frame(
            "data=plane&noise=0&hidden=4&optimizer=adam&rate=0.005&batch=10",
            2000,
        );
        assert!(
            frame["test"]["loss"].as_f64().unwrap() < 1e-3,
            "{}",
            frame["test"]
        );
        assert_eq!(
            (&frame["confusion"], &frame["test"]["accuracy"]),
            (&Value::Null, &json!("nan"))
        );
    }
}
