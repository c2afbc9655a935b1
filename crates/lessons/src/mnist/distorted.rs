//! Training images, distorted as a run can distort them.

use anyhow::Result;
use datasets::ImageSet;
use distortions::{Distortions, Kind, Moment, Recipe};
use pages::images::{Tile, sheet};
use pages::page::Section;

/// Images shown, and the epochs for which their copies are.
const IMAGES: usize = 3;
const EPOCHS: u64 = 6;

/// The first training images, and what they become in the first epochs.
pub(super) fn distorted(images: &ImageSet, seed: u64) -> Result<Section> {
    let recipe = Recipe::new(Kind::Both, [images.rows(), images.columns()])?;
    let distortions = Distortions::new(&recipe, seed);
    let tile = |image: &[u8], caption| Tile::grey(image, images.columns(), caption);
    let tiles = (0..IMAGES.min(images.len())).flat_map(|index| {
        let (image, class) = (images.image(index), usize::from(images.label(index)));
        let original = tile(image, format!("a {class}"));
        let copies = (1..=EPOCHS).map(|epoch| {
            let row = index as u64;
            let copy = distortions.to_bytes(Moment { epoch, row }, Some(class), image);
            tile(&copy, format!("epoch {epoch}"))
        });
        let row = [original].into_iter().chain(copies);
        row.collect::<Vec<_>>()
    });
    let tiles = tiles.collect::<Vec<_>>();
    Ok(Section::new("More images than there are")
        .text(
            "A 5 that is turned a little is still a 5. `trainer --augment both` draws a rotation, a scaling, a \
             shear, a shift and a smooth field of displacements for every image, again in every epoch. The net \
             then never sees the same image twice, and has to learn what makes a 5 a 5. The net of this page \
             is trained without.",
        )
        .figure(
            "distorted",
            format!("Training images, and what becomes of them in the first {EPOCHS} epochs"),
            sheet(&tiles, 1 + EPOCHS as usize, 3.0)?,
        ))
}
