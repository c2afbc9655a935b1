//! From a backend's name to a Burn device: the one place that knows which backends exist.
//!
//! ```
//! use backends::Backend;
//!
//! let backend = "flex".parse::<Backend>()?;
//! let opened = backend.open()?;
//! println!("{} on {}", backend, opened.description());
//! # Ok::<(), backends::BackendError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, Device};
use thiserror::Error;

#[cfg(feature = "wgpu")]
mod wgpu;

/// A Burn backend that the programs can be asked to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `burn-ndarray`: matrix products by the crate `matrixmultiply` on the processor.
    Ndarray,
    /// `burn-flex`: Burn's successor of ndarray, with products by the crate `gemm`.
    Flex,
    /// `burn-wgpu`: the graphics card through Vulkan, Metal or DirectX 12.
    Wgpu,
}

/// What kind of hardware computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// The processor, by a backend made for it.
    Processor,
    /// A graphics card.
    Graphics,
    /// A graphics driver that computes on the processor (lavapipe, WARP): right, and slow.
    SoftwareGraphics,
}

/// A backend that is ready to compute.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The device to create tensors on, without autodiff.
    pub device: Device,
    /// What computes.
    pub hardware: Hardware,
    /// Name of the adapter, or of the processor's matrix-product library.
    pub name: String,
    /// Driver and graphics API; `None` for a processor backend.
    pub driver: Option<String>,
}

/// Why a backend cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend of that name.
    #[error("unknown backend '{got}', expected one of ndarray, flex, wgpu; use one of these names")]
    Unknown {
        /// The name that was given.
        got: String,
    },
    /// The backend exists, but this program was built without it.
    #[error("backend {backend} is not compiled in; build with `--features {backend}`")]
    NotCompiledIn {
        /// The backend that was asked for.
        backend: Backend,
    },
    /// wgpu found no graphics adapter, or could not open it.
    #[error(
        "backend wgpu found no usable graphics adapter ({reason}); install a Vulkan driver \
         (Debian and Ubuntu: `apt-get install mesa-vulkan-drivers`, which also computes without \
         a graphics card), or choose `--backend flex`"
    )]
    NoAdapter {
        /// What wgpu said, on one line.
        reason: String,
    },
}

impl Backend {
    /// Every backend, in the order in which they are listed to people.
    pub const ALL: [Self; 3] = [Self::Ndarray, Self::Flex, Self::Wgpu];

    /// The name by which a backend is chosen, also the name of its cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndarray => "ndarray",
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
        }
    }

    /// Whether this program was built with the backend.
    pub fn is_compiled_in(self) -> bool {
        match self {
            Self::Ndarray => cfg!(feature = "ndarray"),
            Self::Flex => cfg!(feature = "flex"),
            Self::Wgpu => cfg!(feature = "wgpu"),
        }
    }

    /// Makes the backend ready. The adapter of wgpu is opened once in a process; later calls
    /// share it.
    ///
    /// # Errors
    ///
    /// [`BackendError::NotCompiledIn`], or [`BackendError::NoAdapter`] for wgpu on a machine
    /// without a graphics driver.
    pub fn open(self) -> Result<Opened, BackendError> {
        match self {
            #[cfg(feature = "ndarray")]
            Self::Ndarray => Ok(Opened::processor(ndarray_device(), "matrixmultiply")),
            #[cfg(feature = "flex")]
            Self::Flex => Ok(Opened::processor(Device::flex(), "gemm")),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => wgpu::open(),
            #[allow(unreachable_patterns, reason = "all three backends may be compiled in")]
            backend => Err(BackendError::NotCompiledIn { backend }),
        }
    }
}

#[cfg(feature = "ndarray")]
#[expect(
    deprecated,
    reason = "a backend the project was asked for; flex stands beside it as its successor"
)]
fn ndarray_device() -> Device {
    Device::ndarray()
}

impl Opened {
    #[cfg(any(feature = "ndarray", feature = "flex"))]
    fn processor(device: Device, library: &str) -> Self {
        Self {
            device,
            hardware: Hardware::Processor,
            name: format!("processor, matrix products by {library}"),
            driver: None,
        }
    }

    /// The float types that the device computes in, narrowest first.
    ///
    /// A graphics adapter is not asked about f64: shaders have no `exp` in it, and adapters that
    /// claim the type (lavapipe does) compute that one wrongly.
    pub fn float_dtypes(&self) -> Vec<DType> {
        let f64_too = (self.hardware == Hardware::Processor).then_some(DType::F64);
        [DType::F16, DType::BF16, DType::F32]
            .into_iter()
            .chain(f64_too)
            .filter(|&dtype| self.device.supports_dtype(dtype))
            .collect()
    }

    /// Adapter or library, driver, and whether it is software, on one line.
    pub fn description(&self) -> String {
        let driver = self.driver.iter().map(|driver| format!(", {driver}"));
        let software = match self.hardware {
            Hardware::SoftwareGraphics => " (software adapter)",
            Hardware::Processor | Hardware::Graphics => "",
        };
        format!("{}{}{software}", self.name, driver.collect::<String>())
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| BackendError::Unknown {
                got: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Tensor;

    #[test]
    fn names_parse_back_and_unknown_ones_say_what_exists() {
        for backend in Backend::ALL {
            assert_eq!(backend.name().parse(), Ok(backend));
        }
        let error = "cuda".parse::<Backend>().expect_err("cuda is not ours");
        assert_eq!(
            error.to_string(),
            "unknown backend 'cuda', expected one of ndarray, flex, wgpu; use one of these names"
        );
    }

    #[test]
    fn every_backend_computes_or_says_why_not() {
        for backend in Backend::ALL {
            match backend.open() {
                Ok(opened) => {
                    let x = Tensor::<1>::from_data([1.0, 2.0, 3.0], &opened.device);
                    assert_eq!(x.sum().into_scalar::<f32>(), 6.0, "{backend}");
                    assert!(opened.float_dtypes().contains(&DType::F32), "{backend}");
                    eprintln!("{backend}: computed on {}", opened.description());
                }
                Err(error @ BackendError::NoAdapter { .. }) => {
                    assert_eq!(backend, Backend::Wgpu);
                    let required = std::env::var_os("REQUIRE_WGPU").is_some();
                    assert!(!required, "REQUIRE_WGPU is set, but {error}");
                    eprintln!("wgpu: not run, {error}");
                }
                Err(error) => assert!(!backend.is_compiled_in(), "{error}"),
            }
        }
    }

    #[test]
    fn wgpu_opens_twice_in_one_process() {
        assert_eq!(
            Backend::Wgpu.open().map(|opened| opened.name),
            Backend::Wgpu.open().map(|opened| opened.name)
        );
    }
}
