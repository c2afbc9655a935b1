//! A rule written out for one element: a sum of products of numbers that one can point to.

use computational_graph::{Kind, Operation};
use layers::Activation;
use manual_backprop::softmax;

use crate::graph::math;
use crate::graph::replay::Replayed;
use crate::numbers::elements;

/// Where a factor comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    /// The value of a node, from the forward pass.
    Value(usize),
    /// The gradient of a node, which came back to it.
    Gradient(usize),
    /// The slope of an activation at the value of a node.
    Slope(usize),
    /// A factor of the rule.
    Rule(&'static str),
}

/// A number with its symbol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Factor {
    pub(crate) symbol: String,
    pub(crate) value: f64,
    pub(crate) origin: Origin,
}

/// A sum of products.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expansion {
    pub(crate) terms: Vec<Vec<Factor>>,
}

/// Terms that are written out; the rest is a count.
const WRITTEN_OUT: usize = 8;

impl Expansion {
    /// The sum.
    pub(crate) fn value(&self) -> f64 {
        let product = |term: &Vec<Factor>| term.iter().map(|factor| factor.value).product::<f64>();
        self.terms.iter().map(product).sum()
    }

    /// The terms of the sum in symbols.
    pub(crate) fn symbols(&self) -> Vec<String> {
        self.written(|factor, _| factor.symbol.clone())
    }

    /// The terms of the sum in numbers.
    pub(crate) fn numbers(&self) -> Vec<String> {
        self.written(|factor, first| math::number(factor.value, !first))
    }

    fn written(&self, factor: impl Fn(&Factor, bool) -> String) -> Vec<String> {
        let times = math::operator("·");
        let terms = self
            .terms
            .iter()
            .take(WRITTEN_OUT)
            .enumerate()
            .map(|(t, term)| {
                let factors = term
                    .iter()
                    .enumerate()
                    .map(|(f, of_term)| factor(of_term, t + f == 0));
                factors.collect::<Vec<_>>().join(&times)
            });
        let mut terms = terms.collect::<Vec<_>>();
        if let Some(more) = self
            .terms
            .len()
            .checked_sub(WRITTEN_OUT)
            .filter(|&more| more > 0)
        {
            terms.push(format!("<mtext>{more} more</mtext>"));
        }
        terms
    }

    /// The different factors that are written out.
    pub(crate) fn factors(&self) -> Vec<&Factor> {
        let mut factors: Vec<&Factor> = Vec::new();
        for factor in self.terms.iter().take(WRITTEN_OUT).flatten() {
            if factors.iter().all(|other| other.symbol != factor.symbol) {
                factors.push(factor);
            }
        }
        factors
    }
}

