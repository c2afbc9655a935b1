//! What a training step costs, next to the processor's limit: a loop of independent fused multiply-adds on
//! every thread. All take turns; the table has medians.
//!
//! `cargo bench -p fused-mlp --profile dev --bench step [-- THREADS [ROUNDS]]`

use std::hint::black_box;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::time::Instant;

use comfy_table::Table;
use fused_mlp::{Architecture, Inputs, Output, OutputUnit, Rule, Step, Targets, Trainer};
use layers::{Activation, Dropout};
use pulp::{Arch, Simd, WithSimd};

const IMAGES: usize = 4096;

/// Accumulators of the limit's loop: more than a processor starts before the first result is there.
const SUMS: usize = 16;

/// `a ← a m + m` in [`SUMS`] accumulators.
struct MultiplyAdds {
    times: u64,
}

impl WithSimd for MultiplyAdds {
    type Output = u64;

    /// Operations done: two for each number of a vector.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        let m = simd.splat_f32s(black_box(0.5));
        let mut sums = [m; SUMS];
        for _ in 0..self.times {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, m, m);
            }
        }
        black_box(sums);
        2 * self.times * (SUMS * S::F32_LANES) as u64
    }
}

/// Seconds. With one thread, those that it spent on a processor, where the system tells: what other programs
/// take does not count then.
fn clock(threads: usize) -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let on_processor = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some(1e-9 * nanoseconds)
    };
    let of_thread = (threads == 1).then(on_processor).flatten();
    of_thread.unwrap_or_else(|| START.elapsed().as_secs_f64())
}

/// Operations a second, all threads together.
fn limit(threads: usize) -> f64 {
    const TIMES: u64 = 1 << 22;
    let arch = Arch::new();
    if threads == 1 {
        let start = clock(1);
        let operations = arch.dispatch(MultiplyAdds { times: TIMES });
        return operations as f64 / (clock(1) - start);
    }
    let start = Instant::now();
    let operations = std::thread::scope(|scope| {
        let run = || arch.dispatch(MultiplyAdds { times: TIMES });
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let operations = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        operations.sum::<u64>()
    });
    operations as f64 / start.elapsed().as_secs_f64()
}

struct Contest {
    trainer: Trainer<f32>,
    threads: usize,
    batch: usize,
    order: Vec<u32>,
    next: usize,
    dropout: Dropout,
    steps: u64,
}

impl Contest {
    fn new(hidden: &[usize], batch: usize, rule: Rule, threads: usize) -> Self {
        let sizes = [&[784], hidden, &[10]].concat();
        let architecture = Architecture {
            sizes: sizes.clone(),
            hidden: vec![Activation::Relu; hidden.len()],
            output: Output::SoftmaxCrossEntropy { smoothing: 0.0 },
        };
        let trainer = Trainer::new(architecture, rule, 0.0, batch, threads);
        let mut trainer = trainer.expect("a net");
        for (layer, size) in sizes.windows(2).enumerate() {
            let scale = (6.0 / (size[0] + size[1]) as f32).sqrt();
            let noise = |i: usize| scale * (i as f32 * 12.9898).sin();
            let weights: Vec<_> = (0..size[0] * size[1]).map(noise).collect();
            let set = trainer.set_layer(layer, &weights, &vec![0.0; size[1]]);
            set.expect("the net's sizes");
        }
        Self {
            trainer,
            threads,
            batch,
            // 2731 and 4096 have no common divisor: every image once.
            order: (0..IMAGES).map(|i| (i * 2731 % IMAGES) as u32).collect(),
            next: 0,
            dropout: Dropout::NONE,
            steps: 0,
        }
    }

    /// The same with dropout of hidden units and of inputs.
    fn dropping(self, hidden: f64, input: f64) -> Self {
        let dropout = Dropout::new(hidden, input, 0).expect("probabilities");
        Self { dropout, ..self }
    }

