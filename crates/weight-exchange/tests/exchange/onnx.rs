//! The ONNX model of a net, evaluated node by node with plain loops, gives PyTorch's logits.

use std::collections::HashMap;

use crate::nets::{Case, fixture};
use layers::Activation;
use prost::Message;
use weight_exchange::onnx::proto::{AttributeProto, FLOAT, ModelProto, NodeProto, TensorProto};
use weight_exchange::onnx::{INPUT, IR_VERSION, OPERATOR_SET, OUTPUT};
use weight_exchange::{DenseStack, ExchangeError, ImportOptions, InputScale, read, to_onnx};

/// Numbers in rows; a vector is one row.
type Matrix = Vec<Vec<f32>>;

fn stack(file: &str, activation: Activation) -> DenseStack {
    let stack = read(&fixture(file), &ImportOptions::default())
        .unwrap()
        .stack;
    stack.with_activation(Some(activation))
}

fn model(stack: &DenseStack) -> ModelProto {
    ModelProto::decode(&to_onnx(stack).unwrap()[..]).expect("the bytes are a message")
}

fn constant(tensor: &TensorProto) -> Matrix {
    assert_eq!(tensor.data_type, FLOAT);
    let (values, rest) = tensor.raw_data.as_chunks::<4>();
    assert!(rest.is_empty());
    let values: Vec<f32> = values
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect();
    assert_eq!(values.len() as i64, tensor.dims.iter().product::<i64>());
    let columns = *tensor.dims.last().expect("a shape") as usize;
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}

/// `Y = A·B + C` with the row `C` added to every row.
fn gemm(a: &Matrix, b: &Matrix, c: &Matrix) -> Matrix {
    let element = |row: &[f32], j: usize| {
        let products = row.iter().zip(b).map(|(x, weights)| x * weights[j]);
        products.sum::<f32>() + c[0][j]
    };
    let row = |row: &Vec<f32>| (0..c[0].len()).map(|j| element(row, j)).collect();
    a.iter().map(row).collect()
}

fn pointwise(operator: &str) -> fn(f32) -> f32 {
    match operator {
        "Relu" => |a| a.max(0.0),
        "Sigmoid" => |a| 1.0 / (1.0 + (-a).exp()),
        "Tanh" => f32::tanh,
        "Elu" => |a| if a > 0.0 { a } else { a.exp_m1() },
        other => panic!("no operator {other}"),
    }
}

/// Evaluates the nodes in their order.
fn evaluate(model: &ModelProto, input: &[Vec<f32>]) -> Matrix {
    let constants = model.graph.initializer.iter();
    let mut values: HashMap<&str, Matrix> = constants
        .map(|tensor| (&tensor.name[..], constant(tensor)))
        .chain([(INPUT, input.to_vec())])
        .collect();
    for node in &model.graph.node {
        let inputs: Vec<&Matrix> = node.input.iter().map(|name| &values[&name[..]]).collect();
        let result = match (&node.op_type[..], &inputs[..]) {
            ("Gemm", [a, b, c]) => gemm(a, b, c),
            (operator, [a]) => {
                let function = pointwise(operator);
                a.iter()
                    .map(|row| row.iter().map(|&a| function(a)).collect())
                    .collect()
            }
            (operator, inputs) => panic!("{operator} of {} inputs", inputs.len()),
        };
        let [name] = &node.output[..] else {
            panic!("one result a node");
        };
        assert!(
            values.insert(name, result).is_none(),
            "{name} has a value already"
        );
    }
    values.remove(OUTPUT).expect("the graph has its output")
}

#[test]
fn nodes_give_pytorchs_logits() {
    for (name, operator) in [
        ("chained", "Relu"),
        ("square", "Tanh"),
        ("mixed", "Elu"),
        ("checkpoint", "Sigmoid"),
    ] {
        let case = Case::named(name);
        let model = model(&stack(&format!("{name}.pt"), case.activation));
        let mut operators = model.graph.node.iter().map(|node| &node.op_type[..]);
        assert!(operators.clone().any(|used| used == operator));
        // The last layer gives logits.
        assert_eq!(operators.next_back(), Some("Gemm"));
        case.assert_logits(&evaluate(&model, &case.inputs));
    }
}

