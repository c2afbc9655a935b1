//! The judge on trial.

mod diagnosis;
mod mistakes;
mod package;
mod programs;
mod verdicts;
