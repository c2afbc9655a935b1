//! How many digits some nets read wrongly: those of `drawn-digits` with the held-out seeds, and MNIST's test images.
//!
//! ```console
//! cargo run -p trainer --example drawn -- pretrained runs/NAME/weights.safetensors
//! ```
//!
//! The nets are weight files as for `trainer predict --weights`; `pretrained` is the bundled net.

use std::env;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use backends::{Backend, Opened};
use comfy_table::Table;
use datasets::{ImageSet, Mnist, Picture, bundled_mnist_dir};
use drawn_digits::{HELD_OUT_SEEDS, STYLES, draw};
use rayon::prelude::*;
use run_folder::weights;
use training::{AnyNet, Examples};

/// Rows and columns of MNIST's images.
const SIDE: usize = 28;

fn main() -> Result<()> {
    let nets: Vec<String> = env::args().skip(1).collect();
    ensure!(
        !nets.is_empty(),
        "expected weight files, or pretrained for the bundled net; got none"
    );
    let opened = Backend::Flex.open()?;
    let sets = [
        ("drawn digits", drawn(&HELD_OUT_SEEDS)?),
        ("MNIST's test set", Mnist::load(&bundled_mnist_dir())?.test),
    ];
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    let headings = sets.iter().map(|(name, _)| (*name).to_owned());
    table.set_header(["wrong answers".to_owned()].into_iter().chain(headings));
    for name in nets {
        let net = weights::load(Path::new(&name), &opened.device)?;
        let mut row = vec![name];
        for (_, images) in &sets {
            row.push(format!(
                "{} of {}",
                wrong(&net, images, &opened)?,
                images.len()
            ));
        }
        table.add_row(row);
    }
    println!("{table}");
    Ok(())
}

/// The digits of some seeds, in MNIST's format.
///
/// # Errors
///
/// If a picture has no figure.
fn drawn(seeds: &[u64]) -> Result<ImageSet> {
    let digits: Vec<(u64, usize, u8)> = seeds
        .iter()
        .flat_map(|&seed| (0..STYLES).map(move |style| (seed, style)))
        .flat_map(|(seed, style)| (0..10).map(move |digit| (seed, style, digit)))
        .collect();
    let pixels = digits.par_iter().map(|&(seed, style, digit)| {
        let name = format!("digit {digit} in style {style} of seed {seed}");
        let picture = Picture::decode(&draw(style, digit, seed).file(), Path::new(&name))?;
        Ok(picture.mnist_form()?.pixels)
    });
    let pixels = pixels.collect::<Result<Vec<_>>>()?.concat();
    let labels = digits.iter().map(|&(_, _, digit)| digit).collect();
    Ok(ImageSet::new(SIDE, SIDE, pixels, labels)?)
}

/// How many of the images a net reads wrongly.
///
/// # Errors
///
/// If the net does not classify images of MNIST's size, or the device fails.
fn wrong(net: &AnyNet, images: &ImageSet, opened: &Opened) -> Result<usize> {
    let inputs = net.sizes()[0];
    let AnyNet::MnistMlp(net) = net else {
        bail!("expected a net mnist-mlp, got another model");
    };
    ensure!(
        inputs == SIDE * SIDE,
        "expected a net with {} inputs, got {inputs}",
        SIDE * SIDE
    );
    let (x, _) = Examples::from_images(images.clone(), opened).narrow(0, images.len())?;
    let classes = net.predict(x).classes.try_into_vec_as::<i64>();
    let classes = classes.map_err(training::TrainingError::device)?;
    let pairs = classes.into_iter().zip(images.labels());
    Ok(pairs
        .filter(|&(class, &label)| class != i64::from(label))
        .count())
}
