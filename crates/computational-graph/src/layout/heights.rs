//! The height of every vertex, so that edges are as level as possible.

use super::{Layered, Vertex, VertexKind};

/// Passes over all layers, from left to right and back in turn.
const SWEEPS: usize = 60;
/// Free space between a vertex and the next one of its layer.
const BETWEEN: f64 = 16.0;

/// The height of every vertex's anchor; the topmost vertex touches 0.
///
/// Each layer in turn is moved as near as possible to the mean height of its vertices' neighbours.
pub(super) fn heights(layered: &Layered, order: &[Vec<usize>]) -> Vec<f64> {
    let mut heights = vec![0.0; layered.vertices.len()];
    for layer in order {
        place(layered, layer, &mut heights, |_, _| 0.0);
    }
    for sweep in 0..SWEEPS {
        for step in 0..order.len() {
            let layer = if sweep % 2 == 0 {
                step
            } else {
                order.len() - 1 - step
            };
            place(layered, &order[layer], &mut heights, |vertex, heights| {
                mean_of_neighbours(layered, vertex, heights)
            });
        }
    }
    let top = |&vertex: &usize| heights[vertex] - layered.vertices[vertex].above;
    let top = order
        .iter()
        .flatten()
        .map(top)
        .fold(f64::INFINITY, f64::min);
    heights.iter_mut().for_each(|height| *height -= top);
    heights
}

fn place(
    layered: &Layered,
    layer: &[usize],
    heights: &mut [f64],
    wish: impl Fn(usize, &[f64]) -> f64,
) {
    let vertex = |i: usize| &layered.vertices[layer[i]];
    let wishes = layer
        .iter()
        .map(|&vertex| wish(vertex, heights))
        .collect::<Vec<_>>();
    let weights = (0..layer.len())
        .map(|i| firmness(vertex(i)))
        .collect::<Vec<_>>();
    let distances = (1..layer.len())
        .map(|i| vertex(i - 1).below + BETWEEN + vertex(i).above)
        .collect::<Vec<_>>();
    let placed = at_distances(&wishes, &weights, &distances);
    for (&vertex, height) in layer.iter().zip(placed) {
        heights[vertex] = height;
    }
}

/// How much a vertex keeps its height: a leaf gives way to its neighbours.
fn firmness(vertex: &Vertex) -> f64 {
    match vertex.kind {
        VertexKind::Leaf => 0.001,
        VertexKind::Operation => 4.0,
        VertexKind::Dummy => 1.0,
    }
}

/// Weighted so that the chain of operations decides and leaves follow it.
fn mean_of_neighbours(layered: &Layered, vertex: usize, heights: &[f64]) -> f64 {
    let weighted = layered
        .neighbours(vertex)
        .map(|other| (firmness(&layered.vertices[other]), heights[other]));
    let (weight, sum) = weighted.fold((0.0, 0.0), |(weight, sum), (w, height)| {
        (weight + w, sum + w * height)
    });
    if weight > 0.0 {
        sum / weight
    } else {
        heights[vertex]
    }
}

/// The heights `h` nearest to the wishes, by weighted squares, with `h[i + 1] - h[i]` at least
/// `distances[i]`: with the distances taken off, a non-decreasing regression, which pooling
/// adjacent violators solves exactly.
pub(super) fn at_distances(wishes: &[f64], weights: &[f64], distances: &[f64]) -> Vec<f64> {
    let mut offsets = vec![0.0];
    offsets.extend(distances.iter().scan(0.0, |sum, distance| {
        *sum += distance;
        Some(*sum)
    }));
    // Blocks of equal height after the offsets: mean, weight, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((wish, &weight), offset) in wishes.iter().zip(weights).zip(&offsets) {
        let mut block = (wish - offset, weight, 1);
        while let Some(last) = blocks.pop_if(|last| last.0 > block.0) {
            let weight = last.1 + block.1;
            let mean = (last.0 * last.1 + block.0 * block.1) / weight;
            block = (mean, weight, last.2 + block.2);
        }
        blocks.push(block);
    }
    let means = blocks
        .into_iter()
        .flat_map(|(mean, _, length)| std::iter::repeat_n(mean, length));
    means
        .zip(offsets)
        .map(|(mean, offset)| mean + offset)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_that_keep_their_distance_are_granted() {
        assert_eq!(
            at_distances(&[0.0, 10.0, 30.0], &[1.0; 3], &[5.0, 20.0]),
            [0.0, 10.0, 30.0]
        );
    }

    #[test]
    fn the_firmer_vertex_moves_less() {
        assert_eq!(at_distances(&[0.0, 0.0], &[1.0, 1.0], &[10.0]), [-5.0, 5.0]);
        assert_eq!(at_distances(&[0.0, 0.0], &[4.0, 1.0], &[10.0]), [-2.0, 8.0]);
        assert_eq!(
            at_distances(&[0.0, 0.0, 9.0], &[1.0; 3], &[2.0, 2.0]),
            [-1.0, 1.0, 9.0]
        );
    }
}
