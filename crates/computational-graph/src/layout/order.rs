//! The order of the vertices of each layer, from top to bottom.

use super::{Item, Layered};

/// Passes over all layers, from left to right and back in turn.
const SWEEPS: usize = 24;

/// The vertices of every layer, in an order with few crossings.
///
/// Each layer in turn is sorted by the mean place of its vertices' neighbours (the barycentre
/// heuristic); the first order with the fewest crossings is kept. Then neighbours are exchanged for
/// as long as that removes a crossing.
pub(super) fn order(layered: &Layered, items: &[Item]) -> Vec<Vec<usize>> {
    let mut order = first_order(layered, items);
    let mut best = order.clone();
    let mut fewest = crossings(layered, &best);
    for sweep in 0..SWEEPS {
        let rightwards = sweep % 2 == 0;
        for step in 0..order.len() {
            let layer = if rightwards {
                step
            } else {
                order.len() - 1 - step
            };
            sort_layer(layered, &mut order, layer, rightwards);
        }
        let count = crossings(layered, &order);
        if count < fewest {
            fewest = count;
            best.clone_from(&order);
        }
    }
    exchange_neighbours(layered, &mut best, fewest);
    best
}

fn exchange_neighbours(layered: &Layered, order: &mut [Vec<usize>], mut fewest: usize) {
    let mut improved = true;
    while improved {
        improved = false;
        for layer in 0..order.len() {
            for lower in 1..order[layer].len() {
                order[layer].swap(lower - 1, lower);
                let count = crossings(layered, order);
                if count < fewest {
                    fewest = count;
                    improved = true;
                } else {
                    order[layer].swap(lower - 1, lower);
                }
            }
        }
    }
}

/// Depth first from the outputs, so that operands come in the order in which they are written.
fn first_order(layered: &Layered, items: &[Item]) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); layered.layers];
    let mut seen = vec![false; items.len()];
    let is_used = |node: usize| items.iter().any(|item| item.operands.contains(&node));
    for output in (0..items.len()).filter(|&node| !is_used(node)) {
        visit(output, layered, items, &mut seen, &mut order);
    }
    order
}

fn visit(
    node: usize,
    layered: &Layered,
    items: &[Item],
    seen: &mut [bool],
    order: &mut [Vec<usize>],
) {
    if std::mem::replace(&mut seen[node], true) {
        return;
    }
    for &operand in &items[node].operands {
        visit(operand, layered, items, seen, order);
    }
    for &vertex in std::iter::once(&node).chain(&layered.dummies[node]) {
        order[layered.vertices[vertex].layer].push(vertex);
    }
}

/// Sorts one layer by the mean place of each vertex's neighbours on the side where the sweep comes
/// from; a vertex without any keeps its place, and equals keep their order.
fn sort_layer(layered: &Layered, order: &mut [Vec<usize>], layer: usize, rightwards: bool) {
    let place = places(layered, order);
    let barycentre = |vertex: usize| {
        let neighbours: Vec<usize> = if rightwards {
            layered.before(vertex).collect()
        } else {
            layered.after(vertex).collect()
        };
        match neighbours.len() {
            0 => place[vertex],
            count => neighbours.iter().map(|&other| place[other]).sum::<f64>() / count as f64,
        }
    };
    order[layer].sort_by(|&a, &b| barycentre(a).total_cmp(&barycentre(b)));
}

/// Each vertex's place in its layer, from 0 at the top to 1 at the bottom.
fn places(layered: &Layered, order: &[Vec<usize>]) -> Vec<f64> {
    let mut places = vec![0.0; layered.vertices.len()];
    for layer in order {
        for (i, &vertex) in layer.iter().enumerate() {
            places[vertex] = (i as f64 + 0.5) / layer.len() as f64;
        }
    }
    places
}

/// Pairs of links between the same two layers that cross.
fn crossings(layered: &Layered, order: &[Vec<usize>]) -> usize {
    let place = places(layered, order);
    let cross = |&[a, b]: &[usize; 2], &[c, d]: &[usize; 2]| {
        layered.vertices[a].layer == layered.vertices[c].layer
            && (place[a] - place[c]) * (place[b] - place[d]) < 0.0
    };
    let links = &layered.links;
    (0..links.len())
        .map(|i| {
            links[..i]
                .iter()
                .filter(|link| cross(link, &links[i]))
                .count()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(operands: &[&[usize]]) -> (Layered, Vec<Item>) {
        let items = operands
            .iter()
            .map(|operands| Item {
                operands: operands.to_vec(),
                width: 1.0,
                above: 1.0,
                below: 1.0,
            })
            .collect::<Vec<_>>();
        (Layered::new(&items), items)
    }

    #[test]
    fn crossings_are_counted_and_removed() {
        // Two chains written crosswise: 0 -> 3, 1 -> 2, and an end that takes 2 and 3.
        let (layered, items) = layered(&[&[], &[], &[1], &[0], &[2, 3]]);
        let crossed = vec![vec![0, 1], vec![2, 3], vec![4]];
        assert_eq!(crossings(&layered, &crossed), 1);
        assert_eq!(crossings(&layered, &order(&layered, &items)), 0);
    }

    #[test]
    fn operands_stand_in_the_order_in_which_they_are_written() {
        let (layered, items) = layered(&[&[], &[], &[0, 1], &[], &[2, 3]]);
        assert_eq!(order(&layered, &items), [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn every_vertex_is_in_its_layer_once() {
        let (layered, items) = layered(&[&[], &[], &[0, 1], &[2, 0], &[3, 0], &[1], &[4, 2]]);
        let order = order(&layered, &items);
        let mut all = order.concat();
        for (layer, vertices) in order.iter().enumerate() {
            assert!(vertices.iter().all(|&v| layered.vertices[v].layer == layer));
        }
        all.sort_unstable();
        assert_eq!(all, (0..layered.vertices.len()).collect::<Vec<_>>());
    }
}
