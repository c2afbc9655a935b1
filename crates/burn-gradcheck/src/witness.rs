//! The witnesses on the device under test: the function, autodiff, and the hand-written gradient.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Device, Tensor};

use crate::case::{Case, Function};
use crate::flat::Flat;
use crate::input::{HostInput, Integers};
use crate::measure::rms;
use crate::results::{Outputs, Upstream};
use crate::tolerance::Tolerance;
use crate::values::Values;
use crate::verdict::{Verdict, Witness};

/// The gradient of every input on the host; `None` for an input that is not differentiated or that
/// autodiff did not reach.
pub(crate) type HostGradients = Vec<Option<Vec<f64>>>;

/// A function at a point on a device.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) case: &'a Case,
    pub(crate) function: &'a Function,
    /// The function that autodiff differentiates.
    pub(crate) autodiff_function: &'a Function,
    pub(crate) point: &'a [HostInput],
    pub(crate) integers: &'a [Integers],
    /// The device; if it records for autodiff, its gradient checkpointing is used.
    pub(crate) device: &'a Device,
    pub(crate) dtype: DType,
}

/// A case at a point on the device under test.
pub(crate) struct Witnesses<'a> {
    subject: Subject<'a>,
    /// The device with autodiff, and without it.
    recording: Device,
    device: Device,
    /// Plain tensors, for the hand-written gradient.
    plain: Values,
    /// On the autodiff device but not recorded, for the function's value: layers such as dropout and
    /// batch normalisation behave differently on a plain device.
    untracked: Values,
    pub(crate) shapes: Vec<Vec<usize>>,
    pub(crate) outputs: Vec<f64>,
}

impl<'a> Witnesses<'a> {
    /// Evaluates the function once, for its outputs' shapes and values.
    pub(crate) fn new(subject: Subject<'a>) -> Result<Self, Verdict> {
        let Subject {
            point,
            integers,
            dtype,
            ..
        } = subject;
        let device = subject.device.clone().without_autodiff();
        let recording = if subject.device.is_autodiff() {
            subject.device.clone()
        } else {
            device.clone().autodiff()
        };
        let untracked = Values::untracked(point, integers, &recording, dtype);
        let outputs = guarded(Witness::Function, || (subject.function)(&untracked))?;
        check_outputs(&outputs, &device, dtype)?;
        Ok(Self {
            shapes: outputs.shapes(),
            outputs: guarded(Witness::Function, || outputs.download())?,
            plain: Values::untracked(point, integers, &device, dtype),
            subject,
            recording,
            device,
            untracked,
        })
    }

    /// The inputs that the function did not ask for.
    pub(crate) fn unread(&self) -> Vec<&str> {
        self.untracked.unread().collect()
    }

    /// The function's value again.
    pub(crate) fn outputs_again(&self) -> Result<Vec<f64>, Verdict> {
        guarded(Witness::Function, || {
            (self.subject.function)(&self.untracked).download()
        })
    }

    /// The gradient of `Σ ⟨upstream, output⟩` by autodiff.
    pub(crate) fn autodiff(&self, upstream: &[Vec<f64>]) -> Result<HostGradients, Verdict> {
        Ok(self.autodiff_with_outputs(upstream)?.0)
    }

    /// The gradient by autodiff, and the values of the function that it differentiates.
    pub(crate) fn autodiff_with_outputs(
        &self,
        upstream: &[Vec<f64>],
    ) -> Result<(HostGradients, Vec<f64>), Verdict> {
        guarded(Witness::Autodiff, || {
            let point = self.subject.point;
            let values = self.untracked.tracked(point);
            let outputs = (self.subject.autodiff_function)(&values);
            if outputs.shapes() != self.shapes {
                let (expected, got) = (&self.shapes, outputs.shapes());
                let reason =
                    format!("outputs of shapes {got:?} under autodiff, {expected:?} without it");
                return Err(Verdict::Shape {
                    odd: Witness::Autodiff,
                    reason,
                });
            }
            let dtype = self.subject.dtype;
            let upstream = Upstream::upload(&self.shapes, upstream, &self.recording, dtype);
            let value = outputs.download();
            let Some(objective) = scalar_product(&outputs, &upstream) else {
                return Ok((vec![None; point.len()], value));
            };
            let grads = objective.backward();
            let of = |index| {
                let flat: &Flat = values.leaf(index);
                let gradient = flat.elements.grad(&grads)?;
                Some(flat.in_order(&gradient))
            };
            Ok(((0..point.len()).map(of).collect(), value))
        })?
    }