/// The values and gradients of a graph on the host.
pub(crate) struct Numbers<'a> {
    pub(crate) replayed: &'a Replayed,
    values: Vec<Vec<f64>>,
    gradients: Vec<Vec<f64>>,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(replayed: &'a Replayed) -> Self {
        let nodes = replayed.graph.nodes().iter();
        let read = |tensor: Option<_>| tensor.map(elements).unwrap_or_default();
        Self {
            replayed,
            values: nodes.clone().map(|node| read(node.value())).collect(),
            gradients: nodes.map(|node| read(node.gradient())).collect(),
        }
    }

    pub(crate) fn name(&self, node: usize) -> &str {
        self.replayed.graph.nodes()[node].name()
    }

    pub(crate) fn shape(&self, node: usize) -> [usize; 2] {
        self.replayed.graph.nodes()[node].shape()
    }

    pub(crate) fn value(&self, node: usize, [row, column]: [usize; 2]) -> f64 {
        self.values[node][row * self.shape(node)[1] + column]
    }

    /// An element of a node's value.
    fn value_factor(&self, node: usize, element: [usize; 2]) -> Factor {
        Factor {
            symbol: math::element(&math::name(self.name(node)), self.shape(node), element),
            value: self.value(node, element),
            origin: Origin::Value(node),
        }
    }

    /// An element of a node's gradient.
    fn gradient_factor(&self, node: usize, [row, column]: [usize; 2]) -> Factor {
        let shape = self.shape(node);
        Factor {
            symbol: math::element(&math::gradient(self.name(node)), shape, [row, column]),
            value: self.gradients[node][row * shape[1] + column],
            origin: Origin::Gradient(node),
        }
    }

    /// The value of an element of an operation as a sum of products; `None` if it is not one.
    pub(crate) fn of_value(&self, node: usize, [i, j]: [usize; 2]) -> Option<Expansion> {
        let (operation, operands) = self.operation(node)?;
        let x = operands[0];
        let y = operands[operands.len() - 1];
        let of = |node, element| self.value_factor(node, element);
        let terms = match operation {
            Operation::MatMul => {
                let length = self.shape(x)[1];
                (0..length)
                    .map(|k| vec![of(x, [i, k]), of(y, [k, j])])
                    .collect()
            }
            Operation::AddBias => vec![vec![of(x, [i, j])], vec![of(y, [0, j])]],
            Operation::AddBiasToColumns => vec![vec![of(x, [i, j])], vec![of(y, [i, 0])]],
            Operation::Add => vec![vec![of(x, [i, j])], vec![of(y, [i, j])]],
            Operation::Subtract => vec![vec![of(x, [i, j])], vec![minus(), of(y, [i, j])]],
            Operation::Multiply => vec![vec![of(x, [i, j]), of(y, [i, j])]],
            Operation::Scale(c) => vec![vec![constant(c, "the factor of the node"), of(x, [i, j])]],
            Operation::Power(n) => vec![vec![of(x, [i, j]); n as usize]],
            Operation::Sum => {
                let all = elements_of(self.shape(x));
                all.map(|element| vec![of(x, element)]).collect()
            }
            Operation::Activation(_)
            | Operation::Softmax
            | Operation::CrossEntropy(_)
            | Operation::SoftmaxCrossEntropy(_)
            | Operation::HalfSquaredError(_) => return None,
        };
        Some(Expansion { terms })
    }

    /// What an operation passes back to an element of its operand number `place`, as a sum of products.
    ///
    /// `None` for a leaf, and for an operation that has no gradient.
    pub(crate) fn passed_back(
        &self,
        node: usize,
        place: usize,
        [i, j]: [usize; 2],
    ) -> Option<Expansion> {
        let (operation, operands) = self.operation(node)?;
        if self.gradients[node].is_empty() {
            return None;
        }
        let x = operands[0];
        let y = operands[operands.len() - 1];
        let of = |node, element| self.value_factor(node, element);
        let grad = |element| self.gradient_factor(node, element);
        let [rows, columns] = self.shape(node);
        let terms = match (operation, place) {
            (Operation::MatMul, 0) => (0..columns)
                .map(|k| vec![grad([i, k]), of(y, [j, k])])
                .collect(),
            (Operation::MatMul, _) => (0..rows)
                .map(|k| vec![of(x, [k, i]), grad([k, j])])
                .collect(),
            (Operation::AddBias, 1) => (0..rows).map(|k| vec![grad([k, j])]).collect(),
            (Operation::AddBiasToColumns, 1) => (0..columns).map(|k| vec![grad([i, k])]).collect(),
            (Operation::AddBias | Operation::AddBiasToColumns | Operation::Add, _)
            | (Operation::Subtract, 0) => vec![vec![grad([i, j])]],
            (Operation::Subtract, _) => vec![vec![minus(), grad([i, j])]],
            (Operation::Multiply, 0) => vec![vec![of(y, [i, j]), grad([i, j])]],
            (Operation::Multiply, _) => vec![vec![of(x, [i, j]), grad([i, j])]],
            (Operation::Scale(c), _) => {
                vec![vec![constant(c, "the factor of the node"), grad([i, j])]]
            }
            (Operation::Power(0), _) => {
                vec![vec![constant(0.0, "the slope of a constant"), grad([i, j])]]
            }
            (Operation::Power(n), _) => {
                let mut term = vec![constant(f64::from(n), "the exponent")];
                term.extend(vec![of(x, [i, j]); n as usize - 1]);
                term.push(grad([i, j]));
                vec![term]
            }
            (Operation::Sum, _) => vec![vec![grad([0, 0])]],
            (Operation::Activation(f), _) => {
                vec![vec![self.slope(f, x, node, [i, j]), grad([i, j])]]
            }
            (Operation::Softmax, _) => self.softmax_terms(node, [i, j]),
            (Operation::HalfSquaredError(reduction), _) => {
                let c = reduction.factor(self.shape(x)[0]);
                let difference =
                    self.difference(of(x, [i, j]), of(y, [i, j]), "the error of the output");
                vec![scaled(c, vec![difference, grad([0, 0])])]
            }
            (Operation::SoftmaxCrossEntropy(reduction), _) => {
                let c = reduction.factor(self.shape(x)[0]);
                let p = self.probability(x, [i, j]);
                let difference =
                    self.difference(p, of(y, [i, j]), "yp − y: probability minus target");
                vec![scaled(c, vec![difference, grad([0, 0])])]
            }
            (Operation::CrossEntropy(reduction), _) => {
                let c = reduction.factor(self.shape(x)[0]);
                let probability = of(x, [i, j]);
                let inverse = Factor {
                    symbol: math::fraction("<mn>1</mn>", &probability.symbol),
                    value: 1.0 / probability.value,
                    origin: probability.origin,
                };
                vec![scaled(-c, vec![of(y, [i, j]), inverse, grad([0, 0])])]
            }
        };
        Some(Expansion { terms })
    }

    pub(crate) fn operation(&self, node: usize) -> Option<(Operation, &[usize])> {
        let node = &self.replayed.graph.nodes()[node];
        match node.kind() {
            Kind::Operation(operation) => Some((operation, node.operands())),
            Kind::Input | Kind::Parameter => None,
        }
    }

    /// The slope of an activation at an element of `a`, whose activation is `z`.
    fn slope(&self, f: Activation, a: usize, z: usize, element: [usize; 2]) -> Factor {
        let (at, activated) = (self.value(a, element), self.value(z, element));
        let value = match f {
            Activation::Sigmoid => activated * (1.0 - activated),
            Activation::Tanh => 1.0 - activated * activated,
            Activation::Relu => f64::from(u8::from(at > 0.0)),
            Activation::Elu => at.min(0.0).exp(),
        };
        let argument = math::element(&math::name(self.name(a)), self.shape(a), element);
        let symbol = match f {
            Activation::Sigmoid => "σ′",
            Activation::Tanh => "tanh′",
            Activation::Relu => "relu′",
            Activation::Elu => "elu′",
        };
        Factor {
            symbol: math::identifier(symbol) + &math::parentheses(&argument),
            value,
            origin: Origin::Slope(a),
        }
    }

    /// `δx_ij = z_ij δz_ij - Σ_k z_ij z_ik δz_ik`.
    fn softmax_terms(&self, z: usize, [i, j]: [usize; 2]) -> Vec<Vec<Factor>> {
        let own = self.value_factor(z, [i, j]);
        let first = vec![own.clone(), self.gradient_factor(z, [i, j])];
        let others = (0..self.shape(z)[1]).map(|k| {
            let other = self.value_factor(z, [i, k]);
            vec![minus(), own.clone(), other, self.gradient_factor(z, [i, k])]
        });
        std::iter::once(first).chain(others).collect()
    }

    /// An element of the softmax of a node's rows.
    fn probability(&self, x: usize, [row, column]: [usize; 2]) -> Factor {
        let node = &self.replayed.graph.nodes()[x];
        let value = node.value().expect("the graph has been evaluated").clone();
        let probabilities = elements(&softmax::forward(value));
        let matrix = math::identifier("softmax") + &math::parentheses(&math::name(self.name(x)));
        Factor {
            symbol: math::element(&matrix, self.shape(x), [row, column]),
            value: probabilities[row * self.shape(x)[1] + column],
            origin: Origin::Value(x),
        }
    }

    fn difference(&self, one: Factor, other: Factor, what: &'static str) -> Factor {
        let minus = math::operator("−");
        Factor {
            symbol: math::parentheses(&(one.symbol + &minus + &other.symbol)),
            value: one.value - other.value,
            origin: Origin::Rule(what),
        }
    }
}

