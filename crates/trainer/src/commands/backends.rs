//! `trainer backends`: what can run here.

use anyhow::Result;
use backends::{Adapter, Backend, Hardware, Opened, adapters};
use clap::Args;
use programs::{Exit, Format};
use serde::Serialize;

use crate::console::{Console, Shown};

/// Options of `backends`.
#[derive(Debug, Args)]
pub(crate) struct BackendsOptions {
    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// Whether a backend can run here.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "backend")]
struct BackendLine {
    backend: &'static str,
    available: bool,
    device: Option<String>,
    driver: Option<String>,
    software: Option<bool>,
    dtypes: Vec<&'static str>,
    reason: Option<String>,
    /// The adapters that `--device` chooses from.
    devices: Vec<String>,
    /// What would make the backend faster here.
    advice: Option<String>,
}

/// Lists the backends.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn run(options: &BackendsOptions) -> Result<Exit> {
    let mut console = Console::new(options.format, false);
    for backend in Backend::ALL {
        console.show(&BackendLine::of(backend))?;
    }
    Ok(Exit::Success)
}

impl BackendLine {
    fn of(backend: Backend) -> Self {
        let (opened, reason) = match backend.open() {
            Ok(opened) => (Some(opened), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let opened = opened.as_ref();
        let dtypes = opened.map(|opened| opened.float_dtypes());
        Self {
            backend: backend.name(),
            available: opened.is_some(),
            device: opened.map(|opened| opened.name.clone()),
            driver: opened.and_then(|opened| opened.driver.clone()),
            software: opened.map(|opened| opened.hardware == Hardware::SoftwareGraphics),
            dtypes: dtypes.iter().flatten().map(|dtype| dtype.name()).collect(),
            reason,
            devices: match backend {
                Backend::Wgpu => adapters().iter().map(Adapter::to_string).collect(),
                Backend::Ndarray | Backend::Flex | Backend::Remote => vec![],
            },
            advice: opened.and_then(Opened::advice),
        }
    }
}

impl Shown for BackendLine {
    fn to_text(&self) -> String {
        let name = self.backend;
        let Some(device) = &self.device else {
            let reason = self.reason.as_deref().unwrap_or("unknown");
            return format!("{name:<8} missing  {reason}");
        };
        let driver = self.driver.iter().map(|driver| format!(", {driver}"));
        let advice = self.advice.iter();
        let advice = advice.map(|advice| format!(" ({advice})"));
        let devices = self.devices.iter().enumerate();
        let devices =
            devices.map(|(place, device)| format!("\n         --device {place}: {device}"));
        format!(
            "{name:<8} ready    {device}{}; {}{}{}",
            driver.collect::<String>(),
            self.dtypes.join(", "),
            advice.collect::<String>(),
            devices.collect::<String>(),
        )
    }
}
