//! Batch normalisation: with its running statistics it is a line per unit, and becomes part of the
//! dense layer before or after it.

use std::collections::BTreeMap;

use crate::array::Array;
use crate::error::ExchangeError;
use crate::order::{number_of_child, parts};
use crate::stack::{Dense, tensor_name};

/// The ε of PyTorch's and Burn's BatchNorm, which a state dict does not contain.
pub(crate) const DEFAULT_EPSILON: f64 = 1e-5;

/// Where batch normalisation stands, if the names of a file do not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormPlace {
    /// Between a dense layer and its activation.
    BeforeActivation,
    /// After the activation.
    AfterActivation,
}

/// The dense layer that a normalisation becomes part of, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The normalisation follows this layer directly.
    After(usize),
    /// The normalisation gives this layer its inputs.
    Before(usize),
}

/// The arrays of a batch normalisation.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) name: String,
    mean: Vec<f32>,
    variance: Vec<f32>,
    weight: Option<Vec<f32>>,
    bias: Option<Vec<f32>>,
}

impl Norm {
    /// Takes the batch normalisations out of a file's arrays: what has running statistics.
    pub(crate) fn take_all(
        arrays: &mut BTreeMap<String, Array>,
    ) -> Result<Vec<Self>, ExchangeError> {
        const MEAN: &str = "running_mean";
        let names = arrays
            .keys()
            .filter_map(|name| match name.strip_suffix(MEAN)? {
                "" => Some(String::new()),
                path => path.strip_suffix('.').map(str::to_owned),
            });
        let names: Vec<String> = names.collect();
        let mut norms = Vec::new();
        for name in names {
            let units = arrays[&tensor_name(&name, MEAN)].values.len();
            // PyTorch's names, and Burn's.
            let mut take = |aliases: &[&str]| {
                let part = aliases
                    .iter()
                    .map(|part| tensor_name(&name, part))
                    .find(|part| arrays.contains_key(part));
                part.map(|part| vector(&part, arrays.remove(&part), units))
                    .transpose()
            };
            let mean = take(&[MEAN])?;
            let variance = take(&["running_var"])?;
            let weight = take(&["weight", "gamma"])?;
            let bias = take(&["bias", "beta"])?;
            let variance = variance.ok_or_else(|| ExchangeError::MissingTensor {
                name: tensor_name(&name, "running_var"),
            })?;
            norms.push(Self {
                name,
                mean: mean.unwrap_or_default(),
                variance,
                weight,
                bias,
            });
        }
        Ok(norms)
    }

    /// Number of units.
    fn units(&self) -> usize {
        self.mean.len()
    }

    /// Factor and offset of each unit: the normalisation is `factor · x + offset`.
    ///
    /// # Formula
    ///
    /// ```text
    /// y = γ (x - μ) / √(σ² + ε) + β
    /// ```
    fn line(&self, epsilon: f64) -> (Vec<f64>, Vec<f64>) {
        let factor = |i: usize| {
            let weight = self
                .weight
                .as_ref()
                .map_or(1.0, |weight| f64::from(weight[i]));
            weight / (f64::from(self.variance[i]) + epsilon).sqrt()
        };
        let factors: Vec<f64> = (0..self.units()).map(factor).collect();
        let offset = |(i, factor): (usize, &f64)| {
            let bias = self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[i]));
            bias - f64::from(self.mean[i]) * factor
        };
        let offsets = factors.iter().enumerate().map(offset).collect();
        (factors, offsets)
    }

    /// Makes the normalisation part of a layer.
    pub(crate) fn fold(
        &self,
        side: Side,
        layers: &mut [Dense],
        epsilon: f64,
    ) -> Result<(), ExchangeError> {
        let (Side::After(index) | Side::Before(index)) = side;
        let layer = &layers[index];
        let [d_in, d_out] = layer.sizes();
        let expected = match side {
            Side::After(_) => d_out,
            Side::Before(_) => d_in,
        };
        if self.units() != expected {
            return Err(ExchangeError::NormUnits {
                name: self.name.clone(),
                units: self.units(),
                layer: layer.name().to_owned(),
                expected,
            });
        }
        let (factors, offsets) = self.line(epsilon);
        layers[index] = match side {
            Side::After(_) => layer.followed_by(&factors, &offsets)?,
            Side::Before(_) => layer.preceded_by(&factors, &offsets)?,
        };
        Ok(())
    }
}