fn minus() -> Factor {
    constant(-1.0, "the sign of the operand")
}

fn constant(value: f64, what: &'static str) -> Factor {
    Factor {
        symbol: math::number(value, true),
        value,
        origin: Origin::Rule(what),
    }
}

/// A product with the factor of a loss, which is left out where it is 1.
fn scaled(c: f64, mut term: Vec<Factor>) -> Vec<Factor> {
    if c != 1.0 {
        term.insert(
            0,
            constant(
                c,
                "the factor of the loss: its sign, and one over the number of rows for a mean",
            ),
        );
    }
    term
}

fn elements_of([rows, columns]: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    (0..rows * columns).map(move |k| [k / columns, k % columns])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::replay::{Memory, replay};
    use crate::graph::state::State;
    use crate::place::Place;
    use crate::query::Query;
    use burn::tensor::{DType, Device};

    fn replayed(address: &str) -> Replayed {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let state = State::take(&mut Query::parse(address).unwrap()).unwrap();
        replay(&place, &Memory::default(), &state).unwrap()
    }

    /// Every net, so that every operation is there.
    const ADDRESSES: [&str; 9] = [
        "net=scalar&steps=3",
        "net=general&f=tanh&steps=2",
        "net=xor&steps=5&units=3",
        "net=classifier&f=relu",
        "net=classifier&f=elu&units=10&steps=4",
        "net=four-variables",
        "net=composition",
        "net=own&layers=12:elu,2:sigmoid&rows=9",
        "net=own&layers=3:relu,3&loss=cross-entropy&inputs=5",
    ];

    #[test]
    fn the_numbers_of_a_rule_add_up_to_what_the_graph_passes_back() {
        for address in ADDRESSES {
            let replayed = replayed(address);
            let numbers = Numbers::new(&replayed);
            for (node, contributions) in replayed.backward_steps() {
                for sent in contributions {
                    let gradient = elements(&sent.gradient);
                    for (element, expected) in elements_of(numbers.shape(sent.to)).zip(gradient) {
                        let expansion = numbers.passed_back(node, sent.place, element).unwrap();
                        let error = (expansion.value() - expected).abs();
                        let name = numbers.name(node);
                        assert!(
                            error <= 1e-13 * expected.abs().max(1.0),
                            "{address} {name}: {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_numbers_of_a_value_add_up_to_it() {
        for address in ADDRESSES {
            let replayed = replayed(address);
            let numbers = Numbers::new(&replayed);
            for node in 0..replayed.graph.nodes().len() {
                for element in elements_of(numbers.shape(node)) {
                    let Some(expansion) = numbers.of_value(node, element) else {
                        continue;
                    };
                    let expected = numbers.value(node, element);
                    let error = (expansion.value() - expected).abs();
                    assert!(
                        error <= 1e-13 * expected.abs().max(1.0),
                        "{address}: {error}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_long_sum_is_cut() {
        let replayed = replayed("net=own&layers=12:elu,2:sigmoid&rows=9");
        let numbers = Numbers::new(&replayed);
        let p2 = replayed.place_of("p2").unwrap();
        let expansion = numbers.of_value(p2, [0, 0]).unwrap();
        assert_eq!(expansion.terms.len(), 12);
        let written = expansion.numbers();
        assert_eq!(written.len(), WRITTEN_OUT + 1);
        assert_eq!(written[WRITTEN_OUT], "<mtext>4 more</mtext>");
        assert_eq!(expansion.factors().len(), 2 * WRITTEN_OUT);
    }
}
