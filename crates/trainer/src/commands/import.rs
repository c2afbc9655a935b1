//! `trainer import`: weights from other programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use layers::Activation;
use pages::numbers::{counted, number, percent};
use pages::page::Table;
use programs::{Exit, Format, complain};
use run_folder::{ScaleAccuracy, ScaleCheck, ScaleSource, Weights, backend_of};
use serde::Serialize;
use training::number::parse::positive;
use training::{ImageKind, ImageSize, ModelName, treatment};
use weight_exchange::{InputScale, Layout, NormPlace};

use crate::arguments::{activation, invocation, refuse_existing};
use crate::console::{Console, Shown};

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// File of weights: safetensors, a PyTorch state dict or whole model (.pt), ONNX, or a burnpack
    /// (.bpk). Layer sizes follow from the weights.
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

    /// Mean of the normalised inputs that the net was trained on: it takes (x - MEAN) / STD of a pixel x
    /// from 0 to 1. Nearly every PyTorch example on MNIST has --input-mean 0.1307 --input-std 0.3081. It
    /// becomes part of the first layer [default: what the file says, otherwise 0].
    #[arg(long, allow_negative_numbers = true, value_name = "MEAN")]
    input_mean: Option<f64>,

    /// Standard deviation of these inputs, greater than 0 [default: what the file says, otherwise 1].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "STD")]
    input_std: Option<f64>,

    /// What was done to the images that the net was trained on, so that yours are treated alike
    /// [default: what the file says].
    #[arg(long, value_enum, value_name = "KIND")]
    images: Option<ImageKind>,

    /// Size of plain images: a side, as in 32, or columns and rows, as in 40x30, each from 1 to 1024
    /// [default: what the file says, otherwise 28x28].
    #[arg(long, allow_negative_numbers = true, value_name = "SIZE")]
    image_size: Option<ImageSize>,

    /// First print the accuracy on the test set of this data folder under the usual scales of the inputs.
    /// If another one is better than the one in use, by more than a point and more than chance explains,
    /// nothing is made, and the exit code is 1.
    #[arg(long, value_name = "DATA")]
    check: Option<PathBuf>,

    /// Where batch normalisation stands, if the file does not show it. It becomes part of the layer next
    /// to it.
    #[arg(long, value_enum, value_name = "PLACE")]
    batch_norm: Option<PlaceName>,

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

/// Places of batch normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlaceName {
    /// Between a layer and its activation.
    BeforeActivation,
    /// After the activation.
    AfterActivation,
}

impl ImportOptions {
    /// The scale of the inputs, if any part of it is given.
    fn input_scale(&self) -> Result<Option<InputScale>> {
        Ok(match (self.input_mean, self.input_std) {
            (None, None) => None,
            (mean, std) => Some(InputScale::new(mean.unwrap_or(0.0), std.unwrap_or(1.0))?),
        })
    }

    /// What the file does not say.
    fn of_file(&self) -> Result<weight_exchange::ImportOptions> {
        Ok(weight_exchange::ImportOptions {
            layout: match self.layout {
                LayoutName::Auto => None,
                LayoutName::Burn => Some(Layout::Burn),
                LayoutName::Pytorch => Some(Layout::Pytorch),
            },
            renames: self.map.clone(),
            activation: self.activation,
            input_scale: self.input_scale()?,
            norm_place: self.batch_norm.map(|place| match place {
                PlaceName::BeforeActivation => NormPlace::BeforeActivation,
                PlaceName::AfterActivation => NormPlace::AfterActivation,
            }),
        })
    }
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
    let of_file = options.of_file()?;
    let treatment = treatment(options.images, options.image_size)?;
    let console = &mut Console::new(options.format, false);
    if let Some(data) = &options.check {
        let opened = backend_of(None, None)?.open()?;
        let (from, model) = (&options.from, options.model);
        let check = ScaleCheck::of_file(from, &of_file, model, treatment, data, &opened)?;
        console.show(&ScaleCheckEvent::new(&check, data))?;
        if let Some((better, used)) = check.better() {
            let (mean, std) = (better.scale.mean(), better.scale.std());
            let remedy = match check.source {
                ScaleSource::File => format!(
                    "write the file again with input_mean = {mean} and input_std = {std} in its metadata"
                ),
                ScaleSource::Given | ScaleSource::Assumed => {
                    format!("pass --input-mean {mean} --input-std {std}")
                }
            };
            complain(format_args!(
                "the accuracy is {} with inputs of {}, but {} with {}: {remedy}; no run folder was made (to \
                 import the weights anyway, leave out --check)",
                percent(used.accuracy),
                used.scale,
                percent(better.accuracy),
                better.scale,
            ));
            return Ok(Exit::Negative);
        }
    }
    let weights = Weights::read(&options.from, &of_file, options.model)?;
    let weights = weights.with_treatment(treatment)?;
    let entry = weights.make_run_folder(&out, &invocation())?;
    console.show(&entry)?;
    Ok(Exit::Success)
}

/// Accuracies under several scales of the inputs, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "scale_check")]
struct ScaleCheckEvent {
    data: String,
    rows: usize,
    scales: Vec<ScaleLine>,
}

/// The accuracy under one scale.
#[derive(Debug, Serialize)]
struct ScaleLine {
    name: String,
    mean: f64,
    std: f64,
    accuracy: f64,
    used: bool,
}

impl ScaleCheckEvent {
    fn new(check: &ScaleCheck, data: &Path) -> Self {
        let line = |scale: &ScaleAccuracy| ScaleLine {
            name: scale.name.clone(),
            mean: scale.scale.mean(),
            std: scale.scale.std(),
            accuracy: scale.accuracy,
            used: scale.is_used,
        };
        Self {
            data: data.display().to_string(),
            rows: check.rows,
            scales: check.scales.iter().map(line).collect(),
        }
    }
}

impl Shown for ScaleCheckEvent {
    fn to_text(&self) -> String {
        let mut table = Table::new(["inputs", "mean", "deviation", "accuracy", ""]);
        for scale in &self.scales {
            table.push([
                scale.name.clone(),
                number(scale.mean),
                number(scale.std),
                percent(scale.accuracy),
                if scale.used { "used" } else { "" }.to_owned(),
            ]);
        }
        format!(
            "{} of {}\n{}",
            counted(self.rows, "test image"),
            self.data,
            table.to_text()
        )
    }
}

/// `FROM=TO`, both not empty.
fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.into(), to.into())),
        _ => Err("expected FROM=TO, for example --map fc1=layers.0".to_owned()),
    }
}
