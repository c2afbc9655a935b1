//! Linear layers, embeddings, and the identity.

use burn::module::{Param, ParamId};
use burn::nn::{EmbeddingConfig, Identity, Linear, LinearConfig, LinearLayout};
use burn::tensor::Tensor;

use crate::operation::{Operation, layer};
use crate::witness::{DualArray, Formula, MemoryLayout, argument, parameter};

pub(super) fn operations() -> Vec<Operation> {
    vec![linear(), embedding(), identity()]
}

fn linear() -> Operation {
    let in_columns = LinearConfig::new(4, 2).with_layout(LinearLayout::Col);
    let without_bias = LinearConfig::new(4, 5).with_bias(false);
    let operation = layer("nn::Linear");
    let operation = of_config(operation, "[3, 4] to 2", [3, 4], LinearConfig::new(4, 2));
    let operation = of_config(
        operation,
        "[2, 3, 4] to 5, without bias",
        [2, 3, 4],
        without_bias,
    );
    let operation = of_config(operation, "[1] to 1", [1], LinearConfig::new(1, 1));
    let operation = of_config(operation, "[3, 4] to 2, in columns", [3, 4], in_columns);
    let transposed = formula(&[3, 4], [4, 2], true).stored(MemoryLayout::Transposed);
    operation.check("[3, 4] to 2, transposed", &transposed, |v| {
        let layer = Linear {
            weight: Param::initialized(ParamId::new(), v.get("weight")),
            bias: Some(Param::initialized(ParamId::new(), v.get("bias"))),
        };
        layer.forward(v.get::<2>("x"))
    })
}

fn formula(x: &[usize], weight: [usize; 2], has_bias: bool) -> Formula {
    let mut inputs = vec![argument("x", x), parameter("weight", &weight)];
    if has_bias {
        inputs.push(parameter("bias", &weight[1..]));
    }
    Formula::new(inputs, |of| {
        of.get("x").linear(of.get("weight"), of.find("bias"))
    })
}

fn of_config<const D: usize>(
    operation: Operation,
    name: &str,
    shape: [usize; D],
    config: LinearConfig,
) -> Operation {
    let formula = formula(&shape, [config.d_input, config.d_output], config.bias);
    operation.drawn(name, |case| {
        formula.witness(case).module(
            move |device| config.init(device),
            |linear, v| linear.forward(v.get::<D>("x")),
        )
    })
}

fn embedding() -> Operation {
    /// Row 0 three times, row 1 and row 3 never.
    const ROWS: [i64; 6] = [0, 4, 0, 2, 0, 4];
    let formula = Formula::new([parameter("weight", &[5, 3])], |of| {
        DualArray::by_index([2, 3, 3], |[i, j, column]| {
            of.get("weight").at([ROWS[3 * i + j] as usize, column])
        })
    });
    layer("nn::Embedding").drawn("[5, 3], twice the same", |case| {
        formula.witness(case).module(
            |device| EmbeddingConfig::new(5, 3).init(device),
            |embedding, v| embedding.forward(v.ints([2, 3], &ROWS)),
        )
    })
}

fn identity() -> Operation {
    let formula = Formula::new([argument("x", &[3, 5])], |of| of.get("x").clone());
    layer("nn::Identity").check("[3, 5]", &formula, |v| -> Tensor<2> {
        Identity::new().forward(v.get("x"))
    })
}