    /// The gradient by the hand-written formula, or `None` if there is none.
    pub(crate) fn manual(&self, upstream: &[Vec<f64>]) -> Result<Option<HostGradients>, Verdict> {
        let Some(vjp) = &self.subject.case.vjp else {
            return Ok(None);
        };
        let point = self.subject.point;
        guarded(Witness::Manual, || {
            let dtype = self.subject.dtype;
            let upstream = Upstream::upload(&self.shapes, upstream, &self.device, dtype);
            let gradients = vjp(&self.plain, &upstream);
            let is_known = |name: &str| {
                let mut inputs = point.iter();
                inputs.any(|input| input.differentiated && input.name == *name)
            };
            for (name, _) in &gradients.entries {
                if !is_known(name) {
                    let inputs = point.iter().filter(|input| input.differentiated);
                    let inputs: Vec<&str> = inputs.map(|input| input.name.as_str()).collect();
                    return Err(manual_shape(format!(
                        "a gradient for `{name}`, which is not a differentiated input: those are {inputs:?}"
                    )));
                }
            }
            let of = |input: &HostInput| {
                if !input.differentiated {
                    return Ok(None);
                }
                let name = &input.name;
                let found = gradients.find(name);
                let flat =
                    found.ok_or_else(|| manual_shape(format!("no gradient for input `{name}`")))?;
                if flat.shape != input.shape {
                    return Err(manual_shape(format!(
                        "gradient for input `{name}` of shape {:?}, expected {:?}",
                        flat.shape, input.shape
                    )));
                }
                Ok(Some(flat.download()))
            };
            let all: Result<HostGradients, Verdict> = point.iter().map(of).collect();
            all.map(Some)
        })?
    }
}

fn manual_shape(reason: String) -> Verdict {
    Verdict::Shape {
        odd: Witness::Manual,
        reason,
    }
}

/// `Σ ⟨upstream, output⟩` over the outputs that depend on an input, `None` if none does.
fn scalar_product(outputs: &Outputs, upstream: &Upstream) -> Option<Tensor<1>> {
    let product = |(output, upstream): (&Flat, &Flat)| {
        (output.elements.clone() * upstream.elements.clone()).sum()
    };
    let pairs = outputs.flats.iter().zip(&upstream.flats);
    pairs
        .filter(|(output, _)| output.elements.is_tracked())
        .map(product)
        .reduce(|sum, term| sum + term)
}

fn check_outputs(outputs: &Outputs, device: &Device, dtype: DType) -> Result<(), Verdict> {
    let wrong = |reason| {
        Err(Verdict::Shape {
            odd: Witness::Function,
            reason,
        })
    };
    if outputs.flats.is_empty() {
        return wrong("it returns no output".to_owned());
    }
    for (index, flat) in outputs.flats.iter().enumerate() {
        let got = flat.elements.dtype();
        if got != dtype {
            return wrong(format!(
                "output {index} is {got:?}, its inputs are {dtype:?}: make constants with Values::tensor, or \
                 with the type of an input"
            ));
        }
        let there = flat.elements.device();
        if there != *device {
            return wrong(format!(
                "output {index} is on {there:?}, the inputs are on {device:?}: make constants with \
                 Values::tensor"
            ));
        }
    }
    Ok(())
}

/// That another formula has the function's value, up to what the float type allows.
pub(crate) fn compare_values(
    odd: Witness,
    got: &[f64],
    function: &[f64],
    tolerance: &Tolerance,
) -> Result<(), Verdict> {
    let size = rms(function);
    let allowed = |a: f64, b: f64| tolerance.finite * a.abs().max(b.abs()).max(size);
    let mut pairs = got.iter().zip(function).enumerate();
    let found = pairs.find(|(_, (a, b))| {
        let (a, b) = (**a, **b);
        let equal = a == b || (a.is_nan() && b.is_nan());
        !(equal || (a - b).abs() <= allowed(a, b) + tolerance.absolute)
    });
    match found {
        None => Ok(()),
        Some((element, (a, b))) => Err(Verdict::Value {
            odd,
            reason: format!("output element {element} is {a:e}, the function gives {b:e}"),
        }),
    }
}

/// The longest panic message that a verdict keeps.
const LONGEST_MESSAGE: usize = 400;

/// Runs one of the case's closures; its panic becomes a verdict.
pub(crate) fn guarded<T>(odd: Witness, work: impl FnOnce() -> T) -> Result<T, Verdict> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let mut message = message.unwrap_or("a panic without a message").to_owned();
        if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
            message.truncate(end);
            message.push_str(" ...");
        }
        Verdict::Panicked { odd, message }
    })
}
