//! Checks at the edges of operations, in addition to those of their families' files: ties, tensors
//! without elements, NaN and infinities.

mod empty;
mod infinite;
mod ties;

use crate::operation::Operation;
use crate::point::Point;

/// Adds the checks to their operations.
///
/// # Panics
///
/// If one is for an operation that is not in the table.
pub(crate) fn add_to(operations: &mut [Operation]) {
    let checks = [ties::points(), empty::points(), infinite::points()];
    for (name, point) in checks.into_iter().flatten() {
        let mut found = operations.iter_mut();
        let Some(operation) = found.find(|operation| operation.name == name) else {
            panic!(
                "no operation {name} in the table, for which there is '{}'",
                point.name
            );
        };
        operation.add_point(point);
    }
}

/// A point, and the name of its operation.
type NamedPoint = (&'static str, Point);
