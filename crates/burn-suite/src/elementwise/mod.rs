//! Operations that work element by element.

mod activations;
mod arithmetic;
mod binary;
pub(crate) mod formulas;
mod masks;
mod pieces;
mod powers;
mod trigonometry;
pub(crate) mod unary;

use crate::operation::Operation;

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    [
        arithmetic::operations(),
        powers::operations(),
        trigonometry::operations(),
        pieces::operations(),
        masks::operations(),
        activations::operations(),
    ]
    .concat()
}
