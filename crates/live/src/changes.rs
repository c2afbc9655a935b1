//! Settings that change while a net learns: `rate=0.1&change=1200,rate,0.03`.

use crate::error::RequestError;
use crate::query::{self, Query};

/// The most changes while a net learns.
const CHANGES: usize = 50;

/// Settings as an address has them, and what changes at which step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Changes {
    /// What decides the first step.
    base: Vec<(String, String)>,
    /// Step, name, value, in the order of the steps.
    changes: Vec<(u64, String, String)>,
}

impl Changes {
    /// Takes the changes from an address; those names may change, up to this step. Nothing is in force before them:
    /// see [`Changes::of`].
    pub(crate) fn take(
        query: &mut Query,
        changeable: &[&str],
        steps: u64,
    ) -> Result<Self, RequestError> {
        let changes = query.take_all("change");
        if changes.len() > CHANGES {
            return Err(RequestError::TooMany {
                what: "changes",
                limit: CHANGES,
            });
        }
        let changes = changes.iter().map(|text| change(text, changeable, steps));
        let mut changes = changes.collect::<Result<Vec<_>, _>>()?;
        changes.sort_by_key(|(step, ..)| *step);
        Ok(Self {
            base: vec![],
            changes,
        })
    }

    /// The changes of these settings.
    pub(crate) fn of(self, base: Vec<(String, String)>) -> Self {
        Self { base, ..self }
    }

    /// The steps from which other settings apply, the first one included.
    pub(crate) fn moments(&self) -> Vec<u64> {
        let mut moments = vec![0];
        moments.extend(self.changes.iter().map(|(step, ..)| *step));
        moments.dedup();
        moments
    }

    /// The settings with which this step is taken.
    pub(crate) fn settings(&self, step: u64) -> Query {
        let mut pairs = self.base.clone();
        for (_, name, value) in self.changes.iter().filter(|change| change.0 <= step) {
            pairs.retain(|pair| pair.0 != *name);
            pairs.push((name.clone(), value.clone()));
        }
        Query::from_pairs(pairs)
    }

    /// Everything that decided the weights after this many steps.
    pub(crate) fn history(&self, step: u64) -> String {
        let before = self.changes.iter().filter(|change| change.0 < step);
        format!("{:?} {:?}", self.base, before.collect::<Vec<_>>())
    }
}

/// Reads `1200,rate,0.03`.
fn change(
    text: &str,
    changeable: &[&str],
    steps: u64,
) -> Result<(u64, String, String), RequestError> {
    let wrong = |expected: &str| RequestError::Value {
        name: "change",
        got: query::shortened(text),
        expected: expected.to_owned(),
    };
    let mut parts = text.splitn(3, ',');
    let (Some(step), Some(name), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong("step, name and value with commas between them"));
    };
    if !changeable.contains(&name) {
        return Err(wrong(&format!(
            "one of {} to change",
            changeable.join(", ")
        )));
    }
    let step = query::number("change", step, 0..=steps)?;
    Ok((step, name.to_owned(), value.to_owned()))
}
