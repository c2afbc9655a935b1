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

/// A section for each command: what it does, how it is called, its options. The options of the program
/// are those of `train`.
pub(crate) fn markdown(mut program: Command) -> String {
    program.build();
    let rows = described(&program).map(|command| {
        let name = command.get_name();
        format!(
            "| [`trainer {name}`](#trainer-{name}) | {} |",
            about(command)
        )
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    let mut sections = vec![
        format!("| command | what it does |\n|---|---|\n{rows}"),
        after_help(&program),
    ];
    for command in described(&program) {
        let name = format!("trainer {}", command.get_name());
        add_sections(&name, command, &[], &mut sections);
    }
    sections.join("\n\n")
}

/// The section on a command, without the options that are listed already, then those on its own commands.
fn add_sections(name: &str, command: &Command, listed: &[String], sections: &mut Vec<String>) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    sections.push(format!("### {name}"));
    sections.push(format!("{}.", about(command)));
    sections.push(format!("```console\n{usage}\n```"));
    let mut items = items(command);
    items.retain(|(_, item)| !listed.contains(item));
    for group in items.chunk_by(|(a, _), (b, _)| a == b) {
        let heading = group[0].0.map(|heading| format!("**{heading}**"));
        let items = group.iter().map(|(_, item)| item.as_str());
        let items = items.collect::<Vec<_>>().join("\n");
        sections.extend(heading.into_iter().chain([items]));
    }
    let common = common_items(command);
    if !common.is_empty() {
        sections.push(format!(
            "Each of its commands has these options:\n\n{}",
            common.join("\n")
        ));
    }
    sections.extend(Some(after_help(command)).filter(|text| !text.is_empty()));
    for inner in described(command) {
        let name = format!("{name} {}", inner.get_name());
        add_sections(&name, inner, &common, sections);
    }
}

/// The arguments of a command with the headings of their groups: those without a name first.
fn items(command: &Command) -> Vec<(Option<&str>, String)> {
    let is_own = |argument: &&Arg| !matches!(argument.get_id().as_str(), "help" | "version");
    let (positional, named) = command
        .get_arguments()
        .filter(is_own)
        .partition::<Vec<_>, _>(|argument| argument.is_positional());
    let arguments = positional.into_iter().chain(named);
    arguments
        .map(|argument| (argument.get_help_heading(), item(argument)))
        .collect()
}

/// The arguments that all commands of a command have.
fn common_items(command: &Command) -> Vec<String> {
    let mut inner = described(command).map(items);
    let mut common = inner.next().unwrap_or_default();
    for items in inner {
        common.retain(|item| items.contains(item));
    }
    common.into_iter().map(|(_, item)| item).collect()
}

/// A line of the list: names, what it is for, values, default.
fn item(argument: &Arg) -> String {
    let takes_value = argument.get_action().takes_values();
    let value = argument.get_value_names().filter(|_| takes_value);
    let value = value.into_iter().flatten();
    let value = value.map(|name| format!(" <{name}>")).collect::<String>();
    let short = argument.get_short().map(|short| format!("`-{short}`, "));
    let name = match argument.get_long() {
        Some(long) => format!("{}`--{long}{value}`", short.unwrap_or_default()),
        None => format!("`{}`", value.trim()),
    };
    let help = argument.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let stop = if help.ends_with(['.', ')']) { "" } else { "." };
    let mut line = format!("- {name}: {help}{stop}");
    if takes_value {
        let mut values = argument.get_possible_values();
        values.retain(|value| !value.is_hide_set());
        let values = values.iter().map(|value| {
            let help = value.get_help().map(|help| format!(" ({help})"));
            format!("`{}`{}", value.get_name(), help.unwrap_or_default())
        });
        add_list(&mut line, "One of", values);
        let defaults = argument.get_default_values().iter();
        let defaults = defaults.map(|default| format!("`{}`", default.to_string_lossy()));
        add_list(&mut line, "Default:", defaults);
    }
    line
}

/// Adds a sentence that lists the names, if there are any.
fn add_list(line: &mut String, what: &str, of: impl Iterator<Item = String>) {
    let of = of.collect::<Vec<_>>();
    if !of.is_empty() {
        *line += &format!(" {what} {}.", of.join(", "));
    }
}

fn about(command: &Command) -> String {
    command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn after_help(command: &Command) -> String {
    command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}
