//! The state of the graph as its address says it.

use layers::Activation;

use crate::error::RequestError;
use crate::query::{self, Query};

/// The most training steps; all are repeated for each request.
const STEPS: u32 = 2000;
/// The most numbers that are changed by hand.
const EDITS: usize = 100;
/// The most units of a layer, inputs and rows: the numbers must fit a page.
pub(crate) const UNITS: usize = 16;
/// The most layers of a net that is built on the page.
const LAYERS: usize = 6;

/// A net or function of the lecture, or one that is built on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Net {
    /// The scalar net (L5).
    Scalar,
    /// The general net with a linear output (L6).
    General { f: Activation, units: usize },
    /// The XOR net (L3).
    Xor { f: Activation, units: usize },
    /// A net as that for MNIST (L7), small: two inputs, three classes.
    Classifier { f: Activation, units: usize },
    /// The function of four variables (L14).
    FourVariables,
    /// Its composition with x(z) (L15).
    Composition,
    /// Built on the page.
    Own(Own),
}

/// A net that is built on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Own {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    pub(crate) layers: Vec<Layer>,
    pub(crate) loss: Loss,
}

/// Units and activation of a layer; no activation for a linear one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Layer {
    pub(crate) units: usize,
    pub(crate) f: Option<Activation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Squares,
    CrossEntropy,
}

/// A number that was changed by hand before a training step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edit {
    pub(crate) step: u32,
    pub(crate) name: String,
    pub(crate) element: [usize; 2],
    pub(crate) value: f64,
}

/// Everything that decides the numbers on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) net: Net,
    pub(crate) seed: u32,
    pub(crate) rate: f64,
    pub(crate) steps: u32,
    pub(crate) edits: Vec<Edit>,
}

