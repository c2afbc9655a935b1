//! What is wrong with a mutant of a rule, said to a student.

/// The sentence for a mutant by its name, if there is one.
pub(super) fn sentence(mutant: &str) -> Option<&'static str> {
    let said = SENTENCES.iter().find(|(name, _)| *name == mutant);
    said.map(|(_, sentence)| *sentence)
}

#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    ("sigmoid: at the activation", "σ' is taken at z; it belongs at a"),
    ("sigmoid: at the pre-activation", "it equals a(1 - a)∘grad_z: that formula is for z = σ(a)"),
    ("sigmoid: factor dropped", "it equals z∘grad_z: the factor 1 - z of σ' is missing"),
    ("sigmoid: sign inside", "it equals z(1 + z)∘grad_z: σ' has 1 - z"),
    ("sigmoid: derivative of tanh", "it equals (1 - z²)∘grad_z: that is the derivative of tanh"),
    ("sigmoid: upstream forgotten", "it equals σ'(a): the factor grad_z is missing"),
    ("sigmoid: f32 inside f64", "it has the precision of f32"),
    ("tanh: at the activation", "tanh' is taken at z; it belongs at a"),
    ("tanh: at the pre-activation", "it equals (1 - a²)∘grad_z: that formula is for z = tanh(a)"),
    ("tanh: square dropped", "it equals (1 - z)∘grad_z: the square of z is missing"),
    ("tanh: derivative of sigmoid", "it equals z(1 - z)∘grad_z: that is the derivative of the sigmoid"),
    ("tanh: sign inside", "it equals (1 + z²)∘grad_z: tanh' has 1 - z²"),
    ("relu: mask missing", "it equals grad_z everywhere: where a ≤ 0, nothing passes"),
    ("relu: mask inverted", "grad_z passes where a ≤ 0: it has to pass where a > 0"),
    ("relu: mask off by one", "every element is masked by the sign of its neighbour's a"),
    ("relu: mask of the gradient", "the sign of grad_z decides what passes: the sign of a has to"),
    ("relu: wrong threshold", "grad_z passes only where a > 1: the kink is at 0"),
    ("relu: value for derivative", "it equals z∘grad_z: the value of ReLU is not its derivative"),
    ("elu: no branch", "the derivative is e^a everywhere: where a > 0, it is 1"),
    ("elu: α forgotten", "where a ≤ 0 the derivative is taken as z, e^a - 1: it is e^a"),
    ("elu: derivative of ReLU", "where a ≤ 0 the derivative is 0, as ReLU's: ELU has e^a there"),
    ("elu: derivative of the identity", "the derivative is 1 everywhere: where a ≤ 0, it is e^a"),
    ("elu: at the activation", "where a ≤ 0 the derivative is e^z: it is taken at a"),
    ("layer: f' missing", "G equals δZ: the factor f'(A) is missing"),
    ("layer: f' missing in grad_b", "grad_b equals Σ_rows grad_z: f' is missing"),
    ("layer: f' missing in grad_w", "grad_w equals xᵀ·grad_z: f' is missing"),
    ("layer: f' missing in grad_x", "grad_x equals grad_z·wᵀ: f' is missing"),
    ("layer: f' twice", "f'(a) is a factor twice: once is enough"),
    ("layer: bias left out of f'", "f' is taken at x·w: the bias is missing in its argument"),
    ("layer: f' after the product", "grad_x equals f'(a)∘(grad_z·wᵀ): f' belongs before the product"),
    ("layer: f' at the activation", "f' is taken at z; it belongs at a"),
    ("layer: f32 inside f64", "grad_w has the precision of f32"),
    ("matmul: sign", "grad_x has the wrong sign"),
    ("matmul: w not transposed", "grad_x equals grad_z·w: a transpose is missing"),
    ("matmul: x not transposed", "grad_w equals x·grad_z: a transpose is missing"),
    ("matmul: grad_z transposed", "grad_x equals grad_zᵀ·wᵀ: grad_z must not be transposed"),
    ("matmul: grad_w transposed", "grad_w equals grad_zᵀ·x: that is its transpose"),
    ("matmul: factors swapped", "grad_x equals wᵀ·grad_z: w is on the wrong side"),
    ("matmul: gradients swapped", "grad_x and grad_w have changed places"),
    ("matmul: mean over rows", "grad_w is divided by the number of rows: the rule has the sum"),
    ("matmul: last row forgotten", "grad_w sums over all rows but the last"),
    ("matmul: twice", "grad_x is added to itself: it is twice as large"),
    ("matmul: one element", "one element of grad_w is off by a millionth"),
    ("matmul: one element, barely", "one element of grad_w is off by a billionth"),
    ("matmul: constant off", "grad_x is a millionth too small"),
    ("matmul: rows swapped", "the first two rows of grad_w have changed places"),
    ("matmul: one element zero", "the last element of grad_x is never written"),
    ("add_bias: sum missing", "grad_b is the gradient of the last row: it is the sum over all rows"),
    ("add_bias: mean", "grad_b is the mean over the rows: the rule has the sum"),
    ("add_bias: wrong axis", "grad_b is the sum over the columns, where the one over the rows belongs"),
    ("add_bias: batch", "grad_x is multiplied by the number of rows: it equals grad_z"),
    ("add_bias: reversed", "grad_b is in the reverse order"),
    ("add_bias: clipped", "grad_b is cut to the interval from -1 to 1"),
    ("add_bias_to_columns: wrong axis", "grad_b is the sum over the rows, where the one over the columns belongs"),
    ("add_bias_to_columns: sum missing", "grad_b is the gradient of the first column: it is the sum over all columns"),
    ("cross_entropy: sign", "it equals y/(n yp): the sign is wrong"),
    ("cross_entropy: 1/n missing", "it equals -y/yp: the mean divides by n"),
    ("cross_entropy: 1/n twice", "it equals -y/(n² yp): it is divided by n twice"),
    ("cross_entropy: targets forgotten", "it equals -1/(n yp): the factor y is missing"),
    ("cross_entropy: squared", "it equals -y/(n yp²): the logarithm's derivative is 1/yp"),
    ("cross_entropy: 1/classes", "it is divided by the number of classes: the mean is over the rows"),
    ("cross_entropy: binary", "it has a term (1 - y)/(1 - yp): that is the loss of two classes"),
    ("softmax_cross_entropy: sign", "the sign is wrong: it is minus the gradient"),
    ("softmax_cross_entropy: 1/n missing", "the factor 1/n of the mean is missing"),
    ("softmax_cross_entropy: 1/n twice", "it is divided by n twice: the mean divides once"),
    ("softmax_cross_entropy: 1/(n classes)", "it is divided by the number of elements: the mean is over the rows"),
    ("softmax_cross_entropy: targets dropped", "it equals yp/n: y is not subtracted"),
    ("softmax_cross_entropy: softmax twice", "(yp - y)/n goes through the derivative of the softmax again: it is in there already"),
    ("softmax_cross_entropy: wrong axis", "the softmax is taken over the batch: it is taken over the classes of a row"),
    ("softmax_cross_entropy: labels off by one", "every row has its neighbour's target"),
    ("softmax_cross_entropy: f32 inside f64", "it has the precision of f32"),
    ("softmax_cross_entropy: one element", "one element is off by a millionth"),
    ("softmax_cross_entropy: offset", "a small number is added to the denominator of the mean"),
    ("softmax_cross_entropy: rows swapped", "the first two rows have changed places"),
    ("power: exponent forgotten", "it equals x³∘grad_z: the exponent 4 is missing as a factor"),
    ("power: exponent not lowered", "it equals 4 x⁴∘grad_z: the exponent is lowered to 3"),
    ("power: wrong factor", "it equals 3 x³∘grad_z: the factor is the old exponent, 4"),
    ("power: sign lost", "it equals 4 |x|³∘grad_z: a negative x has a negative x³"),
    ("LinearRegression: sign", "grad_w equals Xᵀ(Y - Yp) + γW: the sign of the error is wrong"),
    ("LinearRegression: ridge forgotten", "grad_w equals Xᵀ(Yp - Y): the ridge term γW is missing"),
    ("LinearRegression: sign of the ridge", "grad_w has -γW: the sign of the ridge term is wrong"),
    ("LinearRegression: ridge without its half", "grad_w has 2γW: the loss has γ/2 ‖W‖², and the ½ cancels the 2"),
    ("LinearRegression: ridge as a mean", "grad_w has γ/n W: the ridge term is no mean over the rows"),
    ("LinearRegression: whole ridge for a batch", "grad_w has the whole γW, though the batch bears only its share"),
    ("LinearRegression: share of the ridge inverted", "grad_w has γ N/n W: the share of the batch is n/N"),
    ("LinearRegression: bias penalised", "grad_b has γb: the bias is not penalised"),
    ("LinearRegression: slides' form with a bias", "grad_w equals (XᵀX + γI)·W - XᵀY: that is right only where b = 0"),
    ("LinearRegression: centred inputs", "grad_w equals X̃ᵀ(Yp - Y) + γW: that is right only where grad_b = 0"),
    ("LinearRegression: targets forgotten", "grad_w equals XᵀYp + γW: the targets are not subtracted"),
    ("LinearRegression: mean over rows", "grad_w is divided by n: the loss is a sum"),
    ("LinearRegression: transposed", "grad_w equals (Yp - Y)ᵀX: that is its transpose"),
    ("LinearRegression: ∇b of one row", "grad_b is the error of the last row: it is the sum over all rows"),
    ("LinearRegression: mean in ∇b", "grad_b is the mean over the rows: the rule has the sum"),
    ("four variables: inner factor 10", "∂f/∂x2 equals 2a + 4c³: the inner factor 10 of x2 in a is missing"),
    ("four variables: inner factor 2", "∂f/∂x3 equals 10b + 4c³: the inner factor 2 of x3 in c is missing"),
    ("four variables: exponent", "the derivative of d⁴ is taken as 4d²: it is 4d³"),
    ("four variables: sign of x4", "∂f/∂x4 has +10b: x4 has a minus sign in b"),
    ("four variables: path forgotten", "∂f/∂x1 equals 2a: the way through d is missing"),
    ("inner map: Jacobian not transposed", "the eight numbers of J are read as if they were Jᵀ: a transpose is missing"),
    ("inner map: product rule", "∂x4/∂z1 equals 2 z1: the way through z1 z2 is missing"),
    ("inner map: sign", "∂x1/∂z2 is taken as +1: its sign is wrong"),
    ("inner map: rows added up", "the upstream gradient is taken as all ones: its factors are missing"),
    ("cosine bowl: sign", "it equals -4 s cos x sin x: the minus of f = -s² and that of cos' = -sin cancel, so the sign is wrong"),
    ("cosine bowl: factor 2", "it equals 2 s cos x sin x: one of the two squares is not differentiated"),
    ("cosine bowl: outer derivative", "it equals 4 cos x sin x: the factor s is missing"),
    ("cosine bowl: inner derivative", "it equals 4 s cos x: the factor sin x is missing"),
    ("cosine bowl: components swapped", "the two components have changed places"),
    ("half_squared_error: factor 2", "it equals 2(yp - y)/n: the ½ of the loss cancels the 2"),
    ("half_squared_error: half", "it equals ½(yp - y)/n: the 2 of the square cancels the ½"),
    ("half_squared_error: 1/n missing", "it equals yp - y: the mean divides by n"),
    ("half_squared_error: 1/n twice", "it equals (yp - y)/n²: it is divided by n twice"),
    ("half_squared_error: all elements", "it is divided by the number of elements: the mean is over the rows"),
    ("half_squared_error: sign", "it equals (y - yp)/n: the sign is wrong"),
    ("half_squared_error: absolute", "it is the sign of the error only: that is the derivative of |yp - y|"),
    ("half_squared_error: targets forgotten", "it equals yp/n: y is not subtracted"),
    ("mnist net: 1/n missing", "δz3 equals yp - y: the mean divides by n"),
    ("mnist net: 1/n twice", "δz3 equals (yp - y)/n²: it is divided by n twice"),
    ("mnist net: ReLU on the logits", "δz3 is masked where the logits are negative: the last layer has no ReLU"),
    ("mnist net: first mask missing", "δA1 passes where A1 is negative: the mask of the first layer is missing"),
    ("mnist net: stale mask", "the second layer is masked by the activation of the first"),
    ("mnist net: stale input", "δw3 equals z1ᵀ·δz3: the input of the third layer is z2"),
    ("mnist net: pre-activation as input", "δw has the values before ReLU as its input: it needs those after it"),
    ("mnist net: weights not transposed", "a gradient goes back through w: a transpose is missing"),
    ("mnist net: accumulated twice", "the gradients of the first layer are added to themselves"),
    ("mnist net: layers swapped", "the biases of the two hidden layers have each other's gradient"),
    ("scalar net: weight forgotten", "δz3 equals δz4: the factor w2 is missing"),
    ("scalar net: value before σ", "δw2 equals z2 δz4: the factor is z3, the value after σ"),
    ("scalar net: other weight", "δz3 equals w1 δz4: the factor is w2"),
    ("xor net: output σ' forgotten", "δz5 equals δyp: σ'(z5) is missing"),
    ("xor net: output σ' at yp", "σ' is taken at yp; it belongs at z5"),
    ("xor net: mean over rows", "everything is divided by the number of rows: the loss is a sum"),
    ("xor net: stale activation", "δw2 equals z2ᵀ·δz4: the factor is z3, the value after f"),
    ("xor net: hidden f' forgotten", "δz2 equals δz3: f'(z2) is missing"),
    ("xor net: hidden f' at z3", "f' is taken at z3; it belongs at z2"),
    ("xor net: δb1 too early", "δb1 equals Σ_rows δz3: it is taken before f' is multiplied in"),
    ("xor net: δb2 of one row", "δb2 is δz5 of the last row: it is the sum over all rows"),
    ("general net: σ' at the linear output", "δz4 has a factor yp(1 - yp): the output of this net is linear"),
    ("dropout: scale forgotten", "the division by 1 - p is missing: it belongs to the backward pass, too"),
    ("dropout: mask forgotten", "the mask is missing: what was dropped gets no gradient"),
    ("softmax: diagonal only", "it equals yp(1 - yp)∘grad_yp: the part off the diagonal of the Jacobian is missing"),
    ("softmax: inner product dropped", "it equals yp∘grad_yp: the inner product is not subtracted"),
    ("softmax: wrong axis", "the inner product runs over the batch: it runs over the classes of a row"),
    ("softmax: logits for outputs", "the inner product is Σ z∘grad_yp: it has yp where you have z"),
    ("softmax: sign", "it equals yp∘(Σ yp∘grad_yp - grad_yp): the sign is wrong"),
    ("softmax: plain mean", "the plain mean of grad_yp is subtracted: it has to be weighted by yp"),
    ("softmax: unweighted sum", "the inner product is Σ grad_yp: the weights yp are missing in it"),
    ("softmax: factor outside dropped", "it equals grad_yp - Σ yp∘grad_yp: the factor yp in front is missing"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::exercises;
    use burn::tensor::Device;
    use gradient_trials::Origin;
    use std::collections::BTreeSet;

    #[test]
    fn every_mutant_that_an_exercise_knows_has_a_sentence() {
        let origins = [Origin::ManualBackprop, Origin::GradientDescent];
        let mutants = origins.iter().flat_map(|origin| origin.mutants());
        let mutants = mutants.map(|mutant| mutant.name).collect::<BTreeSet<_>>();
        let device = Device::flex();
        let mut missing = BTreeSet::new();
        for exercise in exercises() {
            for known in exercise.task(&device).known {
                let is_mutant = mutants.contains(known.name.as_str());
                if is_mutant && sentence(&known.name) != Some(&known.sentence) {
                    missing.insert(format!("{}: {}", known.name, known.sentence));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
        for (name, sentence) in SENTENCES {
            assert!(mutants.contains(name), "there is no mutant {name}");
            assert!(sentence.split(' ').count() > 3, "{name}: {sentence}");
        }
    }
}
