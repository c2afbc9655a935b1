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
    ensure_same(ranks, "data set", digest(&progress.data_digest))?;
    ensure_same(
        ranks,
        "checkpoint",
        digest(&(progress.epoch, progress.step)),
    )?;
    let numbers = parameters(state.net()).into_iter().map(|p| p.values);
    let numbers = read_back_f32(Tensor::cat(numbers.collect(), 0))?;
    let bits = numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    ensure_same(ranks, "set of initial weights", digest(&bits))
}

/// Finds a rank with other settings than rank 0 has, and names the first option that differs. The number of threads may
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
    let all = serde_json::to_string(&all.collect::<Vec<_>>()).expect("settings are JSON");
    let mut outcome = ensure_same(ranks, "set of options", digest(&all));
    if let Err(TrainingError::RanksDiffer { rank, what }) = &mut outcome
        && let Some(field) =
            first_difference(&said_by(ranks, 0, &all)?, &said_by(ranks, *rank, &all)?)
    {
        *what = match &*field {
            "class_names" => "set of classes".to_owned(),
            _ => format!("--{}", field.replace('_', "-")),
        };
    }
    outcome
}

/// The first field with different values in two lists of objects. A field may be left out.
fn first_difference(one: &str, other: &str) -> Option<String> {
    let objects = |json| serde_json::from_str::<Vec<Map<String, Value>>>(json).ok();
    let (one, other) = (objects(one)?, objects(other)?);
    one.iter().zip(&other).find_map(|(one, other)| {
        let fields = one.keys().chain(other.keys());
        let mut differing = fields.filter(|field| one.get(*field) != other.get(*field));
        differing.next().cloned()
    })
}
