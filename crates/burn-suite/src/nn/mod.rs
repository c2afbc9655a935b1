//! The layers of `burn::nn` as a net uses them: built by their config, run by `forward`, and with
//! their parameters among the inputs.

mod activation;
mod attention;
mod conv;
mod distance;
mod linear;
mod losses;
mod moves;
mod norms;
mod pool;
mod random;
mod recurrent;
mod resize;

use crate::operation::Operation;

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    [
        linear::operations(),
        conv::operations(),
        norms::operations(),
        pool::operations(),
        resize::operations(),
        moves::operations(),
        activation::operations(),
        random::operations(),
        distance::operations(),
        losses::operations(),
        recurrent::operations(),
        attention::operations(),
    ]
    .concat()
}
