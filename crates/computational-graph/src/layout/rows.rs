//! A drawing in rows, for a page that is narrower than it.
//!
//! The drawing is cut in gaps between layers. A value that is used in another row leaves its own row with its name, and
//! comes with its name into each row that uses it.

use super::heights::at_distances;
use super::{Item, Layout, Position};

/// Length of the lines with which a value leaves a row or comes into it.
const STUB: f64 = 8.0;
/// Space between such a line and the name.
const BESIDE: f64 = 5.0;
/// Space between such a line on the left side and the row's first layer.
const BEFORE: f64 = 18.0;
/// Space that a name needs above and below its middle.
const NAME: f64 = 8.0;
/// Space between rows.
const BETWEEN: f64 = 34.0;

/// A drawing in one or more rows.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) positions: Vec<Position>,
    /// Parts of the edges; as those of [`Route`](super::Route).
    pub(crate) lines: Vec<Vec<[f64; 2]>>,
    /// Values that leave a row: the node, and where its name begins.
    pub(crate) leaving: Vec<(usize, [f64; 2])>,
    /// Values that come into a row: the node, and where its name ends.
    pub(crate) entering: Vec<(usize, [f64; 2])>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Layers in a row: the first, and the one after the last.
type Span = [usize; 2];

impl Layout {
    /// The drawing in as few rows as possible that are no wider than `most`; a layer that is wider makes a wider
    /// row. `names` are the widths of the nodes' names.
    pub(crate) fn in_rows(&self, items: &[Item], names: &[f64], most: f64) -> Rows {
        let spans = self.spans(names, most);
        let mut rows = Rows {
            positions: self.positions.clone(),
            lines: vec![],
            leaving: vec![],
            entering: vec![],
            width: 0.0,
            height: 0.0,
        };
        let mut top = 0.0;
        for &span in &spans {
            let row = Row::new(self, names, span);
            let [above, below] = row.extent(items);
            let by = top - above;
            let moved = |[x, y]: [f64; 2]| [x + row.shift, y + by];
            for node in row.nodes() {
                let Position { x, y, right } = self.positions[node];
                let [x, y] = moved([x, y]);
                rows.positions[node] = Position {
                    x,
                    y,
                    right: right + row.shift,
                };
            }
            let lines = row.lines.iter().flatten();
            let lines = lines.map(|line| line.iter().copied().map(moved).collect());
            rows.lines.extend(lines);
            let named = |&(node, at): &(usize, [f64; 2])| (node, moved(at));
            rows.leaving.extend(row.leaving.iter().map(named));
            rows.entering.extend(row.entering.iter().map(named));
            rows.width = rows.width.max(row.width);
            rows.height = top + below - above;
            top = rows.height + BETWEEN;
        }
        rows
    }

    /// The layers of each row. Of all ways with as few rows the one whose widest row is narrowest.
    fn spans(&self, names: &[f64], most: f64) -> Vec<Span> {
        let mut best = self.fill(names, most);
        let widest = |spans: &[Span]| {
            let widths = spans.iter().map(|&span| self.row_width(names, span));
            widths.fold(0.0, f64::max)
        };
        loop {
            // A little less than the widest row has now.
            let narrower = self.fill(names, widest(&best) - 0.1);
            if narrower.len() > best.len() || widest(&narrower) >= widest(&best) {
                return best;
            }
            best = narrower;
        }
    }

    /// As many layers in each row as have space.
    fn fill(&self, names: &[f64], most: f64) -> Vec<Span> {
        let layers = self.columns.len();
        let mut spans = vec![];
        let mut first = 0;
        while first < layers {
            let fits = |end: &usize| self.row_width(names, [first, *end]) <= most;
            let end = (first + 1..=layers).rev().find(fits).unwrap_or(first + 1);
            spans.push([first, end]);
            first = end;
        }
        spans
    }

    fn row_width(&self, names: &[f64], span: Span) -> f64 {
        Row::widths(self, names, span).iter().sum()
    }
}

/// Some layers of a drawing, in the coordinates of the whole.
struct Row<'a> {
    layout: &'a Layout,
    span: Span,
    /// What is added to horizontal coordinates, so that the row begins at 0.
    shift: f64,
    width: f64,
    /// Parts of the edges within the row, from its left side, and to its right side.
    lines: [Vec<Vec<[f64; 2]>>; 3],
    leaving: Vec<(usize, [f64; 2])>,
    entering: Vec<(usize, [f64; 2])>,
}