/// An error if the caller names another place than the one that is known of a normalisation, or names one
/// where there is none.
pub(crate) fn refuse_other_place<'a>(
    known: impl IntoIterator<Item = (&'a str, Side)>,
    asked: Option<NormPlace>,
) -> Result<(), ExchangeError> {
    let Some(asked) = asked else {
        return Ok(());
    };
    let mut known = known.into_iter().peekable();
    if known.peek().is_none() {
        return Err(ExchangeError::NoNorm);
    }
    let other = known.find_map(|(name, side)| {
        let (is_asked, place) = match side {
            Side::After(_) => (
                asked == NormPlace::BeforeActivation,
                "between a layer and its activation",
            ),
            Side::Before(0) => (true, ""),
            Side::Before(_) => (asked == NormPlace::AfterActivation, "after the activation"),
        };
        (!is_asked).then(|| (name.to_owned(), place))
    });
    match other {
        Some((name, place)) => Err(ExchangeError::OtherNormPlace { name, place }),
        None => Ok(()),
    }
}

/// Where each normalisation stands among the layers `names`: as the numbers in the names show, those of
/// PyTorch's `Sequential`, otherwise in the place that the caller names.
pub(crate) fn sides(
    norms: &[Norm],
    names: &[&str],
    place: Option<NormPlace>,
) -> Result<Vec<Side>, ExchangeError> {
    let shown = shown_sides(norms, names);
    match (shown, place) {
        (Ok(shown), _) => {
            let known = norms.iter().map(|norm| &norm.name[..]);
            refuse_other_place(known.zip(shown.iter().copied()), place)?;
            Ok(shown)
        }
        (Err(_), Some(place)) => placed_sides(norms, names, place),
        (Err(unclear), None) => Err(unclear),
    }
}

/// Where each normalisation stands if all stand in one place.
fn placed_sides(
    norms: &[Norm],
    names: &[&str],
    place: NormPlace,
) -> Result<Vec<Side>, ExchangeError> {
    let hidden = names.len().saturating_sub(1);
    if norms.len() != hidden {
        return Err(ExchangeError::NormCount {
            norms: norms.len(),
            hidden,
        });
    }
    // `bn2` comes before `bn10`.
    let mut order: Vec<usize> = (0..norms.len()).collect();
    order.sort_by_key(|&index| {
        let (kind, numbers) = parts(&norms[index].name);
        (numbers, kind)
    });
    let mut sides = vec![Side::After(0); norms.len()];
    for (layer, norm) in order.into_iter().enumerate() {
        sides[norm] = match place {
            NormPlace::BeforeActivation => Side::After(layer),
            NormPlace::AfterActivation => Side::Before(layer + 1),
        };
    }
    Ok(sides)
}

/// Where each normalisation stands by the numbers in the names.
fn shown_sides(norms: &[Norm], names: &[&str]) -> Result<Vec<Side>, ExchangeError> {
    let side = |norm: &Norm| {
        let unclear = || ExchangeError::NormPlace {
            name: norm.name.clone(),
        };
        let (parent, number) = number_of_child(&norm.name).ok_or_else(unclear)?;
        let layer_at = |number: u64| {
            let is_at = |name: &&str| number_of_child(name) == Some((parent, number));
            names.iter().position(is_at)
        };
        let before = number.checked_sub(1).and_then(layer_at);
        let after = number.checked_add(1).and_then(layer_at);
        match (before, after) {
            (Some(layer), None) => Ok(Side::After(layer)),
            (None, Some(layer)) => Ok(Side::Before(layer)),
            _ => Err(unclear()),
        }
    };
    norms.iter().map(side).collect()
}

/// The values of an array that must be a vector of `units` elements.
fn vector(name: &str, array: Option<Array>, units: usize) -> Result<Vec<f32>, ExchangeError> {
    let array = array.expect("the name is one of the file's");
    if array.shape != [units] {
        return Err(ExchangeError::WrongShape {
            name: name.to_owned(),
            expected: format!("one dimension of {units}, as its running mean"),
            got: array.shape,
        });
    }
    Ok(array.values)
}
