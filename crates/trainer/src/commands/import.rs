//! `trainer import`: weights from other programs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use layers::Activation;
use programs::{Exit, Format};
use run_folder::{Config, Entry, Imported, weights};
use training::{ModelName, Settings};
use weight_exchange::{DenseStack, Layout, Precision, to_burnpack, to_safetensors};

use crate::arguments::{activation, invocation, refuse_existing};
use crate::console::Console;

/// The `device` in the configuration of a run folder that was imported.
const NO_DEVICE: &str = "none: the weights were imported";

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// File of weights: safetensors, a PyTorch state dict (.pt), or a burnpack (.bpk). Layer sizes follow
    /// from the weights.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// Layout of the weights: burn is [d_in, d_out], pytorch [d_out, d_in]; auto uses the file's
    /// metadata, its names, and how the layers fit each other, and refuses a file if none of these
    /// decides.
    #[arg(long, value_enum, default_value_t = LayoutName::Auto, value_name = "NAME")]
    layout: LayoutName,

    /// Rename a tensor, or all under a name, before layers are identified: a layer is NAME.weight and
    /// NAME.bias. Can be repeated.
    #[arg(long, value_parser = renaming, value_name = "FROM=TO")]
    map: Vec<(String, String)>,

    /// Activation of the hidden layers [default: what the file says].
    #[arg(long, value_parser = activation(), value_name = "NAME")]
    activation: Option<Activation>,

    /// Model that the layers belong to [default: what the file says, otherwise mnist-mlp].
    #[arg(long, value_enum, value_name = "NAME")]
    model: Option<ModelName>,

    /// The run folder to make. An existing folder is not changed [default: the file's name, under runs].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// Layouts of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayoutName {
    /// According to the file, its names or its sizes.
    Auto,
    /// [d_in, d_out].
    Burn,
    /// [d_out, d_in].
    Pytorch,
}

/// Makes a run folder from a file of weights.
///
/// # Errors
///
/// If the file holds no dense layers, if layout, order or activation are not clear, or if the folder
/// cannot be made or exists.
pub(crate) fn run(options: &ImportOptions) -> Result<Exit> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => {
            let stem = options.from.file_stem();
            Path::new("runs").join(stem.context("--from does not name a file; name one")?)
        }
    };
    refuse_existing(&out)?;
    let file_options = weight_exchange::ImportOptions {
        layout: match options.layout {
            LayoutName::Auto => None,
            LayoutName::Burn => Some(Layout::Burn),
            LayoutName::Pytorch => Some(Layout::Pytorch),
        },
        renames: options.map.clone(),
    };
    let weight_exchange::Imported {
        stack,
        form,
        layout,
    } = weight_exchange::read(&options.from, &file_options)
        .map_err(|error| weights::error_of(&options.from, error))?;
    let model = options.model.unwrap_or_else(|| weights::model_of(&stack));
    let activation = options.activation.or(stack.activation());
    let stack = weights::as_model(stack, model, activation)?;
    stack.inner_activation()?;
    let entry = Entry::Imported(Imported {
        from: options.from.display().to_string(),
        form: form.name().to_owned(),
        layout: layout.to_string(),
        model: model.to_string(),
        sizes: stack.sizes(),
        activation: stack.activation().map(|f| f.name().to_owned()),
        run_dir: out.display().to_string(),
    });
    write_run_folder(&out, &stack, model, &entry)?;
    Console::new(options.format, false).show(&entry)?;
    Ok(Exit::Success)
}

/// `FROM=TO`, both not empty.
fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.into(), to.into())),
        _ => Err("expected FROM=TO, for example --map fc1=layers.0".to_owned()),
    }
}

/// Makes a run folder, as a whole or not at all: it is written under another name first.
fn write_run_folder(out: &Path, stack: &DenseStack, model: ModelName, entry: &Entry) -> Result<()> {
    let config = Config::now(
        &settings(stack, model),
        &stack.sizes(),
        NO_DEVICE,
        &invocation(),
    );
    let config = format!("{}\n", serde_json::to_string_pretty(&config)?);
    let files = [
        ("config.json", config.into_bytes()),
        (
            "metrics.jsonl",
            format!("{}\n", entry.to_json()).into_bytes(),
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
            // If it cannot be removed, it stays under a name that is never read.
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
fn settings(stack: &DenseStack, model: ModelName) -> Settings {
    let mut settings = Settings::default_for(model);
    let sizes = stack.sizes();
    settings.hidden = sizes[1..sizes.len() - 1].to_vec();
    settings.activation = stack.activation().or(settings.activation);
    settings.epochs = 0;
    settings
}
