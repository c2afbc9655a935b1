//! `exercise`: checks the exercises in the folder `exercises`, and says which factor is wrong.

mod cli;
mod events;
mod grading;
mod practice;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use exercise_judge::{Folder, export};
use programs::{Exit, Results, run_program};

use cli::{Cli, Command};
use practice::Practice;

fn main() -> ExitCode {
    let cli = Cli::parse();
    run_program(move || run(&cli))
}

fn run(cli: &Cli) -> Result<Exit> {
    let folder = Folder::open(&cli.folder)?;
    let practice = Practice {
        folder: &folder,
        format: cli.format,
    };
    match &cli.command {
        None => practice.check(cli.name.as_deref()),
        Some(Command::Watch) => watch::run(&practice),
        Some(Command::List) => practice.list(),
        Some(Command::Hint { name, level }) => practice.hint(name.as_deref(), *level),
        Some(Command::Reset { name }) => practice.reset(name),
        Some(Command::Solution { name, give_up }) => practice.solution(name, *give_up),
        Some(Command::Grade { submissions }) => grading::run(&folder, submissions, cli.format),
        Some(Command::Export { to }) => {
            export(&folder, to)?;
            Results::default().print(format_args!(
                "wrote the exercises without solutions to {}; in .github/workflows/classroom.yml, name the \
                 repository of the judge",
                to.display()
            ))?;
            Ok(Exit::Success)
        }
    }
}
