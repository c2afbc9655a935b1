//! The graph itself: leaves, passes, threads, long chains.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;

use super::*;

fn leaf(numbers: &[f64], device: &Device) -> Tensor<1> {
    let data = TensorData::new(numbers.to_vec(), [numbers.len()]);
    Tensor::from_data(data, &device.clone().autodiff()).require_grad()
}

fn numbers<const D: usize>(tensor: Option<Tensor<D>>) -> Option<Vec<f64>> {
    tensor.map(|tensor| tensor.into_data().iter::<f64>().collect())
}

/// The message of a panic.
fn panic_message<T>(action: impl FnOnce() -> T) -> Option<String> {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).err()?;
    panic.downcast_ref::<String>().cloned()
}

/// `require_grad` keeps the node's id, and clones of a tensor have one node.
#[test]
fn leaves_of_one_tensor_are_one_node() {
    let w = Tensor::<1>::ones([2], &flex().autodiff());
    let (a, b) = (w.clone().require_grad(), w.require_grad());
    let grads = (a.clone() * 2.0 + b.clone() * 3.0).sum().backward();
    let both = [a, b].map(|leaf| numbers(leaf.grad(&grads)));
    let five = Some(vec![5.0; 2]);
    assert_eq!(both, [five.clone(), five], "right are 2 and 3");
}

#[derive(Module, Debug)]
struct Two {
    a: Param<Tensor<1>>,
    b: Param<Tensor<1>>,
}

/// The same with parameters: the first takes the gradient out, and none is left for the second.
#[test]
fn parameters_of_one_tensor_are_one_node() {
    let w = Tensor::<1>::ones([2], &flex().autodiff());
    let two = Two {
        a: Param::from_tensor(w.clone()),
        b: Param::from_tensor(w),
    };
    let grads = (two.a.val() * 2.0 + two.b.val() * 3.0).sum().backward();
    let grads = GradientsParams::from_grads(grads, &two);
    let both = [&two.a, &two.b].map(|param| numbers(grads.get::<1>(param.id)));
    assert_eq!(both, [Some(vec![5.0; 2]), None], "right are 2 and 3");
}

/// `GraphLocator::merge_two` does not enter the origin of the merged graph among the keys of the main one. When
/// that is merged too, the origin still points to the graph that is empty now.
#[test]
fn a_graph_is_lost_when_it_is_merged_twice() {
    let x = leaf(&[1.0, 2.0], &flex());
    (x.clone() * 1.0).sum().backward();
    assert_loses_its_graph(&x);
}

fn assert_loses_its_graph(x: &Tensor<1>) {
    let (p, q, r) = (x.clone() + 1.0, x.clone() * 2.0, x.clone() * 3.0);
    let (s, t) = (q.clone() * r.clone(), p * q);
    let message = panic_message(|| r.sum().backward()).expect("a panic; right is (3, 3)");
    assert!(
        message.contains("graph tape has already been consumed"),
        "{message}"
    );
    drop((s, t));
}

/// The same without passes in a row: the pass of another thread, on a leaf that both share, has come in between.
/// Whether it does is chance.
#[test]
fn a_pass_of_another_thread_loses_a_graph() {
    let x = leaf(&[1.0, 2.0], &flex());
    let shared = x.clone();
    let other = std::thread::spawn(move || drop((shared * 1.0).sum().backward()));
    other.join().expect("the other thread ends");
    assert_loses_its_graph(&x);
}

/// `from_inner` makes a tensor without the strategy of the one that was taken apart.
#[test]
fn from_inner_forgets_the_strategy() {
    let x = Tensor::<1>::ones([2], &flex().autodiff().gradient_checkpointing()).require_grad();
    let cut = Tensor::from_inner((x.clone() * 2.0).inner());
    let message = panic_message(|| cut * x).expect("a panic; right is a product");
    assert!(message.contains("strategy mismatch"), "{message}");
}

/// Summing along the first dimension. The view's dimensions of length 1 have strides that mean nothing, but
/// `reduce_dim_f32` steps by one of them, because `is_contiguous` is true.
#[test]
fn a_sum_over_a_permuted_view_reads_other_elements() {
    let numbers = [1.0, 2.0, 3.0, 4.0];
    let sum = |dtype| {
        let x = Tensor::<1>::from_data(numbers, (&flex(), dtype)).reshape([1, 2, 2, 1]);
        let view: Tensor<4> = x.slice([0..1, 0..1, 0..2, 0..1]).permute([3, 1, 2, 0]);
        view.sum_dim(0)
            .into_data()
            .iter::<f64>()
            .collect::<Vec<_>>()
    };
    assert_eq!(sum(F64), [1.0, 2.0]);
    assert_eq!(sum(F32), [1.0, 3.0], "right is (1, 2)");
}
