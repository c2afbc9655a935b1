//! What a net answers to the rows that it is judged by.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use backends::{Hardware, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, ImageSet, Mnist};
use linear_regression::LinearRegression;
use mnist_mlp::MnistMlp;
use xor_net::XorNet;

use crate::examples::Examples;
use crate::judgement::Confusion;
use crate::net::{Net, Reduction};
use crate::saved_run::AnyNet;

/// Rows judged at once on a processor: bounds the memory that activations take.
const ROWS_AT_ONCE: usize = 1000;

/// Rows judged at once on a graphics adapter where no batch size is known.
const ROWS_AT_ONCE_ON_GRAPHICS: usize = 128;

/// A net's answer to one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer {
    /// The right class.
    pub(crate) truth: usize,
    /// The class that the net gives.
    pub(crate) class: usize,
    /// What it gives the class by: its probability, or the output for it.
    pub(crate) score: f64,
}

/// A net's answers to all rows, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    /// The loss that the net was trained for, over all rows.
    pub(crate) loss: f64,
    pub(crate) rows: Vec<Answer>,
    /// Number of classes that the net can give.
    pub(crate) classes: usize,
}

impl Answers {
    /// How often which class was taken for which.
    pub(crate) fn confusion(&self) -> Confusion {
        let pairs = self.rows.iter().map(|row| (row.truth, row.class));
        Confusion::new(self.classes, pairs)
    }

    /// Index and answer of the mistakes, those of the largest score first.
    pub(crate) fn worst_mistakes(&self) -> Vec<(usize, Answer)> {
        let rows = self.rows.iter().copied().enumerate();
        let mut mistakes = rows
            .filter(|(_, row)| row.truth != row.class)
            .collect::<Vec<_>>();
        mistakes.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        mistakes
    }
}

/// The rows that a net is judged by, on the host.
#[derive(Debug, Clone)]
pub(crate) enum TestRows {
    /// Labelled images, and the names of the classes where the data name them.
    Images {
        images: ImageSet,
        class_names: Vec<String>,
    },
    /// The truth table of the exclusive or.
    TruthTable,
}

impl TestRows {
    /// The test set of a data folder, or, for the XOR net, the truth table.
    ///
    /// # Errors
    ///
    /// If the net needs images, and the folder has none, or none of the net's size and classes.
    pub(crate) fn load(net: &AnyNet, dir: &Path) -> Result<Self> {
        if let AnyNet::XorNet(_) = net {
            return Ok(Self::TruthTable);
        }
        let [inputs, .., outputs] = net.sizes()[..] else {
            bail!("the net has no layer");
        };
        let DataFolder {
            sets: Mnist { test, .. },
            class_names,
            ..
        } = DataFolder::load(dir)?;
        ensure!(
            test.image_size() == inputs,
            "the net takes {inputs} inputs, but the images of {} have {} pixels; name the data that \
             it was trained on with --data-dir",
            dir.display(),
            test.image_size()
        );
        ensure!(
            test.class_count() <= outputs,
            "the net knows {outputs} classes, but {} has {}; name the data that it was trained on \
             with --data-dir",
            dir.display(),
            test.class_count()
        );
        Ok(Self::Images {
            images: test,
            class_names,
        })
    }

    /// The net's answers to these rows. On a graphics adapter they are taken as many at once as a
    /// training batch had, if that is known: its matrix products are tuned for these.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(crate) fn answered_by(
        &self,
        net: &AnyNet,
        opened: &Opened,
        batch_size: Option<usize>,
    ) -> Result<Answers> {
        let at_once = match opened.hardware {
            Hardware::Processor => ROWS_AT_ONCE,
            Hardware::Graphics | Hardware::SoftwareGraphics => {
                batch_size.unwrap_or(ROWS_AT_ONCE_ON_GRAPHICS)
            }
        };
        match (self, net) {
            (Self::Images { images, .. }, AnyNet::MnistMlp(net)) => {
                answers(net, &Examples::from_images(images.clone(), opened), at_once)
            }
            (Self::Images { images, .. }, AnyNet::LinearRegression(net)) => {
                let examples = Examples::from_images(images.clone(), opened);
                answers(net, &examples.one_hot(net.class_count()), at_once)
            }
            (_, AnyNet::XorNet(net)) => {
                answers(net, &Examples::truth_table(&opened.device), at_once)
            }
            (Self::TruthTable, _) => Err(anyhow!("the truth table is for the XOR net alone")),
        }
    }

    /// The name of each class: as the data have it, or its number.
    pub(crate) fn class_names(&self, classes: usize) -> Vec<String> {
        let named = match self {
            Self::Images { class_names, .. } => &class_names[..],
            Self::TruthTable => &[],
        };
        let name = |class: usize| named.get(class).cloned();
        (0..classes)
            .map(|class| name(class).unwrap_or_else(|| class.to_string()))
            .collect()
    }
}

