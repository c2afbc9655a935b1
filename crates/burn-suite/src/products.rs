//! Matrix products, sums of products by indices, and the cross product.

use burn::tensor::Tensor;

use crate::operation::{Family, Operation};
use crate::witness::{
    Dual, DualArray, Formula, FormulaInputs, FormulaPrecision, MemoryLayout, argument, arguments,
};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    vec![matmul(), dot(), cross(), einsum()]
}

fn product(name: &'static str) -> Operation {
    Operation::new(name, Family::Products)
}

/// Two inputs, with a formula.
fn of_two(
    a: &[usize],
    b: &[usize],
    formula: impl Fn(&DualArray, &DualArray) -> DualArray + Send + Sync + 'static,
) -> Formula {
    let inputs = arguments(&[("a", a), ("b", b)]);
    let formula = Formula::new(inputs, move |of| formula(of.get("a"), of.get("b")));
    formula.with_precision(FormulaPrecision::Summed)
}

/// Inputs without a formula.
fn unknown(inputs: &[(&str, &[usize])]) -> Formula {
    Formula::unknown(arguments(inputs)).with_precision(FormulaPrecision::Summed)
}

fn matmul() -> Operation {
    let mut operation = product("Tensor::matmul").covers(&["float_matmul"]);
    for (m, k, n) in [
        (3, 5, 2),
        (1, 1, 1),
        (1, 7, 1),
        (4, 1, 3),
        (1, 4, 6),
        (5, 2, 1),
    ] {
        operation = add_matmul(operation, [m, k], [k, n]);
    }
    for (a, b) in [
        ([2, 3, 4], [2, 4, 2]),
        ([1, 3, 4], [2, 4, 2]),
        ([2, 3, 4], [1, 4, 2]),
        ([3, 1, 4], [3, 4, 1]),
        ([2, 1, 3], [1, 3, 1]),
    ] {
        operation = add_matmul(operation, a, b).in_short_if(a == [1, 3, 4]);
    }
    for (a, b) in [
        ([2, 1, 3, 4], [1, 3, 4, 2]),
        ([2, 3, 1, 4], [2, 3, 4, 1]),
        ([1, 1, 2, 3], [2, 2, 3, 2]),
        ([2, 1, 1, 3], [1, 1, 3, 2]),
    ] {
        operation = add_matmul(operation, a, b).in_full_only();
    }
    for layout in MemoryLayout::STRIDED {
        let stored = matmul_of([3, 5], [5, 2]).stored(layout);
        operation = operation.check(format!("[3, 5] [5, 2], {layout}"), &stored, |v| {
            v.get::<2>("a").matmul(v.get("b"))
        });
    }
    let permuted = unknown(&[("a", &[3, 2, 4]), ("b", &[4, 2, 2])]);
    let square = Formula::new([argument("x", &[3, 3])], |of| {
        let x = of.get("x");
        x.linear(x, None)
    });
    operation
        .check("permuted [3, 2, 4] [4, 2, 2]", &permuted, |v| {
            let (a, b) = (v.get::<3>("a"), v.get::<3>("b"));
            a.permute([1, 0, 2]).matmul(b.permute([1, 0, 2]))
        })
        .check(
            "[3, 3] with itself",
            &square.with_precision(FormulaPrecision::Summed),
            |v| v.get::<2>("x").matmul(v.get("x")),
        )
}

/// Matrices in the last two dimensions, with the others broadcast.
fn matmul_of<const D: usize>(a: [usize; D], b: [usize; D]) -> Formula {
    let mut out: [usize; D] = std::array::from_fn(|d| a[d].max(b[d]));
    out[D - 2] = a[D - 2];
    out[D - 1] = b[D - 1];
    of_two(&a, &b, move |x, y| {
        DualArray::by_index(out, |at| {
            let term = |k: usize| {
                let mut in_a: [usize; D] = std::array::from_fn(|d| at[d].min(a[d] - 1));
                let mut in_b: [usize; D] = std::array::from_fn(|d| at[d].min(b[d] - 1));
                in_a[D - 1] = k;
                in_b[D - 2] = k;
                x.at(in_a) * y.at(in_b)
            };
            (0..a[D - 1]).map(term).sum()
        })
    })
}

fn add_matmul<const D: usize>(operation: Operation, a: [usize; D], b: [usize; D]) -> Operation {
    operation.check(format!("{a:?} {b:?}"), &matmul_of(a, b), |v| {
        v.get::<D>("a").matmul(v.get("b"))
    })
}

