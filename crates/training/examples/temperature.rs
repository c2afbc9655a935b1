//! How far a temperature may leave 1 when few rows show it: the expected calibration error on images that
//! no net has seen, for several standard deviations of `ln T` before the rows are seen.
//!
//! ```console
//! cargo run -p training --example temperature -- 10
//! ```
//!
//! The number is that of the seeds.

use std::error::Error;

use backends::{Backend, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use training::{
    Answer, Choices, Engine, Event, Examples, RecordError, Recorder, Reliability, Run, Settings,
    Splits, State, read_back, temperature_near_1,
};

/// Training images, a twelfth of which are for validation.
const IMAGES: [usize; 4] = [50, 200, 1000, 5000];
const EPOCHS: [usize; 2] = [6, 15];

/// Standard deviations; 0 stands for T = 1.
const DEVIATIONS: [f64; 6] = [0.0, f64::INFINITY, 0.5, 0.35, 0.25, 0.1];

const VALIDATION_SHARE: f64 = 1.0 / 12.0;

/// Keeps the weights of the last epoch.
struct Last(Option<MnistMlp>);

impl Recorder<MnistMlp> for Last {
    fn event(&mut self, _event: &Event) -> Result<(), RecordError> {
        Ok(())
    }

    fn weights(&mut self, net: &MnistMlp) -> Result<(), RecordError> {
        self.0 = Some(net.clone());
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = std::env::args()
        .nth(1)
        .map_or(Ok(10), |seeds| seeds.parse())?;
    let opened = Backend::Flex.open()?;
    let (all, unseen) = Mnist::load(&bundled_mnist_dir())?
        .train
        .split(VALIDATION_SHARE, 0)?;
    println!("images  epochs  accuracy  calibration error for each of {DEVIATIONS:?}");
    for images in IMAGES {
        for epochs in EPOCHS {
            let mut sums = [0.0; DEVIATIONS.len() + 1];
            for seed in 0..seeds {
                let (_, some) = all.clone().split(images as f64 / all.len() as f64, seed)?;
                let figures = figures(some, &unseen, epochs, seed, &opened)?;
                sums.iter_mut()
                    .zip(figures)
                    .for_each(|(sum, figure)| *sum += figure);
            }
            let means = sums.map(|sum| format!("{:6.2}", 100.0 * sum / seeds as f64));
            println!("{images:6}  {epochs:6}  {}", means.join("  "));
        }
    }
    Ok(())
}

/// Accuracy, and the calibration error for each deviation, of a net that learned from some images.
fn figures(
    images: ImageSet,
    unseen: &ImageSet,
    epochs: usize,
    seed: u64,
    opened: &Opened,
) -> Result<[f64; DEVIATIONS.len() + 1], Box<dyn Error>> {
    let settings = Settings::resolve(&Choices {
        backend: Some(Backend::Flex),
        engine: Some(Engine::Fused),
        epochs: Some(epochs),
        seed: Some(seed),
        threads: Some(1),
        ..Choices::default()
    })?;
    let (training, validation) = images.split(VALIDATION_SHARE, seed)?;
    let labels = |images: &ImageSet| images.labels().iter().map(|&l| usize::from(l)).collect();
    let (seen, truths): (Vec<usize>, Vec<usize>) = (labels(&validation), labels(unseen));
    let upload = |images: ImageSet| Examples::from_images(images, opened);
    let splits = Splits {
        training: upload(training),
        validation: Some(upload(validation)),
        test: upload(unseen.clone()),
    };
    let net = MnistMlpConfig::new(784, settings.hidden.clone(), 10).init(seed, &opened.device)?;
    let state = State::fresh(net, &settings, &opened.device);
    let mut last = Last(None);
    Run::new(&settings, opened, &splits)?.train(state, &mut last)?;
    let net = last.0.ok_or("the run had no epoch")?;
    let shown = logits(&net, splits.validation.as_ref().ok_or("no validation set")?)?;
    let unseen = logits(&net, &splits.test)?;

    let answers = |temperature: f64| -> Vec<Answer> {
        let rows = unseen.iter().zip(&truths);
        rows.map(|(logits, &truth)| answer(logits, truth, temperature))
            .collect()
    };
    let right = answers(1.0)
        .iter()
        .filter(|row| row.class == row.truth)
        .count();
    let mut figures = [right as f64 / truths.len() as f64; DEVIATIONS.len() + 1];
    for (figure, deviation) in figures[1..].iter_mut().zip(DEVIATIONS) {
        let temperature = match deviation {
            0.0 => 1.0,
            deviation => temperature_near_1(&shown, &seen, deviation),
        };
        *figure = Reliability::new(&answers(temperature)).expected_calibration_error;
    }
    Ok(figures)
}

/// The logits of each row.
fn logits(
    net: &MnistMlp,
    rows: &Examples<Tensor<1, Int>>,
) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut logits = vec![];
    for part in rows.parts(0..rows.len(), 500) {
        let (x, _) = part?;
        let outputs = net.forward(x);
        let [_, classes] = outputs.dims();
        let values = read_back(outputs.flatten(0, 1))?;
        logits.extend(values.chunks(classes).map(<[f64]>::to_vec));
    }
    Ok(logits)
}

/// The class with the largest logit, and its probability at a temperature.
fn answer(logits: &[f64], truth: usize, temperature: f64) -> Answer {
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let exponents = logits
        .iter()
        .map(|logit| ((logit - largest) / temperature).exp());
    let class = logits
        .iter()
        .position(|&logit| logit == largest)
        .unwrap_or(0);
    Answer {
        truth,
        class,
        score: 1.0 / exponents.sum::<f64>(),
    }
}
