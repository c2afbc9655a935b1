//! The drawings: well-formed, complete, escaped, and nothing in them overlaps.

use crate::common::{number, tensor};
use computational_graph::{Graph, GraphBuilder, GraphError, SvgOptions};
use manual_backprop::Reduction;
use roxmltree::{Document, Node};

const UNPLEASANT: &str = r#"<a> & "b" 'c' \n #1 `d`"#;

/// The lecture's graphs as they are built, after the forward and after the backward pass.
fn stages() -> Vec<(String, Graph)> {
    let mut stages = Vec::new();
    for (name, mut graph, output) in crate::common::lecture_graphs() {
        stages.push((format!("{name} as built"), graph.clone()));
        graph.forward();
        stages.push((format!("{name} forward"), graph.clone()));
        graph.backward(output).expect("the output is a number");
        stages.push((format!("{name} backward"), graph));
    }
    stages
}

fn evaluated(name: &str) -> Graph {
    let graphs = stages();
    let found = graphs
        .into_iter()
        .find(|(stage, _)| *stage == format!("{name} backward"));
    found.expect("the lecture has such a graph").1
}

fn unpleasant() -> Result<Graph, GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter(UNPLEASANT, number(3.0))?;
    graph.power("f", x, 2)?;
    let mut graph = graph.build();
    graph.forward();
    graph.backward("f")?;
    Ok(graph)
}

/// A text and what follows on its line.
fn content(text: Node) -> String {
    let parts = text.descendants().filter(Node::is_text);
    let parts = parts.filter_map(|part| part.text()).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn texts(document: &Document) -> Vec<String> {
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts.map(content).collect()
}

fn length(node: Node, attribute: &str) -> f64 {
    let text = node
        .attribute(attribute)
        .unwrap_or_else(|| panic!("no {attribute}"));
    text.parse()
        .unwrap_or_else(|_| panic!("{attribute} is {text}"))
}

/// Left, top, right and bottom edge.
type Edges = [f64; 4];

fn apart(a: Edges, b: Edges) -> bool {
    a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1]
}

/// The space that a text takes, from its position and an estimate of its width.
fn text_box(text: Node) -> Edges {
    let size = match text.attribute("font-size") {
        Some(size) => size.parse().expect("a number"),
        None => length(text.document().root_element(), "font-size"),
    };
    let narrow = |c: char| " ()·-.".contains(c);
    let mono = text
        .attribute("font-family")
        .is_some_and(|font| font.contains("monospace"));
    let width = content(text)
        .chars()
        .map(|c| if narrow(c) && !mono { 0.4 } else { 0.6 })
        .sum::<f64>()
        * size;
    let (x, y) = (length(text, "x"), length(text, "y"));
    let left = match text.attribute("text-anchor") {
        Some("end") => x - width,
        Some("middle") => x - width / 2.0,
        _ => x,
    };
    [left, y - 0.75 * size, left + width, y + 0.2 * size]
}

fn is_outline(node: &Node) -> bool {
    let kinds = ["input", "parameter", "operation"];
    let class = node.attribute("class").unwrap_or_default();
    node.has_tag_name("rect") && kinds.iter().any(|kind| class.ends_with(kind))
}

/// Texts and outlines of nodes of a drawing without a legend, whose parts have one origin.
fn boxes(document: &Document) -> (Vec<(String, Edges)>, Vec<Edges>) {
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    let texts = texts.map(|text| (content(text), text_box(text)));
    let outlines = document.descendants().filter(is_outline).map(|outline| {
        let (x, y) = (length(outline, "x"), length(outline, "y"));
        [
            x,
            y,
            x + length(outline, "width"),
            y + length(outline, "height"),
        ]
    });
    (texts.collect(), outlines.collect())
}

/// One row, and rows for a telephone, a tablet and a screen.
const WIDTHS: [Option<f64>; 4] = [None, Some(332.0), Some(700.0), Some(1010.0)];

#[test]
fn no_text_overlaps_a_text_or_a_node_or_leaves_the_picture() {
    for width in WIDTHS {
        let options = SvgOptions {
            legend: false,
            width,
            ..SvgOptions::default()
        };
        for (name, graph) in stages() {
            nothing_overlaps(&format!("{name}, {width:?}"), &graph, &options);
        }
    }
}

fn nothing_overlaps(name: &str, graph: &Graph, options: &SvgOptions) {
    let svg = graph.to_svg(options);
    let document = Document::parse(&svg).expect("well-formed");
    let root = document.root_element();
    let (texts, outlines) = boxes(&document);
    assert_eq!(outlines.len(), graph.nodes().len(), "{name}");
    for (i, (text, edges)) in texts.iter().enumerate() {
        for (other, other_edges) in &texts[..i] {
            assert!(
                apart(*edges, *other_edges),
                "{name}: `{text}` and `{other}`"
            );
        }
        let margin = [
            edges[0],
            edges[1],
            length(root, "width") - edges[2],
            length(root, "height") - edges[3],
        ];
        assert!(
            margin.iter().all(|&room| room >= 0.0),
            "{name}: `{text}` {margin:?}"
        );
        for outline in &outlines {
            let within = outline[0] <= edges[0] && edges[2] <= outline[2];
            assert!(within || apart(*edges, *outline), "{name}: `{text}`");
        }
    }
    for (i, outline) in outlines.iter().enumerate() {
        assert!(
            outlines[..i].iter().all(|other| apart(*outline, *other)),
            "{name}"
        );
    }
}

