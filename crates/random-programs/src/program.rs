//! Programs: leaves, operations, detached copies, and backward passes, in order.

use crate::array::{Array, HostValue, ValueKind};
use crate::number::{Choices, Number};
use crate::operations::Call;

/// A program on Burn. An instruction's place is the name of its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    pub(crate) instructions: Vec<Instruction>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) step: Step,
    /// Whether the handle of its result lives to the end. Otherwise it moves into its last use, or is
    /// dropped at once if there is none.
    pub(crate) is_kept: bool,
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Makes floats of these numbers.
    Leaf {
        shape: Vec<usize>,
        numbers: Vec<f64>,
        is_tracked: bool,
    },
    /// Makes a tracked leaf from a clone of the tensor that an earlier leaf was made from.
    Sibling { of: usize },
    /// Makes whole numbers.
    Whole {
        shape: Vec<usize>,
        numbers: Vec<i64>,
    },
    /// Calls an operation.
    Call { call: Call, operands: Vec<usize> },
    /// Cuts a value off from the graph.
    Detach { of: usize },
    /// Goes backward from a value; if it has several elements, from their sum.
    Backward { from: usize },
}

/// Why a program is not one: it would do something that Burn does not promise to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// An operand is of another kind or shape, or does not exist.
    Operand,
    /// An operation is evaluated outside of its domain, or gives numbers too large.
    Domain,
    /// A choice is so close that rounding could turn it.
    Kink,
    /// The backward pass starts where nothing is tracked, or goes through what an earlier one consumed.
    Backward,
}

/// The largest number that a program may compute.
const LARGEST: f64 = 50.0;
/// How far a choice must be from the other way.
const MARGIN: f64 = 2e-3;

impl Step {
    /// The values that it reads.
    pub(crate) fn operands(&self) -> &[usize] {
        match self {
            Self::Leaf { .. } | Self::Whole { .. } => &[],
            Self::Sibling { of } | Self::Detach { of } => std::slice::from_ref(of),
            Self::Call { operands, .. } => operands,
            Self::Backward { from } => std::slice::from_ref(from),
        }
    }

    pub(crate) fn operands_mut(&mut self) -> &mut [usize] {
        match self {
            Self::Leaf { .. } | Self::Whole { .. } => &mut [],
            Self::Sibling { of } | Self::Detach { of } => std::slice::from_mut(of),
            Self::Call { operands, .. } => operands,
            Self::Backward { from } => std::slice::from_mut(from),
        }
    }

    /// Whether it makes a leaf that is tracked.
    pub(crate) fn is_tracked_leaf(&self) -> bool {
        matches!(
            self,
            Self::Leaf {
                is_tracked: true,
                ..
            } | Self::Sibling { .. }
        )
    }
}

impl Program {
    /// The number of instructions, without leaves and backward passes.
    pub fn operations(&self) -> usize {
        let steps = self.steps();
        steps
            .filter(|step| matches!(step, Step::Call { .. } | Step::Detach { .. }))
            .count()
    }

    /// The number of instructions.
    pub fn instructions(&self) -> usize {
        self.instructions.len()
    }

    /// The places of the instructions whose results an instruction reads.
    ///
    /// # Panics
    ///
    /// If there is no instruction at this place.
    pub fn operands(&self, place: usize) -> &[usize] {
        self.instructions[place].step.operands()
    }

    /// The program with leaves of the same numbers in the place of the values computed at `as_leaves`, and without
    /// the instructions at `left_out` and everything that needs them or lacks something then.
    ///
    /// # Panics
    ///
    /// If the program has a flaw.
    #[must_use]
    pub fn cut(&self, as_leaves: &[usize], left_out: &[usize]) -> Self {
        let mut cut = self.clone();
        let trace = Trace::of(self).expect("a program without flaws");
        for (place, instruction) in cut.instructions.iter_mut().enumerate() {
            let is_computed = matches!(instruction.step, Step::Call { .. } | Step::Detach { .. });
            if is_computed
                && as_leaves.contains(&place)
                && let Some(HostValue::Float(array)) = &trace.values[place]
            {
                instruction.step = Step::Leaf {
                    shape: array.shape.clone(),
                    numbers: array.data.clone(),
                    is_tracked: false,
                };
            }
        }
        cut = cut.without_dependents(left_out);
        // A backward pass may have lost what it went through.
        while let Some(flaw) = cut.first_flaw() {
            cut = cut.without_dependents(&[flaw]);
        }
        cut
    }

