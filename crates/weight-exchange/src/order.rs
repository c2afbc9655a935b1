//! Layout and order of a file's layers.

use std::collections::BTreeMap;

use crate::array::Array;
use crate::error::ExchangeError;
use crate::layout::Layout;
use crate::stack::list_shapes;

/// Limit to the search for an order: names without numbers have very many.
const MAX_STEPS: usize = 100_000;

/// A layer in a file.
#[derive(Debug)]
pub(crate) struct RawLayer {
    pub(crate) name: String,
    /// The weight's shape in the file.
    pub(crate) shape: [usize; 2],
    pub(crate) weight: Array,
    pub(crate) bias: Option<Array>,
}

impl RawLayer {
    /// `[d_in, d_out]` under a layout, if the bias has as many elements as there are outputs.
    fn sizes(&self, layout: Layout) -> Option<[usize; 2]> {
        let sizes = layout.sizes(self.shape);
        let fits = |bias: &Array| bias.values.len() == sizes[1];
        self.bias.as_ref().is_none_or(fits).then_some(sizes)
    }
}

/// Layout and order of the layers: the only ones in which each layer's outputs are the next one's
/// inputs. A layout that is requested, or stated by the file, must fit; so must an order that is known,
/// by the names of the layers.
pub(crate) fn decide(
    asked: Option<Layout>,
    metadata: &BTreeMap<String, String>,
    layers: Vec<RawLayer>,
    known_order: Option<&[String]>,
) -> Result<(Layout, Vec<RawLayer>), ExchangeError> {
    let known = asked.or_else(|| stated_layout(metadata, &layers));
    let groups = known_order
        .and_then(|names| in_order(&layers, names))
        .unwrap_or_else(|| groups(&layers));
    let shapes = || {
        let in_order = groups.iter().flatten().map(|&index| &layers[index]);
        list_shapes(in_order.map(|layer| (&layer.name[..], layer.shape)))
    };
    let tried: Vec<Layout> = Layout::ALL
        .into_iter()
        .filter(|&layout| known.is_none_or(|known| known == layout))
        .collect();
    let mut fitting = tried.iter().filter_map(|&layout| {
        let orders = orders(layout, &layers, &groups);
        (!orders.is_empty()).then_some((layout, orders))
    });
    let (layout, orders) = match (fitting.next(), fitting.next()) {
        (None, _) => {
            let tried: Vec<String> = tried.iter().map(Layout::to_string).collect();
            return Err(ExchangeError::DoesNotChain {
                tried: format!("as {}", tried.join(" or ")),
                shapes: shapes(),
            });
        }
        (Some(_), Some(_)) => return Err(ExchangeError::AmbiguousLayout { shapes: shapes() }),
        (Some(only), None) => only,
    };
    match &orders[..] {
        [order] => {
            let mut layers: Vec<Option<RawLayer>> = layers.into_iter().map(Some).collect();
            let ordered = order.iter().filter_map(|&index| layers[index].take());
            Ok((layout, ordered.collect()))
        }
        _ => Err(ExchangeError::AmbiguousOrder {
            shapes: shapes(),
            first: layers[0].name.clone(),
        }),
    }
}

/// The layout that a file's metadata state or its layers' names imply.
fn stated_layout(metadata: &BTreeMap<String, String>, layers: &[RawLayer]) -> Option<Layout> {
    let says = |key, value| metadata.get(key).is_some_and(|said: &String| said == value);
    let numbered = |layer: &RawLayer| layer.name.starts_with(|c: char| c.is_ascii_digit());
    let stated = Layout::ALL
        .into_iter()
        .find(|layout| says("layout", layout.metadata()));
    // PyTorch's users write "pt" there. A name that begins with a number comes from
    // torch.nn.Sequential: the fields of a module in Rust have names.
    let of_torch = says("format", "pt") || layers.iter().all(numbered);
    stated.or(of_torch.then_some(Layout::Pytorch))
}