#[test]
fn a_graph_in_rows_is_as_narrow_as_asked_and_names_what_goes_to_another_row() {
    let graph = evaluated("xor");
    let drawn = |width| {
        graph.to_svg(&SvgOptions {
            width,
            ..SvgOptions::default()
        })
    };
    let whole = drawn(None);
    assert_eq!(drawn(Some(3000.0)), whole);
    let of = |svg: &str| {
        let document = Document::parse(svg).expect("well-formed");
        let root = document.root_element();
        let muted = document.descendants().filter(|node| {
            node.has_tag_name("text") && node.attribute("class") == Some("cg-muted")
        });
        let ends = |anchor: &str| {
            let texts = muted
                .clone()
                .filter(|text| text.attribute("text-anchor") == Some(anchor));
            texts.map(content).collect::<Vec<_>>()
        };
        (
            [length(root, "width"), length(root, "height")],
            ends("start"),
            ends("end"),
        )
    };
    let (size, leaving, entering) = of(&whole);
    assert!(leaving.is_empty() && entering.is_empty());
    let mut narrower = size;
    for width in [1010.0, 700.0, 332.0] {
        let ([wide, high], leaving, entering) = of(&drawn(Some(width)));
        assert!(
            wide <= width && wide < narrower[0] && high > narrower[1],
            "{width}: {wide} x {high}"
        );
        narrower = [wide, high];
        // Each name goes to some row, and each row's names come from another.
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names.dedup();
            names
        };
        assert!(!leaving.is_empty());
        assert_eq!(sorted(&leaving), sorted(&entering), "{width}");
    }
}

#[test]
fn the_lectures_numbers_stand_in_the_drawing() {
    let svg = evaluated("composition").to_svg(&SvgOptions::default());
    let document = Document::parse(&svg).expect("well-formed");
    let texts = texts(&document);
    for number in ["390", "344", "348", "226", "-330", "710", "-1126"] {
        assert!(texts.iter().any(|text| text == number), "{number}");
    }
    for name in ["f = f1 + f2", "x4 = q + p", "z1", "δz1", "x2 = z1²"] {
        assert!(texts.iter().any(|text| text == name), "{name}");
    }
}

#[test]
fn a_matrix_is_written_out_and_a_large_one_is_a_norm_and_a_strip() {
    let svg = evaluated("xor").to_svg(&SvgOptions::default());
    let document = Document::parse(&svg).expect("well-formed");
    let numbers = document
        .descendants()
        .filter(|node| node.has_tag_name("text") && node.attribute("class") == Some("cg-value"));
    let numbers = numbers.filter(|node| node.attribute("text-anchor") == Some("end"));
    // x, w1, z1, b1, z2, z3, w2, z4, z5, yp, y
    assert_eq!(
        numbers.count(),
        8 + 6 + 12 + 3 + 12 + 12 + 3 + 4 + 4 + 4 + 4
    );

    let graph = evaluated("mnist");
    let svg = graph.to_svg(&SvgOptions::default());
    let document = Document::parse(&svg).expect("well-formed");
    let texts = texts(&document);
    assert!(texts.iter().any(|text| text == "784×32"));
    let w1 = crate::common::values(graph.value("w1").expect("a parameter has a value"));
    let norm = w1.iter().map(|w| w * w).sum::<f64>().sqrt();
    assert!(
        texts
            .iter()
            .any(|text| *text == format!("‖w1‖ = {norm:.1}")),
        "{norm}"
    );
    assert!(texts.iter().any(|text| text.starts_with("‖δw1‖ = ")));
    let heat = |node: &Node| {
        node.attribute("class")
            .is_some_and(|class| class.contains("heat"))
    };
    let cells = document.descendants().filter(heat).count();
    // 15 values and 12 gradients of more than 24 elements; those of b2 and b3; the legend
    assert_eq!(cells, 24 * (15 + 12) + 2 * (16 + 10) + 9);
}

#[test]
fn before_the_passes_there_are_shapes_and_no_gradients() {
    for (name, graph) in stages() {
        let svg = graph.to_svg(&SvgOptions::default());
        assert_eq!(svg.contains('δ'), name.ends_with("backward"), "{name}");
        assert!(svg.contains("1×1") || !name.ends_with("as built"), "{name}");
    }
}

