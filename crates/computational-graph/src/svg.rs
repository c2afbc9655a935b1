//! A graph as SVG.

use svg::Document;
use svg::node::element::{Group, Path, Rectangle, Style, Text, Title};

use crate::graph::{Graph, Kind, Node};
use crate::label::{CELL, LINE, Label, TEXT, text_width};
use crate::layout::{Item, Layout, Route};
use crate::summary::{LEVELS, Summary};
use crate::theme::{Role, dark_rules};

/// How a graph is drawn.
///
/// ```
/// use computational_graph::SvgOptions;
///
/// let options = SvgOptions { title: "After training".to_owned(), ..SvgOptions::default() };
/// assert_eq!(options.max_cells, 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SvgOptions {
    /// What a screen reader announces.
    pub title: String,
    /// Every class in the drawing begins with `cg-`, and with `cg-PREFIX-` where a prefix is given:
    /// for a page that styles one drawing apart from the others. Characters other than ASCII
    /// letters and digits, `-` and `_` become `-`. There are no ids.
    pub prefix: String,
    /// The largest number of elements of a matrix that is shown by its elements; it has at most 4
    /// columns and 8 rows, too.
    pub max_cells: usize,
    /// Significant digits of a matrix's largest element; a single number has two more.
    pub digits: usize,
    /// Whether the signs are explained below the graph.
    pub legend: bool,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            title: "Computational graph".to_owned(),
            prefix: String::new(),
            max_cells: 16,
            digits: 3,
            legend: true,
        }
    }
}

/// Margin around the drawing.
const MARGIN: f64 = 12.0;
/// Half the height of a node.
const HALF_NODE: f64 = 15.0;
/// Size of the text in a node.
const NODE_TEXT: f64 = 13.0;
const LARGE_SIGN: f64 = 18.0;
/// Room left and right of a label.
const BESIDE: f64 = 9.0;
/// Room between an arrow and the labels above and below it.
const ABOVE: f64 = 5.0;
const BELOW: f64 = 9.0;
/// Length and half the width of an arrow's head.
const HEAD: [f64; 2] = [8.0, 3.5];
const NUMBERS: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const WORDS: &str = "system-ui, sans-serif";

