//! Positions for the nodes of a graph and routes for its edges: a layered drawing from left to right.
//!
//! The steps are those of Sugiyama, Tagawa and Toda (1981). Every node gets a layer. An edge that
//! passes through layers gets a dummy vertex in each of them. The order in each layer is chosen so
//! that few edges cross; then every vertex gets its height. Edges bend only in the gaps between two
//! layers, so that they never run through a node.

mod heights;
mod order;
mod rows;

use crate::graph::{Graph, Node};

/// The space that a node needs. Its anchor is on the left edge, where edges arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeBox {
    /// From the left edge to the right one, label included.
    pub width: f64,
    /// From the anchor to the top.
    pub above: f64,
    /// From the anchor to the bottom.
    pub below: f64,
}

impl Graph {
    /// Positions for the nodes, each with a box of this size, and routes for the edges: a layered
    /// drawing from left to right, the one of [`Graph::to_svg`]. Sizes and positions have the same unit.
    ///
    /// # Panics
    ///
    /// If the number of boxes is not that of the nodes.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use computational_graph::{NodeBox, nets};
    ///
    /// let f = nets::four_variables(Tensor::<1>::from_data([3.0, -1.0, 0.0, 1.0], &Device::flex()))?;
    /// let boxes = vec![NodeBox { width: 80.0, above: 20.0, below: 30.0 }; f.nodes().len()];
    /// let layout = f.layout(&boxes);
    /// for route in &layout.routes {
    ///     assert!(layout.positions[route.from].x < layout.positions[route.to].x);
    /// }
    /// # Ok::<(), computational_graph::GraphError>(())
    /// ```
    pub fn layout(&self, boxes: &[NodeBox]) -> Layout {
        assert_eq!(boxes.len(), self.nodes().len(), "a box for each node");
        let item = |(node, size): (&Node, &NodeBox)| Item {
            operands: node.operands().to_vec(),
            width: size.width,
            above: size.above,
            below: size.below,
        };
        let items = self.nodes().iter().zip(boxes).map(item);
        Layout::new(&items.collect::<Vec<_>>())
    }
}

/// A node to be placed. Its anchor is on the left edge, where edges arrive. The node reaches from
/// `above` the anchor to `below` it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The nodes that it depends on, all of them before it.
    pub(crate) operands: Vec<usize>,
    pub(crate) width: f64,
    pub(crate) above: f64,
    pub(crate) below: f64,
}

/// The position of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Left edge.
    pub x: f64,
    /// Height of the anchor, from the top down.
    pub y: f64,
    /// Right edge of the node's layer, where edges leave.
    pub right: f64,
}

/// The route of an edge, from the right edge of a node's layer to the left edge of another node. It
/// crosses a gap from each point with an even number to the next, and is level in between.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The operand.
    pub from: usize,
    /// The operation that uses it; it has as many routes from the operand as it uses it.
    pub to: usize,
    /// Horizontal and vertical coordinates.
    pub points: Vec<[f64; 2]>,
}

/// A drawing's geometry; its top left corner is the origin.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Where each node is, in the order of [`Graph::nodes`].
    pub positions: Vec<Position>,
    /// The edges.
    pub routes: Vec<Route>,
    /// Width of the drawing.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The layer of each node.
    layers: Vec<usize>,
    /// Left and right edge of every layer.
    columns: Vec<[f64; 2]>,
}

