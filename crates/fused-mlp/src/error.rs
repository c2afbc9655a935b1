//! Why a step cannot be taken.

use std::ops::Range;

use layers::{ConfigError, MAX_WEIGHTS};
use rayon::ThreadPoolBuildError;
use thiserror::Error;

/// An invalid architecture, rule or batch.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FusedError {
    /// Sizes that describe no net, or a smoothing that is not a share.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Fewer than two sizes.
    #[error("got {got} layer sizes, expected at least 2; give the sizes of input and output")]
    TooFewSizes {
        /// Number of sizes.
        got: usize,
    },
    /// Not one activation for each hidden layer.
    #[error("got {got} activations, expected {expected}; give one for each hidden layer")]
    Activations {
        /// Number of activations.
        got: usize,
        /// Number of hidden layers.
        expected: usize,
    },
    /// A number out of its range.
    #[error("{what} is {got}, expected {expected}")]
    OutOfRange {
        /// What the number is, in words.
        what: &'static str,
        /// The number.
        got: f64,
        /// The range, and the remedy.
        expected: &'static str,
    },
    /// A workspace for no row or for too many.
    #[error("{got} rows at most, expected 1 to {MAX_WEIGHTS}; use the batch size")]
    RowsAtMost {
        /// The number of rows.
        got: usize,
    },
    /// The operating system refuses another thread.
    #[error("cannot start {threads} threads: {source}; use fewer")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The reason.
        source: ThreadPoolBuildError,
    },
    /// A batch without rows.
    #[error("the batch has no rows, expected at least 1; pass the indices of its rows")]
    EmptyBatch,
    /// A batch with more rows than the workspace.
    #[error(
        "the batch has {got} rows, expected at most {at_most}; use smaller batches, or a larger workspace"
    )]
    TooManyRows {
        /// Rows of the batch.
        got: usize,
        /// Rows that the workspace has.
        at_most: usize,
    },
    /// Inputs and targets of different length.
    #[error(
        "{inputs} rows of inputs and {targets} of targets, expected as many; pass one target a row"
    )]
    RowsDiffer {
        /// Rows of inputs.
        inputs: usize,
        /// Rows of targets.
        targets: usize,
    },
    /// Rows of another width than the layer's.
    #[error("{what} have {got} columns, expected {expected}; use data of the net's sizes")]
    Width {
        /// What has the columns.
        what: &'static str,
        /// Columns of the data.
        got: usize,
        /// Units of the layer.
        expected: usize,
    },
    /// Values that do not fill whole rows.
    #[error("{what} have {got} elements, expected a multiple of {width}; pass whole rows")]
    NotWholeRows {
        /// What has the elements.
        what: &'static str,
        /// Elements of the data.
        got: usize,
        /// Elements of a row.
        width: usize,
    },
    /// An index of a row that does not exist.
    #[error(
        "row {row} of {what} does not exist, expected an index below {rows}; check the indices"
    )]
    NoSuchRow {
        /// What has the rows.
        what: &'static str,
        /// The index.
        row: u32,
        /// How many rows there are.
        rows: usize,
    },
    /// A label that is no class.
    #[error("row {row} has label {label}, expected a class below {classes}; check the labels")]
    NoSuchClass {
        /// Index of the row.
        row: u32,
        /// Its label.
        label: u8,
        /// Classes of the net.
        classes: usize,
    },
    /// A layer that the net does not have.
    #[error("layer {layer} does not exist, expected an index below {layers}; check the index")]
    NoSuchLayer {
        /// The index.
        layer: usize,
        /// How many layers the net has.
        layers: usize,
    },
    /// Values of a layer with the wrong length.
    #[error("layer {layer}: got {got} {what}, expected {expected}; use a net of the same sizes")]
    Length {
        /// Index of the layer.
        layer: usize,
        /// What was given.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many the layer has.
        expected: usize,
    },
    /// A state of another rule.
    #[error(
        "the state has {got} buffers a parameter, expected {expected}; use a state of the same rule"
    )]
    StateOfAnotherRule {
        /// Buffers that the state has for each parameter.
        got: usize,
        /// Buffers that the rule has.
        expected: usize,
    },
    /// A state with more or fewer layers.
    #[error("the state has {got} layers, expected {expected}; use a state of the same net")]
    StateOfAnotherNet {
        /// Layers of the state.
        got: usize,
        /// Layers of the net.
        expected: usize,
    },
    /// Values of all layers, of another net or another rule.
    #[error(
        "got {got} values, expected {expected}; use those of a trainer of the same net and rule"
    )]
    NotOfThisNet {
        /// How many were given.
        got: usize,
        /// How many this trainer has.
        expected: usize,
    },
    /// Blocks that the weights of this net do not have.
    #[error(
        "got blocks {got:?}, but the layers have {blocks:?}; give one range of them for each layer"
    )]
    NoSuchBlocks {
        /// The blocks of each layer that were named.
        got: Vec<Range<usize>>,
        /// How many each layer has.
        blocks: Vec<usize>,
    },
}