    /// Without the instructions at these places and everything that needs them.
    fn without_dependents(&self, places: &[usize]) -> Self {
        let mut stays = vec![true; self.instructions.len()];
        for (place, step) in self.steps().enumerate() {
            let is_fed = step.operands().iter().all(|&operand| stays[operand]);
            stays[place] = is_fed && !places.contains(&place);
        }
        self.only(&stays)
    }

    /// The first instruction with a flaw.
    fn first_flaw(&self) -> Option<usize> {
        let mut trace = Trace::new();
        self.steps()
            .position(|step| trace.push(self, step).is_err())
    }

    /// The differentiable operations that it calls, by their names in burn-suite's table.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let name = |step: &Step| match step {
            Step::Call { call, .. } => call.name(),
            _ => None,
        };
        self.steps().filter_map(name)
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.instructions
            .iter()
            .map(|instruction| &instruction.step)
    }

    /// The shape and the numbers of a leaf.
    pub(crate) fn numbers<'a>(&'a self, leaf: &'a Step) -> (&'a [usize], &'a [f64]) {
        match leaf {
            Step::Leaf { shape, numbers, .. } => (shape, numbers),
            Step::Sibling { of } => self.numbers(&self.instructions[*of].step),
            other => panic!("expected a leaf, got {other:?}"),
        }
    }

    /// The tracked leaves.
    pub(crate) fn leaves(&self) -> Vec<usize> {
        let steps = self.steps().enumerate();
        steps
            .filter(|(_, step)| step.is_tracked_leaf())
            .map(|(place, _)| place)
            .collect()
    }

    /// The values from which it goes backward, in order.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let of = |step: &Step| match step {
            Step::Backward { from } => Some(*from),
            _ => None,
        };
        self.steps().filter_map(of).collect()
    }

    /// Where each value is read last; a value that is never read, where it is made.
    pub(crate) fn last_uses(&self) -> Vec<usize> {
        let mut last: Vec<_> = (0..self.instructions.len()).collect();
        for (place, step) in self.steps().enumerate() {
            // A sibling reads the tensor that a leaf was made from, not the leaf.
            if !matches!(step, Step::Sibling { .. }) {
                step.operands()
                    .iter()
                    .for_each(|&operand| last[operand] = place);
            }
        }
        last
    }

    /// The program without the backward passes that are not wanted, and without everything that no
    /// other backward pass needs.
    pub(crate) fn without_unused(&self, is_root_wanted: impl Fn(usize) -> bool) -> Self {
        let mut is_used = vec![false; self.instructions.len()];
        for (place, step) in self
            .steps()
            .enumerate()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            if matches!(step, Step::Backward { .. }) {
                is_used[place] = is_root_wanted(place);
            }
            if is_used[place] {
                step.operands()
                    .iter()
                    .for_each(|&operand| is_used[operand] = true);
            }
        }
        self.only(&is_used)
    }

    /// The instructions that stay, with their operands renamed. What they read must stay too.
    pub(crate) fn only(&self, stays: &[bool]) -> Self {
        let mut names = vec![usize::MAX; self.instructions.len()];
        let mut instructions = Vec::new();
        for (place, instruction) in self.instructions.iter().enumerate() {
            if stays[place] {
                names[place] = instructions.len();
                let mut instruction = instruction.clone();
                for operand in instruction.step.operands_mut() {
                    *operand = names[*operand];
                }
                instructions.push(instruction);
            }
        }
        Self { instructions }
    }
}

