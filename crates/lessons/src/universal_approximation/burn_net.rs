//! The net of `f64` numbers as a Burn module, and back.

use anyhow::Result;
use burn::module::Param;
use burn::nn::Linear;
use pages::numbers::{Array, number};
use pages::page::{Section, Table};
use universal_approximation::targets::Target1d;
use universal_approximation::{Approximation1d, OneHiddenLayer};
use xor_net::{Activation, Dropout, OutputUnit, XorNet};

use super::curves::POINTS;
use crate::setup::Setup;
use crate::tensors::{parameters, read};

/// The same net as a Burn module.
pub(super) fn load(net: &OneHiddenLayer, setup: &Setup) -> XorNet {
    let weight = |values: &[f64], shape: [usize; 2]| {
        Param::from_tensor(setup.matrix(shape, values.to_vec()))
    };
    let bias = |values: &[f64]| Some(Param::from_tensor(setup.vector(values.to_vec())));
    let (inputs, hidden) = (net.inputs(), net.hidden());
    XorNet {
        hidden: Linear {
            weight: weight(net.w1(), [inputs, hidden]),
            bias: bias(net.b1()),
        },
        output: Linear {
            weight: weight(net.w2(), [hidden, 1]),
            bias: bias(net.b2()),
        },
        activation: Activation::Sigmoid,
        output_unit: OutputUnit::Linear,
        dropout: Dropout::NONE,
    }
}

/// A module's weights as a net on the host.
pub(super) fn unload(net: &XorNet) -> Result<OneHiddenLayer> {
    let p = parameters(net)?;
    let [inputs, _] = p.w1.dims();
    let (w1, b1) = (read(&p.w1).values, read(&p.b1).values);
    let (w2, b2) = (read(&p.w2).values, read(&p.b2).values);
    Ok(OneHiddenLayer::new(inputs, w1, b1, w2, b2[0])?)
}

/// The largest difference between a net's output and its Burn module's, at some points.
pub(super) fn difference(net: &OneHiddenLayer, inputs: Vec<f64>, setup: &Setup) -> f64 {
    let rows = inputs.len() / net.inputs();
    let expected = inputs.chunks(net.inputs()).map(|x| net.evaluate(x));
    let expected = Array {
        dims: vec![rows, 1],
        values: expected.collect(),
    };
    let x = setup.matrix([rows, net.inputs()], inputs);
    read(&load(net, setup).forward(x)).largest_difference(&expected)
}

pub(super) fn in_burn(constructed: &Approximation1d, target: Target1d, setup: &Setup) -> Section {
    let points = target.interval.points(POINTS).collect::<Vec<_>>();
    let net = constructed.net();
    let table = Table::new(["tensor", "shape"])
        .row(["W1".to_owned(), format!("{:?}", [1, net.hidden()])])
        .row(["b1".to_owned(), format!("{:?}", [net.hidden()])])
        .row(["W2".to_owned(), format!("{:?}", [net.hidden(), 1])])
        .row(["b2".to_owned(), format!("{:?}", [1])]);
    Section::new("It is the net of the lecture")
        .text(format!(
            "The weights are loaded into the Burn module of the XOR net, here with one input, {} hidden \
             units and a linear output. At {} points its output differs from the sum of the bumps by at \
             most {} (computed in {}).",
            net.hidden(),
            points.len(),
            number(difference(net, points, setup)),
            setup.dtype.name()
        ))
        .table(table)
}

#[cfg(test)]
mod tests {
    use super::super::curves::construct;
    use super::*;
    use backends::Backend;
    use universal_approximation::{approximate_2d, targets};

    fn setup() -> Setup {
        Setup::new(Backend::Flex.open().unwrap(), 0)
    }

    #[test]
    fn a_net_is_the_same_in_burn_and_comes_back_whole() {
        let setup = setup();
        let target = targets::NIELSEN;
        let net = construct(target, 8, 30.0).unwrap().net().clone();
        assert_eq!(unload(&load(&net, &setup)).unwrap(), net);
        let points = target.interval.points(50).collect();
        assert!(difference(&net, points, &setup) < 1e-14);
        let square = approximate_2d(targets::HILLS.function, targets::HILLS.domain, 40, 10.0);
        let points = vec![0.1, 0.9, 0.7, 0.2, 0.5, 0.5];
        assert!(difference(square.unwrap().net(), points, &setup) < 1e-13);
    }
}
