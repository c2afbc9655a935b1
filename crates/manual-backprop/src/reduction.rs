/// The way in which the losses of a batch's rows become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// Added up, as on the slides.
    Sum,
    /// Added up and divided by the number of rows, once.
    Mean,
}

impl Reduction {
    /// The factor `c` before the sum over `rows` rows: 1 or `1/rows`.
    ///
    /// ```
    /// use manual_backprop::Reduction;
    ///
    /// assert_eq!(Reduction::Sum.factor(4), 1.0);
    /// assert_eq!(Reduction::Mean.factor(4), 0.25);
    /// ```
    pub fn factor(self, rows: usize) -> f64 {
        match self {
            Self::Sum => 1.0,
            Self::Mean => 1.0 / rows as f64,
        }
    }
}
