//! Images that stay in their file: a run is the same to the bit, wherever its rows come from.

use std::fs;

use backends::Backend;
use burn::tensor::{Int, Tensor};
use datasets::ImageSet;
use mnist_mlp::MnistMlpConfig;
use training::{Augment, Batch, Choices, Engine, Examples, Run, Settings, Splits, State};

use crate::memory::Memory;
use crate::setup::{ENGINES, in_file, linear, mlp, processors, train};
use crate::wgpu::wgpu_runs_here;

#[track_caller]
fn assert_same(choices: Choices) {
    let [kept, read] = [false, true].map(|data_in_file| {
        let choices = Choices {
            data_in_file,
            ..choices.clone()
        };
        train(choices)
    });
    assert_eq!(kept.numbers(), read.numbers());
    assert_eq!(kept.weights, read.weights);
    assert_eq!(kept.result().temperature, read.result().temperature);
}

#[test]
fn a_run_is_the_same_with_every_engine() {
    for backend in processors() {
        for model in [mlp(), linear()] {
            for &engine in ENGINES {
                for augment in [None, Some(Augment::Affine)] {
                    assert_same(Choices {
                        engine: Some(engine),
                        backend: Some(backend),
                        epochs: Some(2),
                        threads: Some(2),
                        // Linear regression has none otherwise.
                        validation_fraction: Some(0.25),
                        augment,
                        ..model.clone()
                    });
                }
            }
        }
    }
}

#[test]
fn a_graphics_adapter_gets_each_batch() {
    if !wgpu_runs_here() {
        return;
    }
    assert_same(Choices {
        backend: Some(Backend::Wgpu),
        engine: Some(Engine::Manual),
        epochs: Some(1),
        ..mlp()
    });
}

#[test]
fn a_batch_has_the_images_of_its_rows() {
    let images = ImageSet::new(1, 2, (0..20).collect(), vec![0; 10]).expect("whole images");
    let opened = Backend::Flex.open().expect("flex runs everywhere");
    let kept = Examples::from_images(images.clone(), &opened);
    let read = Examples::in_file(in_file(&images, |_| {}), None, &opened);
    let values = |(x, _): (Tensor<2>, _)| x.try_into_vec_as::<f32>().expect("numbers");
    let of = |batch: Batch<Tensor<1, Int>>| {
        [0..6, 2..3].map(|part| values(batch.part(part).expect("the file is there")))
    };
    let order = kept.order(6, 1, 1);
    assert_eq!(
        of(kept.batch(&order, 3..9)),
        of(read.batch(&read.order(6, 1, 1), 3..9))
    );
    assert_eq!(of(kept.first(7)), of(read.first(7)));
    let narrow = |examples: &Examples<_>| values(examples.narrow(8, 2).expect("it is there"));
    assert_eq!(narrow(&kept), narrow(&read));
    // No pixel is in memory, only the labels.
    assert_eq!((kept.bytes(), read.bytes()), (20 + 10, 10));
}

/// With every engine, in a step and in an evaluation.
#[test]
fn a_file_that_has_become_shorter_ends_the_run() {
    let images = ImageSet::new(1, 2, (0..20).collect(), vec![0; 10]).expect("whole images");
    let shortened = || {
        in_file(&images, |path| {
            let file = fs::OpenOptions::new().write(true).open(path);
            let shortened = file.and_then(|file| file.set_len(30));
            shortened.expect("the file is ours");
        })
    };
    let opened = Backend::Flex.open().expect("flex runs everywhere");
    let whole = || Examples::from_images(images.clone(), &opened);
    let cut = || Examples::in_file(shortened(), None, &opened);
    for (training, validation) in [(cut(), whole()), (whole(), cut())] {
        let splits = Splits {
            training,
            validation: Some(validation),
            test: whole(),
        };
        for &engine in ENGINES {
            let settings = Settings::resolve(&Choices {
                engine: Some(engine),
                ..mlp()
            });
            let settings = settings.expect("legal choices");
            let net = MnistMlpConfig::new(2, vec![3], 1).init(0, &opened.device);
            let state = State::fresh(net.expect("legal sizes"), &settings, &opened.device);
            let run = Run::new(&settings, &opened, &splits).expect("legal settings");
            let error = run.train(state, &mut Memory::default()).map(|_| ());
            let error = error.expect_err("no image is whole").to_string();
            assert!(
                error.contains("expected 36 bytes, as at the start, got 30"),
                "{error}"
            );
        }
    }
}
