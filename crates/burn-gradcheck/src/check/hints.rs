//! What to do about a panic in a case's closure.

use burn::tensor::{DType, Device};

use crate::report::{device_label, dtype_label};
use crate::verdict::{Verdict, Witness};

/// The verdict; if it is a panic, with the device, the float type and the likely remedy.
pub(super) fn explained(verdict: Verdict, device: &Device, dtype: DType) -> Verdict {
    let Verdict::Panicked { odd, message } = verdict else {
        return verdict;
    };
    let default: DType = device.settings().float_dtype.into();
    let place = format!("in {} on {}", dtype_label(dtype), device_label(device));
    let remedy = if dtype == default {
        "tensors that the function makes itself must be on the device of its inputs: make them with \
         Values::tensor, or on Values::device"
            .to_owned()
    } else {
        let own = dtype_label(default);
        let alone = match odd {
            Witness::Finite => format!("check in {own} alone with Target::alone"),
            _ => format!("check in {own}, Target::new(device, DType::{default:?}).alone()"),
        };
        format!(
            "tensors that the function makes itself are {own} there unless their type is said: make them \
             with Values::tensor, or {alone}"
        )
    };
    Verdict::Panicked {
        odd,
        message: format!("{message} ({place}; {remedy})"),
    }
}
