//! What the gradients of a program are: by the formulas of its operations, composed by the chain rule,
//! and by finite differences, with an estimate of their error. Neither uses Burn.

use crate::array::{Array, HostValue};
use crate::number::{Choices, Dual, Number, Rounded, mix};
use crate::program::{Program, Step, Trace, evaluate};

/// What one element of a gradient is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Derivative {
    /// By the formulas.
    pub(crate) formula: f64,
    /// How far rounding to f32 in every operation moves it, at most.
    pub(crate) rounding: f64,
    /// By finite differences, with the estimate of their error; `None` if a kink is too close.
    pub(crate) finite: Option<(f64, f64)>,
}

/// The witnesses of a program.
#[derive(Clone, Debug)]
pub(crate) struct Witnesses {
    /// The value of each root.
    pub(crate) roots: Vec<Array<f64>>,
    /// How far rounding to f32 moves the value of each root.
    pub(crate) root_roundings: Vec<f64>,
    /// For each root and each leaf the elements of the gradient.
    pub(crate) gradients: Vec<Vec<Vec<Derivative>>>,
}

/// Whether a difference is at most so large. That of a NaN is not.
pub(crate) fn is_within(difference: f64, most: f64) -> bool {
    difference.abs() <= most
}

/// The steps of finite differences, each tried if a kink is too close for the one before.
const STEPS: [f64; 3] = [2e-3, 2.5e-4, 3e-5];
/// The steps of one Richardson extrapolation, as parts of the first.
const PARTS: [f64; 4] = [1.0, -1.0, 0.5, -0.5];

impl Witnesses {
    /// Computes them for a program without flaws. `samples` is the number of random roundings.
    pub(crate) fn of(program: &Program, trace: &Trace, samples: u64) -> Self {
        let (roots, leaves) = (program.roots(), program.leaves());
        let value = |&root: &usize| {
            trace.values[root]
                .as_ref()
                .expect("a root has a value")
                .float()
                .clone()
        };
        let mut witnesses = Self {
            roots: roots.iter().map(value).collect(),
            root_roundings: vec![0.0; roots.len()],
            gradients: vec![vec![Vec::new(); leaves.len()]; roots.len()],
        };
        let run = Run {
            program,
            trace,
            roots: &roots,
        };
        let (_, path) = run.with(usize::MAX, 0, |x| x);
        for (number, &leaf) in leaves.iter().enumerate() {
            let (_, numbers) = program.numbers(&program.instructions[leaf].step);
            for (element, &x) in numbers.iter().enumerate() {
                let (slopes, _) = run.with(leaf, element, |value| Dual { value, slope: 1.0 });
                let rounded: Vec<_> = (0..samples)
                    .map(|sample| {
                        let salt = mix(sample + 1);
                        run.rounded(leaf, element, salt)
                    })
                    .collect();
                let finite = run.finite(leaf, element, x, path);
                for (root, slope) in slopes.iter().enumerate() {
                    let moved = |of: &dyn Fn(&Dual) -> f64| {
                        let moved = rounded.iter().map(|sample| of(&sample[root]).abs());
                        moved.fold(0.0, f64::max)
                    };
                    let rounding = moved(&|it| it.slope - slope.slope);
                    let of_value = moved(&|it| it.value - slope.value);
                    let all = &mut witnesses.root_roundings[root];
                    *all = all.max(of_value);
                    witnesses.gradients[root][number].push(Derivative {
                        formula: slope.slope,
                        rounding,
                        finite: finite.as_ref().map(|finite| finite[root]),
                    });
                }
            }
        }
        witnesses
    }

    /// The first element at which formulas and finite differences disagree: then one of the two is wrong,
    /// and nothing can be said about Burn.
    pub(crate) fn disagreement(&self) -> Option<String> {
        let all = self.gradients.iter().flatten().flatten();
        for Derivative {
            formula, finite, ..
        } in all
        {
            if let Some((finite, error)) = finite
                && !is_within(formula - finite, *error)
            {
                return Some(format!(
                    "the formulas give {formula}, finite differences {finite} with an error of {error:.1e}"
                ));
            }
        }
        None
    }

