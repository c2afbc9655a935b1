//! What a distorted image costs: `cargo bench -p distortions --profile dev --bench distort`.

use distortions::{Distortions, Kind, Moment, Recipe};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

fn of_digits(kind: Kind) -> Distortions {
    let recipe = Recipe::new(kind, [28, 28]).expect("images may have this size");
    Distortions::new(&recipe, 0)
}

const KINDS: [Kind; 3] = [Kind::Affine, Kind::Elastic, Kind::Both];
const IMAGES: u64 = 1000;

#[divan::bench(args = KINDS)]
fn images(bencher: Bencher<'_, '_>, kind: Kind) {
    let distortions = of_digits(kind);
    let image: Vec<u8> = (0..784).map(|i| (i * 7 % 256) as u8).collect();
    let mut distorted = [0.0; 784];
    let mut workspace = distortions.workspace();
    bencher.counter(ItemsCount::new(IMAGES)).bench_local(|| {
        for row in 0..IMAGES {
            let moment = Moment { epoch: 1, row };
            distortions.apply(moment, None, &image, &mut distorted, &mut workspace);
        }
    });
}

#[divan::bench]
fn pool_of_fields() -> Distortions {
    of_digits(Kind::Both)
}
