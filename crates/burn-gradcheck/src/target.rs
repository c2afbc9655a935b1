//! The device, the float type and the options of a check.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device, Tensor};

use crate::flat::upload;
use crate::tolerance::Tolerance;

/// The device and float type under test, and a device for the finite differences.
#[derive(Clone, Debug)]
pub struct Target {
    /// The device under test. If it has gradient checkpointing, autodiff uses it.
    pub device: Device,
    /// The float type under test.
    pub dtype: DType,
    /// A device with f64 for the finite differences, used if `dtype` is not f64. Without it they are
    /// computed on `device`, if that computes in f64.
    pub reference: Option<Device>,
    /// Whether finite differences are computed on `device` in `dtype`, without f64.
    pub alone: bool,
}

impl Target {
    /// A device and a float type, without a reference device.
    pub fn new(device: Device, dtype: DType) -> Self {
        Self {
            device,
            dtype,
            reference: None,
            alone: false,
        }
    }

    /// The device in f64 if it computes in f64, else in f32.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::{DType, Device};
    ///
    /// assert_eq!(burn_gradcheck::Target::best(&Device::flex()).dtype, DType::F64);
    /// ```
    pub fn best(device: &Device) -> Self {
        let dtype = if computes_in_f64(device) {
            DType::F64
        } else {
            DType::F32
        };
        Self::new(device.clone(), dtype)
    }

    /// Sets a device with f64 for the finite differences.
    #[must_use]
    pub fn with_reference(mut self, reference: Device) -> Self {
        self.reference = Some(reference);
        self
    }

    /// Takes finite differences in the float type under test, for functions that do not work in f64 (a layer
    /// that makes tensors of the device's default type inside). They are coarse then: in f32 a mistake below
    /// a hundredth can escape.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::nn::LstmConfig;
    /// use burn::tensor::{DType, Device};
    /// use burn_gradcheck::{Case, Options, Target};
    ///
    /// let lstm = Case::new("lstm").input("x", [2, 3, 4]).module(
    ///     |device| LstmConfig::new(4, 5, true).init(device),
    ///     |lstm, v| lstm.forward(v.get::<3>("x"), None).0,
    /// );
    /// let target = Target::new(Device::flex(), DType::F32).alone();
    /// lstm.run(&target, &Options::default()).assert_pass();
    /// ```
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// The device and float type for finite differences.
    pub(crate) fn finite_place(&self) -> Option<(Device, DType)> {
        if self.alone {
            return Some((self.device.clone(), self.dtype));
        }
        Some((self.finite_device()?, DType::F64))
    }

    /// The device for finite differences in f64, if there is one: the device under test if it is tested
    /// in f64, else the reference, else the device under test if it computes in f64.
    fn finite_device(&self) -> Option<Device> {
        let own = Some(&self.device);
        let preferred = if self.dtype == DType::F64 {
            [own, self.reference.as_ref()]
        } else {
            [self.reference.as_ref(), own]
        };
        let mut found = preferred.into_iter().flatten();
        found.find(|device| computes_in_f64(device)).cloned()
    }
}

/// Whether a device really computes in f64: some GPU drivers store and add f64, but evaluate `exp` and
/// the like in f32 or not at all.
fn computes_in_f64(device: &Device) -> bool {
    static PROBED: Mutex<Vec<(Device, bool)>> = Mutex::new(Vec::new());
    let mut probed = PROBED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, answer)) = probed.iter().find(|(other, _)| other == device) {
        return *answer;
    }
    let answer = device.supports_dtype(DType::F64) && probe_f64(device);
    probed.push((device.clone(), answer));
    answer
}

fn probe_f64(device: &Device) -> bool {
    type OnDevice = fn(Tensor<1>) -> Tensor<1>;
    type OnHost = fn(f64) -> f64;
    let functions: [(OnDevice, OnHost); 6] = [
        (Tensor::exp, f64::exp),
        (Tensor::log, f64::ln),
        (Tensor::sin, f64::sin),
        (Tensor::tanh, f64::tanh),
        (Tensor::sqrt, f64::sqrt),
        (Tensor::recip, f64::recip),
    ];
    let device = device.clone().without_autodiff();
    let x = [0.3, 1.7];
    functions.into_iter().all(|(on_device, on_host)| {
        let got: Vec<f64> = on_device(upload([2], &x, &device, DType::F64))
            .into_data()
            .iter::<f64>()
            .collect();
        let close = |(got, x): (&f64, f64)| (got - on_host(x)).abs() <= 1e-13 * on_host(x).abs();
        got.iter().zip(x).all(close)
    })
}

/// The elements of an input that finite differences cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Full up to [`Options::full_limit`] elements, else fast.
    #[default]
    Auto,
    /// Every element, one by one.
    Full,
    /// Random directions: one number for all elements together.
    Fast,
}

