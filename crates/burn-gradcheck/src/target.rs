//! The device, the float type and the options of a check.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device, Tensor};

use crate::flat::upload;

/// The device and float type under test, and a device for the finite differences.
#[derive(Clone, Debug)]
pub struct Target {
    /// The device under test; its autodiff association, if any, is ignored.
    pub device: Device,
    /// The float type under test.
    pub dtype: DType,
    /// A device with f64 for the finite differences, used if `dtype` is not f64. Without it they are
    /// computed on `device`, if that computes in f64.
    pub reference: Option<Device>,
}

impl Target {
    /// A device and a float type, without a reference device.
    pub fn new(device: Device, dtype: DType) -> Self {
        Self {
            device,
            dtype,
            reference: None,
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

    /// The device for finite differences in f64, if there is one: the device under test if it is tested
    /// in f64, else the reference, else the device under test if it computes in f64.
    pub(crate) fn finite_device(&self) -> Option<Device> {
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

    /// Whether an input of this many elements is checked in full.
    pub(crate) fn is_full(&self, elements: usize) -> bool {
        match self.mode {
            Mode::Full => true,
            Mode::Fast => false,
            Mode::Auto => elements <= self.full_limit,
        }
    }
}
