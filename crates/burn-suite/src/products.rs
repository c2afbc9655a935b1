//! Matrix products, sums of products by indices, and the cross product.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Values};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    vec![matmul(), dot(), cross(), einsum()]
}

fn matmul() -> Operation {
    let mut operation = Operation::new("Tensor::matmul", Family::Products, &["float_matmul"]);
    for (m, k, n) in [
        (3, 5, 2),
        (1, 1, 1),
        (1, 7, 1),
        (4, 1, 3),
        (1, 4, 6),
        (5, 2, 1),
    ] {
        add_matmul(&mut operation, [m, k], [k, n], true);
    }
    for (a, b) in [
        ([2, 3, 4], [2, 4, 2]),
        ([1, 3, 4], [2, 4, 2]),
        ([2, 3, 4], [1, 4, 2]),
        ([3, 1, 4], [3, 4, 1]),
        ([2, 1, 3], [1, 3, 1]),
    ] {
        add_matmul(&mut operation, a, b, a == [1, 3, 4]);
    }
    for (a, b) in [
        ([2, 1, 3, 4], [1, 3, 4, 2]),
        ([2, 3, 1, 4], [2, 3, 4, 1]),
        ([1, 1, 2, 3], [2, 2, 3, 2]),
        ([2, 1, 1, 3], [1, 1, 3, 2]),
    ] {
        add_matmul(&mut operation, a, b, false);
    }
    let mut arranged = |name: &str, a: Vec<usize>, b: Vec<usize>, function: Pair| {
        operation.drawn(name.to_owned(), true, |case| {
            inputs(case, a, b).function(function)
        });
    };
    arranged("transposed [5, 3] [2, 5]", vec![5, 3], vec![2, 5], |v| {
        let (a, b) = (v.get::<2>("a"), v.get::<2>("b"));
        a.transpose().matmul(b.transpose()).unsqueeze()
    });
    arranged("sliced [4, 5] [5, 4]", vec![4, 5], vec![5, 4], |v| {
        let (a, b) = (v.get::<2>("a"), v.get::<2>("b"));
        let (a, b) = (a.slice([1..3, 1..4]), b.slice([0..3, 2..4]));
        a.matmul(b).unsqueeze()
    });
    arranged("expanded [1, 3] [3, 1]", vec![1, 3], vec![3, 1], |v| {
        let (a, b) = (v.get::<2>("a"), v.get::<2>("b"));
        a.expand([2, 3]).matmul(b.expand([3, 4])).unsqueeze()
    });
    arranged(
        "permuted [3, 2, 4] [4, 2, 2]",
        vec![3, 2, 4],
        vec![4, 2, 2],
        |v| {
            let (a, b) = (v.get::<3>("a"), v.get::<3>("b"));
            a.permute([1, 0, 2]).matmul(b.permute([1, 0, 2]))
        },
    );
    operation.drawn("[3, 3] with itself".to_owned(), true, |case| {
        case.input("x", [3, 3])
            .tolerance(F32, tolerance_f32_of_sums())
            .function(|v| v.get::<2>("x").matmul(v.get::<2>("x")))
    });
    operation
}

/// A function of `a` and `b`.
type Pair = fn(&Values) -> Tensor<3>;

fn inputs(case: Case, a: Vec<usize>, b: Vec<usize>) -> Case {
    case.input("a", a)
        .input("b", b)
        .tolerance(F32, tolerance_f32_of_sums())
}

/// Matrices in the last two dimensions; where one factor has fewer in the others, it is used again.
fn add_matmul<const D: usize>(
    operation: &mut Operation,
    shape_a: [usize; D],
    shape_b: [usize; D],
    in_short: bool,
) {
    let name = format!("{shape_a:?} {shape_b:?}");
    operation.drawn(name, in_short, |case| {
        inputs(case, shape_a.to_vec(), shape_b.to_vec())
            .function(|v| v.get::<D>("a").matmul(v.get::<D>("b")))
            .vjp(move |v, grad_out| {
                let (a, b) = (host(v.get::<D>("a")), host(v.get::<D>("b")));
                let grad = host(grad_out.get::<D>(0));
                let (m, k, n) = (shape_a[D - 2], shape_a[D - 1], shape_b[D - 1]);
                let (mut grad_a, mut grad_b) = (vec![0.0; a.len()], vec![0.0; b.len()]);
                for batch in 0..grad.len() / (m * n) {
                    let of_a = batch_of(batch, &shape_a, &shape_b) * m * k;
                    let of_b = batch_of(batch, &shape_b, &shape_a) * k * n;
                    for (row, inner, column) in triples(m, k, n) {
                        let (i, j) = (of_a + row * k + inner, of_b + inner * n + column);
                        let grad = grad[(batch * m + row) * n + column];
                        grad_a[i] += grad * b[j];
                        grad_b[j] += grad * a[i];
                    }
                }
                Gradients::new()
                    .with("a", v.tensor(shape_a, &grad_a))
                    .with("b", v.tensor(shape_b, &grad_b))
            })
    });
}

fn triples(m: usize, k: usize, n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..m * k * n).map(move |i| (i / (k * n), i / n % k, i % n))
}

/// The number of the matrix in one factor that a matrix of the product comes from.
fn batch_of(mut batch: usize, own: &[usize], other: &[usize]) -> usize {
    let (mut number, mut stride) = (0, 1);
    for d in (0..own.len() - 2).rev() {
        let length = own[d].max(other[d]);
        number += batch % length % own[d] * stride;
        stride *= own[d];
        batch /= length;
    }
    number
}

