//! Opens the graphics adapter before the first tensor. On a machine without one, Burn would panic on
//! a thread of its own at the first tensor, where nobody can catch it.

use std::sync::OnceLock;

use burn::tensor::Device;
use burn::tensor::wgpu::wgpu::{Backend as GraphicsApi, DeviceType};

use crate::{BackendError, Hardware, Opened};

pub(crate) fn open() -> Result<Opened, BackendError> {
    static OPENED: OnceLock<Result<Opened, BackendError>> = OnceLock::new();
    OPENED.get_or_init(find).clone()
}

fn find() -> Result<Opened, BackendError> {
    let (device, setup) =
        Device::wgpu_options()
            .init_with_setup()
            .map_err(|error| BackendError::NoAdapter {
                reason: one_line(&error.to_string()),
            })?;
    let info = setup.adapter.get_info();
    Ok(Opened {
        device,
        hardware: match info.device_type {
            DeviceType::Cpu => Hardware::SoftwareGraphics,
            _ => Hardware::Graphics,
        },
        is_opengl: info.backend == GraphicsApi::Gl,
        name: info.name,
        driver: Some(
            [info.driver, info.driver_info, info.backend.to_string()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        ),
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
