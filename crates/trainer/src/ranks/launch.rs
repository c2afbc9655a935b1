//! How this process was started: alone, or as one of several by `mpirun` or `srun`.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use programs::Exit;

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
        let is = |name, wanted: &str| variable(name).is_some_and(|value| value == wanted);
        let options = [
            (OVERSUBSCRIBE, "1", &["--oversubscribe"][..]),
            (BINDING, "none", &["--bind-to", "none"]),
        ];
        let given = options
            .into_iter()
            .filter(|(name, wanted, _)| is(*name, wanted));
        let given = given.flat_map(|(_, _, words)| words.iter().copied());
        let count = self.count.to_string();
        let words = [self.by, "-n", &count].into_iter().chain(given);
        words.map(str::to_owned).collect()
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
pub(crate) fn wait_for_rank_0() {
    thread::sleep(FOR_RANK_0);
}

/// Refuses to be one of several processes that would all do the same. Ranks above 0 end here.
///
/// # Errors
///
/// On rank 0.
pub(crate) fn refuse_several() -> Result<()> {
    let Some(Launch { by, rank, count }) = Launch::of_this_process() else {
        return Ok(());
    };
    if rank > 0 {
        // Where rank 0 fails, the launcher ends the others.
        wait_for_rank_0();
        std::process::exit(Exit::Failure as i32);
    }
    bail!(
        "{by} started {count} processes, and this command is for one; only train and sweep share their work"
    )
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
        let words = |variables: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            expected.words_by_variables(value).join(" ")
        };
        assert_eq!(words(&[]), "mpirun -n 4");
        let unbound = words(&[(OVERSUBSCRIBE, "1"), (BINDING, "none")]);
        assert_eq!(unbound, "mpirun -n 4 --oversubscribe --bind-to none");
        assert_eq!(words(&[(BINDING, "core")]), "mpirun -n 4");
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