/// A node, or the dummy vertex of an edge that passes through a layer.
#[derive(Debug, Clone, Copy)]
struct Vertex {
    layer: usize,
    width: f64,
    above: f64,
    below: f64,
    kind: VertexKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum VertexKind {
    Leaf,
    Operation,
    Dummy,
}

/// The vertices, those of the nodes first, and the links between vertices of adjacent layers.
#[derive(Debug)]
struct Layered {
    vertices: Vec<Vertex>,
    links: Vec<[usize; 2]>,
    /// Per node, its dummy vertices from left to right.
    dummies: Vec<Vec<usize>>,
    layers: usize,
}

/// Space above and below the middle of a dummy vertex.
const DUMMY: f64 = 4.0;
/// Width of a gap between layers, before steep edges widen it.
const GAP: f64 = 32.0;
/// How much an edge's rise adds to the width of its gap, at most [`STEEP_GAP`].
const GAP_PER_RISE: f64 = 0.12;
const STEEP_GAP: f64 = 60.0;
/// Distance between edges that arrive at one node.
const PORTS: f64 = 9.0;

impl Layout {
    pub(crate) fn new(items: &[Item]) -> Self {
        let layered = Layered::new(items);
        let order = order::order(&layered, items);
        let heights = heights::heights(&layered, &order);
        let columns = columns(&layered, &heights);
        let height = |&vertex: &usize| heights[vertex] + layered.vertices[vertex].below;

        let positions = (0..items.len()).map(|node| {
            let [x, right] = columns[layered.vertices[node].layer];
            Position {
                x,
                y: heights[node],
                right,
            }
        });
        Self {
            positions: positions.collect(),
            routes: routes(items, &layered, &heights, &columns),
            width: columns.last().map_or(0.0, |[_, right]| *right),
            height: order.iter().flatten().map(height).fold(0.0, f64::max),
            layers: (0..items.len())
                .map(|node| layered.vertices[node].layer)
                .collect(),
            columns,
        }
    }
}

impl Layered {
    fn new(items: &[Item]) -> Self {
        let layer_of = layers(items);
        let mut vertices = items
            .iter()
            .zip(&layer_of)
            .map(|(item, &layer)| Vertex {
                layer,
                width: item.width,
                above: item.above,
                below: item.below,
                kind: if item.operands.is_empty() {
                    VertexKind::Leaf
                } else {
                    VertexKind::Operation
                },
            })
            .collect::<Vec<_>>();
        let mut links = Vec::new();
        let mut dummies = Vec::with_capacity(items.len());
        for node in 0..items.len() {
            let consumers = (0..items.len()).filter(|&to| items[to].operands.contains(&node));
            let consumers = consumers.collect::<Vec<_>>();
            let last = consumers.iter().map(|&to| layer_of[to]).max();
            let first = vertices.len();
            for layer in layer_of[node] + 1..last.unwrap_or(0) {
                vertices.push(Vertex {
                    layer,
                    width: 0.0,
                    above: DUMMY,
                    below: DUMMY,
                    kind: VertexKind::Dummy,
                });
            }
            let own = (first..vertices.len()).collect::<Vec<_>>();
            let at = |layer: usize| match layer - layer_of[node] {
                0 => node,
                passed => own[passed - 1],
            };
            links.extend(
                own.iter()
                    .map(|&dummy| [at(vertices[dummy].layer - 1), dummy]),
            );
            links.extend(consumers.iter().map(|&to| [at(layer_of[to] - 1), to]));
            dummies.push(own);
        }
        Self {
            vertices,
            links,
            dummies,
            layers: layer_of.iter().max().map_or(0, |last| last + 1),
        }
    }

    /// The vertices on the other ends of a vertex's links to the left and to the right.
    fn neighbours(&self, vertex: usize) -> impl Iterator<Item = usize> + '_ {
        self.before(vertex).chain(self.after(vertex))
    }

    fn before(&self, vertex: usize) -> impl Iterator<Item = usize> + '_ {
        let links = self.links.iter();
        links.filter_map(move |&[from, to]| (to == vertex).then_some(from))
    }

    fn after(&self, vertex: usize) -> impl Iterator<Item = usize> + '_ {
        let links = self.links.iter();
        links.filter_map(move |&[from, to]| (from == vertex).then_some(to))
    }
}

/// An operation's layer is the length of the longest path that leads to it; a leaf is placed right
/// before the first operation that uses it.
fn layers(items: &[Item]) -> Vec<usize> {
    let mut layers = vec![0; items.len()];
    for (i, item) in items.iter().enumerate() {
        let operands = item.operands.iter().map(|&operand| layers[operand] + 1);
        layers[i] = operands.max().unwrap_or(0);
    }
    for leaf in (0..items.len()).filter(|&i| items[i].operands.is_empty()) {
        let consumers = (0..items.len()).filter(|&to| items[to].operands.contains(&leaf));
        let first = consumers.map(|to| layers[to]).min();
        layers[leaf] = first.map_or(0, |layer| layer - 1);
    }
    layers
}

/// Left and right edge of every layer.
fn columns(layered: &Layered, heights: &[f64]) -> Vec<[f64; 2]> {
    let mut columns = Vec::with_capacity(layered.layers);
    let mut x = 0.0;
    for layer in 0..layered.layers {
        let here = layered
            .vertices
            .iter()
            .filter(|vertex| vertex.layer == layer);
        let width = here.map(|vertex| vertex.width).fold(0.0, f64::max);
        columns.push([x, x + width]);
        let rises = layered
            .links
            .iter()
            .filter(|[from, _]| layered.vertices[*from].layer == layer)
            .map(|&[from, to]| (heights[to] - heights[from]).abs());
        let rise = rises.fold(0.0, f64::max);
        x += width + GAP + (GAP_PER_RISE * rise).min(STEEP_GAP);
    }
    columns
}

