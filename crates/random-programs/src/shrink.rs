//! Makes a program smaller for as long as it shows the same.

use crate::array::HostValue;
use crate::program::{Program, Step, Trace};

impl Program {
    /// The smallest program that can be reached by leaving out instructions, replacing computed values by
    /// leaves, and bypassing operations, one at a time, while `shows` holds.
    ///
    /// # Panics
    ///
    /// If `shows` does not hold for the program itself.
    #[must_use]
    pub fn shrunk(&self, shows: impl Fn(&Self) -> bool) -> Self {
        assert!(shows(self), "the program does not show what is to be kept");
        let mut smallest = self.clone();
        loop {
            let before = smallest.clone();
            for change in CHANGES {
                smallest.change(change, &shows);
            }
            if smallest == before {
                return smallest;
            }
        }
    }

    /// Tries a change at each place, from the last to the first.
    fn change(&mut self, change: Change, shows: &impl Fn(&Self) -> bool) {
        let mut place = self.instructions.len();
        while place > 0 {
            place -= 1;
            let Ok(trace) = Trace::of(self) else {
                return;
            };
            for candidate in change(self, &trace, place) {
                if candidate != *self && Trace::of(&candidate).is_ok() && shows(&candidate) {
                    *self = candidate;
                    break;
                }
            }
            place = place.min(self.instructions.len());
        }
    }

    /// Without one instruction, if nobody reads its result.
    fn without(&self, place: usize) -> Option<Self> {
        let is_read = self.steps().any(|step| step.operands().contains(&place));
        let stays = |it: usize| it != place;
        (!is_read).then(|| self.only(&(0..self.instructions.len()).map(stays).collect::<Vec<_>>()))
    }

    /// With another step at a place.
    fn with_step(&self, place: usize, step: Step) -> Self {
        let mut changed = self.clone();
        changed.instructions[place].step = step;
        changed
    }

    /// With a leaf of these numbers, in the shape of the leaf that is at this place.
    fn with_leaf(&self, place: usize, numbers: Vec<f64>, is_tracked: bool) -> Self {
        let (shape, _) = self.numbers(&self.instructions[place].step);
        let shape = shape.to_vec();
        self.with_step(
            place,
            Step::Leaf {
                shape,
                numbers,
                is_tracked,
            },
        )
    }

    /// Without the instructions before `place` that only made its operands.
    fn tidied(&self, place: usize) -> Self {
        let mut tidy = self.clone();
        for it in (0..place).rev() {
            if let Some(without) = tidy.without(it) {
                tidy = without;
            }
        }
        tidy
    }
}

/// The candidates of a change at a place, the smaller first.
type Change = fn(&Program, &Trace, usize) -> Vec<Program>;

const CHANGES: [Change; 8] = [
    needed_only,
    left_out,
    read_from_operand,
    replaced_by_leaf,
    bypassed,
    untracked,
    plain_handle,
    short_numbers,
];

/// Only what the backward passes need.
fn needed_only(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let last = place + 1 == program.instructions.len();
    if last {
        vec![program.without_unused(|_| true)]
    } else {
        vec![]
    }
}

/// Without an instruction whose result nobody reads; a backward pass also without all that only it needs.
fn left_out(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let Some(without) = program.without(place) else {
        return vec![];
    };
    let is_pass = matches!(program.instructions[place].step, Step::Backward { .. });
    let needed = is_pass.then(|| program.without_unused(|it| it != place));
    needed.into_iter().chain([without]).collect()
}

/// A backward pass from an operand of what it starts from.
fn read_from_operand(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let Step::Backward { from } = program.instructions[place].step else {
        return vec![];
    };
    let operands = program.instructions[from].step.operands().iter();
    let shorter = operands.map(|&from| program.with_step(place, Step::Backward { from }));
    shorter.map(|it| it.without(from).unwrap_or(it)).collect()
}

/// A leaf with the numbers of a computed value in its place.
fn replaced_by_leaf(program: &Program, trace: &Trace, place: usize) -> Vec<Program> {
    let step = &program.instructions[place].step;
    if !matches!(step, Step::Call { .. } | Step::Detach { .. }) {
        return vec![];
    }
    let replacements = match &trace.values[place] {
        Some(HostValue::Float(array)) => [false, true]
            .map(|is_tracked| Step::Leaf {
                shape: array.shape.clone(),
                numbers: array.data.clone(),
                is_tracked,
            })
            .to_vec(),
        Some(HostValue::Int(array)) => {
            vec![Step::Whole {
                shape: array.shape.clone(),
                numbers: array.data.clone(),
            }]
        }
        _ => vec![],
    };
    replacements
        .into_iter()
        .map(|step| program.with_step(place, step).tidied(place))
        .collect()
}

/// An operand in the place of a result.
fn bypassed(program: &Program, trace: &Trace, place: usize) -> Vec<Program> {
    let Step::Call { operands, .. } = &program.instructions[place].step else {
        return vec![];
    };
    let fits = |&&it: &&usize| {
        trace.kind(it) == trace.kind(place) && trace.shape(it) == trace.shape(place)
    };
    let bypass = |&operand: &usize| {
        let mut changed = program.clone();
        for instruction in &mut changed.instructions[place + 1..] {
            for name in instruction.step.operands_mut() {
                if *name == place {
                    *name = operand;
                }
            }
        }
        changed.without(place)
    };
    operands.iter().filter(fits).filter_map(bypass).collect()
}

/// A leaf that is not tracked, or is made from a tensor of its own.
fn untracked(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let step = &program.instructions[place].step;
    let own = |is_tracked| {
        let (_, numbers) = program.numbers(step);
        program.with_leaf(place, numbers.to_vec(), is_tracked)
    };
    match step {
        Step::Leaf {
            is_tracked: true, ..
        } => vec![own(false)],
        Step::Sibling { .. } => vec![own(false), own(true)],
        _ => vec![],
    }
}

/// A handle that moves into its last use.
fn plain_handle(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let mut changed = program.clone();
    changed.instructions[place].is_kept = false;
    vec![changed]
}

/// Numbers with fewer binary digits.
fn short_numbers(program: &Program, _: &Trace, place: usize) -> Vec<Program> {
    let Step::Leaf {
        numbers,
        is_tracked,
        ..
    } = &program.instructions[place].step
    else {
        return vec![];
    };
    let rounded = |digits: f64| {
        let short = numbers.iter().map(|x| (x * digits).round() / digits);
        program.with_leaf(place, short.collect(), *is_tracked)
    };
    let few = [1.0, 4.0, 32.0].map(rounded);
    let position = few.iter().position(|it| it == program).unwrap_or(few.len());
    few.into_iter().take(position).collect()
}
