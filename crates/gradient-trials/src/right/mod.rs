//! Right functions and modules of Burn: a checker that does not pass them raises a false alarm.
//!
//! What Burn computes wrongly is not here but in the ledger of `burn-suite`. So no function divides by
//! a number that is not a power of two (the backward pass of `div_scalar` divides in f32), and
//! activations do not include Burn's GELU (its backward pass on ndarray is that of another form).

mod checks;
mod elementwise;
mod layers;
mod losses;
mod nets;
mod recurrent;
mod tensors;

use std::ops::Range;

use burn::tensor::DType;
use burn_gradcheck::{
    Case, Gradients, Options, Outputs, Report, Target, Upstream, Values, Verdict,
};

/// A right function or module of Burn.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let function = &gradient_trials::right::functions()[0];
/// assert_eq!((function.name(), function.about), ("relu", "zero for negative inputs"));
/// let report = function.check(&target, &Options::default());
/// report.expect("it works in f64").assert_pass();
/// ```
#[derive(Debug, Clone)]
pub struct RightFunction {
    /// What it does or what is hard about it, in a few words.
    pub about: &'static str,
    case: Case,
    only: Option<DType>,
    alone: bool,
    full_limit: Option<usize>,
}

impl RightFunction {
    fn new(about: &'static str, case: Case) -> Self {
        Self {
            about,
            case,
            only: None,
            alone: false,
            full_limit: None,
        }
    }

    /// Adds a gradient by hand.
    fn with_vjp(
        mut self,
        vjp: impl Fn(&Values, &Upstream) -> Gradients + Send + Sync + 'static,
    ) -> Self {
        self.case = self.case.vjp(vjp);
        self
    }

    /// For a function that works in one float type: that type, and a formula for finite differences.
    fn only_in<O: Into<Outputs>>(
        mut self,
        dtype: DType,
        reference: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.only = Some(dtype);
        self.case = self.case.reference(reference);
        self
    }

    /// Takes finite differences in f32, without f64.
    fn alone(mut self) -> Self {
        self.only = Some(DType::F32);
        self.alone = true;
        self
    }

    /// Has inputs of more elements checked along random directions.
    fn full_limit(mut self, elements: usize) -> Self {
        self.full_limit = Some(elements);
        self
    }

    /// Its name, which no other has.
    pub fn name(&self) -> &str {
        self.case.name()
    }

    /// The case.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// The only float type in which Burn can compute the function, if it is not both f64 and f32.
    pub fn float_type(&self) -> Option<DType> {
        self.only
    }

    /// Checks the function, or `None` if it does not work in the float type of the target.
    pub fn check(&self, target: &Target, options: &Options) -> Option<Report> {
        if self.only.is_some_and(|only| only != target.dtype) {
            return None;
        }
        let mut options = options.clone();
        options.full_limit = self.full_limit.unwrap_or(options.full_limit);
        let target = target.clone();
        let target = if self.alone { target.alone() } else { target };
        Some(self.case.run(&target, &options))
    }

    /// Checks the function on every target and with every seed.
    ///
    /// ```
    /// use burn::tensor::{DType, Device};
    /// use burn_gradcheck::Target;
    ///
    /// let targets = [DType::F64, DType::F32].map(|dtype| Target::new(Device::flex(), dtype));
    /// let tally = gradient_trials::right::functions()[0].tally(&targets, 0..3);
    /// assert_eq!((tally.passed, tally.alarms.len()), (6, 0));
    /// ```
    pub fn tally(&self, targets: &[Target], seeds: Range<u64>) -> Tally {
        let mut tally = Tally::default();
        for target in targets {
            for seed in seeds.clone() {
                if let Some(report) = self.check(target, &Options::default().seed(seed)) {
                    tally.count(report);
                }
            }
        }
        tally
    }
}

/// The results of checks of one right function.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Checks that passed.
    pub passed: usize,
    /// Reports of checks that decided nothing; the verdict gives the reason.
    pub unchecked: Vec<Report>,
    /// Reports that found a fault where there is none.
    pub alarms: Vec<Report>,
}

impl Tally {
    fn count(&mut self, report: Report) {
        match report.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Unchecked { .. } => self.unchecked.push(report),
            _ => self.alarms.push(report),
        }
    }

    /// The number of checks.
    pub fn checks(&self) -> usize {
        self.passed + self.unchecked.len() + self.alarms.len()
    }
}

/// Every right function.
pub fn functions() -> Vec<RightFunction> {
    let all = [
        elementwise::all(),
        tensors::all(),
        layers::all(),
        losses::all(),
        nets::all(),
        recurrent::all(),
        checks::all(),
    ];
    all.into_iter().flatten().collect()
}
