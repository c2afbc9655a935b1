//! Functions and gradients that are another time in a while something else.

use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Witness};

use super::{Expected, WrongCase, with_gradient_of};

/// Counts calls: true once in `every`, beginning with call number `every`.
struct Now {
    every: usize,
    calls: AtomicUsize,
}

impl Now {
    fn once_in(every: usize) -> Self {
        Self {
            every,
            calls: AtomicUsize::new(0),
        }
    }

    fn is_it(&self) -> bool {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        calls.is_multiple_of(self.every)
    }

    /// `change` once in a while.
    fn change(&self, x: Tensor<2>, change: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
        if self.is_it() { change(x) } else { x }
    }
}

type Change = fn(Tensor<2>) -> Tensor<2>;

pub(super) fn all() -> Vec<WrongCase> {
    let slightly: Change = |x| x * (1.0 + 1e-5);
    let negative: Change = |x| -x;
    let plus: Change = |x| x + 0.5;
    vec![
        function("repeat: function, every second call", "off by 0.5", 2, plus),
        function("repeat: function, 1 call in 3", "off by 0.5", 3, plus),
        function("repeat: function, 1 call in 8", "off by 0.5", 8, plus),
        function("repeat: function, 1 call in 16", "off by 0.5", 16, plus),
        function(
            "repeat: function, 1 call in 8, slightly",
            "1 + 1e-5 times as large",
            8,
            slightly,
        ),
        function(
            "repeat: function, 1 call in 16, sign",
            "negative",
            16,
            negative,
        ),
        autodiff(
            "repeat: autodiff, 1 call in 3",
            "the gradient's sign",
            3,
            negative,
        ),
        autodiff(
            "repeat: autodiff, 1 call in 8",
            "the gradient's sign",
            8,
            negative,
        ),
        autodiff(
            "repeat: autodiff, 1 call in 16",
            "the gradient's sign",
            16,
            negative,
        ),
        autodiff(
            "repeat: autodiff, 1 call in 8, slightly",
            "1 + 1e-5 times as large",
            8,
            slightly,
        ),
        manual(
            "repeat: by hand, 1 call in 3",
            "the gradient's sign",
            3,
            negative,
        ),
        manual(
            "repeat: by hand, 1 call in 8",
            "the gradient's sign",
            8,
            negative,
        ),
        manual(
            "repeat: by hand, 1 call in 16",
            "the gradient's sign",
            16,
            negative,
        ),
        manual(
            "repeat: by hand, 1 call in 8, slightly",
            "1 + 1e-5 times as large",
            8,
            slightly,
        ),
        growing(),
        noisy(),
    ]
}

/// `x²`.
fn square(name: &'static str) -> Case {
    Case::new(name)
        .input("x", [3, 4])
        .function(|v| v.get::<2>("x").square())
}

fn function(name: &'static str, mistake: &'static str, every: usize, change: Change) -> WrongCase {
    let now = Now::once_in(every);
    let case = Case::new(name)
        .input("x", [3, 4])
        .function(move |v| now.change(v.get::<2>("x").square(), change));
    WrongCase::new(mistake, Expected::Nondeterministic(Witness::Function), case)
}

fn autodiff(name: &'static str, mistake: &'static str, every: usize, change: Change) -> WrongCase {
    let now = Now::once_in(every);
    let case = square(name).autodiff_function(move |v| {
        let z = v.get::<2>("x").square();
        with_gradient_of(z.clone(), now.change(z, change))
    });
    WrongCase::new(mistake, Expected::Nondeterministic(Witness::Autodiff), case)
}

fn manual(name: &'static str, mistake: &'static str, every: usize, change: Change) -> WrongCase {
    let now = Now::once_in(every);
    let case = square(name).vjp(move |v, g| {
        let grad = v.get::<2>("x") * 2.0 * g.get(0);
        Gradients::new().with("x", now.change(grad, change))
    });
    WrongCase::new(mistake, Expected::Nondeterministic(Witness::Manual), case)
}

fn growing() -> WrongCase {
    let calls = AtomicUsize::new(0);
    let case = Case::new("repeat: state that grows")
        .input("x", [3, 4])
        .function(move |v| {
            let calls = calls.fetch_add(1, Ordering::Relaxed) as f64;
            v.get::<2>("x").square() * (1.0 + 1e-6 * calls)
        });
    WrongCase::new(
        "a factor that grows by a millionth on each call",
        Expected::Nondeterministic(Witness::Function),
        case,
    )
}

fn noisy() -> WrongCase {
    let case = Case::new("repeat: noise").input("x", [3, 4]).function(|v| {
        let x = v.get::<2>("x");
        let noise = x.random_like(burn::tensor::Distribution::Uniform(0.9, 1.1));
        x.square() * noise
    });
    WrongCase::new(
        "random noise of a tenth",
        Expected::Nondeterministic(Witness::Function),
        case,
    )
}
