//! A graph for Mermaid.

use crate::graph::{Graph, Kind};
use crate::text::lines;

impl Graph {
    /// The graph as a Mermaid flowchart: inputs as boxes, parameters as rounded boxes, operations as
    /// pills, each with its formula and, if they are known, value and gradient.
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
    /// let mermaid = graph.to_mermaid();
    /// assert!(mermaid.starts_with("flowchart LR\n"));
    /// assert!(mermaid.contains(r#"n0("x<br/>= 3<br/>δx = 6"):::parameter"#));
    /// assert!(mermaid.contains(r#"n1(["f = x²<br/>= 9<br/>δf = 1"]):::operation"#));
    /// assert!(mermaid.contains("n0 --> n1"));
    /// # Ok::<(), computational_graph::GraphError>(())
    /// ```
    pub fn to_mermaid(&self) -> String {
        let mut mermaid = String::from("flowchart LR\n");
        for (i, node) in self.nodes().iter().enumerate() {
            let [open, close, class] = match node.kind() {
                Kind::Input => ["[", "]", "input"],
                Kind::Parameter => ["(", ")", "parameter"],
                Kind::Operation(_) => ["([", "])", "operation"],
            };
            let lines = lines(self, node);
            let label = lines.iter().map(|line| escape(line)).collect::<Vec<_>>();
            mermaid += &format!("  n{i}{open}\"{}\"{close}:::{class}\n", label.join("<br/>"));
        }
        for (i, node) in self.nodes().iter().enumerate() {
            for operand in node.operands() {
                mermaid += &format!("  n{operand} --> n{i}\n");
            }
        }
        mermaid
            + "  classDef input fill:#f6f8fa,stroke:#59636e,color:#1f2328\n  \
               classDef parameter fill:#fff8c5,stroke:#9a6700,color:#1f2328\n  \
               classDef operation fill:#ddf4ff,stroke:#0969da,color:#1f2328\n"
    }
}

/// Escapes the text of a quoted label: characters that are markup in Mermaid or HTML become
/// entities, which begin with `#` in Mermaid.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | '$' => {
                escaped += &format!("#{};", u32::from(c));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_written_as_entities() {
        assert_eq!(escape("a<b \"&\" #1"), "a#60;b #34;#38;#34; #35;1");
        assert_eq!(escape("z1 = x·w1"), "z1 = x·w1");
    }
}
