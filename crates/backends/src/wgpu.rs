//! Opens a graphics adapter before the first tensor. On a machine without one, Burn would panic on
//! a thread of its own at the first tensor, where nobody can catch it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::wgpu::wgpu::{
    AdapterInfo, Backend as GraphicsApi, DeviceType, Instance, InstanceDescriptor,
};
use burn::tensor::{Device, DeviceKind, read_sync};

use crate::{Adapter, BackendError, Hardware, Opened};

/// The graphics APIs, in the order in which Burn tries them.
const APIS: &[GraphicsApi] = if cfg!(target_os = "macos") {
    &[GraphicsApi::Metal]
} else {
    &[GraphicsApi::Vulkan, GraphicsApi::Dx12, GraphicsApi::Gl]
};

/// An adapter, and how Burn addresses it.
struct Found {
    kind: DeviceKind,
    info: AdapterInfo,
}

/// The adapters that are open. The lock also keeps threads from asking the drivers at the same time, at which
/// Vulkan's loader crashes.
type Open = BTreeMap<Option<usize>, Result<Opened, BackendError>>;

fn lock() -> MutexGuard<'static, Open> {
    static OPEN: Mutex<Open> = Mutex::new(BTreeMap::new());
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn open(place: Option<usize>) -> Result<Opened, BackendError> {
    let mut open = lock();
    open.entry(place).or_insert_with(|| find(place)).clone()
}

pub(crate) fn adapters() -> Vec<Adapter> {
    let _open = lock();
    list().into_iter().map(|found| found.info.into()).collect()
}

pub(crate) fn adapter_of_process(process: usize) -> Option<usize> {
    let _open = lock();
    turn(process, &list())
}

/// The place for a process, of those of the best kind.
fn turn(process: usize, found: &[Found]) -> Option<usize> {
    let best = &found.first()?.info;
    let is_of_that_kind = |found: &&Found| order(&found.info) == order(best);
    Some(process % found.iter().filter(is_of_that_kind).count())
}

fn find(place: Option<usize>) -> Result<Opened, BackendError> {
    let kind = match place {
        None => DeviceKind::DefaultDevice,
        Some(place) => kind_of(place, list())?,
    };
    let options = Device::wgpu_options().device_kind(kind);
    let (device, setup) = options
        .init_with_setup()
        .map_err(|error| no_adapter(&error.to_string()))?;
    let info = setup.adapter.get_info();
    let is_opengl = info.backend == GraphicsApi::Gl;
    let Adapter {
        name,
        driver,
        hardware,
    } = info.into();
    Ok(Opened {
        device,
        hardware,
        is_opengl,
        name,
        driver: Some(driver),
    })
}

/// How Burn addresses the adapter at this place.
fn kind_of(index: usize, mut found: Vec<Found>) -> Result<DeviceKind, BackendError> {
    if index < found.len() {
        return Ok(found.swap_remove(index).kind);
    }
    if found.is_empty() {
        return Err(no_adapter("no adapter found"));
    }
    let there = found.into_iter().enumerate();
    let there = there.map(|(place, found)| format!("{place} ({})", found.info.name));
    Err(BackendError::NoSuchAdapter {
        index,
        there: there.collect::<Vec<_>>().join(", "),
    })
}

fn no_adapter(reason: &str) -> BackendError {
    let words = reason.split_whitespace().collect::<Vec<_>>();
    BackendError::NoAdapter {
        reason: words.join(" "),
    }
}

/// The adapters of the graphics API that Burn chooses: the first with a GPU, or else the first with any adapter.
fn list() -> Vec<Found> {
    let mut software_only = vec![];
    for &api in APIS {
        let instance = Instance::new(InstanceDescriptor {
            backends: api.into(),
            ..InstanceDescriptor::new_without_display_handle()
        });
        let infos = read_sync(instance.enumerate_adapters(api.into()));
        let infos = infos.iter().map(|adapter| adapter.get_info());
        let infos = infos.collect::<Vec<_>>();
        if infos.iter().any(|info| info.device_type != DeviceType::Cpu) {
            return addressable(infos);
        }
        if software_only.is_empty() {
            software_only = infos;
        }
    }
    addressable(software_only)
}

