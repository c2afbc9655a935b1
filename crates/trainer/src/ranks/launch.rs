//! How this process was started: alone, or as one of several by `mpirun` or `srun`.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use programs::{Exit, complain};

/// A process that was started with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Who started it.
    pub(crate) by: &'static str,
    /// Its number.
    pub(crate) rank: usize,
    /// How many there are.
    pub(crate) count: usize,
}

/// Who starts processes, and the variables for their number and the rank of each.
const LAUNCHERS: [(&str, &str, &str); 3] = [
    ("mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("mpiexec", "PMI_SIZE", "PMI_RANK"),
    // In a job's script itself, the step has one task, whatever the job has.
    ("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

/// Variables by which Open MPI's `mpirun` passes on `--oversubscribe` and `--bind-to`.
const OVERSUBSCRIBE: &str = "OMPI_MCA_rmaps_base_oversubscribe";
const BINDING: &str = "OMPI_MCA_hwloc_base_binding_policy";

/// Its parameter for the seconds from the moment when it asks processes to end, by Ctrl-C or because a rank has died, until
/// it kills them. A process finds it in the variable with `OMPI_MCA_` before its name.
pub(super) const GRACE: &str = "odls_base_sigkill_timeout";

impl Launch {
    /// Of this process, if there are others.
    pub(crate) fn of_this_process() -> Option<Self> {
        Self::by_variables(|name| std::env::var(name).ok())
    }

    /// The words that start as many processes again, as far as the environment has them: on which machines, only who
    /// started them knows.
    pub(crate) fn words(self) -> Vec<String> {
        self.words_by_variables(|name| std::env::var(name).ok())
    }

    fn words_by_variables(self, variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let mut words = vec![self.by.to_owned(), "-n".to_owned(), self.count.to_string()];
        let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
        // Whoever sets these may start processes by another launcher, too.
        let of_mpirun = |name: &str| variable(name).filter(|_| self.by == "mpirun");
        if of_mpirun(OVERSUBSCRIBE).is_some_and(|value| value == "1") {
            add(&["--oversubscribe"]);
        }
        if of_mpirun(BINDING).is_some_and(|value| value == "none") {
            add(&["--bind-to", "none"]);
        }
        if let Some(seconds) = of_mpirun(&format!("OMPI_MCA_{GRACE}")) {
            add(&["--mca", GRACE, &seconds]);
        }
        if self.by == "srun" && variable("PMIX_RANK").is_some() {
            add(&["--mpi=pmix"]);
        } else if self.by == "srun" && variable("PMI_RANK").is_some() {
            add(&["--mpi=pmi2"]);
        }
        words
    }

    fn by_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name| variable(name)?.trim().parse::<usize>().ok();
        let launches = LAUNCHERS.into_iter().filter_map(|(by, count, rank)| {
            let (count, rank) = (number(count)?, number(rank)?);
            (count > 1).then_some(Self { by, rank, count })
        });
        let launches = launches.collect::<Vec<_>>();
        let launch = *launches.first()?;
        // srun speaks to MPI in mpiexec's way.
        let is_srun = |other: &&Self| {
            launch.by == "mpiexec"
                && **other
                    == Self {
                        by: "srun",
                        ..launch
                    }
        };
        Some(launches.iter().find(is_srun).copied().unwrap_or(launch))
    }
}

/// Time in which rank 0 speaks for all, if all fail alike. Where one process ends, `mpirun` ends the others.
pub(super) const FOR_RANK_0: Duration = Duration::from_secs(2);

/// Lets rank 0 speak first.
pub(super) fn wait_for_rank_0() {
    thread::sleep(FOR_RANK_0);
}

/// Ends this process, a rank above 0, with an error that rank 0 most likely has, too, and says. If `mpirun` has not asked
/// this one to end meanwhile, rank 0 has not, and this one says it. Others do not ask.
pub(crate) fn leave_to_rank_0(
    Launch { by, rank, .. }: Launch,
    is_asked_to_end: &AtomicBool,
    error: impl Display,
) -> ! {
    wait_for_rank_0();
    if by == "mpirun" && !is_asked_to_end.load(Ordering::Relaxed) {
        let error = error.to_string();
        let error = error.strip_prefix("error: ").unwrap_or(&error);
        complain(format_args!("error: rank {rank}: {error}"));
    }
    std::process::exit(Exit::Failure as i32)
}

/// Refuses to be one of several processes that would all do the same. Ranks above 0 end here.
///
/// # Errors
///
/// On rank 0.
pub(crate) fn refuse_several() -> Result<()> {
    let Some(launch) = Launch::of_this_process() else {
        return Ok(());
    };
    let Launch { by, rank, count } = launch;
    let error = anyhow!(
        "{by} started {count} processes, and this command is for one; only train and sweep share their work"
    );
    if rank > 0 {
        // Without a handler of signals, being asked ends it.
        leave_to_rank_0(launch, &AtomicBool::new(false), error);
    }
    Err(error)
}

/// Whether this process speaks for all.
pub(crate) fn speaks() -> bool {
    Launch::of_this_process().is_none_or(|launch| launch.rank == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_who_started_how_many() {
        let launch = |variables: &[(&str, &str)]| {
            Launch::by_variables(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(launch(&[]), None);
        let open_mpi = [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3")];
        let expected = Launch {
            by: "mpirun",
            rank: 3,
            count: 4,
        };
        assert_eq!(launch(&open_mpi), Some(expected));
        let words_of = |launch: Launch, variables: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            launch.words_by_variables(value).join(" ")
        };
        let words = |variables: &[(&str, &str)]| words_of(expected, variables);
        assert_eq!(words(&[]), "mpirun -n 4");
        let unbound = words(&[(OVERSUBSCRIBE, "1"), (BINDING, "none")]);
        assert_eq!(unbound, "mpirun -n 4 --oversubscribe --bind-to none");
        assert_eq!(words(&[(BINDING, "core")]), "mpirun -n 4");
        let patient = words(&[("OMPI_MCA_odls_base_sigkill_timeout", "20")]);
        assert_eq!(patient, "mpirun -n 4 --mca odls_base_sigkill_timeout 20");
        let by_srun = Launch {
            by: "srun",
            ..expected
        };
        let pmix = words_of(by_srun, &[("PMIX_RANK", "0"), (BINDING, "none")]);
        assert_eq!(pmix, "srun -n 4 --mpi=pmix");
        let pmi_2 = words_of(by_srun, &[("PMI_RANK", "0")]);
        assert_eq!(pmi_2, "srun -n 4 --mpi=pmi2");
        let alone = [("OMPI_COMM_WORLD_SIZE", "1"), ("OMPI_COMM_WORLD_RANK", "0")];
        assert_eq!(launch(&alone), None);
        // A script of a job with many tasks is no task of a step with many.
        let script = [
            ("SLURM_NTASKS", "8"),
            ("SLURM_STEP_NUM_TASKS", "1"),
            ("SLURM_PROCID", "0"),
        ];
        assert_eq!(launch(&script), None);
        let task = [("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "0")];
        let by = |variables| launch(variables).map(|launch| launch.by);
        assert_eq!(by(&task), Some("srun"));
        let pmi_2 = [
            ("PMI_SIZE", "8"),
            ("PMI_RANK", "0"),
            ("SLURM_STEP_NUM_TASKS", "8"),
            ("SLURM_PROCID", "0"),
        ];
        assert_eq!(by(&pmi_2), Some("srun"));
        // mpiexec has srun start a process of its own on each machine.
        let others = [
            &pmi_2[..2],
            &[("SLURM_STEP_NUM_TASKS", "4"), ("SLURM_PROCID", "0")],
        ]
        .concat();
        assert_eq!(by(&others), Some("mpiexec"));
    }
}
