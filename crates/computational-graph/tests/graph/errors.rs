//! Mistakes in building and using a graph: one clear message each.

use crate::common::{number, tensor};
use burn::tensor::{Device, Tensor};
use computational_graph::{GraphBuilder, GraphError};
use manual_backprop::Reduction;

fn message<T: std::fmt::Debug>(result: Result<T, GraphError>) -> String {
    result.expect_err("it must be refused").to_string()
}

#[test]
fn names_must_be_new_and_visible() {
    let mut graph = GraphBuilder::new();
    let x = graph.input("x", number(1.0)).expect("a new name");
    assert_eq!(
        message(graph.parameter("x", number(1.0))),
        "there already is a node `x`; give each node its own name"
    );
    assert!(message(graph.sum("x", x)).contains("already"));
    for name in ["", " ", "a\nb", "\u{0}", "\u{ffff}"] {
        assert!(message(graph.sum(name, x)).contains("is empty or has control characters"));
    }
}

#[test]
fn a_node_of_another_graph_is_refused() {
    let mut one = GraphBuilder::new();
    let mut other = GraphBuilder::new();
    let x = one.input("x", number(1.0)).expect("a new name");
    let y = other.input("y", number(1.0)).expect("a new name");
    assert_eq!(
        message(one.add("z", x, y)),
        "an operand of `z` is a node of another graph; pass nodes of this builder"
    );
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut graph = GraphBuilder::new();
    let x = graph
        .input("x", tensor([4, 2], &[0.0; 8]))
        .expect("a new name");
    let w = graph
        .parameter("w", tensor([3, 2], &[0.0; 6]))
        .expect("a new name");
    assert_eq!(
        message(graph.matmul("z", x, w)),
        "`z = x·w` needs as many columns on the left as rows on the right, got 4×2 and 3×2; \
         change the operands' shapes"
    );
    for refused in [
        graph.add_bias("z", x, w),
        graph.add_bias_to_columns("z", x, w),
        graph.add("z", x, w),
        graph.subtract("z", x, w),
        graph.multiply("z", x, w),
        graph.half_squared_error("z", x, w, Reduction::Sum),
        graph.cross_entropy("z", x, w, Reduction::Sum),
        graph.softmax_cross_entropy("z", x, w, Reduction::Sum),
    ] {
        assert!(message(refused).contains("got 4×2 and 3×2"));
    }
    graph
        .softmax("z", x)
        .expect("the refused nodes have no effect");
}

#[test]
fn targets_are_data() {
    let mut graph = GraphBuilder::new();
    let yp = graph.parameter("yp", number(1.0)).expect("a new name");
    let y = graph.parameter("y", number(1.0)).expect("a new name");
    let refused = graph.half_squared_error("loss", yp, y, Reduction::Sum);
    assert!(message(refused).contains("the targets `y` of `loss` depend on a parameter"));
}

#[test]
fn leaves_have_elements_and_one_dtype() {
    let mut graph = GraphBuilder::new();
    graph.input("x", number(1.0)).expect("a new name");
    let empty = Tensor::<2>::zeros([0, 3], &Device::flex());
    assert_eq!(
        message(graph.input("y", empty)),
        "the value of `y` must be a matrix with elements, got 0×3; convert it first"
    );
    let single = Tensor::<2>::zeros([1, 1], &Device::flex());
    assert_eq!(
        message(graph.input("y", single)),
        "the value of `y` must be F64 like the previous leaves, got F32; convert it first"
    );
}

#[test]
fn requests_that_cannot_be_served_say_why() {
    let mut graph = GraphBuilder::new();
    let x = graph
        .input("x", tensor([1, 2], &[1.0, 2.0]))
        .expect("a new name");
    let w = graph
        .parameter("w", tensor([1, 2], &[3.0, 4.0]))
        .expect("a new name");
    graph.multiply("z", x, w).expect("it fits");
    graph.sum("data", x).expect("it fits");
    let mut graph = graph.build();
    assert_eq!(
        message(graph.value("loss")),
        "there is no node `loss`, expected one of x, w, z, data"
    );
    assert!(message(graph.backward("data")).contains("no value yet"));
    graph.forward();
    assert!(message(graph.backward("z")).contains("has the shape 1×2, expected 1×1"));
    assert!(message(graph.backward("data")).contains("depends on no parameter"));
    assert!(message(graph.backward("loss")).contains("no node `loss`"));
    assert!(message(graph.set_value("z", number(1.0))).contains("is an operation"));
    assert_eq!(
        message(graph.set_value("w", number(1.0))),
        "the value of `w` must be 1×2 of F64, got 1×1 of F64; convert it first"
    );
    assert!(graph.value("z").is_ok(), "a refused value changes nothing");
}
