#![doc = include_str!("../README.md")]
//!
//! A [`GraphBuilder`] makes a [`Graph`] of inputs, parameters and operations. [`Graph::forward`]
//! evaluates it in topological order; [`Graph::backward`] goes through it in the reverse order and
//! computes a gradient at every node.

mod builder;
mod dot;
mod error;
mod graph;
mod label;
mod layout;
mod mermaid;
pub mod nets;
mod number;
mod operation;
mod options;
mod summary;
mod svg;
mod text;
mod theme;

pub use builder::{GraphBuilder, NodeId};
pub use error::GraphError;
pub use graph::{Graph, Kind, Node};
pub use layout::{Layout, NodeBox, Position, Route};
pub use operation::Operation;
pub use options::SvgOptions;
