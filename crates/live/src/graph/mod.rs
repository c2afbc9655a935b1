//! Part 1: a net as a computational graph, stepped through node by node.

mod expansion;
mod math;
mod nets;
mod replay;
mod rule;
mod state;
mod trace;
mod witnesses;

use serde_json::Value;

use crate::error::RequestError;
use crate::place::Place;
use crate::query::Query;
use state::State;

pub(crate) use replay::Memory;

/// The graph at a state: layout, every value and gradient, and the backward pass step by step.
pub(crate) fn trace(
    place: &Place,
    memory: &Memory,
    mut query: Query,
) -> Result<Value, RequestError> {
    let state = State::take(&mut query)?;
    query.finish()?;
    let replayed = replay::replay(place, memory, &state)?;
    Ok(trace::trace(&state, &replayed))
}

/// The rule of one node with the numbers of a state, and what the three witnesses say about its gradient.
pub(crate) fn rule(
    place: &Place,
    memory: &Memory,
    mut query: Query,
) -> Result<Value, RequestError> {
    let state = State::take(&mut query)?;
    let name = query.take("node")?.unwrap_or_default();
    let row = query.number("row", 0, 0..=usize::MAX)?;
    let column = query.number("column", 0, 0..=usize::MAX)?;
    query.finish()?;
    let replayed = replay::replay(place, memory, &state)?;
    let node = replayed.place_of(&name)?;
    replayed.check_element(node, [row, column])?;
    Ok(rule::rule(place, &replayed, node, [row, column]))
}
