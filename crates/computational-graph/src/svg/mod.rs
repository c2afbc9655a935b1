//! A graph as SVG.

mod legend;
mod node;
mod shapes;

use svg::Document;
use svg::node::element::{Group, Style, Title};

use crate::graph::Graph;
use crate::label::{Label, TEXT, text_width};
use crate::layout::{Item, Layout};
use crate::options::SvgOptions;
use crate::theme::{Role, dark_rules};
use node::node_width;
use shapes::{HEAD, WORDS, round};

/// Margin around the drawing.
const MARGIN: f64 = 12.0;
/// Space between the graph and the legend.
const BEFORE_LEGEND: f64 = 22.0;
/// Half the height of a node.
const HALF_NODE: f64 = 15.0;
/// Space left and right of a label.
const BESIDE: f64 = 9.0;
/// Space between an arrow and the labels above and below it.
const ABOVE: f64 = 5.0;
const BELOW: f64 = 9.0;

impl Graph {
    /// The graph as a picture, from left to right: inputs and parameters as boxes, operations as
    /// pills. The value of a node is above its arrow, the gradient below it, if they are known.
    ///
    /// A single number and a small matrix are written out. A larger matrix is shown by its norm and
    /// by a strip whose cells are coloured by the means of consecutive chunks of its elements.
    ///
    /// The text is one `svg` element with size and `viewBox`. It can be a file of its own or part of
    /// an HTML page, even several times. The colours are for a light page; a style rule replaces
    /// them if the reader prefers a dark one. The background is transparent.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use computational_graph::{SvgOptions, nets};
    ///
    /// let x = Tensor::<1>::from_data([3.0, -1.0, 0.0, 1.0], &Device::flex());
    /// let mut f = nets::four_variables(x)?;
    /// f.forward();
    /// f.backward("f")?;
    /// let svg = f.to_svg(&SvgOptions::default());
    /// assert!(svg.starts_with("<svg") && svg.contains("-310"));
    /// # Ok::<(), computational_graph::GraphError>(())
    /// ```
    pub fn to_svg(&self, options: &SvgOptions) -> String {
        let drawing = Drawing {
            graph: self,
            class_prefix: class_prefix(&options.prefix),
            labels: self
                .nodes()
                .iter()
                .map(|node| Labels {
                    value: Label::of_value(self, node, options),
                    gradient: Label::of_gradient(node, options),
                })
                .collect(),
        };
        drawing.document(options).to_string()
    }
}

fn class_prefix(prefix: &str) -> String {
    let fit = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '-',
    };
    match prefix {
        "" => "cg".to_owned(),
        _ => format!("cg-{}", prefix.chars().map(fit).collect::<String>()),
    }
}

struct Labels {
    value: Label,
    gradient: Option<Label>,
}

struct Drawing<'a> {
    graph: &'a Graph,
    class_prefix: String,
    labels: Vec<Labels>,
}

impl Drawing<'_> {
    fn document(&self, options: &SvgOptions) -> Document {
        let items = self.items();
        let most = options
            .width
            .map_or(f64::INFINITY, |width| width - 2.0 * MARGIN);
        let nodes = self.graph.nodes();
        let names = nodes.iter().map(|node| text_width(node.name(), TEXT));
        let names = names.collect::<Vec<_>>();
        let rows = Layout::new(&items).in_rows(&items, &names, most);
        let mut picture = Group::new().set("transform", format!("translate({MARGIN},{MARGIN})"));
        for line in &rows.lines {
            picture = picture.add(self.edge(line));
        }
        for (places, anchor) in [(&rows.leaving, "start"), (&rows.entering, "end")] {
            for &(node, [x, y]) in places {
                let name = nodes[node].name();
                let text = self.text(name, [x, y + 0.36 * TEXT], Role::Muted, WORDS);
                picture = picture.add(text.set("text-anchor", anchor));
            }
        }
        for (i, node) in nodes.iter().enumerate() {
            picture = picture.add(self.node(i, node, rows.positions[i]));
        }
        let (mut width, mut height) = (rows.width, rows.height);
        if options.legend {
            let (legend, size) = self.legend(most);
            let place = format!(
                "translate({MARGIN},{})",
                round(MARGIN + height + BEFORE_LEGEND)
            );
            picture = Group::new()
                .add(picture)
                .add(legend.set("transform", place));
            width = width.max(size[0]);
            height += BEFORE_LEGEND + size[1];
        }
        let (width, height) = (
            (width + 2.0 * MARGIN).ceil(),
            (height + 2.0 * MARGIN).ceil(),
        );
        Document::new()
            .set("class", self.class_prefix.as_str())
            .set("width", width)
            .set("height", height)
            .set("viewBox", (0, 0, width, height))
            .set("role", "img")
            .set("aria-label", options.title.as_str())
            .set("style", "color-scheme:light dark")
            .set("font-size", TEXT)
            .add(Title::new(options.title.as_str()))
            .add(Style::new(dark_rules(&self.class_prefix)))
            .add(picture)
    }

    fn items(&self) -> Vec<Item> {
        let nodes = self.graph.nodes().iter().zip(&self.labels);
        let items = nodes.map(|(node, labels)| {
            let gradient = labels.gradient.as_ref();
            let label = gradient.map_or(0.0, Label::width).max(labels.value.width());
            Item {
                operands: node.operands().to_vec(),
                width: node_width(node) + BESIDE + label + BESIDE,
                above: HALF_NODE.max(labels.value.height() + ABOVE),
                below: HALF_NODE.max(gradient.map_or(0.0, |label| label.height() + BELOW)),
            }
        });
        items.collect()
    }

    /// An edge or a part of it, from the end of its node's arrow.
    fn edge(&self, points: &[[f64; 2]]) -> Group {
        let mut path = String::new();
        let last = points.len() - 1;
        for (i, &[x, y]) in points.iter().enumerate() {
            let x = if i == last { x - HEAD[0] } else { x };
            match i {
                0 => path += &format!("M{},{}", round(x), round(y)),
                _ if i % 2 == 0 => path += &format!("H{}", round(x)),
                _ => {
                    let [from_x, from_y] = points[i - 1];
                    let middle = round((from_x + x) / 2.0);
                    let (from_y, x, y) = (round(from_y), round(x), round(y));
                    path += &format!("C{middle},{from_y} {middle},{y} {x},{y}");
                }
            }
        }
        let [x, y] = points[last];
        Group::new()
            .add(self.line(Role::Edge, path))
            .add(self.head(Role::EdgeHead, [x, y], -1.0))
    }
}
