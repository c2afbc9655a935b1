//! The functions of `burn::tensor::module`, which the layers of `burn::nn` call: linear,
//! convolutions, poolings, interpolation, embedding, normalisation, attention, CTC loss.

use burn::tensor::module;
use burn::tensor::ops::{
    AttentionModuleOptions, AvgPoolOptions, ConvOptions, ConvTransposeOptions, DeformConvOptions,
    InterpolateMode, InterpolateOptions, MaxPoolOptions,
};
use burn::tensor::{Tensor, activation};
use burn_gradcheck::{Case, Outputs, Sample, Values};

use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = convolutions();
    all.extend(transposed_convolutions());
    all.extend(poolings());
    all.extend(others());
    all.into_iter().map(|layer| layer.0).collect()
}

/// An operation with checks added one by one.
struct Layer(Operation);

impl Layer {
    fn new(name: &'static str, covers: &'static [&'static str]) -> Self {
        Self(Operation::new(name, Family::Layers, covers))
    }

    fn note(self, note: &'static str) -> Self {
        Self(self.0.note(note))
    }

    /// Inputs by name and shape.
    fn of<O: Into<Outputs>>(
        self,
        name: &str,
        inputs: &[(&str, &[usize])],
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            let add = |case: Case, (name, shape): &(&str, &[usize])| case.input(*name, *shape);
            inputs.iter().fold(case, add).function(function)
        })
    }

    /// In f32 by burn-gradcheck's own tolerance, which reckons with sums that cancel.
    fn with(mut self, name: &str, case: impl FnOnce(Case) -> Case) -> Self {
        self.0.drawn(name.to_owned(), true, case);
        self
    }
}

fn convolutions() -> Vec<Layer> {
    let one = |stride, padding, dilation, groups| {
        move |v: &Values| {
            let options = ConvOptions::new([stride], [padding], [dilation], groups);
            module::conv1d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
        }
    };
    let two = |stride, padding, dilation, groups| {
        move |v: &Values| {
            let options = ConvOptions::new(stride, padding, dilation, groups);
            module::conv2d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
        }
    };
    vec![
        Layer::new("module::conv1d", &["conv1d"])
            .of(
                "[2, 3, 7] kernel 3",
                &[("x", &[2, 3, 7]), ("weight", &[4, 3, 3]), ("bias", &[4])],
                one(1, 0, 1, 1),
            )
            .of(
                "[1, 2, 8] stride 2, padding 1, dilation 2",
                &[("x", &[1, 2, 8]), ("weight", &[3, 2, 3]), ("bias", &[3])],
                one(2, 1, 2, 1),
            )
            .of(
                "[2, 4, 6] 2 groups, stride 3",
                &[("x", &[2, 4, 6]), ("weight", &[2, 2, 2]), ("bias", &[2])],
                one(3, 0, 1, 2),
            ),
        Layer::new("module::conv2d", &["conv2d"])
            .of(
                "[2, 2, 4, 5] kernel 3 2",
                &[
                    ("x", &[2, 2, 4, 5]),
                    ("weight", &[3, 2, 3, 2]),
                    ("bias", &[3]),
                ],
                two([1, 1], [0, 0], [1, 1], 1),
            )
            .of(
                "[1, 2, 6, 5] stride 2 3, padding 1 2, dilation 2 1",
                &[
                    ("x", &[1, 2, 6, 5]),
                    ("weight", &[2, 2, 2, 3]),
                    ("bias", &[2]),
                ],
                two([2, 3], [1, 2], [2, 1], 1),
            )
            .of(
                "[2, 4, 3, 3] 2 groups",
                &[
                    ("x", &[2, 4, 3, 3]),
                    ("weight", &[2, 2, 2, 2]),
                    ("bias", &[2]),
                ],
                two([1, 1], [1, 0], [1, 1], 2),
            )
            .of(
                "[1, 3, 4, 4] depthwise, rows left over",
                &[
                    ("x", &[1, 3, 4, 4]),
                    ("weight", &[3, 1, 3, 1]),
                    ("bias", &[3]),
                ],
                two([2, 3], [0, 0], [1, 1], 3),
            ),
        Layer::new("module::conv3d", &["conv3d"])
            .of(
                "[1, 2, 3, 3, 4] kernel 2",
                &[
                    ("x", &[1, 2, 3, 3, 4]),
                    ("weight", &[2, 2, 2, 2, 2]),
                    ("bias", &[2]),
                ],
                |v| {
                    let options = ConvOptions::new([1, 1, 2], [0, 1, 0], [1, 1, 1], 1);
                    module::conv3d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
                },
            )
            .of(
                "[1, 2, 3, 2, 3] 2 groups, dilation 2 1 2",
                &[("x", &[1, 2, 3, 2, 3]), ("weight", &[2, 1, 2, 2, 2])],
                |v| {
                    let options = ConvOptions::new([1, 1, 1], [0, 0, 0], [2, 1, 2], 2);
                    module::conv3d(v.get("x"), v.get("weight"), None, options)
                },
            ),
        Layer::new("module::deform_conv2d", &["deform_conv2d"])
            .note("offsets drawn between the points of the grid, where it is smooth")
            .with("[1, 2, 4, 4] kernel 2", |case| {
                case.input("x", [1, 2, 4, 4])
                    .input_from(
                        "offset",
                        [1, 8, 3, 3],
                        Sample::Within {
                            low: 0.1,
                            high: 0.9,
                        },
                    )
                    .input("weight", [2, 2, 2, 2])
                    .input("mask", [1, 4, 3, 3])
                    .input("bias", [2])
                    .function(|v| {
                        let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
                        module::deform_conv2d(
                            v.get("x"),
                            v.get("offset"),
                            v.get("weight"),
                            Some(v.get("mask")),
                            Some(v.get("bias")),
                            options,
                        )
                    })
            }),
    ]
}

