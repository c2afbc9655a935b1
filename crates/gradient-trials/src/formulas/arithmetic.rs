//! The rules of arithmetic as cases.

use burn_gradcheck::{Case, Gradients};

use manual_backprop::arithmetic::{add, multiply, power, scale, subtract, sum};

use crate::common::case;
use crate::sizes::Size;

/// Every rule of arithmetic at one size; powers from 0 to 5.
pub(crate) fn all(size: Size) -> Vec<Case> {
    let mut cases = vec![
        add_case(size),
        subtract_case(size),
        multiply_case(size),
        scale_case(size),
        sum_case(size),
    ];
    cases.extend((0..=5).map(|n| power_case(n, size)));
    cases
}

pub(crate) fn add_case(size: Size) -> Case {
    two_operands("add", size)
        .function(|v| add::forward::<2>(v.get("x"), v.get("y")))
        .vjp(|_, grad_out| {
            let (grad_x, grad_y) = add::backward::<2>(grad_out.get(0));
            Gradients::new().with("x", grad_x).with("y", grad_y)
        })
}

pub(crate) fn subtract_case(size: Size) -> Case {
    two_operands("subtract", size)
        .function(|v| subtract::forward::<2>(v.get("x"), v.get("y")))
        .vjp(|_, grad_out| {
            let (grad_x, grad_y) = subtract::backward::<2>(grad_out.get(0));
            Gradients::new().with("x", grad_x).with("y", grad_y)
        })
}

pub(crate) fn multiply_case(size: Size) -> Case {
    two_operands("multiply", size)
        .function(|v| multiply::forward::<2>(v.get("x"), v.get("y")))
        .vjp(|v, grad_out| {
            let (grad_x, grad_y) = multiply::backward::<2>(v.get("x"), v.get("y"), grad_out.get(0));
            Gradients::new().with("x", grad_x).with("y", grad_y)
        })
}

fn two_operands(rule: &str, [batch, d, _]: Size) -> Case {
    case(rule, &[batch, d])
        .input("x", [batch, d])
        .input("y", [batch, d])
}

/// The factor of [`scale_case`].
pub(crate) const FACTOR: f64 = -2.5;

pub(crate) fn scale_case([batch, d, _]: Size) -> Case {
    case("scale", &[batch, d])
        .input("x", [batch, d])
        .function(|v| scale::forward::<2>(v.get("x"), FACTOR))
        .vjp(|_, grad_out| {
            Gradients::new().with("x", scale::backward::<2>(FACTOR, grad_out.get(0)))
        })
}

pub(crate) fn power_case(n: u32, [batch, d, _]: Size) -> Case {
    case(&format!("power {n}"), &[batch, d])
        .input("x", [batch, d])
        .function(move |v| power::forward::<2>(v.get("x"), n))
        .vjp(move |v, grad_out| {
            Gradients::new().with("x", power::backward::<2>(v.get("x"), n, grad_out.get(0)))
        })
}

pub(crate) fn sum_case([batch, d, _]: Size) -> Case {
    case("sum", &[batch, d])
        .reduction_length(batch * d)
        .input("x", [batch, d])
        .function(|v| sum::forward::<2>(v.get("x")))
        .vjp(move |_, grad_out| {
            Gradients::new().with("x", sum::backward([batch, d], grad_out.get(0)))
        })
}
