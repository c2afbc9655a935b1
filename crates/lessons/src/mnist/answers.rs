//! What the net has learnt: its first weights, and its predictions.

use anyhow::Result;
use datasets::ImageSet;
use mnist_mlp::MnistMlp;
use pages::images::{Tile, sheet};
use pages::numbers::percent;
use pages::page::Section;
use training::{Answer, Answers};

use crate::tensors::read;

/// Hidden units whose weights are shown.
const UNITS: usize = 32;
/// Digits shown with the net's predictions, and as many of its worst mistakes.
const DIGITS: usize = 10;

/// The weights of the first layer as images, each `columns` pixels wide.
pub(super) fn weights(net: &MnistMlp, columns: usize) -> Result<Section> {
    let weight = read(&net.layers[0].weight.val());
    let units = weight.dims[1];
    let tiles = Tile::of_units(&weight.values, units, columns).take(UNITS);
    let tiles = tiles.collect::<Vec<_>>();
    Ok(Section::new("What the first layer looks for")
        .text(
            "A column of W1 has one weight for each pixel: it is an image. The unit is active if there \
             is ink on red pixels and none on blue ones.",
        )
        .figure(
            "weights",
            format!(
                "Weights of the first {} of {units} units: blue negative, white 0, red positive, \
                 each unit with its own scale",
                tiles.len()
            ),
            sheet(&tiles, 8, 3.0)?,
        ))
}

/// The first test images and the worst mistakes, with the net's predictions.
pub(super) fn digits(answers: &Answers, images: &ImageSet) -> Result<Section> {
    let tile = |index: usize, answer: &Answer| {
        let predicted = format!("{} at {:.1} %", answer.class, 100.0 * answer.score);
        let caption = if answer.class == answer.truth {
            predicted
        } else {
            format!("{predicted}, is {}", answer.truth)
        };
        Tile::grey(images.image(index), images.columns(), caption)
    };
    let first = answers.rows.iter().take(DIGITS).enumerate();
    let first = first.map(|(index, answer)| tile(index, answer));
    let mistakes = answers.worst_mistakes();
    let worst = mistakes.iter().take(DIGITS);
    let worst = worst.map(|(index, answer)| tile(*index, answer));
    let worst = worst.collect::<Vec<_>>();
    let rows = answers.rows.len();
    let accuracy = (rows - mistakes.len()) as f64 / rows as f64;
    let section = Section::new("What the net predicts")
        .text(format!(
            "It classifies {} of the {rows} test images correctly.",
            percent(accuracy)
        ))
        .figure(
            "digits",
            "The first images of the test set, with the predicted class and its probability",
            sheet(&first.collect::<Vec<_>>(), 5, 3.0)?,
        );
    if worst.is_empty() {
        return Ok(section);
    }
    Ok(section.figure(
        "mistakes",
        "The mistakes with the highest probability, with the true class",
        sheet(&worst, 5, 3.0)?,
    ))
}
