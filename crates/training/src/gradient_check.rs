//! Gradients checked while a net trains: the formulas, or the fused engine, are compared with autodiff for
//! every parameter, and both with finite differences in random directions, on the batch of the step.

use backends::{Backend, Opened};
use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{Case, Gradients, Mode, Options, Report, Target, Upstream, Values, Verdict};

use crate::choice::Engine;
use crate::fused;
use crate::net::Net;
use crate::parameters::parameters;
use crate::targets::Targets;

/// Directions for each parameter tensor.
const DIRECTIONS: usize = 1;

/// Checks the gradients of `net`, with the masks of its dropout, on a batch: on its device in f32, the differences in f64 on flex.
/// Compared are those of the fused engine, if the net learns by it, else those of the formulas. The
/// directions depend on `seed`.
pub fn check<N: Net>(
    net: &N,
    x: Tensor<2>,
    targets: &N::Targets,
    engine: Engine,
    opened: &Opened,
    seed: u64,
) -> Report {
    let net = net.valid();
    let shape @ [batch, _] = x.dims();
    let pixels = x.into_data().iter::<f64>().collect::<Vec<_>>();
    let (answers, answers_by_hand) = (targets.kept(), targets.kept());
    let (template, by_hand, branching) = (net.clone(), net.clone(), net.clone());
    let case = Case::new("the gradients of this batch")
        .constant("x", shape, pixels)
        .module(
            move |device| on_device(&template, device),
            move |net: &N, v| net.loss(v.get("x"), answers(v)),
        )
        .vjp(move |v, grad_out| {
            let net = with_values(&by_hand, v);
            let (x, answers) = (v.get("x"), answers_by_hand(v));
            let (_, gradients) = match engine {
                Engine::Autodiff | Engine::Manual => net.manual_gradients(x, answers, batch),
                Engine::Fused => fused::gradients(&net, x, answers, batch),
            };
            let mut unpack = Unpack {
                path: Vec::new(),
                gradients: &gradients,
                grad_out,
                named: Gradients::new(),
            };
            net.visit(&mut unpack);
            unpack.named
        })
        .kinks(move |v| with_values(&branching, v).branches(v.get("x")));
    let case = parameters(&net).into_iter().fold(case, |case, parameter| {
        let values = parameter
            .values
            .into_data()
            .iter::<f64>()
            .collect::<Vec<_>>();
        case.input_values(parameter.path, parameter.shape, values)
    });
    let mut target = Target::new(opened.device.clone(), DType::F32);
    if let Ok(flex) = Backend::Flex.open() {
        target = target.with_reference(flex.device);
    }
    let options = Options::default()
        .seed(seed)
        .mode(Mode::Fast)
        .directions(DIRECTIONS);
    case.run(&target, &options)
}

/// Whether the witnesses disagree. At a kink there is no derivative to agree on, and finite
/// differences that are too coarse contradict neither.
pub fn is_disagreement(report: &Report) -> bool {
    report.verdict.is_failure() && report.verdict != Verdict::Kink
}

/// The disagreement in one line, with the parameter that has the largest error.
pub fn in_words(report: &Report) -> String {
    let number = |value: Option<f64>| value.map_or("none".to_owned(), |v| format!("{v:.9e}"));
    let worst = report.worst_element.as_ref().map(|worst| {
        format!(
            "; worst in {}: by hand {}, autodiff {}, finite differences {}",
            worst.input,
            number(worst.manual),
            number(Some(worst.autodiff)),
            number(worst.finite)
        )
    });
    format!("{}{}", report.verdict, worst.unwrap_or_default())
}

/// The net on a device, on the autodiff side if requested.
fn on_device<N: Net>(net: &N, device: &Device) -> N {
    let there = net.clone().to_device(&device.clone().without_autodiff());
    if device.is_autodiff() {
        there.train()
    } else {
        there
    }
}

/// The net with the values of a case, on their device.
fn with_values<N: Net>(net: &N, values: &Values) -> N {
    on_device(net, values.device()).map(&mut Replace {
        path: Vec::new(),
        values,
    })
}

/// Puts the values of a case in place of a net's parameters.
struct Replace<'a> {
    path: Vec<String>,
    values: &'a Values,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, _, mapper) = param.consume();
        Param::from_mapped_value(id, self.values.get(&self.path.join(".")), mapper)
    }
}

/// Reads gradients by parameter id and names them by dotted path.
struct Unpack<'a> {
    path: Vec<String>,
    gradients: &'a GradientsParams,
    grad_out: &'a Upstream,
    named: Gradients,
}

