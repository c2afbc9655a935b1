//! A digit drawn by hand, what a net makes of it, and why.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use burn::nn::Linear;
use burn::tensor::{DType, Tensor, TensorData};
use computational_graph::{Graph, GraphBuilder, GraphError, NodeId};
use datasets::Picture;
use manual_backprop::softmax;
use mnist_mlp::MnistMlp;
use serde_json::{Value, json};

use crate::digits::Digits;
use crate::digits::plan::{CLASSES, INPUTS};
use crate::error::RequestError;
use crate::numbers::{elements, number, numbers};
use crate::place::Place;
use crate::query::Query;

/// Pixels of the drawing along each side.
const SIDE: usize = 56;
/// Units of the last hidden layer that are shown: those that say most for the class, and against it.
const UNITS: usize = 4;

/// Probabilities of a drawing, the gradient of a class with respect to its pixels, and the hidden units that
/// speak for the class.
pub(crate) fn digit(
    place: &Place,
    digits: &Digits,
    mut query: Query,
) -> Result<Value, RequestError> {
    let text = query.take("pixels")?.unwrap_or_default();
    let class = query.take("class")?;
    let class = class
        .map(|class| crate::query::number("class", &class, 0..=CLASSES - 1))
        .transpose()?;
    // The device's own float type may be f64; the nets' weights are f32.
    let place = Place {
        device: place.device.clone(),
        dtype: DType::F32,
    };
    let asked = digits.take(&place, &mut query)?;
    query.finish()?;
    let pixels = BASE64_URL_SAFE_NO_PAD.decode(text.as_bytes()).ok();
    let pixels = pixels
        .filter(|pixels| pixels.len() == SIDE * SIDE)
        .ok_or_else(|| RequestError::Value {
            name: "pixels",
            got: crate::query::shortened(&text),
            expected: format!("{SIDE} times {SIDE} bytes in base64 for addresses"),
        })?;
    let (seen, doubt) = brought_to_form(&pixels)?;
    let net = asked.net();
    let mut graph = graph(&place, net, &seen)?;
    graph.forward();
    let output = last(net);
    let logits = graph.value(&output)?;
    let probabilities = elements(&softmax::forward(logits.clone() / asked.temperature()));
    let likeliest = (0..CLASSES).fold(0, |best, k| {
        if probabilities[k] > probabilities[best] {
            k
        } else {
            best
        }
    });
    let class = class.unwrap_or(likeliest);

    graph.backward_from(&output, one_hot(&place, CLASSES, class))?;
    let by_hand = elements(
        &graph
            .gradient("x")?
            .expect("the logits depend on the pixels"),
    );
    let autodiff = by_autodiff(&place, net, &seen, class);
    let pairs = by_hand.iter().zip(&autodiff);
    let apart = pairs
        .map(|(one, other)| (one - other).abs())
        .fold(0.0, f64::max);
    Ok(json!({
        "seen": BASE64_STANDARD.encode(&seen),
        "doubt": doubt,
        "probabilities": numbers(&probabilities),
        "likeliest": likeliest,
        "class": class,
        "gradient": numbers(&by_hand),
        "autodiffApart": number(apart),
        "units": units(&place, &mut graph, net.layers.len(), class)?,
        "net": asked.name(),
    }))
}

/// The drawing in MNIST's form, and what makes it doubtful that it is one digit.
fn brought_to_form(pixels: &[u8]) -> Result<(Vec<u8>, Option<String>), RequestError> {
    let mut file = format!("P5 {SIDE} {SIDE} 255\n").into_bytes();
    file.extend_from_slice(pixels);
    let refused = |error: datasets::DatasetError| match error {
        datasets::DatasetError::BlankImage { .. } => {
            RequestError::Refused("nothing is drawn yet; draw a digit".to_owned())
        }
        error => RequestError::Refused(error.to_string()),
    };
    let picture = Picture::decode(&file, "drawing.pgm".as_ref()).map_err(refused)?;
    let reading = picture.reading().map_err(refused)?;
    let doubts = reading.doubts.iter().map(ToString::to_string);
    let doubt = doubts.reduce(|all, doubt| format!("{all}; {doubt}"));
    Ok((reading.form.pixels, doubt))
}

