//! All exercises, in the order of the lecture.

use std::sync::LazyLock;

use burn::tensor::Device;

use crate::error::ExerciseError;
use crate::question::Task;
use crate::rules;
use crate::source;

/// An exercise: what the student gets, and what the judge knows.
pub struct Exercise {
    /// Its name, for the command line.
    pub name: &'static str,
    /// The name of its file.
    pub file: &'static str,
    /// The names of its function's results.
    pub results: &'static [&'static str],
    source: &'static str,
    task: fn(&Device) -> Task,
}

impl Exercise {
    /// What it is about, with the item of the lecture.
    pub fn title(&self) -> &'static str {
        source::title(self.source)
    }

    /// Whether its text has a formula of a loss.
    pub(crate) fn has_loss(&self) -> bool {
        self.source.contains(" L = ")
    }

    /// The file as a student gets it.
    pub fn blank(&self) -> String {
        source::blank(self.source)
    }

    /// The file with its blanks filled in.
    pub fn solution(&self) -> String {
        source::solution(self.source)
    }

    /// The hints, vague ones first.
    pub fn hints(&self) -> Vec<&'static str> {
        source::hints(self.source)
    }

    /// The questions, the right answers and the known wrong ones; the device computes in f64.
    pub fn task(&self, device: &Device) -> Task {
        (self.task)(device)
    }
}

/// An exercise by its name, or by that of its file.
///
/// # Errors
///
/// If there is none.
pub fn exercise(name: &str) -> Result<&'static Exercise, ExerciseError> {
    let wanted = name.trim_end_matches(".rs");
    let is_it = |exercise: &&Exercise| {
        exercise.name == wanted || exercise.file.trim_end_matches(".rs") == wanted
    };
    exercises().iter().find(is_it).ok_or_else(|| {
        let similar =
            |exercise: &&Exercise| exercise.name.contains(wanted) || wanted.contains(exercise.name);
        let near = exercises()
            .iter()
            .find(similar)
            .map(|exercise| exercise.name);
        ExerciseError::Unknown {
            name: name.to_owned(),
            near: near.filter(|_| !wanted.is_empty()),
        }
    })
}

/// All exercises.
pub fn exercises() -> &'static [Exercise] {
    static ALL: LazyLock<Vec<Exercise>> = LazyLock::new(all);
    &ALL
}

macro_rules! table {
    ($($name:literal $file:literal [$($result:literal)*] $task:path;)*) => {
        vec![$(Exercise {
            name: $name,
            file: $file,
            results: &[$($result),*],
            source: include_str!(concat!("../solutions/", $file)),
            task: $task,
        }),*]
    };
}

fn all() -> Vec<Exercise> {
    table! {
        "sigmoid" "01_sigmoid.rs" ["grad_a"] rules::lecture::sigmoid;
        "tanh" "02_tanh.rs" ["grad_a"] rules::lecture::tanh;
        "relu" "03_relu.rs" ["grad_a"] rules::lecture::relu;
        "elu" "04_elu.rs" ["grad_a"] rules::lecture::elu;
        "scalar_net" "05_scalar_net.rs" ["grad_w1" "grad_b1" "grad_w2" "grad_b2"] rules::scalar_net::scalar_net;
        "matmul" "06_matmul.rs" ["grad_x" "grad_w"] rules::lecture::matmul;
        "add_bias" "07_add_bias.rs" ["grad_x" "grad_b"] rules::lecture::add_bias;
        "column_bias" "08_column_bias.rs" ["grad_x" "grad_b"] rules::lecture::column_bias;
        "pointwise" "09_pointwise.rs" ["grad_x"] rules::lecture::pointwise;
        "squared_error" "10_squared_error.rs" ["grad_yp"] rules::lecture::squared_error;
        "general_net" "11_general_net.rs" ["grad_w1" "grad_b1" "grad_w2" "grad_b2"] rules::nets::general_net;
        "xor_net" "12_xor_net.rs" ["grad_w1" "grad_b1" "grad_w2" "grad_b2"] rules::nets::xor_net;
        "softmax" "13_softmax.rs" ["grad_z"] rules::lecture::softmax;
        "cross_entropy" "14_cross_entropy.rs" ["grad_yp"] rules::lecture::cross_entropy;
        "composed" "15_composed.rs" ["grad_z"] rules::lecture::composed;
        "fused" "16_fused.rs" ["grad_z"] rules::lecture::fused;
        "layer" "17_layer.rs" ["grad_x" "grad_w" "grad_b"] rules::lecture::layer;
        "mnist_net" "18_mnist_net.rs" ["grad_w1" "grad_b1" "grad_w2" "grad_b2" "grad_w3" "grad_b3"] rules::mnist_net::mnist_net;
        "mean_once" "19_mean_once.rs" ["grad_w" "grad_b"] rules::nets::mean_once;
        "regression" "20_regression.rs" ["grad_w" "grad_b"] rules::regression::regression;
        "regression_descent" "21_regression_descent.rs" ["w" "b"] rules::regression::regression_descent;
        "bowl" "22_bowl.rs" ["gradient"] rules::descent::bowl;
        "descent" "23_descent.rs" ["point and steps"] rules::descent::descent;
        "momentum" "24_momentum.rs" ["theta" "v"] rules::descent::momentum;
        "four_variables" "25_four_variables.rs" ["gradient"] rules::descent::four_variables;
        "jacobian" "26_jacobian.rs" ["gradient"] rules::descent::jacobian;
        "used_twice" "27_used_twice.rs" ["grad_x"] rules::beyond::used_twice;
        "bump" "28_bump.rs" ["parameters"] rules::descent::bump;
        "layer_norm" "29_layer_norm.rs" ["grad_x"] rules::norms::layer_norm;
        "batch_norm" "30_batch_norm.rs" ["grad_x" "grad_gamma" "grad_beta"] rules::norms::batch_norm;
        "dropout" "31_dropout.rs" ["grad_x"] rules::norms::dropout;
        "convolution" "32_convolution.rs" ["grad_x" "grad_k"] rules::beyond::convolution;
        "recurrent_step" "33_recurrent_step.rs" ["grad_w" "grad_u" "grad_h"] rules::beyond::recurrent_step;
        "attention" "34_attention.rs" ["grad_q" "grad_k" "grad_v"] rules::attention::attention;
        "safe_softmax" "35_safe_softmax.rs" ["yp"] rules::numbers::safe_softmax;
        "safe_logarithm" "36_safe_logarithm.rs" ["loss"] rules::numbers::safe_logarithm;
        "gradient_check" "37_gradient_check.rs" ["answer"] rules::numbers::gradient_check;
    }
}
