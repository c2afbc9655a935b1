//! PyTorch, autodiff with broken operations, and the convention at a kink.

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_gradcheck::{Case, Gradients, Options, Target, Verdict};
use gradient_trials::{broken_autodiff, pytorch};
use manual_backprop::activation::{self, Activation};

#[test]
fn autodiff_is_named_if_its_operation_is_broken() {
    let target = Target::new(Device::flex(), DType::F64);
    let operations = broken_autodiff::all();
    assert!(operations.len() >= 10);
    for operation in operations {
        let (report, caught) = operation.caught(&target, &Options::default());
        assert!(caught, "{}: {report}", operation.name);
    }
}

#[test]
fn pytorch_agrees() {
    for dtype in [DType::F64, DType::F32] {
        let target = Target::new(Device::flex(), dtype);
        for net in pytorch::fixture().nets {
            let comparison = net.compare(&target.device, dtype);
            assert!(comparison.is_pass(), "{}: {comparison:?}", net.net);
            net.case().run(&target, &Options::default()).assert_pass();
        }
    }
}

/// The convention at the kink: ReLU'(0) = 0 and ELU'(0) = 1, for autodiff too.
#[test]
fn at_the_kink_both_gradients_follow_the_convention() {
    let at_zero = |f: Activation| {
        Case::new(format!("{f} at zero"))
            .input_values("a", [1], [0.0])
            .function(move |v| activation::forward::<1>(f, v.get("a")))
            .vjp(move |v, grad_out| {
                let a = v.get::<1>("a");
                let z = activation::forward(f, a.clone());
                Gradients::new().with("a", activation::backward(f, a, z, grad_out.get(0)))
            })
    };
    let relu = at_zero(Activation::Relu).check(&Device::flex());
    assert_eq!(relu.verdict, Verdict::Kink);
    let element = relu.worst_element.expect("one element was checked");
    assert_eq!((element.manual, element.autodiff), (Some(0.0), 0.0));

    let elu = at_zero(Activation::Elu).check(&Device::flex());
    assert_eq!(elu.worst.manual_autodiff, Some(0.0));
    let data = TensorData::new(vec![0.0], [1]);
    let a = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64));
    let slope = activation::elu::backward(a.clone(), a.ones_like());
    assert_eq!(slope.into_scalar::<f64>(), 1.0);
}
