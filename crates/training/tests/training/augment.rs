//! Training images that are distorted: what batches hold, and that every engine learns from the same.

use backends::Backend;
use burn::tensor::{Int, Tensor};
use datasets::ImageSet;
use distortions::{Distortions, Kind, Moment, Recipe};
use training::{Augment, Batch, Choices, Engine, Examples, ModelName, Order};

use crate::agreement::assert_losses_agree;
use crate::setup::{linear, mlp, processors, train};

const SIZE: [usize; 2] = [6, 5];
const IMAGES: usize = 11;
const SEED: u64 = 4;

fn images() -> ImageSet {
    let pixels = (0..IMAGES * 30).map(|i| (i * i * 7 % 251) as u8);
    let labels = (0..IMAGES).map(|i| (i % 3) as u8);
    ImageSet::new(SIZE[0], SIZE[1], pixels.collect(), labels.collect()).expect("whole images")
}

/// Class 1 is not turned, so that a wrong class shows.
fn distortions() -> Distortions {
    let recipe = Recipe::new(Kind::Affine, SIZE).and_then(|recipe| recipe.with_rotation_of(1, 0.0));
    Distortions::new(&recipe.expect("an image"), SEED)
}

fn expected(row: usize, epoch: u64) -> Vec<f32> {
    let (images, distortions) = (images(), distortions());
    let mut values = vec![0.0; 30];
    let moment = Moment {
        epoch,
        row: row as u64,
    };
    let class = Some(usize::from(images.label(row)));
    let mut workspace = distortions.workspace();
    distortions.apply(
        moment,
        class,
        images.image(row),
        &mut values,
        &mut workspace,
    );
    values
}

fn values(batch: &Batch<Tensor<1, Int>>, part: std::ops::Range<usize>) -> Vec<f32> {
    let (x, _) = batch.part(part).expect("the images are in memory");
    x.try_into_vec_as::<f32>().expect("numbers")
}

#[test]
fn a_batch_of_an_epoch_has_the_distorted_images_of_its_rows() {
    for backend in Backend::ALL {
        let Ok(opened) = backend.open() else {
            continue;
        };
        let examples = Examples::distorted(images(), distortions(), &opened);
        for epoch in [1, 2] {
            let order = examples.order(9, SEED, epoch);
            let batch = examples.batch(&order, 2..11);
            let rows = datasets::shuffled_indices(IMAGES, SEED, epoch);
            let all = rows[2..].iter();
            let all = all
                .flat_map(|&row| expected(row as usize, epoch))
                .collect::<Vec<_>>();
            assert_eq!(values(&batch, 0..9), all, "{backend} {epoch}");
            assert_eq!(values(&batch, 5..7), all[150..210], "{backend} {epoch}");
            let stored = examples.batch(&Order::storage(epoch), 0..IMAGES);
            assert_eq!(values(&stored, 3..4), expected(3, epoch));
        }
        assert_ne!(expected(3, 1), expected(3, 2));
        // Nobody is evaluated on distorted images.
        let plain = Examples::from_images(images(), &opened);
        let same = |a: &Batch<_>, b: &Batch<_>| assert_eq!(values(a, 0..5), values(b, 0..5));
        same(&examples.first(5), &plain.first(5));
        let narrow = |examples: &Examples<_>| {
            examples
                .narrow(2, 3)
                .expect("in memory")
                .0
                .try_into_vec_as::<f32>()
        };
        assert_eq!(narrow(&examples).unwrap(), narrow(&plain).unwrap());
    }
}

/// The distorted images are the same, so the runs differ by rounding only; and they are distorted, so the runs
/// differ from one without.
#[test]
fn every_engine_learns_from_the_same_images() {
    for model in [mlp(), linear()] {
        for backend in processors() {
            let with = |engine, augment| {
                let choices = Choices {
                    engine: Some(engine),
                    backend: Some(backend),
                    epochs: Some(3),
                    augment,
                    augment_strength: augment.map(|_| 0.7),
                    ..model.clone()
                };
                train(choices)
            };
            let autodiff = with(Engine::Autodiff, Some(Augment::Both));
            for engine in [Engine::Manual, Engine::Fused] {
                let other = with(engine, Some(Augment::Both));
                assert_losses_agree(&other, &autodiff, 1e-5);
            }
            let plain = with(Engine::Fused, None);
            let change = (plain.losses()[0] / autodiff.losses()[0] - 1.0).abs();
            assert!(change > 0.01, "{change}");
            // The exact solution is that of the images as they are.
            if model.model == Some(ModelName::LinearRegression) {
                let exact = [&plain, &autodiff].map(|run| run.result().closed_form_loss);
                assert_eq!(exact[0], exact[1]);
            }
        }
    }
}
