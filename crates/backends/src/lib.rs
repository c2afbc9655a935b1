#![doc = include_str!("../README.md")]

use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, Device};
use thiserror::Error;

mod burn_version;
#[cfg(feature = "remote")]
pub mod remote;
#[cfg(feature = "wgpu")]
mod wgpu;

pub use burn_version::BURN_VERSION;

/// A graphics adapter that wgpu can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// Driver and graphics API.
    pub driver: String,
    /// The kind of hardware that computes.
    pub hardware: Hardware,
}

/// The graphics adapters of this machine, of the graphics API that Burn chooses, best kind first: discrete
/// before integrated before virtual ones, software adapters last. [`Backend::open_on`] opens one by its place here.
///
/// Adapters that Burn cannot address are left out: software adapters but the first.
pub fn adapters() -> Vec<Adapter> {
    #[cfg(feature = "wgpu")]
    return wgpu::adapters();
    #[cfg(not(feature = "wgpu"))]
    vec![]
}

/// The adapter for one of several processes on this machine, by the number of the process among them from 0: they
/// take turns on the adapters of the best kind. `None` if there is none.
pub fn adapter_of_process(process: usize) -> Option<usize> {
    #[cfg(feature = "wgpu")]
    return wgpu::adapter_of_process(process);
    #[cfg(not(feature = "wgpu"))]
    {
        let _ = process;
        None
    }
}

/// A Burn backend that the programs can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `burn-ndarray`: the CPU, with matrix products from the crate `matrixmultiply`.
    Ndarray,
    /// `burn-flex`: the CPU, with matrix products from the crate `gemm`. Burn's successor to ndarray.
    Flex,
    /// `burn-wgpu`: the GPU, through Vulkan, Metal or DirectX 12.
    Wgpu,
    /// `burn-remote`: the backend of another machine, over the network; opened by the module `remote`, with
    /// the feature of that name.
    Remote,
}

/// The kind of hardware that computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// The CPU, through a backend made for it.
    Processor,
    /// A GPU.
    Graphics,
    /// A graphics driver that computes on the CPU (lavapipe, WARP): correct, and slow.
    SoftwareGraphics,
    /// Another machine's, whatever it is: like a graphics adapter, it has a memory of its own.
    Remote,
}

/// A backend that is ready to compute.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The device to create tensors on, without autodiff.
    pub device: Device,
    /// The kind of hardware that computes.
    pub hardware: Hardware,
    /// Name of the graphics adapter, or of the CPU backend's matrix-product library.
    pub name: String,
    /// Driver and graphics API; `None` for a CPU backend.
    pub driver: Option<String>,
    /// Whether the graphics adapter is driven through OpenGL, because it has no better driver.
    pub is_opengl: bool,
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
    #[error(
        "backend {backend} is not compiled in; {}build with `--features {backend}`",
        other_choice()
    )]
    NotCompiledIn {
        /// The requested backend.
        backend: Backend,
    },
    /// The backend is another machine's, which only training uses.
    #[error(
        "backend remote is for training; choose --backend {} here",
        Backend::preferred()
    )]
    OnlyForTraining,
    /// wgpu found no graphics adapter, or could not open it.
    #[error(
        "backend wgpu found no usable graphics adapter ({reason}): a Vulkan driver is missing; \
         {INSTALL_VULKAN}, or choose --backend flex"
    )]
    NoAdapter {
        /// wgpu's message, on one line.
        reason: String,
    },
    /// The chosen adapter is not there.
    #[error("there is no adapter {index}, only {there}; choose one with --device, or leave it out")]
    NoSuchAdapter {
        /// The number that was given.
        index: usize,
        /// Those that are there: `0 (one), 1 (another)`.
        there: String,
    },
    /// An adapter was chosen for a backend that has none, or for another machine's.
    #[error(
        "--device does not apply to {backend}, because no graphics adapter of this machine computes; leave it out, or \
         choose --backend wgpu"
    )]
    HasNoAdapters {
        /// The backend.
        backend: Backend,
    },
}

/// How to get a Vulkan driver.
const INSTALL_VULKAN: &str = "install one (Debian and Ubuntu: `apt-get install mesa-vulkan-drivers`, \
                              which also works without a GPU)";

/// The other choice where a backend is missing, with a final "or ": nothing if none is compiled in.
fn other_choice() -> String {
    let others = Backend::ALL.into_iter().filter(|b| b.is_compiled_in());
    let others = others.map(Backend::name).collect::<Vec<_>>().join(" or ");
    if others.is_empty() {
        others
    } else {
        format!("choose --backend {others}, or ")
    }
}

