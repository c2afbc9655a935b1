//! A net as named nodes with values and gradients, which draws itself.
//!
//! A [`GraphBuilder`] makes a [`Graph`] of inputs, parameters and operations. [`Graph::forward`]
//! evaluates it in topological order; [`Graph::backward`] goes back through it by the rules of
//! `manual-backprop`, with no automatic differentiation. [`nets`] has the lecture's nets and
//! functions ready made.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use computational_graph::GraphBuilder;
//!
//! let number = |value: f32| Tensor::<2>::from_data([[value]], &Device::flex());
//! let mut graph = GraphBuilder::new();
//! let x = graph.parameter("x", number(3.0))?;
//! let square = graph.power("square", x, 2)?;
//! graph.multiply("f", x, square)?; // x is used twice
//! let mut graph = graph.build();
//!
//! graph.forward();
//! graph.backward("f")?;
//! assert_eq!(graph.value("f")?.into_scalar::<f32>(), 27.0);
//! assert_eq!(graph.gradient("x")?.unwrap().into_scalar::<f32>(), 27.0); // 3x²
//! # Ok::<(), computational_graph::GraphError>(())
//! ```

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
pub use operation::Operation;
pub use options::SvgOptions;
