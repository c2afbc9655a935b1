//! The functions of `burn::tensor::module`, which the layers of `burn::nn` call: linear,
//! convolutions, poolings, interpolation, embedding, normalisation, attention, losses.

use burn::tensor::module;
use burn::tensor::ops::{
    AttentionModuleOptions, AvgPoolOptions, ConvOptions, ConvTransposeOptions, DeformConvOptions,
    MaxPoolOptions, UnfoldOptions,
};
use burn::tensor::{Bool, Tensor, activation, loss};
use burn_gradcheck::{Case, Outputs, Sample, Values};

use crate::operation::{Family, Operation};

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

    /// Leaves the last check out of a short selection: each shape is a program of its own to a shader.
    fn in_full_only(mut self) -> Self {
        if let Some(check) = self.0.checks.last_mut() {
            check.in_short = false;
        }
        self
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
            )
            .of(
                "[1, 2, 5] padding 2 before and 1 after, stride 2",
                &[("x", &[1, 2, 5]), ("weight", &[2, 2, 3]), ("bias", &[2])],
                |v| {
                    let options = ConvOptions::new_with_padding([2], [(2, 1)], [1], 1);
                    module::conv1d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
                },
            )
            .of(
                "transposed [4, 2, 1], expanded weight",
                &[("x", &[4, 2, 1]), ("weight", &[1, 2, 2])],
                |v| {
                    let options = ConvOptions::new([1], [0], [1], 1);
                    let x = v.get::<3>("x").permute([2, 1, 0]);
                    module::conv1d(x, v.get::<3>("weight").expand([3, 2, 2]), None, options)
                },
            )
            .in_full_only(),
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
            )
            .of(
                "[1, 2, 4, 3] padding 0 2 and 1 0, dilation 2 1",
                &[
                    ("x", &[1, 2, 4, 3]),
                    ("weight", &[2, 2, 2, 3]),
                    ("bias", &[2]),
                ],
                |v| {
                    let padding = [(0, 2), (1, 0)];
                    let options = ConvOptions::new_with_padding([1, 1], padding, [2, 1], 1);
                    module::conv2d(v.get("x"), v.get("weight"), Some(v.get("bias")), options)
                },
            )
            .in_full_only()
            .of(
                "transposed [1, 2, 3, 4], sliced weight",
                &[("x", &[1, 2, 3, 4]), ("weight", &[2, 3, 2, 2])],
                |v| {
                    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
                    let weight = v.get::<4>("weight").slice([0..2, 1..3, 0..2, 0..2]);
                    module::conv2d(v.get::<4>("x").swap_dims(2, 3), weight, None, options)
                },
            )
            .in_full_only(),
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
                    .input_from("offset", [1, 8, 3, 3], between_points())
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
            })
            .with("[1, 1, 2, 3] without bias", |case| {
                case.input("x", [1, 1, 2, 3])
                    .input_from("offset", [1, 8, 1, 2], between_points())
                    .input("weight", [2, 1, 2, 2])
                    .input("mask", [1, 4, 1, 2])
                    .function(|v| {
                        let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
                        let (offset, mask) = (v.get("offset"), Some(v.get("mask")));
                        let (x, weight) = (v.get("x"), v.get("weight"));
                        module::deform_conv2d(x, offset, weight, mask, None, options)
                    })
            })
            .with("[1, 1, 2, 3] without mask", |case| {
                case.input("x", [1, 1, 2, 3])
                    .input_from("offset", [1, 8, 1, 2], between_points())
                    .input("weight", [2, 1, 2, 2])
                    .input("bias", [2])
                    .function(|v| {
                        let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
                        let (offset, bias) = (v.get("offset"), Some(v.get("bias")));
                        let (x, weight) = (v.get("x"), v.get("weight"));
                        module::deform_conv2d(x, offset, weight, None, bias, options)
                    })
            }),
    ]
}

