//! The range of each setting.

use super::{Settings, SettingsError};

/// The most threads of a run. More than there are cores gain nothing, and operating systems abort a program
/// that starts very many.
const MOST_THREADS: usize = 1024;

impl Settings {
    /// An error that names the first setting out of its range. What is not set is in every range.
    pub(crate) fn check_ranges(&self) -> Result<(), SettingsError> {
        let units = self.hidden.iter().copied().min();
        let counts = [
            ("--epochs", Some(self.epochs)),
            ("--batch-size", Some(self.batch_size)),
            ("--threads", Some(self.threads)),
            ("--hidden", units),
            ("--log-every", Some(self.log_every)),
            ("--checkpoint-every", Some(self.checkpoint_every)),
            ("--keep-checkpoints", Some(self.keep_checkpoints)),
            ("--early-stop", self.early_stop),
            ("--check-gradients", self.check_gradients),
            ("--average-every", self.average_every),
        ];
        if let Some((option, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(SettingsError::new(format!(
                "{option} is 0; give a whole number from 1"
            )));
        }
        if self.threads > MOST_THREADS {
            return Err(SettingsError::new(format!(
                "--threads is {}; give a whole number from 1 to {MOST_THREADS}, best the number of cores",
                self.threads
            )));
        }
        type Legal = fn(f64) -> bool;
        let numbers: [(_, _, Legal, _); 12] = [
            (
                "--learning-rate",
                Some(self.learning_rate),
                |x| x > 0.0,
                "greater than 0",
            ),
            (
                "--weight-decay",
                Some(self.weight_decay),
                |x| x >= 0.0,
                "from 0",
            ),
            ("--clip-norm", self.clip_norm, |x| x > 0.0, "greater than 0"),
            (
                "--label-smoothing",
                Some(self.label_smoothing),
                |x| (0.0..1.0).contains(&x),
                "from 0 to below 1",
            ),
            (
                "--dropout",
                Some(self.dropout),
                |x| (0.0..1.0).contains(&x),
                "from 0 to below 1",
            ),
            (
                "--dropout-input",
                Some(self.dropout_input),
                |x| (0.0..1.0).contains(&x),
                "from 0 to below 1",
            ),
            (
                "--augment-strength",
                self.augment_strength,
                |x| (0.0..=3.0).contains(&x),
                "from 0 to 3",
            ),
            ("--average", self.average, |x| x > 0.0, "greater than 0"),
            ("--minutes", self.minutes, |x| x > 0.0, "greater than 0"),
            ("--ridge", self.ridge, |x| x >= 0.0, "from 0"),
            (
                "--validation-fraction",
                self.validation_fraction,
                |x| x > 0.0 && x < 1.0,
                "between 0 and 1",
            ),
            (
                "--min-accuracy",
                self.min_accuracy,
                |x| (0.0..=1.0).contains(&x),
                "from 0 to 1",
            ),
        ];
        for (option, number, is_legal, range) in numbers {
            if let Some(number) = number.filter(|&x| !(x.is_finite() && is_legal(x))) {
                return Err(SettingsError::new(format!(
                    "{option} is {number}; give a number {range}"
                )));
            }
        }
        Ok(())
    }
}

impl Settings {
    /// The option that most likely made the loss of a run on so many rows infinite. A penalty with the
    /// factor λ takes αλ of every weight away in a step: beyond 1, weights change their sign. As long as
    /// λ itself is less than 1, the learning rate α is to blame.
    pub(crate) fn too_large(&self, training_rows: usize) -> &'static str {
        let is_too_large = |factor: f64, per_step: f64| {
            factor >= 1.0 && self.learning_rate * per_step * factor >= 1.0
        };
        let ridge_of_a_row = self.ridge.unwrap_or(0.0) / training_rows as f64;
        if is_too_large(self.weight_decay, 1.0) {
            "--weight-decay"
        } else if is_too_large(ridge_of_a_row, self.batch_size as f64) {
            "--ridge"
        } else {
            "--learning-rate"
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Augment, Choices, ModelName, Settings};

    #[test]
    fn a_loss_that_is_not_finite_is_blamed_on_what_is_too_large() {
        let blamed = |choices: Choices| Settings::resolve(&choices).unwrap().too_large(55_000);
        let with = |learning_rate, weight_decay| {
            blamed(Choices {
                learning_rate,
                weight_decay,
                ..Choices::default()
            })
        };
        assert_eq!(with(None, Some(1e10)), "--weight-decay");
        assert_eq!(with(Some(1e30), Some(1e-4)), "--learning-rate");
        assert_eq!(with(Some(1e30), None), "--learning-rate");
        let ridge = |learning_rate, ridge| {
            blamed(Choices {
                model: Some(ModelName::LinearRegression),
                learning_rate,
                ridge,
                ..Choices::default()
            })
        };
        assert_eq!(ridge(None, Some(1e10)), "--ridge");
        assert_eq!(ridge(Some(1.0), Some(1000.0)), "--learning-rate");
    }

    #[test]
    fn a_number_out_of_its_range_is_refused() {
        type Change = fn(&mut Choices);
        let cases: [(&str, Change); 10] = [
            ("--batch-size is 0", |c| c.batch_size = Some(0)),
            ("--hidden is 0", |c| c.hidden = Some(vec![3, 0])),
            ("--learning-rate is NaN", |c| {
                c.learning_rate = Some(f64::NAN)
            }),
            ("--augment-strength is 3.5", |c| {
                (c.augment, c.augment_strength) = (Some(Augment::Both), Some(3.5));
            }),
            ("--dropout is 1", |c| c.dropout = Some(1.0)),
            ("--dropout-input is NaN", |c| {
                c.dropout_input = Some(f64::NAN)
            }),
            ("--average is 0", |c| c.average = Some(0.0)),
            ("--minutes is inf", |c| c.minutes = Some(f64::INFINITY)),
            ("--clip-norm is -1", |c| c.clip_norm = Some(-1.0)),
            ("--validation-fraction is 1", |c| {
                c.validation_fraction = Some(1.0)
            }),
        ];
        for (start, change) in cases {
            let mut choices = Choices::default();
            change(&mut choices);
            let error = Settings::resolve(&choices).expect_err(start).to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