#[test]
fn a_model_says_its_versions_and_shapes() {
    let model = model(&stack("chained.pt", Activation::Relu));
    assert_eq!(model.ir_version, IR_VERSION);
    assert_eq!(model.opset_import[0].version, OPERATOR_SET);
    let value = |value: &weight_exchange::onnx::proto::ValueInfoProto| {
        let shape = &value.r#type.tensor_type.shape.dim;
        let [batch, columns] = &shape[..] else {
            panic!("two dimensions");
        };
        (
            value.name.clone(),
            batch.dim_param.clone(),
            columns.dim_value,
        )
    };
    assert_eq!(
        value(&model.graph.input[0]),
        (INPUT.into(), "batch".into(), 6)
    );
    assert_eq!(
        value(&model.graph.output[0]),
        (OUTPUT.into(), "batch".into(), 3)
    );
}

#[test]
fn a_model_says_its_scale_classes_and_sizes() {
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let stack = stack("chained.pt", Activation::Relu).with_classes(classes);
    let model = model(&stack.on_pixels(InputScale::UNIT).unwrap());
    let said: HashMap<&str, &str> = model
        .metadata_props
        .iter()
        .map(|entry| (&entry.key[..], &entry.value[..]))
        .collect();
    for (key, value) in [
        ("input_mean", "0"),
        ("input_std", "1"),
        ("classes", r#"["a","b","c"]"#),
        ("sizes", "6,5,4,3"),
        ("activation", "relu"),
    ] {
        assert_eq!(said.get(key), Some(&value), "{key}");
    }
}

#[test]
fn an_output_activation_comes_last() {
    let stack = stack("checkpoint.pt", Activation::Tanh);
    let model = model(&stack.with_output_activation(Some(Activation::Sigmoid)));
    let operators: Vec<&str> = model
        .graph
        .node
        .iter()
        .map(|node| &node.op_type[..])
        .collect();
    assert_eq!(operators, ["Gemm", "Tanh", "Gemm", "Sigmoid"]);
    assert_eq!(model.graph.node[3].output, [OUTPUT]);
}

#[test]
fn messages_survive_their_encoding() {
    let model = model(&stack("mixed.pt", Activation::Elu));
    let bytes = model.encode_to_vec();
    assert_eq!(bytes.len(), model.encoded_len());
    assert_eq!(ModelProto::decode(&bytes[..]).unwrap(), model);
    // A field of a later version, number 99, is skipped.
    let later = [&bytes[..], &[0x98, 0x06, 0x01]].concat();
    assert_eq!(ModelProto::decode(&later[..]).unwrap(), model);
}

#[test]
fn a_net_whose_activation_is_unknown_is_refused() {
    let stack = read(&fixture("chained.pt"), &ImportOptions::default())
        .unwrap()
        .stack;
    let refused = to_onnx(&stack).unwrap_err();
    assert!(
        matches!(refused, ExchangeError::NoActivation { layers: 3 }),
        "{refused}"
    );
}

#[test]
fn an_exported_model_reads_back_as_the_same_net() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let stack = stack("chained.pt", Activation::Elu)
        .with_classes(classes)
        .with_model(Some("mnist-mlp".to_owned()))
        .on_pixels(InputScale::new(0.5, 0.25).unwrap())
        .unwrap();
    std::fs::write(&path, to_onnx(&stack).unwrap()).unwrap();
    let imported = read(&path, &ImportOptions::default()).unwrap();
    assert_eq!(imported.stated_scale, Some(InputScale::UNIT));
    assert_eq!(imported.form.name(), "onnx");
    let unnamed = |stack: &DenseStack| -> Vec<weight_exchange::Dense> {
        let layers = stack.layers().iter();
        layers.map(|layer| layer.clone().named("")).collect()
    };
    assert_eq!(unnamed(&imported.stack), unnamed(&stack));
    assert_eq!(imported.stack.classes(), stack.classes());
    assert_eq!(imported.stack.activation(), Some(Activation::Elu));
    assert!(imported.stack.takes_pixels());
}