/// Indices of layers in the order of their names, as one group, if these are all their names.
fn in_order(layers: &[RawLayer], names: &[String]) -> Option<Vec<Vec<usize>>> {
    let place = |name: &String| layers.iter().position(|layer| layer.name == *name);
    let order: Vec<usize> = names.iter().map(place).collect::<Option<_>>()?;
    (order.len() == layers.len()).then(|| vec![order])
}

/// Indices of layers, in groups whose names differ only in their numbers, in the order of these
/// numbers: `fc1`, `fc2`, `fc10`.
fn groups(layers: &[RawLayer]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<(Vec<u64>, usize)>> = BTreeMap::new();
    for (index, layer) in layers.iter().enumerate() {
        let (kind, numbers) = parts(&layer.name);
        groups.entry(kind).or_default().push((numbers, index));
    }
    let sorted = groups.into_values().map(|mut group| {
        group.sort();
        group.into_iter().map(|(_, index)| index).collect()
    });
    sorted.collect()
}

/// The parent of a child that has a number for a name, as in PyTorch's `Sequential`, and the number:
/// `net.3` is the child 3 of `net`.
pub(crate) fn number_of_child(name: &str) -> Option<(&str, u64)> {
    let (parent, child) = name.rsplit_once('.').unwrap_or(("", name));
    let is_number = child.bytes().all(|byte| byte.is_ascii_digit());
    let number = child.parse().ok().filter(|_| is_number)?;
    Some((parent, number))
}

/// A name with `#` in place of every number, and the numbers.
pub(crate) fn parts(name: &str) -> (String, Vec<u64>) {
    let (mut kind, mut numbers) = (String::new(), Vec::new());
    let mut rest = name;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (text, digits) = rest.split_at(start);
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
        kind.push_str(text);
        kind.push('#');
        // No net has that many layers.
        numbers.push(digits.parse().unwrap_or(u64::MAX));
        rest = after;
    }
    kind.push_str(rest);
    (kind, numbers)
}

/// Orders in which each layer's outputs are the next one's inputs and every group keeps its own
/// order. Two empty ones stand for a search that was given up.
fn orders(layout: Layout, layers: &[RawLayer], groups: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let sizes: Option<Vec<[usize; 2]>> = layers.iter().map(|layer| layer.sizes(layout)).collect();
    let Some(sizes) = sizes else {
        return vec![];
    };
    let mut search = Search {
        sizes: &sizes,
        groups,
        taken: vec![0; groups.len()],
        order: Vec::with_capacity(sizes.len()),
        steps: 0,
        found: vec![],
    };
    search.extend();
    if search.steps > MAX_STEPS {
        vec![vec![], vec![]]
    } else {
        search.found
    }
}