    /// Images a second.
    fn run(&mut self, steps: usize, images: &[u8], labels: &[u8]) -> f64 {
        let (threads, pool) = (self.threads, self.trainer.pool());
        let mut run = || {
            let start = clock(threads);
            for _ in 0..steps {
                if self.next + self.batch > IMAGES {
                    self.next = 0;
                }
                let rows = &self.order[self.next..self.next + self.batch];
                self.next += self.batch;
                let inputs = Inputs::Bytes { images, rows };
                let how = Step {
                    learning_rate: 0.01,
                    clip_norm: None,
                    dropout: self.dropout.at_step(self.steps),
                };
                self.steps += 1;
                let loss = self
                    .trainer
                    .step(inputs, Targets::Labels { labels, rows }, &how);
                assert!(loss.expect("a batch").is_finite());
            }
            (steps * self.batch) as f64 / (clock(threads) - start)
        };
        if threads == 1 {
            run()
        } else {
            pool.install(run)
        }
    }

    /// Operations an image.
    fn operations(&self) -> f64 {
        let sizes = &self.trainer.architecture().sizes;
        let products = sizes.windows(2).map(|size| size[0] * size[1]);
        let all: usize = products.sum::<usize>() * 6;
        (all - 2 * sizes[0] * sizes[1]) as f64
    }
}

/// Steps of the exclusive or a second.
fn xor(steps: usize) -> f64 {
    let architecture = Architecture {
        sizes: vec![2, 4, 1],
        hidden: vec![Activation::Sigmoid],
        output: Output::HalfSquaredError {
            unit: OutputUnit::Sigmoid,
            ridge: None,
        },
    };
    let mut trainer = Trainer::<f32>::new(architecture, Rule::Sgd, 0.0, 4, 1).expect("a net");
    let set = trainer.set_layer(0, &[0.5, -0.4, 0.3, 0.9, -0.7, 0.6, 0.8, -0.2], &[0.1; 4]);
    set.expect("the net's sizes");
    let set = trainer.set_layer(1, &[0.4, -0.6, 0.7, -0.3], &[0.0]);
    set.expect("the net's sizes");
    let rows = &[0, 1, 2, 3];
    let inputs = Inputs::Floats {
        values: &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0],
        rows,
    };
    let targets = Targets::Values {
        values: &[0.0, 1.0, 1.0, 0.0],
        rows,
    };
    let how = Step {
        learning_rate: 1.0,
        clip_norm: None,
        dropout: Dropout::NONE,
    };
    let start = clock(1);
    for _ in 0..steps {
        let loss = trainer.step(inputs, targets, &how);
        assert!(loss.expect("a batch").is_finite());
    }
    steps as f64 / (clock(1) - start)
}

/// A ring somewhere near the middle of each image: a sixth of the pixels, as a digit's strokes are a fifth.
fn pixel(i: usize) -> u8 {
    let (image, x, y) = (i / 784, i % 28, i / 28 % 28);
    let (x, y) = (
        x as f32 - (11 + image % 6) as f32,
        y as f32 - (11 + image / 6 % 6) as f32,
    );
    let from_the_line = (x.hypot(y) - 4.0 - (image / 36 % 4) as f32).abs();
    (255.0 * (2.0 - from_the_line).clamp(0.0, 1.0)) as u8
}

/// The argument by which this program keeps the cores busy, and does nothing else.
const BUSY: &str = "busy";

/// Another program, with a busy thread on every core.
struct Busy(Child);

