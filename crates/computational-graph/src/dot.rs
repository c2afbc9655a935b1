//! A graph for Graphviz.

use crate::graph::{Graph, Kind};
use crate::text::lines;

impl Graph {
    /// The graph in Graphviz's language, for `dot -Tsvg`: inputs and parameters as boxes,
    /// operations as ellipses, each with its formula and, if they are known, value and gradient.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use computational_graph::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let x = graph.parameter("x", Tensor::from_data([[3.0]], &Device::flex()))?;
    /// graph.power("f", x, 2)?;
    /// let mut graph = graph.build();
    /// graph.forward();
    /// graph.backward("f")?;
    /// let dot = graph.to_dot();
    /// assert!(dot.contains(r#"label="x\n= 3\nδx = 6""#));
    /// assert!(dot.contains(r#"label="f = x²\n= 9\nδf = 1""#));
    /// assert!(dot.contains("n0 -> n1"));
    /// # Ok::<(), computational_graph::GraphError>(())
    /// ```
    pub fn to_dot(&self) -> String {
        let mut dot = String::from(
            "digraph {\n  rankdir=LR\n  bgcolor=transparent\n  \
             node [fontname=\"sans-serif\", fontsize=11]\n",
        );
        for (i, node) in self.nodes().iter().enumerate() {
            let style = match node.kind() {
                Kind::Input => "shape=box, style=filled, fillcolor=\"#f6f8fa\"",
                Kind::Parameter => "shape=box, style=\"filled,rounded\", fillcolor=\"#fff8c5\"",
                Kind::Operation(_) => "shape=ellipse, style=filled, fillcolor=\"#ddf4ff\"",
            };
            let lines = lines(self, node);
            let label = lines.iter().map(|line| escape(line)).collect::<Vec<_>>();
            dot += &format!("  n{i} [{style}, label=\"{}\"]\n", label.join("\\n"));
        }
        for (i, node) in self.nodes().iter().enumerate() {
            for operand in node.operands() {
                dot += &format!("  n{operand} -> n{i}\n");
            }
        }
        dot + "}\n"
    }
}

/// Escapes the text of a quoted label, where a backslash begins an escape and an ampersand an
/// entity.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_and_ampersands_are_escaped() {
        assert_eq!(escape(r#"a"b\n&lt;"#), r#"a\"b\\n&amp;lt;"#);
    }
}
