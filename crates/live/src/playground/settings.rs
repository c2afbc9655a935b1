//! What is trained and how, as an address says it; some of it changes while the net learns.

use std::ops::RangeInclusive;

use fused_mlp::Rule;
use layers::{Activation, Dropout, Initializer};

use crate::changes::Changes;
use crate::error::RequestError;
use crate::query::{self, Query};

/// The most steps of a training.
pub(crate) const STEPS: u64 = 10_000_000;
/// The most hidden layers and units of one.
const LAYERS: usize = 6;
const UNITS: usize = 16;
/// The most points drawn by hand.
const POINTS: usize = 400;
/// The most classes.
pub(crate) const CLASSES: usize = 5;
/// The parameters that may change while the net learns.
const CHANGEABLE: [&str; 8] = [
    "rate",
    "batch",
    "optimizer",
    "momentum",
    "decay",
    "dropout",
    "clip",
    "noise",
];

/// The kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circles,
    Xor,
    Blobs,
    Spiral,
    Moons,
    Stripes,
    /// A plane to fit.
    Plane,
    /// Hills and hollows to fit.
    Hills,
    /// Points drawn by hand.
    Own,
}

impl Shape {
    const WORDS: [(&'static str, Self); 9] = [
        ("circles", Self::Circles),
        ("xor", Self::Xor),
        ("blobs", Self::Blobs),
        ("spiral", Self::Spiral),
        ("moons", Self::Moons),
        ("stripes", Self::Stripes),
        ("plane", Self::Plane),
        ("hills", Self::Hills),
        ("own", Self::Own),
    ];

    /// Whether the net fits numbers, not classes.
    pub(crate) fn is_regression(self) -> bool {
        matches!(self, Self::Plane | Self::Hills)
    }
}

/// A point drawn by hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: [f64; 2],
    pub(crate) class: usize,
}

/// What decides the points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DataSettings {
    pub(crate) shape: Shape,
    /// Classes, 0 for numbers to fit.
    pub(crate) classes: usize,
    pub(crate) count: usize,
    pub(crate) noise: f64,
    /// The share that tests.
    pub(crate) test: f64,
    pub(crate) own: Vec<Point>,
}

/// All settings at a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) data: DataSettings,
    pub(crate) seed: u32,
    pub(crate) hidden: Vec<usize>,
    /// The activation of each hidden layer.
    pub(crate) f: Vec<Activation>,
    /// How weights are drawn; `None` chooses by each layer's activation.
    initializer: Option<Initializer>,
    pub(crate) rule: Rule,
    pub(crate) rate: f64,
    pub(crate) batch: usize,
    pub(crate) decay: f64,
    /// Of the hidden units, at step 0.
    pub(crate) dropout: Dropout,
    pub(crate) clip: Option<f64>,
}

/// A training: what it starts from, what changes and when, and where it stops.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The address without steps and stops.
    settings: Changes,
    /// Where to go on: everything before is repeated if it is not remembered.
    pub(crate) start: u64,
    /// Where to stop.
    pub(crate) stop: u64,
    /// Where a frame ends the training: at this loss or below it, or at this accuracy or above it.
    pub(crate) stop_loss: f64,
    pub(crate) stop_accuracy: f64,
}

impl Plan {
    /// Reads an address.
    pub(crate) fn take(mut query: Query) -> Result<Self, RequestError> {
        let start = query.number("steps", 0, 0..=STEPS)?;
        let stop = query.number("stop", STEPS, 0..=STEPS)?;
        let stop_step = query.number("stop-step", 0, 0..=STEPS)?;
        let stop_loss = query.number("stop-loss", 0.0, 0.0..=1e9)?;
        let stop_accuracy = query.number("stop-accuracy", 0.0, 0.0..=1.0)?;
        let changes = Changes::take(&mut query, &CHANGEABLE, STEPS)?;
        let plan = Self {
            settings: changes.of(query.into_pairs()),
            start,
            // A step that lies behind is no end.
            stop: if stop_step > start {
                stop.min(stop_step)
            } else {
                stop
            },
            stop_loss,
            stop_accuracy,
        };
        // Every moment must be possible before the first one comes.
        for step in plan.moments() {
            plan.settings(step)?;
        }
        Ok(plan)
    }

    /// The steps from which other settings apply, the first one included.
    pub(crate) fn moments(&self) -> Vec<u64> {
        self.settings.moments()
    }

