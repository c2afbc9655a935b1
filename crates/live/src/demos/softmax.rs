//! Softmax with cross-entropy, whose gradient is `yp - y`: by the fused rule, by the two rules one after
//! the other, and by autodiff.

use burn::tensor::{Tensor, TensorData};
use manual_backprop::cross_entropy::{from_probabilities, softmax_cross_entropy};
use manual_backprop::{Reduction, softmax as softmax_rule};
use serde_json::{Value, json};

use crate::error::RequestError;
use crate::numbers::{elements, number, numbers};
use crate::place::Place;
use crate::query::{self, Query};

/// The most classes.
const CLASSES: usize = 8;
/// Logits are from minus this to this.
const LARGEST: f64 = 100.0;

/// Probabilities, loss and gradients of one row of logits.
pub(crate) fn softmax(place: &Place, mut query: Query) -> Result<Value, RequestError> {
    let text = query.take("logits")?;
    let logits = text
        .as_deref()
        .unwrap_or("2,1,-1")
        .split(',')
        .map(|logit| query::number("logits", logit, -LARGEST..=LARGEST));
    let logits = logits.collect::<Result<Vec<_>, _>>()?;
    if logits.len() > CLASSES {
        return Err(RequestError::TooMany {
            what: "classes",
            limit: CLASSES,
        });
    }
    let class = query.number("class", 0, 0..=logits.len() - 1)?;
    query.finish()?;

    let row = |values: Vec<f64>| {
        let data = TensorData::new(values, [1, logits.len()]);
        Tensor::<2>::from_data(data, (&place.device, place.dtype))
    };
    let z = row(logits.clone());
    let mut target = vec![0.0; logits.len()];
    target[class] = 1.0;
    let y = row(target.clone());
    let reduction = Reduction::Sum;

    let (loss, yp) = softmax_cross_entropy::forward(z.clone(), y.clone(), reduction);
    let fused = softmax_cross_entropy::backward(yp.clone(), y.clone(), reduction);
    let grad_yp = from_probabilities::backward(yp.clone(), y.clone(), reduction);
    let composed = softmax_rule::backward(yp.clone(), grad_yp.clone());

    let tracked = z.autodiff().require_grad();
    let (tracked_loss, _) =
        softmax_cross_entropy::forward(tracked.clone(), y.autodiff(), reduction);
    let tape = tracked_loss.backward();
    let autodiff = tracked.grad(&tape).expect("the loss depends on the logits");

    let p = elements(&yp);
    let jacobian = p.iter().enumerate().map(|(k, pk)| {
        let entry = |(i, pi): (usize, &f64)| pk * (f64::from(u8::from(i == k)) - pi);
        numbers(&p.iter().enumerate().map(entry).collect::<Vec<_>>())
    });
    Ok(json!({
        "logits": numbers(&logits),
        "target": numbers(&target),
        "class": class,
        "probabilities": numbers(&p),
        "loss": number(loss.to_data().iter::<f64>().next().expect("a loss is one number")),
        "gradientOfProbabilities": numbers(&elements(&grad_yp)),
        "jacobian": jacobian.collect::<Value>(),
        "fused": numbers(&elements(&fused)),
        "composed": numbers(&elements(&composed)),
        "autodiff": numbers(&elements(&autodiff)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn answer(address: &str) -> Result<Value, RequestError> {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        softmax(&place, Query::parse(address).unwrap())
    }

    fn list(value: &Value) -> Vec<f64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect()
    }

    #[test]
    fn the_gradient_is_yp_minus_y_in_all_three_ways() {
        let answer = answer("logits=0.5,-1,2,0&class=2").unwrap();
        let [p, y] = ["probabilities", "target"].map(|name| list(&answer[name]));
        for way in ["fused", "composed", "autodiff"] {
            for (k, gradient) in list(&answer[way]).into_iter().enumerate() {
                assert!((gradient - (p[k] - y[k])).abs() < 1e-14, "{way} {k}");
            }
        }
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert!((answer["loss"].as_f64().unwrap() + p[2].ln()).abs() < 1e-14);
        // Each row of the Jacobian adds up to zero.
        for row in answer["jacobian"].as_array().unwrap() {
            assert!(list(row).iter().sum::<f64>().abs() < 1e-15);
        }
    }

    #[test]
    fn mistakes_are_refused() {
        for address in [
            "logits=",
            "logits=1,2&class=2",
            "logits=1,1e3",
            "logits=1,1,1,1,1,1,1,1,1",
        ] {
            assert!(answer(address).is_err(), "{address}");
        }
    }
}
