//! Files without a net of dense layers are refused, with the reason and the remedy.

use std::fs;
use std::path::{Path, PathBuf};

use crate::nets::fixture;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};
use tempfile::TempDir;
use weight_exchange::{
    Dense, DenseStack, ImportOptions, Layout, Precision, read, to_burnpack, to_onnx, to_safetensors,
};

/// A safetensors file of tensors of ones, with types and shapes as given.
fn write(folder: &TempDir, tensors: &[(&str, Dtype, &[usize])]) -> PathBuf {
    let path = folder.path().join("net.safetensors");
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, dtype, shape)| {
            let one: Vec<u8> = match dtype {
                Dtype::F32 => 1f32.to_le_bytes().to_vec(),
                _ => 1i64.to_le_bytes().to_vec(),
            };
            one.repeat(shape.iter().product())
        })
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(&(name, dtype, shape), bytes)| {
            let view = TensorView::new(dtype, shape.to_vec(), bytes);
            (
                name.to_owned(),
                view.expect("as many bytes as the shape needs"),
            )
        });
    fs::write(&path, serialize(views, None).unwrap()).unwrap();
    path
}

fn refusal(path: &Path, renames: &[(&str, &str)]) -> String {
    let renames = renames
        .iter()
        .map(|&(from, to)| (from.to_owned(), to.to_owned()));
    let options = ImportOptions {
        renames: renames.collect(),
        ..ImportOptions::default()
    };
    let refused = read(path, &options)
        .expect_err("the file is refused")
        .to_string();
    assert!(!refused.contains('\n'), "{refused}");
    refused
}

#[test]
fn what_is_no_dense_layer_is_named() {
    const F: Dtype = Dtype::F32;
    let folder = TempDir::new().unwrap();
    for (tensors, naming) in [
        (&[][..], &["no dense layer"][..]),
        (
            &[("a.weight", F, &[2, 3, 3][..])],
            &["'a.weight'", "[2, 3, 3]", "two dimensions"],
        ),
        (&[("a.weight", F, &[6])], &["'a.weight'", "[6]"]),
        (&[("a.bias", F, &[2])], &["'a.weight' is missing", "--map"]),
        (
            &[("a.weight", F, &[2, 3]), ("a.bias", F, &[4])],
            &["'a.bias'", "[4]", "one dimension of 2 or 3"],
        ),
        (
            &[("a.weight", F, &[2, 3]), ("a.bias", F, &[3, 1])],
            &["'a.bias'", "[3, 1]"],
        ),
        (
            &[("a.weight", F, &[2, 3]), ("a.running_mean", F, &[3])],
            &["'a.weight' has the shape [2, 3]", "as its running mean"],
        ),
        (
            &[("a.weight", F, &[3]), ("a.running_mean", F, &[3])],
            &["'a.running_var' is missing"],
        ),
        (
            &[("a.weight", F, &[3]), ("a.bias", F, &[3])],
            &["'a.weight'", "LayerNorm"],
        ),
        (
            &[("a.weight", F, &[2, 3]), ("b.weight", F, &[5, 7])],
            &["do not fit together", "a.weight [2, 3], b.weight [5, 7]"],
        ),
        (
            &[("a.weight", Dtype::I64, &[2, 3])],
            &["'a.weight' holds I64", "convert"],
        ),
        (
            &[("a\n\x1b[2J.weight", Dtype::I64, &[2, 3])],
            &["'a\u{fffd}\u{fffd}[2J.weight' holds I64"],
        ),
        (
            &[("a.weight", F, &[0, 3]), ("a.bias", F, &[3])],
            &["size 0"],
        ),
        (
            &[("a.weight", F, &[2, 3])],
            &["fit as [d_in, d_out] and as [d_out, d_in]"],
        ),
    ] {
        let said = refusal(&write(&folder, tensors), &[]);
        for name in naming {
            assert!(said.contains(name), "no {name:?} in: {said}");
        }
    }
}

#[test]
fn a_layer_without_a_bias_has_zeros_and_a_note_where_others_have_one() {
    const F: Dtype = Dtype::F32;
    let folder = TempDir::new().unwrap();
    let tensors = [
        ("0.weight", F, &[3, 2][..]),
        ("2.weight", F, &[1, 3]),
        ("2.bias", F, &[1]),
    ];
    let imported = read(&write(&folder, &tensors), &ImportOptions::default()).unwrap();
    let biases: Vec<&[f32]> = imported.stack.layers().iter().map(Dense::bias).collect();
    assert_eq!(biases, [&[0.0; 3][..], &[1.0]]);
    let [note] = &imported.notes[..] else {
        panic!("{:?}", imported.notes);
    };
    assert!(note.starts_with("layer '0' has no bias"), "{note}");
    let imported = read(&write(&folder, &tensors[..2]), &ImportOptions::default()).unwrap();
    assert_eq!(imported.notes, [""; 0]);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("net.safetensors");
    let net = Dense::new("a", [1, 2], vec![1.0, 2.0], vec![3.0, 4.0]).unwrap();
    let stack = DenseStack::new(vec![net]).unwrap();
    let bytes = to_safetensors(&stack, Layout::Burn, Precision::F32).unwrap();
    let at = bytes
        .windows(4)
        .position(|window| window == 2f32.to_le_bytes())
        .unwrap();
    let damaged = [&bytes[..at], &f32::NAN.to_le_bytes(), &bytes[at + 4..]].concat();
    fs::write(&path, damaged).unwrap();
    assert!(refusal(&path, &[]).starts_with("element 1 of tensor 'a.weight' is NaN"));

    let large = Dense::new("a", [1, 1], vec![70_000.0], vec![0.0]).unwrap();
    let large = DenseStack::new(vec![large]).unwrap();
    let refused = to_safetensors(&large, Layout::Burn, Precision::F16)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("'a.weight' is 70000"), "{refused}");
}

