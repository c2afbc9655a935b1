//! Matrix products and the cross product.

use burn_gradcheck::{Case, Gradients};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    vec![matmul(), cross()]
}

fn matmul() -> Operation {
    let mut operation = Operation::new("Tensor::matmul", Family::Products, &["float_matmul"]);
    for (m, k, n) in [(3, 5, 2), (1, 1, 1), (1, 7, 1), (4, 1, 3), (1, 4, 6)] {
        operation.drawn(format!("[{m}, {k}] [{k}, {n}]"), true, |case| {
            case.input("a", [m, k])
                .input("b", [k, n])
                .tolerance(F32, tolerance_f32_of_sums())
                .function(|v| v.get::<2>("a").matmul(v.get::<2>("b")))
                .vjp(move |v, grad_out| {
                    let (a, b) = (host(v.get::<2>("a")), host(v.get::<2>("b")));
                    let grad = host(grad_out.get::<2>(0));
                    let (mut grad_a, mut grad_b) = (vec![0.0; m * k], vec![0.0; k * n]);
                    for (row, inner, column) in triples(m, k, n) {
                        let (i, j) = (row * k + inner, inner * n + column);
                        grad_a[i] += grad[row * n + column] * b[j];
                        grad_b[j] += grad[row * n + column] * a[i];
                    }
                    Gradients::new()
                        .with("a", v.tensor([m, k], &grad_a))
                        .with("b", v.tensor([k, n], &grad_b))
                })
        });
    }
    let pairs = |case: Case, a: &[usize], b: &[usize]| {
        case.input("a", a.to_vec())
            .input("b", b.to_vec())
            .tolerance(F32, tolerance_f32_of_sums())
    };
    operation.drawn("transposed [5, 3] [2, 5]".to_owned(), true, |case| {
        pairs(case, &[5, 3], &[2, 5]).function(|v| {
            v.get::<2>("a")
                .transpose()
                .matmul(v.get::<2>("b").transpose())
        })
    });
    for (a, b) in [
        ([2, 3, 4], [2, 4, 2]),
        ([1, 3, 4], [2, 4, 2]),
        ([2, 3, 4], [1, 4, 2]),
    ] {
        operation.drawn(format!("{a:?} {b:?}"), a == [1, 3, 4], |case| {
            pairs(case, &a, &b).function(|v| v.get::<3>("a").matmul(v.get::<3>("b")))
        });
    }
    for (a, b) in [
        ([2, 1, 3, 4], [1, 3, 4, 2]),
        ([2, 3, 1, 4], [2, 3, 4, 1]),
        ([1, 1, 2, 3], [2, 2, 3, 2]),
    ] {
        operation.drawn(format!("{a:?} {b:?}"), false, |case| {
            pairs(case, &a, &b).function(|v| v.get::<4>("a").matmul(v.get::<4>("b")))
        });
    }
    operation.drawn("[3, 3] with itself".to_owned(), true, |case| {
        case.input("x", [3, 3])
            .tolerance(F32, tolerance_f32_of_sums())
            .function(|v| v.get::<2>("x").matmul(v.get::<2>("x")))
    });
    operation
}

fn triples(m: usize, k: usize, n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..m * k * n).map(move |i| (i / (k * n), i / n % k, i % n))
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