fn dot() -> Operation {
    let operation = product("Tensor::dot").covers(&["float_mul", "float_sum"]);
    [1, 7].into_iter().fold(operation, |operation, length| {
        let formula = of_two(&[length], &[length], |a, b| {
            let products = a.values.iter().zip(&b.values).map(|(&a, &b)| a * b);
            DualArray::scalar(products.sum::<Dual>())
        });
        operation.check(format!("[{length}]"), &formula, |v| {
            v.get::<1>("a").dot(v.get("b"))
        })
    })
}

fn cross() -> Operation {
    let mut operation = product("Tensor::cross").covers(&["float_cross"]);
    for (name, a, b, dim) in [
        ("[2, 3] along 1", [2, 3], [2, 3], 1),
        ("[3, 4] along 0", [3, 4], [3, 4], 0),
        ("[1, 3] along 1", [1, 3], [1, 3], 1),
        ("[2, 3] broadcast [1, 3]", [2, 3], [1, 3], 1),
    ] {
        operation = operation.check(name, &unknown(&[("a", &a), ("b", &b)]), move |v| {
            v.get::<2>("a").cross(v.get("b"), dim)
        });
    }
    operation
}

/// Products of elements, summed over the indices that the result does not have.
fn einsum() -> Operation {
    let mut operation = product("Tensor::einsum").covers(&[
        "float_matmul",
        "float_mul",
        "float_permute",
        "float_sum_dim",
    ]);
    type OfOne = fn(&FormulaInputs<'_>) -> Tensor<1>;
    let of_one: [(&str, &[usize], OfOne); 4] = [
        ("ij->i", &[3, 4], |v| {
            Tensor::einsum("ij->i", [v.get::<2>("a").into()])
        }),
        ("ii->i", &[3, 3], |v| {
            Tensor::einsum("ii->i", [v.get::<2>("a").into()])
        }),
        ("ii->", &[3, 3], |v| {
            Tensor::einsum("ii->", [v.get::<2>("a").into()])
        }),
        ("iij->j", &[2, 2, 3], |v| {
            Tensor::einsum("iij->j", [v.get::<3>("a").into()])
        }),
    ];
    for (equation, shape, function) in of_one {
        operation = operation.check(equation, &unknown(&[("a", shape)]), function);
    }
    type OfTwo = fn(&FormulaInputs<'_>) -> Tensor<3>;
    let of_two: [(&str, &[usize], &[usize], OfTwo); 7] = [
        ("ij,jk->ik", &[3, 4], &[4, 2], |v| {
            let operands = [v.get::<2>("a").into(), v.get::<2>("b").into()];
            Tensor::<2>::einsum("ij,jk->ik", operands).unsqueeze()
        }),
        ("i,j->ij", &[3], &[4], |v| {
            let operands = [v.get::<1>("a").into(), v.get::<1>("b").into()];
            Tensor::<2>::einsum("i,j->ij", operands).unsqueeze()
        }),
        ("i,i->", &[5], &[5], |v| {
            let operands = [v.get::<1>("a").into(), v.get::<1>("b").into()];
            Tensor::<1>::einsum("i,i->", operands).unsqueeze()
        }),
        ("...ij,...jk->...ik", &[2, 3, 4], &[4, 2], |v| {
            let operands = [v.get::<3>("a").into(), v.get::<2>("b").into()];
            Tensor::einsum("...ij,...jk->...ik", operands)
        }),
        ("bij,bkj->ibk", &[2, 3, 4], &[2, 5, 4], |v| {
            let operands = [v.get::<3>("a").into(), v.get::<3>("b").into()];
            Tensor::einsum("bij,bkj->ibk", operands)
        }),
        ("ii,ij->j", &[3, 3], &[3, 2], |v| {
            let operands = [v.get::<2>("a").into(), v.get::<2>("b").into()];
            Tensor::<1>::einsum("ii,ij->j", operands).unsqueeze()
        }),
        ("ij,jk,kl->il, the first again", &[3, 2], &[2, 3], |v| {
            let a = || v.get::<2>("a").into();
            let operands = [a(), v.get::<2>("b").into(), a()];
            Tensor::<2>::einsum("ij,jk,kl->il", operands).unsqueeze()
        }),
    ];
    for (equation, a, b, function) in of_two {
        operation = operation
            .check(equation, &unknown(&[("a", a), ("b", b)]), function)
            .in_short_if(equation.contains("..."));
    }
    operation
}
