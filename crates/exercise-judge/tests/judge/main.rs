//! The judge on trial.

mod diagnosis;
mod programs;