/// Seed, coverage and selection of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed of the drawn inputs, upstream gradients and directions.
    pub seed: u64,
    /// The elements of an input that finite differences cover.
    pub mode: Mode,
    /// Elements of one input up to which [`Mode::Auto`] checks in full.
    pub full_limit: usize,
    /// Directions for each input in fast mode.
    pub directions: usize,
    /// Number of the first draw: 0, or the number in a report.
    pub draw: u32,
    /// Check only this element of this input.
    pub only: Option<(String, Vec<usize>)>,
    /// How often the function and each gradient are computed at the same point, at least 2: more find
    /// rarer changes. With more than 16384 elements it is at most 4.
    pub repetitions: usize,
    /// Whether a function may lose digits inside. In f64 it may compute in f32: its gradients are then held
    /// to the tolerance of f32, where the function's values show that they are rounded to it. In f32 terms may
    /// cancel: gradients are then allowed what a change of the inputs does that explains by how much the
    /// values differ from those in f64. Otherwise such rounding is a mistake like any other.
    pub coarse_inside: bool,
    /// The largest step of the finite differences, absolute; `None` takes a sixteenth of an element's size.
    pub eps: Option<f64>,
    /// The absolute difference that passes, instead of the table's tolerance ([`Tolerance`]).
    pub atol: Option<f64>,
    /// The relative difference that passes, instead of the table's.
    pub rtol: Option<f64>,
}

impl Default for Options {
    /// Seed 0, automatic mode: full up to 4096 elements, 8 directions above.
    fn default() -> Self {
        Self {
            seed: 0,
            mode: Mode::Auto,
            full_limit: 4096,
            directions: 8,
            draw: 0,
            only: None,
            repetitions: 16,
            coarse_inside: true,
            eps: None,
            atol: None,
            rtol: None,
        }
    }
}

impl Options {
    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the number of elements up to which an input is checked in full.
    #[must_use]
    pub fn full_limit(mut self, elements: usize) -> Self {
        self.full_limit = elements;
        self
    }

    /// Sets the number of directions in fast mode.
    #[must_use]
    pub fn directions(mut self, directions: usize) -> Self {
        self.directions = directions;
        self
    }

    /// Sets the number of the first draw.
    #[must_use]
    pub fn draw(mut self, draw: u32) -> Self {
        self.draw = draw;
        self
    }

    /// Checks one element of one input only.
    #[must_use]
    pub fn only(mut self, input: impl Into<String>, index: impl Into<Vec<usize>>) -> Self {
        self.only = Some((input.into(), index.into()));
        self
    }

    /// Sets how often the function and each gradient are computed at the same point.
    #[must_use]
    pub fn repetitions(mut self, repetitions: usize) -> Self {
        self.repetitions = repetitions;
        self
    }

    /// Sets whether a function may lose digits inside: compute in f32 where its inputs are f64, or cancel terms
    /// in f32.
    #[must_use]
    pub fn coarse_inside(mut self, allowed: bool) -> Self {
        self.coarse_inside = allowed;
        self
    }

    /// Sets the largest step of the finite differences. Unlike that of `torch.autograd.gradcheck`, it is only the
    /// first: it shrinks until the derivative is precise.
    #[must_use]
    pub fn eps(mut self, step: f64) -> Self {
        self.eps = Some(step);
        self
    }

    /// Sets the absolute difference between any two witnesses that passes.
    #[must_use]
    pub fn atol(mut self, difference: f64) -> Self {
        self.atol = Some(difference);
        self
    }

    /// Sets the relative difference between any two witnesses that passes.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use burn_gradcheck::{Case, Gradients, Options, Target};
    ///
    /// let rough = Case::new("a rough derivative")
    ///     .input("x", [3])
    ///     .function(|v| v.get::<1>("x").sin())
    ///     .vjp(|v, grad_out| {
    ///         let slope = v.get::<1>("x").cos() * 1.001;
    ///         Gradients::new().with("x", grad_out.get::<1>(0) * slope)
    ///     });
    /// let target = Target::best(&Device::flex());
    /// assert!(!rough.run(&target, &Options::default()).is_pass());
    /// assert!(rough.run(&target, &Options::default().rtol(0.01)).is_pass());
    /// ```
    #[must_use]
    pub fn rtol(mut self, relative: f64) -> Self {
        self.rtol = Some(relative);
        self
    }

    /// The tolerance with what the options say.
    pub(crate) fn applied_to(&self, tolerance: Option<Tolerance>) -> Option<Tolerance> {
        if self.atol.is_none() && self.rtol.is_none() {
            return tolerance;
        }
        let mut applied = tolerance.unwrap_or_else(|| Tolerance::new(0.0, 0.0, ""));
        if let Some(relative) = self.rtol {
            (applied.pair, applied.finite) = (relative, relative);
        }
        if let Some(absolute) = self.atol {
            applied.absolute = absolute;
        }
        applied.reason = "set by the options".to_owned();
        Some(applied)
    }

    /// Whether an input of this many elements is checked in full.
    pub(crate) fn is_full(&self, elements: usize) -> bool {
        match self.mode {
            Mode::Full => true,
            Mode::Fast => false,
            Mode::Auto => elements <= self.full_limit,
        }
    }
}