/// The net on one image, whose pixels are a parameter: they get a gradient.
///
/// ```text
/// a_l = z_(l-1)·w_l + b_l    z_l = f(a_l)    z_0 = x    the last a_l are the logits
/// ```
fn graph(place: &Place, net: &MnistMlp, seen: &[u8]) -> Result<Graph, GraphError> {
    let mut graph = GraphBuilder::new();
    let mut z = graph.parameter("x", pixels(place, seen))?;
    for (l, layer) in (1..).zip(&net.layers) {
        let a = affine(&mut graph, l, layer, z)?;
        z = if l < net.layers.len() {
            graph.activation(&format!("z{l}"), net.activation, a)?
        } else {
            a
        };
    }
    Ok(graph.build())
}

/// The name of the logits: the last layer has no activation.
fn last(net: &MnistMlp) -> String {
    format!("a{}", net.layers.len())
}

fn affine(
    graph: &mut GraphBuilder,
    l: usize,
    layer: &Linear,
    z: NodeId,
) -> Result<NodeId, GraphError> {
    let w = graph.input(&format!("w{l}"), layer.weight.val())?;
    let bias = layer.bias.as_ref().expect("its layers have biases").val();
    let b = graph.input(&format!("b{l}"), bias.unsqueeze_dim(0))?;
    let p = graph.matmul(&format!("p{l}"), z, w)?;
    graph.add_bias(&format!("a{l}"), p, b)
}

fn pixels(place: &Place, seen: &[u8]) -> Tensor<2> {
    let values = seen
        .iter()
        .map(|&pixel| f32::from(pixel) / 255.0)
        .collect::<Vec<_>>();
    Tensor::from_data(
        TensorData::new(values, [1, INPUTS]),
        (&place.device, place.dtype),
    )
}

fn one_hot(place: &Place, count: usize, at: usize) -> Tensor<2> {
    let values = (0..count)
        .map(|k| f32::from(u8::from(k == at)))
        .collect::<Vec<_>>();
    Tensor::from_data(
        TensorData::new(values, [1, count]),
        (&place.device, place.dtype),
    )
}

/// The gradient of a logit with respect to the pixels by Burn's autodiff, through the module itself.
fn by_autodiff(place: &Place, net: &MnistMlp, seen: &[u8], class: usize) -> Vec<f64> {
    let x = pixels(place, seen).autodiff().require_grad();
    let mut z = x.clone();
    for (l, layer) in (1..).zip(&net.layers) {
        let bias = layer.bias.as_ref().expect("its layers have biases").val();
        z = z.matmul(layer.weight.val().autodiff()) + bias.unsqueeze_dim(0).autodiff();
        if l < net.layers.len() {
            z = net.activation.forward(z);
        }
    }
    let tape = (z * one_hot(place, CLASSES, class).autodiff())
        .sum()
        .backward();
    elements(&x.grad(&tape).expect("the logit depends on the pixels"))
}

