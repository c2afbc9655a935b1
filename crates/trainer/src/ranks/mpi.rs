//! Processes joined by MPI.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use backends::Backend;
use mpi::Threading;
use mpi::environment::{Universe, library_version};
use mpi::topology::Rank;
use mpi::traits::Communicator;
use programs::complain;
use training::{Ranks, default_threads, ensure_same};

use super::build::own_build;
use super::cores::{is_bound, own_cores};
use super::joined::Joined;
use super::launch::leave_to_rank_0;
use super::patience::{Phase, patience_at_the_end};
use super::sums::Sums;
use super::{Launch, Met};

/// Bytes of a path that every rank is told.
const LONGEST_PATH: usize = 4096;

/// The processes that share a run, of which this is one.
pub(crate) struct World {
    joined: Arc<Joined>,
    on_this_machine: usize,
    rank_on_this_machine: usize,
    /// Leaves MPI when it is dropped.
    _universe: Universe,
}

impl World {
    /// The processes that were started with this one, if there are any.
    ///
    /// Where Open MPI could not find them, ranks above 0 end here: rank 0 most likely has the same error to tell.
    ///
    /// # Errors
    ///
    /// If MPI does not see them.
    pub(crate) fn join(interrupt: &Arc<AtomicBool>) -> Result<Option<Self>> {
        let Some(launch) = Launch::of_this_process() else {
            return Ok(None);
        };
        if is_left_alone() {
            let error = anyhow!(
                "{} offers nothing by which the processes of Open MPI find each other; under Slurm use `srun \
                 --mpi=pmix`, or start them by Open MPI's mpirun",
                launch.by
            );
            if launch.rank > 0 {
                leave_to_rank_0(launch, interrupt, error);
            }
            return Err(error);
        }
        match Self::join_as(launch, interrupt) {
            Err(error) if launch.rank > 0 => leave_to_rank_0(launch, interrupt, error),
            world => world.map(Some),
        }
    }

    fn join_as(Launch { by, count, .. }: Launch, interrupt: &Arc<AtomicBool>) -> Result<Self> {
        // The thread that trains is not the one that began, but one at a time calls MPI.
        let joined = mpi::initialize_with_threading(Threading::Serialized);
        let (universe, threading) = joined.context("MPI was begun twice")?;
        if threading < Threading::Serialized {
            bail!(
                "this MPI library may only be called from one thread; use one built with thread support"
            );
        }
        let world = universe.world();
        let [rank, size] = [world.rank(), world.size()].map(|number| number as usize);
        if size != count {
            bail!(
                "{by} started {count} processes, and MPI sees {size}: the trainer is linked to another MPI library \
                 than {by} belongs to; build it with the one of {by}, or under Slurm use `srun --mpi=pmix` with Open MPI \
                 and `srun --mpi=pmi2` with MPICH"
            );
        }
        let here = world.split_shared(rank as Rank);
        let [rank_on_this_machine, on_this_machine] =
            [here.rank(), here.size()].map(|number| number as usize);
        Ok(Self {
            joined: Arc::new(Joined {
                rank,
                count,
                interrupt: Arc::clone(interrupt),
                phase: Mutex::new(Phase::Start),
                patience_at_the_end: patience_at_the_end(by),
                folder: Mutex::new(None),
                scratch: Mutex::new(vec![]),
                nanoseconds: AtomicU64::new(0),
                additions: AtomicU64::new(0),
                if_late: Mutex::new(None),
            }),
            on_this_machine,
            rank_on_this_machine,
            _universe: universe,
        })
    }

    /// Finds a rank that runs another build of the program, or another command of it.
    ///
    /// # Errors
    ///
    /// If there is one, or a rank is lost.
    pub(crate) fn ensure_same_program(&self, is_sweep: bool) -> Result<()> {
        ensure_same(&*self.joined, "another build of the program", own_build())?;
        Ok(ensure_same(
            &*self.joined,
            "another command",
            u64::from(is_sweep),
        )?)
    }

    /// The number of this process among those on this machine, from 0.
    pub(crate) fn rank_on_this_machine(&self) -> usize {
        self.rank_on_this_machine
    }

    /// What training needs of them.
    pub(crate) fn ranks(&self) -> Arc<dyn Ranks> {
        Arc::clone(&self.joined) as Arc<dyn Ranks>
    }

    /// The threads of this process: its share of the cores, with enough rows of a batch each. With a note, if it
    /// could use more.
    ///
    /// # Errors
    ///
    /// If a rank is lost.
    pub(crate) fn threads(
        &self,
        backend: Backend,
        batch_size: usize,
    ) -> Result<(usize, Option<String>)> {
        let count = self.joined.count;
        let (cores, sharing) = self.cores()?;
        let has_rows = default_threads(Some(backend), batch_size / count);
        let threads = has_rows.min((cores / sharing).max(1));
        let note = (is_bound() && sharing == 1 && threads < has_rows).then(|| {
            format!("this process may run on {cores} of the cores; with mpirun --bind-to none, the ranks share all")
        });
        Ok((threads, note))
    }