impl<'a> Row<'a> {
    /// Widths of the left side with the names of the values that come in, of the layers, and of the right side.
    fn widths(layout: &Layout, names: &[f64], [first, end]: Span) -> [f64; 3] {
        let is_in = |node: usize| (first..end).contains(&layout.layers[node]);
        let side = |from_is_in: bool| {
            let cut = layout
                .routes
                .iter()
                .filter(|route| is_in(route.from) == from_is_in && is_in(route.to) != from_is_in);
            cut.map(|route| names[route.from] + BESIDE + STUB)
                .fold(0.0, f64::max)
        };
        let into = side(false);
        let into = if into > 0.0 { into + BEFORE } else { 0.0 };
        let layers = layout.columns[end - 1][1] - layout.columns[first][0];
        [into, layers, side(true)]
    }

    fn new(layout: &'a Layout, names: &[f64], span: Span) -> Self {
        let [into, layers, out] = Self::widths(layout, names, span);
        let left = layout.columns[span[0]][0];
        let mut row = Self {
            layout,
            span,
            shift: into - left,
            width: into + layers + out,
            lines: [vec![], vec![], vec![]],
            leaving: vec![],
            entering: vec![],
        };
        row.add_lines(left - BEFORE);
        row
    }

    fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        let layers = self.layout.layers.iter().enumerate();
        layers.filter_map(|(node, &layer)| self.has(layer).then_some(node))
    }

    fn has(&self, layer: usize) -> bool {
        (self.span[0]..self.span[1]).contains(&layer)
    }

    /// Cuts the edges; those that come in begin at `left`.
    fn add_lines(&mut self, left: f64) {
        let layout = self.layout;
        let [first, end] = self.span;
        let right = layout.columns[end - 1][1];
        // The node, and the rest of its route in this row.
        let mut coming = Vec::<(usize, &[[f64; 2]])>::new();
        for route in &layout.routes {
            let [from, to] = [route.from, route.to].map(|node| layout.layers[node]);
            // Two points for every layer that is passed.
            let points = &route.points[..];
            match [self.has(from), self.has(to)] {
                [true, true] => self.lines[0].push(points.to_vec()),
                [true, false] => {
                    let mut line = points[..1 + 2 * (end - 1 - from)].to_vec();
                    let y = line[line.len() - 1][1];
                    line.push([right + STUB, y]);
                    let name = (route.from, [right + STUB + BESIDE, y]);
                    // Several uses are one line.
                    if !self.leaving.contains(&name) {
                        self.leaving.push(name);
                        self.lines[2].push(line);
                    }
                }
                [false, true] => coming.push((route.from, &points[1 + 2 * (first - 1 - from)..])),
                [false, false] => {}
            }
        }
        coming.sort_by(|(_, a), (_, b)| a[0][1].total_cmp(&b[0][1]));
        // A value that has several uses comes in once, at the height of the first.
        let mut values = Vec::<(usize, f64)>::new();
        for &(node, points) in &coming {
            if values.iter().all(|value| value.0 != node) {
                values.push((node, points[0][1]));
            }
        }
        let wishes = values.iter().map(|value| value.1).collect::<Vec<_>>();
        let distances = vec![2.0 * NAME; values.len().saturating_sub(1)];
        let heights = at_distances(&wishes, &vec![1.0; values.len()], &distances);
        for ((node, _), y) in values.into_iter().zip(heights) {
            self.entering.push((node, [left - STUB - BESIDE, y]));
            for (_, rest) in coming.iter().filter(|(from, _)| *from == node) {
                self.lines[1].push([&[[left - STUB, y]], *rest].concat());
            }
        }
    }

    /// The heights of the top and of the bottom.
    fn extent(&self, items: &[Item]) -> [f64; 2] {
        let mut extent = [f64::INFINITY, f64::NEG_INFINITY];
        let mut reach = |above: f64, y: f64, below: f64| {
            extent = [extent[0].min(y - above), extent[1].max(y + below)];
        };
        for node in self.nodes() {
            let y = self.layout.positions[node].y;
            reach(items[node].above, y, items[node].below);
        }
        for &(_, [_, y]) in self.leaving.iter().chain(&self.entering) {
            reach(NAME, y, NAME);
        }
        for [_, y] in self.lines.iter().flatten().flatten() {
            reach(super::DUMMY, *y, super::DUMMY);
        }
        extent
    }
}
