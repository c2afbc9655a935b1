//! One process among those that MPI has joined, and its messages.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use data_parallel::{add_to, shards};
use mpi::Tag;
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::{Rank, SimpleCommunicator};
use mpi::traits::{Communicator, Destination, Equivalence, Source};
use programs::{Exit, complain};
use training::{Divided, Ranks, TrainingError};

use super::launch::{FOR_RANK_0, wait_for_rank_0};
use super::patience::{NAP, Phase, Wait};

/// Numbers up to which it is faster to send all of them to every rank.
const FEW: usize = 1024;

const TAG: Tag = 17;

/// Of the last messages: a rank that is done before its time is waited for, and nobody takes its word for numbers.
const LEAVES: Tag = 19;

/// Of a message that says that its sender ends all processes, and has said why.
const ENDS: Tag = 18;

/// Time for that message to leave.
const FAREWELL: Duration = Duration::from_millis(100);

/// From this rank on, all listen equally long: mpirun may kill them 300 ms after they have given up.
const LAST_TO_WAIT: usize = 3;

/// This process among the others.
pub(super) struct Joined {
    pub(super) rank: usize,
    pub(super) count: usize,
    pub(super) interrupt: Arc<AtomicBool>,
    pub(super) phase: Mutex<Phase>,
    /// Time without an answer after which a rank is lost, once this process was asked to end.
    pub(super) patience_at_the_end: Duration,
    /// Where rank 0 keeps the run, once it has begun.
    pub(super) folder: Mutex<Option<String>>,
    /// Room for the others' numbers.
    pub(super) scratch: Mutex<Vec<f32>>,
    /// Time and number of the additions of gradients.
    pub(super) nanoseconds: AtomicU64,
    pub(super) additions: AtomicU64,
    /// What is done if ranks do not come to the meeting at the end of a sweep.
    pub(super) if_late: Mutex<Option<Work>>,
}

