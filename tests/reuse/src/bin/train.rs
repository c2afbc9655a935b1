//! A program of another project: trains a net with the library `training` and keeps the losses.

use datasets::ImageSet;
use mnist_mlp::MnistMlpConfig;
use training::{
    Event, Examples, ModelName, RecordError, Recorder, Run, ScheduleName, Settings, Splits, State,
};

struct Losses(Vec<f64>);

impl<N> Recorder<N> for Losses {
    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        if let Event::Epoch(epoch) = event {
            self.0.push(epoch.train_loss);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Images of three pixels, one of them bright: its position is the class.
    let pixels = [255, 9, 30, 0, 255, 70, 10, 50, 255, 255, 60, 0];
    let images = ImageSet::new(1, 3, pixels.to_vec(), vec![0, 1, 2, 0])?;
    let opened = backends::Backend::Flex.open()?;
    let mut settings = Settings::default_for(ModelName::MnistMlp);
    (settings.epochs, settings.hidden) = (60, vec![8]);
    (settings.schedule, settings.warm_up) = (ScheduleName::Constant, None);
    settings.learning_rate = 0.05;
    settings.backend = "flex".to_owned();
    let net = MnistMlpConfig::new(3, vec![8], 3).init(settings.seed, &opened.device)?;
    let state = State::fresh(net, &settings, &opened.device);
    let examples = Examples::from_images(images, &opened);
    let splits = Splits {
        training: examples.clone(),
        validation: None,
        test: examples,
    };
    let mut losses = Losses(vec![]);
    let outcome = Run::new(&settings, &opened, &splits)?.train(state, &mut losses)?;
    let (first, last) = (losses.0[0], losses.0[59]);
    println!("{outcome:?}; the loss fell from {first:.3} to {last:.3}");
    assert!(last < first / 4.0);
    Ok(())
}
