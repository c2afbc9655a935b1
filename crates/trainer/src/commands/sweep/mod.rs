//! `trainer sweep`: runs that differ in one or two options and in their seeds.

mod folder;
mod lines;
mod plan;
mod results;
mod work;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use backends::Backend;
use clap::{Args, Command, FromArgMatches};
use programs::Exit;
use run_folder::lock;
use run_report::sweep::SweepRun;
use training::number::parse::at_least_one;
use training::{Engine, Settings, ensure_same, ensure_same_settings};

pub(super) use self::folder::is_of_a_sweep;
use self::folder::{Kept, is_begun, make_folder};
use self::plan::{Planned, Varied, plan};
use super::train::{self, TrainOptions};
use crate::arguments::refusal;
use crate::ranks::{World, speaks};
use crate::signals::asked_to_end;

/// Options of `sweep`.
#[derive(Debug, Args)]
#[command(
    override_usage = "trainer sweep --vary <OPTION=VALUES> [OPTIONS]\n       trainer sweep --resume <FOLDER> [OPTIONS]",
    mut_arg("resume", |arg| arg.help(RESUME))
)]
pub(crate) struct SweepOptions {
    /// An option of train and its values, separated by commas: learning-rate=0.05,0.1,0.2. For lists, by
    /// spaces: "hidden=64 256,128". Give it twice to combine two options.
    #[arg(
        long,
        required_unless_present = "resume",
        conflicts_with = "resume",
        value_name = "OPTION=VALUES"
    )]
    vary: Vec<String>,

    /// How many seeds to train each combination with, from --seed on, at least 1.
    #[arg(long, default_value = "3", conflicts_with = "resume", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    seeds: usize,

    #[command(flatten)]
    train: TrainOptions,
}

/// What `--resume` does here.
const RESUME: &str = "Resume the sweep in this folder: train the runs that have not begun, and go on with those that were \
                      interrupted or killed. It keeps its options; only --data-dir, --device, --url, --token-file, --format, \
                      --quiet and the number of ranks may change, and --threads with the fused engine";

/// Trains all combinations of the values with all seeds, and shows them as a table and on a page. Several
/// processes share the runs.
///
/// # Errors
///
/// If a value is not allowed, before anything is trained; or if a run cannot start.
pub(crate) fn run(options: &SweepOptions) -> Result<Exit> {
    let sweep = Sweep::of(options);
    let base = match &sweep {
        Ok(sweep) => sweep.options.choices(),
        Err(_) => options.train.choices(),
    };
    let plan = sweep.as_ref().map_or(&[][..], |sweep| &sweep.plan);
    // A run on ndarray decides, if there is any.
    let on_ndarray = plan.iter().find(|run| run.choices.backend.is_none());
    let interrupt = train::prepare(on_ndarray.map_or(&base, |run| &run.choices))?;
    let world = World::join(&interrupt)?;
    let done = sweep.and_then(|sweep| sweep.run(&interrupt, world.as_ref()));
    match (&world, done) {
        // Where one fails, the others would wait for it.
        (Some(world), Err(error)) => world.fail(&error),
        (_, done) => done,
    }
}

/// What is to be done.
struct Sweep {
    /// The options that vary.
    names: Vec<String>,
    plan: Vec<Planned>,
    /// The options of its runs.
    options: TrainOptions,
    /// How it was begun.
    kept: Kept,
    /// The options with which it is resumed, if it is.
    resumed: Option<TrainOptions>,
}

/// Where its runs are, and this process among those that share them.
struct Place {
    folder: PathBuf,
    rank: usize,
    count: usize,
    /// The cores of this process, if there are several.
    share: Option<usize>,
    /// Held by the process that speaks for all.
    _lock: Option<File>,
}

