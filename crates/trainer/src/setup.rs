//! The backends of the programs that check gradients, and the float types in which they are checked.

use std::fmt;

use anyhow::{Result, bail};
use backends::{Backend, BackendError, Hardware, Opened};
use burn::tensor::{DType, Device};
use burn_gradcheck::Target;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

/// The backends that run and the ones that do not.
#[derive(Debug)]
pub struct Backends {
    /// The backends that run.
    pub opened: Vec<(Backend, Opened)>,
    /// The backends that cannot run, with the reason.
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

/// A backend that runs, or the reason why it does not: a line of the results.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "backend")]
pub struct BackendEvent {
    backend: &'static str,
    available: bool,
    device: Option<String>,
    reason: Option<String>,
}

/// A backend of this machine by its name, for a command line.
pub fn backend_argument() -> impl TypedValueParser<Value = Backend> {
    let names = Backend::ALL.map(|backend| PossibleValue::new(backend.name()));
    let remote = PossibleValue::new(Backend::Remote.name()).hide(true);
    let names = names.into_iter().chain([remote]);
    PossibleValuesParser::new(names).try_map(|name| match name.parse()? {
        Backend::Remote => Err(BackendError::OnlyForTraining),
        backend => Ok(backend),
    })
}

/// A backend of this machine or of another.
pub fn any_backend_argument() -> impl TypedValueParser<Value = Backend> {
    let all = Backend::ALL.into_iter().chain([Backend::Remote]);
    PossibleValuesParser::new(all.map(Backend::name)).try_map(|name| name.parse())
}

/// The number of a graphics adapter, for a command line.
///
/// # Errors
///
/// If it is none.
pub fn adapter_number(text: &str) -> Result<usize, String> {
    let number = text.parse();
    number.map_err(|_| "expected the number of a graphics adapter, from 0".to_owned())
}

/// Refuses an adapter that is chosen for backends on the CPU only.
///
/// # Errors
///
/// If that is so.
pub fn ensure_one_has(named: &[Backend], adapter: Option<usize>) -> Result<(), BackendError> {
    match named {
        [first, ..] if !named.contains(&Backend::Wgpu) => first.ensure_has(adapter),
        _ => Ok(()),
    }
}

impl Backends {
    /// Opens the named backends, or all that can run here; wgpu on the adapter with this number.
    ///
    /// # Errors
    ///
    /// If a named backend cannot run, or none can; if an adapter is chosen, and wgpu cannot run on it.
    pub fn open(named: &[Backend], adapter: Option<usize>) -> Result<Self> {
        ensure_one_has(named, adapter)?;
        let mut opened = Vec::new();
        let mut missing = Vec::new();
        for backend in Backend::ALL {
            if !named.is_empty() && !named.contains(&backend) {
                continue;
            }
            let adapter = adapter.filter(|_| backend == Backend::Wgpu);
            match backend.open_on(adapter) {
                Ok(open) => opened.push((backend, open)),
                Err(error) if named.contains(&backend) || adapter.is_some() => {
                    return Err(error.into());
                }
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

    /// A line for each backend, first those that run.
    pub fn events(&self) -> Vec<BackendEvent> {
        let event = |backend: &Backend, device: Option<String>, reason| BackendEvent {
            backend: backend.name(),
            available: device.is_some(),
            device,
            reason,
        };
        let opened = self.opened.iter();
        let opened = opened.map(|(backend, open)| event(backend, Some(open.description()), None));
        let missing = self.missing.iter();
        let missing = missing.map(|(backend, error)| event(backend, None, Some(error.to_string())));
        opened.chain(missing).collect()
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

impl fmt::Display for BackendEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} ", self.backend)?;
        match (&self.device, &self.reason) {
            (Some(device), _) => f.write_str(device),
            (None, Some(reason)) => write!(f, "not run: {reason}"),
            (None, None) => f.write_str("not run"),
        }
    }
}

/// The float types to check. wgpu is checked in f32 only: some graphics drivers store and add f64, but
/// silently compute `exp` or `tanh` of it in another way.
pub fn float_types(backend: Backend) -> &'static [DType] {
    match backend {
        Backend::Ndarray | Backend::Flex => &[DType::F64, DType::F32],
        Backend::Wgpu | Backend::Remote => &[DType::F32],
    }
}

/// A device with f64 for the finite differences of a backend without it.
fn reference() -> Option<Device> {
    let backends = [Backend::Flex, Backend::Ndarray].into_iter();
    let mut opened = backends.filter_map(|backend| backend.open().ok());
    opened.next().map(|opened| opened.device)
}
