//! How long loading all of MNIST takes: `cargo run -p datasets --example load_time`.

use std::time::Instant;

use datasets::{DatasetError, Mnist, bundled_mnist_dir};

fn main() -> Result<(), DatasetError> {
    let mut seconds = vec![];
    for _ in 0..9 {
        let started = Instant::now();
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
        seconds.push(started.elapsed().as_secs_f64());
        assert_eq!((train.len(), test.len()), (60_000, 10_000));
    }
    seconds.sort_by(f64::total_cmp);
    let (fastest, median, slowest) = (seconds[0], seconds[4], seconds[8]);
    println!("MNIST loads in {median:.3} s (median of 9; {fastest:.3} to {slowest:.3})");
    Ok(())
}