impl ModuleVisitor for Unpack<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let upstream = self.grad_out.get::<1>(0).reshape([1; D]);
            let named = std::mem::take(&mut self.named);
            self.named = named.with(self.path.join("."), gradient * upstream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::tensor::Int;
    use burn_gradcheck::Masks;
    use manual_backprop::Reduction;
    use mnist_mlp::{MnistMlp, MnistMlpConfig};

    /// A net whose formula for the last bias is wrong.
    #[derive(Module, Debug)]
    struct Wrong {
        net: MnistMlp,
    }

    impl Net for Wrong {
        type Targets = Tensor<1, Int>;

        const REDUCTION: Reduction = Reduction::Mean;

        fn loss(&self, x: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
            self.net.loss(x, labels)
        }

        fn manual_gradients(
            &self,
            x: Tensor<2>,
            labels: Tensor<1, Int>,
            batch: usize,
        ) -> (Tensor<1>, GradientsParams) {
            let (loss, mut gradients) = Net::manual_gradients(&self.net, x, labels, batch);
            let id = self.net.layers[1].bias.as_ref().expect("a bias").id;
            let grad_b = gradients.remove::<1>(id).expect("a gradient");
            gradients.register(id, grad_b.mul_scalar(1.01));
            (loss, gradients)
        }

        fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
            self.net.forward(x)
        }

        fn output_loss(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
            MnistMlp::output_loss(logits, labels)
        }

        fn predicted_classes(logits: Tensor<2>) -> Tensor<1, Int> {
            MnistMlp::predicted_classes(logits)
        }

        fn scores(logits: Tensor<2>) -> Tensor<1> {
            MnistMlp::scores(logits)
        }

        fn true_classes(labels: Tensor<1, Int>) -> Tensor<1, Int> {
            labels
        }

        fn class_count(&self) -> usize {
            self.net.class_count()
        }

        fn branches(&self, x: Tensor<2>) -> Masks {
            self.net.branches(x)
        }
    }

    fn example(opened: &Opened) -> (MnistMlp, Tensor<2>, Tensor<1, Int>) {
        let net = MnistMlpConfig::new(6, vec![5], 3)
            .with_label_smoothing(0.1)
            .init(1, &opened.device)
            .expect("a legal configuration");
        let x = Tensor::arange(0..24, &opened.device)
            .float()
            .reshape([4, 6])
            / 7.0;
        (
            net,
            x.sin(),
            Tensor::from_data([2, 0, 1, 1], &opened.device),
        )
    }

    /// A net so wide that thousands of its units are close to their kinks: a long step along any
    /// direction crosses many of them, and the loss looks smooth with another slope.
    fn wide(opened: &Opened) -> (MnistMlp, Tensor<2>, Tensor<1, Int>) {
        let net = MnistMlpConfig::new(200, vec![256, 128], 10)
            .init(1, &opened.device)
            .expect("a legal configuration");
        let x = Tensor::arange(0..200 * 128, &opened.device)
            .float()
            .reshape([128, 200]);
        let labels = Tensor::arange(0..128, &opened.device).remainder_scalar(10);
        (net, (x * 0.37).sin(), labels)
    }

    #[test]
    fn right_formulas_of_a_wide_net_pass() {
        let opened = Backend::Flex.open().expect("flex runs everywhere");
        let (net, x, labels) = wide(&opened);
        for seed in 0..4 {
            let report = check(
                &net.clone().train(),
                x.clone(),
                &labels,
                Engine::Manual,
                &opened,
                seed,
            );
            assert!(report.is_pass(), "{report}");
            assert_eq!(report.finite.uncertified, 0, "{report}");
        }
    }

    #[test]
    fn right_formulas_pass() {
        let processors = [Backend::Ndarray, Backend::Flex].into_iter();
        for backend in processors.filter(|backend| backend.is_compiled_in()) {
            let opened = backend.open().expect("a CPU backend always opens");
            let (net, x, labels) = example(&opened);
            for &engine in Engine::ALL {
                let net = net.clone().train();
                let report = check(&net, x.clone(), &labels, engine, &opened, 7);
                assert!(report.is_pass(), "{engine}: {report}");
                assert!(report.finite.evaluations > 0, "{engine}: {report}");
            }
        }
    }

    #[test]
    fn one_percent_in_one_bias_is_found_and_named() {
        let opened = Backend::Flex.open().expect("flex runs everywhere");
        for (net, x, labels) in [example(&opened), wide(&opened)] {
            let report = check(
                &Wrong { net }.train(),
                x,
                &labels,
                Engine::Manual,
                &opened,
                7,
            );
            assert!(is_disagreement(&report), "{report}");
            let words = in_words(&report);
            assert!(words.contains("worst in net.layers.1.bias"), "{words}");
            assert!(
                words.contains("the hand-written gradient is the odd one"),
                "{words}"
            );
        }
    }
}
