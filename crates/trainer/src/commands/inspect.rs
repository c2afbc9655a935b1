//! `trainer inspect`: what a data set contains, before anything is trained on it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use datasets::{DataFolder, ImageFolder, ImageSet, Loading, Mnist, Treatment};
use pages::numbers::counted;
use pages::page::Table;
use pages::terminal;
use programs::{Exit, Format};
use run_folder::files::Staged;
use serde::Serialize;
use training::number::parse::at_least_one;
use training::treatment;

use super::sheet::Sheet;
use crate::arguments::{AugmentOptions, ImageOptions};
use crate::console::{Console, Shown, has_colour};

/// The seed of the distortions on a sheet.
const SEED: u64 = 0;

/// Options of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectOptions {
    /// Data set: a folder of images per class, also within train, val and test; IDX files of MNIST, EMNIST
    /// or QMNIST; CSV; .npz or .npy arrays. A folder, a file, or the start of the names of several files.
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Leave out images that cannot be read, and list them, instead of refusing the folder.
    #[arg(long)]
    skip_bad: bool,

    #[command(flatten)]
    images: ImageOptions,

    /// Write a sheet of training images to this file, a PNG with a row for each class.
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,

    #[command(flatten, next_help_heading = "Distortions on the sheet")]
    augment: AugmentOptions,

    /// Images of each class on the sheet, at least 1. With --augment, the first is a training image, and the
    /// others are what it becomes in the first epochs of a run with the seed 0.
    #[arg(long, default_value_t = 12, value_parser = at_least_one, allow_negative_numbers = true, value_name = "N")]
    samples: usize,

    /// Show one training image of each class in the terminal.
    #[arg(long)]
    show: bool,

    /// Output format: text, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// The content of a data set, as JSON.
#[derive(Debug, Serialize)]
struct Inspection {
    event: &'static str,
    data: String,
    /// "idx", "csv", "numpy" or "images".
    form: &'static str,
    rows: usize,
    columns: usize,
    classes: Vec<String>,
    train: SetLine,
    test: SetLine,
    /// The validation set, if the data have one of their own.
    validation: Option<SetLine>,
    /// Test images that also occur in the training set, pixel for pixel.
    test_images_in_training: usize,
    /// Those of them that have another class in the training set.
    of_another_class: usize,
    /// How the files were used, if they are images.
    images: Option<ImagesLine>,
    /// What was done to the data, or left out of them, where one may not expect it.
    notes: Vec<String>,
    /// Images that were left out, each with the reason.
    left_out: Vec<String>,
    /// What is probably a mistake.
    doubts: Vec<String>,
    /// The file with the sheet, if `--sheet` is given.
    sheet: Option<String>,
    #[serde(skip)]
    image_folder: Option<ImageFolder>,
}

/// One of the two sets.
#[derive(Debug, Serialize)]
struct SetLine {
    images: usize,
    /// Images of each class.
    per_class: Vec<usize>,
    /// Mean of all pixels, where 1 is full ink.
    mean: f64,
    /// Standard deviation of all pixels.
    deviation: f64,
    /// Images that repeat an earlier one of the set, pixel for pixel.
    duplicates: usize,
    /// Those of them that have another class than the one they repeat.
    duplicates_of_another_class: usize,
}

/// How a folder's images were used.
#[derive(Debug, Serialize)]
struct ImagesLine {
    held_out: usize,
    kept: usize,
    formed: usize,
    passed_over: usize,
    /// "strokes" or "plain".
    treatment: &'static str,
}

