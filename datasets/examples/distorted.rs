//! Writes a folder in MNIST's format: the training images of MNIST without those of validation, each
//! as it is and with distorted copies; as its test set the 5 000 images of validation, as they are.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use datasets::{DEFAULT_VALIDATION_FRACTION, ImageSet, Mnist, bundled_mnist_dir, distorted};

/// The seed of the split and of the distortions.
const SEED: u64 = 42;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, copies] = &arguments[..] else {
        return Err("usage: distorted FOLDER COPIES".into());
    };
    let folder = Path::new(folder);
    let copies: usize = copies.parse()?;
    fs::create_dir_all(folder)?;
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
    let (training, validation) = train.split(DEFAULT_VALIDATION_FRACTION, SEED)?;
    let (mut pixels, mut labels) = (training.pixels().to_vec(), training.labels().to_vec());
    for copy in 0..copies {
        for index in 0..training.len() {
            let stream = (copy * training.len() + index) as u64;
            pixels.extend(distorted(training.image(index), SEED, stream));
        }
        labels.extend_from_slice(training.labels());
    }
    write(folder, "train", &pixels, &labels)?;
    write(folder, "t10k", validation.pixels(), validation.labels())?;
    let all = ImageSet::new(28, 28, pixels, labels)?;
    println!("{} training images in {}", all.len(), folder.display());
    Ok(())
}

/// Writes images and labels as IDX files.
fn write(folder: &Path, name: &str, pixels: &[u8], labels: &[u8]) -> std::io::Result<()> {
    let count = (labels.len() as u32).to_be_bytes();
    let side = 28_u32.to_be_bytes();
    let images = [&[0, 0, 8, 3], &count[..], &side[..], &side[..], pixels].concat();
    fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images)?;
    let labels = [&[0, 0, 8, 1], &count[..], labels].concat();
    fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels)
}
