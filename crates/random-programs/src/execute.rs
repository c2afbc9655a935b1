//! Programs on Burn.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use burn::tensor::{DType, Device, Float, Int, Tensor, TensorData};

use crate::companion::Companion;
use crate::faults::Fault;
use crate::program::{Program, Step};
use crate::tensors::{Ranked, Value, by_rank, with_rank};

/// Where and how a program runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The backend's name: `flex`.
    pub backend: &'static str,
    /// Its device, without autodiff.
    pub device: Device,
    /// The type of all floats.
    pub dtype: DType,
    /// Whether the forward pass is recomputed in parts during the backward pass.
    pub checkpointing: bool,
}

/// How long a thread may take for one program. It needs a few milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// What a program gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Results {
    /// For each backward pass, the value that it started from.
    pub(crate) roots: Vec<Vec<f64>>,
    /// For each backward pass and each leaf, the gradient; `None` where there is none.
    pub(crate) gradients: Vec<Vec<Option<Vec<f64>>>>,
}

/// Why a program gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It panicked, with this message.
    Panicked(String),
    /// It did not end in time.
    Hung,
}

impl Setting {
    /// Name, float type and strategy: `flex f64 checkpointing`.
    pub fn name(&self) -> String {
        let strategy = if self.checkpointing {
            " checkpointing"
        } else {
            ""
        };
        format!("{} {}{strategy}", self.backend, self.dtype.name())
    }

    /// The device with autodiff.
    pub(crate) fn autodiff(&self) -> Device {
        let device = self.device.clone().autodiff();
        if self.checkpointing {
            device.gradient_checkpointing()
        } else {
            device
        }
    }

    /// Runs a program on this thread.
    pub(crate) fn run(&self, program: &Program, fault: Option<Fault>) -> Result<Results, Failure> {
        self.guarded(program, fault, None)
    }

    /// Runs a program on this thread and on another at the same time, each with leaves of its own.
    pub(crate) fn run_on_two(
        &self,
        program: &Program,
        companion: &Companion,
    ) -> [Result<Results, Failure>; 2] {
        let (setting, copy) = (self.clone(), program.clone());
        let other = companion.run(move || setting.run(&copy, None));
        let here = self.run(program, None);
        let other = other.recv_timeout(LIMIT);
        [here, other.unwrap_or(Err(Failure::Hung))]
    }

    /// Runs a program on two threads at the same time, on the same leaves. A thread that does not end is
    /// left behind.
    pub(crate) fn run_on_shared_leaves(&self, program: &Program) -> [Result<Results, Failure>; 2] {
        let leaves = self.leaves(program);
        let runs = [(), ()].map(|()| {
            let (setting, program, leaves) = (self.clone(), program.clone(), leaves.clone());
            Companion::start().run(move || setting.guarded(&program, None, Some(leaves)))
        });
        runs.map(|run| run.recv_timeout(LIMIT).unwrap_or(Err(Failure::Hung)))
    }

    /// Runs a program; a panic is a failure.
    fn guarded(
        &self,
        program: &Program,
        fault: Option<Fault>,
        shared: Option<Vec<Option<Value>>>,
    ) -> Result<Results, Failure> {
        let run = || self.execute(program, fault, shared);
        catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Failure::Panicked(message(&*panic)))
    }

    /// The leaves of a program, each at its place.
    fn leaves(&self, program: &Program) -> Vec<Option<Value>> {
        let device = self.autodiff();
        let mut bases: BTreeMap<usize, Ranked<Float>> = BTreeMap::new();
        for step in program.steps() {
            if let Step::Sibling { of } = step {
                let (shape, numbers) = program.numbers(step);
                let base = || self.tensor(&device, shape, numbers);
                bases.entry(*of).or_insert_with(base);
            }
        }
        let tracked = |base: Ranked<Float>| by_rank!(base, x => x.require_grad().into());
        let leaf = |(place, step): (usize, &Step)| match step {
            Step::Leaf {
                shape,
                numbers,
                is_tracked,
            } => {
                let base = bases.get(&place).cloned();
                let base = base.unwrap_or_else(|| self.tensor(&device, shape, numbers));
                Some(if *is_tracked {
                    tracked(base)
                } else {
                    Value::Float(base)
                })
            }
            Step::Sibling { of } => bases.get(of).cloned().map(tracked),
            _ => None,
        };
        program.steps().enumerate().map(leaf).collect()
    }

    fn tensor(&self, device: &Device, shape: &[usize], numbers: &[f64]) -> Ranked<Float> {
        let data = TensorData::new(numbers.to_vec(), shape.to_vec());
        with_rank!(shape.len(), D => Tensor::<D>::from_data(data, (device, self.dtype)).into())
    }

    fn execute(
        &self,
        program: &Program,
        fault: Option<Fault>,
        shared: Option<Vec<Option<Value>>>,
    ) -> Results {
        let device = self.autodiff();
        let last_uses = program.last_uses();
        let mut leaves = shared.unwrap_or_else(|| self.leaves(program));
        let tracked = program.leaves();
        // The gradient of a leaf is asked for by its handle, to the end.
        let handles: Vec<_> = tracked.iter().map(|&leaf| leaves[leaf].clone()).collect();
        let mut values: Vec<Option<Value>> = Vec::with_capacity(program.instructions.len());
        let mut results = Results::default();
        for (place, instruction) in program.instructions.iter().enumerate() {
            let mut operands: Vec<Value> = Vec::new();
            if !matches!(instruction.step, Step::Sibling { .. }) {
                let names = instruction.step.operands();
                for (number, &name) in names.iter().enumerate() {
                    let is_last = last_uses[name] == place && !names[number + 1..].contains(&name);
                    let value = &mut values[name];
                    let moves = is_last && !program.instructions[name].is_kept;
                    let operand = if moves { value.take() } else { value.clone() };
                    operands.push(operand.expect("a value is there until its last use"));
                }
            }
            let value = match &instruction.step {
                Step::Leaf { .. } | Step::Sibling { .. } => leaves[place].take(),
                Step::Whole { shape, numbers } => {
                    let data = TensorData::new(numbers.clone(), shape.clone());
                    Some(with_rank!(shape.len(), D => {
                        Tensor::<D, Int>::from_data(data, &device).into()
                    }))
                }
                Step::Call { call, .. } => Some(match fault.filter(|fault| fault.breaks(call)) {
                    Some(fault) => fault.apply(call, operands),
                    None => call.burn(operands, self.dtype),
                }),
                Step::Detach { .. } => {
                    let x = operands.remove(0).float();
                    Some(by_rank!(x, x => x.detach().into()))
                }
                Step::Backward { .. } => {
                    let root = operands.remove(0).float();
                    results.roots.push(root.clone().numbers());
                    let grads = by_rank!(root, x => x.backward());
                    let gradient = |leaf: &Option<Value>| {
                        let leaf = leaf.clone().expect("a leaf has a value").float();
                        by_rank!(leaf, x => x.grad(&grads).map(|grad| Ranked::from(grad).numbers()))
                    };
                    results
                        .gradients
                        .push(handles.iter().map(gradient).collect());
                    None
                }
            };
            let is_read = last_uses[place] > place;
            values.push(value.filter(|_| is_read || instruction.is_kept));
        }
        results
    }
}

/// The message of a panic.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
