//! The report: for people, for programs, for tests.

use std::fmt;

use burn::tensor::{DType, Device};
use serde::Serialize;

use crate::input::HostInput;
use crate::judge::Testimony;
use crate::laws::LawReport;
use crate::layout::indices;
use crate::measure::Pairs;
use crate::number;
use crate::tolerance::Tolerance;
use crate::verdict::Verdict;

/// The result of a check, with everything that is needed to repeat it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the case.
    pub case: String,
    /// The conclusion.
    pub verdict: Verdict,
    /// The device under test.
    pub device: String,
    /// The float type under test.
    pub dtype: String,
    /// Seed of the values, upstream gradients and directions.
    pub seed: u64,
    /// Number of the draw at which the check was made; above the requested one if points on a kink were
    /// skipped.
    pub draw: u32,
    /// The tolerance that was applied; `None` if the check ended before.
    pub tolerance: Option<Tolerance>,
    /// Elements of all differentiated inputs.
    pub elements: usize,
    /// Elements for which at least two witnesses were compared.
    pub checked: usize,
    /// Largest relative error of each pair of witnesses.
    pub worst: Pairs,
    /// Median relative error of each pair of witnesses.
    pub median: Pairs,
    /// The element behind the verdict: the most serious finding, with the largest error.
    pub worst_element: Option<ElementReport>,
    /// One entry for each input checked.
    pub inputs: Vec<InputReport>,
    /// Statistics of the finite differences.
    pub finite: FiniteReport,
    /// The laws of vector-Jacobian products, each tested on each witness.
    pub laws: Vec<LawReport>,
}

/// One input's share of a report.
#[derive(Clone, Debug, Serialize)]
pub struct InputReport {
    /// Name of the input, or dotted path of the parameter.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How finite differences covered it: `full`, `fast` or `none`.
    pub mode: &'static str,
    /// Its elements.
    pub elements: usize,
    /// Elements for which at least two witnesses were compared (in fast mode by a few random directions
    /// together).
    pub checked: usize,
    /// Whether autodiff reached it. Otherwise its gradient counts as zero.
    pub connected: bool,
    /// Whether autodiff's gradient is missing or zero while finite differences are not.
    pub severed: bool,
    /// Whether all witnesses found its gradient to be zero within rounding.
    pub zero: bool,
    /// The largest rounding error of its gradient that was measured and allowed; `None` if the tolerance was
    /// enough.
    #[serde(serialize_with = "number::maybe")]
    pub rounding: Option<f64>,
    /// Root mean square of its gradient: that of autodiff or of the hand-written one, whichever is larger.
    #[serde(serialize_with = "number::one")]
    pub size: f64,
    /// Largest relative error of each pair of witnesses.
    pub worst: Pairs,
}

/// One element or one direction, with the value of every witness.
#[derive(Clone, Debug, Serialize)]
pub struct ElementReport {
    /// Name of the input.
    pub input: String,
    /// The element; `None` for a direction.
    pub index: Option<Vec<usize>>,
    /// The number of the direction; `None` for an element.
    pub direction: Option<usize>,
    /// The element's value.
    #[serde(serialize_with = "number::maybe")]
    pub value: Option<f64>,
    /// The hand-written gradient.
    #[serde(serialize_with = "number::maybe")]
    pub manual: Option<f64>,
    /// Autodiff's gradient.
    #[serde(serialize_with = "number::one")]
    pub autodiff: f64,
    /// The finite differences' estimate.
    #[serde(serialize_with = "number::maybe")]
    pub finite: Option<f64>,
    /// The estimate's own estimated error.
    #[serde(serialize_with = "number::maybe")]
    pub finite_error: Option<f64>,
    /// At a kink: the slope from the left.
    #[serde(serialize_with = "number::maybe")]
    pub left: Option<f64>,
    /// At a kink: the slope from the right.
    #[serde(serialize_with = "number::maybe")]
    pub right: Option<f64>,
    /// Absolute differences.
    pub absolute: Pairs,
    /// Relative errors, by [`relative_error`](crate::relative_error).
    pub relative: Pairs,
}

