//! The functions that a minimiser takes.

/// A function from `dimension` real numbers to one, with its gradient derived by hand.
///
/// It can be used as `&dyn Function`. [`functions`](crate::functions) has the lecture's; to add
/// another, implement this trait:
///
/// ```
/// use gradient_descent::{Function, GradientDescent, Minimizer, Minimum};
///
/// /// `f(x) = (x - 3)²`
/// struct Parabola;
///
/// impl Function for Parabola {
///     fn name(&self) -> &str { "parabola" }
///     fn formula(&self) -> String { "f(x) = (x - 3)²".into() }
///     fn dimension(&self) -> usize { 1 }
///     fn value(&self, x: &[f64]) -> f64 { (x[0] - 3.0).powi(2) }
///     fn gradient(&self, x: &[f64]) -> Vec<f64> { vec![2.0 * (x[0] - 3.0)] }
///     fn minimum(&self) -> Option<Minimum> {
///         Some(Minimum { point: vec![3.0], value: 0.0 })
///     }
///     fn start(&self) -> Vec<f64> { vec![0.0] }
///     fn step(&self) -> f64 { 0.25 }
/// }
///
/// let minimizer = GradientDescent { step: Parabola.step(), ..GradientDescent::default() };
/// let descent = minimizer.minimize(&Parabola, &Parabola.start())?;
/// assert!((descent.last().point[0] - 3.0).abs() < 1e-6);
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
pub trait Function {
    /// Short name, lower case: `cosine bowl`.
    fn name(&self) -> &str;

    /// The formula as text to display, in Unicode: `f(x, y) = ½(x² + 20 y²)`.
    fn formula(&self) -> String;

    /// Number of coordinates of a point.
    fn dimension(&self) -> usize;

    /// `f(x)`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `dimension` coordinates.
    fn value(&self, x: &[f64]) -> f64;

    /// `∇f(x)`, with `dimension` components.
    ///
    /// # Panics
    ///
    /// If `x` does not have `dimension` coordinates.
    fn gradient(&self, x: &[f64]) -> Vec<f64>;

    /// A point where the function is smallest, if one is known.
    fn minimum(&self) -> Option<Minimum>;

    /// A point from which a descent is interesting.
    fn start(&self) -> Vec<f64>;

    /// A step length with which plain gradient descent from [`Function::start`] decreases `f` at
    /// every step.
    fn step(&self) -> f64;
}

/// A point where a function is smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The point.
    pub point: Vec<f64>,
    /// The function's value there.
    pub value: f64,
}

/// The coordinates of a point of known dimension.
///
/// # Panics
///
/// If there are more or fewer than `N`.
pub(crate) fn coordinates<const N: usize>(x: &[f64]) -> [f64; N] {
    x.try_into()
        .unwrap_or_else(|_| panic!("a point of {} coordinates, expected {N}", x.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a point of 3 coordinates, expected 2")]
    fn a_point_of_another_dimension_panics() {
        coordinates::<2>(&[1.0, 2.0, 3.0]);
    }
}
