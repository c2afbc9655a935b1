//! What distorted training images cost: steps of the fused engine with and without them, in turns. The table has
//! medians over the rounds, and the part of the rate without distortions that is lost, taken round by round.
//!
//! `cargo bench -p trainer --profile dev --bench augment [-- THREADS [ROUNDS]]`

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use backends::{Backend, Opened};
use burn::tensor::{Int, Tensor};
use comfy_table::Table;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use distortions::{Distortions, Kind, Recipe};
use layers::Dropout;
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use training::{
    Choices, Engine, Examples, ModelName, OptimizerName, Order, Settings, State, Stepping, Team,
    step,
};

/// As in the trainer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Hidden layers of the nets, and steps of a round: short, so that all of a round meet the same load of the machine.
const NETS: [([usize; 2], usize); 2] = [([256, 128], 40), ([800, 800], 10)];
const BATCH: usize = 128;
const KINDS: [Option<Kind>; 4] = [
    None,
    Some(Kind::Affine),
    Some(Kind::Elastic),
    Some(Kind::Both),
];

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

/// A net that learns from images, distorted in one way or not at all.
struct Contestant {
    team: Arc<Team>,
    examples: Examples<Tensor<1, Int>>,
    order: Order,
    /// Place in the order.
    next: usize,
    /// `None` while the net learns.
    state: Option<State<MnistMlp>>,
}

impl Contestant {
    fn new(
        hidden: [usize; 2],
        kind: Option<Kind>,
        images: &ImageSet,
        threads: usize,
        opened: &Opened,
    ) -> Self {
        let choices = Choices {
            model: Some(ModelName::MnistMlp),
            backend: Some(Backend::Flex),
            engine: Some(Engine::Fused),
            hidden: Some(hidden.to_vec()),
            batch_size: Some(BATCH),
            optimizer: Some(OptimizerName::Sgd),
            threads: Some(threads),
            ..Choices::default()
        };
        let settings = Settings::resolve(&choices).expect("settings that go together");
        let net = MnistMlpConfig::new(784, hidden.to_vec(), 10).init(0, &opened.device);
        let state = State::fresh(net.expect("sizes of a net"), &settings, &opened.device);
        let state = state.prepared(&settings, images.len());
        let examples = match kind {
            None => Examples::from_images(images.clone(), opened),
            Some(kind) => {
                let recipe = Recipe::new(kind, [28, 28]).expect("images may have this size");
                Examples::distorted(images.clone(), Distortions::new(&recipe, 0), opened)
            }
        };
        Self {
            team: Arc::new(Team::new(opened, threads).expect("threads start")),
            order: examples.order(BATCH, 0, 1),
            next: 0,
            state: Some(state.expect("the engine trains the net")),
            examples,
        }
    }

    /// Takes some steps; gives the images a second.
    fn run(&mut self, steps: usize, threads: usize) -> f64 {
        let team = Arc::clone(&self.team);
        let state = self.state.take().expect("the net is there between rounds");
        state.at_work(&team, |mut state| {
            let how = Stepping {
                engine: Engine::Fused,
                clip_norm: None,
                team: &team,
                learning_rate: 0.01,
                dropout: Dropout::NONE,
            };
            let start = clock(threads);
            for _ in 0..steps {
                if self.next + BATCH > self.examples.len() {
                    self.next = 0;
                }
                let places = self.next..self.next + BATCH;
                self.next = places.end;
                let batch = self.examples.batch(&self.order, places);
                (state.learner, _) = step(state.learner, &batch, &how, None).expect("a batch");
            }
            let seconds = clock(threads) - start;
            self.state = Some(state);
            (steps * BATCH) as f64 / seconds
        })
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let threads = numbers.first().copied().unwrap_or(1);
    let rounds = numbers.get(1).copied().unwrap_or(100);
    let opened = Backend::Flex
        .open()
        .expect("flex computes on any processor");
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is there");
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["net, distortions", "images/s", "lost, %"]);
    for (hidden, steps) in NETS {
        let contestant = |kind| Contestant::new(hidden, kind, &train, threads, &opened);
        let mut contestants = KINDS.map(contestant);
        let mut rates = KINDS.map(|_| vec![]);
        for round in 0..=rounds {
            for (contestant, rates) in contestants.iter_mut().zip(&mut rates) {
                let rate = contestant.run(steps, threads);
                // The first round warms up.
                if round > 0 {
                    rates.push(rate);
                }
            }
        }
        for (kind, of_kind) in KINDS.iter().zip(&rates) {
            let pairs = of_kind.iter().zip(&rates[0]);
            let lost: Vec<f64> = pairs
                .map(|(with, without)| 100.0 * (1.0 - with / without))
                .collect();
            let kind = kind.map_or("none".to_owned(), |kind| format!("{kind:?}"));
            table.add_row([
                format!("{}-{}, {kind}", hidden[0], hidden[1]),
                format!("{:.0}", median(of_kind)),
                format!("{:.1}", median(&lost)),
            ]);
        }
    }
    println!("{table}");
}
