//! Which runs a sweep has.

use anyhow::{Result, anyhow, bail};
use clap::error::ErrorKind;
use clap::{Args, Command, FromArgMatches};
use training::{Choices, Settings};

use crate::arguments::refusal;
use crate::commands::train::TrainOptions;

/// Most runs of a sweep: more are a mistake.
const MOST_RUNS: usize = 1000;

/// The option whose values have commas of their own.
const HIDDEN: &str = "hidden";

/// Options that may vary, as in messages.
const EXAMPLES: &str = "for example learning-rate, batch-size, hidden, optimizer, schedule, epochs or \
                        weight-decay";

/// An option with the values that it takes, each with what it chooses.
#[derive(Debug)]
pub(super) struct Varied {
    pub(super) name: String,
    values: Vec<(String, Choices)>,
}

/// A run to do.
#[derive(Debug)]
pub(super) struct Planned {
    /// A value of each option.
    pub(super) values: Vec<String>,
    pub(super) choices: Choices,
    pub(super) seed: u64,
    /// Name of its folder.
    pub(super) name: String,
}

impl Varied {
    /// Reads `learning-rate=0.05,0.1`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let Some((name, values)) = text.split_once('=') else {
            bail!("--vary {text:?} has no values; write it as learning-rate=0.05,0.1");
        };
        let name = name.trim().trim_start_matches("--");
        let is_list = name == HIDDEN || values.trim().contains(' ');
        let values: Vec<&str> = if is_list {
            values.split_whitespace().collect()
        } else {
            values.split(',').map(str::trim).collect()
        };
        let values = values.into_iter().map(|value| {
            let choices = chosen(name, value)?;
            Ok((value.to_owned(), choices))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let is_repeated = |i: usize| {
            values[..i]
                .iter()
                .any(|(_, choices)| *choices == values[i].1)
        };
        if let Some(i) = (0..values.len()).find(|&i| is_repeated(i)) {
            bail!(
                "--vary {name} has the value {} twice; leave one out",
                values[i].0
            );
        }
        if values.len() < 2 {
            bail!(
                "--vary {name} has {} value; give two or more{}, or pass --{name} itself",
                values.len(),
                if is_list {
                    " with spaces between them"
                } else {
                    ""
                }
            );
        }
        Ok(Self {
            name: name.to_owned(),
            values,
        })
    }

    /// Refuses an option that is also given by itself: its value would be ignored.
    pub(super) fn refuse_given(&self, base: &Choices) -> Result<()> {
        let is_ignored = |choices: &Choices| {
            let [varied_first, given_first] = [
                choices.clone().or(base.clone()),
                base.clone().or(choices.clone()),
            ];
            varied_first != given_first
        };
        if self.values.iter().any(|(_, choices)| is_ignored(choices)) {
            bail!(
                "--{} is varied, and also given by itself; leave one of the two out",
                self.name
            );
        }
        Ok(())
    }
}

/// What an option of `train` chooses with a value.
fn chosen(name: &str, value: &str) -> Result<Choices> {
    let command = Command::new("sweep").no_binary_name(true);
    let command = TrainOptions::augment_args(command);
    let parsed = command
        .try_get_matches_from([format!("--{name}={value}")])
        .and_then(|matches| TrainOptions::from_arg_matches(&matches));
    let options = parsed.map_err(|error| {
        let line = refusal(&error);
        match error.kind() {
            ErrorKind::UnknownArgument => {
                anyhow!("--vary {name}: {line}; vary an option of train, {EXAMPLES}")
            }
            _ if name == HIDDEN => anyhow!(
                "--vary {name}: {line}; correct the value, or put spaces between two: \"{HIDDEN}=none 64\""
            ),
            _ => anyhow!("--vary {name}: {line}; correct the value"),
        }
    })?;
    let choices = options.choices();
    let is_of_the_sweep = choices.seed.is_some();
    if is_of_the_sweep || choices == Choices::default() {
        bail!(
            "--vary {name} does not change how a net is trained{}; vary {EXAMPLES}",
            if is_of_the_sweep {
                " (--seeds has the number of seeds)"
            } else {
                ""
            }
        );
    }
    Ok(choices)
}

/// All runs: the values of the last option change fastest, but for the seeds.
pub(super) fn plan(varied: &[Varied], base: &Choices, seeds: usize) -> Result<Vec<Planned>> {
    let mut combinations = vec![(vec![], Choices::default())];
    for option in varied {
        let longer = combinations.iter().flat_map(|(values, choices)| {
            option.values.iter().map(move |(value, chosen)| {
                let values = values.iter().chain([value]).cloned().collect();
                (values, chosen.clone().or(Choices::clone(choices)))
            })
        });
        combinations = longer.collect::<Vec<(Vec<String>, Choices)>>();
    }
    let count = combinations.len().saturating_mul(seeds);
    if count > MOST_RUNS {
        bail!("{count} runs are more than {MOST_RUNS}; give fewer values or --seeds");
    }
    let first = base.seed.unwrap_or(0);
    let mut plan = vec![];
    for (values, choices) in combinations {
        for seed in (0..seeds).map(|seed| first.wrapping_add(seed as u64)) {
            let seeded = Choices {
                seed: Some(seed),
                ..choices.clone()
            };
            let choices = seeded.or(base.clone());
            Settings::resolve(&choices)?;
            plan.push(Planned {
                name: folder_name(plan.len() + 1, varied, &values, seed),
                values: values.clone(),
                choices,
                seed,
            });
        }
    }
    Ok(plan)
}

/// `03-learning-rate-0.1-seed-2`: a plain file name, different for each run by its number.
fn folder_name(place: usize, varied: &[Varied], values: &[String], seed: u64) -> String {
    const MOST_LETTERS: usize = 80;
    let parts = varied.iter().zip(values);
    let parts = parts.map(|(varied, value)| format!("{}-{value}", varied.name));
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    };
    let text = parts.collect::<Vec<_>>().join("-");
    let text = text
        .chars()
        .map(plain)
        .take(MOST_LETTERS)
        .collect::<String>();
    format!("{place:02}-{text}-seed-{seed}")
}