/// A net whose answers are classes.
trait Classifier: Net {
    /// Number of classes.
    fn class_count(&self) -> usize;

    /// Class of each row and what it is given by, `[n]` each, for `x: [n, inputs]`.
    fn answer(&self, x: Tensor<2>) -> (Tensor<1, Int>, Tensor<1>);

    /// The right class of each row, `[n]`.
    fn truth(targets: Self::Targets) -> Tensor<1, Int>;
}

impl Classifier for MnistMlp {
    fn class_count(&self) -> usize {
        let last = self.layers.last().expect("the net has a layer");
        last.weight.val().dims()[1]
    }

    /// By its softmax probability.
    fn answer(&self, x: Tensor<2>) -> (Tensor<1, Int>, Tensor<1>) {
        let predictions = self.predict(x);
        (predictions.classes, predictions.probabilities)
    }

    fn truth(labels: Tensor<1, Int>) -> Tensor<1, Int> {
        labels
    }
}

impl Classifier for LinearRegression {
    fn class_count(&self) -> usize {
        self.linear.weight.val().dims()[1]
    }

    /// By its output, the largest.
    fn answer(&self, x: Tensor<2>) -> (Tensor<1, Int>, Tensor<1>) {
        let (outputs, classes) = self.forward(x).max_dim_with_indices(1);
        (classes.squeeze_dim(1), outputs.squeeze_dim(1))
    }

    fn truth(one_hot: Tensor<2>) -> Tensor<1, Int> {
        one_hot.argmax(1).squeeze_dim(1)
    }
}

impl Classifier for XorNet {
    /// The two sides of ½.
    fn class_count(&self) -> usize {
        2
    }

    /// By its one output.
    fn answer(&self, x: Tensor<2>) -> (Tensor<1, Int>, Tensor<1>) {
        let yp = self.forward(x).squeeze_dim::<1>(1);
        (yp.clone().greater_scalar(0.5).int(), yp)
    }

    fn truth(y: Tensor<2>) -> Tensor<1, Int> {
        y.greater_scalar(0.5).int().squeeze_dim(1)
    }
}

fn answers<N: Classifier>(
    net: &N,
    examples: &Examples<N::Targets>,
    at_once: usize,
) -> Result<Answers> {
    let rows = examples.len();
    let mut answers = Answers {
        loss: 0.0,
        rows: Vec::with_capacity(rows),
        classes: net.class_count(),
    };
    for (x, targets) in examples.parts(0..examples.len(), at_once) {
        let length = x.dims()[0];
        let (loss, _) = net.judge(x.clone(), targets.clone());
        answers.loss += match N::REDUCTION {
            Reduction::Mean => floats(loss)?[0] * length as f64 / rows as f64,
            Reduction::Sum => floats(loss)?[0],
        };
        let (classes, scores) = net.answer(x);
        let truth = indices(N::truth(targets))?;
        let given = indices(classes)?.into_iter().zip(floats(scores)?);
        for (truth, (class, score)) in truth.into_iter().zip(given) {
            answers.rows.push(Answer {
                truth,
                class,
                score,
            });
        }
    }
    Ok(answers)
}

fn floats(tensor: Tensor<1>) -> Result<Vec<f64>> {
    let values = tensor.try_into_vec_as::<f64>();
    values.map_err(|error| anyhow!("the device failed: {error}"))
}

fn indices(tensor: Tensor<1, Int>) -> Result<Vec<usize>> {
    let values = tensor.try_into_vec_as::<i64>();
    let values = values.map_err(|error| anyhow!("the device failed: {error}"))?;
    let index = |value| usize::try_from(value).context("the device gave a negative class");
    values.into_iter().map(index).collect()
}
