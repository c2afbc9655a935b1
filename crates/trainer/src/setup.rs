//! The backends, and the float types in which they are checked.

use anyhow::{Result, bail};
use backends::{Backend, BackendError, Hardware, Opened};
use burn::tensor::{DType, Device};
use burn_gradcheck::Target;

/// The backends that run and the ones that do not.
#[derive(Debug)]
pub struct Backends {
    /// The backends that run.
    pub opened: Vec<(Backend, Opened)>,
    /// The backends that do not, with the reason.
    pub missing: Vec<(Backend, BackendError)>,
}

/// A backend in one float type.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The backend.
    pub backend: Backend,
    /// Adapter or library, driver, and whether the adapter is software.
    pub description: String,
    /// The kind of hardware that computes.
    pub hardware: Hardware,
    /// Device, float type, and a device with f64 for the finite differences.
    pub target: Target,
}

impl Backends {
    /// Opens the named backends, or all that can run here.
    ///
    /// # Errors
    ///
    /// If a named backend cannot run, or none can.
    pub fn open(named: &[Backend]) -> Result<Self> {
        let mut opened = Vec::new();
        let mut missing = Vec::new();
        for backend in Backend::ALL {
            if !named.is_empty() && !named.contains(&backend) {
                continue;
            }
            match backend.open() {
                Ok(open) => opened.push((backend, open)),
                Err(error) if named.contains(&backend) => return Err(error.into()),
                Err(error) => missing.push((backend, error)),
            }
        }
        if opened.is_empty() {
            bail!("no backend can run here; build with `--features flex`");
        }
        Ok(Self { opened, missing })
    }

    /// The device of the first backend.
    pub fn first(&self) -> &Device {
        &self.opened[0].1.device
    }

    /// Every backend in each of its float types.
    pub fn setups(&self) -> Vec<Setup> {
        let reference = reference();
        let mut setups = Vec::new();
        for (backend, opened) in &self.opened {
            for &dtype in float_types(*backend) {
                let mut target = Target::new(opened.device.clone(), dtype);
                target.reference.clone_from(&reference);
                setups.push(Setup {
                    backend: *backend,
                    description: opened.description(),
                    hardware: opened.hardware,
                    target,
                });
            }
        }
        setups
    }
}

/// The float types to check. wgpu is checked in f32 only: some graphics drivers store and add f64, but
/// silently compute `exp` or `tanh` of it in another way.
pub fn float_types(backend: Backend) -> &'static [DType] {
    match backend {
        Backend::Ndarray | Backend::Flex => &[DType::F64, DType::F32],
        Backend::Wgpu => &[DType::F32],
    }
}

/// A device with f64 for the finite differences of a backend without it.
fn reference() -> Option<Device> {
    let backends = [Backend::Flex, Backend::Ndarray].into_iter();
    let mut opened = backends.filter_map(|backend| backend.open().ok());
    opened.next().map(|opened| opened.device)
}