/// The state of a program as far as it has been computed by the formulas.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The results; `None` for a backward pass.
    pub(crate) values: Vec<Option<HostValue<f64>>>,
    /// For each value, the tracked values that a backward pass from it goes through, itself included.
    ancestors: Vec<Vec<usize>>,
    /// Whether a backward pass has gone through a value.
    is_consumed: Vec<bool>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::new(),
            ancestors: Vec::new(),
            is_consumed: Vec::new(),
        }
    }

    /// Computes a whole program.
    ///
    /// # Errors
    ///
    /// The first flaw.
    pub(crate) fn of(program: &Program) -> Result<Self, Flaw> {
        let mut trace = Self::new();
        program
            .steps()
            .try_for_each(|step| trace.push(program, step))?;
        Ok(trace)
    }

    /// Whether a value is tracked.
    pub(crate) fn is_tracked(&self, value: usize) -> bool {
        !self.ancestors[value].is_empty()
    }

    /// Whether a backward pass from a value is allowed.
    pub(crate) fn can_go_backward(&self, value: usize) -> bool {
        self.is_tracked(value) && !self.ancestors[value].iter().any(|&it| self.is_consumed[it])
    }

    pub(crate) fn shape(&self, value: usize) -> &[usize] {
        self.values[value].as_ref().map_or(&[], HostValue::shape)
    }

    pub(crate) fn kind(&self, value: usize) -> Option<ValueKind> {
        self.values[value].as_ref().map(HostValue::kind)
    }

    /// Computes the next instruction of a program. If it has a flaw, nothing changes.
    ///
    /// # Errors
    ///
    /// The flaw.
    pub(crate) fn push(&mut self, program: &Program, step: &Step) -> Result<(), Flaw> {
        let place = self.values.len();
        if step
            .operands()
            .iter()
            .any(|&it| it >= place || self.values[it].is_none())
        {
            return Err(Flaw::Operand);
        }
        let mut ancestors: Vec<usize> = Vec::new();
        let choices = Choices::new();
        let value = match step {
            Step::Backward { from } => {
                // Burn consumes a leaf from which it goes backward, too.
                let is_leaf = program.instructions[*from].step.is_tracked_leaf();
                if is_leaf || !self.can_go_backward(*from) {
                    return Err(Flaw::Backward);
                }
                for &it in &self.ancestors[*from] {
                    // A leaf can be an end of many backward passes.
                    let is_leaf = program
                        .instructions
                        .get(it)
                        .is_some_and(|it| it.step.is_tracked_leaf());
                    self.is_consumed[it] = !is_leaf;
                }
                None
            }
            Step::Sibling { of }
                if !matches!(
                    program.instructions[*of].step,
                    Step::Leaf {
                        is_tracked: true,
                        ..
                    }
                ) =>
            {
                return Err(Flaw::Operand);
            }
            _ => {
                if let Step::Call { call, operands } = step {
                    let values: Vec<_> = operands
                        .iter()
                        .filter_map(|&it| self.values[it].as_ref())
                        .collect();
                    if !call.has(&values) {
                        return Err(Flaw::Domain);
                    }
                    operands
                        .iter()
                        .for_each(|&it| ancestors.extend(&self.ancestors[it]));
                }
                let value = evaluate(program, step, &self.values, &choices, None);
                if let HostValue::Float(array) = &value {
                    if array.data.iter().any(|x| x.is_nan() || x.abs() > LARGEST) {
                        return Err(Flaw::Domain);
                    }
                } else {
                    ancestors.clear();
                }
                if choices.margin() < MARGIN {
                    return Err(Flaw::Kink);
                }
                if !ancestors.is_empty() || step.is_tracked_leaf() {
                    ancestors.push(place);
                }
                ancestors.sort_unstable();
                ancestors.dedup();
                Some(value)
            }
        };
        self.values.push(value);
        self.ancestors.push(ancestors);
        self.is_consumed.push(false);
        Ok(())
    }
}

/// The result of an instruction by the formulas. A detached value has its value in `frozen`, if that is
/// given: it stays what it is when an input is moved.
pub(crate) fn evaluate<N: Number>(
    program: &Program,
    step: &Step,
    values: &[Option<HostValue<N>>],
    choices: &Choices,
    frozen: Option<&HostValue<f64>>,
) -> HostValue<N> {
    let of = |value: usize| values[value].as_ref().expect("an operand has a value");
    match step {
        Step::Leaf { .. } | Step::Sibling { .. } => {
            let (shape, numbers) = program.numbers(step);
            let numbers = numbers.iter().map(|&x| N::constant(x));
            HostValue::Float(Array::new(shape, numbers.collect()))
        }
        Step::Whole { shape, numbers } => HostValue::Int(Array::new(&shape[..], numbers.clone())),
        Step::Call { call, operands } => {
            let operands: Vec<_> = operands.iter().map(|&it| of(it)).collect();
            call.formula(&operands, choices)
        }
        Step::Detach { of: value } => HostValue::Float(match frozen {
            Some(frozen) => frozen.float().map(|&x| N::constant(x)),
            None => of(*value).float().map(|x| N::constant(x.value())),
        }),
        Step::Backward { .. } => panic!("a backward pass has no value"),
    }
}