    /// This process's share of the cores that it may run on, at least one.
    ///
    /// # Errors
    ///
    /// If a rank is lost.
    pub(crate) fn share_of_cores(&self) -> Result<usize> {
        let (cores, sharing) = self.cores()?;
        Ok((cores / sharing).max(1))
    }

    /// The cores that this process may run on, and how many processes share them.
    fn cores(&self) -> Result<(usize, usize)> {
        let Joined { rank, count, .. } = *self.joined;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        // `mpirun` may bind each process to cores of its own. Those that have the same cores share them.
        let own = own_cores();
        let mut cores_of = vec![0.0; count];
        cores_of[rank] = own;
        self.joined.add_up_f64(&mut cores_of)?;
        let same = cores_of.iter().filter(|&&of| of == own).count();
        Ok((cores, same.min(self.on_this_machine).max(1)))
    }

    /// Waits until all ranks are here, for as long as it takes. The launcher asks all to end when one dies, and may have
    /// done so already: `if_late` is done if some have not come soon after.
    ///
    /// # Errors
    ///
    /// As [`Ranks::add_up_f64`].
    pub(crate) fn meet(
        &self,
        yes: bool,
        asked_to_end: Option<Instant>,
        if_late: impl FnOnce() + Send + 'static,
    ) -> Result<Met> {
        self.joined.enter(Phase::Meeting { asked_to_end });
        let _ = self.joined.if_late(Some(Box::new(if_late)));
        let mut count = [f64::from(u8::from(yes))];
        self.joined.add_up_f64(&mut count)?;
        Ok(Met {
            is_agreed: count[0] > 0.0,
            is_late: self.joined.if_late(None).is_none(),
        })
    }

    /// Tells every rank where rank 0 keeps the run, for the case that a rank is lost.
    ///
    /// # Errors
    ///
    /// If one is lost already.
    pub(crate) fn share_folder(&self, folder: Option<&Path>) -> Result<()> {
        let folder = folder.map(|folder| folder.display().to_string());
        let folder = self.tell(folder.as_deref())?;
        *self.joined.folder() = Some(folder);
        Ok(())
    }

    /// Tells every rank what rank 0 says: a path.
    ///
    /// # Errors
    ///
    /// If a rank is lost, or the path too long.
    pub(crate) fn tell(&self, path: Option<&str>) -> Result<String> {
        let mut letters = [0.0; LONGEST_PATH];
        if path.is_some_and(|path| path.len() > LONGEST_PATH) {
            bail!("the path of the folder is longer than {LONGEST_PATH} bytes");
        }
        for (place, letter) in letters.iter_mut().zip(path.iter().flat_map(|p| p.bytes())) {
            *place = f64::from(letter);
        }
        self.joined.add_up_f64(&mut letters)?;
        let letters = letters.iter().map(|&letter| letter as u8);
        let letters = letters.take_while(|&letter| letter != 0).collect();
        String::from_utf8(letters).context("rank 0 has sent no path")
    }

    /// Remembers where the runs of a sweep are, for the case that a rank is lost.
    pub(crate) fn remember_folder(&self, folder: &Path) {
        *self.joined.folder() = Some(folder.display().to_string());
    }

    /// How long adding up took so far, for rank 0 to say.
    pub(crate) fn sums(&self) -> Option<Sums> {
        let Joined {
            rank,
            count,
            nanoseconds,
            additions,
            ..
        } = &*self.joined;
        let additions = additions.load(Ordering::Relaxed);
        let milliseconds = nanoseconds.load(Ordering::Relaxed) as f64 / 1e6 / additions as f64;
        (*rank == 0 && additions > 0).then_some(Sums {
            ranks: *count,
            additions,
            milliseconds,
        })
    }

    /// Ends all processes with an error. All may have the same one: rank 0 speaks first.
    pub(crate) fn fail(&self, error: &anyhow::Error) -> ! {
        let rank = self.joined.rank;
        if rank == 0 {
            complain(format_args!("error: {error:#}"));
        } else if !self.joined.is_ended_meanwhile() {
            complain(format_args!("error: rank {rank}: {error:#}"));
        }
        self.joined.end_all()
    }
}

/// Whether this is Open MPI, and the launcher offers nothing by which the processes find each other. Open MPI would then
/// print a page about its build, and end the process.
fn is_left_alone() -> bool {
    let offers = ["OMPI_", "PMIX_", "PMI_", "FLUX_"];
    let is_offer = |name: &OsStr| offers.iter().any(|o| name.to_string_lossy().starts_with(o));
    let is_open_mpi = library_version().is_ok_and(|version| version.contains("Open MPI"));
    is_open_mpi && !std::env::vars_os().any(|(name, _)| is_offer(&name))
}