/// Statistics of the finite differences.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FiniteReport {
    /// The device on which they were computed; `None` without one that has f64.
    pub device: Option<String>,
    /// The float type in which they were computed.
    pub dtype: String,
    /// Evaluations of the function.
    pub evaluations: usize,
    /// Difference quotients that needed a smaller step than the first.
    pub steps_shrunk: usize,
    /// Points that were replaced because they lay on a kink.
    pub redrawn: u32,
    /// Comparisons at a kink.
    pub kinks: usize,
    /// Comparisons that they do not resolve.
    pub uncertified: usize,
    /// Largest estimated absolute error.
    #[serde(serialize_with = "number::maybe")]
    pub worst_error_estimate: Option<f64>,
}

impl Report {
    /// A report without findings yet.
    pub(crate) fn blank(
        case: &str,
        (device, dtype): (String, String),
        (seed, draw): (u64, u32),
    ) -> Self {
        Self {
            case: case.to_owned(),
            verdict: Verdict::Pass,
            device,
            dtype,
            seed,
            draw,
            tolerance: None,
            elements: 0,
            checked: 0,
            worst: Pairs::default(),
            median: Pairs::default(),
            worst_element: None,
            inputs: Vec::new(),
            finite: FiniteReport::default(),
            laws: Vec::new(),
        }
    }

    /// A report on what can't be checked on any device.
    pub(crate) fn invalid(case: &str, reason: &str) -> Self {
        let none = || "none".to_owned();
        let mut report = Self::blank(case, (none(), none()), (0, 0));
        report.verdict = Verdict::Invalid {
            reason: reason.to_owned(),
        };
        report
    }

    /// Whether the verdict is [`Verdict::Pass`]: the plain yes or no.
    pub fn is_pass(&self) -> bool {
        self.verdict.is_pass()
    }

    /// Asserts, in a test, that the check passes.
    ///
    /// # Panics
    ///
    /// Unless the verdict is [`Verdict::Pass`], with the whole report as the message.
    #[track_caller]
    pub fn assert_pass(&self) {
        assert!(self.is_pass(), "{self}");
    }

    /// The report as one line of JSON. Numbers that are not finite are the strings "nan", "inf" and
    /// "-inf"; absent values are `null`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use burn_gradcheck::Case;
    ///
    /// let case = Case::new("sine").input("x", [3]).function(|v| v.get::<1>("x").sin());
    /// let json = case.check(&Device::flex()).to_json();
    /// assert!(json.starts_with(r#"{"case":"sine","verdict":{"kind":"pass"}"#));
    /// ```
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("JSON can hold every field of a report")
    }

    /// The call that repeats the check of the worst element alone (of everything, if there is none).
    pub fn repeat(&self) -> String {
        let mut options = format!("Options::default().seed({})", self.seed);
        if self.draw > 0 {
            options += &format!(".draw({})", self.draw);
        }
        if let Some(element) = &self.worst_element {
            match &element.index {
                Some(index) => options += &format!(".only({:?}, {index:?})", element.input),
                None => options += ".mode(Mode::Fast)",
            }
        }
        format!("case.run(&target, &{options})")
    }
}

