//! Processes joined by MPI.

use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use backends::Backend;
use data_parallel::add_to;
use mpi::environment::Universe;
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::{Rank, SimpleCommunicator};
use mpi::traits::{Communicator, Destination, Equivalence, Source};
use mpi::{Tag, Threading};
use programs::{Exit, complain};
use training::{Ranks, TrainingError, default_threads};

use super::Launch;
use super::cores::{is_bound, own_cores};
use super::launch::{FOR_RANK_0, wait_for_rank_0};

/// Time without an answer after which a rank is lost, once training has begun.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same before: one machine may load the data, or compile an adapter's kernels, long after another has done so.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(600);

/// Seconds from the moment when `mpirun` asks processes to end, by Ctrl-C or because a rank has died, until it kills
/// them; and the variable for another number. Others wait longer.
const GRACE: (f64, &str) = (1.0, "OMPI_MCA_odls_base_sigkill_timeout");

/// Share of this time after which a rank that does not answer is lost.
const SHARE_OF_GRACE: f64 = 0.7;

/// Time for which waiting only gives way to other threads; after it, waiting sleeps.
const BRISK: Duration = Duration::from_millis(2);
const NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(10);

/// Numbers up to which it is faster to send all of them to every rank.
const FEW: usize = 1024;

/// Bytes of a path that every rank is told.
const LONGEST_PATH: usize = 4096;

const TAG: Tag = 17;

/// The processes that share a run, of which this is one.
pub(crate) struct World {
    joined: Arc<Joined>,
    on_this_machine: usize,
    /// Leaves MPI when it is dropped, and waits for the others to do so.
    _universe: Universe,
}

/// This process among the others.
struct Joined {
    rank: usize,
    count: usize,
    interrupt: Arc<AtomicBool>,
    /// Whether the ranks have taken a step.
    has_begun: AtomicBool,
    /// Whether this rank has nothing to do but to wait for the others.
    is_meeting: AtomicBool,
    /// Time without an answer after which a rank is lost, once this process was asked to end.
    patience_at_the_end: Duration,
    /// Where rank 0 keeps the run, once it has begun.
    folder: Mutex<Option<String>>,
    /// Room for the others' numbers.
    scratch: Mutex<Vec<f32>>,
    /// Time and number of the additions of gradients.
    nanoseconds: AtomicU64,
    additions: AtomicU64,
}

