//! The processes that share a run, or the runs of a sweep: started by `mpirun` or `srun`, joined by MPI.

#[cfg(not(feature = "mpi"))]
mod alone;
#[cfg(feature = "mpi")]
mod build;
#[cfg(feature = "mpi")]
mod cores;
#[cfg(feature = "mpi")]
mod joined;
mod launch;
mod met;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "mpi")]
mod patience;
mod sums;

#[cfg(not(feature = "mpi"))]
pub(crate) use alone::World;
pub(crate) use launch::{Launch, leave_to_rank_0, refuse_several, speaks};
pub(crate) use met::Met;
#[cfg(feature = "mpi")]
pub(crate) use mpi::World;
pub(crate) use sums::Sums;