impl Busy {
    fn start(threads: usize) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let child = Command::new(program)
            .args([BUSY, &threads.to_string()])
            .spawn();
        Self(child.expect("this program can be started"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // It ends by itself if it cannot be stopped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Computes for a minute on so many threads.
fn keep_busy(threads: usize) {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let arch = Arch::new();
                while start.elapsed().as_secs() < 60 {
                    arch.dispatch(MultiplyAdds { times: 1 << 20 });
                }
            });
        }
    });
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let threads = numbers.first().copied().unwrap_or(2);
    if std::env::args().any(|argument| argument == BUSY) {
        return keep_busy(threads);
    }
    let rounds = numbers.get(1).copied().unwrap_or(15);
    let images: Vec<u8> = (0..IMAGES * 784).map(pixel).collect();
    let labels: Vec<u8> = (0..IMAGES).map(|i| (i % 10) as u8).collect();
    let momentum = Rule::Momentum { momentum: 0.9 };
    let adam = Rule::Adam {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    };
    let mut contests = [
        (
            "256-128, batch 128, SGD",
            16,
            Contest::new(&[256, 128], 128, Rule::Sgd, threads),
        ),
        (
            "256-128, batch 128, momentum",
            16,
            Contest::new(&[256, 128], 128, momentum, threads),
        ),
        (
            "256-128, batch 128, Adam",
            16,
            Contest::new(&[256, 128], 128, adam, threads),
        ),
        (
            "800-800, batch 128, SGD",
            4,
            Contest::new(&[800, 800], 128, Rule::Sgd, threads),
        ),
        (
            "800-800, batch 128, SGD, dropout 0.5",
            4,
            Contest::new(&[800, 800], 128, Rule::Sgd, threads).dropping(0.5, 0.0),
        ),
        (
            "800-800, batch 128, SGD, dropout 0.5, of inputs 0.2",
            4,
            Contest::new(&[800, 800], 128, Rule::Sgd, threads).dropping(0.5, 0.2),
        ),
        (
            "800-800, batch 1024, SGD",
            1,
            Contest::new(&[800, 800], 1024, Rule::Sgd, threads),
        ),
    ];
    let mut limits = vec![];
    let mut rates = vec![vec![]; contests.len()];
    let mut shares = vec![vec![]; contests.len()];
    let mut xors = vec![];
    let mut beside = vec![];
    for round in 0..=rounds {
        for (number, (_, steps, contest)) in contests.iter_mut().enumerate() {
            let limit = limit(threads);
            let rate = contest.run(*steps, &images, &labels);
            // The first round warms up.
            if round > 0 {
                limits.push(limit);
                rates[number].push(rate);
                shares[number].push(rate * contest.operations() / limit);
            }
        }
        xors.push(xor(20_000));
        // Time on the wall: processor time, which one thread is measured by, would not show the others.
        if threads > 1 {
            let (_, steps, contest) = &mut contests[0];
            let alone = contest.run(20 * *steps, &images, &labels);
            let busy = Busy::start(threads);
            let rate = contest.run(20 * *steps, &images, &labels);
            drop(busy);
            beside.push(100.0 * rate / alone);
        }
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header([
        "",
        "median",
        "best",
        "share of the limit, %",
        "best rate of best limit, %",
    ]);
    let best = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let most = best(&limits);
    let giga = |value: f64| format!("{:.1} GFLOP/s", value / 1e9);
    table.add_row([
        format!("limit, {threads} threads"),
        giga(median(&mut limits)),
        giga(most),
        String::new(),
        String::new(),
    ]);
    for (number, (name, _, contest)) in contests.iter().enumerate() {
        table.add_row([
            format!("{name}, images/s"),
            format!("{:.0}", median(&mut rates[number])),
            format!("{:.0}", best(&rates[number])),
            format!("{:.1}", 100.0 * median(&mut shares[number])),
            format!(
                "{:.1}",
                100.0 * best(&rates[number]) * contest.operations() / most
            ),
        ]);
    }
    table.add_row([
        "XOR 2-4-1, steps/s, 1 thread".to_owned(),
        format!("{:.0}", median(&mut xors)),
        format!("{:.0}", best(&xors)),
        String::new(),
        String::new(),
    ]);
    println!("{table}");
    if threads > 1 {
        println!(
            "next to another program with {threads} busy threads, the first net trains at {:.0} % of its rate \
             alone (median; a fair share is 50 %)",
            median(&mut beside)
        );
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
