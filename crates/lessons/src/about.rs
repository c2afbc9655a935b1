//! What a lesson is about: its place in the lecture, what comes before it, and what to do after it.

use anyhow::Result;
use exercise_judge::exercise;
use pages::page::{Link, Page, Section, Table};

/// Where `trainer live` answers, if it is not told otherwise.
pub const LIVE: &str = "http://127.0.0.1:7878/";

/// What a lesson is about.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Items of the lecture, `L13` for example.
    pub items: &'static str,
    /// Lessons that should come before it.
    needs: &'static [&'static About],
    /// Its exercises, by name.
    exercises: &'static [&'static str],
    /// The address on the live page, behind the `#`, of what shows the same.
    pub(crate) live: &'static str,
}

pub(crate) static GRADIENT_DESCENT: About = About {
    name: "gradient-descent",
    title: "Gradient descent",
    items: "L13",
    needs: &[],
    exercises: &["bowl", "descent", "momentum"],
    live: "descent",
};

pub(crate) static CHAIN_RULE: About = About {
    name: "chain-rule",
    title: "The chain rule",
    items: "L14, L15, L1",
    needs: &[&GRADIENT_DESCENT],
    exercises: &["four_variables", "jacobian"],
    live: "graph?net=four-variables",
};

pub(crate) static LAYER_RULES: About = About {
    name: "layer-rules",
    title: "The rules of a layer",
    items: "L10, L11, L2",
    needs: &[&CHAIN_RULE],
    exercises: &[
        "sigmoid",
        "tanh",
        "relu",
        "elu",
        "matmul",
        "add_bias",
        "column_bias",
        "pointwise",
        "squared_error",
        "layer",
    ],
    live: "graph?net=classifier",
};

pub(crate) static SOFTMAX_CROSS_ENTROPY: About = About {
    name: "softmax-cross-entropy",
    title: "Softmax and cross-entropy",
    items: "L8",
    needs: &[&LAYER_RULES],
    exercises: &[
        "softmax",
        "cross_entropy",
        "composed",
        "fused",
        "safe_softmax",
        "safe_logarithm",
    ],
    live: "softmax",
};

pub(crate) static SCALAR_NET: About = About {
    name: "scalar-net",
    title: "The scalar net",
    items: "L5",
    needs: &[&CHAIN_RULE],
    exercises: &["scalar_net"],
    live: "graph?net=scalar",
};

pub(crate) static XOR: About = About {
    name: "xor",
    title: "The XOR net",
    items: "L3, L4, L17",
    needs: &[&SCALAR_NET, &LAYER_RULES],
    exercises: &["general_net", "xor_net"],
    live: "graph?net=xor",
};

pub(crate) static LINEAR_REGRESSION: About = About {
    name: "linear-regression",
    title: "Linear regression on MNIST",
    items: "L12",
    needs: &[&GRADIENT_DESCENT, &LAYER_RULES],
    exercises: &["regression", "regression_descent"],
    live: "playground?data=plane&hidden=",
};

pub(crate) static MNIST: About = About {
    name: "mnist",
    title: "The MNIST net",
    items: "L7, L9, L17",
    needs: &[&SOFTMAX_CROSS_ENTROPY, &XOR],
    exercises: &["mnist_net", "mean_once"],
    live: "digits?net=trained",
};

pub(crate) static COMPUTATIONAL_GRAPH: About = About {
    name: "computational-graph",
    title: "Computational graphs",
    items: "L1, L6",
    needs: &[&XOR],
    exercises: &["used_twice"],
    live: "graph?net=composition",
};

pub(crate) static UNIVERSAL_APPROXIMATION: About = About {
    name: "universal-approximation",
    title: "One hidden layer approximates any function",
    items: "L16",
    needs: &[&XOR],
    exercises: &["bump"],
    live: "bumps",
};

pub(crate) static INITIALIZATION: About = About {
    name: "initialization",
    title: "Initialisation, and gradients that vanish or explode",
    items: "L17, L2",
    needs: &[&MNIST],
    exercises: &["layer_norm", "batch_norm"],
    live: "playground",
};

pub(crate) static OPTIMIZERS: About = About {
    name: "optimizers",
    title: "Optimizers on one surface",
    items: "L13, L17",
    needs: &[&GRADIENT_DESCENT],
    exercises: &["momentum"],
    live: "descent",
};

pub(crate) static OVERFITTING: About = About {
    name: "overfitting",
    title: "Overfitting and regularisation",
    items: "L17",
    needs: &[&MNIST],
    exercises: &["dropout", "regression"],
    live: "playground",
};

pub(crate) static GRADIENT_CHECKING: About = About {
    name: "gradient-checking",
    title: "Gradient checking",
    items: "L18",
    needs: &[&SOFTMAX_CROSS_ENTROPY],
    exercises: &["gradient_check"],
    live: "graph",
};

impl About {
    /// The lesson's page, still empty.
    pub(crate) fn page(&self) -> Page {
        Page::new(self.title, self.items)
    }

    /// The page with what comes before the lesson, and what to do after it. `address` gives the addresses of
    /// other lessons, if they have any.
    pub(crate) fn complete(
        &self,
        page: Page,
        address: impl Fn(&Self) -> Option<String>,
    ) -> Result<Page> {
        let needs = self.needs.iter();
        let needs = needs.map(|about| Link::new(about.title, address(about)));
        let mut table = Table::new(["exercise", "what is asked"]);
        for name in self.exercises {
            let title = exercise(name)?.title();
            table.push([format!("`cargo xtask exercise {name}`"), title.to_owned()]);
        }
        let live = format!("{LIVE}#{}", self.live);
        Ok(page
            .needing(needs.collect())
            .with(
                Section::new("Exercises")
                    .text(
                        "Each is a function with a blank; the command compares what you write with the \
                         formula, with autodiff and with finite differences, and says what is wrong.",
                    )
                    .table(table),
            )
            .with(
                Section::new("Live")
                    .text("The same with your own numbers: start `trainer live`, and open this address.")
                    .link(Link::new(live.clone(), Some(live))),
            ))
    }
}
