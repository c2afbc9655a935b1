//! The rules of `manual-backprop`, each by itself, on the CPU backends that are compiled in: at the
//! sizes of the first layer of the default net, `x: [128, 784]`, `w: [784, 256]`.
//!
//! `cargo bench -p trainer --profile dev --bench rules`

use std::fmt;

use backends::Backend;
use burn::tensor::{DType, Device, Distribution, Int, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use manual_backprop::activation::{self, Activation};
use manual_backprop::cross_entropy::{one_hot, softmax_cross_entropy};
use manual_backprop::error::half_squared_error;
use manual_backprop::linear::{add_bias, affine, matmul};
use manual_backprop::{Reduction, layer, softmax};
use mnist_mlp::MnistMlpConfig;
use xor_net::XorNetConfig;

const BATCH: usize = 128;
const INPUTS: usize = 784;
const UNITS: usize = 256;
const CLASSES: usize = 10;

/// As in the trainer: the system's allocator maps and clears megabytes again for every product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// A backend to measure on.
#[derive(Clone, Copy)]
struct On(Backend);

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl On {
    fn device(self) -> Device {
        self.0.open().expect("a processor computes").device
    }

    fn matrix(self, rows: usize, columns: usize) -> Tensor<2> {
        Tensor::random(
            [rows, columns],
            Distribution::Uniform(-1.0, 1.0),
            &self.device(),
        )
    }

    fn vector(self, length: usize) -> Tensor<1> {
        Tensor::random([length], Distribution::Uniform(-1.0, 1.0), &self.device())
    }

    fn one_hot(self) -> Tensor<2> {
        one_hot(self.labels(), CLASSES, DType::F32)
    }

    fn labels(self) -> Tensor<1, Int> {
        let labels = Tensor::<1, Int>::arange(0..BATCH as i64, &self.device());
        labels.remainder_scalar(CLASSES as i64)
    }
}

fn processors() -> impl Iterator<Item = On> {
    let processors = [Backend::Flex, Backend::Ndarray].into_iter();
    processors
        .filter(|backend| backend.is_compiled_in())
        .map(On)
}

fn activations() -> impl Iterator<Item = Case> {
    processors().flat_map(|on| Activation::ALL.map(|f| Case { on, f }))
}

#[derive(Clone, Copy)]
struct Case {
    on: On,
    f: Activation,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.f, self.on)
    }
}

#[divan::bench(args = processors())]
fn matmul_forward(bencher: Bencher, on: On) {
    let (x, w) = (on.matrix(BATCH, INPUTS), on.matrix(INPUTS, UNITS));
    bencher.bench_local(|| matmul::forward(x.clone(), w.clone()));
}

#[divan::bench(args = processors())]
fn matmul_backward(bencher: Bencher, on: On) {
    let (x, w) = (on.matrix(BATCH, INPUTS), on.matrix(INPUTS, UNITS));
    let grad_z = on.matrix(BATCH, UNITS);
    bencher.bench_local(|| matmul::backward(x.clone(), w.clone(), grad_z.clone()));
}

#[divan::bench(args = processors())]
fn add_bias_forward(bencher: Bencher, on: On) {
    let (x, b) = (on.matrix(BATCH, UNITS), on.vector(UNITS));
    bencher.bench_local(|| add_bias::forward(x.clone(), b.clone()));
}

#[divan::bench(args = processors())]
fn add_bias_backward(bencher: Bencher, on: On) {
    let grad_z = on.matrix(BATCH, UNITS);
    bencher.bench_local(|| add_bias::backward(grad_z.clone()));
}

#[divan::bench(args = processors())]
fn affine_backward_parameters(bencher: Bencher, on: On) {
    let (x, grad_z) = (on.matrix(BATCH, INPUTS), on.matrix(BATCH, UNITS));
    bencher.bench_local(|| affine::backward_parameters(x.clone(), grad_z.clone()));
}

#[divan::bench(args = activations())]
fn activation_forward(bencher: Bencher, Case { on, f }: Case) {
    let a = on.matrix(BATCH, UNITS);
    bencher.bench_local(|| activation::forward(f, a.clone()));
}