impl Sweep {
    fn of(options: &SweepOptions) -> Result<Self> {
        let now = &options.train;
        let Some(folder) = &now.checkpoints.resume else {
            return Self::begun_with(options, Kept::of_this_process());
        };
        let kept = Kept::open(folder, &now.words_to_repeat())?;
        let unusable = || format!("cannot resume the sweep in {}", folder.display());
        let mut options = parse(kept.options()).with_context(unusable)?;
        let threads = options.train.changes().threads;
        options.train.resume_with(now)?;
        let mut sweep = Self::begun_with(&options, kept)?;
        sweep.resumed = Some(now.clone());
        let changed = now.changes().threads.filter(|&now| Some(now) != threads);
        if changed.is_some() && !sweep.is_fused()? {
            bail!(
                "--threads can change only with --engine fused: with others, the last bits of the results depend on it; \
                 leave it out"
            );
        }
        Ok(sweep)
    }

    fn begun_with(options: &SweepOptions, kept: Kept) -> Result<Self> {
        refuse_what_is_for_one_run(options)?;
        let base = options.train.choices();
        let varied = options.vary.iter().map(|vary| Varied::parse(vary));
        let varied = varied.collect::<Result<Vec<_>>>()?;
        varied
            .iter()
            .try_for_each(|varied| varied.refuse_given(&base))?;
        let plan = plan(&varied, &base, options.seeds)?;
        if plan.iter().any(|run| run.choices.average_every.is_some()) {
            bail!("--average-every is for a single run; leave it out, or use train");
        }
        for run in &plan {
            let backend = Settings::resolve(&run.choices)?
                .backend
                .parse::<Backend>()?;
            backend.ensure_has(options.train.device(backend, None))?;
        }
        let names = varied.iter().map(|varied| varied.name.clone()).collect();
        Ok(Self {
            names,
            plan,
            options: options.train.clone(),
            kept,
            resumed: None,
        })
    }

