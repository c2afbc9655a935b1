//! Custom operations of Burn with a wrong backward pass. The verdict must name autodiff as the odd
//! one out: a checker that trusts autodiff would blame the gradient derived by hand, which is right
//! in all of these cases.

mod operations;

use burn_gradcheck::{Case, Gradients, Options, Report, Sample, Target, Verdict, Witness};

use manual_backprop::activation::Activation;
use manual_backprop::linear::add_bias;

use crate::common::case;
use crate::formulas::rules::{activation_case, matmul_case, softmax_case};
use operations::{Binary, Unary};

/// An operation whose own backward pass is wrong.
#[derive(Debug, Clone, Copy)]
pub struct BrokenOperation {
    /// Operation and mistake, short: `tanh: square dropped`.
    pub name: &'static str,
    /// What its backward pass does.
    pub mistake: &'static str,
    case: fn() -> Case,
}

impl BrokenOperation {
    const fn new(name: &'static str, mistake: &'static str, case: fn() -> Case) -> Self {
        Self {
            name,
            mistake,
            case,
        }
    }

    /// Checks the operation: the report, and whether it names autodiff as the odd one out.
    pub fn caught(&self, target: &Target, options: &Options) -> (Report, bool) {
        let report = self.case().run(target, options);
        let disagrees = matches!(
            report.verdict,
            Verdict::Mismatch { .. } | Verdict::Severed { .. }
        );
        let caught = disagrees && report.verdict.odd() == Some(Witness::Autodiff);
        (report, caught)
    }

    /// A case with the right function and the right gradient by hand, in which autodiff uses the
    /// broken operation. It runs on the backends of the crate's features `flex` and `ndarray`.
    pub fn case(&self) -> Case {
        (self.case)()
    }
}

/// Every broken operation.
///
/// ```
/// # #[cfg(feature = "flex")] {
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
/// use gradient_trials::broken_autodiff;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let (report, caught) = broken_autodiff::all()[0].caught(&target, &Options::default());
/// assert!(caught, "{report}");
/// # }
/// ```
pub fn all() -> Vec<BrokenOperation> {
    OPERATIONS.to_vec()
}