#[divan::bench(args = activations())]
fn activation_backward(bencher: Bencher, Case { on, f }: Case) {
    let (a, grad_z) = (on.matrix(BATCH, UNITS), on.matrix(BATCH, UNITS));
    let z = activation::forward(f, a.clone());
    bencher.bench_local(|| activation::backward(f, a.clone(), z.clone(), grad_z.clone()));
}

/// The rule itself; the next benchmark has a mask that is filled in instead.
#[divan::bench(args = processors())]
fn relu_backward(bencher: Bencher, on: On) {
    let z = activation::relu::forward(on.matrix(BATCH, UNITS));
    bencher
        .with_inputs(|| on.matrix(BATCH, UNITS))
        .bench_local_values(|grad_z| activation::relu::backward(z.clone(), grad_z));
}

#[divan::bench(args = processors())]
fn relu_backward_by_mask(bencher: Bencher, on: On) {
    let z = activation::relu::forward(on.matrix(BATCH, UNITS));
    bencher
        .with_inputs(|| on.matrix(BATCH, UNITS))
        .bench_local_values(|grad_z| grad_z.mask_fill(z.clone().lower_equal_scalar(0.0), 0.0));
}

#[divan::bench(args = processors())]
fn layer_forward(bencher: Bencher, on: On) {
    let (x, w) = (on.matrix(BATCH, INPUTS), on.matrix(INPUTS, UNITS));
    let b = on.vector(UNITS);
    bencher.bench_local(|| layer::forward(Activation::Relu, x.clone(), w.clone(), b.clone()));
}

#[divan::bench(args = processors())]
fn softmax_forward(bencher: Bencher, on: On) {
    let z = on.matrix(BATCH, CLASSES);
    bencher.bench_local(|| softmax::forward(z.clone()));
}

#[divan::bench(args = processors())]
fn softmax_backward(bencher: Bencher, on: On) {
    let (z, grad_yp) = (on.matrix(BATCH, CLASSES), on.matrix(BATCH, CLASSES));
    let yp = softmax::forward(z);
    bencher.bench_local(|| softmax::backward(yp.clone(), grad_yp.clone()));
}

#[divan::bench(args = processors())]
fn softmax_cross_entropy_forward(bencher: Bencher, on: On) {
    let (z, y) = (on.matrix(BATCH, CLASSES), on.one_hot());
    bencher.bench_local(|| softmax_cross_entropy::forward(z.clone(), y.clone(), Reduction::Mean));
}

#[divan::bench(args = processors())]
fn softmax_cross_entropy_backward(bencher: Bencher, on: On) {
    let (yp, y) = (softmax::forward(on.matrix(BATCH, CLASSES)), on.one_hot());
    bencher.bench_local(|| softmax_cross_entropy::backward(yp.clone(), y.clone(), Reduction::Mean));
}

#[divan::bench(args = processors())]
fn one_hot_targets(bencher: Bencher, on: On) {
    let labels = on.labels();
    bencher.bench_local(|| one_hot(labels.clone(), CLASSES, DType::F32));
}

#[divan::bench(args = processors())]
fn half_squared_error_backward(bencher: Bencher, on: On) {
    let (yp, y) = (on.matrix(BATCH, CLASSES), on.one_hot());
    bencher.bench_local(|| half_squared_error::backward(yp.clone(), y.clone(), Reduction::Mean));
}

#[divan::bench(args = processors())]
fn mnist_mlp_gradients(bencher: Bencher, on: On) {
    let net = MnistMlpConfig::new(INPUTS, vec![UNITS, BATCH], CLASSES).init(0, &on.device());
    let net = net.expect("legal sizes");
    let (x, labels) = (on.matrix(BATCH, INPUTS), on.labels());
    bencher
        .counter(ItemsCount::new(BATCH))
        .bench_local(|| manual_backprop::mnist_mlp::gradients(&net, x.clone(), labels.clone()));
}

#[divan::bench(args = processors())]
fn xor_net_gradients(bencher: Bencher, on: On) {
    let net = XorNetConfig::new()
        .init(0, &on.device())
        .expect("legal sizes");
    let (x, y) = (on.matrix(4, 2), on.matrix(4, 1));
    bencher.bench_local(|| manual_backprop::xor_net::gradients(&net, x.clone(), y.clone()));
}
