//! Losses, recurrent layers and attention of `burn::nn`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::Param;
use burn::nn::LstmConfig;
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
#[cfg(feature = "wgpu")]
use burn::nn::loss::CTCLossConfig;
use burn::nn::loss::{
    BinaryCrossEntropyLossConfig, CosineEmbeddingLoss, KLDivLossConfig, LpLossConfig,
    PoissonNllLossConfig, Reduction, SmoothL1LossConfig, TripletMarginLossConfig,
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

fn leaf<const D: usize>(values: &[f64], shape: [usize; D], dtype: DType) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
}

fn grad<const D: usize>(x: &Tensor<D>, loss: &Tensor<1>) -> Vec<f64> {
    let grad = x.grad(&loss.backward()).expect("a gradient");
    grad.into_data().iter::<f64>().collect()
}

fn ints<const D: usize>(values: &[i64], shape: [usize; D]) -> Tensor<D, Int> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, &Device::flex().autodiff())
}

/// `Tensor::zeros(.., device)`, `targets.float()`: tensors that a layer or a loss makes itself have
/// the device's default float type, not that of its inputs.
#[test]
fn layers_and_losses_need_the_default_type() {
    let device = Device::flex().autodiff();
    let x = leaf(&[0.5, -0.5], [1, 1, 2], DType::F64);
    let lstm = LstmConfig::new(2, 1, true).init(&device);
    let forward = AssertUnwindSafe(|| lstm.forward(x, None));
    assert!(catch_unwind(forward).is_err());

    let logits = leaf(&[0.5, -0.5], [2], DType::F64);
    let loss = BinaryCrossEntropyLossConfig::new().with_logits(true);
    let forward = AssertUnwindSafe(|| loss.init(&device).forward(logits, ints(&[1, 0], [2])));
    assert!(catch_unwind(forward).is_err());
}

/// `log` at 0 before `clamp_min(-100)`: the clamp's gradient of 0 times the logarithm's of infinity.
/// Both terms are computed for both labels, so correct predictions of probability 1 have it too.
#[test]
fn binary_cross_entropy_is_nan_for_certain_predictions() {
    for (probability, label) in [(0.0, 0), (1.0, 1), (0.0, 1), (1.0, 0)] {
        let x = leaf(&[probability], [1], DType::F32);
        let loss = BinaryCrossEntropyLossConfig::new().init(&x.device());
        let loss = loss.forward(x.clone(), ints(&[label], [1]));
        let value = loss.clone().into_scalar::<f64>();
        let right = if probability == label as f64 {
            0.0
        } else {
            100.0
        };
        assert_eq!(value, right, "the value is right");
        assert!(
            grad(&x, &loss)[0].is_nan(),
            "right is 1 for a probability of 0 and label 0, -1 for 1 and 1, finite for the others"
        );
    }
}

/// The norm's root at 0: `0 * inf`.
#[test]
fn triplet_margin_is_nan_where_anchor_and_positive_are_the_same() {
    for p in [2.0, 3.0, 4.0] {
        let anchor = leaf(&[0.5, 0.0], [1, 2], DType::F32);
        let positive = leaf(&[0.5, 0.0], [1, 2], DType::F32);
        let negative = leaf(&[0.75, 0.0], [1, 2], DType::F32);
        let loss = TripletMarginLossConfig::new().with_p(p).init();
        let loss = loss.forward(anchor.clone(), positive, negative, Reduction::Sum);
        assert_eq!(
            loss.clone().into_scalar::<f64>(),
            0.75,
            "the value is right"
        );
        let got = grad(&anchor, &loss)[0];
        assert!(got.is_nan(), "right is any number from 0 to 2");
    }
}

/// The norm's root at 0, which `clamp_min` multiplies by 0.
#[test]
fn cosine_embedding_is_nan_for_a_zero_vector() {
    for target in [1, -1] {
        let zero = leaf(&[0.0, 0.0], [1, 2], DType::F32);
        let one = leaf(&[1.0, 0.0], [1, 2], DType::F32);
        let loss = CosineEmbeddingLoss::new().forward(zero.clone(), one, ints(&[target], [1]));
        assert!(loss.clone().into_scalar::<f64>().is_finite());
        assert!(grad(&zero, &loss)[0].is_nan(), "any number would do");
    }
}

/// `|x|^0.5`, whose derivative by |x| is infinite at 0 and multiplied by the sign of 0.
#[test]
fn lp_loss_of_a_half_is_nan_without_an_error() {
    let (x, target) = (leaf(&[0.5], [1], DType::F64), leaf(&[0.5], [1], DType::F64));
    let loss = LpLossConfig::new(0.5).init();
    let loss = loss.forward(x.clone(), target, Reduction::Sum);
    assert!(grad(&x, &loss)[0].is_nan(), "any number would do");
}