impl Drop for World {
    /// Leaves together with the others. A panic ends all processes: this one would wait for the others, and they for it.
    fn drop(&mut self) {
        if thread::panicking() {
            self.joined.end_all();
        }
        self.joined.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill, raise};
    use nix::unistd::Pid;
    use programs::Exit;

    use super::*;

    /// Runs a test of this module on two ranks, which must end in time with this exit code. Gives the one error that they
    /// say.
    fn error_on_two_ranks(test: &str, limit: Duration, code: i32) -> String {
        let mut mpirun = Command::new("mpirun")
            .envs(["", "_CONFIRM"].map(|rest| (format!("OMPI_ALLOW_RUN_AS_ROOT{rest}"), "1")))
            .args(["--oversubscribe", "--bind-to", "none", "-n", "2"])
            .arg(std::env::current_exe().expect("this program"))
            .args(["--exact", &format!("ranks::mpi::tests::{test}")])
            .arg("--nocapture")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mpirun is installed");
        let started = Instant::now();
        let status = loop {
            if started.elapsed() > limit {
                // It ends the ranks; or it has ended by now.
                let _ = kill(Pid::from_raw(mpirun.id() as i32), Signal::SIGTERM);
                let _ = mpirun.wait();
                panic!("they wait for each other");
            }
            if let Some(status) = mpirun.try_wait().expect("it can be waited for") {
                break status;
            }
            thread::sleep(Duration::from_millis(20));
        };
        let output = mpirun.wait_with_output().expect("it has ended");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(status.code(), Some(code), "{stderr}");
        let errors = stderr.lines().filter(|line| line.starts_with("error: "));
        let errors = errors.collect::<Vec<_>>();
        assert_eq!(errors.len(), 1, "{stderr}");
        errors[0].to_owned()
    }

    /// As in a sweep: rank 0 waits for the others without limit, and mpirun asks it to end.
    fn panic_on_rank_1() -> Result<Exit> {
        let interrupt = Arc::<AtomicBool>::default();
        let raised = Arc::clone(&interrupt);
        ctrlc::set_handler(move || raised.store(true, Ordering::Relaxed))?;
        let world = World::join(&interrupt)?.context("started alone")?;
        assert_eq!(world.joined.rank, 0, "on purpose");
        world.meet(false, None, || {})?;
        Ok(Exit::Success)
    }

    #[test]
    fn a_panic_on_one_rank_ends_all() {
        if Launch::of_this_process().is_some() {
            programs::run_program(panic_on_rank_1);
            return;
        }
        let limit = Duration::from_secs(30);
        let error = error_on_two_ranks("a_panic_on_one_rank_ends_all", limit, 2);
        assert!(error.contains("a defect in this program"), "{error}");
    }

    /// As at the end of a sweep after Ctrl-C, when rank 1 saves its run for longer than mpirun usually waits.
    fn come_late_on_rank_1() -> Result<Exit> {
        let interrupt = Arc::new(AtomicBool::new(true));
        let world = World::join(&interrupt)?.context("started alone")?;
        let rank = world.joined.rank;
        if rank == 1 {
            thread::sleep(2 * world.joined.patience_at_the_end);
        }
        let (send, shown) = mpsc::channel();
        let met = world.meet(rank == 1, None, move || {
            let _ = send.send(());
        })?;
        let expected = Met {
            is_agreed: true,
            is_late: rank == 0,
        };
        assert_eq!(met, expected);
        assert_eq!(shown.try_recv().is_ok(), rank == 0);
        Ok(Exit::Success)
    }

    #[test]
    fn a_rank_that_comes_late_to_the_end_of_a_sweep_is_doubted_and_waited_for() {
        if Launch::of_this_process().is_some() {
            programs::run_program(come_late_on_rank_1);
            return;
        }
        let name = "a_rank_that_comes_late_to_the_end_of_a_sweep_is_doubted_and_waited_for";
        let error = error_on_two_ranks(name, Duration::from_secs(30), 0);
        assert!(
            error.starts_with("error: rank 1 of 2 has not answered since"),
            "{error}"
        );
    }

    /// As after the last step, when rank 0 alone has something to do.
    fn stop_rank_1_at_the_end() -> Result<Exit> {
        let world = World::join(&Arc::default())?.context("started alone")?;
        world.joined.enter(Phase::Steps);
        if world.joined.rank == 1 {
            raise(Signal::SIGSTOP)?;
        }
        Ok(Exit::Success)
    }

    #[test]
    fn a_rank_that_stops_at_the_end_is_not_waited_for() {
        if Launch::of_this_process().is_some() {
            programs::run_program(stop_rank_1_at_the_end);
            return;
        }
        let name = "a_rank_that_stops_at_the_end_is_not_waited_for";
        // Twenty seconds of patience, and the time to start and to end.
        let error = error_on_two_ranks(name, Duration::from_secs(60), 2);
        for part in ["rank 1 of 2 is lost", "what it wrote is complete"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
