//! What may change when a run continues.

use backends::Backend;

use super::{Choices, Settings, SettingsError, WarmUp, pairs};
use crate::choice::Engine;

impl Settings {
    /// The settings of a run that continues with other choices: only the number of epochs, how often
    /// they are reported, the accuracy to reach and other spellings of classes may change, and with the fused
    /// engine the number of threads.
    ///
    /// # Errors
    ///
    /// If a choice contradicts what the run started with, or its schedule fixes the number of epochs.
    pub fn continued(mut self, choices: &Choices) -> Result<Self, SettingsError> {
        self.refuse_contradictions(choices)?;
        if let Some(epochs) = choices.epochs.filter(|&epochs| epochs != self.epochs) {
            if self.schedule.depends_on_length() {
                return Err(SettingsError::new(format!(
                    "cannot change --epochs: the {} schedule is fixed to {} epochs; leave --epochs \
                     out, or train again, with --schedule constant to keep the number open",
                    self.schedule, self.epochs
                )));
            }
            self.epochs = epochs;
        }
        if self.engine == Engine::Fused {
            self.threads = choices.threads.unwrap_or(self.threads);
        }
        self.log_every = choices.log_every.unwrap_or(self.log_every);
        self.min_accuracy = choices.min_accuracy.or(self.min_accuracy);
        self.skip_bad |= choices.skip_bad;
        self.data_in_file |= choices.data_in_file;
        if let Some(map) = &choices.class_map {
            self.class_map = pairs(map).collect();
        }
        Ok(self)
    }