/// How a folder's images were used, in a sentence.
pub(super) fn describe(images: &ImageFolder) -> String {
    let ImageFolder {
        held_out,
        kept,
        formed,
        passed_over,
        treatment,
        is_chosen,
    } = images;
    let [rows, columns] = treatment.size();
    let size = format!("{columns}x{rows}");
    let other = match treatment {
        Treatment::Strokes => "plain",
        Treatment::Plain { .. } => "strokes",
    };
    let why = format!(" (they look so; otherwise use --images {other})");
    let parts = [
        Some(format!(
            "images taken as {}{}",
            treatment.name(),
            if *is_chosen { &why } else { "" }
        )),
        (*formed > 0).then(|| format!("{} converted to {size} grey", counted(*formed, "image"))),
        (*kept > 0).then(|| {
            format!(
                "{} already {size} grey: size and place unchanged",
                counted(*kept, "image")
            )
        }),
        (*held_out > 0).then(|| {
            format!(
                "{held_out} held out as the test set, a seventh of each class, the same in every run"
            )
        }),
        (*passed_over > 0).then(|| {
            let files = counted(*passed_over, "file");
            format!("{files} skipped: not named like an image")
        }),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A line for each thing to know before training: what was done to the data, what was left out, and
/// what is probably a mistake.
pub(super) fn remarks(data: &DataFolder) -> impl Iterator<Item = String> {
    let notes = data.notes.iter().cloned();
    let unmatched = unmatched_line(&data.unmatched);
    let doubts = found_doubts(data).into_iter();
    notes.chain(left_out_lines(&data.left_out)).chain(
        unmatched
            .into_iter()
            .chain(doubts)
            .map(|doubt| format!("warning: {doubt}")),
    )
}

/// A line about names in the class map that the data do not have, if there are such.
pub(super) fn unmatched_line(unmatched: &[String]) -> Option<String> {
    (!unmatched.is_empty()).then(|| {
        format!(
            "the class map has names that no class of the data has: {}",
            unmatched.join(", ")
        )
    })
}

/// A line for each image that was left out, after a line with their number.
pub(super) fn left_out_lines(left_out: &[String]) -> impl Iterator<Item = String> {
    let first = (!left_out.is_empty())
        .then(|| format!("warning: {} left out:", counted(left_out.len(), "image")));
    let lines = left_out.iter().map(|line| format!("  {line}"));
    first.into_iter().chain(lines)
}

/// What is probably a mistake in the data.
fn found_doubts(data: &DataFolder) -> Vec<String> {
    let images = data.image_folder.as_ref();
    let has_ink = has_ink(images.map(|images| images.treatment));
    let validation = data.validation.as_ref();
    let doubts = datasets::doubts(&data.sets, validation, &data.class_names, has_ink);
    doubts.iter().map(ToString::to_string).collect()
}

/// What is probably a mistake in images that a net is evaluated on, given what was done to them.
pub(super) fn doubts_of_test(
    images: &ImageSet,
    class_names: &[String],
    treatment: Option<Treatment>,
) -> Vec<String> {
    let doubts = datasets::doubts_of_test(images, class_names, has_ink(treatment));
    doubts.iter().map(ToString::to_string).collect()
}

/// Whether images are pen strokes, or may be.
fn has_ink(treatment: Option<Treatment>) -> bool {
    treatment.is_none_or(|treatment| treatment == Treatment::Strokes)
}

/// Shows what the data set contains.
///
/// # Errors
///
/// If it cannot be read, or the sheet cannot be written.
pub(crate) fn run(options: &InspectOptions) -> Result<Exit> {
    let AugmentOptions {
        augment,
        augment_strength,
        augment_rotation,
    } = &options.augment;
    if augment.is_some() && options.sheet.is_none() {
        bail!("--augment shows distorted images on a sheet; name its file with --sheet");
    }
    if augment.is_none() && (augment_strength.is_some() || augment_rotation.is_some()) {
        bail!("no image is distorted; say how with --augment, for example --augment both");
    }
    let ImageOptions {
        images,
        image_size,
        class_map,
    } = &options.images;
    let loading = Loading {
        treatment: treatment(*images, *image_size)?,
        class_map: class_map.clone().unwrap_or_default(),
        skip_bad: options.skip_bad,
        ..Loading::default()
    };
    let data = DataFolder::load_with(&options.data, &loading)?;
    let mut doubts = found_doubts(&data);
    let DataFolder {
        sets: Mnist { train, test },
        validation,
        class_names,
        form,
        image_folder,
        notes,
        left_out,
        unmatched,
    } = data;
    doubts.extend(unmatched_line(&unmatched));
    let in_training = test.duplicates_of(&train);
    let is_other = |d: &&datasets::Duplicate| test.label(d.index) != train.label(d.original);
    let inspection = Inspection {
        event: "inspection",
        data: options.data.display().to_string(),
        form,
        rows: train.rows(),
        columns: train.columns(),
        train: SetLine::new(&train),
        test: SetLine::new(&test),
        validation: validation.as_ref().map(SetLine::new),
        notes,
        left_out,
        doubts,
        test_images_in_training: in_training.len(),
        of_another_class: in_training.iter().filter(is_other).count(),
        images: image_folder.as_ref().map(|images| ImagesLine {
            held_out: images.held_out,
            kept: images.kept,
            formed: images.formed,
            passed_over: images.passed_over,
            treatment: images.treatment.name(),
        }),
        sheet: options
            .sheet
            .as_ref()
            .map(|file| file.display().to_string()),
        classes: class_names,
        image_folder,
    };
    if let Some(file) = &options.sheet {
        let how = options.augment.augmentation();
        let image = [train.rows(), train.columns()];
        let distortions = how.map(|how| how.distortions(image, &inspection.classes, SEED));
        let sheet = match distortions.transpose()? {
            Some(distortions) => Sheet::of_distorted(&train, options.samples, &distortions),
            None => Sheet::of(&train, options.samples),
        };
        let png = sheet.to_png()?;
        Staged::write(file, &png)
            .and_then(Staged::publish)
            .with_context(|| {
                format!(
                    "cannot write {}; name a file that you may write with --sheet",
                    file.display()
                )
            })?;
    }

    let mut console = Console::new(options.format, false);
    console.show(&inspection)?;
    if options.show {
        show_one_of_each(&train, &inspection.classes, &mut console)?;
    }
    Ok(Exit::Success)
}

impl SetLine {
    fn new(set: &ImageSet) -> Self {
        let pixels = set.pixel_statistics();
        let duplicates = set.duplicates();
        let is_other = |d: &&datasets::Duplicate| set.label(d.index) != set.label(d.original);
        Self {
            images: set.len(),
            per_class: set.class_histogram(),
            mean: pixels.mean,
            deviation: pixels.deviation,
            duplicates_of_another_class: duplicates.iter().filter(is_other).count(),
            duplicates: duplicates.len(),
        }
    }
}

impl Shown for Inspection {
    fn to_text(&self) -> String {
        let mut table = Table::new(["class", "training", "test"]);
        let rows = self.train.per_class.iter().zip(&self.test.per_class);
        for (name, (train, test)) in self.classes.iter().zip(rows) {
            table.push([name.clone(), train.to_string(), test.to_string()]);
        }
        let sets = [&self.train, &self.test];
        let both = |name: &str, figure: fn(&SetLine) -> String| {
            let [train, test] = sets.map(figure);
            [name.to_owned(), train, test]
        };
        table.push(both("all", |set| set.images.to_string()));
        table.push(both("mean", |set| format!("{:.4}", set.mean)));
        table.push(both("deviation", |set| format!("{:.4}", set.deviation)));
        table.push(both("duplicates", |set| set.duplicates.to_string()));
        table.push(both("with another class", |set| {
            set.duplicates_of_another_class.to_string()
        }));
        let validation = self.validation.iter();
        let validation = validation.map(|set| {
            let images = counted(set.images, "image");
            format!("validation set of its own: {images}\n")
        });
        let notes = self
            .notes
            .iter()
            .cloned()
            .chain(left_out_lines(&self.left_out));
        let notes = notes.map(|line| line + "\n");
        let doubts = self
            .doubts
            .iter()
            .map(|doubt| format!("\nwarning: {doubt}"));
        let sheet = self.sheet.iter().map(|file| format!("\nsheet in {file}"));
        let images = self
            .image_folder
            .iter()
            .map(|images| describe(images) + "\n");
        format!(
            "{}: images of {}x{} pixels, {} classes\n{}{}{}\n{}\n\n\
             {} found in the training set as well, {} of them with another class{}{}",
            self.data,
            self.columns,
            self.rows,
            self.classes.len(),
            images.collect::<String>(),
            validation.collect::<String>(),
            notes.collect::<String>(),
            table.to_text(),
            counted(self.test_images_in_training, "test image"),
            self.of_another_class,
            doubts.collect::<String>(),
            sheet.collect::<String>(),
        )
    }
}

/// The first training image of each class.
fn show_one_of_each(set: &ImageSet, classes: &[String], console: &mut Console) -> Result<()> {
    let colour = has_colour();
    for (label, name) in classes.iter().enumerate() {
        if let Some(index) = set.labels().iter().position(|&l| usize::from(l) == label) {
            let picture = terminal::draw(set.image(index), set.columns(), colour);
            console.text(format_args!("\nclass {name}\n{picture}"))?;
        }
    }
    Ok(())
}
