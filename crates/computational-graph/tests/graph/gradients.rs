//! The gradients of graphs: those of `manual-backprop` to the last bit, and the lecture's numbers.

use crate::common::{gradient, number, one_number, some, targets, tensor, values};
use burn::tensor::Tensor;
use computational_graph::{Graph, GraphBuilder, GraphError, nets};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::{general, mnist, scalar, xor};

fn bits(tensor: Tensor<2>) -> (Vec<usize>, Vec<u64>) {
    let shape = tensor.dims().to_vec();
    (
        shape,
        values(tensor).into_iter().map(f64::to_bits).collect(),
    )
}

/// Every value and gradient of a graph equals that of the same name to the last bit.
fn assert_same(
    graph: &Graph,
    forward: Vec<(String, Tensor<2>)>,
    gradients: Vec<(String, Tensor<2>)>,
) {
    for (name, expected) in forward {
        let value = graph.value(&name).expect("the node has a value");
        assert_eq!(bits(value), bits(expected), "{name}");
    }
    for (name, expected) in gradients {
        let node = name.strip_prefix("grad_").expect("a gradient's name");
        let gradient = graph.gradient(node).expect("the node exists");
        let gradient = gradient.unwrap_or_else(|| panic!("{node} has no gradient"));
        assert_eq!(bits(gradient), bits(expected), "{name}");
    }
}

fn evaluated(mut graph: Graph, output: &str) -> Graph {
    graph.forward();
    graph.backward(output).expect("the output is a number");
    graph
}

#[test]
fn the_scalar_net_equals_the_manual_one() {
    let p = crate::common::scalar_parameters();
    let (x, y) = (tensor([1], &[1.5]), tensor([1], &[1.0]));
    let graph = nets::scalar(&p, x.clone(), y.clone()).expect("the sizes fit");
    let forward = scalar::forward(&p, x.clone(), y.clone());
    let gradients = scalar::backward(&p, x, y, &forward);
    assert_same(
        &evaluated(graph, "loss"),
        forward.named(),
        gradients.named(),
    );
}

#[test]
fn the_general_net_equals_the_manual_one() {
    for f in Activation::ALL {
        for [batch, d_in, hidden, d_out] in [[7, 5, 4, 3], [1, 1, 1, 1], [4, 4, 4, 4], [1, 3, 5, 2]]
        {
            let p = crate::common::parameters(d_in, hidden, d_out);
            let (x, y) = (some([batch, d_in], 0.1), some([batch, d_out], 0.9));
            let graph = nets::general(f, &p, x.clone(), y.clone()).expect("the sizes fit");
            let forward = general::forward(f, &p, x.clone(), y.clone());
            let gradients = general::backward(f, &p, x, y, &forward);
            assert_same(
                &evaluated(graph, "loss"),
                forward.named(),
                gradients.named(),
            );
        }
    }
}

#[test]
fn the_xor_net_equals_the_manual_one() {
    for f in Activation::ALL {
        for [batch, d_in, hidden, d_out] in [[4, 2, 3, 1], [1, 1, 1, 1], [6, 5, 4, 3], [3, 1, 2, 5]]
        {
            let p = crate::common::parameters(d_in, hidden, d_out);
            let (x, y) = (some([batch, d_in], 0.1), some([batch, d_out], 0.9));
            let graph = nets::xor(f, &p, x.clone(), y.clone()).expect("the sizes fit");
            let forward = xor::forward(f, &p, x.clone(), y.clone());
            let gradients = xor::backward(f, &p, x, y, &forward);
            assert_same(
                &evaluated(graph, "loss"),
                forward.named(),
                gradients.named(),
            );
        }
    }
}

