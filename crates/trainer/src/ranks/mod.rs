//! The processes that share a run: started by `mpirun` or `srun`, joined by MPI.

#[cfg(not(feature = "mpi"))]
mod alone;
mod launch;
#[cfg(feature = "mpi")]
mod mpi;

#[cfg(not(feature = "mpi"))]
pub(crate) use alone::World;
#[cfg(feature = "mpi")]
use launch::Launch;
pub(crate) use launch::{after_rank_0, refuse_several, speaks};
#[cfg(feature = "mpi")]
pub(crate) use mpi::World;
