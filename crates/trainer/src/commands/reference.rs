//! `trainer reference`: all commands and options as Markdown, for docs/trainer.md.

use anyhow::Result;
use clap::{Arg, Command};
use programs::{Exit, Results};

use super::about::described;

/// Prints the reference of a program.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn run(program: Command) -> Result<Exit> {
    Results::default().print(markdown(program))?;
    Ok(Exit::Success)
}

/// A section for each command: what it does, how it is called, its options.
pub(crate) fn markdown(mut program: Command) -> String {
    program.build();
    let name = program.get_name().to_owned();
    let mut sections = vec![commands(&name, &program)];
    for command in described(&program) {
        add_sections(
            &format!("{name} {}", command.get_name()),
            command,
            &mut sections,
        );
    }
    sections.join("\n\n")
}

/// The commands of the program, each with what it does. Its options are those of `train`.
fn commands(name: &str, program: &Command) -> String {
    let rows = described(program).map(|command| {
        let command_name = command.get_name();
        let anchor = format!("{name}-{command_name}");
        format!(
            "| [`{name} {command_name}`](#{anchor}) | {} |",
            about(command)
        )
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    let exit_codes = after_help(program);
    format!("| command | what it does |\n|---|---|\n{rows}\n\n{exit_codes}")
}

/// The section on a command, then those on its own commands.
fn add_sections(name: &str, command: &Command, sections: &mut Vec<String>) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let mut parts = vec![
        format!("### {name}"),
        format!("{}.", about(command)),
        format!("```console\n{usage}\n```"),
    ];
    let mut heading = None;
    let mut items: Vec<String> = vec![];
    let positionals = command.get_arguments().filter(|a| a.is_positional());
    let options = command.get_arguments().filter(|a| !a.is_positional());
    for argument in positionals.chain(options).filter(|a| !is_help(a)) {
        if argument.get_help_heading() != heading {
            heading = argument.get_help_heading();
            parts.extend((!items.is_empty()).then(|| items.join("\n")));
            items.clear();
            parts.extend(heading.map(|heading| format!("**{heading}**")));
        }
        items.push(item(argument));
    }
    parts.extend((!items.is_empty()).then(|| items.join("\n")));
    parts.push(after_help(command));
    parts.retain(|part| !part.is_empty());
    sections.push(parts.join("\n\n"));
    for inner in described(command) {
        add_sections(&format!("{name} {}", inner.get_name()), inner, sections);
    }
}

/// Whether an option is one that every command has.
fn is_help(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// A line of the list: names, what it is for, values, default.
fn item(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    let value = value.iter().map(|name| format!(" <{name}>"));
    let value = if takes_value {
        value.collect::<String>()
    } else {
        String::new()
    };
    let short = argument.get_short().map(|short| format!("`-{short}`, "));
    let name = match argument.get_long() {
        Some(long) => format!("{}`--{long}{value}`", short.unwrap_or_default()),
        None => format!("`{}`", value.trim()),
    };
    let help = argument.get_help().map(ToString::to_string);
    let mut line = format!("- {name}: {}", sentence(&help.unwrap_or_default()));
    let values = argument.get_possible_values();
    let values = values.iter().filter(|value| !value.is_hide_set());
    let values = values.map(|value| {
        let help = value.get_help().map(|help| format!(" ({help})"));
        format!("`{}`{}", value.get_name(), help.unwrap_or_default())
    });
    let values = values.collect::<Vec<_>>();
    if takes_value && !values.is_empty() {
        line += &format!(" One of {}.", values.join(", "));
    }
    let defaults = argument.get_default_values().iter();
    let defaults = defaults.map(|default| format!("`{}`", default.to_string_lossy()));
    let defaults = defaults.collect::<Vec<_>>();
    if takes_value && !defaults.is_empty() {
        line += &format!(" Default: {}.", defaults.join(", "));
    }
    line
}

fn about(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string);
    one_line(&about.unwrap_or_default())
}

fn after_help(command: &Command) -> String {
    command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// A help text with a full stop. clap takes the last one away.
fn sentence(help: &str) -> String {
    let help = one_line(help);
    if help.ends_with(['.', ')']) {
        help
    } else {
        format!("{help}.")
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