impl World {
    /// The processes that were started with this one, if there are any.
    ///
    /// # Errors
    ///
    /// If MPI does not see them.
    pub(crate) fn join(interrupt: &Arc<AtomicBool>) -> Result<Option<Self>> {
        let Some(launch) = Launch::of_this_process() else {
            return Ok(None);
        };
        let world = Self::join_as(launch, interrupt);
        if world.is_err() && launch.rank > 0 {
            wait_for_rank_0();
        }
        world.map(Some)
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
                 than {by} belongs to; build it with the one of {by}, or under Slurm try `srun --mpi=pmix`"
            );
        }
        let on_this_machine = world.split_shared(rank as Rank).size() as usize;
        Ok(Self {
            joined: Arc::new(Joined {
                rank,
                count,
                interrupt: Arc::clone(interrupt),
                has_begun: AtomicBool::new(false),
                is_meeting: AtomicBool::new(false),
                patience_at_the_end: patience_at_the_end(by),
                folder: Mutex::new(None),
                scratch: Mutex::new(vec![]),
                nanoseconds: AtomicU64::new(0),
                additions: AtomicU64::new(0),
            }),
            on_this_machine,
            _universe: universe,
        })
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

    /// Waits until all ranks are here, for as long as it takes; gives whether any says yes.
    ///
    /// A rank that does not come is not noticed here: the launcher ends all when one dies.
    ///
    /// # Errors
    ///
    /// As [`Ranks::add_up_f64`].
    pub(crate) fn meet(&self, yes: bool) -> Result<bool> {
        self.joined.is_meeting.store(true, Ordering::Relaxed);
        let mut count = [f64::from(u8::from(yes))];
        self.joined.add_up_f64(&mut count)?;
        Ok(count[0] > 0.0)
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

    /// How long adding up took so far.
    pub(crate) fn report(&self) -> Option<String> {
        let Joined {
            rank,
            count,
            nanoseconds,
            additions,
            ..
        } = &*self.joined;
        let additions = additions.load(Ordering::Relaxed);
        let milliseconds = nanoseconds.load(Ordering::Relaxed) as f64 / 1e6 / additions as f64;
        (*rank == 0 && additions > 0).then(|| {
            format!(
                "{count} ranks added up {additions} times, in {milliseconds:.3} ms each on average, waiting for the \
                 slowest rank included"
            )
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
        SimpleCommunicator::world().abort(Exit::Failure as i32)
    }
}

impl Drop for World {
    /// A panic ends all processes: leaving MPI, this one would wait for the others, and they for it.
    fn drop(&mut self) {
        if thread::panicking() {
            SimpleCommunicator::world().abort(Exit::Failure as i32);
        }
    }
}

fn patience_at_the_end(by: &str) -> Duration {
    if by != "mpirun" {
        return PATIENCE;
    }
    let (seconds, variable) = GRACE;
    let chosen = std::env::var(variable)
        .ok()
        .and_then(|value| value.parse().ok());
    Duration::from_secs_f64(SHARE_OF_GRACE * chosen.unwrap_or(seconds).clamp(seconds, 1e6))
}

/// A message on its way, and the rank at its other end.
type Message<'a, 's, T> = (usize, Request<'a, [T], &'s LocalScope<'a>>);

impl Joined {
    fn folder(&self) -> MutexGuard<'_, Option<String>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.count).filter(move |&other| other != rank)
    }

    /// The numbers that a rank adds up.
    fn part(&self, length: usize, rank: usize) -> Range<usize> {
        let at = |rank: usize| length * rank / self.count;
        at(rank)..at(rank + 1)
    }

    /// Adds up `values` over the ranks, in their order.
    ///
    /// ```text
    /// rank r receives part r of every list, adds these up, and sends the sums to all
    /// ```
    ///
    /// So each rank sends and receives `2(R-1)/R` of a list: with fixed order, no fewer are possible. Two ranks send
    /// each other all of it at once, which are as many bytes and one wait fewer.
    fn sum<T>(&self, values: &mut [T], room: &mut Vec<T>, add_to: fn(&mut [T], &[T]))
    where
        T: Equivalence + Copy + Default,
    {
        let length = values.len();
        if self.count == 2 {
            room.resize(length, T::default());
            self.exchange(
                |_| &values[..],
                [(1 - self.rank, &mut room[..])].into_iter(),
            );
            // a + b = b + a, in every bit.
            add_to(values, room);
            return;
        }
        if length <= FEW.max(self.count) {
            room.resize(length * self.count, T::default());
            self.exchange(|_| &values[..], room.chunks_mut(length).enumerate());
            self.add_in_order(values, room, add_to);
            return;
        }
        let own = self.part(length, self.rank);
        room.resize(own.len() * self.count, T::default());
        let rooms = room.chunks_mut(own.len()).enumerate();
        self.exchange(|rank| &values[self.part(length, rank)], rooms);
        let mut sums = values[own.clone()].to_vec();
        self.add_in_order(&mut sums, room, add_to);
        let mut rest = &mut *values;
        let mut parts = vec![];
        for rank in 0..self.count {
            let (part, after) = rest.split_at_mut(self.part(length, rank).len());
            parts.push((rank, part));
            rest = after;
        }
        self.exchange(|_| &sums[..], parts.into_iter());
        values[own].copy_from_slice(&sums);
    }

    /// Makes this rank's list the sum of all, of which `room` has the others'.
    fn add_in_order<T: Copy>(&self, own: &mut [T], room: &mut [T], add_to: fn(&mut [T], &[T])) {
        room[self.rank * own.len()..][..own.len()].copy_from_slice(own);
        let mut lists = room.chunks(own.len());
        if let Some(first) = lists.next() {
            own.copy_from_slice(first);
        }
        lists.for_each(|list| add_to(own, list));
    }

    /// Sends every other rank what is for it, and receives what it has for this one.
    fn exchange<'v, T>(
        &self,
        to: impl Fn(usize) -> &'v [T],
        from: impl Iterator<Item = (usize, &'v mut [T])>,
    ) where
        T: Equivalence + 'v,
    {
        let world = SimpleCommunicator::world();
        scope(|scope| {
            let mut messages: Vec<Message<'_, '_, T>> = vec![];
            for (rank, room) in from.filter(|(rank, _)| *rank != self.rank) {
                let process = world.process_at_rank(rank as Rank);
                let receive = process.immediate_receive_into_with_tag(scope, room, TAG);
                messages.push((rank, receive));
            }
            for rank in self.others() {
                let process = world.process_at_rank(rank as Rank);
                let send = process.immediate_send_with_tag(scope, to(rank), TAG);
                messages.push((rank, send));
            }
            self.wait(messages);
        });
    }

    /// Waits for messages. If one does not come in time, all processes end.
    fn wait<T>(&self, mut messages: Vec<Message<'_, '_, T>>) {
        let started = Instant::now();
        let mut asked_to_end = None;
        loop {
            let open = messages.into_iter();
            let open = open.filter_map(|(rank, message)| Some((rank, message.test().err()?)));
            messages = open.collect();
            if messages.is_empty() {
                return;
            }
            let waited = started.elapsed();
            if self.interrupt.load(Ordering::Relaxed) {
                asked_to_end.get_or_insert(waited);
            }
            let is_meeting = self.is_meeting.load(Ordering::Relaxed);
            let is_end = !is_meeting
                && asked_to_end.is_some_and(|since| waited - since > self.patience_at_the_end);
            let patience = if is_meeting {
                Duration::MAX
            } else if self.has_begun.load(Ordering::Relaxed) {
                PATIENCE
            } else {
                PATIENCE_AT_FIRST
            };
            if is_end || waited > patience {
                let missing = messages.iter().map(|(rank, _)| *rank).collect();
                self.give_up(missing);
            }
            if waited < BRISK {
                thread::yield_now();
            } else {
                // The longer it takes, the less it matters.
                thread::sleep((waited / 1000).clamp(NAP, LONGEST_NAP));
            }
        }
    }

    /// Waits as long as rank 0 may need to speak, or until another process has ended all.
    fn is_ended_meanwhile(&self) -> bool {
        let started = Instant::now();
        while started.elapsed() < FOR_RANK_0 {
            if self.interrupt.load(Ordering::Relaxed) {
                return true;
            }
            thread::sleep(NAP);
        }
        false
    }

    /// Ends all processes, because some do not answer. The first that can says so.
    fn give_up(&self, mut missing: Vec<usize>) -> ! {
        missing.sort_unstable();
        missing.dedup();
        if (0..self.rank).any(|rank| !missing.contains(&rank)) {
            // That one waits for the same ranks.
            wait_for_rank_0();
            SimpleCommunicator::world().abort(Exit::Failure as i32);
        }
        let names = missing.iter().map(usize::to_string).collect::<Vec<_>>();
        let remedy = match &*self.folder() {
            Some(folder) => {
                format!("to go on from the last checkpoint, start it with --resume {folder}")
            }
            None => "start again".to_owned(),
        };
        let ranks = if names.len() == 1 {
            "rank"
        } else {
            "one of the ranks"
        };
        complain(format_args!(
            "error: {ranks} {} of {} is lost, or the network to it; {remedy}",
            names.join(", "),
            self.count
        ));
        SimpleCommunicator::world().abort(Exit::Failure as i32)
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank, self.count)
    }
}

impl Ranks for Joined {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn add_up(&self, values: &mut [f32]) -> Result<(), TrainingError> {
        let started = Instant::now();
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        self.sum(values, &mut scratch, add_to);
        let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        self.additions.fetch_add(1, Ordering::Relaxed);
        self.has_begun.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn add_up_f64(&self, values: &mut [f64]) -> Result<(), TrainingError> {
        self.sum(values, &mut vec![], |sum, list| {
            sum.iter_mut().zip(list).for_each(|(sum, x)| *sum += x);
        });
        Ok(())
    }
}