impl Graph {
    /// The graph as a picture, from left to right: inputs and parameters as boxes, operations as
    /// pills; above each node's arrow its value, below it its gradient, as far as they are there.
    ///
    /// A single number and a small matrix are written out; of a larger one there are the norm and a
    /// strip whose cells are coloured by the means of consecutive chunks of its elements.
    ///
    /// The text is one `svg` element with size and `viewBox`, fit for a file of its own and for use
    /// inside HTML, also several times. Colours are those of a light page; a style rule replaces
    /// them where the reader prefers a dark one. The background is transparent.
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
    /// assert!(svg.starts_with("<svg") && svg.contains(">-310</text>"));
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
        let layout = Layout::new(&items);
        let mut picture = Group::new().set("transform", format!("translate({MARGIN},{MARGIN})"));
        for route in &layout.routes {
            picture = picture.add(self.edge(route));
        }
        for (i, node) in self.graph.nodes().iter().enumerate() {
            picture = picture.add(self.node(i, node, &layout));
        }
        let (mut width, mut height) = (layout.width, layout.height);
        if options.legend {
            let (legend, size) = self.legend();
            let place = format!("translate({MARGIN},{})", round(MARGIN + height + 22.0));
            picture = Group::new()
                .add(picture)
                .add(legend.set("transform", place));
            width = width.max(size[0]);
            height += 22.0 + size[1];
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

    /// An edge from where its node's arrow ends.
    fn edge(&self, route: &Route) -> Group {
        let mut path = String::new();
        let last = route.points.len() - 1;
        for (i, &[x, y]) in route.points.iter().enumerate() {
            let x = if i == last { x - HEAD[0] } else { x };
            match i {
                0 => path += &format!("M{},{}", round(x), round(y)),
                _ if i % 2 == 0 => path += &format!("H{}", round(x)),
                _ => {
                    let [from_x, from_y] = route.points[i - 1];
                    let middle = round((from_x + x) / 2.0);
                    let (from_y, x, y) = (round(from_y), round(x), round(y));
                    path += &format!("C{middle},{from_y} {middle},{y} {x},{y}");
                }
            }
        }
        let [x, y] = route.points[last];
        Group::new()
            .add(self.line(Role::Edge, path))
            .add(self.head(Role::EdgeHead, [x, y], -1.0))
    }

    fn node(&self, i: usize, node: &Node, layout: &Layout) -> Group {
        let place = layout.places[i];
        let labels = &self.labels[i];
        let stem = place.x + node_width(node);
        let is_output = !self
            .graph
            .nodes()
            .iter()
            .any(|other| other.operands().contains(&i));
        let end = if is_output {
            place.right - HEAD[0]
        } else {
            place.right
        };
        let mut group = Group::new()
            .add(Title::new(self.description(node)))
            .add(self.line(
                Role::Edge,
                format!("M{},{}H{}", round(stem), round(place.y), round(end)),
            ));
        if is_output {
            group = group.add(self.head(Role::EdgeHead, [place.right, place.y], -1.0));
        }
        group = self.shape(group, node, [place.x, place.y]);

        let left = stem + BESIDE;
        let top = place.y - ABOVE - labels.value.height();
        group = self.label(group, &labels.value, [left, top], Role::Ink, Role::Value);
        if let Some(gradient) = &labels.gradient {
            let y = place.y + 4.0;
            let start = left + labels.value.width().max(gradient.width());
            group = group
                .add(self.line(
                    Role::GradientLine,
                    format!(
                        "M{},{}H{}",
                        round(start),
                        round(y),
                        round(stem + 2.0 + HEAD[0])
                    ),
                ))
                .add(self.head(Role::Gradient, [stem + 2.0, y], 1.0));
            let top = place.y + BELOW;
            group = self.label(group, gradient, [left, top], Role::Gradient, Role::Gradient);
        }
        group
    }

    /// What a pointer that rests on the node is told.
    fn description(&self, node: &Node) -> String {
        let kind = match node.kind() {
            Kind::Input => "input".to_owned(),
            Kind::Parameter => "parameter".to_owned(),
            Kind::Operation(_) => format!(
                "= {}",
                self.graph
                    .formula(node)
                    .expect("an operation has a formula")
            ),
        };
        let shape = crate::error::shape_text(node.shape());
        format!("{} {kind}, {shape}", node.name())
    }

    /// The node itself, with its sign or name in it.
    fn shape(&self, group: Group, node: &Node, [x, y]: [f64; 2]) -> Group {
        let (role, radius) = match node.kind() {
            Kind::Input => (Role::Input, 0.0),
            Kind::Parameter => (Role::Parameter, 5.0),
            Kind::Operation(_) => (Role::Operation, HALF_NODE),
        };
        let (text, size) = node_text(node);
        let width = node_width(node);
        let outline = self.rectangle(role, [x, y - HALF_NODE], [width, 2.0 * HALF_NODE]);
        let middle = [x + width / 2.0, y + 0.36 * size];
        let text = self.text(&text, middle, Role::Ink, WORDS);
        group
            .add(outline.set("rx", radius).set("stroke-width", 1.4))
            .add(text.set("text-anchor", "middle").set("font-size", size))
    }

    /// A label whose top left corner is given.
    fn label(
        &self,
        mut group: Group,
        label: &Label,
        [left, top]: [f64; 2],
        heading: Role,
        numbers: Role,
    ) -> Group {
        let mut baseline = top + 0.8 * TEXT;
        if label.has_heading() {
            if !label.heading.is_empty() {
                group = group.add(self.text(&label.heading, [left, baseline], heading, WORDS));
            }
            if !label.shape.is_empty() {
                let x = left + label.shape_offset();
                group = group.add(self.text(&label.shape, [x, baseline], Role::Muted, WORDS));
            }
            baseline += LINE;
        }
        match &label.content {
            None => group,
            Some(Summary::Number(number)) => {
                group.add(self.text(number, [left, baseline], numbers, NUMBERS))
            }
            Some(Summary::Matrix(rows)) => {
                let edges = Label::column_edges(rows);
                for (row, line) in rows.iter().zip(0..) {
                    let y = baseline + f64::from(line) * LINE;
                    for (cell, edge) in row.iter().zip(&edges) {
                        let text = self.text(cell, [left + edge, y], numbers, NUMBERS);
                        group = group.add(text.set("text-anchor", "end"));
                    }
                }
                group
            }
            Some(Summary::Strip { levels, .. }) => {
                group = group.add(self.text(&label.norm(), [left, baseline], numbers, WORDS));
                self.strip(group, levels, [left, baseline + 5.0])
            }
        }
    }

    fn strip(&self, mut group: Group, levels: &[Option<i8>], [left, top]: [f64; 2]) -> Group {
        for (i, level) in levels.iter().enumerate() {
            let role = level.map_or(Role::NoHeat, Role::Heat);
            let place = [left + i as f64 * CELL[0], top];
            group = group.add(self.rectangle(role, place, CELL));
        }
        group
    }

    /// The signs that occur in this drawing, each with a word, and the room that they take.
    fn legend(&self) -> (Group, [f64; 2]) {
        let mut legend = Legend {
            drawing: self,
            group: Group::new(),
            x: 0.0,
        };
        let nodes = self.graph.nodes();
        let kinds: [(&str, Role, f64, fn(Kind) -> bool); 3] = [
            ("input", Role::Input, 0.0, |kind| kind == Kind::Input),
            ("parameter", Role::Parameter, 3.0, |kind| {
                kind == Kind::Parameter
            }),
            ("operation", Role::Operation, 6.0, |kind| {
                matches!(kind, Kind::Operation(_))
            }),
        ];
        for (word, role, radius, is_kind) in kinds {
            if nodes.iter().any(|node| is_kind(node.kind())) {
                let sign = self
                    .rectangle(role, [legend.x, 2.0], [20.0, 12.0])
                    .set("rx", radius);
                legend.add(20.0, Group::new().add(sign), word, Role::Muted);
            }
        }
        if nodes.iter().any(|node| node.value().is_some()) {
            let [start, end] = [legend.x, legend.x + 24.0];
            let path = format!("M{},8H{}", round(start), round(end - HEAD[0]));
            let sign = Group::new().add(self.line(Role::Edge, path)).add(self.head(
                Role::EdgeHead,
                [end, 8.0],
                -1.0,
            ));
            legend.add(24.0, sign, "value, above", Role::Value);
        }
        if nodes.iter().any(|node| node.gradient().is_some()) {
            let [start, end] = [legend.x, legend.x + 24.0];
            let path = format!("M{},8H{}", round(end), round(start + HEAD[0]));
            let sign = Group::new()
                .add(self.line(Role::GradientLine, path))
                .add(self.head(Role::Gradient, [start, 8.0], 1.0));
            legend.add(24.0, sign, "gradient δ, below", Role::Gradient);
        }
        if self.has_strips() {
            let levels = (-LEVELS..=LEVELS).map(Some).collect::<Vec<_>>();
            let sign = self.strip(Group::new(), &levels, [legend.x, 3.0]);
            let width = levels.len() as f64 * CELL[0];
            let words = "means of chunks, negative to positive";
            legend.add(width, sign, words, Role::Muted);
        }
        let width = legend.x;
        (legend.group, [width, 16.0])
    }

    fn has_strips(&self) -> bool {
        let labels = self.labels.iter();
        let mut labels = labels.flat_map(|labels| [Some(&labels.value), labels.gradient.as_ref()]);
        labels.any(|label| {
            label.is_some_and(|label| matches!(label.content, Some(Summary::Strip { .. })))
        })
    }

    fn text(&self, text: &str, [x, y]: [f64; 2], role: Role, font: &str) -> Text {
        Text::new(text)
            .set("class", self.class(role))
            .set("fill", role.light()[0])
            .set("x", round(x))
            .set("y", round(y))
            .set("font-family", font)
    }

    fn rectangle(&self, role: Role, [x, y]: [f64; 2], [width, height]: [f64; 2]) -> Rectangle {
        let [fill, stroke] = role.light();
        Rectangle::new()
            .set("class", self.class(role))
            .set("fill", fill)
            .set("stroke", stroke)
            .set("x", round(x))
            .set("y", round(y))
            .set("width", round(width))
            .set("height", round(height))
    }

    fn line(&self, role: Role, path: String) -> Path {
        let [fill, stroke] = role.light();
        Path::new()
            .set("class", self.class(role))
            .set("fill", fill)
            .set("stroke", stroke)
            .set("stroke-width", 1.3)
            .set("d", path)
    }

    /// An arrow's head with its tip here; `back` is -1 for one that points right, 1 for left.
    fn head(&self, role: Role, [x, y]: [f64; 2], back: f64) -> Path {
        let base = round(x + back * HEAD[0]);
        let (top, bottom) = (round(y - HEAD[1]), round(y + HEAD[1]));
        Path::new()
            .set("class", self.class(role))
            .set("fill", role.light()[0])
            .set(
                "d",
                format!("M{},{}L{base},{top}L{base},{bottom}Z", round(x), round(y)),
            )
    }

    fn class(&self, role: Role) -> String {
        format!("{}-{}", self.class_prefix, role.class())
    }
}

/// A row of signs with a word each.
struct Legend<'a> {
    drawing: &'a Drawing<'a>,
    group: Group,
    x: f64,
}

impl Legend<'_> {
    fn add(&mut self, width: f64, sign: Group, words: &str, role: Role) {
        let x = self.x + width + 6.0;
        let text = self.drawing.text(words, [x, 12.0], role, WORDS);
        self.group = std::mem::take(&mut self.group).add(sign).add(text);
        self.x = x + text_width(words, TEXT) + 20.0;
    }
}

/// What stands in a node, and its size: a leaf's name, an operation's sign, larger if it is one
/// character.
fn node_text(node: &Node) -> (String, f64) {
    match node.kind() {
        Kind::Input | Kind::Parameter => (node.name().to_owned(), NODE_TEXT),
        Kind::Operation(operation) => {
            let sign = operation.symbol();
            let size = if sign.chars().count() == 1 {
                LARGE_SIGN
            } else {
                NODE_TEXT
            };
            (sign, size)
        }
    }
}

/// The width of a node without its label.
fn node_width(node: &Node) -> f64 {
    let (text, size) = node_text(node);
    (text_width(&text, size) + 18.0).max(32.0)
}

/// Tenths of a pixel are enough.
fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
