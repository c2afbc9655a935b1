//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use programs::Format;

/// Check an exercise: the one of this name, or the next one that is not solved.
///
/// The exercises are in exercises/tasks, one file each: put a formula in the place of a blank, and
/// run this again. A result is compared with the right one and with known wrong ones, so that the
/// answer says what is wrong.
#[derive(Debug, Parser)]
#[command(
    name = "exercise",
    bin_name = "cargo xtask exercise",
    version,
    help_expected = true,
    after_help = "Exit codes: 0 right; 1 not right yet, or it does not compile; 2 it could not run."
)]
pub(crate) struct Cli {
    /// Name of the exercise, such as `matmul` [default: the next one].
    pub(crate) name: Option<String>,

    /// The folder of the exercises.
    #[arg(
        long,
        default_value = "exercises",
        value_name = "FOLDER",
        global = true
    )]
    pub(crate) folder: PathBuf,

    /// Format of the results.
    #[arg(
        long,
        value_enum,
        default_value = "text",
        value_name = "FORMAT",
        global = true
    )]
    pub(crate) format: Format,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the next exercise, and again after every change, until all are solved.
    Watch,
    /// List the exercises, with those that are solved.
    List,
    /// Show a hint: 1 is vague, 3 is almost the solution.
    Hint {
        /// Name of the exercise [default: the next one].
        name: Option<String>,
        /// Which hint, from 1 to 3.
        #[arg(default_value_t = 1)]
        level: usize,
    },
    /// Make an exercise blank again; what was there is kept in exercises/backups.
    Reset {
        /// Name of the exercise.
        name: String,
    },
    /// Show the solution of a solved exercise.
    Solution {
        /// Name of the exercise.
        name: String,
        /// Show it although the exercise is not solved.
        #[arg(long)]
        give_up: bool,
    },
    /// Grade submissions: a point for every result of every exercise that is right.
    ///
    /// Of a submission, which is a folder, only the files of the exercises are built. Files that name what
    /// no exercise has a use for (other files, processes, `unsafe`) are refused. Every call is a process
    /// of its own in an empty folder, with 20 s and, on Linux, 1 GiB of memory; on Unix it cannot write
    /// bytes to files.
    Grade {
        /// Folder with a folder for each submission.
        submissions: PathBuf,
    },
    /// Write the exercises without solutions to a new folder, with a workflow for GitHub Classroom.
    Export {
        /// The new folder.
        to: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
