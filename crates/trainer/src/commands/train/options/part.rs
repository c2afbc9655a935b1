//! The options of a run that is part of a sweep.

use std::path::Path;

use anyhow::{Result, bail};
use run_folder::shell;
use training::Choices;

use super::{ComputationOptions, TrainOptions};
use crate::arguments::DeviceOption;

/// What a run knows of the sweep that it is part of.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The words after the program that go on with the sweep.
    pub(crate) resume: Vec<String>,
    /// The digest of the data that the sweep's other runs are on.
    pub(crate) data_digest: Option<String>,
}

impl Part {
    /// The words that go on with the sweep, as one types them.
    pub(crate) fn resume_words(&self) -> String {
        shell::line(self.resume.iter().map(String::as_str))
    }
}

impl TrainOptions {
    /// The options of a run that is part of a sweep: in its folder, under this name, on this graphics adapter.
    pub(crate) fn of_a_part(
        &self,
        sweep: &Path,
        name: String,
        device: Option<usize>,
        part: Part,
    ) -> Self {
        let mut options = self.clone();
        options.computation.device = DeviceOption { device };
        options.output.out_dir = sweep.to_owned();
        options.output.run_name = Some(name);
        options.output.part = Some(part);
        options.checkpoints.resume = None;
        options
    }

    /// Changes the options that a sweep began with to those with which it is resumed: `now` may change where the data
    /// are, where and by how many threads it computes, and how it shows its results.
    ///
    /// # Errors
    ///
    /// If `now` has more than that.
    pub(crate) fn resume_with(&mut self, now: &Self) -> Result<()> {
        if now.choices() != now.changes() {
            bail!(
                "a sweep is resumed with the options that it began with; with --resume you can only give --data-dir, \
                 --threads, --device, --url, --token-file, --format and --quiet"
            );
        }
        let data_dir = now.data.data_dir.as_ref();
        self.data.data_dir = data_dir.or(self.data.data_dir.as_ref()).cloned();
        let ComputationOptions {
            threads,
            device,
            remote,
            ..
        } = &mut self.computation;
        *threads = now.computation.threads.or(*threads);
        device.device = now.computation.device.device.or(device.device);
        *remote = now.computation.remote.clone().or(remote);
        self.output.format = now.output.format;
        self.output.quiet = now.output.quiet;
        self.checkpoints.resume.clone_from(&now.checkpoints.resume);
        Ok(())
    }

    /// What these options change in a run that has begun.
    pub(crate) fn changes(&self) -> Choices {
        Choices {
            data_dir: self.data.data_dir.clone(),
            threads: self.computation.threads,
            ..Choices::default()
        }
    }

    /// The words of these options that a sweep is to be resumed with again.
    pub(crate) fn words_to_repeat(&self) -> Vec<String> {
        let data_dir = self.data.data_dir.as_ref();
        let data_dir = data_dir.map(|folder| folder.display().to_string());
        let number = |value: Option<usize>| value.map(|value| value.to_string());
        let options = [
            ("--data-dir", data_dir),
            ("--threads", number(self.computation.threads)),
            ("--device", number(self.computation.device.device)),
        ];
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().chain(self.remote().words()).collect()
    }
}
