//! The functions of `burn::tensor::module`: convolutions, poolings, norms, attention, losses.
//!
//! The layers of `burn::nn` call most of them, and are checked with formulas at every stride and
//! padding. Here is what the layers do not reach: inputs and weights in other layouts, functions
//! without a layer, and one check of each function under its own name.

use burn::tensor::module;
use burn::tensor::ops::{
    AttentionModuleOptions, AvgPoolOptions, ConvOptions, ConvTransposeOptions, DeformConvOptions,
    MaxPoolOptions, UnfoldOptions,
};
use burn::tensor::{Bool, Tensor, activation, loss};
use burn_gradcheck::{Outputs, Sample};

use crate::operation::{Family, Operation};
use crate::witness::{Formula, FormulaInputs, MemoryLayout, argument, arguments};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = convolutions();
    all.extend(transposed_convolutions());
    all.extend(windows());
    all.extend(poolings());
    all.extend(others());
    all.extend(norms());
    all.push(attention());
    all.extend(losses());
    all
}

fn function(name: &'static str, covers: &'static [&'static str]) -> Operation {
    Operation::new(name, Family::Layers).covers(covers)
}

impl Operation {
    /// Adds a check with inputs by name and shape, and without a formula.
    fn of<O: Into<Outputs>>(
        self,
        name: &str,
        inputs: &[(&str, &[usize])],
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        self.in_layouts(&[], name, inputs, function)
    }

    /// As [`Operation::of`], and once more for each layout. Shaders are compiled for each layout,
    /// so the short selection has none of them.
    fn in_layouts<O: Into<Outputs>>(
        self,
        layouts: &[MemoryLayout],
        name: &str,
        inputs: &[(&str, &[usize])],
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        let contiguous = self.checks.len();
        let formula = Formula::unknown(arguments(inputs));
        let mut checked = self.check_stored(name, layouts, &formula, function);
        for check in &mut checked.checks[contiguous + 1..] {
            check.in_short = false;
        }
        checked
    }
}

fn convolutions() -> Vec<Operation> {
    vec![
        function("module::conv1d", &["conv1d"])
            .in_layouts(
                &[MemoryLayout::Transposed, MemoryLayout::Expanded],
                "[2, 3, 7] kernel 3",
                &[("x", &[2, 3, 7]), ("weight", &[4, 3, 3]), ("bias", &[4])],
                |v| {
                    let options = ConvOptions::new([1], [0], [1], 1);
                    module::conv1d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
                },
            )
            .of(
                "[2, 4, 6] 2 groups, stride 3",
                &[("x", &[2, 4, 6]), ("weight", &[2, 2, 2]), ("bias", &[2])],
                |v| {
                    let options = ConvOptions::new([3], [0], [1], 2);
                    module::conv1d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
                },
            ),
        function("module::conv2d", &["conv2d"]).in_layouts(
            &[MemoryLayout::Transposed, MemoryLayout::Sliced],
            "[2, 2, 4, 5] kernel 3 2",
            &[
                ("x", &[2, 2, 4, 5]),
                ("weight", &[3, 2, 3, 2]),
                ("bias", &[3]),
            ],
            |v| {
                let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
                module::conv2d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
            },
        ),
        function("module::conv3d", &["conv3d"]).of(
            "[1, 2, 3, 2, 3] 2 groups, dilation 2 1 2",
            &[("x", &[1, 2, 3, 2, 3]), ("weight", &[2, 1, 2, 2, 2])],
            |v| {
                let options = ConvOptions::new([1, 1, 1], [0, 0, 0], [2, 1, 2], 2);
                module::conv3d(v.get("x"), v.get("weight"), None, options)
            },
        ),
        deform_conv2d(),
    ]
}

fn deform_conv2d() -> Operation {
    let named = function("module::deform_conv2d", &["deform_conv2d"])
        .note("offsets drawn between the points of the grid, where it is smooth");
    let check = |operation: Operation, name: &str, x: [usize; 4], has_mask, has_bias| {
        let [_, channels, rows, columns] = x;
        let out = [rows - 1, columns - 1];
        let mut inputs = vec![
            argument("x", &x),
            argument("offset", &[1, 8, out[0], out[1]]).within(0.1, 0.9),
            argument("weight", &[2, channels, 2, 2]),
        ];
        if has_mask {
            inputs.push(argument("mask", &[1, 4, out[0], out[1]]));
        }
        if has_bias {
            inputs.push(argument("bias", &[2]));
        }
        operation.check(name, &Formula::unknown(inputs), move |v| {
            let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
            let (x, offset, weight) = (v.get("x"), v.get("offset"), v.get("weight"));
            let mask = has_mask.then(|| v.get("mask"));
            let bias = has_bias.then(|| v.get("bias"));
            module::deform_conv2d(x, offset, weight, mask, bias, options)
        })
    };
    let named = check(named, "[1, 2, 4, 4] kernel 2", [1, 2, 4, 4], true, true);
    let small = [1, 1, 2, 3];
    let named = check(named, "[1, 1, 2, 3] without bias", small, true, false);
    check(named, "[1, 1, 2, 3] without mask", small, false, true)
}

fn transposed_convolutions() -> Vec<Operation> {
    vec![
        function("module::conv_transpose1d", &["conv_transpose1d"]).of(
            "[1, 4, 3] 2 groups, dilation 2",
            &[("x", &[1, 4, 3]), ("weight", &[4, 1, 2])],
            |v| {
                let options = ConvTransposeOptions::new([1], [0], [0], [2], 2);
                module::conv_transpose1d(v.get("x"), v.get("weight"), None, options)
            },
        ),
        function("module::conv_transpose2d", &["conv_transpose2d"]).of(
            "[2, 4, 2, 2] 2 groups, dilation 1 2",
            &[("x", &[2, 4, 2, 2]), ("weight", &[4, 1, 2, 2])],
            |v| {
                let options = ConvTransposeOptions::new([1, 2], [0, 0], [0, 0], [1, 2], 2);
                module::conv_transpose2d(v.get("x"), v.get("weight"), None, options)
            },
        ),
        function("module::conv_transpose3d", &["conv_transpose3d"]).of(
            "[1, 2, 2, 3, 2] kernel 2, stride 1 2 1",
            &[
                ("x", &[1, 2, 2, 3, 2]),
                ("weight", &[2, 2, 2, 2, 2]),
                ("bias", &[2]),
            ],
            |v| {
                let options =
                    ConvTransposeOptions::new([1, 2, 1], [0, 1, 0], [0, 1, 0], [1, 1, 1], 1);
                module::conv_transpose3d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
            },
        ),
    ]
}

fn windows() -> Vec<Operation> {
    let options = || UnfoldOptions::new([2, 1], [1, 0], [1, 2]);
    vec![
        function(
            "module::unfold4d",
            &["float_unfold", "float_permute", "conv2d"],
        )
        .of("[1, 2, 3, 4] 2 2", &[("x", &[1, 2, 3, 4])], |v| {
            let plain = UnfoldOptions::new([1, 1], [0, 0], [1, 1]);
            module::unfold4d(v.get("x"), [2, 2], plain)
        })
        .in_full_only()
        .of(
            "[1, 2, 3, 4] 2 2 by 2 1, padded, with gaps",
            &[("x", &[1, 2, 3, 4])],
            move |v| module::unfold4d(v.get("x"), [2, 2], options()),
        ),
        function("module::fold4d", &["conv_transpose2d"]).of(
            "[1, 8, 4] to 3 4 by 2 1, padded, with gaps",
            &[("x", &[1, 8, 4])],
            move |v| module::fold4d(v.get("x"), [3, 4], [2, 2], options()),
        ),
    ]
}

fn poolings() -> Vec<Operation> {
    vec![
        function("module::avg_pool1d", &["avg_pool1d"]).of(
            "[1, 2, 6] padded, padding not counted",
            &[("x", &[1, 2, 6])],
            |v| {
                let options = AvgPoolOptions::new([3]).with_stride([2]).with_padding([1]);
                module::avg_pool1d(v.get("x"), options.with_count_include_pad(false))
            },
        ),
        function("module::avg_pool2d", &["avg_pool2d"]).of(
            "[1, 2, 5, 4] 2 3 by 2 1",
            &[("x", &[1, 2, 5, 4])],
            |v| module::avg_pool2d(v.get("x"), AvgPoolOptions::new([2, 3]).with_stride([2, 1])),
        ),
        function("module::max_pool1d", &["max_pool1d"]).of(
            "[2, 2, 7] 3 by 2, padded",
            &[("x", &[2, 2, 7])],
            |v| {
                let options = MaxPoolOptions::new([3]).with_stride([2]);
                module::max_pool1d(v.get("x"), options.with_padding([1]))
            },
        ),
        function(
            "module::max_pool1d_with_indices",
            &["max_pool1d_with_indices"],
        )
        .of("[2, 2, 6] 2 by 2", &[("x", &[2, 2, 6])], |v| {
            module::max_pool1d_with_indices(v.get("x"), MaxPoolOptions::new([2])).0
        }),
        function("module::max_pool2d", &["max_pool2d"]).in_layouts(
            &[MemoryLayout::Transposed],
            "[1, 2, 5, 4] 2 3 by 1, overlapping",
            &[("x", &[1, 2, 5, 4])],
            |v| module::max_pool2d(v.get("x"), MaxPoolOptions::new([2, 3]).with_stride([1, 1])),
        ),
        function(
            "module::max_pool2d_with_indices",
            &["max_pool2d_with_indices"],
        )
        .of("[1, 2, 4, 5] 2 2 by 2 1", &[("x", &[1, 2, 4, 5])], |v| {
            let options = MaxPoolOptions::new([2, 2]).with_stride([2, 1]);
            module::max_pool2d_with_indices(v.get("x"), options).0
        }),
        function("module::adaptive_avg_pool1d", &["adaptive_avg_pool1d"]).of(
            "[2, 2, 7] to 3",
            &[("x", &[2, 2, 7])],
            |v| module::adaptive_avg_pool1d(v.get("x"), 3),
        ),
        function("module::adaptive_avg_pool2d", &["adaptive_avg_pool2d"]).of(
            "[1, 2, 5, 4] to 2 3",
            &[("x", &[1, 2, 5, 4])],
            |v| module::adaptive_avg_pool2d(v.get("x"), [2, 3]),
        ),
        function("module::adaptive_avg_pool3d", &["adaptive_avg_pool3d"]).of(
            "[1, 2, 3, 4, 5] to 2 2 3",
            &[("x", &[1, 2, 3, 4, 5])],
            |v| module::adaptive_avg_pool3d(v.get("x"), [2, 2, 3]),
        ),
    ]
}

fn others() -> Vec<Operation> {
    vec![
        function("module::linear", &["float_matmul", "float_add"]).in_layouts(
            &[MemoryLayout::Transposed],
            "[3, 4] to 2",
            &[("x", &[3, 4]), ("weight", &[4, 2]), ("bias", &[2])],
            |v| module::linear(v.get::<2>("x"), v.get("weight"), Some(v.get("bias"))),
        ),
        function("module::embedding", &["embedding"]).of(
            "[5, 3], twice the same",
            &[("weight", &[5, 3])],
            |v| module::embedding(v.get("weight"), v.ints([2, 3], &[0, 4, 4, 2, 0, 4])),
        ),
    ]
}

fn norms() -> Vec<Operation> {
    let statistics = [
        argument("x", &[2, 3, 2]),
        argument("gamma", &[3]),
        argument("beta", &[3]),
        argument("mean", &[3]),
        argument("variance", &[3]).from(Sample::Positive),
    ];
    vec![
        function("module::batch_norm_train", &["batch_norm_train"]).of(
            "[4, 3]",
            &[("x", &[4, 3]), ("gamma", &[3]), ("beta", &[3])],
            |v| {
                let (gamma, beta) = (v.get("gamma"), v.get("beta"));
                module::batch_norm_train(v.get::<2>("x"), gamma, beta, 1e-3).output
            },
        ),
        function(
            "module::batch_norm",
            &["float_sub", "float_sqrt", "float_div"],
        )
        .note("the statistics are inputs too")
        .check("[2, 3, 2]", &Formula::unknown(statistics), |v| {
            let (gamma, beta) = (v.get("gamma"), v.get("beta"));
            let (mean, variance) = (v.get("mean"), v.get("variance"));
            module::batch_norm(v.get::<3>("x"), gamma, beta, mean, variance, 1e-3)
        }),
        function(
            "module::layer_norm",
            &["float_mean_dim", "float_sub", "float_sqrt", "float_div"],
        )
        .in_layouts(
            &[MemoryLayout::Transposed],
            "[3, 4]",
            &[("x", &[3, 4]), ("gamma", &[4]), ("beta", &[4])],
            |v| module::layer_norm(v.get::<2>("x"), v.get("gamma"), Some(v.get("beta")), 1e-3),
        ),
    ]
}

fn losses() -> Vec<Operation> {
    vec![
        function("module::ctc_loss", &["ctc_loss"])
            .note("of log-probabilities by log_softmax")
            .of(
                "[5, 2, 4], one label twice",
                &[("x", &[5, 2, 4])],
                |v| -> Tensor<1> {
                    let log_probs = activation::log_softmax(v.get::<3>("x"), 2);
                    let targets = v.ints([2, 2], &[1, 1, 3, 2]);
                    let (inputs, lengths) = (v.ints([2], &[5, 4]), v.ints([2], &[2, 2]));
                    module::ctc_loss(log_probs, targets, inputs, lengths, 0)
                },
            ),
        function(
            "loss::cross_entropy_with_logits",
            &["float_exp", "float_log", "float_sum_dim", "float_mean"],
        )
        .of(
            "[3, 4], the targets too",
            &[("logits", &[3, 4]), ("targets", &[3, 4])],
            |v| loss::cross_entropy_with_logits(v.get::<2>("logits"), v.get("targets")),
        )
        .of(
            "[2, 1, 5]",
            &[("logits", &[2, 1, 5]), ("targets", &[2, 1, 5])],
            |v| loss::cross_entropy_with_logits(v.get::<3>("logits"), v.get("targets")),
        )
        .in_full_only(),
    ]
}

/// No layer calls this function: `nn::MultiHeadAttention` has its own matrix products.
fn attention() -> Operation {
    type Mask = fn(&FormulaInputs<'_>) -> Option<Tensor<4, Bool>>;
    let (none, some): (Mask, Mask) = (|_| None, |v| Some(some_masked(v)));
    let row: Mask = |v| {
        let mask: Vec<bool> = (0..30).map(|i| i / 5 % 3 == 1).collect();
        Some(v.bools([1, 2, 3, 5], &mask))
    };
    let plain = AttentionModuleOptions::default();
    let causal = AttentionModuleOptions {
        is_causal: true,
        ..plain
    };
    let capped = AttentionModuleOptions {
        scale: Some(0.3),
        softcap: Some(2.0),
        is_causal: false,
    };
    let causal_capped = AttentionModuleOptions {
        softcap: Some(2.0),
        ..causal
    };
    let transposed: &[MemoryLayout] = &[MemoryLayout::Transposed];
    let checks: [(&str, &[MemoryLayout], Mask, bool, AttentionModuleOptions); 6] = [
        ("3 queries, 5 keys", transposed, none, false, plain),
        ("3 queries, 5 keys, some masked", &[], some, false, plain),
        ("a query that may look at no key", &[], row, false, plain),
        (
            "causal, some masked, with a bias and softcap 2",
            &[],
            some,
            true,
            causal_capped,
        ),
        ("scale 0.3, softcap 2", &[], none, false, capped),
        ("with a bias", &[], none, true, plain),
    ];
    let mut operation = function("module::attention", &["attention"]);
    for (name, layouts, mask, has_bias, options) in checks {
        let mut inputs: Vec<(&str, &[usize])> = vec![
            ("query", &[1, 2, 3, 4]),
            ("key", &[1, 2, 5, 4]),
            ("value", &[1, 2, 5, 3]),
        ];
        if has_bias {
            inputs.push(("bias", &[1, 2, 3, 5]));
        }
        operation = operation.in_layouts(layouts, name, &inputs, move |v| {
            let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
            let bias = has_bias.then(|| v.get("bias"));
            module::attention(query, key, value, mask(v), bias, options)
        });
        if name.starts_with("a query") {
            operation = operation.in_full_only();
        }
    }
    let square: &[usize] = &[2, 1, 4, 3];
    let inputs = [("query", square), ("key", square), ("value", square)];
    operation.of("causal", &inputs, move |v| {
        let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
        module::attention(query, key, value, None, None, causal)
    })
}

/// Masks every key from some query, and no key from all of them.
fn some_masked(v: &FormulaInputs<'_>) -> Tensor<4, Bool> {
    let mask: Vec<bool> = (0..30).map(|i| i % 4 == 1).collect();
    v.bools([1, 2, 3, 5], &mask)
}