/// `t log(clamp(t, smallest, 1)) - t p`: at 0 the slope of the clamped logarithm, above 1 none.
#[test]
fn kl_divergence_cuts_its_targets() {
    let by_target = |target: f64| {
        let (p, t) = (
            leaf(&[-0.5], [1], DType::F64),
            leaf(&[target], [1], DType::F64),
        );
        let loss = KLDivLossConfig::new().init();
        grad(&t, &loss.forward(p, t.clone(), Reduction::Sum))[0]
    };
    let at_zero = by_target(0.0);
    assert!((-708.0..-707.0).contains(&at_zero), "right is -inf");
    assert_eq!(by_target(1.5), 0.5, "right is log 1.5 + 1.5");
}

/// Stirling's `t log t` at 0, which `mask_where` hides in the value only.
#[test]
fn poisson_full_is_nan_for_a_count_of_zero() {
    let (p, t) = (leaf(&[0.0], [1], DType::F64), leaf(&[0.0], [1], DType::F64));
    let loss = PoissonNllLossConfig::new().with_full(true).init();
    let loss = loss.forward(p, t.clone(), Reduction::Sum);
    assert_eq!(loss.clone().into_scalar::<f64>(), 1.0, "the value is right");
    assert!(grad(&t, &loss)[0].is_nan(), "right is 0");
}

/// By `div_scalar`, of beta and of the size of the batch.
#[test]
fn losses_divide_in_f32() {
    let beta = 0.7_f32;
    let (x, target) = (leaf(&[0.5], [1], DType::F64), leaf(&[0.0], [1], DType::F64));
    let loss = SmoothL1LossConfig::new().with_beta(beta).init();
    let loss = loss.forward_with_reduction(x.clone(), target, Reduction::Sum);
    let error = (grad(&x, &loss)[0] - 0.5 / f64::from(beta)).abs();
    assert!(error > 1e-9 && error < 1e-7, "off by {error:e}");

    let p = leaf(&[0.0; 3], [3, 1], DType::F64);
    let t = leaf(&[0.5; 3], [3, 1], DType::F64);
    let loss = KLDivLossConfig::new().init();
    let loss = loss.forward(p.clone(), t, Reduction::BatchMean);
    let error = (grad(&p, &loss)[0] + 0.5 / 3.0).abs();
    assert!(error > 1e-9 && error < 1e-7, "off by {error:e}");
}

/// `(self.d_k as f32).sqrt()`, by `div_scalar`. With all weights the identity the output is the
/// first of two attention weights, s = 1 / (1 + exp(-q / √2)) of a query (q, 0).
#[test]
fn attention_divides_in_f32() {
    let config = MultiHeadAttentionConfig::new(2, 1).with_dropout(0.0);
    let config = config.with_query_bias(false).with_key_bias(false);
    let config = config.with_value_bias(false).with_output_bias(false);
    let mut attention = config.init(&Device::flex().autodiff());
    let identity = || Param::from_tensor(leaf(&[1.0, 0.0, 0.0, 1.0], [2, 2], DType::F64));
    attention.query.weight = identity();
    attention.key.weight = identity();
    attention.value.weight = identity();
    attention.output.weight = identity();
    let query = leaf(&[1.0, 0.0], [1, 1, 2], DType::F64);
    let keys = leaf(&[1.0, 0.0, 0.0, 0.0], [1, 2, 2], DType::F64);
    let out = attention.forward(MhaInput::new(query.clone(), keys.clone(), keys));
    let got = grad(&query, &out.context.sum())[0];
    let s = 1.0 / (1.0 + (-0.5_f64.sqrt()).exp());
    let right = s * (1.0 - s) * 0.5_f64.sqrt();
    let error = (got - right).abs();
    assert!(error > 1e-9 && error < 1e-7, "right is {right}, got {got}");
}

/// The gradient of the CTC loss of one step of two classes, both of a probability of 1/4, label 1.
#[cfg(feature = "wgpu")]
fn ctc_gradient(device: &Device) -> Vec<f64> {
    let device = device.clone().autodiff();
    let log_probs = Tensor::<3>::full([1, 1, 2], 0.25_f64.ln(), &device).require_grad();
    let targets = Tensor::<2, Int>::ones([1, 1], &device);
    let one = Tensor::<1, Int>::ones([1], &device);
    let loss = CTCLossConfig::new().init();
    let loss = loss.forward(log_probs.clone(), targets, one.clone(), one);
    grad(&log_probs, &loss)
}

#[cfg(feature = "wgpu")]
mod on_wgpu {
    use super::*;

    /// The loss is -x[1], so that its gradient is (0, -1), as it is on the processor; a shader's
    /// backward pass gives exp(x) minus the label's share, which is the same only after
    /// `log_softmax`.
    #[test]
    fn ctc_loss_has_the_gradient_of_scores() {
        assert_eq!(ctc_gradient(&Device::flex()), [0.0, -1.0]);
        let Some((device, _)) = crate::wgpu::adapter() else {
            return;
        };
        let got = ctc_gradient(&device);
        let error = (got[0] - 0.25).abs() + (got[1] + 0.75).abs();
        assert!(error < 1e-6, "right is (0, -1), got {got:?}");
    }
}
