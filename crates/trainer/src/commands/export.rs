//! `trainer export`: weights for other programs.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args, ValueEnum};
use programs::{Exit, Format};
use run_folder::files::Staged;
use run_folder::{SavedRun, weights};
use serde::Serialize;
use training::ModelName;
use weight_exchange::{Layout, Precision, to_burnpack, to_onnx, to_safetensors};

use crate::arguments::{NetOptions, refuse_existing};
use crate::console::{Console, Shown, layer_sizes};

/// Options of `export`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("net").required(true).args(["run", "weights"]))]
pub(crate) struct ExportOptions {
    #[command(flatten)]
    net: NetOptions,

    /// Format of the file.
    #[arg(long, value_enum, value_name = "FORM")]
    to: Target,

    /// The file to write. An existing file is not replaced.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Type of the numbers: f16 halves the file. Not for onnx and burnpack.
    #[arg(long, value_enum, default_value_t = Dtype::F32, value_name = "TYPE")]
    dtype: Dtype,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// Formats of weight files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Target {
    /// Weights [d_in, d_out] under the names of Burn's modules.
    Safetensors,
    /// Weights [d_out, d_in] under the names of a torch.nn.Sequential.
    PytorchSafetensors,
    /// A model of Gemm and activation nodes that gives logits; operator set 13.
    Onnx,
    /// Burn's record, as model.bpk in a run folder.
    Burnpack,
}

/// Types of the numbers in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Dtype {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
}

/// A weight file was written.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "exported")]
struct Exported {
    model: ModelName,
    sizes: Vec<usize>,
    activation: Option<&'static str>,
    form: Target,
    dtype: Dtype,
    bytes: usize,
    out: String,
}

impl Shown for Exported {
    fn to_text(&self) -> String {
        let activation = self.activation.iter().map(|name| format!(", {name}"));
        format!(
            "{} {}{} as {} in {}, {} bytes\nkept in {}",
            self.model,
            layer_sizes(&self.sizes),
            activation.collect::<String>(),
            value_name(self.form),
            value_name(self.dtype),
            self.bytes,
            self.out,
        )
    }
}

/// Writes the weights of a run or of a file in another format.
///
/// # Errors
///
/// If there are no such weights, or the file cannot be written or exists.
pub(crate) fn run(options: &ExportOptions) -> Result<Exit> {
    let ExportOptions { to, out, dtype, .. } = options;
    let precision = match dtype {
        Dtype::F32 => Precision::F32,
        Dtype::F16 => Precision::F16,
    };
    if *dtype == Dtype::F16 && matches!(to, Target::Onnx | Target::Burnpack) {
        bail!(
            "--dtype f16 does not apply to {}; leave it out, or choose safetensors",
            value_name(*to)
        );
    }
    refuse_existing(out)?;
    let stack = match (&options.net.run, &options.net.weights) {
        (Some(run), _) => weights::of_run(&SavedRun::open(run)?)?,
        (None, Some(file)) => weights::read(file)?,
        (None, None) => bail!("no net given; use --run FOLDER or --weights FILE"),
    };
    let bytes = match to {
        Target::Safetensors => to_safetensors(&stack, Layout::Burn, precision)?,
        Target::PytorchSafetensors => to_safetensors(&stack, Layout::Pytorch, precision)?,
        Target::Onnx => to_onnx(&stack)?,
        Target::Burnpack => to_burnpack(&stack)?,
    };
    Staged::write(out, &bytes)
        .and_then(Staged::publish)
        .with_context(|| {
            format!(
                "cannot write {}; name a file in a folder that you may write to with --out",
                out.display()
            )
        })?;
    Console::new(options.format, false).show(&Exported {
        model: weights::model_of(&stack),
        sizes: stack.sizes(),
        activation: stack.activation().map(|activation| activation.name()),
        form: *to,
        dtype: *dtype,
        bytes: bytes.len(),
        out: out.display().to_string(),
    })?;
    Ok(Exit::Success)
}

/// The name of a value on the command line.
fn value_name(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or(String::new(), |value| value.get_name().to_owned())
}
