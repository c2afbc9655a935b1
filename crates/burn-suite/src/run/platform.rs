//! Where the table runs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Target, Tolerance};

/// A backend in one float type.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The backend's name, as in the ledger.
    pub backend: String,
    /// Device, float type, and a device with f64 for the finite differences.
    pub target: Target,
    /// Whether shaders compute. Graphics standards allow them errors far larger than a rounding
    /// (Vulkan: 2⁻¹¹ for `sin`). So their gradients need only be within burn-gradcheck's own
    /// tolerance, and only the checks of the short selection run.
    pub by_shader: bool,
    /// Whether a CPU computes the shaders (lavapipe, WARP).
    pub is_software: bool,
}

impl Platform {
    /// Backend and float type: `flex f64`.
    pub fn name(&self) -> String {
        format!("{} {}", self.backend, self.target.dtype.name())
    }

    /// Whether the device still computes.
    pub(super) fn is_alive(&self) -> bool {
        let sum = || {
            let ones = Tensor::<1>::ones([3], (&self.target.device, self.target.dtype));
            ones.sum().into_data().iter::<f64>().sum::<f64>()
        };
        catch_unwind(AssertUnwindSafe(sum)).is_ok_and(|sum| sum == 3.0)
    }

    /// The tolerance that replaces each case's own.
    pub(super) fn tolerance(&self) -> Option<Tolerance> {
        let by_shader = self.by_shader && self.target.dtype == DType::F32;
        by_shader.then(|| Tolerance::of(DType::F32, 1)).flatten()
    }
}