impl Testimony {
    /// The testimony about an element or a direction of this input.
    pub(crate) fn report(&self, input: &HostInput) -> ElementReport {
        let element = self.element;
        ElementReport {
            input: input.name.clone(),
            index: element.map(|element| indices(&input.shape, element)),
            direction: self.direction,
            value: element.map(|element| input.values[element]),
            manual: self.manual,
            autodiff: self.autodiff,
            finite: self.finite.map(|estimate| estimate.value),
            finite_error: self.finite.map(|estimate| estimate.error),
            left: self.finite.and_then(|estimate| Some(estimate.kink?.0)),
            right: self.finite.and_then(|estimate| Some(estimate.kink?.1)),
            absolute: self.absolute(),
            relative: self.relative(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.case, self.verdict)?;
        if let Some(element) = &self.worst_element {
            write!(f, "{element}")?;
            if let Some(tolerance) = &self.tolerance {
                writeln!(
                    f,
                    "  tolerance: {:.1e} between the gradients, {:.1e} from finite differences ({})",
                    tolerance.pair, tolerance.finite, tolerance.reason
                )?;
            }
        }
        for law in self.laws.iter().filter(|law| !law.holds) {
            writeln!(
                f,
                "  law: {} {} ({:.1e})",
                law.witness, law.law, law.difference
            )?;
        }
        for input in &self.inputs {
            if !input.connected {
                writeln!(f, "  input {}: not reached by autodiff", input.name)?;
            } else if input.zero {
                writeln!(
                    f,
                    "  input {}: a zero gradient, within rounding",
                    input.name
                )?;
            }
            if let Some(rounding) = input.rounding.filter(|rounding| *rounding > 0.0) {
                writeln!(
                    f,
                    "  input {}: rounding of up to {rounding:.1e} was measured and allowed",
                    input.name
                )?;
            }
        }
        writeln!(
            f,
            "  checked: {} of {} elements, in {} on {}",
            self.checked, self.elements, self.dtype, self.device
        )?;
        let finite = &self.finite;
        match &finite.device {
            Some(device) => writeln!(
                f,
                "  finite differences: in {} on {device}, {} evaluations, {} steps shrunk, \
                 {} points redrawn, {} kinks, {} uncertified",
                finite.dtype,
                finite.evaluations,
                finite.steps_shrunk,
                finite.redrawn,
                finite.kinks,
                finite.uncertified
            )?,
            None => writeln!(f, "  finite differences: none, no device with f64")?,
        }
        write!(f, "  repeat: {}", self.repeat())
    }
}

impl fmt::Display for ElementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  input {}, ", self.input)?;
        match (&self.index, self.value) {
            (Some(index), Some(value)) => writeln!(f, "element {index:?} = {value}")?,
            _ => writeln!(f, "direction {}", self.direction.unwrap_or_default())?,
        }
        if let Some(manual) = self.manual {
            writeln!(f, "    hand-written        {manual:24.16e}")?;
        }
        writeln!(f, "    autodiff            {:24.16e}", self.autodiff)?;
        if let (Some(finite), Some(error)) = (self.finite, self.finite_error) {
            writeln!(f, "    finite differences  {finite:24.16e}  ± {error:.1e}")?;
        }
        if let (Some(left), Some(right)) = (self.left, self.right) {
            writeln!(
                f,
                "    slopes              {left:.6e} from the left, {right:.6e} from the right"
            )?;
        }
        let rows = [
            (
                "hand-written - autodiff",
                self.absolute.manual_autodiff,
                self.relative.manual_autodiff,
            ),
            (
                "hand-written - finite",
                self.absolute.manual_finite,
                self.relative.manual_finite,
            ),
            (
                "autodiff - finite",
                self.absolute.autodiff_finite,
                self.relative.autodiff_finite,
            ),
        ];
        for (pair, absolute, relative) in rows {
            if let (Some(absolute), Some(relative)) = (absolute, relative) {
                writeln!(
                    f,
                    "    {pair:24} absolute {absolute:.1e}, relative {relative:.1e}"
                )?;
            }
        }
        Ok(())
    }
}

/// A device's name: Burn's, without `Device<...>`, and whether it has gradient checkpointing.
pub(crate) fn device_label(device: &Device) -> String {
    let plain = format!("{:?}", device.clone().without_autodiff());
    let inner = plain
        .strip_prefix("Device<")
        .and_then(|rest| rest.strip_suffix('>'));
    let name = inner.unwrap_or(&plain);
    let without = device.clone().without_autodiff().autodiff();
    let strategy = device.gradient_checkpointing_strategy();
    if strategy.is_none() || strategy == without.gradient_checkpointing_strategy() {
        name.to_owned()
    } else {
        format!("{name} with gradient checkpointing")
    }
}

/// A float type's name: `f64`.
pub(crate) fn dtype_label(dtype: DType) -> String {
    format!("{dtype:?}").to_lowercase()
}
