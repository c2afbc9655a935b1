//! Output about the program itself: its version, shell completions, a man page.

use std::io;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use backends::Backend;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use programs::{Exit, Results};

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// The shell that the completions are for.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// The version of this program and of Burn, and the backends that it was built with.
pub(crate) fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let all = Backend::ALL.into_iter().chain([Backend::Remote]);
        let compiled_in = all.filter(|b| b.is_compiled_in());
        let backends: Vec<&str> = compiled_in.map(Backend::name).collect();
        format!(
            "{}\nBurn {}\nbackends: {}",
            env!("CARGO_PKG_VERSION"),
            backends::BURN_VERSION,
            backends.join(", ")
        )
    });
    &TEXT
}

/// Prints shell completions of a program.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn completions(options: &CompletionsOptions, mut program: Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, "trainer", &mut script);
    print(script)
}

/// Prints one page of all commands in the format of `man`.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn man_page(mut program: Command) -> Result<Exit> {
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    // Groups of options are parts of the section on options.
    let options = String::from_utf8_lossy(&options).replace("\n.SH ", "\n.SS ");
    page.extend(options.into_bytes());
    for command in described(&program) {
        write_command(command, "trainer", &mut page)?;
    }
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    print(page)
}

/// The commands of a command, without `help` and hidden ones.
pub(super) fn described(command: &Command) -> impl Iterator<Item = &Command> {
    let commands = command.get_subcommands();
    commands.filter(|command| command.get_name() != "help" && !command.is_hide_set())
}

/// A section of the page on a command, then those on its own commands.
fn write_command(command: &Command, parent: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let name = format!("{parent} {}", command.get_name());
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut parts)?;
    }
    // The sections of a page on the command alone are parts of its section on this page.
    let parts = String::from_utf8_lossy(&parts).replace(".SH ", ".SS ");
    page.extend(format!(".SH \"{}\"\n{parts}", name.to_uppercase()).into_bytes());
    for command in described(command) {
        write_command(command, &name, page)?;
    }
    Ok(())
}

fn print(text: Vec<u8>) -> Result<Exit> {
    let text = String::from_utf8(text).context("help texts are UTF-8")?;
    Results::default().print(text.trim_end())?;
    Ok(Exit::Success)
}