impl Backend {
    /// Every backend of this machine, in the order of every list that a user sees.
    pub const ALL: [Self; 3] = [Self::Ndarray, Self::Flex, Self::Wgpu];

    /// The backend's name, on the command line and as a cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndarray => "ndarray",
            Self::Flex => "flex",
            Self::Wgpu => "wgpu",
            Self::Remote => "remote",
        }
    }

    /// The backend for what was trained on this one: of this machine, so not the remote one.
    #[must_use]
    pub fn here(self) -> Self {
        if self == Self::Remote {
            Self::preferred()
        } else {
            self
        }
    }

    /// The backend that runs where none is chosen: the first of [`ALL`](Self::ALL) that is compiled
    /// in, or ndarray if none is.
    pub fn preferred() -> Self {
        Self::preferred_of(Self::is_compiled_in)
    }

    fn preferred_of(is_compiled_in: impl Fn(Self) -> bool) -> Self {
        let mut backends = Self::ALL.into_iter();
        backends
            .find(|&backend| is_compiled_in(backend))
            .unwrap_or(Self::Ndarray)
    }

    /// Whether this program was built with the backend.
    pub fn is_compiled_in(self) -> bool {
        match self {
            Self::Ndarray => cfg!(feature = "ndarray"),
            Self::Flex => cfg!(feature = "flex"),
            Self::Wgpu => cfg!(feature = "wgpu"),
            Self::Remote => cfg!(feature = "remote"),
        }
    }

    /// Opens the backend. A process opens each of wgpu's adapters once; later calls share it.
    ///
    /// # Errors
    ///
    /// [`BackendError::NotCompiledIn`], or [`BackendError::NoAdapter`] for wgpu on a machine
    /// without a graphics driver. [`BackendError::OnlyForTraining`] for the remote backend, which needs an
    /// address.
    pub fn open(self) -> Result<Opened, BackendError> {
        self.open_on(None)
    }

    /// Refuses an adapter that is chosen for a backend on the CPU.
    ///
    /// # Errors
    ///
    /// [`BackendError::HasNoAdapters`].
    pub fn ensure_has(self, adapter: Option<usize>) -> Result<(), BackendError> {
        match adapter {
            Some(_) if self != Self::Wgpu => Err(BackendError::HasNoAdapters { backend: self }),
            _ => Ok(()),
        }
    }

    /// As [`open`](Self::open), on the adapter at this place of [`adapters`]; without one, on the adapter that Burn
    /// prefers.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`BackendError::NoSuchAdapter`]; [`BackendError::HasNoAdapters`] for a CPU backend
    /// with an adapter.
    pub fn open_on(self, adapter: Option<usize>) -> Result<Opened, BackendError> {
        self.ensure_has(adapter)?;
        match self {
            #[cfg(feature = "ndarray")]
            Self::Ndarray => Ok(Opened::processor(ndarray_device(), "matrixmultiply")),
            #[cfg(feature = "flex")]
            Self::Flex => Ok(Opened::processor(Device::flex(), "gemm")),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => wgpu::open(adapter),
            Self::Remote if self.is_compiled_in() => Err(BackendError::OnlyForTraining),
            backend => Err(BackendError::NotCompiledIn { backend }),
        }
    }
}

#[cfg(feature = "ndarray")]
#[expect(
    deprecated,
    reason = "the project offers this backend next to flex, its successor"
)]
fn ndarray_device() -> Device {
    Device::ndarray()
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, driver, .. } = self;
        write!(f, "{name}, {driver}{}", self.hardware.remark())
    }
}

impl Hardware {
    /// What to say of it behind a name, if anything.
    fn remark(self) -> &'static str {
        match self {
            Self::SoftwareGraphics => " (software adapter)",
            Self::Processor | Self::Graphics | Self::Remote => "",
        }
    }
}

impl Opened {
    #[cfg(any(feature = "ndarray", feature = "flex"))]
    fn processor(device: Device, library: &str) -> Self {
        Self {
            device,
            hardware: Hardware::Processor,
            name: format!("processor, matrix products by {library}"),
            driver: None,
            is_opengl: false,
        }
    }

    /// The float types that the device computes in, narrowest first.
    ///
    /// f64 is never among those of a graphics adapter. Shaders have no `exp` for f64, and adapters
    /// that claim the type, such as lavapipe, return wrong values.
    pub fn float_dtypes(&self) -> Vec<DType> {
        let f64_too = (self.hardware == Hardware::Processor).then_some(DType::F64);
        [DType::F16, DType::BF16, DType::F32]
            .into_iter()
            .chain(f64_too)
            .filter(|&dtype| self.device.supports_dtype(dtype))
            .collect()
    }

