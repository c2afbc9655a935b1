//! Checks in one line, with the tensors and models that one has; and input that can't be checked.

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Int, Tensor};
use burn_gradcheck::{
    Case, Fixed, Gradcheck, Gradients, Options, Verdict, Witness, gradcheck, gradcheck_model,
    gradcheck_step,
};

use crate::device;

fn f64s<const D: usize>(shape: [usize; D], first: f64) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..count).map(|i| first + 0.3 * (i as f64).sin()).collect();
    let data = burn::tensor::TensorData::new(values, shape);
    Tensor::from_data(data, (&device(), DType::F64))
}

#[test]
fn tensors_come_alone_in_arrays_and_in_tuples() {
    let (x, w, b) = (f64s([3, 4], 0.5), f64s([4, 2], -0.2), f64s([2], 0.1));
    assert!(gradcheck(|x: Tensor<2>| x.exp(), x.clone()).is_pass());
    let product = |[x, w]: [Tensor<2>; 2]| x.matmul(w);
    assert!(gradcheck(product, [x.clone(), w.clone()]).is_pass());
    let layer = |(x, w, b): (Tensor<2>, Tensor<2>, Tensor<1>)| x.matmul(w) + b.unsqueeze();
    let report = gradcheck(layer, (x, w, b));
    report.assert_pass();
    assert_eq!((report.checked, report.dtype.as_str()), (22, "f64"));
}

#[test]
fn tensors_of_integers_and_fixed_tensors_are_passed_on() {
    let table = f64s([5, 3], 0.5);
    let rows = Tensor::<1, Int>::from_data([4, 0, 4], &device());
    let select = |(table, rows, Fixed(scale)): (Tensor<2>, Tensor<1, Int>, Fixed<Tensor<2>>)| {
        table.select(0, rows) * scale
    };
    let report = gradcheck(select, (table, rows.clone(), Fixed(f64s([3, 3], 1.0))));
    report.assert_pass();
    assert_eq!(report.checked, 15);
    let nothing = gradcheck(|rows: Tensor<1, Int>| rows.float(), rows);
    assert!(
        matches!(nothing.verdict, Verdict::Invalid { .. }),
        "{nothing}"
    );
}

#[test]
fn a_tensor_in_f32_is_checked_in_f32() {
    let x = Tensor::<1>::from_data([0.5_f32, -1.0, 2.0], (&device(), DType::F32));
    let report = gradcheck(|x: Tensor<1>| x.tanh(), x.clone());
    report.assert_pass();
    assert_eq!(
        (report.dtype.as_str(), report.finite.dtype.as_str()),
        ("f32", "f64")
    );
    let alone = Gradcheck::new(|x: Tensor<1>| x.tanh(), x).alone().run();
    alone.assert_pass();
    assert_eq!(alone.finite.dtype, "f32");
}

fn loss(model: &Linear, (x, y): (Tensor<2>, Tensor<2>)) -> Tensor<1> {
    (model.forward(x).tanh() - y).square().mean()
}

#[test]
fn a_model_is_checked_with_its_loss_and_a_batch() {
    let model = LinearConfig::new(4, 2).init(&device());
    let batch = (f64s([3, 4], 0.5), f64s([3, 2], 0.0));
    let report = gradcheck_model(model.clone(), loss, batch.clone());
    report.assert_pass();
    let names: Vec<&str> = report.inputs.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["x0", "x1", "weight", "bias"]);
    let cut = |model: &Linear, (x, y): (Tensor<2>, Tensor<2>)| {
        (x.matmul(model.weight.val().detach()) - y).square().mean()
    };
    let severed = gradcheck_model(
        LinearConfig::new(4, 2).with_bias(false).init(&device()),
        cut,
        batch,
    );
    assert_eq!(severed.verdict.name(), "severed", "{severed}");
}

#[test]
fn the_gradient_of_a_training_step_is_read_from_the_parameters() {
    use burn::optim::{GradientsParams, SgdConfig};
    let model = LinearConfig::new(4, 2).init(&device());
    let batch = (f64s([3, 4], 0.5), f64s([3, 2], 0.0));
    let step = |factor: f64| {
        move |model: Linear, batch: (Tensor<2>, Tensor<2>)| {
            let gradients = (loss(&model, batch) * factor).backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            SgdConfig::new().init().step(0.25, model, gradients)
        }
    };
    gradcheck_step(model.clone(), loss, step(1.0), 0.25, batch.clone()).assert_pass();
    let report = gradcheck_step(model, loss, step(1.5), 0.25, batch);
    assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
}

#[test]
fn options_are_those_that_one_knows() {
    let x = f64s([4], 0.5);
    let rough = |x: Tensor<1>| {
        let y = x.clone().sin();
        y + (x.clone() - x.detach()) * 1e-4
    };
    assert!(!gradcheck(rough, x.clone()).is_pass());
    let options = Options::default().eps(1e-3).atol(1e-5).rtol(1e-2);
    Gradcheck::new(rough, x)
        .options(options)
        .run()
        .assert_pass();
}

#[test]
fn what_cannot_be_checked_says_why_and_what_to_change() {
    let no_function = Case::new("empty").input("x", [2]).check(&device());
    assert!(
        no_function.to_string().contains("Case::function"),
        "{no_function}"
    );
    let wrong_rank = Case::new("rank")
        .input("x", [2, 3])
        .function(|v| v.get::<1>("x"));
    let report = wrong_rank.check(&device());
    assert!(
        report.to_string().contains("ask for it as get::<2>"),
        "{report}"
    );
    let unknown = Case::new("name")
        .input("x", [2])
        .function(|v| v.get::<1>("y"));
    let report = unknown.check(&device());
    assert!(
        report.to_string().contains("use one of [\"x\"]"),
        "{report}"
    );
    assert!(!report.to_string().contains("Values::tensor"), "{report}");
    let panics = Case::new("panics")
        .input("x", [2])
        .function(|v| -> Tensor<1> { panic!("no {}", v.get::<1>("x").dims()[0]) });
    let report = panics.check(&device());
    assert!(
        report.to_string().contains("PANIC in the function: no 2"),
        "{report}"
    );
    assert!(!report.to_string().contains("Values::tensor"), "{report}");
    let misspelt = crate::layer().vjp(|v, _| Gradients::new().with("weight", v.get::<2>("w")));
    let text = misspelt.check(&device()).to_string();
    assert!(
        text.contains("a gradient for `weight`") && text.contains("\"w\""),
        "{text}"
    );
    let f32_inside = Case::new("another type").input("x", [2]).function(|v| {
        v.get::<1>("x") + Tensor::<1>::from_data([1.0, 2.0], (&Device::flex(), DType::F32))
    });
    let report = f32_inside.check(&device());
    assert!(report.to_string().contains("Values::tensor"), "{report}");
    assert_eq!(report.verdict.odd(), Some(Witness::Function));
    for report in [no_function, report] {
        assert!(report.verdict.is_failure() && !report.is_pass());
    }
}

#[test]
fn a_report_fits_a_screen() {
    let long = "a very long message ".repeat(200);
    let panics = Case::new("long")
        .input("x", [2])
        .function(move |_| -> Tensor<1> { panic!("{long}") });
    let wrong = crate::layer().map_vjp(|g| g.map("w", |g: Tensor<2>| -g));
    for report in [panics.check(&device()), wrong.check(&device())] {
        let text = report.to_string();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.chars().count() <= 24 * 100, "{text}");
    }
}
