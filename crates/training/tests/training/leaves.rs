//! Leaves of the graph: none is shared where Burn would mix up gradients (`graph.toml` of burn-suite).

use burn::module::{ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use training::{AnyNet, Choices, Net, Settings, leaves_of_its_own};

use crate::setup::{linear, mlp, xor};

fn net(choices: Choices, sizes: &[usize]) -> AnyNet {
    let settings = Settings::resolve(&choices).expect("the choices fit");
    AnyNet::build(&settings, sizes, &Device::flex()).expect("the model has these sizes")
}

/// The sum of all parameters' elements, each parameter times its number.
#[derive(Default)]
struct Numbered {
    sum: Option<Tensor<1>>,
    count: usize,
}

impl ModuleVisitor for Numbered {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += 1;
        let term = param.val().sum() * self.count as f64;
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + term,
            None => term,
        });
    }
}

/// Whether each parameter's gradient is its number.
struct Checked<'a> {
    gradients: &'a GradientsParams,
    count: usize,
}

impl ModuleVisitor for Checked<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += 1;
        let gradient = self
            .gradients
            .get::<D>(param.id)
            .expect("each has a gradient");
        let ones: Tensor<D> = Tensor::ones(gradient.dims(), &gradient.device());
        let right = ones * self.count as f64;
        assert_eq!(
            gradient.into_data(),
            right.into_data(),
            "parameter {}",
            self.count
        );
    }
}

/// Two parameters made from clones of one tensor would be one node: one would have the sum of the gradients, the
/// other none.
fn assert_leaves_differ<N: Net>(net: &N) {
    for net in [net.clone().train(), leaves_of_its_own(&net.clone().train())] {
        let mut numbered = Numbered::default();
        net.visit(&mut numbered);
        let loss = numbered.sum.expect("a net has parameters");
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        let mut checked = Checked {
            gradients: &gradients,
            count: 0,
        };
        net.visit(&mut checked);
        assert_eq!(checked.count, numbered.count);
    }
}

/// Threads that go backward through one leaf may wait for each other for ever.
fn assert_copies_share_nothing<N: Net>(net: &N) {
    let net = net.clone().train();
    let copies = [leaves_of_its_own(&net), leaves_of_its_own(&net)];
    let mut numbered = Numbered::default();
    copies[0].visit(&mut numbered);
    let grads = numbered.sum.expect("a net has parameters").backward();
    for other in [&net, &copies[1]] {
        let mut reached = Reached {
            grads: &grads,
            count: 0,
        };
        other.visit(&mut reached);
        assert_eq!(
            reached.count, 0,
            "parameters of another copy have gradients"
        );
    }
    let mut reached = Reached {
        grads: &grads,
        count: 0,
    };
    copies[0].visit(&mut reached);
    assert_eq!(reached.count, numbered.count, "its own have");
}

/// How many parameters have a gradient.
struct Reached<'a> {
    grads: &'a burn::tensor::Gradients,
    count: usize,
}

impl ModuleVisitor for Reached<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += usize::from(param.val().grad(self.grads).is_some());
    }
}

#[test]
fn no_two_parameters_are_one_node_and_no_two_shards_share_one() {
    for (choices, sizes) in [
        (mlp(), &[30, 12, 8, 3][..]),
        (xor(), &[2, 4, 1]),
        (linear(), &[5, 2]),
    ] {
        match net(choices, sizes).with_temperature(2.0) {
            AnyNet::MnistMlp(net) => {
                assert_leaves_differ(&net);
                assert_copies_share_nothing(&net);
            }
            AnyNet::XorNet(net) => {
                assert_leaves_differ(&net);
                assert_copies_share_nothing(&net);
            }
            AnyNet::LinearRegression(net) => {
                assert_leaves_differ(&net);
                assert_copies_share_nothing(&net);
            }
        }
    }
}
