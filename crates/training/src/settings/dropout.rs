//! Dropout of a run.

use layers::Dropout;

use super::Settings;

/// Whether a probability is 0: settings without dropout are those of earlier versions, byte for byte.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_none(probability: &f64) -> bool {
    *probability == 0.0
}

impl Settings {
    /// The masks of a step of the run, counted from 0: none without dropout.
    ///
    /// # Panics
    ///
    /// If a probability is out of its range; [`resolve`](Self::resolve) and [`Run::new`](crate::Run::new) refuse it.
    pub fn masks(&self, step: usize) -> Dropout {
        Dropout::new(self.dropout, self.dropout_input, self.seed)
            .expect("the probabilities are in their range")
            .at_step(step as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::ModelName;
    use crate::settings::Choices;

    fn settings(choices: Choices) -> Settings {
        Settings::resolve(&choices).expect("legal choices")
    }

    #[test]
    fn a_run_of_an_earlier_version_has_no_dropout() {
        let json = serde_json::to_value(settings(Choices::default())).expect("JSON");
        for field in ["dropout", "dropout_input"] {
            assert!(json.get(field).is_none(), "{field} is new");
        }
        let read: Settings = serde_json::from_value(json).expect("settings");
        assert_eq!((read.dropout, read.dropout_input), (0.0, 0.0));
        assert_eq!(read.masks(5), Dropout::NONE.at_step(5));
    }

    #[test]
    fn masks_follow_seed_step_and_both_probabilities() {
        let chosen = settings(Choices {
            dropout: Some(0.5),
            dropout_input: Some(0.2),
            seed: Some(9),
            ..Choices::default()
        });
        let expected = Dropout::new(0.5, 0.2, 9).expect("probabilities");
        assert_eq!(chosen.masks(7), expected.at_step(7));
        let xor = settings(Choices {
            model: Some(ModelName::XorNet),
            dropout: Some(0.25),
            ..Choices::default()
        });
        assert_eq!(xor.dropout, 0.25);
    }
}