    /// An error that names the first option that is not what the run started with.
    fn refuse_contradictions(&self, choices: &Choices) -> Result<(), SettingsError> {
        fn differs<T: PartialEq>(given: Option<T>, here: T) -> bool {
            given.is_some_and(|given| given != here)
        }
        fn differs_where_given<T: PartialEq>(given: Option<T>, here: Option<T>) -> bool {
            given.is_some() && given != here
        }
        let backend = choices.backend.map(Backend::name);
        let contradicted = [
            ("--backend", differs(backend, self.backend.as_str())),
            ("--model", differs(choices.model, self.model)),
            ("--engine", differs(choices.engine, self.engine)),
            ("--hidden", differs(choices.hidden.as_ref(), &self.hidden)),
            (
                "--activation",
                differs_where_given(choices.activation, self.activation),
            ),
            ("--ridge", differs_where_given(choices.ridge, self.ridge)),
            ("--batch-size", differs(choices.batch_size, self.batch_size)),
            (
                "--threads",
                self.engine != Engine::Fused && differs(choices.threads, self.threads),
            ),
            (
                "--learning-rate",
                differs(choices.learning_rate, self.learning_rate),
            ),
            ("--schedule", differs(choices.schedule, self.schedule)),
            (
                "--warm-up",
                differs(choices.warm_up.map(WarmUp::if_any), self.warm_up),
            ),
            ("--optimizer", differs(choices.optimizer, self.optimizer)),
            (
                "--weight-decay",
                differs(choices.weight_decay, self.weight_decay),
            ),
            (
                "--clip-norm",
                differs_where_given(choices.clip_norm, self.clip_norm),
            ),
            (
                "--label-smoothing",
                differs(choices.label_smoothing, self.label_smoothing),
            ),
            ("--dropout", differs(choices.dropout, self.dropout)),
            (
                "--dropout-input",
                differs(choices.dropout_input, self.dropout_input),
            ),
            (
                "--average",
                differs_where_given(choices.average, self.average),
            ),
            (
                "--average-every",
                differs_where_given(choices.average_every, self.average_every),
            ),
            (
                "--minutes",
                differs_where_given(choices.minutes, self.minutes),
            ),
            (
                "--augment",
                differs_where_given(choices.augment, self.augment),
            ),
            (
                "--augment-strength",
                differs_where_given(choices.augment_strength, self.augment_strength),
            ),
            (
                "--augment-rotation",
                differs(choices.augment_rotation.as_ref(), &self.augment_rotation),
            ),
            ("--seed", differs(choices.seed, self.seed)),
            ("--images", differs_where_given(choices.images, self.images)),
            (
                "--image-size",
                differs_where_given(choices.image_size, self.image_size),
            ),
            (
                "--validation-fraction",
                differs_where_given(choices.validation_fraction, self.validation_fraction),
            ),
            (
                "--checkpoint-every",
                differs(choices.checkpoint_every, self.checkpoint_every),
            ),
            (
                "--keep-checkpoints",
                differs(choices.keep_checkpoints, self.keep_checkpoints),
            ),
            (
                "--early-stop",
                differs_where_given(choices.early_stop, self.early_stop),
            ),
            (
                "--check-gradients",
                differs_where_given(choices.check_gradients, self.check_gradients),
            ),
        ];
        match contradicted.into_iter().find(|(_, differs)| *differs) {
            Some((option, _)) => Err(SettingsError::new(format!(
                "{option} differs from what the run started with and cannot change; leave it out, \
                 or train again"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Augment, ImageKind, ModelName, OptimizerName, ScheduleName};
    use layers::Activation;

    #[test]
    fn a_run_continues_only_with_the_choices_it_started_with() {
        let xor = || Choices {
            model: Some(ModelName::XorNet),
            backend: Some(Backend::Flex),
            seed: Some(3),
            ..Choices::default()
        };
        let started = Settings::resolve(&xor()).expect("legal choices");
        let same = Choices {
            hidden: Some(vec![4]),
            learning_rate: Some(0.5),
            ..xor()
        };
        assert!(started.clone().continued(&same).is_ok());

        type Change = fn(&mut Choices);
        let others: [(&str, Change); 31] = [
            ("--backend", |c| c.backend = Some(Backend::Ndarray)),
            ("--model", |c| c.model = Some(ModelName::MnistMlp)),
            ("--engine", |c| c.engine = Some(Engine::Manual)),
            ("--hidden", |c| c.hidden = Some(vec![5])),
            ("--activation", |c| c.activation = Some(Activation::Relu)),
            ("--ridge", |c| c.ridge = Some(1.0)),
            ("--batch-size", |c| c.batch_size = Some(3)),
            ("--threads", |c| c.threads = Some(3)),
            ("--learning-rate", |c| c.learning_rate = Some(0.25)),
            ("--schedule", |c| c.schedule = Some(ScheduleName::Linear)),
            ("--warm-up", |c| c.warm_up = Some(WarmUp::Epochs(3.0))),
            ("--optimizer", |c| c.optimizer = Some(OptimizerName::Adam)),
            ("--weight-decay", |c| c.weight_decay = Some(1.0)),
            ("--clip-norm", |c| c.clip_norm = Some(1.0)),
            ("--label-smoothing", |c| c.label_smoothing = Some(0.1)),
            ("--dropout", |c| c.dropout = Some(0.5)),
            ("--dropout-input", |c| c.dropout_input = Some(0.2)),
            ("--average", |c| c.average = Some(2.0)),
            ("--average-every", |c| c.average_every = Some(5)),
            ("--minutes", |c| c.minutes = Some(2.0)),
            ("--augment", |c| c.augment = Some(Augment::Affine)),
            ("--augment-strength", |c| c.augment_strength = Some(0.5)),
            ("--augment-rotation", |c| {
                c.augment_rotation = Some(vec!["1=0.5".parse().expect("a share")]);
            }),
            ("--seed", |c| c.seed = Some(4)),
            ("--images", |c| c.images = Some(ImageKind::Plain)),
            ("--image-size", |c| c.image_size = "9".parse().ok()),
            ("--validation-fraction", |c| {
                c.validation_fraction = Some(0.1);
            }),
            ("--checkpoint-every", |c| c.checkpoint_every = Some(7)),
            ("--keep-checkpoints", |c| c.keep_checkpoints = Some(9)),
            ("--early-stop", |c| c.early_stop = Some(3)),
            ("--check-gradients", |c| c.check_gradients = Some(9)),
        ];
        for (option, change) in others {
            let mut other = xor();
            change(&mut other);
            let error = started.clone().continued(&other).expect_err(option);
            assert!(error.to_string().starts_with(option), "{option}: {error}");
        }
        let allowed = Choices {
            epochs: Some(70),
            log_every: Some(5),
            min_accuracy: Some(0.5),
            ..Choices::default()
        };
        let continued = started.continued(&allowed).expect("all may change");
        let changed = (
            continued.epochs,
            continued.log_every,
            continued.min_accuracy,
        );
        assert_eq!(changed, (70, 5, Some(0.5)));
    }
}
