//! What to do about a panic in a case's closure.

use burn::tensor::{DType, Device};

use crate::report::{device_label, dtype_label};
use crate::verdict::{Verdict, Witness};

/// What a message says that is about tensors of different types or devices.
const ABOUT_TYPES: [&str; 7] = ["type", "f16", "f32", "f64", "device", "backend", "downcast"];

/// The verdict; if it is a panic, with the device and the float type and, if it is about these, the likely
/// remedy.
pub(super) fn explained(verdict: Verdict, device: &Device, dtype: DType) -> Verdict {
    let Verdict::Panicked { odd, message } = verdict else {
        return verdict;
    };
    let place = format!("in {} on {}", dtype_label(dtype), device_label(device));
    let lower = message.to_lowercase();
    let note = if ABOUT_TYPES.iter().any(|word| lower.contains(word)) {
        format!("{place}; {}", remedy(odd, device, dtype))
    } else {
        place
    };
    Verdict::Panicked {
        odd,
        message: format!("{message} ({note})"),
    }
}

fn remedy(odd: Witness, device: &Device, dtype: DType) -> String {
    let default: DType = device.settings().float_dtype.into();
    let like_inputs = "make them by Values::tensor, or like an input: Tensor::ones(shape, \
                       (&x.device(), x.dtype()))";
    if dtype == default {
        return format!(
            "tensors that the function makes itself or captures must be on the device of its inputs: \
             {like_inputs}"
        );
    }
    let own = dtype_label(default);
    let alone = match odd {
        Witness::Finite => format!("check in {own} alone with Target::alone or Gradcheck::alone"),
        _ => format!("check in {own}, Target::new(device, DType::{default:?}).alone()"),
    };
    format!(
        "tensors that the function makes itself or captures are {own} there unless their type is said: \
         {like_inputs}; or {alone}"
    )
}