fn transposed_convolutions() -> Vec<Layer> {
    vec![
        Layer::new("module::conv_transpose1d", &["conv_transpose1d"])
            .of(
                "[2, 3, 4] kernel 3, stride 2, padding 1 and 1 out",
                &[("x", &[2, 3, 4]), ("weight", &[3, 2, 3]), ("bias", &[2])],
                |v| {
                    let options = ConvTransposeOptions::new([2], [1], [1], [1], 1);
                    module::conv_transpose1d(
                        v.get("x"),
                        v.get("weight"),
                        Some(v.get("bias")),
                        options,
                    )
                },
            )
            .of(
                "[1, 4, 3] 2 groups, dilation 2",
                &[("x", &[1, 4, 3]), ("weight", &[4, 1, 2])],
                |v| {
                    let options = ConvTransposeOptions::new([1], [0], [0], [2], 2);
                    module::conv_transpose1d(v.get("x"), v.get("weight"), None, options)
                },
            ),
        Layer::new("module::conv_transpose2d", &["conv_transpose2d"])
            .of(
                "[1, 2, 3, 2] kernel 2 3, stride 2 1, padding 0 1 and 1 0 out",
                &[
                    ("x", &[1, 2, 3, 2]),
                    ("weight", &[2, 3, 2, 3]),
                    ("bias", &[3]),
                ],
                |v| {
                    let options = ConvTransposeOptions::new([2, 1], [0, 1], [1, 0], [1, 1], 1);
                    module::conv_transpose2d(
                        v.get("x"),
                        v.get("weight"),
                        Some(v.get("bias")),
                        options,
                    )
                },
            )
            .of(
                "[2, 4, 2, 2] 2 groups, dilation 1 2",
                &[("x", &[2, 4, 2, 2]), ("weight", &[4, 1, 2, 2])],
                |v| {
                    let options = ConvTransposeOptions::new([1, 2], [0, 0], [0, 0], [1, 2], 2);
                    module::conv_transpose2d(v.get("x"), v.get("weight"), None, options)
                },
            ),
        Layer::new("module::conv_transpose3d", &["conv_transpose3d"]).of(
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

fn poolings() -> Vec<Layer> {
    vec![
        Layer::new("module::avg_pool1d", &["avg_pool1d"])
            .of("[2, 2, 7] 3 by 2", &[("x", &[2, 2, 7])], |v| {
                module::avg_pool1d(v.get("x"), AvgPoolOptions::new([3]).with_stride([2]))
            })
            .of(
                "[1, 2, 6] padded, padding not counted",
                &[("x", &[1, 2, 6])],
                |v| {
                    let options = AvgPoolOptions::new([3]).with_stride([2]).with_padding([1]);
                    module::avg_pool1d(v.get("x"), options.with_count_include_pad(false))
                },
            ),
        Layer::new("module::avg_pool2d", &["avg_pool2d"])
            .of("[1, 2, 5, 4] 2 3 by 2 1", &[("x", &[1, 2, 5, 4])], |v| {
                module::avg_pool2d(v.get("x"), AvgPoolOptions::new([2, 3]).with_stride([2, 1]))
            })
            .of(
                "[1, 2, 5, 4] padded, ceiling",
                &[("x", &[1, 2, 5, 4])],
                |v| {
                    let options = AvgPoolOptions::new([2, 3]).with_stride([2, 2]);
                    module::avg_pool2d(
                        v.get("x"),
                        options.with_padding([1, 1]).with_ceil_mode(true),
                    )
                },
            ),
        Layer::new("module::max_pool1d", &["max_pool1d"])
            .of("[2, 2, 7] 3 by 2, padded", &[("x", &[2, 2, 7])], |v| {
                let options = MaxPoolOptions::new([3]).with_stride([2]);
                module::max_pool1d(v.get("x"), options.with_padding([1]))
            })
            .of(
                "[1, 2, 7] dilation 2, overlapping",
                &[("x", &[1, 2, 7])],
                |v| {
                    let options = MaxPoolOptions::new([3]).with_stride([1]);
                    module::max_pool1d(v.get("x"), options.with_dilation([2]))
                },
            ),
        Layer::new(
            "module::max_pool1d_with_indices",
            &["max_pool1d_with_indices"],
        )
        .of("[2, 2, 6] 2 by 2", &[("x", &[2, 2, 6])], |v| {
            module::max_pool1d_with_indices(v.get("x"), MaxPoolOptions::new([2])).0
        }),
        Layer::new("module::max_pool2d", &["max_pool2d"])
            .of(
                "[1, 2, 5, 4] 2 3 by 1, overlapping",
                &[("x", &[1, 2, 5, 4])],
                |v| module::max_pool2d(v.get("x"), MaxPoolOptions::new([2, 3]).with_stride([1, 1])),
            )
            .of(
                "[1, 2, 5, 5] padded, ceiling",
                &[("x", &[1, 2, 5, 5])],
                |v| {
                    let options = MaxPoolOptions::new([2, 2]).with_stride([2, 2]);
                    module::max_pool2d(
                        v.get("x"),
                        options.with_padding([1, 1]).with_ceil_mode(true),
                    )
                },
            ),
        Layer::new(
            "module::max_pool2d_with_indices",
            &["max_pool2d_with_indices"],
        )
        .of("[1, 2, 4, 5] 2 2 by 2 1", &[("x", &[1, 2, 4, 5])], |v| {
            let options = MaxPoolOptions::new([2, 2]).with_stride([2, 1]);
            module::max_pool2d_with_indices(v.get("x"), options).0
        }),
        Layer::new("module::adaptive_avg_pool1d", &["adaptive_avg_pool1d"])
            .of("[2, 2, 7] to 3", &[("x", &[2, 2, 7])], |v| {
                module::adaptive_avg_pool1d(v.get("x"), 3)
            })
            .of("[1, 2, 3] to 5", &[("x", &[1, 2, 3])], |v| {
                module::adaptive_avg_pool1d(v.get("x"), 5)
            }),
        Layer::new("module::adaptive_avg_pool2d", &["adaptive_avg_pool2d"]).of(
            "[1, 2, 5, 4] to 2 3",
            &[("x", &[1, 2, 5, 4])],
            |v| module::adaptive_avg_pool2d(v.get("x"), [2, 3]),
        ),
        Layer::new("module::adaptive_avg_pool3d", &["adaptive_avg_pool3d"]).of(
            "[1, 2, 3, 4, 5] to 2 2 3",
            &[("x", &[1, 2, 3, 4, 5])],
            |v| module::adaptive_avg_pool3d(v.get("x"), [2, 2, 3]),
        ),
        interpolate("module::interpolate, nearest", InterpolateMode::Nearest),
        interpolate("module::interpolate, bilinear", InterpolateMode::Bilinear),
        interpolate("module::interpolate, bicubic", InterpolateMode::Bicubic),
    ]
}

fn interpolate(name: &'static str, mode: InterpolateMode) -> Layer {
    let to = move |size: [usize; 2], align_corners: bool| {
        let mode = mode.clone();
        move |v: &Values| {
            let options = InterpolateOptions::new(mode.clone())
                .with_output_size(size)
                .with_align_corners(align_corners);
            module::interpolate(v.get("x"), options)
        }
    };
    Layer::new(name, &["interpolate"])
        .of(
            "[1, 2, 3, 4] to 6 8",
            &[("x", &[1, 2, 3, 4])],
            to([6, 8], true),
        )
        .of(
            "[1, 2, 3, 4] to 5 7",
            &[("x", &[1, 2, 3, 4])],
            to([5, 7], false),
        )
        .of(
            "[1, 1, 6, 5] to 2 3",
            &[("x", &[1, 1, 6, 5])],
            to([2, 3], false),
        )
}

fn others() -> Vec<Layer> {
    vec![
        Layer::new("module::linear", &["linear"])
            .of(
                "[3, 4] to 2",
                &[("x", &[3, 4]), ("weight", &[4, 2]), ("bias", &[2])],
                |v| module::linear(v.get::<2>("x"), v.get("weight"), Some(v.get("bias"))),
            )
            .of(
                "[2, 3, 4] to 5, without bias",
                &[("x", &[2, 3, 4]), ("weight", &[4, 5])],
                |v| module::linear(v.get::<3>("x"), v.get("weight"), None),
            )
            .of(
                "[1] to 1",
                &[("x", &[1]), ("weight", &[1, 1]), ("bias", &[1])],
                |v| module::linear(v.get::<1>("x"), v.get("weight"), Some(v.get("bias"))),
            ),
        Layer::new("module::embedding", &["embedding"]).of(
            "[5, 3], twice the same",
            &[("weight", &[5, 3])],
            |v| module::embedding(v.get("weight"), v.ints([2, 3], &[0, 4, 4, 2, 0, 4])),
        ),
        Layer::new("module::batch_norm_train", &["batch_norm_train"])
            .of(
                "[4, 3]",
                &[("x", &[4, 3]), ("gamma", &[3]), ("beta", &[3])],
                |v| {
                    let (gamma, beta) = (v.get("gamma"), v.get("beta"));
                    module::batch_norm_train(v.get::<2>("x"), gamma, beta, 1e-3).output
                },
            )
            .of(
                "[2, 3, 2, 2]",
                &[("x", &[2, 3, 2, 2]), ("gamma", &[3]), ("beta", &[3])],
                |v| {
                    let (gamma, beta) = (v.get("gamma"), v.get("beta"));
                    module::batch_norm_train(v.get::<4>("x"), gamma, beta, 1e-3).output
                },
            ),
        attention(),
        Layer::new("module::ctc_loss", &["ctc_loss"])
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
    ]
}

fn attention() -> Layer {
    let shapes: [(&str, &[usize]); 3] = [
        ("query", &[1, 2, 3, 4]),
        ("key", &[1, 2, 5, 4]),
        ("value", &[1, 2, 5, 3]),
    ];
    let with = |options: AttentionModuleOptions| {
        move |v: &Values| {
            let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
            module::attention(query, key, value, None, None, options)
        }
    };
    Layer::new("module::attention", &["attention"])
        .of(
            "3 queries, 5 keys",
            &shapes,
            with(AttentionModuleOptions::default()),
        )
        .of(
            "causal",
            &[
                ("query", &[2, 1, 4, 3]),
                ("key", &[2, 1, 4, 3]),
                ("value", &[2, 1, 4, 3]),
            ],
            with(AttentionModuleOptions {
                is_causal: true,
                ..AttentionModuleOptions::default()
            }),
        )
        .of(
            "scale 0.3, softcap 2",
            &shapes,
            with(AttentionModuleOptions {
                scale: Some(0.3),
                softcap: Some(2.0),
                is_causal: false,
            }),
        )
        .of(
            "with a bias",
            &[shapes[0], shapes[1], shapes[2], ("bias", &[1, 2, 3, 5])],
            |v| {
                let options = AttentionModuleOptions::default();
                let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
                module::attention(query, key, value, None, Some(v.get("bias")), options)
            },
        )
}