fn dot() -> Operation {
    let covers = &["float_mul", "float_sum"];
    let mut operation = Operation::new("Tensor::dot", Family::Products, covers);
    for length in [1, 7] {
        operation.drawn(format!("[{length}]"), true, |case| {
            inputs(case, vec![length], vec![length])
                .function(|v| v.get::<1>("a").dot(v.get::<1>("b")))
                .vjp(move |v, grad_out| {
                    let grad = host(grad_out.get::<1>(0))[0];
                    let by = |other| {
                        host(v.get::<1>(other))
                            .into_iter()
                            .map(|x| x * grad)
                            .collect()
                    };
                    let (grad_a, grad_b): (Vec<f64>, Vec<f64>) = (by("b"), by("a"));
                    Gradients::new()
                        .with("a", v.tensor([length], &grad_a))
                        .with("b", v.tensor([length], &grad_b))
                })
        });
    }
    operation
}

fn cross() -> Operation {
    let mut operation = Operation::new("Tensor::cross", Family::Products, &["float_cross"]);
    for (a, b, dim) in [
        ([2, 3], [2, 3], 1),
        ([3, 4], [3, 4], 0),
        ([1, 3], [1, 3], 1),
    ] {
        operation.drawn(format!("{a:?} along {dim}"), true, |case| {
            case.input("a", a)
                .input("b", b)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| v.get::<2>("a").cross(v.get::<2>("b"), dim))
        });
    }
    operation.drawn("[2, 3] broadcast [1, 3]".to_owned(), true, |case| {
        case.input("a", [2, 3])
            .input("b", [1, 3])
            .tolerance(F32, tolerance_f32_of_sums())
            .function(|v| v.get::<2>("a").cross(v.get::<2>("b"), 1))
    });
    operation
}

/// Products of elements, summed over the indices that the result does not have.
fn einsum() -> Operation {
    let covers = &[
        "float_matmul",
        "float_mul",
        "float_permute",
        "float_sum_dim",
    ];
    let mut operation = Operation::new("Tensor::einsum", Family::Products, covers);
    let mut one = |equation: &'static str, shape: &[usize], function: fn(&Values) -> Tensor<1>| {
        operation.drawn(equation.to_owned(), true, |case| {
            case.input("a", shape)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(function)
        });
    };
    one("ij->i", &[3, 4], |v| {
        Tensor::einsum("ij->i", [v.get::<2>("a").into()])
    });
    one("ii->i", &[3, 3], |v| {
        Tensor::einsum("ii->i", [v.get::<2>("a").into()])
    });
    one("ii->", &[3, 3], |v| {
        Tensor::einsum("ii->", [v.get::<2>("a").into()])
    });
    one("iij->j", &[2, 2, 3], |v| {
        Tensor::einsum("iij->j", [v.get::<3>("a").into()])
    });
    let mut two = |equation: &'static str, a: &[usize], b: &[usize], function: Pair| {
        let in_short = equation.contains("...");
        operation.drawn(equation.to_owned(), in_short, |case| {
            inputs(case, a.to_vec(), b.to_vec()).function(function)
        });
    };
    two("ij,jk->ik", &[3, 4], &[4, 2], |v| {
        let operands = [v.get::<2>("a").into(), v.get::<2>("b").into()];
        Tensor::<2>::einsum("ij,jk->ik", operands).unsqueeze()
    });
    two("i,j->ij", &[3], &[4], |v| {
        let operands = [v.get::<1>("a").into(), v.get::<1>("b").into()];
        Tensor::<2>::einsum("i,j->ij", operands).unsqueeze()
    });
    two("i,i->", &[5], &[5], |v| {
        let operands = [v.get::<1>("a").into(), v.get::<1>("b").into()];
        Tensor::<1>::einsum("i,i->", operands).unsqueeze()
    });
    two("...ij,...jk->...ik", &[2, 3, 4], &[4, 2], |v| {
        let operands = [v.get::<3>("a").into(), v.get::<2>("b").into()];
        Tensor::einsum("...ij,...jk->...ik", operands)
    });
    two("bij,bkj->ibk", &[2, 3, 4], &[2, 5, 4], |v| {
        let operands = [v.get::<3>("a").into(), v.get::<3>("b").into()];
        Tensor::einsum("bij,bkj->ibk", operands)
    });
    two("ii,ij->j", &[3, 3], &[3, 2], |v| {
        let operands = [v.get::<2>("a").into(), v.get::<2>("b").into()];
        Tensor::<1>::einsum("ii,ij->j", operands).unsqueeze()
    });
    two("ij,jk,kl->il, the first again", &[3, 2], &[2, 3], |v| {
        let a = || v.get::<2>("a").into();
        let operands = [a(), v.get::<2>("b").into(), a()];
        Tensor::<2>::einsum("ij,jk,kl->il", operands).unsqueeze()
    });
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_with_fewer_matrices_is_used_again() {
        let numbers =
            |own: [usize; 4], other: [usize; 4]| (0..6).map(move |n| batch_of(n, &own, &other));
        let (wide, narrow) = ([2, 3, 1, 1], [1, 3, 1, 1]);
        assert!(numbers(wide, narrow).eq([0, 1, 2, 3, 4, 5]));
        assert!(numbers(narrow, wide).eq([0, 1, 2, 0, 1, 2]));
        assert!(numbers([2, 1, 1, 1], narrow).eq([0, 0, 0, 1, 1, 1]));
    }
}