#[test]
fn names_are_escaped_everywhere() -> Result<(), GraphError> {
    let graph = unpleasant()?;
    let options = SvgOptions {
        title: UNPLEASANT.to_owned(),
        ..SvgOptions::default()
    };
    let svg = graph.to_svg(&options);
    let document = Document::parse(&svg).expect("well-formed");
    assert!(texts(&document).iter().any(|text| text == UNPLEASANT));
    assert_eq!(
        document.root_element().attribute("aria-label"),
        Some(UNPLEASANT)
    );

    let dot = graph.to_dot();
    assert!(
        dot.contains(r##"label="<a> &amp; \"b\" 'c' \\n #1 `d`\n= 3\nδ"##),
        "{dot}"
    );
    let mermaid = graph.to_mermaid();
    assert!(
        mermaid.contains(r##"("#60;a#62; #38; #34;b#34; 'c' #92;n #35;1 #96;d#96;<br/>= 3"##),
        "{mermaid}"
    );
    Ok(())
}

#[test]
fn a_graph_of_one_node_and_an_empty_one_can_be_drawn() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    graph.input("x", number(0.5))?;
    let graph = graph.build();
    let svg = graph.to_svg(&SvgOptions::default());
    let document = Document::parse(&svg).expect("well-formed");
    assert_eq!(texts(&document)[..2], ["x", "0.5"]);
    assert!(graph.to_dot().contains("n0 ["));
    assert!(graph.to_mermaid().contains("n0[\"x<br/>= 0.5\"]"));

    let empty = GraphBuilder::new().build().to_svg(&SvgOptions::default());
    let document = Document::parse(&empty).expect("well-formed");
    assert!(texts(&document).is_empty());
    Ok(())
}

#[test]
fn both_operands_of_one_value_are_two_arrows() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", number(3.0))?;
    graph.multiply("f", x, x)?;
    let svg = graph.build().to_svg(&SvgOptions {
        legend: false,
        ..SvgOptions::default()
    });
    let document = Document::parse(&svg).expect("well-formed");
    let curve = |node: &Node| node.attribute("d").is_some_and(|d| d.contains('C'));
    let curves = document.descendants().filter(curve).collect::<Vec<_>>();
    assert_eq!(curves.len(), 2);
    assert_ne!(curves[0].attribute("d"), curves[1].attribute("d"));
    Ok(())
}

#[test]
fn drawings_can_stand_side_by_side_in_a_page_of_either_theme() {
    let graph = evaluated("scalar");
    let prefixed = SvgOptions {
        prefix: "before <1>".to_owned(),
        ..SvgOptions::default()
    };
    for (options, prefix) in [(SvgOptions::default(), "cg-"), (prefixed, "cg-before--1--")] {
        let svg = graph.to_svg(&options);
        let document = Document::parse(&svg).expect("well-formed");
        let root = document.root_element();
        assert_eq!(root.attribute("style"), Some("color-scheme:light dark"));
        assert!(root.has_attribute("viewBox") && root.has_attribute("width"));
        let style = document
            .descendants()
            .find(|node| node.has_tag_name("style"));
        let style = style
            .and_then(|style| style.text())
            .expect("it has a style")
            .trim();
        assert!(
            style.starts_with("@media (prefers-color-scheme:dark){"),
            "{style}"
        );
        for node in document.descendants().filter(|node| *node != root) {
            assert!(!node.has_attribute("id"));
            let Some(class) = node.attribute("class") else {
                continue;
            };
            assert!(class.starts_with(prefix), "{class}");
            assert!(style.contains(&format!(".{class}{{fill:")), "{class}");
            let literal = node
                .attribute("fill")
                .is_some_and(|fill| fill == "none" || fill.starts_with('#'));
            assert!(literal, "{class}");
        }
    }
}

#[test]
fn what_is_not_finite_is_drawn_as_such() -> Result<(), GraphError> {
    let mut graph = GraphBuilder::new();
    let yp = graph.parameter("yp", tensor([1, 2], &[0.0, 1.0]))?;
    let y = graph.input("y", tensor([1, 2], &[1.0, 0.0]))?;
    graph.cross_entropy("loss", yp, y, Reduction::Sum)?;
    let mut graph = graph.build();
    graph.forward();
    graph.backward("loss")?;
    let svg = graph.to_svg(&SvgOptions::default());
    let document = Document::parse(&svg).expect("well-formed");
    let texts = texts(&document);
    assert!(texts.iter().any(|text| text == "inf"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "-inf"), "{texts:?}");
    Ok(())
}

#[test]
fn dot_and_mermaid_have_every_node_and_edge_with_its_numbers() {
    for (name, graph) in stages() {
        let edges = graph
            .nodes()
            .iter()
            .map(|node| node.operands().len())
            .sum::<usize>();
        let (dot, mermaid) = (graph.to_dot(), graph.to_mermaid());
        assert_eq!(dot.matches(" -> ").count(), edges, "{name}");
        assert_eq!(mermaid.matches(" --> ").count(), edges, "{name}");
        assert_eq!(dot.matches("label=").count(), graph.nodes().len(), "{name}");
        assert_eq!(
            mermaid.matches(":::").count(),
            graph.nodes().len(),
            "{name}"
        );
    }
    let graph = evaluated("composition");
    for text in [graph.to_dot(), graph.to_mermaid()] {
        for number in ["= 390", "δz1 = 710", "δz2 = -1126", "δx4 = -330"] {
            assert!(text.contains(number), "{number}");
        }
    }
}
