//! Encodings of positions.

use burn::nn::{PositionalEncodingConfig, RotaryEncoding, RotaryEncodingConfig};
use burn::tensor::Tensor;
use burn_gradcheck::Outputs;

use crate::operation::{Operation, layer};
use crate::witness::{DualArray, Formula, FormulaInputs, FormulaPrecision, argument};

const WIDTH: usize = 4;

pub(super) fn operations() -> Vec<Operation> {
    vec![positional(), rotary()]
}

/// `x + sin or cos of (position / 10000^(2 i / width))`; Burn computes all but the sum in f32, for inputs of
/// any type.
fn positional() -> Operation {
    let formula = of_positions(&[2, 3, WIDTH], |x| {
        DualArray::by_index([2, 3, WIDTH], |[item, position, i]| {
            let slowness = (i / 2 * 2) as f32 * (-10_000.0_f32.ln() / WIDTH as f32);
            let (sin, cos) = (slowness.exp() * position as f32).sin_cos();
            x.at([item, position, i]) + f64::from(if i % 2 == 0 { sin } else { cos })
        })
    });
    layer("nn::PositionalEncoding").check("[2, 3, 4]", &formula, |v| {
        let config = PositionalEncodingConfig::new(WIDTH).with_max_sequence_size(5);
        config.init(v.device()).forward(v.get("x"))
    })
}

/// Finite differences are those of the formula: Burn's encodings need the default float type.
fn of_positions(
    shape: &[usize],
    encode: impl Fn(&DualArray) -> DualArray + Send + Sync + 'static,
) -> Formula {
    let formula = Formula::new([argument("x", shape)], move |of| encode(of.get("x")));
    formula
        .with_precision(FormulaPrecision::Short(None))
        .with_differences()
}

/// `position / 10000^(2 pair / width)`; Burn takes the logarithm of the 10000 in f32.
fn angle(position: usize, pair: usize) -> f64 {
    let exponent = 2.0 * pair as f64 / WIDTH as f64;
    position as f64 / (f64::from(10_000.0_f32.ln()) * exponent).exp()
}

/// The formula of the rotation. Each element's gradient is a sum of two upstream gradients, of which little
/// may be left.
fn rotated(shape: &[usize], first: usize) -> Formula {
    of_positions(shape, move |x| turned(x, first)).with_precision(FormulaPrecision::Summed)
}

/// Rotates each pair of numbers by an angle that grows with the position, from `first` on.
fn turned(x: &DualArray, first: usize) -> DualArray {
    let time = x.shape[x.shape.len() - 2];
    let pairs = x.values.chunks(2).enumerate();
    let values = pairs.flat_map(|(number, pair)| {
        let (position, pair_number) = (number / (WIDTH / 2) % time, number % (WIDTH / 2));
        let (sin, cos) = angle(first + position, pair_number).sin_cos();
        [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos]
    });
    DualArray::new(x.shape.clone(), values.collect())
}

fn rotary() -> Operation {
    type Apply = fn(RotaryEncoding, &FormulaInputs<'_>) -> Outputs;
    let checks: [(&str, &[usize], usize, Apply); 6] = [
        ("[3, 4]", &[3, WIDTH], 0, |rotary, v| {
            rotary.forward(v.get::<2>("x")).into()
        }),
        ("[2, 3, 4]", &[2, 3, WIDTH], 0, |rotary, v| {
            rotary.forward(v.get::<3>("x")).into()
        }),
        ("[2, 2, 3, 4]", &[2, 2, 3, WIDTH], 0, |rotary, v| {
            rotary.forward(v.get::<4>("x")).into()
        }),
        (
            "[2, 3, 4] from position 2",
            &[2, 3, WIDTH],
            2,
            |rotary, v| rotary.apply(v.get::<3>("x"), 2).into(),
        ),
        (
            "[2, 3, 4] shifted by 2",
            &[2, 3, WIDTH],
            2,
            |mut rotary, v| {
                rotary.shift(2);
                rotary.forward(v.get::<3>("x")).into()
            },
        ),
        (
            "[2, 3, 4] shifted by 9",
            &[2, 3, WIDTH],
            9,
            |mut rotary, v| {
                rotary.shift(9);
                rotary.forward(v.get::<3>("x")).into()
            },
        ),
    ];
    let layer = checks.into_iter().fold(
        layer("nn::RotaryEncoding"),
        |layer, (name, shape, first, apply)| {
            layer.check(name, &rotated(shape, first), move |v| {
                let config = RotaryEncodingConfig::new(5, WIDTH);
                apply(config.init(v.device()), v)
            })
        },
    );
    let scaled = rotated(&[2, 3, WIDTH], 0);
    layer.check("[2, 3, 4] frequencies by hand", &scaled, |v| {
        let config = RotaryEncodingConfig::new(5, WIDTH).with_theta(100.0);
        // Theta 100 gives 1 and 1/10; squared, the second is 1/100.
        let scale = |theta: Tensor<1>| theta.clone() * theta;
        let rotary = config.init_with_frequency_scaling(scale, v.device());
        rotary.forward(v.get::<3>("x"))
    })
}