const OPERATIONS: &[BrokenOperation] = &[
    BrokenOperation::new("tanh: square dropped", "(1 - tanh)∘grad", || {
        activation_case(Activation::Tanh, [5, 3, 0])
            .autodiff_function(|v| Unary::Tanh.apply(v.get("a")))
    }),
    BrokenOperation::new("relu: mask missing", "grad everywhere", || {
        activation_case(Activation::Relu, [5, 3, 0])
            .autodiff_function(|v| Unary::Relu.apply(v.get("a")))
    }),
    BrokenOperation::new("softmax: diagonal only", "yp(1 - yp)∘grad", || {
        softmax_case([5, 0, 3]).autodiff_function(|v| Unary::Softmax.apply(v.get("z")))
    }),
    BrokenOperation::new("exp: input for output", "x∘grad", || {
        case("exp", &[5, 3])
            .input("x", [5, 3])
            .function(|v| v.get::<2>("x").exp())
            .vjp(|v, g| Gradients::new().with("x", v.get::<2>("x").exp() * g.get(0)))
            .autodiff_function(|v| Unary::Exp.apply(v.get("x")))
    }),
    BrokenOperation::new("square: factor 2 missing", "x∘grad", || {
        case("square", &[5, 3])
            .input("x", [5, 3])
            .function(|v| v.get::<2>("x") * v.get::<2>("x"))
            .vjp(|v, g| Gradients::new().with("x", v.get::<2>("x") * g.get(0) * 2.0))
            .autodiff_function(|v| Unary::Square.apply(v.get("x")))
    }),
    BrokenOperation::new(
        "sum of rows: mean's gradient",
        "grad divided by the number of rows",
        || {
            case("sum of rows", &[5, 3])
                .input("x", [5, 3])
                .function(|v| v.get::<2>("x").sum_dim(0))
                .vjp(|v, g| Gradients::new().with("x", v.get::<2>("x").zeros_like() + g.get(0)))
                .autodiff_function(|v| Unary::SumRows.apply(v.get("x")))
        },
    ),
    BrokenOperation::new("log: multiplied", "x∘grad instead of grad/x", || {
        case("log", &[5, 3])
            .input_from("x", [5, 3], Sample::Positive)
            .function(|v| v.get::<2>("x").log())
            .vjp(|v, g| Gradients::new().with("x", g.get::<2>(0) / v.get("x")))
            .autodiff_function(|v| Unary::Log.apply(v.get("x")))
    }),
    BrokenOperation::new(
        "transpose: not transposed back",
        "grad as it is, on a square matrix",
        || {
            case("transpose", &[4, 4])
                .input("x", [4, 4])
                .function(|v| v.get::<2>("x").transpose())
                .vjp(|_, g| Gradients::new().with("x", g.get::<2>(0).transpose()))
                .autodiff_function(|v| Unary::Transpose.apply(v.get("x")))
        },
    ),
    BrokenOperation::new("sin: sign", "-cos(x)∘grad", || {
        case("sin", &[5, 3])
            .input("x", [5, 3])
            .function(|v| v.get::<2>("x").sin())
            .vjp(|v, g| Gradients::new().with("x", v.get::<2>("x").cos() * g.get(0)))
            .autodiff_function(|v| Unary::Sin.apply(v.get("x")))
    }),
    BrokenOperation::new("recip: square dropped", "-grad/x", || {
        case("recip", &[5, 3])
            .input_from("x", [5, 3], Sample::Positive)
            .function(|v| v.get::<2>("x").recip())
            .vjp(|v, g| {
                let x = v.get::<2>("x");
                Gradients::new().with("x", (g.get::<2>(0) / (x.clone() * x)).neg())
            })
            .autodiff_function(|v| Unary::Recip.apply(v.get("x")))
    }),
    BrokenOperation::new(
        "matmul: w not transposed",
        "grad_x = grad·w, on square matrices",
        || {
            matmul_case([4, 4, 4])
                .autodiff_function(|v| Binary::MatmulUntransposed.apply(v.get("x"), v.get("w")))
        },
    ),
    BrokenOperation::new("matmul: one-sided", "grad_w = 0", || {
        matmul_case([5, 4, 3])
            .autodiff_function(|v| Binary::MatmulOneSided.apply(v.get("x"), v.get("w")))
    }),
    BrokenOperation::new(
        "product: factors swapped",
        "grad_x = x∘grad, grad_w = w∘grad",
        || {
            pair("product", [5, 3])
                .function(|v| v.get::<2>("x") * v.get::<2>("w"))
                .vjp(|v, g| {
                    let grad = g.get::<2>(0);
                    let grad_x = v.get::<2>("w") * grad.clone();
                    Gradients::new()
                        .with("x", grad_x)
                        .with("w", v.get::<2>("x") * grad)
                })
                .autodiff_function(|v| Binary::Product.apply(v.get("x"), v.get("w")))
        },
    ),
    BrokenOperation::new(
        "broadcast addition: mean",
        "grad_w averages over the rows",
        || {
            case("broadcast addition", &[5, 3])
                .input("x", [5, 3])
                .input("w", [1, 3])
                .function(|v| v.get::<2>("x") + v.get::<2>("w"))
                .vjp(|_, g| {
                    let (grad_x, grad_b) = add_bias::backward(g.get(0));
                    Gradients::new()
                        .with("x", grad_x)
                        .with("w", grad_b.unsqueeze_dim::<2>(0))
                })
                .autodiff_function(|v| Binary::AddRow.apply(v.get("x"), v.get("w")))
        },
    ),
    BrokenOperation::new("difference: sign", "grad_w = grad", || {
        pair("difference", [5, 3])
            .function(|v| v.get::<2>("x") - v.get::<2>("w"))
            .vjp(|_, g| {
                let grad = g.get::<2>(0);
                Gradients::new()
                    .with("x", grad.clone())
                    .with("w", grad.neg())
            })
            .autodiff_function(|v| Binary::Difference.apply(v.get("x"), v.get("w")))
    }),
    BrokenOperation::new("quotient: numerator dropped", "grad_w = -grad/w²", || {
        pair("quotient", [5, 3])
            .function(|v| v.get::<2>("x") / v.get::<2>("w"))
            .vjp(|v, g| {
                let (x, w) = (v.get::<2>("x"), v.get::<2>("w"));
                let grad_x = g.get::<2>(0) / w.clone();
                Gradients::new()
                    .with("x", grad_x.clone())
                    .with("w", (grad_x * x / w).neg())
            })
            .autodiff_function(|v| Binary::Quotient.apply(v.get("x"), v.get("w")))
    }),
];

/// A case with two matrices of one shape.
fn pair(name: &str, shape: [usize; 2]) -> Case {
    case(name, &shape).input("x", shape).input("w", shape)
}
