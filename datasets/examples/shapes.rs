//! Writes the shapes of MNIST's digits, which are a part of this crate.

use std::error::Error;
use std::{env, fs};

use datasets::{ClassShapes, DEFAULT_VALIDATION_FRACTION, Mnist, bundled_mnist_dir};

/// The seed of the split: the images for validation are not looked at.
const SEED: u64 = 42;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(file) = env::args().nth(1) else {
        return Err("usage: shapes FILE".into());
    };
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
    let (training, _) = train.split(DEFAULT_VALIDATION_FRACTION, SEED)?;
    fs::write(file, ClassShapes::of_images(&training).to_bytes())?;
    Ok(())
}