/// Something to do.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// A message on its way, and the rank at its other end.
type Message<'a, 's, T> = (usize, Request<'a, [T], &'s LocalScope<'a>>);

impl Joined {
    /// Has something done if ranks do not come to the meeting at the end of a sweep. Gives what was not done.
    pub(super) fn if_late(&self, work: Option<Work>) -> Option<Work> {
        let mut if_late = self.if_late.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut if_late, work)
    }

    fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    pub(super) fn folder(&self) -> MutexGuard<'_, Option<String>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a part of what a step needs of the other ranks, and counts its time; it may be the first part.
    fn in_step(&self, is_first: bool, work: impl FnOnce(&mut Vec<f32>)) {
        let started = Instant::now();
        work(&mut self.scratch.lock().unwrap_or_else(PoisonError::into_inner));
        let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        let additions = u64::from(is_first);
        self.additions.fetch_add(additions, Ordering::Relaxed);
        self.enter(Phase::Steps);
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.count).filter(move |&other| other != rank)
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
        if self.count == 2 || length <= FEW.max(self.count) {
            let everything = vec![0..length; self.count];
            return self.sum_parts(&mut [(values, &everything)], room, add_to);
        }
        // One for each rank, because there are more numbers than ranks.
        let parts = shards(length, self.count);
        self.sum_parts(&mut [(&mut *values, &parts)], room, add_to);
        self.send_parts([(values, &parts[..])]);
    }

    /// Adds up this rank's part of each list over the ranks, in their order. The parts may be the same for all.
    fn sum_parts<T>(
        &self,
        lists: &mut [(&mut [T], &[Range<usize>])],
        room: &mut Vec<T>,
        add_to: fn(&mut [T], &[T]),
    ) where
        T: Equivalence + Copy + Default,
    {
        let own = |parts: &[Range<usize>]| parts[self.rank].len();
        let all = lists.iter().map(|(_, parts)| own(parts)).sum::<usize>();
        room.resize(self.count * all, T::default());
        let mut rooms = vec![];
        let mut rest = &mut room[..];
        for (_, parts) in &*lists {
            let (rooms_of_list, after) = rest.split_at_mut(self.count * own(parts));
            rest = after;
            if own(parts) > 0 {
                rooms.extend(rooms_of_list.chunks_mut(own(parts)).enumerate());
            }
        }
        let messages = lists.iter().flat_map(|(values, parts)| {
            let parts = parts.iter().enumerate();
            parts.map(|(rank, part)| (rank, &values[part.clone()]))
        });
        self.exchange(messages, rooms);
        let mut rest = &mut room[..];
        for (values, parts) in lists {
            let part = parts[self.rank].clone();
            let (room, after) = rest.split_at_mut(self.count * part.len());
            rest = after;
            self.add_in_order(&mut values[part], room, add_to);
        }
    }

    /// Makes this rank's list the sum of all, of which `room` has the others'.
    fn add_in_order<T: Copy>(&self, own: &mut [T], room: &mut [T], add_to: fn(&mut [T], &[T])) {
        let place = |rank: usize| own.len() * rank..own.len() * (rank + 1);
        if self.count == 2 {
            // a + b = b + a, in every bit.
            add_to(own, &room[place(1 - self.rank)]);
            return;
        }
        room[place(self.rank)].copy_from_slice(own);
        let (first, others) = room.split_at(own.len());
        own.copy_from_slice(first);
        if !own.is_empty() {
            others.chunks(own.len()).for_each(|list| add_to(own, list));
        }
    }

    /// Sends all other ranks this one's part of each list, and receives theirs.
    fn send_parts<'v, T>(&self, lists: impl IntoIterator<Item = (&'v mut [T], &'v [Range<usize>])>)
    where
        T: Equivalence + 'v,
    {
        let (mut own, mut others) = (vec![], vec![]);
        for (values, parts) in lists {
            let mut rest = values;
            for (rank, part) in parts.iter().enumerate() {
                let (values, after) = rest.split_at_mut(part.len());
                rest = after;
                if rank == self.rank {
                    own.push(&*values);
                } else {
                    others.push((rank, values));
                }
            }
        }
        let messages = own
            .into_iter()
            .flat_map(|values| self.others().map(move |rank| (rank, values)));
        self.exchange(messages, others);
    }

    /// Sends the other ranks what is for them, and receives what they have for this one, in the same order. Who sends
    /// nothing sends no message.
    fn exchange<'v, T>(
        &self,
        to: impl IntoIterator<Item = (usize, &'v [T])>,
        from: impl IntoIterator<Item = (usize, &'v mut [T])>,
    ) where
        T: Equivalence + 'v,
    {
        self.exchange_as(TAG, to, from);
    }

    fn exchange_as<'v, T>(
        &self,
        tag: Tag,
        to: impl IntoIterator<Item = (usize, &'v [T])>,
        from: impl IntoIterator<Item = (usize, &'v mut [T])>,
    ) where
        T: Equivalence + 'v,
    {
        let world = SimpleCommunicator::world();
        let is_other = |rank: usize, length: usize| rank != self.rank && length > 0;
        scope(|scope| {
            let mut messages: Vec<Message<'_, '_, T>> = vec![];
            for (rank, room) in from {
                if is_other(rank, room.len()) {
                    let process = world.process_at_rank(rank as Rank);
                    let receive = process.immediate_receive_into_with_tag(scope, room, tag);
                    messages.push((rank, receive));
                }
            }
            for (rank, values) in to {
                if is_other(rank, values.len()) {
                    let process = world.process_at_rank(rank as Rank);
                    let send = process.immediate_send_with_tag(scope, values, tag);
                    messages.push((rank, send));
                }
            }
            self.wait(messages);
        });
    }

    /// Waits for messages. If one does not come in time, all processes end; at the end of a sweep, whose runs are kept
    /// anyway, the launcher has time to do so first.
    fn wait<T>(&self, mut messages: Vec<Message<'_, '_, T>>) {
        let mut wait = Wait::begin();
        let mut doubted: Option<Instant> = None;
        loop {
            let open = messages.into_iter();
            let open = open.filter_map(|(rank, message)| Some((rank, message.test().err()?)));
            messages = open.collect();
            if messages.is_empty() {
                return;
            }
            let phase = self.phase();
            let is_asked_to_end = self.interrupt.load(Ordering::Relaxed);
            if let Some(since) = doubted {
                // Not every launcher ends them. mpirun has done so by now.
                if since.elapsed() > 3 * self.patience_at_the_end {
                    SimpleCommunicator::world().abort(Exit::Failure as i32);
                }
            } else if wait.is_over(phase, is_asked_to_end, self.patience_at_the_end) {
                let missing = messages.iter().map(|(rank, _)| *rank).collect();
                match phase {
                    Phase::Meeting { .. } => self.doubt(missing),
                    _ => self.give_up(missing),
                }
                doubted = Some(Instant::now());
            }
            wait.pause();
        }
    }

    /// Waits until rank 0 is done, and tells it so; rank 0 waits until the others have. Leaving MPI waits as well, but
    /// without limit.
    pub(super) fn leave(&self) {
        let done = [1_u8];
        if self.rank == 0 {
            // Without a step, each rank may have loaded data.
            if self.phase() != Phase::Start {
                self.enter(Phase::Leaving);
            }
            let mut words = vec![0_u8; self.count];
            let to_others = self.others().map(|rank| (rank, &done[..]));
            self.exchange_as(LEAVES, to_others, words.chunks_mut(1).enumerate());
        } else {
            self.enter(Phase::LastWord);
            let mut word = [0_u8];
            self.exchange_as(LEAVES, [], [(0, &mut word[..])]);
            self.exchange_as(LEAVES, [(0, &done[..])], []);
        }
    }

    /// Waits as long as rank 0 may need to speak, or until another process has ended all.
    pub(super) fn is_ended_meanwhile(&self) -> bool {
        let started = Instant::now();
        while started.elapsed() < FOR_RANK_0 {
            if self.interrupt.load(Ordering::Relaxed) {
                return true;
            }
            thread::sleep(NAP);
        }
        false
    }

    /// Ends all processes after an error that was said, and tells them, so that none has another one to say.
    pub(super) fn end_all(&self) -> ! {
        let world = SimpleCommunicator::world();
        scope(|scope| {
            let to = |rank: usize| {
                let process = world.process_at_rank(rank as Rank);
                process.immediate_send_with_tag(scope, &[0_u8][..], ENDS)
            };
            let mut messages = self.others().map(to).collect::<Vec<_>>();
            let started = Instant::now();
            while !messages.is_empty() && started.elapsed() < FAREWELL {
                let open = messages.into_iter();
                messages = open.filter_map(|message| message.test().err()).collect();
                thread::yield_now();
            }
            world.abort(Exit::Failure as i32)
        })
    }

    /// Ends all processes, because some do not answer. The first that can says so, unless another has said why it ends all.
    fn give_up(&self, missing: Vec<usize>) -> ! {
        if self.is_told_of_the_end() {
            SimpleCommunicator::world().abort(Exit::Failure as i32);
        }
        let missing = sorted(missing);
        if !self.is_first_to_miss(&missing) {
            wait_for_rank_0();
            SimpleCommunicator::world().abort(Exit::Failure as i32);
        }
        // Who waits for a lost rank does not answer, either.
        let missing = match &missing[..] {
            [rank] => format!("rank {rank}"),
            ranks => format!("one of the ranks {}", listed(ranks)),
        };
        let remedy = match (self.phase(), &*self.folder()) {
            (Phase::Leaving, _) => "rank 0 had finished, and what it wrote is complete".to_owned(),
            (Phase::LastWord, Some(folder)) => {
                format!("training was over, and rank 0 was writing the results in {folder}")
            }
            (Phase::LastWord, None) => "rank 0 had not finished writing".to_owned(),
            (_, Some(folder)) => {
                format!("to go on from the last checkpoint, start it with --resume {folder}")
            }
            (_, None) => "start again".to_owned(),
        };
        complain(format_args!(
            "error: {missing} of {} is lost, or the network to it; {remedy}",
            self.count
        ));
        self.end_all()
    }

    /// Says at the end of a sweep which ranks have not come since all were asked to end, unless another rank says it, and
    /// shows the runs that have ended.
    fn doubt(&self, missing: Vec<usize>) {
        let missing = sorted(missing);
        if !self.is_told_of_the_end() && self.is_first_to_miss(&missing) {
            let folder = self.folder();
            let folder = folder.as_deref().unwrap_or("FOLDER");
            let (ranks, have) = match &missing[..] {
                [_] => ("rank", "has"),
                _ => ("ranks", "have"),
            };
            complain(format_args!(
                "error: {ranks} {} of {} {have} not answered since all were asked to end, and may be lost; to go on with \
                 the sweep, start it with --resume {folder}",
                listed(&missing),
                self.count
            ));
        }
        let if_late = self.if_late.lock();
        let work = if_late.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            work();
        }
    }

    /// Whether this process is the first that can name the missing ranks: one before it would wait for the same.
    fn is_first_to_miss(&self, missing: &[usize]) -> bool {
        (0..self.rank).all(|rank| missing.contains(&rank))
    }

    /// Whether another process has said why it ends all. A message may be here that this process, which was stopped,
    /// has not seen. Ranks that give up in the same moment would all speak: each listens for longer than those before it.
    fn is_told_of_the_end(&self) -> bool {
        let world = SimpleCommunicator::world();
        let started = Instant::now();
        let listens_for = FAREWELL + FAREWELL / 2 * self.rank.min(LAST_TO_WAIT) as u32;
        while started.elapsed() < listens_for {
            if world.any_process().immediate_probe_with_tag(ENDS).is_some() {
                return true;
            }
            thread::sleep(NAP);
        }
        false
    }
}

