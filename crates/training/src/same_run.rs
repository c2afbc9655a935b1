//! Whether all processes would train the same run.

use burn::tensor::Tensor;
use serde_json::{Map, Value};

use crate::error::TrainingError;
use crate::net::Net;
use crate::parameters::parameters;
use crate::ranks::{Ranks, digest, ensure_same, read_back_f32, said_by};
use crate::settings::Settings;
use crate::state::State;

/// Finds a rank whose run would be another than that of rank 0. The number of threads may differ, and where the data
/// lie.
pub(crate) fn ensure_same_run<N: Net>(
    ranks: &dyn Ranks,
    settings: &Settings,
    state: &State<N>,
) -> Result<(), TrainingError> {
    ensure_same_settings(ranks, std::slice::from_ref(settings))?;
    let progress = &state.progress;
    ensure_same(ranks, "another data set", digest(&progress.data_digest))?;
    ensure_same(
        ranks,
        "another checkpoint",
        digest(&(progress.epoch, progress.step)),
    )?;
    let numbers = parameters(state.net()).into_iter().map(|p| p.values);
    let numbers = read_back_f32(Tensor::cat(numbers.collect(), 0))?;
    let bits = numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    ensure_same(ranks, "other initial weights", digest(&bits))
}

/// Finds a rank with other settings than rank 0 has, and names the options that differ. The number of threads may
/// differ, and where the data lie.
///
/// # Errors
///
/// [`TrainingError::RanksDiffer`], or if a rank is lost.
pub fn ensure_same_settings(ranks: &dyn Ranks, all: &[Settings]) -> Result<(), TrainingError> {
    let all = all.iter().map(|settings| Settings {
        threads: 1,
        data_dir: None,
        ..settings.clone()
    });
    let all = all.collect::<Vec<_>>();
    ensure_same(ranks, "another number of runs", all.len() as u64)?;
    let all = serde_json::to_string(&all).expect("settings are JSON");
    let mut outcome = ensure_same(ranks, "other options", digest(&all));
    if let Err(TrainingError::RanksDiffer { rank, what }) = &mut outcome {
        let [one, other] = [said_by(ranks, 0, &all)?, said_by(ranks, *rank, &all)?];
        let differing = differing_options(&one, &other);
        if !differing.is_empty() {
            *what = format!("{what} ({})", differing.join(", "));
        }
    }
    outcome
}

/// Options that others follow from, where they are not chosen: what differs is shown in this order.
const FIRST: [&str; 6] = [
    "model",
    "backend",
    "engine",
    "optimizer",
    "schedule",
    "hidden",
];

/// The options in which two lists of settings differ. Either may leave one out.
fn differing_options(one: &str, other: &str) -> Vec<String> {
    let objects = |json| serde_json::from_str::<Vec<Map<String, Value>>>(json);
    let pairs = objects(one).into_iter().flatten();
    let pairs = pairs.zip(objects(other).into_iter().flatten());
    let mut fields = vec![];
    for (one, other) in pairs {
        let all = one.keys().chain(other.keys());
        fields.extend(
            all.filter(|field| one.get(*field) != other.get(*field))
                .cloned(),
        );
    }
    fields.sort_by_key(|field| {
        let place = FIRST.iter().position(|first| first == field);
        (place.unwrap_or(FIRST.len()), field.clone())
    });
    fields.dedup();
    let option = |field: String| match &*field {
        "class_names" => "names of the classes".to_owned(),
        _ => format!("--{}", field.replace('_', "-")),
    };
    fields.into_iter().map(option).collect()
}