#[test]
fn the_mnist_net_equals_the_manual_one() {
    let shapes: [&[usize]; 4] = [
        &[8, 784, 32, 16, 10],
        &[5, 7, 3],
        &[1, 4, 3, 2],
        &[3, 2, 5, 4, 3, 6],
    ];
    for f in Activation::ALL {
        for (shape, reduction) in shapes
            .into_iter()
            .zip([Reduction::Mean, Reduction::Sum].repeat(2))
        {
            let (batch, sizes) = (shape[0], &shape[1..]);
            let layers = crate::common::layers(sizes);
            let (x, y) = (
                some([batch, sizes[0]], 0.3),
                targets(batch, sizes[sizes.len() - 1]),
            );
            let graph = nets::mnist(f, &layers, x.clone(), y.clone(), reduction);
            let forward = mnist::forward(f, &layers, x.clone(), y.clone(), reduction);
            let gradients = mnist::backward(f, &layers, x, y, reduction, &forward);

            let last = format!("a{}", layers.len());
            let mut values = forward.named();
            values.retain(|(name, _)| *name != last);
            let gradients = (1..).zip(&gradients).flat_map(|(l, layer)| layer.named(l));
            let gradients = gradients.filter(|(name, _)| *name != format!("grad_{last}"));
            let graph = evaluated(graph.expect("the sizes fit"), "loss");
            assert_same(&graph, values, gradients.collect());
        }
    }
}

#[test]
fn the_function_of_four_variables_has_the_lectures_numbers() {
    let f = nets::four_variables(tensor([4], &[3.0, -1.0, 0.0, 1.0]));
    let f = evaluated(f.expect("four numbers"), "f");
    assert_eq!(one_number(&f, "f"), 215.0);
    for (name, expected) in [("x1", 306.0), ("x2", -144.0), ("x3", -18.0), ("x4", -310.0)] {
        assert_eq!(gradient(&f, name), Some(vec![expected]), "{name}");
    }
}

#[test]
fn the_composition_has_the_lectures_numbers() {
    let f = evaluated(
        nets::composition(tensor([2], &[1.0, -1.0])).expect("two numbers"),
        "f",
    );
    assert_eq!(one_number(&f, "f"), 390.0);
    let expected = [
        ("x1", 344.0),
        ("x2", 348.0),
        ("x3", 226.0),
        ("x4", -330.0),
        ("z1", 710.0),
        ("z2", -1126.0),
    ];
    for (name, expected) in expected {
        assert_eq!(gradient(&f, name), Some(vec![expected]), "{name}");
    }
}

#[test]
fn softmax_and_cross_entropy_apart_equal_the_two_in_one() {
    let (z, y) = (some([3, 4], 0.7), targets(3, 4));
    let mut apart = GraphBuilder::new();
    let logits = apart.parameter("z", z.clone()).expect("a new name");
    let yp = apart.softmax("yp", logits).expect("it fits");
    let t = apart.input("y", y.clone()).expect("a new name");
    apart
        .cross_entropy("loss", yp, t, Reduction::Mean)
        .expect("it fits");
    let mut fused = GraphBuilder::new();
    let logits = fused.parameter("z", z).expect("a new name");
    let t = fused.input("y", y).expect("a new name");
    fused
        .softmax_cross_entropy("loss", logits, t, Reduction::Mean)
        .expect("it fits");
    let (apart, fused) = (
        evaluated(apart.build(), "loss"),
        evaluated(fused.build(), "loss"),
    );
    assert!((one_number(&apart, "loss") - one_number(&fused, "loss")).abs() < 1e-15);
    let pairs = gradient(&apart, "z").into_iter().zip(gradient(&fused, "z"));
    for (apart, fused) in pairs.flat_map(|(a, b)| a.into_iter().zip(b)) {
        assert!((apart - fused).abs() < 1e-15, "{apart} {fused}");
    }
    assert_eq!(gradient(&apart, "y"), None);
}

#[test]
fn a_value_used_twice_and_three_times_and_by_both_operands_accumulates() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", number(3.0))?;
    let both = graph.multiply("both", x, x)?; // x²
    let again = graph.add("again", both, x)?; // x² + x
    graph.multiply("f", again, x)?; // x³ + x²
    let graph = evaluated(graph.build(), "f");
    assert_eq!(one_number(&graph, "f"), 36.0);
    assert_eq!(gradient(&graph, "x"), Some(vec![33.0])); // 3x² + 2x

    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", number(3.0))?;
    graph.subtract("f", x, x)?;
    assert_eq!(
        gradient(&evaluated(graph.build(), "f"), "x"),
        Some(vec![0.0])
    );

    let mut graph = GraphBuilder::new();
    let a = graph.parameter("a", tensor([2, 2], &[1.0, 2.0, 3.0, 4.0]))?;
    let square = graph.matmul("square", a, a)?;
    graph.sum("f", square)?;
    let graph = evaluated(graph.build(), "f");
    // 1·aᵀ + aᵀ·1, with 1 all ones
    assert_eq!(gradient(&graph, "a"), Some(vec![7.0, 11.0, 9.0, 13.0]));
    Ok(())
}

