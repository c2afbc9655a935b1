//! The elementwise functions of `burn::tensor::activation`. The layers of `burn::nn` with the same
//! names call them.

use burn::tensor::{Tensor, activation as act};

use super::formulas::{
    SELU_ALPHA, SELU_GAMMA, celu, elu, gelu, gelu_approximate, hard_sigmoid, hard_swish,
    leaky_relu, log_sigmoid, mish, selu, shrink, silu, softplus, softsign, threshold,
};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Activations, Operation};
use crate::point::Expected::{Between, Is};
use crate::point::Point;
use crate::witness::{Dual, DualArray, Formula, FormulaPrecision, argument, logistic};

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = rectifiers();
    all.extend(exponential_units());
    all.extend(gelus());
    all.extend(sigmoids());
    all.extend(shrinks());
    all.push(prelu());
    all.push(glu());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Activations, burn, formula)
}

#[rustfmt::skip]
fn rectifiers() -> Vec<Operation> {
    vec![
        unary("activation::relu", ranks!(|x| act::relu(x)), Dual::relu).covers(&["relu"])
            .at(0.0, Between(0.0, 1.0)).at(-0.0, Between(0.0, 1.0)).at_in_f32(1e38, Is(1.0))
            .at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::relu6", ranks!(|x| act::relu6(x)), |x| x.relu().at_most(6.0))
            .covers(&["float_mask_fill"]).within(-3.0, 9.0).at(0.0, Between(0.0, 1.0))
            .at(6.0, Between(0.0, 1.0)).at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::hardtanh", ranks!(|x| act::hardtanh(x, -1.0, 1.0)),
                |x| x.at_least(-1.0).at_most(1.0)).covers(&["float_mask_fill"])
            .at(-1.0, Between(0.0, 1.0)).at(1.0, Between(0.0, 1.0)).at(INFINITY, Is(0.0)).build(),
        unary("activation::leaky_relu", ranks!(|x| act::leaky_relu(x, 0.1)), |x| leaky_relu(x, 0.1))
            .covers(&["float_mask_where", "float_mul_scalar"]).at(0.0, Between(0.1, 1.0))
            .at(-0.0, Between(0.1, 1.0)).at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.1)).build(),
        unary("activation::thresholded_relu", ranks!(|x| act::thresholded_relu(x, 0.5)),
                |x| threshold(x, 0.5, 0.0)).covers(&["float_mask_fill"]).at(0.5, Between(0.0, 1.0))
            .note("jumps at the threshold").at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::threshold", ranks!(|x| act::threshold(x, 0.5, -2.0)),
                |x| threshold(x, 0.5, -2.0)).covers(&["float_mask_fill"]).at(0.5, Between(0.0, 1.0))
            .note("jumps at the threshold").at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn exponential_units() -> Vec<Operation> {
    vec![
        unary("activation::elu", ranks!(|x| act::elu(x, 0.75)), |x| elu(x, 0.75))
            .covers(&["float_exp", "float_mask_where"]).at(0.0, Between(0.75, 1.0))
            .at(-1000.0, Is(0.0)).at(1000.0, Is(1.0)).at_in_f32(89.0, Is(1.0))
            .at_in_f32(88.0, Is(1.0)).at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::celu", ranks!(|x| act::celu(x, 0.5)), |x| celu(x, 0.5))
            .covers(&["float_exp", "float_div_scalar", "float_mask_where"]).at(0.0, Is(1.0))
            .at(-1000.0, Is(0.0)).at(1000.0, Is(1.0)).at_in_f32(89.0, Is(1.0)).at(INFINITY, Is(1.0))
            .at(-INFINITY, Is(0.0)).build(),
        unary("activation::selu", ranks!(|x| act::selu(x)), selu)
            .covers(&["float_exp", "float_mask_where"])
            .at(0.0, Between(SELU_GAMMA, SELU_GAMMA * SELU_ALPHA)).at(-1000.0, Is(0.0))
            .at(1000.0, Is(SELU_GAMMA)).at_in_f32(89.0, Is(SELU_GAMMA)).at(INFINITY, Is(SELU_GAMMA))
            .at(-INFINITY, Is(0.0)).build(),
        unary("activation::softplus", ranks!(|x| act::softplus(x, 2.0)), |x| softplus(x, 2.0, 20.0))
            .covers(&["float_exp", "float_log1p", "float_mask_fill", "float_mask_where"])
            .at(0.0, Is(0.5)).at(1000.0, Is(1.0)).at(-1000.0, Is(0.0))
            .note("the identity where 2 x is above 20: off by up to 2e-9 there")
            .at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::softplus_with_threshold",
                ranks!(|x| act::softplus_with_threshold(x, 0.5, 1.0)), |x| softplus(x, 0.5, 1.0))
            .covers(&["float_exp", "float_log1p", "float_mask_fill", "float_mask_where"])
            .within(-3.0, 4.0).at(2.0, Between(logistic(1.0), 1.0)).at(1000.0, Is(1.0))
            .at(-2000.0, Is(0.0)).note("jumps where the threshold is reached, here at 2").build(),
        unary("activation::mish", ranks!(|x| act::mish(x)), mish)
            .covers(&["float_tanh", "float_log1p"]).within(-1.0, 3.0).at_formula(-2.0)
            .at(0.0, Is(0.6)).at(1000.0, Is(1.0)).at(-1000.0, Is(0.0)).at(INFINITY, Is(1.0))
            .at(-INFINITY, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn gelus() -> Vec<Operation> {
    vec![
        unary("activation::gelu", ranks!(|x| act::gelu(x)), gelu).covers(&["gelu"])
            .within(-0.5, 3.0).at_formula(-2.0).at(0.0, Is(0.5)).at(1000.0, Is(1.0))
            .at(-1000.0, Is(0.0)).at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::gelu_approximate", ranks!(|x| act::gelu_approximate(x)),
                gelu_approximate).covers(&["float_tanh", "float_powf_scalar_impl"])
            .within(-0.5, 3.0).at_formula(-2.0).at(0.0, Is(0.5)).at(1000.0, Is(1.0))
            .at(-1000.0, Is(0.0)).at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn sigmoids() -> Vec<Operation> {
    vec![
        unary("activation::sigmoid", ranks!(|x| act::sigmoid(x)), Dual::sigmoid)
            .covers(&["sigmoid"]).computes_in_f32().within(-3.0, 3.0).at(0.0, Is(0.25))
            .at_in_f32(20.0, Is(logistic(20.0) * logistic(-20.0))).at(1000.0, Is(0.0))
            .at(-1000.0, Is(0.0)).at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::log_sigmoid", ranks!(|x| act::log_sigmoid(x)), log_sigmoid)
            .covers(&["log_sigmoid"]).within(-3.0, 3.0).at(0.0, Is(0.5)).at(1000.0, Is(0.0))
            .at(-1000.0, Is(1.0)).at(INFINITY, Is(0.0)).at(-INFINITY, Is(1.0)).build(),
        unary("activation::silu", ranks!(|x| act::silu(x)), silu).covers(&["sigmoid", "float_mul"])
            .computes_in_f32().within(-1.0, 3.0).at_formula(-2.0).at(0.0, Is(0.5))
            .at(1000.0, Is(1.0)).at(-1000.0, Is(0.0)).at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0))
            .build(),
        unary("activation::hard_sigmoid", ranks!(|x| act::hard_sigmoid(x, 0.2, 0.5)), hard_sigmoid)
            .covers(&["float_mask_fill", "float_cast"]).computes_in_f32().within(-3.0, 3.0)
            .at(2.5, Between(0.0, 0.2)).at(-2.5, Between(0.0, 0.2)).at(INFINITY, Is(0.0))
            .at(-INFINITY, Is(0.0)).build(),
        unary("activation::hard_swish", ranks!(|x| act::hard_swish(x)), hard_swish)
            .covers(&["float_mask_fill", "float_cast", "float_mul"]).computes_in_f32()
            .within(-1.0, 4.0).at(3.0, Between(1.0, 1.5)).at(-3.0, Between(-0.5, 0.0))
            .at(INFINITY, Is(1.0)).at(-INFINITY, Is(0.0)).build(),
        unary("activation::tanhshrink", ranks!(|x| act::tanhshrink(x)), |x| x - x.tanh())
            .covers(&["float_tanh", "float_sub"])
            .magnified(8.0, "1 - (1 - tanh²) of small arguments").at(0.0, Is(0.0))
            .at(100.0, Is(1.0)).at(INFINITY, Is(1.0)).build(),
        unary("activation::tanh", ranks!(|x| act::tanh(x)), Dual::tanh).covers(&["float_tanh"])
            .at(0.0, Is(1.0)).at(100.0, Is(0.0)).build(),
        unary("activation::softsign", ranks!(|x| act::softsign(x)), softsign)
            .covers(&["float_abs", "float_div"]).at(0.0, Is(1.0)).at(INFINITY, Is(0.0))
            .at(-INFINITY, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn shrinks() -> Vec<Operation> {
    vec![
        unary("activation::hard_shrink", ranks!(|x| act::hard_shrink(x, 0.5)),
                |x| shrink(x, 0.5, 0.0)).covers(&["float_mask_fill"]).at(0.5, Between(0.0, 1.0))
            .note("jumps at the bounds").at(INFINITY, Is(1.0)).build(),
        unary("activation::soft_shrink", ranks!(|x| act::soft_shrink(x, 0.5)),
                |x| shrink(x, 0.5, 0.5)).covers(&["float_mask_fill", "float_sign"])
            .at(0.5, Between(0.0, 1.0)).at(-0.5, Between(0.0, 1.0)).at(0.0, Is(0.0))
            .at(INFINITY, Is(1.0)).build(),
        unary("activation::shrink", ranks!(|x| act::shrink(x, 0.5, 0.25)), |x| shrink(x, 0.5, 0.25))
            .covers(&["float_mask_fill", "float_sign"]).at(0.5, Between(0.0, 1.0))
            .note("jumps at the bounds").at(-INFINITY, Is(1.0)).build(),
    ]
}

/// A slope that is learned, one for each channel.
fn prelu() -> Operation {
    let at_zero = Point::of_two((0.0, 0.25), [Between(0.25, 1.0), Is(0.0)], |x, slope| {
        let count = x.dims()[0];
        act::prelu(x.reshape([1, count]), slope).reshape([count])
    });
    let mut operation = Operation::new("activation::prelu", Activations)
        .covers(&["float_mask_where", "float_mul"])
        .at(at_zero);
    for (shape, slopes) in [([3, 4], 4), ([3, 4], 1), ([1, 5], 5)] {
        let inputs = [argument("x", &shape), argument("slope", &[slopes])];
        let formula = Formula::new(inputs, move |of| {
            let slope = of.get("slope");
            DualArray::by_index(shape, |[i, j]| {
                let x = of.get("x").at([i, j]);
                if x < 0.0.into() {
                    x * slope.values[j % slopes]
                } else {
                    x
                }
            })
        });
        let formula = formula.with_precision(FormulaPrecision::Short(None));
        let name = format!("{shape:?} [{slopes}]");
        operation = operation.check(name, &formula, |v| {
            act::prelu(v.get::<2>("x"), v.get("slope"))
        });
    }
    let of_three = [argument("x", &[2, 3, 4]), argument("slope", &[3])];
    let formula = Formula::unknown(of_three).with_precision(FormulaPrecision::Short(None));
    let rank_three: fn(Tensor<3>, Tensor<1>) -> Tensor<3> = act::prelu;
    let name = "[2, 3, 4] [3]";
    operation
        .check(name, &formula, move |v| {
            rank_three(v.get("x"), v.get("slope"))
        })
        .in_full_only()
}

/// a σ(b) of the two halves of a dimension.
fn glu() -> Operation {
    let formula = Formula::new([argument("x", &[3, 4])], |of| {
        let x = of.get("x");
        DualArray::by_index([3, 2], |[i, j]| x.at([i, j]) * x.at([i, j + 2]).sigmoid())
    });
    let formula = formula
        .with_precision(FormulaPrecision::Short(None))
        .with_differences();
    Operation::new("activation::glu", Activations)
        .covers(&["float_slice", "sigmoid", "float_mul"])
        .check("[3, 4] along 1", &formula, |v| act::glu(v.get::<2>("x"), 1))
}
