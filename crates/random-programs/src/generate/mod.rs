//! Draws programs.

mod calls;

use crate::array::{ValueKind, count};
use crate::operations::{Binary, Call, Unary, Whole};
use crate::program::{Instruction, Program, Step, Trace};
use crate::random::Random;

/// The most elements that a value has.
const MOST_ELEMENTS: usize = 36;
/// How often an operation is drawn again because it does not fit.
const TRIES: usize = 40;

impl Program {
    /// The program of a seed: 5 to 60 operations on a few leaves, with one backward pass or several.
    ///
    /// It is without flaws: shapes fit, functions are evaluated inside of their domains and away from
    /// kinks, and no backward pass goes through what an earlier one has consumed.
    pub fn random(seed: u64) -> Self {
        Drawing::new(seed).draw()
    }
}

/// A program that is being drawn.
struct Drawing {
    random: Random,
    program: Program,
    trace: Trace,
    /// The number of uses of each value.
    uses: Vec<usize>,
    /// How many out of a hundred handles live to the end.
    kept: usize,
}

impl Drawing {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let kept = random.one_of(&[0, 0, 30, 100]).unwrap_or(0);
        Self {
            random,
            program: Program {
                instructions: Vec::new(),
            },
            trace: Trace::new(),
            uses: Vec::new(),
            kept,
        }
    }

    fn draw(mut self) -> Program {
        let operations = if self.random.percent(60) {
            self.random.between(5, 15)
        } else {
            self.random.between(16, 60)
        };
        // Seldom enough that most programs have one pass, often enough that each kind of mix occurs.
        let passes = self.random.one_of(&[1, 1, 1, 2, 3, 4]).unwrap_or(1);
        let has_siblings = self.random.percent(4);
        for _ in 0..self.random.between(1, 3) {
            let shape = self.shape();
            self.leaf(&shape, true);
        }
        let mut backward = 0;
        for number in 0..operations {
            let due = passes * (number + 1) / (operations + 1);
            if due > backward {
                backward += usize::from(self.backward(2));
            }
            match self.random.below(100) {
                0..3 => {
                    let shape = self.shape();
                    let is_tracked = self.random.percent(60);
                    self.leaf(&shape, is_tracked);
                }
                3..7 => self.detach(),
                7..12 if has_siblings => self.sibling(),
                _ => {
                    (0..TRIES).find(|_| self.call());
                }
            }
        }
        if !self.backward(6) {
            let shape = self.shape();
            let leaf = self.leaf(&shape, true);
            let value = self.push(Step::Call {
                call: Call::Unary(Unary::Neg),
                operands: vec![leaf],
            });
            let from = value.expect("nothing is wrong with the negative of a number");
            self.push(Step::Backward { from });
        }
        self.without_idle_leaves()
    }

    /// Adds an instruction, if it has no flaw. Returns its place.
    fn push(&mut self, step: Step) -> Option<usize> {
        let place = self.program.instructions.len();
        self.trace.push(&self.program, &step).ok()?;
        step.operands().iter().for_each(|&it| self.uses[it] += 1);
        let is_kept = self.random.percent(self.kept);
        self.program
            .instructions
            .push(Instruction { step, is_kept });
        self.uses.push(0);
        Some(place)
    }

    fn push_call(&mut self, call: Call, operands: Vec<usize>) -> Option<usize> {
        self.push(Step::Call { call, operands })
    }

    /// A random shape.
    fn shape(&mut self) -> Vec<usize> {
        let rank = self.random.one_of(&[1, 2, 2, 2, 3, 3, 4]).unwrap_or(2);
        let largest = [7, 4, 3, 2][rank - 1];
        (0..rank).map(|_| self.random.between(1, largest)).collect()
    }

    /// Makes a leaf of random numbers that every float type has.
    fn leaf(&mut self, shape: &[usize], is_tracked: bool) -> usize {
        let is_positive = self.random.percent(25);
        let numbers = (0..count(shape)).map(|_| {
            let size = self.random.between(5, 60) as f64 / 32.0;
            if is_positive || self.random.percent(50) {
                size
            } else {
                -size
            }
        });
        let numbers = numbers.collect();
        let step = Step::Leaf {
            shape: shape.to_vec(),
            numbers,
            is_tracked,
        };
        self.push(step).expect("nothing is wrong with a leaf")
    }

    /// A float value: often one that nobody has used yet, seldom one that a backward pass has consumed.
    fn float(&mut self, fits: impl Fn(&[usize]) -> bool) -> Option<usize> {
        let takes_consumed = self.random.percent(2);
        let values: Vec<_> = (0..self.uses.len())
            .filter(|&it| {
                let is_alive = !self.trace.is_tracked(it) || self.trace.can_go_backward(it);
                self.trace.kind(it) == Some(ValueKind::Float)
                    && (is_alive || takes_consumed)
                    && fits(self.trace.shape(it))
            })
            .collect();
        let unused: Vec<_> = values
            .iter()
            .copied()
            .filter(|&it| self.uses[it] == 0)
            .collect();
        let prefers_unused = self.random.percent(60);
        let unused = if prefers_unused {
            self.random.one_of(&unused)
        } else {
            None
        };
        unused.or_else(|| self.random.one_of(&values))
    }

    /// A float value of this shape, made if need be.
    fn float_of(&mut self, shape: &[usize]) -> usize {
        let makes_one = self.random.percent(25);
        let found = if makes_one {
            None
        } else {
            self.float(|it| it == shape)
        };
        found.unwrap_or_else(|| {
            let is_tracked = self.random.percent(60);
            self.leaf(shape, is_tracked)
        })
    }

    /// A value of another kind.
    fn other(&mut self, kind: ValueKind, fits: impl Fn(&[usize]) -> bool) -> Option<usize> {
        let values: Vec<_> = (0..self.uses.len())
            .filter(|&it| self.trace.kind(it) == Some(kind) && fits(self.trace.shape(it)))
            .collect();
        self.random.one_of(&values)
    }

    fn detach(&mut self) {
        if let Some(of) = self.float(|_| true) {
            self.push(Step::Detach { of });
        }
    }

    /// Another leaf from a clone of the tensor of one.
    fn sibling(&mut self) {
        let leaves: Vec<_> = self.program.leaves().into_iter().collect();
        if let Some(of) = self.random.one_of(&leaves) {
            self.push(Step::Sibling { of });
        }
    }

    /// Goes backward from a value, or from the sum of several. Returns whether there is one.
    fn backward(&mut self, most: usize) -> bool {
        let mut sum: Option<usize> = None;
        for _ in 0..self.random.between(1, most) {
            let ends: Vec<_> = (0..self.uses.len())
                .filter(|&it| {
                    let is_leaf = self.program.instructions[it].step.is_tracked_leaf();
                    self.uses[it] == 0 && !is_leaf && self.trace.can_go_backward(it)
                })
                .collect();
            let Some(end) = self.random.one_of(&ends) else {
                break;
            };
            sum = match sum {
                None => Some(end),
                Some(other) => self.joined(other, end).or(Some(other)),
            };
        }
        sum.and_then(|from| self.push(Step::Backward { from }))
            .is_some()
    }

    /// The sum of two losses.
    fn joined(&mut self, a: usize, b: usize) -> Option<usize> {
        let mut losses = Vec::new();
        for value in [a, b] {
            let is_loss = self.trace.shape(value) == [1];
            losses.push(if is_loss { value } else { self.loss(value)? });
        }
        self.push_call(Call::Binary(Binary::Add), losses)
    }

    /// One number from a value: the sum of its elements, each times a number of its own.
    fn loss(&mut self, value: usize) -> Option<usize> {
        let shape = self.trace.shape(value).to_vec();
        let weighted = if self.random.percent(70) {
            let weights = self.leaf(&shape, false);
            self.push_call(Call::Binary(Binary::Mul), vec![value, weights])?
        } else {
            value
        };
        self.push_call(Call::Whole(Whole::Sum), vec![weighted])
    }

    /// The program without leaves that nobody reads.
    fn without_idle_leaves(self) -> Program {
        let stays = self
            .program
            .instructions
            .iter()
            .zip(&self.uses)
            .map(|(instruction, &uses)| {
                let makes = matches!(
                    instruction.step,
                    Step::Leaf { .. } | Step::Sibling { .. } | Step::Whole { .. }
                );
                uses > 0 || !makes
            });
        let stays: Vec<_> = stays.collect();
        self.program.only(&stays)
    }
}