    /// What to know before a long computation on this device, and what to do about it; without a first
    /// capital and a final full stop. None if there is nothing better to do.
    pub fn advice(&self) -> Option<String> {
        let name = &self.name;
        match (self.hardware, self.is_opengl) {
            (Hardware::Processor | Hardware::Remote, _) | (Hardware::Graphics, false) => None,
            (Hardware::Graphics, true) => Some(format!(
                "no Vulkan driver found: {name} runs through OpenGL, which is slower; {INSTALL_VULKAN}"
            )),
            (Hardware::SoftwareGraphics, false) => Some(format!(
                "{name} is a software adapter: its results are correct, but it is slow; flex is the \
                 fastest backend on a CPU"
            )),
            (Hardware::SoftwareGraphics, true) => Some(format!(
                "no Vulkan driver found: {name} imitates a graphics adapter through OpenGL, and its \
                 warm-up takes minutes; {INSTALL_VULKAN}, or choose --backend flex, the fastest on a CPU"
            )),
        }
    }

    /// One line for users: adapter or library, driver, and whether the adapter is software.
    pub fn description(&self) -> String {
        let driver = self.driver.iter().map(|driver| format!(", {driver}"));
        let remark = self.hardware.remark();
        format!("{}{}{remark}", self.name, driver.collect::<String>())
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
            .chain([Self::Remote])
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
        for backend in Backend::ALL.into_iter().chain([Backend::Remote]) {
            assert_eq!(backend.name().parse(), Ok(backend));
            assert!(Backend::ALL.contains(&backend.here()), "{backend}");
        }
        let error = "cuda"
            .parse::<Backend>()
            .expect_err("there is no cuda here");
        assert_eq!(
            error.to_string(),
            "unknown backend 'cuda', expected one of ndarray, flex, wgpu; use one of these names"
        );
    }

    #[test]
    fn the_preferred_backend_is_one_that_is_compiled_in() {
        use Backend::{Flex, Ndarray, Wgpu};
        for (compiled_in, preferred) in [
            (&[Ndarray, Flex, Wgpu][..], Ndarray),
            (&[Flex, Wgpu], Flex),
            (&[Wgpu], Wgpu),
            (&[], Ndarray),
        ] {
            let backend = Backend::preferred_of(|backend| compiled_in.contains(&backend));
            assert_eq!(backend, preferred, "{compiled_in:?}");
        }
    }

    #[test]
    fn an_adapter_without_vulkan_comes_with_the_package_to_install() {
        use Hardware::{Graphics, Processor, SoftwareGraphics};
        let Ok(opened) = Backend::Flex.open() else {
            return;
        };
        let advice = |hardware, is_opengl| {
            let opened = Opened {
                hardware,
                is_opengl,
                ..opened.clone()
            };
            opened.advice().unwrap_or_default()
        };
        for hardware in [Graphics, SoftwareGraphics] {
            let text = advice(hardware, true);
            assert!(
                text.contains("apt-get install mesa-vulkan-drivers"),
                "{text}"
            );
        }
        assert!(advice(SoftwareGraphics, false).contains("flex"));
        assert_eq!(advice(Graphics, false) + &advice(Processor, false), "");
    }

    #[test]
    fn every_backend_computes_or_gives_a_reason() {
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
        for adapter in [None, Some(0)] {
            assert_eq!(
                Backend::Wgpu.open_on(adapter).map(|opened| opened.name),
                Backend::Wgpu.open_on(adapter).map(|opened| opened.name)
            );
        }
    }

    #[test]
    fn each_adapter_opens_by_its_place() {
        let adapters = adapters();
        for (place, adapter) in adapters.iter().enumerate() {
            let opened = Backend::Wgpu.open_on(Some(place)).expect("it is listed");
            assert_eq!(opened.description(), adapter.to_string());
            let x = Tensor::<1>::from_data([1.0, 2.0, 3.0], &opened.device);
            assert_eq!(x.sum().into_scalar::<f32>(), 6.0, "{adapter}");
        }
        let Some(first) = adapters.first() else {
            assert_eq!(adapter_of_process(0), None);
            return;
        };
        let past = Backend::Wgpu.open_on(Some(adapters.len())).unwrap_err();
        let past = past.to_string();
        let expected = format!(
            "there is no adapter {}, only 0 ({}",
            adapters.len(),
            first.name
        );
        assert!(past.starts_with(&expected), "{past}");
    }

    #[test]
    fn a_processor_has_no_adapters() {
        for backend in [Backend::Flex, Backend::Ndarray] {
            let error = backend.open_on(Some(0)).unwrap_err().to_string();
            assert!(error.starts_with("--device does not apply to"), "{error}");
        }
    }
}