/// The units of the last hidden layer that add most to the class's logit, and those that take most from it:
/// the value times the weight, and the gradient of the unit's sum with respect to the pixels.
fn units(
    place: &Place,
    graph: &mut Graph,
    layers: usize,
    class: usize,
) -> Result<Value, GraphError> {
    if layers < 2 {
        return Ok(json!([]));
    }
    let values = elements(&graph.value(&format!("z{}", layers - 1))?);
    let weights = elements(&graph.value(&format!("w{layers}"))?);
    let said = |unit: usize| values[unit] * weights[unit * CLASSES + class];
    let mut order = (0..values.len()).collect::<Vec<_>>();
    order.sort_by(|&a, &b| said(b).total_cmp(&said(a)));
    // The first ones, and the last ones that are not among them.
    let against = order
        .len()
        .saturating_sub(UNITS)
        .max(UNITS.min(order.len()));
    let most = order.iter().take(UNITS).chain(&order[against..]);
    let mut shown = Vec::with_capacity(2 * UNITS);
    for &unit in most {
        graph.backward_from(
            &format!("a{}", layers - 1),
            one_hot(place, values.len(), unit),
        )?;
        let gradient = elements(&graph.gradient("x")?.expect("a unit depends on the pixels"));
        shown.push(json!({
            "unit": unit,
            "value": number(values[unit]),
            "weight": number(weights[unit * CLASSES + class]),
            "said": number(said(unit)),
            "gradient": numbers(&gradient),
        }));
    }
    Ok(json!(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digits::DigitNet;
    use burn::tensor::Device;

    fn ask(pixels: &[u8], rest: &str) -> Result<Value, RequestError> {
        ask_of(vec![], pixels, rest)
    }

    fn ask_of(nets: Vec<DigitNet>, pixels: &[u8], rest: &str) -> Result<Value, RequestError> {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let text = BASE64_URL_SAFE_NO_PAD.encode(pixels);
        digit(
            &place,
            &Digits::new(nets, None, datasets::bundled_mnist_dir()),
            Query::parse(&format!("pixels={text}{rest}")).unwrap(),
        )
    }

    /// An upright bar.
    fn one() -> Vec<u8> {
        let ink = |i: usize| (10..46).contains(&(i / SIDE)) && (26..31).contains(&(i % SIDE));
        (0..SIDE * SIDE)
            .map(|i| if ink(i) { 255 } else { 0 })
            .collect()
    }

    #[test]
    fn a_bar_is_a_one_and_the_gradient_has_two_witnesses() {
        let answer = ask(&one(), "").unwrap();
        assert_eq!(
            (&answer["likeliest"], &answer["class"]),
            (&json!(1), &json!(1))
        );
        assert!(answer["probabilities"][1].as_f64().unwrap() > 0.9);
        assert!(answer["autodiffApart"].as_f64().unwrap() < 1e-5);
        let seen = BASE64_STANDARD
            .decode(answer["seen"].as_str().unwrap())
            .unwrap();
        // MNIST's figures are 20 pixels high.
        let rows = seen
            .chunks(28)
            .filter(|row| row.iter().any(|&pixel| pixel > 30))
            .count();
        assert_eq!(rows, 20);
        let said = |i: usize| answer["units"][i]["said"].as_f64().unwrap();
        assert_eq!(answer["units"].as_array().unwrap().len(), 2 * UNITS);
        assert!(said(0) >= said(1) && said(0) > 0.0 && said(2 * UNITS - 1) < 0.0);
    }

    #[test]
    fn a_units_word_for_a_class_is_its_value_times_the_weight_of_that_class() {
        let answer = ask(&one(), "&class=7").unwrap();
        assert_eq!(answer["class"], 7);
        let weights = &MnistMlp::pretrained(&Device::flex()).layers;
        let last = weights.last().unwrap();
        let weights = last.weight.val().try_into_vec_as::<f32>().unwrap();
        for unit in answer["units"].as_array().unwrap() {
            let number = |name: &str| unit[name].as_f64().unwrap();
            let place = unit["unit"].as_u64().unwrap() as usize * CLASSES + 7;
            assert_eq!(number("weight"), f64::from(weights[place]));
            assert_eq!(number("said"), number("value") * number("weight"));
        }
        assert_ne!(answer["gradient"], ask(&one(), "").unwrap()["gradient"]);
    }

    #[test]
    fn logits_are_divided_by_the_temperature() {
        let of = |temperature: f64| {
            let net = MnistMlp::pretrained(&Device::flex());
            let net = DigitNet::new("warm".to_owned(), net, temperature).unwrap();
            let answer = ask_of(vec![net], &one(), "&net=warm").unwrap();
            let share = |k: usize| answer["probabilities"][k].as_f64().unwrap();
            (share(1) / share(7)).ln()
        };
        let (once, twice) = (of(1.0), of(2.0));
        assert!(
            once > 1.0 && (twice - once / 2.0).abs() < 1e-4,
            "{once} {twice}"
        );
    }

    #[test]
    fn a_small_step_along_the_gradient_changes_the_logit_as_it_says() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F32,
        };
        let net = MnistMlp::pretrained(&place.device);
        let (seen, _) = brought_to_form(&one()).unwrap();
        let slope = by_autodiff(&place, &net, &seen, 7);
        let logit = |x: Tensor<2>| elements(&net.forward(x))[7];
        let x = pixels(&place, &seen);
        let step = 1e-3;
        let along = TensorData::new(slope.clone(), [1, INPUTS]);
        let along = Tensor::<2>::from_data(along, (&place.device, DType::F32));
        let rise = logit(x.clone() + along.clone() * step) - logit(x - along * step);
        let expected = 2.0 * step * slope.iter().map(|g| g * g).sum::<f64>();
        assert!(
            (rise - expected).abs() < 0.02 * expected,
            "{rise} {expected}"
        );
    }

    #[test]
    fn an_empty_pad_and_a_mistake_are_told() {
        let error = ask(&[0; SIDE * SIDE], "").unwrap_err().to_string();
        assert_eq!(error, "nothing is drawn yet; draw a digit");
        assert!(
            ask(&[1, 2, 3], "")
                .unwrap_err()
                .to_string()
                .contains("56 times 56")
        );
        assert!(
            ask(&one(), "&class=10")
                .unwrap_err()
                .to_string()
                .contains("from 0 to 9")
        );
    }
}
