//! `trainer export` and `trainer import`: weights to other programs and from them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgGroup, Args, Parser, ValueEnum};
use layers::Activation;
use serde::Serialize;
use weight_exchange::{
    DenseStack, ImportOptions as FileOptions, Imported, Layout, Precision, to_burnpack, to_onnx,
    to_safetensors,
};

use crate::Exit;
use crate::cli::{Cli, Format, ModelName, activation, value_name};
use crate::files::Staged;
use crate::output::{Console, Event, Imported as ImportedEvent};
use crate::run_folder::Config;
use crate::saved_run::SavedRun;
use crate::settings::Settings;
use crate::weights;

/// What `device` says in the configuration of a run folder that nothing was computed for.
const NO_DEVICE: &str = "none: the weights were imported";

/// Options of `export`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("net").required(true).args(["run", "weights"]))]
pub(crate) struct ExportOptions {
    /// Run folder whose weights are written.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,

    /// File whose weights are written instead: safetensors, a burnpack, or the word "pretrained" for
    /// the net that this program brings. (import makes a run folder of PyTorch's.)
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Form of the file.
    #[arg(long, value_enum, value_name = "FORM")]
    to: Target,

    /// The file to write. One that exists is not replaced.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Type of the numbers: f16 halves the file. Not for onnx and burnpack.
    #[arg(long, value_enum, default_value_t = Dtype::F32, value_name = "TYPE")]
    dtype: Dtype,

    /// Form of what is said: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// Forms that weights are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// File of weights: safetensors, a PyTorch state dict (.pt), or a burnpack (.bpk). Sizes are
    /// those of the weights.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// Which way the weights lie: burn is [d_in, d_out], pytorch [d_out, d_in]; auto goes by what
    /// the file says, by its names, and by which way the layers fit each other, and refuses a file
    /// for which none of these decides.
    #[arg(long, value_enum, default_value_t = LayoutName::Auto, value_name = "NAME")]
    layout: LayoutName,

    /// Another name for a tensor or for all under a name, before layers are looked for: a layer is
    /// NAME.weight and NAME.bias. Can be given several times.
    #[arg(long, value_parser = renaming, value_name = "FROM=TO")]
    map: Vec<(String, String)>,

    /// Activation of the hidden layers [default: what the file says].
    #[arg(long, value_parser = activation(), value_name = "NAME")]
    activation: Option<Activation>,

    /// Which net the layers are of [default: what the file says, or else mnist-mlp].
    #[arg(long, value_enum, value_name = "NAME")]
    model: Option<ModelName>,

    /// The run folder to make. One that exists is not touched [default: the file's name, under
    /// runs].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Form of what is said: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// Which way weights lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayoutName {
    /// Whichever the file, its names or its sizes tell.
    Auto,
    /// [d_in, d_out].
    Burn,
    /// [d_out, d_in].
    Pytorch,
}

/// A file of weights was written.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "exported")]
struct Exported {
    model: String,
    sizes: Vec<usize>,
    activation: Option<String>,
    form: String,
    dtype: String,
    bytes: usize,
    out: String,
}

impl Exported {
    fn to_text(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        let activation = self.activation.iter().map(|name| format!(", {name}"));
        format!(
            "{} {}{} as {} in {}, {} bytes\nkept in {}",
            self.model,
            sizes.join("-"),
            activation.collect::<String>(),
            self.form,
            self.dtype,
            self.bytes,
            self.out,
        )
    }
}