/// Ranks in their order, each once: a message to one and one from it may both be missing.
fn sorted(mut ranks: Vec<usize>) -> Vec<usize> {
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

fn listed(ranks: &[usize]) -> String {
    let names = ranks.iter().map(usize::to_string);
    names.collect::<Vec<_>>().join(", ")
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
        self.in_step(true, |room| self.sum(values, room, add_to));
        Ok(())
    }

    fn add_up_parts(
        &self,
        lists: &mut [Divided<'_>],
        everywhere: &mut [f32],
    ) -> Result<(), TrainingError> {
        let whole = vec![0..everywhere.len(); self.count];
        let divided = lists.iter_mut().map(|list| (&mut *list.values, list.parts));
        let mut lists: Vec<(&mut [f32], &[Range<usize>])> = divided.collect();
        lists.push((everywhere, &whole));
        self.in_step(true, |room| self.sum_parts(&mut lists, room, add_to));
        Ok(())
    }

    fn collect(&self, lists: &mut [Divided<'_>]) -> Result<(), TrainingError> {
        let lists = lists.iter_mut().map(|list| (&mut *list.values, list.parts));
        self.in_step(false, |_| self.send_parts(lists));
        Ok(())
    }

    fn add_up_f64(&self, values: &mut [f64]) -> Result<(), TrainingError> {
        self.sum(values, &mut vec![], |sum, list| {
            sum.iter_mut().zip(list).for_each(|(sum, x)| *sum += x);
        });
        Ok(())
    }
}