fn routes(items: &[Item], layered: &Layered, heights: &[f64], columns: &[[f64; 2]]) -> Vec<Route> {
    let mut routes = Vec::new();
    for (to, item) in items.iter().enumerate() {
        // Edges arrive in the order of the heights from which they come.
        let mut arriving = item
            .operands
            .iter()
            .map(|&from| {
                let passed = layered.vertices[to].layer - layered.vertices[from].layer - 1;
                (from, &layered.dummies[from][..passed])
            })
            .collect::<Vec<_>>();
        arriving.sort_by(|a, b| {
            let height =
                |(from, passed): &(usize, &[usize])| heights[*passed.last().unwrap_or(from)];
            height(a).total_cmp(&height(b))
        });
        let middle = (arriving.len() as f64 - 1.0) / 2.0;
        for (port, (from, passed)) in arriving.into_iter().enumerate() {
            let [_, right] = columns[layered.vertices[from].layer];
            let mut points = vec![[right, heights[from]]];
            for &dummy in passed {
                let [left, right] = columns[layered.vertices[dummy].layer];
                points.extend([[left, heights[dummy]], [right, heights[dummy]]]);
            }
            let [left, _] = columns[layered.vertices[to].layer];
            points.push([left, heights[to] + PORTS * (port as f64 - middle)]);
            routes.push(Route { from, to, points });
        }
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(operands: &[usize]) -> Item {
        Item {
            operands: operands.to_vec(),
            width: 60.0,
            above: 20.0,
            below: 30.0,
        }
    }

    fn items(operands: &[&[usize]]) -> Vec<Item> {
        operands.iter().map(|operands| item(operands)).collect()
    }

    /// A ladder of leaves and operations with long edges, shared values and a value used twice by
    /// one operation.
    fn tangle() -> Vec<Item> {
        items(&[
            &[],
            &[],
            &[],
            &[0, 1],
            &[1, 2],
            &[3, 0],
            &[4, 4],
            &[5, 6],
            &[7, 2],
            &[8, 0],
            &[9, 3],
        ])
    }

    #[test]
    fn a_leaf_stands_right_before_its_first_use() {
        let items = items(&[&[], &[], &[0, 1], &[], &[2, 3], &[4, 0]]);
        assert_eq!(layers(&items), [0, 0, 1, 1, 2, 3]);
    }

    #[test]
    fn every_edge_goes_from_left_to_right() {
        let items = tangle();
        let layout = Layout::new(&items);
        let edges = items.iter().map(|item| item.operands.len()).sum::<usize>();
        assert_eq!(layout.routes.len(), edges);
        for route in &layout.routes {
            assert!(route.points.is_sorted_by(|a, b| a[0] <= b[0]), "{route:?}");
            assert_eq!(route.points.len() % 2, 0);
            assert_eq!(route.points[0][0], layout.positions[route.from].right);
            let end = route.points.last().expect("a route has an end");
            assert_eq!(end[0], layout.positions[route.to].x);
        }
    }

    #[test]
    fn no_two_nodes_overlap_and_no_edge_runs_through_a_node() {
        let items = tangle();
        let layout = Layout::new(&items);
        let boxes = items.iter().zip(&layout.positions).map(|(item, position)| {
            let (top, bottom) = (position.y - item.above, position.y + item.below);
            assert!(top >= 0.0 && bottom <= layout.height);
            assert!(position.x >= 0.0 && position.x + item.width <= layout.width);
            ([position.x, position.x + item.width], [top, bottom])
        });
        let boxes = boxes.collect::<Vec<_>>();
        for (i, (x, y)) in boxes.iter().enumerate() {
            for (other_x, other_y) in &boxes[..i] {
                let apart = x[0] >= other_x[1] || other_x[0] >= x[1];
                assert!(apart || y[0] >= other_y[1] || other_y[0] >= y[1]);
            }
            for route in &layout.routes {
                for level in route.points[1..].chunks_exact(2) {
                    let [start, end] = [level[0], level[1]];
                    let apart = start[0] >= x[1] || end[0] <= x[0];
                    assert!(apart || start[1] <= y[0] || start[1] >= y[1]);
                }
            }
        }
    }

    #[test]
    fn a_single_node_has_a_position() {
        let layout = Layout::new(&items(&[&[]]));
        assert_eq!(
            layout.positions,
            [Position {
                x: 0.0,
                y: 20.0,
                right: 60.0
            }]
        );
        assert_eq!((layout.width, layout.height), (60.0, 50.0));
    }

    #[test]
    fn an_empty_graph_has_an_empty_layout() {
        let layout = Layout::new(&[]);
        assert_eq!((layout.width, layout.height), (0.0, 0.0));
    }
}