/// Writes the weights of a run or of a file in another form.
///
/// # Errors
///
/// If there are no such weights, or the file cannot be written or exists.
pub(crate) fn export(options: &ExportOptions) -> Result<Exit> {
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
    let stack = match (&options.run, &options.weights) {
        (Some(run), _) => weights::of_run(&SavedRun::open(run)?)?,
        (None, file) => {
            let file = file
                .as_ref()
                .context("give --run FOLDER or --weights FILE")?;
            weights::read(file)?
        }
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
    let exported = Exported {
        model: value_name(weights::model(&stack)),
        sizes: stack.sizes(),
        activation: activation_name(&stack),
        form: value_name(*to),
        dtype: value_name(*dtype),
        bytes: bytes.len(),
        out: out.display().to_string(),
    };
    let line = match options.format {
        Format::Text => exported.to_text(),
        Format::Json => serde_json::to_string(&exported)?,
    };
    Console::new(options.format, false).print(&line)?;
    Ok(Exit::Success)
}

/// Makes a run folder of a file of weights.
///
/// # Errors
///
/// If the file holds no dense layers, if layout, order or activation are not clear, or if the folder
/// cannot be made or exists.
pub(crate) fn import(options: &ImportOptions) -> Result<Exit> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => {
            let stem = options.from.file_stem();
            Path::new("runs").join(stem.context("--from names no file; name one")?)
        }
    };
    refuse_existing(&out)?;
    let file_options = FileOptions {
        layout: match options.layout {
            LayoutName::Auto => None,
            LayoutName::Burn => Some(Layout::Burn),
            LayoutName::Pytorch => Some(Layout::Pytorch),
        },
        renames: options.map.clone(),
    };
    let Imported {
        stack,
        form,
        layout,
    } = weight_exchange::read(&options.from, &file_options)
        .map_err(|error| weights::error_of(&options.from, error))?;
    let model = options.model.unwrap_or_else(|| weights::model(&stack));
    let activation = options.activation.or(stack.activation());
    let stack = weights::as_model(stack, model, activation)?;
    stack.inner_activation()?;
    let event = Event::Imported(ImportedEvent {
        from: options.from.display().to_string(),
        form: form.name().to_owned(),
        layout: layout.to_string(),
        model: value_name(model),
        sizes: stack.sizes(),
        activation: activation_name(&stack),
        run_dir: out.display().to_string(),
    });
    write_run_folder(&out, &stack, model, &event)?;
    Console::new(options.format, false).say(&event)?;
    Ok(Exit::Success)
}

/// `FROM=TO`, both not empty.
fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.into(), to.into())),
        _ => Err("expected FROM=TO, for example --map fc1=layers.0".to_owned()),
    }
}

fn refuse_existing(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => bail!(
            "{} exists; name another with --out, or delete it first",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(anyhow!(
            "cannot write {}: {error}; name another with --out",
            path.display()
        )),
    }
}

fn activation_name(stack: &DenseStack) -> Option<String> {
    stack
        .activation()
        .map(|activation| activation.name().to_owned())
}

/// Makes a run folder, as a whole or not at all: it is written under another name first.
fn write_run_folder(out: &Path, stack: &DenseStack, model: ModelName, event: &Event) -> Result<()> {
    let config = Config::now(&settings(stack, model)?, &stack.sizes(), NO_DEVICE);
    let config = format!("{}\n", serde_json::to_string_pretty(&config)?);
    let files = [
        ("config.json", config.into_bytes()),
        (
            "metrics.jsonl",
            format!("{}\n", event.to_json()).into_bytes(),
        ),
        ("model.bpk", to_burnpack(stack)?),
        (
            "model.safetensors",
            to_safetensors(stack, Layout::Burn, Precision::F32)?,
        ),
    ];
    let mut unfinished = out.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let made = make_folder(&unfinished).and_then(|()| {
        let written = write_files(&unfinished, &files).and_then(|()| fs::rename(&unfinished, out));
        if written.is_err() {
            // What cannot be removed is only a leftover under a name that nobody reads.
            let _ = fs::remove_dir_all(&unfinished);
        }
        written
    });
    made.with_context(|| {
        format!(
            "cannot make run folder {}; name one in a folder that you may write to with --out",
            out.display()
        )
    })
}

fn make_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(path)
}

fn write_files(folder: &Path, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
    for (name, bytes) in files {
        let mut file = File::create_new(folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// The settings of a run that has not trained: what the net is, and defaults.
fn settings(stack: &DenseStack, model: ModelName) -> Result<Settings> {
    let defaults = Cli::try_parse_from(["trainer", "--model", &value_name(model)])?;
    let mut settings = Settings::resolve(&defaults.options)?;
    let sizes = stack.sizes();
    settings.hidden = sizes[1..sizes.len() - 1].to_vec();
    settings.activation = stack.activation().or(settings.activation);
    settings.epochs = 0;
    Ok(settings)
}