    /// The settings with which this step is taken.
    pub(crate) fn settings(&self, step: u64) -> Result<Settings, RequestError> {
        let mut query = self.settings.settings(step);
        let settings = Settings::take(&mut query)?;
        query.finish()?;
        Ok(settings)
    }

    /// Everything that decided the weights after this many steps.
    pub(crate) fn history(&self, step: u64) -> String {
        self.settings.history(step)
    }
}

impl Settings {
    fn take(query: &mut Query) -> Result<Self, RequestError> {
        let data = DataSettings::take(query)?;
        let hidden = query.take("hidden")?.unwrap_or_else(|| "8,8".to_owned());
        let hidden = query::units(&hidden, LAYERS, UNITS)?;
        let f = activations(query, hidden.len())?;
        let initializers = [
            ("he", Some(Initializer::HeUniform)),
            ("glorot", Some(Initializer::GlorotUniform)),
            ("zeros", Some(Initializer::Zeros)),
        ];
        let momentum = query.number("momentum", 0.9, 0.0..=0.999)?;
        let rules = [
            ("sgd", Rule::Sgd),
            ("momentum", Rule::Momentum { momentum }),
            ("nesterov", Rule::Nesterov { momentum }),
            (
                "adam",
                Rule::Adam {
                    beta_1: 0.9,
                    beta_2: 0.999,
                    epsilon: 1e-8,
                },
            ),
            (
                "adamw",
                Rule::AdamW {
                    beta_1: 0.9,
                    beta_2: 0.999,
                    epsilon: 1e-8,
                },
            ),
        ];
        // The squared error is a sum over the batch, the cross-entropy a mean.
        let rate = if data.shape.is_regression() {
            0.01
        } else {
            0.1
        };
        let clip = query.number("clip", 0.0, 0.0..=1e6)?;
        let seed = query.number("seed", 1, 0..=u32::MAX)?;
        let dropped = query.number("dropout", 0.0, 0.0..=0.9)?;
        let dropout = Dropout::new(dropped, 0.0, seed.into());
        Ok(Self {
            seed,
            dropout: dropout.expect("a probability below 1"),
            hidden,
            f,
            initializer: query.word("init", None, &initializers)?,
            rule: query.word("optimizer", Rule::Sgd, &rules)?,
            rate: query.number("rate", rate, 0.0..=100.0)?,
            batch: query.number("batch", 16, 1..=256)?,
            decay: query.number("decay", 0.0, 0.0..=10.0)?,
            clip: (clip > 0.0).then_some(clip),
            data,
        })
    }

    /// Units of the input and every layer.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![2];
        sizes.extend(&self.hidden);
        sizes.push(self.data.classes.max(1));
        sizes
    }

    /// How the weights of a layer are drawn; the last one is drawn like the one before it.
    pub(crate) fn initializer(&self, layer: usize) -> Initializer {
        let f = self.f.get(layer).or(self.f.last());
        let by_activation = || {
            f.map_or(Initializer::GlorotUniform, |&f| {
                Initializer::for_activation(f)
            })
        };
        self.initializer.unwrap_or_else(by_activation)
    }
}

/// Takes an activation for all hidden layers, or one for each with commas between them.
fn activations(query: &mut Query, layers: usize) -> Result<Vec<Activation>, RequestError> {
    let text = query.take("f")?.unwrap_or_else(|| "tanh".to_owned());
    let words = Activation::ALL.map(|f| (f.name(), f));
    let named = text.split(',').map(|name| query::word("f", name, &words));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    match &named[..] {
        [all] => Ok(vec![*all; layers]),
        each if each.len() == layers => Ok(named),
        each => Err(RequestError::Value {
            name: "f",
            got: query::shortened(&text),
            expected: format!("one activation or {layers}, got {}", each.len()),
        }),
    }
}