    /// Whether all runs are by the fused engine.
    fn is_fused(&self) -> Result<bool> {
        for run in &self.plan {
            if Settings::resolve(&run.choices)?.engine != Engine::Fused {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Trains the runs, of several processes each its share, and shows all.
    fn run(self, interrupt: &Arc<AtomicBool>, world: Option<&World>) -> Result<Exit> {
        let mut console = self.options.output.console();
        let place = self.place(world)?;
        let Place {
            ref folder,
            rank,
            count,
            ..
        } = place;
        console.note(format_args!("the runs are in {}", folder.display()));
        let mut runs = match &self.resumed {
            Some(_) => self.begun(folder)?,
            None => self.not_begun(),
        };
        self.refuse_longer(&runs)?;
        let left = self.left(folder, &runs, world)?;
        for number in (0..runs.len()).filter(|number| !left.contains(number)) {
            self.show_run(&mut console, number, &runs[number])?;
        }
        let own = left.iter().copied().skip(rank).step_by(count);
        let own = own.collect::<Vec<_>>();
        for &number in &own {
            let process = world.map(World::rank_on_this_machine);
            self.train(number, &runs, &place, process, interrupt)?;
            runs[number].recorded = Some(self.open(folder, number)?);
            self.show_run(&mut console, number, &runs[number])?;
            if speaks() {
                // Whatever becomes of the others, there is a page of those that have ended. Why there is none, is said
                // at the end.
                self.look(folder, &mut runs);
                if self.ensure_same_data(&runs).is_ok() {
                    let _ = self.write_page(folder, &runs);
                }
            }
            if interrupt.load(Ordering::Relaxed) {
                break;
            }
        }
        let of_others = left.into_iter().filter(|number| !own.contains(number));
        let of_others = of_others.collect::<Vec<_>>();
        let mut is_interrupted = interrupt.load(Ordering::Relaxed);
        let sweep = Arc::new(self);
        let shown = Arc::<Mutex<Vec<usize>>>::default();
        if let Some(world) = world {
            let if_late = Arc::clone(&sweep).show_so_far(
                folder.clone(),
                of_others.clone(),
                Arc::clone(&shown),
            );
            let met = world.meet(is_interrupted, asked_to_end(), if_late)?;
            is_interrupted = met.is_agreed;
            if met.is_late {
                console.note("the missing ranks have come; all runs, once more:");
            }
        }
        if !speaks() {
            return Ok(if is_interrupted {
                Exit::Interrupted
            } else {
                Exit::Success
            });
        }
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        for number in of_others {
            // After an interruption, some have not begun.
            if !is_interrupted || is_begun(&sweep.folder_of(folder, number)) {
                runs[number].recorded = Some(sweep.open(folder, number)?);
                if !shown.contains(&number) {
                    sweep.show_run(&mut console, number, &runs[number])?;
                }
            }
        }
        sweep.ensure_same_data(&runs)?;
        let exit = sweep.show(&mut console, folder, &runs)?;
        // The interrupt may have come after the last run.
        let is_left = runs.iter().any(SweepRun::can_go_on);
        Ok(if is_interrupted && is_left {
            Exit::Interrupted
        } else {
            exit
        })
    }

    /// Makes the folder, or opens that of the sweep to resume, and finds this process's place.
    fn place(&self, world: Option<&World>) -> Result<Place> {
        let Some(world) = world else {
            let (folder, lock) = self.folder()?;
            return Ok(Place {
                folder,
                rank: 0,
                count: 1,
                share: None,
                _lock: Some(lock),
            });
        };
        world.ensure_same_program(true)?;
        let ranks = world.ranks();
        let is_resumed = u64::from(self.resumed.is_some());
        ensure_same(
            &*ranks,
            "another choice of a new or a resumed sweep",
            is_resumed,
        )?;
        let settings = self.plan.iter().map(|run| Settings::resolve(&run.choices));
        ensure_same_settings(&*ranks, &settings.collect::<Result<Vec<_>, _>>()?)?;
        let made = if speaks() { Some(self.folder()?) } else { None };
        let folder = tell(world, made.as_ref().map(|(folder, _)| &**folder))?;
        Ok(Place {
            folder,
            rank: ranks.rank(),
            count: ranks.count(),
            share: Some(world.share_of_cores()?),
            _lock: made.map(|(_, lock)| lock),
        })
    }

    /// Its folder, with the lock: made, or that of the sweep to resume. For the process that speaks for all.
    fn folder(&self) -> Result<(PathBuf, File)> {
        let train = &self.options;
        if let Some(folder) = &train.checkpoints.resume {
            return Ok((folder.clone(), lock(folder)?));
        }
        make_folder(
            &train.output.out_dir,
            train.output.run_name.as_deref(),
            &self.kept,
        )
    }
}

/// The options of `sweep` in these words.
fn parse(words: &[String]) -> Result<SweepOptions> {
    let command = SweepOptions::augment_args(Command::new("sweep").no_binary_name(true));
    let matches = command.try_get_matches_from(words);
    let options = matches.and_then(|matches| SweepOptions::from_arg_matches(&matches));
    options.map_err(|error| anyhow!(refusal(&error)))
}

/// Tells every rank the folder that rank 0 has made.
fn tell(world: &World, folder: Option<&Path>) -> Result<PathBuf> {
    let text = folder.map(|folder| {
        folder
            .to_str()
            .context("the path of the sweep's folder is not valid Unicode")
    });
    let folder = PathBuf::from(world.tell(text.transpose()?)?);
    if !folder.is_dir() {
        bail!(
            "the folder of the sweep, {}, is not there on every rank; use one that all of them see",
            folder.display()
        );
    }
    world.remember_folder(&folder);
    Ok(folder)
}

fn refuse_what_is_for_one_run(options: &SweepOptions) -> Result<()> {
    let train = &options.train;
    if train.output.dry_run {
        bail!("--dry-run is for a single run; leave it out, or use train");
    }
    if options.vary.len() > 2 {
        bail!(
            "--vary is given {} times; vary one or two options",
            options.vary.len()
        );
    }
    Ok(())
}