/// The names of the activations.
fn activations() -> [(&'static str, Activation); 4] {
    Activation::ALL.map(|f| (f.name(), f))
}

#[derive(Clone, Copy)]
enum Kind {
    Scalar,
    General,
    Xor,
    Classifier,
    FourVariables,
    Composition,
    Own,
}

impl State {
    /// Takes the state from an address; what is left out has its default.
    pub(crate) fn take(query: &mut Query) -> Result<Self, RequestError> {
        let kinds = [
            ("scalar", Kind::Scalar),
            ("general", Kind::General),
            ("xor", Kind::Xor),
            ("classifier", Kind::Classifier),
            ("four-variables", Kind::FourVariables),
            ("composition", Kind::Composition),
            ("own", Kind::Own),
        ];
        let kind = query.word("net", Kind::Scalar, &kinds)?;
        let mut hidden = |f, units| {
            let f = query.word("f", f, &activations())?;
            let units = query.number("units", units, 1..=UNITS)?;
            Ok::<_, RequestError>((f, units))
        };
        let net = match kind {
            Kind::Scalar => Net::Scalar,
            Kind::General => {
                let (f, units) = hidden(Activation::Sigmoid, 3)?;
                Net::General { f, units }
            }
            Kind::Xor => {
                let (f, units) = hidden(Activation::Sigmoid, 2)?;
                Net::Xor { f, units }
            }
            Kind::Classifier => {
                let (f, units) = hidden(Activation::Relu, 4)?;
                Net::Classifier { f, units }
            }
            Kind::FourVariables => Net::FourVariables,
            Kind::Composition => Net::Composition,
            Kind::Own => Net::Own(Own::take(query)?),
        };
        Ok(Self {
            seed: query.number("seed", 1, 0..=u32::MAX)?,
            rate: query.number("rate", net.rate(), 0.0..=100.0)?,
            steps: query.number("steps", 0, 0..=STEPS)?,
            edits: edits(query)?,
            net,
        })
    }
}

impl Net {
    /// The step length with which descent makes progress one can see.
    fn rate(&self) -> f64 {
        match self {
            Self::Xor { .. } => 1.0,
            Self::FourVariables => 0.001,
            Self::Composition => 0.0001,
            _ => 0.1,
        }
    }
}

impl Own {
    fn take(query: &mut Query) -> Result<Self, RequestError> {
        let rows = query.number("rows", 4, 1..=UNITS)?;
        let inputs = query.number("inputs", 2, 1..=UNITS)?;
        let losses = [
            ("squares", Loss::Squares),
            ("cross-entropy", Loss::CrossEntropy),
        ];
        let loss = query.word("loss", Loss::Squares, &losses)?;
        let layers = query.take("layers")?;
        let layers = layers
            .as_deref()
            .unwrap_or("3:tanh,1:linear")
            .split(',')
            .map(Layer::parse);
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        if layers.len() > LAYERS {
            return Err(RequestError::TooMany {
                what: "layers",
                limit: LAYERS,
            });
        }
        Ok(Self {
            rows,
            inputs,
            layers,
            loss,
        })
    }
}

impl Layer {
    /// Reads `3:tanh`.
    fn parse(text: &str) -> Result<Self, RequestError> {
        let (units, f) = text.split_once(':').unwrap_or((text, "linear"));
        let mut words = vec![("linear", None)];
        words.extend(activations().map(|(name, f)| (name, Some(f))));
        Ok(Self {
            units: query::number("layers", units, 1..=UNITS)?,
            f: query::word("layers", f, &words)?,
        })
    }
}

/// Reads every `edit=STEP,NAME,ROW,COLUMN,VALUE`.
fn edits(query: &mut Query) -> Result<Vec<Edit>, RequestError> {
    let texts = query.take_all("edit");
    if texts.len() > EDITS {
        return Err(RequestError::TooMany {
            what: "changed numbers",
            limit: EDITS,
        });
    }
    texts.iter().map(|text| Edit::parse(text)).collect()
}

impl Edit {
    fn parse(text: &str) -> Result<Self, RequestError> {
        let parts = text.split(',').collect::<Vec<_>>();
        let [step, name, row, column, value] = parts[..] else {
            return Err(RequestError::Value {
                name: "edit",
                got: query::shortened(text),
                expected: "step, name, row, column and value with commas between them".to_owned(),
            });
        };
        let index = |text| query::number("edit", text, 0..=usize::MAX);
        Ok(Self {
            step: query::number("edit", step, 0..=STEPS)?,
            name: name.to_owned(),
            element: [index(row)?, index(column)?],
            value: query::number("edit", value, f64::MIN..=f64::MAX)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state(text: &str) -> Result<State, String> {
        let mut query = Query::parse(text).map_err(|error| error.to_string())?;
        let state = State::take(&mut query).map_err(|error| error.to_string())?;
        query.finish().map_err(|error| error.to_string())?;
        Ok(state)
    }

    #[test]
    fn an_empty_address_is_the_scalar_net() {
        let state = state("").unwrap();
        assert_eq!((state.net, state.seed, state.steps), (Net::Scalar, 1, 0));
    }

    #[test]
    fn a_net_of_ones_own_is_read() {
        let state = state("net=own&inputs=3&rows=2&layers=4:relu,2&loss=cross-entropy").unwrap();
        let layers = vec![
            Layer {
                units: 4,
                f: Some(Activation::Relu),
            },
            Layer { units: 2, f: None },
        ];
        let own = Own {
            rows: 2,
            inputs: 3,
            layers,
            loss: Loss::CrossEntropy,
        };
        assert_eq!(state.net, Net::Own(own));
    }

    #[test]
    fn mistakes_and_excesses_are_refused() {
        for (text, part) in [
            ("net=cnn", "expected one of scalar, general"),
            ("net=own&layers=17", "expected a number from 1 to 16"),
            ("net=own&layers=3:gelu", "expected one of linear, relu"),
            ("net=own&layers=1,1,1,1,1,1,1", "more than 6 layers"),
            ("steps=2001", "expected a number from 0 to 2000"),
            ("rate=-1", "expected a number from 0 to 100"),
            ("edit=0,w1,0,0", "step, name, row, column and value"),
            ("edit=0,w1,0,0,NaN", "expected a number from"),
            ("net=xor&layers=3", "unknown parameter 'layers'"),
            ("f=relu", "unknown parameter 'f'"),
        ] {
            let error = state(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let many = "edit=0,w1,0,0,1&".repeat(EDITS + 1);
        assert!(state(&many).unwrap_err().contains("more than 100"));
    }

    proptest! {
        #[test]
        fn any_state_is_read_or_refused(
            net in "scalar|general|xor|classifier|four-variables|composition|own|\\PC{0,5}",
            rest in prop::collection::vec(
                ("net|f|units|seed|rate|steps|edit|layers|rows|inputs|loss", "[-a-z0-9.,:e]{0,12}"), 0..6),
        ) {
            let rest = rest.into_iter().map(|(name, value)| format!("&{name}={value}"));
            let _ = state(&format!("net={net}{}", rest.collect::<String>()));
        }
    }
}
