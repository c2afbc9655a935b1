//! The witnesses on the device under test: the function, autodiff, and the hand-written gradient.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Device, Tensor};

use crate::case::{Case, Function};
use crate::flat::Flat;
use crate::input::HostInput;
use crate::values::{Outputs, Upstream, Values};
use crate::verdict::{Verdict, Witness};

/// The gradient of every input on the host; `None` for an input that is not differentiated or that
/// autodiff did not reach.
pub(crate) type HostGradients = Vec<Option<Vec<f64>>>;

/// A case at a point on the device under test.
pub(crate) struct Witnesses<'a> {
    case: &'a Case,
    function: &'a Function,
    point: &'a [HostInput],
    device: Device,
    dtype: DType,
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
    pub(crate) fn new(
        case: &'a Case,
        function: &'a Function,
        point: &'a [HostInput],
        device: &Device,
        dtype: DType,
    ) -> Result<Self, Verdict> {
        let untracked = Values::untracked(point, &device.clone().autodiff(), dtype);
        let outputs = guarded(Witness::Function, || function(&untracked))?;
        check_outputs(&outputs, dtype)?;
        Ok(Self {
            case,
            function,
            point,
            device: device.clone(),
            dtype,
            shapes: outputs.shapes(),
            outputs: guarded(Witness::Function, || outputs.download())?,
            plain: Values::untracked(point, device, dtype),
            untracked,
        })
    }

    /// The function's value again.
    pub(crate) fn outputs_again(&self) -> Result<Vec<f64>, Verdict> {
        guarded(Witness::Function, || {
            (self.function)(&self.untracked).download()
        })
    }

    /// The gradient of `Σ ⟨upstream, output⟩` by autodiff.
    pub(crate) fn autodiff(&self, upstream: &[Vec<f64>]) -> Result<HostGradients, Verdict> {
        guarded(Witness::Autodiff, || {
            let values = self.untracked.tracked(self.point);
            let function = self
                .case
                .autodiff_function
                .as_ref()
                .unwrap_or(self.function);
            let outputs = function(&values);
            if outputs.shapes() != self.shapes {
                let (expected, got) = (&self.shapes, outputs.shapes());
                let reason =
                    format!("outputs of shapes {got:?} under autodiff, {expected:?} without it");
                return Err(Verdict::Shape {
                    odd: Witness::Autodiff,
                    reason,
                });
            }
            let upstream = Upstream::upload(
                &self.shapes,
                upstream,
                &self.device.clone().autodiff(),
                self.dtype,
            );
            let Some(objective) = scalar_product(&outputs, &upstream) else {
                return Ok(vec![None; self.point.len()]);
            };
            let grads = objective.backward();
            let download = |gradient: Tensor<1>| gradient.into_data().iter::<f64>().collect();
            let of = |index| values.leaf(index).grad(&grads).map(download);
            Ok((0..self.point.len()).map(of).collect())
        })?
    }

    /// The gradient by the hand-written formula, or `None` if there is none.
    pub(crate) fn manual(&self, upstream: &[Vec<f64>]) -> Result<Option<HostGradients>, Verdict> {
        let Some(vjp) = &self.case.vjp else {
            return Ok(None);
        };
        guarded(Witness::Manual, || {
            let upstream = Upstream::upload(&self.shapes, upstream, &self.device, self.dtype);
            let gradients = vjp(&self.plain, &upstream);
            for (name, _) in &gradients.entries {
                if !self
                    .point
                    .iter()
                    .any(|input| input.differentiated && input.name == *name)
                {
                    return Err(manual_shape(format!(
                        "a gradient for `{name}`, which is not a differentiated input"
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
            let all: Result<HostGradients, Verdict> = self.point.iter().map(of).collect();
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

fn check_outputs(outputs: &Outputs, dtype: DType) -> Result<(), Verdict> {
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
                "output {index} is {got:?}, its inputs are {dtype:?}: make constants with Values::tensor"
            ));
        }
    }
    Ok(())
}

/// Runs one of the case's closures; its panic becomes a verdict.
pub(crate) fn guarded<T>(odd: Witness, work: impl FnOnce() -> T) -> Result<T, Verdict> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Verdict::Panicked {
            odd,
            message: message.unwrap_or("a panic without a message").to_owned(),
        }
    })
}