/// Offsets that do not lead to a point of the grid.
fn between_points() -> Sample {
    Sample::Within {
        low: 0.1,
        high: 0.9,
    }
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

fn windows() -> Vec<Layer> {
    let options = || UnfoldOptions::new([2, 1], [1, 0], [1, 2]);
    vec![
        Layer::new(
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
        Layer::new("module::fold4d", &["conv_transpose2d"]).of(
            "[1, 8, 4] to 3 4 by 2 1, padded, with gaps",
            &[("x", &[1, 8, 4])],
            move |v| module::fold4d(v.get("x"), [3, 4], [2, 2], options()),
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
            )
            .of(
                "[1, 2, 5] padded by 1 before and 2 after",
                &[("x", &[1, 2, 5])],
                |v| {
                    let options = AvgPoolOptions::new([3]).with_padding_pairs([(1, 2)]);
                    module::avg_pool1d(v.get("x"), options.with_stride([2]))
                },
            )
            .in_full_only(),
        Layer::new("module::avg_pool2d", &["avg_pool2d"])
            .of("[1, 2, 5, 4] 2 3 by 2 1", &[("x", &[1, 2, 5, 4])], |v| {
                module::avg_pool2d(v.get("x"), AvgPoolOptions::new([2, 3]).with_stride([2, 1]))
            })
            .of(
                "[1, 2, 3, 4] padded by 1 0 and 0 1",
                &[("x", &[1, 2, 3, 4])],
                |v| {
                    let options = AvgPoolOptions::new([2, 2]).with_stride([1, 2]);
                    module::avg_pool2d(v.get("x"), options.with_padding_pairs([(1, 0), (0, 1)]))
                },
            )
            .in_full_only()
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
                "[1, 2, 5] padded by 0 before and 2 after",
                &[("x", &[1, 2, 5])],
                |v| {
                    let options = MaxPoolOptions::new([3]).with_padding_pairs([(0, 2)]);
                    module::max_pool1d(v.get("x"), options.with_stride([2]))
                },
            )
            .in_full_only()
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
                "[1, 2, 3, 4] padded by 1 0 and 0 1",
                &[("x", &[1, 2, 3, 4])],
                |v| {
                    let options = MaxPoolOptions::new([2, 2]).with_stride([1, 2]);
                    module::max_pool2d(v.get("x"), options.with_padding_pairs([(1, 0), (0, 1)]))
                },
            )
            .of(
                "transposed [1, 2, 4, 3] 2 2",
                &[("x", &[1, 2, 4, 3])],
                |v| {
                    let x = v.get::<4>("x").swap_dims(2, 3);
                    module::max_pool2d(x, MaxPoolOptions::new([2, 2]).with_stride([1, 1]))
                },
            )
            .in_full_only()
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
    ]
}

fn others() -> Vec<Layer> {
    vec![
        Layer::new("module::linear", &["float_matmul", "float_add"])
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
    ]
}

fn norms() -> Vec<Layer> {
    vec![
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
        Layer::new(
            "module::batch_norm",
            &["float_sub", "float_sqrt", "float_div"],
        )
        .note("with statistics that are given, and inputs too")
        .with("[2, 3, 2]", |case| {
            case.input("x", [2, 3, 2])
                .input("gamma", [3])
                .input("beta", [3])
                .input("mean", [3])
                .input_from("variance", [3], Sample::Positive)
                .function(|v| {
                    let (gamma, beta) = (v.get("gamma"), v.get("beta"));
                    let (mean, variance) = (v.get("mean"), v.get("variance"));
                    module::batch_norm(v.get::<3>("x"), gamma, beta, mean, variance, 1e-3)
                })
        }),
        Layer::new(
            "module::layer_norm",
            &["float_mean_dim", "float_sub", "float_sqrt", "float_div"],
        )
        .of(
            "[3, 4]",
            &[("x", &[3, 4]), ("gamma", &[4]), ("beta", &[4])],
            |v| module::layer_norm(v.get::<2>("x"), v.get("gamma"), Some(v.get("beta")), 1e-3),
        )
        .of(
            "[2, 1, 5] without beta",
            &[("x", &[2, 1, 5]), ("gamma", &[5])],
            |v| module::layer_norm(v.get::<3>("x"), v.get("gamma"), None, 1e-3),
        )
        .in_full_only()
        .of(
            "transposed [4, 3]",
            &[("x", &[4, 3]), ("gamma", &[4])],
            |v| {
                let x = v.get::<2>("x").transpose();
                module::layer_norm(x, v.get("gamma"), None, 1e-3)
            },
        )
        .in_full_only(),
    ]
}

fn losses() -> Vec<Layer> {
    vec![
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
        Layer::new(
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
        .of("3 queries, 5 keys, some masked", &shapes, |v| {
            let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
            let options = AttentionModuleOptions::default();
            module::attention(query, key, value, Some(some_masked(v)), None, options)
        })
        .of("a query that may look at no key", &shapes, |v| {
            let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
            let row = |query: usize| (0..5).map(move |_| query == 1);
            let mask: Vec<bool> = (0..6).flat_map(|i| row(i % 3)).collect();
            let mask = v.bools([1, 2, 3, 5], &mask);
            let options = AttentionModuleOptions::default();
            module::attention(query, key, value, Some(mask), None, options)
        })
        .in_full_only()
        .of(
            "causal, some masked, with a bias and softcap 2",
            &[shapes[0], shapes[1], shapes[2], ("bias", &[1, 2, 3, 5])],
            |v| {
                let options = AttentionModuleOptions {
                    is_causal: true,
                    softcap: Some(2.0),
                    ..AttentionModuleOptions::default()
                };
                let (query, key, value) = (v.get("query"), v.get("key"), v.get("value"));
                let (mask, bias) = (some_masked(v), v.get("bias"));
                module::attention(query, key, value, Some(mask), Some(bias), options)
            },
        )
        .of(
            "transposed keys",
            &[shapes[0], ("key", &[1, 2, 4, 5]), shapes[2]],
            |v| {
                let (query, key, value) = (v.get("query"), v.get::<4>("key"), v.get("value"));
                let options = AttentionModuleOptions::default();
                module::attention(query, key.transpose(), value, None, None, options)
            },
        )
        .in_full_only()
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

/// Every key is masked from a query now and then, and none from all.
fn some_masked(v: &Values) -> Tensor<4, Bool> {
    let mask: Vec<bool> = (0..30).map(|i| i % 4 == 1).collect();
    v.bools([1, 2, 3, 5], &mask)
}