#[test]
fn files_of_another_kind_are_refused() {
    let folder = TempDir::new().unwrap();
    let file = |bytes: &[u8]| {
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        path
    };
    assert!(refusal(&folder.path().join("missing"), &[]).starts_with("cannot read"));
    assert!(refusal(folder.path(), &[]).starts_with("cannot read"));
    assert!(refusal(&file(b"\x08\x07\x12\x04onnx"), &[]).contains("no dense layer"));
    assert!(refusal(&file(b"\x08\x07\x12\x40onnx"), &[]).contains("no onnx file"));
    for bytes in [&b""[..], b"weights"] {
        assert!(refusal(&file(bytes), &[]).contains("no file of weights"));
    }
    assert!(refusal(&file(b"PK\x03\x04rest"), &[]).contains("no pytorch file"));
    assert!(refusal(&file(b"\x80\x02rest"), &[]).contains("no pytorch file"));
    assert!(refusal(&file(b"\xff\0\0\0\0\0\0\0{rest"), &[]).contains("no safetensors file"));
    assert!(refusal(&file(b"NRUBrest"), &[]).contains("no burnpack file"));
    for name in ["chained.pt", "chained.safetensors"] {
        let whole = fs::read(fixture(name)).unwrap();
        refusal(&file(&whole[..whole.len() - 40]), &[]);
    }
}

#[test]
fn a_burnpack_has_burns_layout_and_no_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("net.bpk");
    let square = Dense::new("a", [2, 2], vec![1.0, 2.0, 3.0, 4.0], vec![0.0; 2]).unwrap();
    let bytes = to_burnpack(&DenseStack::new(vec![square.clone()]).unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    let options = |layout| ImportOptions {
        layout,
        ..ImportOptions::default()
    };
    for layout in [None, Some(Layout::Burn)] {
        assert_eq!(
            read(&path, &options(layout)).unwrap().stack.layers(),
            std::slice::from_ref(&square)
        );
    }
    let refused = read(&path, &options(Some(Layout::Pytorch))).unwrap_err();
    assert!(
        refused.to_string().contains("leave out --layout pytorch"),
        "{refused}"
    );
}

#[test]
fn names_are_mapped_or_the_mapping_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = write(
        &folder,
        &[
            ("first.weight", Dtype::F32, &[4, 4]),
            ("second.weight", Dtype::F32, &[4, 4]),
            ("w3", Dtype::F32, &[4, 4]),
        ],
    );
    assert!(refusal(&path, &[]).contains("'w3' is neither"));
    let w3 = ("w3", "layers.2.weight");
    assert!(refusal(&path, &[("third", "x"), w3]).contains("no tensor is named 'third'"));
    assert!(refusal(&path, &[("firs", "x"), w3]).contains("no tensor is named 'firs'"));
    assert!(refusal(&path, &[("first", "second"), w3]).contains("two tensors are named"));

    let renames = [("second", "layers.0"), ("first", "layers.1"), w3];
    assert!(refusal(&path, &renames).contains("--layout burn"));
    let options = ImportOptions {
        layout: Some(Layout::Burn),
        renames: renames
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .to_vec(),
        ..ImportOptions::default()
    };
    let stack = read(&path, &options).unwrap().stack;
    assert_eq!(stack.sizes(), [4; 4]);
    assert!(stack.layers().iter().all(|layer| layer.bias() == [0.0; 4]));
}

proptest! {
    /// Whatever happened to a file, the reader returns a result and never panics.
    #[test]
    fn damage_is_survived(
        name in prop::sample::select(vec![
            "chained.pt", "checkpoint.pt", "chained.safetensors", "burnpack", "onnx",
            "models/norm-between-whole.pt", "models/protocol-5.pt", "models/legacy.pt",
        ]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("damaged");
        let mut bytes = match name {
            "burnpack" | "onnx" => {
                let options = ImportOptions::default();
                let stack = read(&fixture("chained.pt"), &options).unwrap().stack;
                let stack = stack.with_activation(Some(layers::Activation::Relu));
                let write = if name == "onnx" { to_onnx } else { to_burnpack };
                write(&stack).unwrap()
            }
            file => fs::read(fixture(file)).unwrap(),
        };
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        fs::write(&path, bytes).unwrap();
        if let Ok(imported) = read(&path, &ImportOptions::default()) {
            prop_assert!(!imported.stack.layers().is_empty());
        }
    }
}
