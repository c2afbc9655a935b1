//! The solutions as code: the hand-derived formulas that answers are compared with.

macro_rules! solutions {
    ($($module:ident $file:literal $function:ident;)*) => {$(
        // The file is a program of its own, with a `main`.
        #[allow(dead_code, clippy::too_many_arguments)]
        mod $module {
            include!(concat!("../solutions/", $file));

            /// The solution's results.
            pub(super) fn solve(arguments: &[Value]) -> Option<Vec<Value>> {
                crate::question::call($function, arguments)
            }
        }

        #[doc = concat!("The results of ", $file)]
        pub(crate) fn $module(arguments: &[exercises::Value]) -> Option<Vec<exercises::Value>> {
            $module::solve(arguments)
        }
    )*};
}

solutions! {
    sigmoid "01_sigmoid.rs" sigmoid_backward;
    tanh "02_tanh.rs" tanh_backward;
    relu "03_relu.rs" relu_backward;
    elu "04_elu.rs" elu_backward;
    scalar_net "05_scalar_net.rs" gradients;
    matmul "06_matmul.rs" matmul_backward;
    add_bias "07_add_bias.rs" add_bias_backward;
    column_bias "08_column_bias.rs" add_column_bias_backward;
    pointwise "09_pointwise.rs" fourth_power_backward;
    squared_error "10_squared_error.rs" half_squared_error_backward;
    general_net "11_general_net.rs" gradients;
    xor_net "12_xor_net.rs" gradients;
    softmax "13_softmax.rs" softmax_backward;
    cross_entropy "14_cross_entropy.rs" cross_entropy_backward;
    composed "15_composed.rs" gradient;
    fused "16_fused.rs" gradient;
    layer "17_layer.rs" layer_backward;
    mnist_net "18_mnist_net.rs" gradients;
    mean_once "19_mean_once.rs" gradients;
    regression "20_regression.rs" gradients;
    regression_descent "21_regression_descent.rs" descend;
    bowl "22_bowl.rs" gradient;
    descent "23_descent.rs" descend;
    momentum "24_momentum.rs" step;
    four_variables "25_four_variables.rs" gradient;
    jacobian "26_jacobian.rs" pull_back;
    used_twice "27_used_twice.rs" backward;
    bump "28_bump.rs" bump;
    layer_norm "29_layer_norm.rs" layer_norm_backward;
    batch_norm "30_batch_norm.rs" batch_norm_backward;
    dropout "31_dropout.rs" dropout_backward;
    convolution "32_convolution.rs" convolution_backward;
    recurrent_step "33_recurrent_step.rs" step_backward;
    attention "34_attention.rs" attention_backward;
    safe_softmax "35_safe_softmax.rs" softmax;
    safe_logarithm "36_safe_logarithm.rs" cross_entropy;
    gradient_check "37_gradient_check.rs" is_gradient;
}