impl DataSettings {
    fn take(query: &mut Query) -> Result<Self, RequestError> {
        let shape = query.word("data", Shape::Circles, &Shape::WORDS)?;
        let own = query.take_all("point");
        if own.len() > POINTS {
            return Err(RequestError::TooMany {
                what: "points",
                limit: POINTS,
            });
        }
        let own = own
            .iter()
            .map(|text| Point::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        let classes = match shape {
            Shape::Blobs | Shape::Spiral | Shape::Stripes => {
                query.number("classes", 2, 2..=CLASSES)?
            }
            Shape::Plane | Shape::Hills => 0,
            Shape::Own => own
                .iter()
                .map(|point| point.class + 1)
                .max()
                .unwrap_or(0)
                .max(2),
            Shape::Circles | Shape::Xor | Shape::Moons => 2,
        };
        if shape == Shape::Own && own.len() < 2 {
            let got = own.len();
            return Err(RequestError::Refused(format!(
                "{got} points of your own, expected 2 or more; click into the plane"
            )));
        }
        let test: RangeInclusive<f64> = 0.0..=0.9;
        Ok(Self {
            shape,
            classes,
            count: query.number("points", 300, 10..=1000)?,
            noise: query.number("noise", 0.1, 0.0..=1.0)?,
            test: query.number("test", 0.3, test)?,
            own,
        })
    }
}

impl Point {
    /// Reads `0.5,-0.25,1`: coordinates and class.
    fn parse(text: &str) -> Result<Self, RequestError> {
        let parts = text.split(',').collect::<Vec<_>>();
        let [x, y, class] = parts[..] else {
            return Err(RequestError::Value {
                name: "point",
                got: query::shortened(text),
                expected: "two coordinates and a class with commas between them".to_owned(),
            });
        };
        Ok(Self {
            x: [
                query::number("point", x, -2.0..=2.0)?,
                query::number("point", y, -2.0..=2.0)?,
            ],
            class: query::number("point", class, 0..=CLASSES - 1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(text: &str) -> Result<Plan, String> {
        let query = Query::parse(text).map_err(|error| error.to_string())?;
        Plan::take(query).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_change_from_their_step_on() {
        let plan = plan("rate=0.1&change=500,rate,0.02&change=200,batch,32").unwrap();
        assert_eq!(plan.moments(), [0, 200, 500]);
        let at = |step| plan.settings(step).map(|s| (s.rate, s.batch)).unwrap();
        assert_eq!([at(0), at(199)], [(0.1, 16); 2]);
        assert_eq!([at(200), at(499)], [(0.1, 32); 2]);
        assert_eq!(at(500), (0.02, 32));
        // A change has no part in what was before it.
        assert_eq!(plan.history(200), plan.history(0));
        assert_ne!(plan.history(201), plan.history(200));
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, part) in [
            ("data=cats", "expected one of circles"),
            ("data=own&point=0,0,1", "expected 2 or more"),
            ("data=own&point=0,0", "two coordinates and a class"),
            ("dropout=1", "expected a number from 0 to 0.9"),
            ("hidden=8,17", "expected a number from 1 to 16"),
            ("hidden=1,1,1,1,1,1,1", "more than 6 hidden layers"),
            ("change=5,hidden,3", "one of rate, batch"),
            ("change=5,rate,fast", "'rate' is 'fast'"),
            ("change=5", "step, name and value"),
            ("f=tanh,relu,elu", "expected one activation or 2, got 3"),
            ("f=tanh,swish", "expected one of relu"),
            ("data=circles&classes=3", "unknown parameter 'classes'"),
        ] {
            let error = plan(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn each_layer_has_its_activation_and_weights_drawn_for_it() {
        let of = |text: &str| plan(text).unwrap().settings(0).unwrap();
        assert_eq!(of("f=relu").f, [Activation::Relu; 2]);
        let settings = of("f=tanh,relu");
        assert_eq!(settings.f, [Activation::Tanh, Activation::Relu]);
        let drawn = [0, 1, 2].map(|layer| settings.initializer(layer));
        let (glorot, he) = (Initializer::GlorotUniform, Initializer::HeUniform);
        assert_eq!(drawn, [glorot, he, he]);
        assert_eq!(
            of("f=tanh,relu&init=zeros").initializer(1),
            Initializer::Zeros
        );
        assert_eq!(of("hidden=&f=relu").initializer(0), glorot);
    }

    #[test]
    fn a_step_to_stop_at_ends_only_what_is_before_it() {
        let stop = |text: &str| plan(text).unwrap().stop;
        assert_eq!(stop("stop-step=500"), 500);
        assert_eq!(stop("steps=500&stop-step=500"), STEPS);
        assert_eq!(stop("steps=100&stop=101&stop-step=500"), 101);
    }

    proptest! {
        #[test]
        fn any_address_is_read_or_refused(
            pairs in prop::collection::vec(
                ("data|hidden|f|init|rate|batch|change|point|classes|noise|steps|optimizer|x",
                 "own|spiral|[0-9.,]{0,8}|[0-9],rate,[0-9.]{1,4}|adam|relu|\\PC{0,4}"), 0..8),
        ) {
            let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
            let _ = plan(&pairs.collect::<Vec<_>>().join("&"));
        }
    }
}