/// A name may be that of another node's place.
#[test]
fn nodes_without_names_and_with_equal_names_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let stack = stack("chained.pt", Activation::Elu);
    for names in [
        ["Gemm#2", "", ""],
        ["", "", ""],
        ["a", "a", "a"],
        ["Gemm#4", "Gemm#4", ""],
    ] {
        let mut model = model(&stack);
        let gemms = model.graph.node.iter_mut().step_by(2);
        for (node, name) in gemms.zip(names) {
            assert_eq!(node.op_type, "Gemm");
            node.name = name.to_owned();
        }
        std::fs::write(&path, model.encode_to_vec()).unwrap();
        let read = read(&path, &ImportOptions::default()).unwrap().stack;
        assert_eq!(read.sizes(), stack.sizes());
        for (read, layer) in read.layers().iter().zip(stack.layers()) {
            assert_eq!((read.weight(), read.bias()), (layer.weight(), layer.bias()));
        }
    }
}

#[test]
fn a_model_of_pytorchs_exporter_gives_its_logits() {
    // Gemm with a transposed weight, and BatchNormalization, which it keeps in some versions.
    for name in ["norm-between", "matmul"] {
        let case = Case::of_model(name.replace("matmul", "norm-after").as_str());
        let imported = read(
            &fixture(&format!("models/{name}.onnx")),
            &ImportOptions::default(),
        );
        let imported = imported.unwrap();
        let logits = crate::nets::logits(&imported.stack, Activation::Relu, &case.inputs);
        case.assert_logits(&logits);
    }
}

#[test]
fn operators_that_no_net_here_has_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let refusal = |change: &dyn Fn(&mut ModelProto)| {
        let mut model = model(&stack("chained.pt", Activation::Relu));
        change(&mut model);
        std::fs::write(&path, model.encode_to_vec()).unwrap();
        let refused = read(&path, &ImportOptions::default())
            .unwrap_err()
            .to_string();
        assert!(!refused.contains('\n'), "{refused}");
        refused
    };
    let said = refusal(&|model| model.graph.node[1].op_type = "Gelu".to_owned());
    assert!(said.contains("Gelu as '0.relu'"), "{said}");
    let said = refusal(&|model| model.graph.node[1].op_type = "Ge\nlu".to_owned());
    assert!(said.contains("Ge\u{fffd}lu as '0.relu'"), "{said}");
    let said = refusal(&|model| model.graph.node[1].op_type = "Tanh".to_owned());
    assert!(said.contains("another activation"), "{said}");
    let said = refusal(&|model| {
        model.graph.node[0].attribute = vec![AttributeProto {
            name: "alpha".to_owned(),
            f: 0.5,
            i: 0,
        }];
    });
    assert!(said.contains("Gemm as '0.gemm' with alpha = 0.5"), "{said}");
    let said = refusal(&|model| {
        for node in model.graph.node.iter_mut().skip(1).step_by(2) {
            node.op_type = "Elu".to_owned();
            node.attribute = vec![AttributeProto {
                name: "alpha".to_owned(),
                f: 0.5,
                i: 0,
            }];
        }
    });
    assert!(
        said.contains("Elu as '0.relu' with alpha = 0.5") && said.contains("alpha = 1"),
        "{said}"
    );
    // Inputs that are scaled within the graph, with or without constants of their own.
    for operator in ["Constant", "Sub"] {
        let said = refusal(&|model| {
            let node = NodeProto {
                input: vec![INPUT.to_owned()],
                output: vec!["scaled".to_owned()],
                op_type: operator.to_owned(),
                ..NodeProto::default()
            };
            model.graph.node.insert(0, node);
        });
        assert!(
            said.contains(operator) && said.contains("--input-mean"),
            "{said}"
        );
    }
    let said = refusal(&|model| model.graph.initializer[0].raw_data.clear());
    assert!(said.contains("'0.weight' has no numbers"), "{said}");
    let said = refusal(&|model| model.graph.node[3].input[0] = INPUT.to_owned());
    assert!(
        said.contains("Relu as '2.relu'") || said.contains("as '2."),
        "{said}"
    );
}
