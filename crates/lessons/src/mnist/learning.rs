//! A short training run, observed: loss, accuracy and gradient norms over the steps.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Tensor;
use mnist_mlp::{Dropout, MnistMlp};
use pages::colours::Colour;
use pages::numbers::{number, percent};
use pages::page::{Section, Table};
use pages::plot::{Mark, Panel, Points, Scale, Series, figure};
use training::{
    Batch, Engine, Evaluation, Net, ScheduleName, Settings, State, Team, TrainingError, Watch,
    evaluate,
};

use super::{BATCH, Options, ROWS_AT_ONCE};
use crate::digit_nets::{self, Images, not_finite};
use crate::setup::Setup;
use crate::tensors::read;

/// Steps from one kept loss and gradient norm to the next.
const KEPT: usize = 10;
/// Number of evaluations per epoch.
const EVALUATIONS: usize = 4;

/// The results of training.
pub(super) struct Training {
    pub(super) net: MnistMlp,
    /// Step and training loss of the batch.
    losses: Points,
    /// For each layer, step and norm of its weights' gradient.
    norms: Vec<Points>,
    /// Step and evaluation on the validation images.
    validation: Vec<(f64, Evaluation)>,
    steps: usize,
}

/// Observes the training.
struct Observer<'a> {
    validation: &'a Images,
    /// Steps from one evaluation to the next.
    interval: usize,
    evaluations: Vec<(f64, Evaluation)>,
    losses: Vec<Tensor<1>>,
    /// The gradient norms of each layer's weights.
    norms: Vec<Tensor<1>>,
}

impl Observer<'_> {
    fn evaluate(&mut self, state: &State<MnistMlp>) -> Result<(), TrainingError> {
        let team = Team::undivided();
        let evaluation = evaluate(state.net(), self.validation, &team, ROWS_AT_ONCE)?;
        self.evaluations
            .push((state.progress.step as f64, evaluation));
        Ok(())
    }
}

impl Watch<MnistMlp> for Observer<'_> {
    fn may_step(
        &mut self,
        state: &State<MnistMlp>,
        batch: &Batch<<MnistMlp as Net>::Targets>,
    ) -> Result<bool, TrainingError> {
        let step = state.progress.step;
        if step.is_multiple_of(self.interval) {
            self.evaluate(state)?;
        }
        if step.is_multiple_of(KEPT) {
            let team = Team::undivided();
            let (loss, gradients) =
                team.gradients(Engine::Manual, state.net(), batch, Dropout::NONE)?;
            self.losses.push(loss);
            self.norms.extend(state.net().layers.iter().map(|layer| {
                let gradient = gradients.get::<2>(layer.weight.id);
                let gradient = gradient.expect("every weight has a gradient");
                gradient.square().sum().sqrt()
            }));
        }
        Ok(true)
    }
}

impl Options {
    /// The training loop of item L17, with the gradients derived by hand.
    pub(super) fn train(
        &self,
        net: MnistMlp,
        setup: &Setup,
        train: &Images,
        validation: &Images,
    ) -> Result<Training> {
        let settings = Settings {
            learning_rate: self.learning_rate,
            schedule: ScheduleName::Constant,
            ..digit_nets::settings(self.epochs, BATCH, setup)
        };
        let mut observer = Observer {
            validation,
            interval: train.len().div_ceil(BATCH).div_ceil(EVALUATIONS),
            evaluations: vec![],
            losses: vec![],
            norms: vec![],
        };
        let rate = number(self.learning_rate);
        let remedy = format!("try a --learning-rate below {rate}");
        let watch = &mut observer;
        let state = digit_nets::train(net, &settings, train, setup, &remedy, watch, |_| Ok(()))?;
        observer.evaluate(&state)?;
        let mut evaluations = observer.evaluations.iter();
        if let Some((step, _)) = evaluations.find(|(_, evaluation)| !evaluation.loss.is_finite()) {
            return Err(not_finite(*step as usize, &remedy));
        }
        let over_steps = |values: Vec<f64>| -> Points {
            let values = values.into_iter().enumerate();
            values
                .map(|(i, value)| ((i * KEPT) as f64, value))
                .collect()
        };
        let losses = read(&Tensor::cat(observer.losses, 0)).values;
        let norms = read(&Tensor::cat(observer.norms, 0)).values;
        let layers = state.net().layers.len();
        let of_layer = |layer: usize| norms.iter().copied().skip(layer).step_by(layers).collect();
        Ok(Training {
            losses: over_steps(losses),
            norms: (0..layers).map(|l| over_steps(of_layer(l))).collect(),
            validation: observer.evaluations,
            net: state.net().valid(),
            steps: state.progress.step,
        })
    }

    /// The section on the training run.
    pub(super) fn learning(&self, training: &Training) -> Result<Section> {
        let validation = |of: fn(&Evaluation) -> f64| {
            let points = training.validation.iter();
            let points = points.map(|(step, evaluation)| (*step, of(evaluation)));
            Series::new("validation", Colour::ORANGE, Mark::Path, points)
        };
        let batches = Series::new(
            "training batches",
            Colour::BLUE,
            Mark::Thin,
            training.losses.iter().copied(),
        );
        let steps = ("step", Scale::Linear);
        let loss = Panel::of(
            "Loss",
            steps,
            ("cross-entropy", Scale::Log),
            vec![batches, validation(|evaluation| evaluation.loss)],
        );
        let accuracy = Panel::of(
            "Accuracy",
            steps,
            ("accuracy, %", Scale::Linear),
            vec![validation(|evaluation| 100.0 * evaluation.accuracy)],
        );
        let colours = Colour::SERIES.into_iter().cycle();
        let norms = (1..).zip(&training.norms).zip(colours);
        let norms = norms.map(|((l, norms), colour)| {
            let label = format!("‖δW{l}‖");
            Series::new(label, colour, Mark::Thin, norms.iter().copied())
        });
        let norms = Panel::of(
            "Gradient norm of each layer",
            steps,
            ("norm", Scale::Log),
            norms.collect(),
        );
        let mut table = Table::new(["step", "validation loss", "validation accuracy"]);
        for (step, evaluation) in &training.validation {
            table.push([
                number(*step),
                number(evaluation.loss),
                percent(evaluation.accuracy),
            ]);
        }
        Ok(Section::new("Learning")
            .formula("v ← 0.9 v + δθ        θ ← θ - α v        for every W and b")
            .text(format!(
                "{} steps of {BATCH} images with momentum and α = {}. Each epoch has a new random order.",
                training.steps,
                number(self.learning_rate)
            ))
            .table(table)
            .figure(
                "learning",
                format!(
                    "Every {KEPT}th batch, and the validation images {EVALUATIONS} times in each epoch"
                ),
                figure(&[loss, accuracy, norms], 2)?,
            ))
    }
}
