//! What a sweep shows: its runs as they end, the table, the page.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use programs::Exit;
use run_report::sweep::{SweepRun, cells, conclusion, page, table};
use run_report::write;

use super::Sweep;
use super::folder::PAGE;
use super::lines::{Line, given, outcome, pairs, run_line};
use crate::arguments::resume_command;
use crate::console::Console;
use crate::ranks::speaks;

impl Sweep {
    /// Shows all runs as they are, where the ranks that train those `of_others` do not come to their end; on the one that
    /// speaks for all, which has shown its own. Adds those that it shows to `shown`.
    pub(super) fn show_so_far(
        self: Arc<Self>,
        folder: PathBuf,
        of_others: Vec<usize>,
        shown: Arc<Mutex<Vec<usize>>>,
    ) -> impl FnOnce() + Send {
        move || {
            if !speaks() {
                return;
            }
            let mut runs = self.not_begun();
            self.look(&folder, &mut runs);
            if self.ensure_same_data(&runs).is_err() {
                return;
            }
            let mut console = self.options.output.console();
            let is_finished = |number: &usize| runs[*number].is_finished();
            let ended = of_others.into_iter().filter(is_finished);
            let ended = ended.collect::<Vec<_>>();
            let done = ended
                .iter()
                .try_for_each(|&number| self.show_run(&mut console, number, &runs[number]));
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = ended;
            // The loss is what is to be said now.
            let _ = done.and_then(|()| self.show(&mut console, &folder, &runs).map(drop));
        }
    }

    pub(super) fn show_run(
        &self,
        console: &mut Console,
        number: usize,
        run: &SweepRun,
    ) -> Result<()> {
        let Some(recorded) = &run.recorded else {
            return Ok(());
        };
        console.note(format_args!(
            "run {} of {}: {}, seed {}: {}",
            number + 1,
            self.plan.len(),
            given(&self.names, &run.values),
            run.seed,
            outcome(recorded)
        ));
        console.json(&run_line(&self.names, run, recorded))
    }

    /// Writes the page of all runs, and gives its path.
    pub(super) fn write_page(&self, folder: &Path, runs: &[SweepRun]) -> Result<PathBuf> {
        let file = folder.join(PAGE);
        write(&page(&self.names, runs)?, &file, &self.kept.command_line())?;
        Ok(file)
    }

    /// Shows all runs together, and writes their page.
    pub(super) fn show(
        &self,
        console: &mut Console,
        folder: &Path,
        runs: &[SweepRun],
    ) -> Result<Exit> {
        let names = &self.names;
        let cells = cells(runs);
        let file = self.write_page(folder, runs)?;
        for cell in &cells {
            let options = pairs(names, &cell.values);
            console.json(&Line::SweepRow { options, cell })?;
        }
        let finished = cells.iter().map(|cell| cell.finished).sum();
        let can_go_on = runs.iter().any(SweepRun::can_go_on);
        let resume = can_go_on.then(|| resume_command(&self.resume_words(folder)));
        console.json(&Line::Sweep {
            runs: runs.len(),
            finished,
            sweep_dir: folder.display().to_string(),
            page: file.display().to_string(),
            resume: resume.clone(),
        })?;
        console.text(format_args!(
            "{}\n{}\npage: {}",
            table(names, &cells).to_text(),
            conclusion(names, &cells),
            file.display()
        ))?;
        if let Some(command) = resume {
            console.text(format_args!("resume with: {command}"))?;
        }
        Ok(if finished < runs.len() {
            Exit::Negative
        } else {
            Exit::Success
        })
    }
}