/// The adapters that Burn can address, best kind first. It counts those of each kind for themselves, knows one
/// software adapter, and one of an unknown kind only if it prefers that to all others.
fn addressable(mut infos: Vec<AdapterInfo>) -> Vec<Found> {
    infos.sort_by_key(order);
    let mut counts = BTreeMap::<u8, usize>::new();
    let found = infos.into_iter().enumerate().filter_map(|(place, info)| {
        let count = counts.entry(order(&info)).or_default();
        let index = *count;
        *count += 1;
        let kind = match info.device_type {
            DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu(index),
            DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu(index),
            DeviceType::VirtualGpu => DeviceKind::VirtualGpu(index),
            DeviceType::Cpu if index == 0 => DeviceKind::Cpu,
            DeviceType::Other if place == 0 => DeviceKind::DefaultDevice,
            DeviceType::Cpu | DeviceType::Other => return None,
        };
        Some(Found { kind, info })
    });
    found.collect()
}

/// The order in which wgpu prefers kinds of adapters, where it is to choose a fast one.
fn order(info: &AdapterInfo) -> u8 {
    match info.device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::Other => 2,
        DeviceType::VirtualGpu => 3,
        DeviceType::Cpu => 4,
    }
}

impl From<AdapterInfo> for Adapter {
    fn from(info: AdapterInfo) -> Self {
        let driver = [info.driver, info.driver_info, info.backend.to_string()];
        let driver = driver.into_iter().filter(|part| !part.is_empty());
        Self {
            name: info.name,
            driver: driver.collect::<Vec<_>>().join(", "),
            hardware: match info.device_type {
                DeviceType::Cpu => Hardware::SoftwareGraphics,
                _ => Hardware::Graphics,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(types: &[DeviceType]) -> Vec<Found> {
        let infos = types.iter().enumerate().map(|(number, device_type)| {
            let mut info = AdapterInfo::new(*device_type, GraphicsApi::Vulkan);
            info.name = format!("number {number}");
            info
        });
        addressable(infos.collect())
    }

    #[test]
    fn adapters_are_addressed_by_kind_and_number() {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        let addresses = |types| {
            let found = found(types).into_iter();
            let pairs = found.map(|found| (found.info.name, found.kind));
            pairs.collect::<Vec<_>>()
        };
        let at = |number, kind| (format!("number {number}"), kind);
        assert_eq!(
            addresses(&[
                Cpu,
                IntegratedGpu,
                DiscreteGpu,
                VirtualGpu,
                Cpu,
                DiscreteGpu,
                Other
            ]),
            [
                at(2, DeviceKind::DiscreteGpu(0)),
                at(5, DeviceKind::DiscreteGpu(1)),
                at(1, DeviceKind::IntegratedGpu(0)),
                at(3, DeviceKind::VirtualGpu(0)),
                at(0, DeviceKind::Cpu),
            ]
        );
        assert_eq!(
            addresses(&[Cpu, Other, Other]),
            [at(1, DeviceKind::DefaultDevice), at(0, DeviceKind::Cpu)]
        );
        assert_eq!(addresses(&[]), []);
    }

    #[test]
    fn processes_take_turns_on_the_best_kind() {
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu};
        let three = found(&[Cpu, DiscreteGpu, IntegratedGpu, DiscreteGpu]);
        let places = [0, 1, 2, 3].map(|process| turn(process, &three));
        assert_eq!(places, [0, 1, 0, 1].map(Some));
        assert_eq!(turn(5, &found(&[Cpu, Cpu])), Some(0));
        assert_eq!(turn(5, &[]), None);
    }

    #[test]
    fn an_adapter_that_is_not_there_comes_with_those_that_are() {
        let error = kind_of(
            2,
            found(&[DeviceType::DiscreteGpu, DeviceType::IntegratedGpu]),
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no adapter 2, only 0 (number 0), 1 (number 1); choose one with --device, or leave it out"
        );
    }
}