/// A search for orders, one layer at a time.
struct Search<'a> {
    sizes: &'a [[usize; 2]],
    groups: &'a [Vec<usize>],
    /// How many of each group are in the order.
    taken: Vec<usize>,
    order: Vec<usize>,
    steps: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn extend(&mut self) {
        if self.order.len() == self.sizes.len() {
            self.found.push(self.order.clone());
            return;
        }
        for kind in 0..self.groups.len() {
            let Some(&next) = self.groups[kind].get(self.taken[kind]) else {
                continue;
            };
            let last = self.order.last();
            let follows = last.is_none_or(|&last| self.sizes[last][1] == self.sizes[next][0]);
            if follows && self.found.len() < 2 && self.steps <= MAX_STEPS {
                self.steps += 1;
                self.taken[kind] += 1;
                self.order.push(next);
                self.extend();
                self.order.pop();
                self.taken[kind] -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(shapes: &[(&str, [usize; 2], usize)]) -> Vec<RawLayer> {
        let zeros = |shape: Vec<usize>| Array {
            values: vec![0.0; shape.iter().product()],
            shape,
        };
        let layer = |&(name, shape, bias): &(&str, [usize; 2], usize)| RawLayer {
            name: name.to_owned(),
            shape,
            weight: zeros(shape.to_vec()),
            bias: (bias > 0).then(|| zeros(vec![bias])),
        };
        shapes.iter().map(layer).collect()
    }

    fn decided(
        asked: Option<Layout>,
        metadata: &[(&str, &str)],
        shapes: &[(&str, [usize; 2], usize)],
    ) -> Result<(Layout, Vec<String>), ExchangeError> {
        let metadata = metadata
            .iter()
            .map(|&(key, value)| (key.into(), value.into()));
        let (layout, layers) = decide(asked, &metadata.collect(), layers(shapes), None)?;
        Ok((layout, layers.into_iter().map(|layer| layer.name).collect()))
    }

    #[test]
    fn the_layout_in_which_layers_fit_is_taken() {
        let shapes = [("fc2", [3, 5], 3), ("fc10", [2, 3], 2), ("fc1", [5, 4], 5)];
        let (layout, names) = decided(None, &[], &shapes).unwrap();
        assert_eq!(
            (layout, names.join(" ")),
            (Layout::Pytorch, "fc1 fc2 fc10".into())
        );
        let shapes = [("a", [4, 5], 5), ("b", [5, 2], 2)];
        assert_eq!(decided(None, &[], &shapes).unwrap().0, Layout::Burn);
        // The bias decides where a single layer does not.
        assert_eq!(
            decided(None, &[], &[("a", [4, 5], 4)]).unwrap().0,
            Layout::Pytorch
        );
    }

    #[test]
    fn square_layers_are_refused_unless_the_layout_is_stated() {
        let square = [("fc1", [4, 4], 4), ("fc2", [4, 4], 4)];
        let refused = decided(None, &[], &square).unwrap_err().to_string();
        assert!(refused.contains("--layout burn"), "{refused}");
        for layout in Layout::ALL {
            assert_eq!(decided(Some(layout), &[], &square).unwrap().0, layout);
            let stated = [("layout", layout.metadata())];
            assert_eq!(decided(None, &stated, &square).unwrap().0, layout);
        }
        let stated = decided(None, &[("format", "pt")], &square).unwrap();
        assert_eq!(stated.0, Layout::Pytorch);
        let sequential = [("0", [4, 4], 4), ("2", [4, 4], 4)];
        assert_eq!(decided(None, &[], &sequential).unwrap().0, Layout::Pytorch);
    }

    #[test]
    fn what_is_asked_for_must_fit() {
        let shapes = [("fc1", [5, 4], 5), ("fc2", [3, 5], 3)];
        let refused = decided(Some(Layout::Burn), &[], &shapes).unwrap_err();
        assert!(
            matches!(refused, ExchangeError::DoesNotChain { .. }),
            "{refused}"
        );
    }

    #[test]
    fn an_order_is_taken_only_if_there_is_one() {
        let clear = [("output", [5, 2], 2), ("hidden", [4, 5], 5)];
        let (_, names) = decided(None, &[], &clear).unwrap();
        assert_eq!(names, ["hidden", "output"]);
        let unclear = [("one", [4, 4], 4), ("two", [4, 4], 4), ("three", [4, 4], 4)];
        let refused = decided(Some(Layout::Burn), &[], &unclear).unwrap_err();
        assert!(
            matches!(refused, ExchangeError::AmbiguousOrder { .. }),
            "{refused}"
        );
    }

    #[test]
    fn many_names_without_numbers_do_not_take_forever() {
        let names: Vec<String> = ('a'..='z').map(String::from).collect();
        let mut shapes: Vec<_> = names.iter().map(|name| (&name[..], [4, 4], 4)).collect();
        // It fits nowhere, which shows only when all the others are in their places.
        shapes.push(("last", [3, 3], 3));
        let refused = decided(Some(Layout::Burn), &[], &shapes).unwrap_err();
        assert!(
            matches!(refused, ExchangeError::AmbiguousOrder { .. }),
            "{refused}"
        );
    }
}