#[test]
fn a_diamond_with_arms_of_unequal_length_is_done_in_order() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", number(2.0))?;
    let s = graph.power("s", x, 2)?;
    let short = graph.scale("short", s, 3.0)?;
    let long = graph.power("long", s, 3)?;
    let longer = graph.scale("longer", long, 0.5)?;
    graph.add("f", longer, short)?; // x⁶/2 + 3x²
    let graph = evaluated(graph.build(), "f");
    assert_eq!(gradient(&graph, "s"), Some(vec![27.0])); // 3s²/2 + 3
    assert_eq!(gradient(&graph, "x"), Some(vec![108.0])); // 3x⁵ + 6x
    Ok(())
}

#[test]
fn what_the_output_does_not_depend_on_has_no_gradient() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", number(2.0))?;
    let data = graph.input("data", number(5.0))?;
    let unused = graph.parameter("unused", number(7.0))?;
    let f = graph.multiply("f", x, data)?;
    graph.add("later", f, unused)?;
    let mut graph = evaluated(graph.build(), "f");
    assert_eq!(gradient(&graph, "x"), Some(vec![5.0]));
    for name in ["data", "unused", "later"] {
        assert_eq!(gradient(&graph, name), None, "{name}");
    }
    graph.backward("later")?;
    assert_eq!(gradient(&graph, "unused"), Some(vec![1.0]));
    assert_eq!(
        gradient(&graph, "x"),
        Some(vec![5.0]),
        "not added to the last pass's"
    );
    Ok(())
}

#[test]
fn a_vector_jacobian_product_starts_from_a_given_gradient() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", tensor([1, 3], &[1.0, 2.0, 3.0]))?;
    graph.power("z", x, 2)?;
    let mut graph = graph.build();
    graph.forward();
    graph.backward_from("z", tensor([1, 3], &[1.0, 10.0, 100.0]))?;
    assert_eq!(gradient(&graph, "x"), Some(vec![2.0, 40.0, 600.0]));
    let refused = graph
        .backward_from("z", number(1.0))
        .expect_err("another shape");
    assert!(refused.to_string().contains("1×3"), "{refused}");
    Ok(())
}

#[test]
fn both_forms_of_the_bias_sum_over_their_own_axis() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", tensor([2, 3], &[0.0; 6]))?;
    let row = graph.parameter("row", tensor([1, 3], &[1.0, 2.0, 3.0]))?;
    let column = graph.parameter("column", tensor([2, 1], &[10.0, 20.0]))?;
    let z = graph.add_bias("z", x, row)?;
    graph.add_bias_to_columns("f", z, column)?;
    let mut graph = graph.build();
    graph.forward();
    assert_eq!(
        values(graph.value("f")?),
        [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]
    );
    graph.backward_from("f", tensor([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
    assert_eq!(gradient(&graph, "row"), Some(vec![5.0, 7.0, 9.0]));
    assert_eq!(gradient(&graph, "column"), Some(vec![6.0, 15.0]));
    assert_eq!(
        graph.node("column")?.gradient().map(Tensor::dims),
        Some([2, 1])
    );
    Ok(())
}

#[test]
fn a_new_value_drops_what_depended_on_the_old_one() -> Result<(), GraphError> {
    let f = nets::four_variables(tensor([4], &[3.0, -1.0, 0.0, 1.0]))?;
    let mut f = evaluated(f, "f");
    f.set_value("x1", number(1.0))?;
    assert_eq!(gradient(&f, "x2"), None);
    let refused = f.value("f").expect_err("not evaluated again");
    assert_eq!(
        refused.to_string(),
        "`f` has no value yet; call `forward` first"
    );
    let refused = f.backward("f").expect_err("not evaluated again");
    assert_eq!(
        refused,
        GraphError::NotEvaluated {
            name: "f".to_owned()
        }
    );
    let f = evaluated(f, "f");
    assert_eq!(one_number(&f, "f"), 81.0 + 5.0 + 1.0);
    assert_eq!(gradient(&f, "x1"), Some(vec![-18.0]));
    Ok(())
}
