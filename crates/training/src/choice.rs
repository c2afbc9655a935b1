//! The choices from a list: model, engine, optimizer, schedule, preset. Each value has one name, the
//! same on the command line, in `config.json` and in messages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that is not in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is unknown; use one of {known}")]
pub struct UnknownName {
    name: String,
    known: String,
}

macro_rules! choice {
    ($(#[$doc:meta])* $choice:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
        pub enum $choice {
            $($(#[$value_doc])* $value,)+
        }

        impl $choice {
            /// All values, in the order in which they are listed.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The name of the value.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }

        impl fmt::Display for $choice {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $choice {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                let found = Self::ALL.iter().find(|value| value.name() == name);
                found.copied().ok_or_else(|| UnknownName {
                    name: name.to_owned(),
                    known: [$($name),+].join(", "),
                })
            }
        }
    };
}

choice! {
    /// The nets that can be trained.
    ModelName {
        /// A multi-layer perceptron on MNIST-shaped images (lecture item L7).
        MnistMlp = "mnist-mlp",
        /// One hidden layer on the truth table of the exclusive or (lecture item L3).
        XorNet = "xor-net",
        /// One affine map on MNIST-shaped images, with its exact solution for comparison (lecture item
        /// L12).
        LinearRegression = "linear-regression",
    }
}

choice! {
    /// What is done to images of any size and colour.
    ImageKind {
        /// Pen strokes on a plain background: cropped, scaled and centred like MNIST's, 28x28.
        Strokes = "strokes",
        /// Photographs and other pictures: made grey and resized, nothing else.
        Plain = "plain",
    }
}

choice! {
    /// How training images are distorted, anew in every epoch.
    Augment {
        /// Rotated, scaled, sheared and shifted.
        Affine = "affine",
        /// Every pixel displaced, by a smooth random field.
        Elastic = "elastic",
        /// Both.
        Both = "both",
    }
}

choice! {
    /// Recommended settings.
    Preset {
        /// 98 % on MNIST in a second: --backend flex --engine fused --epochs 3 --batch-size 256 --optimizer adam
        /// --learning-rate 0.012 --schedule linear --warm-up 0.5 --label-smoothing 0.05
        Fast = "fast",
        /// A net 784-1000-500-10 for handwritten digits, on distorted images, in 30 minutes.
        Accurate = "accurate",
        /// The same recipe for a net 784-2500-2000-1500-1000-500-10, in ten hours.
        Record = "record",
    }
}

choice! {
    /// Where gradients come from.
    Engine {
        /// Burn's autodiff.
        Autodiff = "autodiff",
        /// The hand-derived formulas.
        Manual = "manual",
        /// The hand-derived formulas, a whole step as one operation on the processor.
        Fused = "fused",
    }
}

choice! {
    /// Update rules.
    OptimizerName {
        /// θ ← θ - α δθ.
        Sgd = "sgd",
        /// v ← 0.9 v + δθ; θ ← θ - α v.
        Momentum = "momentum",
        /// Adam with β1 0.9, β2 0.999, ε 1e-8.
        Adam = "adam",
        /// Nesterov's momentum: v ← 0.9 v + δθ; θ ← θ - α (δθ + 0.9 v).
        Nesterov = "nesterov",
        /// AdamW: Adam, with a weight decay of its own, θ ← θ - αλθ.
        Adamw = "adamw",
    }
}

choice! {
    /// How the learning rate changes over a run; with a warm-up, after it.
    ScheduleName {
        /// It stays the same.
        Constant = "constant",
        /// Half a cosine, down to 0 at the end.
        Cosine = "cosine",
        /// A straight line, down to 0 at the end.
        Linear = "linear",
        /// A tenth after a third of the steps, a hundredth after two thirds.
        Step = "step",
    }
}

impl ScheduleName {
    /// Whether another number of epochs would change the rates of all steps.
    pub fn depends_on_length(self) -> bool {
        self != Self::Constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_text_and_in_json() {
        for &model in ModelName::ALL {
            assert_eq!(model.name().parse(), Ok(model));
            let json = serde_json::to_string(&model).expect("a name is JSON");
            assert_eq!(json, format!("{:?}", model.name()));
        }
        let error = "sdg".parse::<OptimizerName>().expect_err("a slip");
        assert_eq!(
            error.to_string(),
            "\"sdg\" is unknown; use one of sgd, momentum, adam, nesterov, adamw"
        );
    }

    #[cfg(feature = "clap")]
    #[test]
    fn a_name_is_the_same_on_the_command_line() {
        fn check<T: clap::ValueEnum + fmt::Display>() {
            for value in T::value_variants() {
                let listed = value.to_possible_value().expect("no value is hidden");
                assert_eq!(listed.get_name(), value.to_string());
            }
        }
        check::<ModelName>();
        check::<Augment>();
        check::<Preset>();
        check::<Engine>();
        check::<OptimizerName>();
        check::<ScheduleName>();
    }
}