    /// The elements that finite differences could check, and all.
    pub(crate) fn checked(&self) -> (usize, usize) {
        let all = || self.gradients.iter().flatten().flatten();
        (
            all().filter(|it| it.finite.is_some()).count(),
            all().count(),
        )
    }
}

/// A program to be computed many times, with one element of a leaf moved.
struct Run<'a> {
    program: &'a Program,
    trace: &'a Trace,
    roots: &'a [usize],
}

impl Run<'_> {
    /// The sum of each root's elements, and a number for all choices on the way, when one element of a leaf
    /// is replaced by what `moved` makes of it.
    fn with<N: Number>(
        &self,
        leaf: usize,
        element: usize,
        moved: impl Fn(f64) -> N,
    ) -> (Vec<N>, u64) {
        let replaced = |place: usize, mut array: Array<N>| {
            if place == leaf {
                array.data[element] = moved(array.data[element].value());
            }
            array
        };
        self.compute(replaced, true)
    }

    /// As [`Run::with`], with rounding errors.
    fn rounded(&self, leaf: usize, element: usize, salt: u64) -> Vec<Dual> {
        let leaf_of = |place, array: Array<Rounded>| {
            let numbers = array.data.iter().enumerate().map(|(number, x)| {
                let slope = if (place, number) == (leaf, element) {
                    1.0
                } else {
                    0.0
                };
                Rounded::input(x.value(), slope, salt)
            });
            Array::new(&array.shape[..], numbers.collect())
        };
        // What is detached is rounded like everything else.
        let (roots, _) = self.compute(leaf_of, false);
        roots.into_iter().map(|root| root.dual).collect()
    }

    /// `holds_detached`: whether a detached value stays what it is in the program itself.
    fn compute<N: Number>(
        &self,
        leaf: impl Fn(usize, Array<N>) -> Array<N>,
        holds_detached: bool,
    ) -> (Vec<N>, u64) {
        let choices = Choices::new();
        let mut values: Vec<Option<HostValue<N>>> = Vec::with_capacity(self.trace.values.len());
        for (place, step) in self.program.steps().enumerate() {
            let frozen = self.trace.values[place].as_ref();
            values.push(frozen.map(|frozen| {
                let held = holds_detached.then_some(frozen);
                match evaluate(self.program, step, &values, &choices, held) {
                    HostValue::Float(array)
                        if matches!(step, Step::Leaf { .. } | Step::Sibling { .. }) =>
                    {
                        HostValue::Float(leaf(place, array))
                    }
                    value => value,
                }
            }));
        }
        let sum = |&root: &usize| {
            let elements = &values[root]
                .as_ref()
                .expect("a root has a value")
                .float()
                .data;
            elements
                .iter()
                .copied()
                .reduce(|sum, x| sum + x)
                .expect("no tensor is empty")
        };
        (self.roots.iter().map(sum).collect(), choices.path())
    }

    /// Central differences at two steps, extrapolated, for each root; with the estimate of their error.
    fn finite(&self, leaf: usize, element: usize, x: f64, path: u64) -> Option<Vec<(f64, f64)>> {
        STEPS.iter().find_map(|step| {
            let step = step * x.abs().max(1.0);
            let mut sums = Vec::with_capacity(PARTS.len());
            for part in PARTS {
                let (roots, taken) = self.with(leaf, element, |x| x + part * step);
                if taken != path {
                    return None;
                }
                sums.push(roots);
            }
            let of_root = |root: usize| {
                let wide = (sums[0][root] - sums[1][root]) / (2.0 * step);
                let narrow = (sums[2][root] - sums[3][root]) / step;
                let size = sums
                    .iter()
                    .map(|roots| roots[root].abs())
                    .fold(1.0, f64::max);
                // What is computed with 16 digits is off by a few units in the last, of numbers on the way
                // that may be larger than the result.
                let rounding = 1e3 * f64::EPSILON * size / step;
                let extrapolated = narrow + (narrow - wide) / 3.0;
                (extrapolated, (narrow - wide).abs() + rounding)
            };
            Some((0..self.roots.len()).map(of_root).collect())
        })
    }
}
