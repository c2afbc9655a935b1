//! What is said about mistakes in code: the words of a verdict, and words that would blame what is right.

use burn::tensor::Device;
use exercise_judge::{Words, check, exercise};

use crate::package::{LIMITS, altered, package, write};

/// A change of an exercise's solution, what the verdict says, and what it does not say.
struct Said {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    words: &'static [&'static str],
    not: &'static [&'static str],
}

#[rustfmt::skip]
const SAID: &[Said] = &[
    Said { name: "relu", from: "a > 0.0", to: "a >= 0.0", words: &["grad_z passes where a is 0"], not: &[] },
    Said {
        name: "fused", from: "(&yp - y) / n", to: "&yp * (-y / &yp / n + 1.0 / n)",
        words: &["it divides by yp", "yours NaN"], not: &[],
    },
    Said {
        name: "fused", from: "(&yp - y) / n", to: "&yp * (-y / &yp / n - (-y / n).sum_columns())",
        words: &["it divides by yp"], not: &[],
    },
    Said {
        name: "descent", from: "gx.hypot(gy)", to: "gx.abs() + gy.abs()",
        words: &["|gx| + |gy| is compared"], not: &[],
    },
    Said {
        name: "descent", from: "steps += 1.0;", to: "",
        words: &["the steps are not counted"], not: &[],
    },
    Said {
        name: "descent", from: "steps += 1.0;", to: "steps += 2.0;",
        words: &["point and steps: only number 3 of 3 is wrong", "yours 32, the formula 16"], not: &[],
    },
    Said {
        name: "scalar_net", from: "z3 * grad_z4", to: "w2 * grad_z4",
        words: &["grad_w1: right", "δw2 equals w2 δz4", "one operation at a time"], not: &["first wrong at", "yp - y"],
    },
    Said {
        name: "scalar_net", from: "let grad_z4 = grad_yp", to: "let grad_z4 = grad_yp * b2",
        words: &["δz4 has a factor b2", "grad_b2: right"], not: &["yp - y"],
    },
    Said {
        name: "general_net", from: "= &yp - y;", to: "= (&yp - y) / x.rows() as f64;",
        words: &["everything is divided by the number of rows: the loss is a sum", "look where n is in the loss"],
        not: &["mean"],
    },
    Said {
        name: "general_net", from: "= &yp - y;", to: "= (&yp - y) * 3.5;",
        words: &["grad_b2: every result is the right one times 3.5", "made from"], not: &[],
    },
    Said {
        name: "general_net", from: "grad_z2.sum_rows()", to: "grad_z3.sum_rows()",
        words: &["grad_w1: right", "δb1 equals Σ_rows δZ3"], not: &["δZ2 equals"],
    },
    Said {
        name: "xor_net", from: "grad_z5.sum_rows()", to: "grad_yp.sum_rows()",
        words: &["δb2 equals Σ_rows δYp", "grad_w1: right"], not: &["δz5 equals"],
    },
    Said {
        name: "xor_net", from: "&yp * (1.0 - &yp) * &grad_yp", to: "-&yp * (1.0 - &yp) * &grad_yp",
        words: &["δZ5 equals σ'(Z5)∘(Y - Yp): its sign is wrong"], not: &["δYp equals"],
    },
    Said {
        name: "mnist_net", from: "z2.t().matmul(&grad_z3)", to: "z2.t().matmul(&grad_z3) / n",
        words: &["grad_w3 is divided by the number of rows (", "once more than it should be"], not: &["δz3"],
    },
    Said {
        name: "mnist_net", from: "slope(&a2) * grad_z3", to: "grad_z3",
        words: &["the mask of the second layer is missing", "grad_b3: right"], not: &["grad_z3 ="],
    },
    Said {
        name: "mnist_net", from: "slope(&a2) * grad_z3", to: "&z2 * grad_z3",
        words: &["δA2 has the factor Z2", "one operation at a time"], not: &["in row", "Start with the fused rule"],
    },
    Said {
        name: "mnist_net", from: "grad_a2.sum_rows()", to: "grad_z3.matmul(&w3.t()).sum_rows()",
        words: &["the mask of the second layer is missing; but only here, as another result shows"], not: &["in row"],
    },
    Said {
        name: "batch_norm", from: "(&h * grad_z).sum_rows()", to: "grad_z.sum_rows()",
        words: &["the factor H is missing"], not: &["another order"],
    },
    Said {
        name: "batch_norm", from: "= grad_z.sum_rows()", to: "= (&h * grad_z).sum_rows()",
        words: &["grad_beta equals result number 2, which is right"], not: &["another order"],
    },
    Said {
        name: "layer", from: "g.sum_rows()", to: "g.sum_columns().t()",
        words: &["grad_b is the sum of G over the columns", "its shape is [1, "], not: &["another shape", "first wrong"],
    },
    Said {
        name: "recurrent_step", from: "grad_a.matmul(&u.t())", to: "grad_a.t().matmul(&h.matmul(u))",
        words: &["grad_h has the right shape only where sizes happen to be equal", "its shape is [3, 3], expected [4, 3]"],
        not: &["first wrong"],
    },
    Said {
        name: "regression_descent", from: "w = &w - alpha * x.t().matmul(&grad_yp);\n        b = &b",
        to: "let w = &w - alpha * x.t().matmul(&grad_yp);\n        let b = &b",
        words: &["W and b are as they were given"], not: &["the bias is left alone"],
    },
    Said {
        name: "safe_softmax", from: "(z - z.max_columns()).exp()", to: "z.map(|z| z.min(709.0).exp())",
        words: &["NaN"], not: &["yours 0."],
    },
    Said {
        name: "safe_logarithm", from: "let shifted = z - z.max_columns()", to: "let shifted = z.map(|z| z.clamp(-500.0, 500.0))",
        words: &["the logits are clamped"], not: &["first wrong at"],
    },
    Said {
        name: "layer_norm", from: " - &z * mean(&(grad_z * &z))", to: "",
        words: &["the variance is taken as a constant"], not: &["where n is"],
    },
    Said {
        name: "used_twice", from: "by_product + by_sigmoid", to: "(by_product + by_sigmoid) / 2.0",
        words: &["the mean of both ways"], not: &["where n is"],
    },
    Said {
        name: "bump", from: "[-w * left, -w * right", to: "[w * left, w * right",
        words: &["their sign is wrong", "number 1 of 4", "Multiply w (x - left) out"], not: &["from the loss backward"],
    },
    Said {
        name: "bump", from: "-w * left, -w * right, h, -h", to: "-right, -left, -h, h",
        words: &["the factor w is missing"], not: &["one operation at a time"],
    },
    Said {
        name: "gradient_check", from: "1e-5 + 1e-5 * difference.abs()", to: "1e-3 * claimed[(i, j)].abs()",
        words: &["its tolerance is too wide", "yours true, expected false"], not: &["first element"],
    },
    Said {
        name: "gradient_check", from: "/ (2.0 * h)", to: "/ 2.0 * h",
        words: &["the difference is wrong", "yours false, expected true"], not: &["rounding is all"],
    },
    Said {
        name: "sigmoid", from: "&z * (1.0 - &z) * grad_z", to: "&z * (1.0 - &z) * grad_z * 1.0000001",
        words: &["times 1.0000001"], not: &[],
    },
    Said {
        name: "tanh", from: "let z =", to: "eprintln!(\"a is {}\", a[(0, 0)]); dbg![grad_z.rows()]; let z = 2.0 *",
        words: &["your function printed:\n  a is ", "grad_z.rows() = "], not: &[],
    },
    Said {
        name: "tanh", from: "let z =", to: "eprintln!(\"before\"); let z = a[(99, 0)] +",
        words: &["your function printed:\n  before\n", "it panicked at "], not: &["thread '"],
    },
    Said {
        name: "tanh", from: "let z =", to: "for i in 0..25 { println!(\"{i}\"); } let z =",
        words: &["your function printed:\n  0\n", "  19\n  and 5 more lines\n"], not: &[],
    },
    Said {
        name: "matmul", from: "&w.t()", to: "w",
        words: &[
            "grad_w: right where the function did not fail",
            "a gradient has the shape of what it belongs to. More: `cargo xtask exercise hint matmul`",
        ],
        not: &["; more"],
    },
];

#[test]
fn a_verdict_names_what_is_wrong_and_nothing_else() {
    let (_place, folder) = package();
    let device = Device::flex();
    let mut otherwise = vec![];
    for said in SAID {
        let exercise = exercise(said.name).expect("there is one");
        write(&folder, said.name, &altered(said.name, said.from, said.to));
        let verdict = check(&folder, exercise, &device, LIMITS).expect("it runs");
        let text = Words::of(exercise, &verdict);
        let is_said = said.words.iter().all(|words| text.contains(words));
        if !is_said || said.not.iter().any(|words| text.contains(words)) {
            otherwise.push(format!("{}: {}:\n{text}", said.name, said.to));
        }
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n\n"));
}

#[test]
fn the_units_of_a_bump_may_be_in_either_order() {
    let (_place, folder) = package();
    let exercise = exercise("bump").expect("there is one");
    let other = altered(
        "bump",
        "-w * left, -w * right, h, -h",
        "-w * right, -w * left, -h, h",
    );
    write(&folder, "bump", &other);
    let verdict = check(&folder, exercise, &Device::flex(), LIMITS).expect("it runs");
    assert!(verdict.is_right(), "{verdict:?}");
}
