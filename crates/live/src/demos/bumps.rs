//! Universal approximation: a net of bumps whose heights one drags.

use serde_json::{Value, json};
use universal_approximation::{Bump, OneHiddenLayer, approximate_1d, errors_1d, targets};

use crate::error::RequestError;
use crate::numbers::{number, numbers};
use crate::query::{self, Query};

/// The most bumps.
const BUMPS: usize = 64;
/// Points of each curve.
const POINTS: usize = 401;

/// The net of bumps next to its target.
pub(crate) fn bumps(mut query: Query) -> Result<Value, RequestError> {
    let words = ["step", "bump", "sine-mix", "magnitude", "nielsen"];
    let kinds = std::array::from_fn::<_, 5, _>(|i| (words[i], targets::ALL_1D[i]));
    let target = query.word("target", targets::NIELSEN, &kinds)?;
    let count = query.number("bumps", 8, 1..=BUMPS)?;
    let steepness = query.number("steepness", 30.0, 1.0..=500.0)?;
    let dragged = query.take_all("height");
    query.finish()?;
    if dragged.len() > BUMPS {
        return Err(RequestError::TooMany {
            what: "heights",
            limit: BUMPS,
        });
    }
    let built = approximate_1d(target.function, target.interval, count, steepness);
    let built = built.map_err(|error| RequestError::Refused(error.to_string()))?;
    let mut bumps = built.bumps().to_vec();
    for text in &dragged {
        let (place, height) = text.split_once(',').unwrap_or((text, ""));
        let place = query::number("height", place, 0..=count - 1)?;
        bumps[place].height = query::number("height", height, -10.0..=10.0)?;
    }
    let net = net(&bumps).map_err(|error| RequestError::Refused(error.to_string()))?;
    let errors = errors_1d(target.function, |x| net.evaluate(&[x]), target.interval);
    let x = target.interval.points(POINTS).collect::<Vec<_>>();
    let curve = |f: &dyn Fn(f64) -> f64| numbers(&x.iter().map(|&x| f(x)).collect::<Vec<_>>());
    let drawn = bumps.iter().map(|bump| {
        json!({
            "left": bump.left.max(target.interval.low),
            "right": bump.right.min(target.interval.high),
            "height": number(bump.height),
            "curve": curve(&|x| bump.evaluate(x)),
        })
    });
    Ok(json!({
        "formula": target.formula,
        "x": numbers(&x),
        "target": curve(&target.function),
        "net": curve(&|x| net.evaluate(&[x])),
        "bumps": drawn.collect::<Value>(),
        "steepness": steepness,
        "errors": { "max": number(errors.max), "rms": number(errors.rms), "mean": number(errors.mean) },
        "weights": {
            "w1": numbers(net.w1()), "b1": numbers(net.b1()), "w2": numbers(net.w2()), "b2": numbers(net.b2()),
        },
    }))
}

/// Two hidden units for each bump, as in [`approximate_1d`].
fn net(bumps: &[Bump]) -> Result<OneHiddenLayer, universal_approximation::ApproximationError> {
    let pairs = |pair: fn(&Bump) -> [f64; 2]| bumps.iter().flat_map(pair).collect();
    let w1 = pairs(|b| [b.weight, b.weight]);
    let b1 = pairs(|b| [-b.weight * b.left, -b.weight * b.right]);
    let w2 = pairs(|b| [b.height, -b.height]);
    OneHiddenLayer::new(1, w1, b1, w2, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(address: &str) -> Value {
        bumps(Query::parse(address).unwrap()).unwrap()
    }

    #[test]
    fn the_net_is_that_of_the_construction_until_a_height_is_dragged() {
        let target = targets::NIELSEN;
        let built = approximate_1d(target.function, target.interval, 8, 30.0).unwrap();
        let shown = answer("bumps=8");
        assert_eq!(shown["weights"]["w2"], numbers(built.net().w2()));
        let expected = errors_1d(target.function, |x| built.evaluate(x), target.interval);
        assert_eq!(shown["errors"]["rms"], number(expected.rms));
        let dragged = answer("bumps=8&height=2,1.5");
        assert_eq!(dragged["weights"]["w2"][4], 1.5);
        assert_eq!(dragged["weights"]["w2"][5], -1.5);
        assert_eq!(dragged["weights"]["w2"][3], shown["weights"]["w2"][3]);
    }

    #[test]
    fn heights_out_of_range_are_refused() {
        let error = |address: &str| {
            bumps(Query::parse(address).unwrap())
                .unwrap_err()
                .to_string()
        };
        assert!(error("bumps=8&height=8,1").contains("from 0 to 7"));
        assert!(error("bumps=8&height=1").contains("from -10 to 10"));
        assert!(error("target=cos").contains("one of step, bump"));
    }
}
