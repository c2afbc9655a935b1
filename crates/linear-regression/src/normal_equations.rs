//! The normal equations: gathered block by block, solved for any ridge term.

use burn::tensor::Tensor;
use layers::ConfigError;
use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use crate::eigen::{add_to_diagonal, eigen, eigenvalues};
use crate::error::{Error, read_back};
use crate::model::LinearRegression;
use crate::solution::Solution;

/// The normal equations of multiple linear regression, gathered block by block of rows and solved
/// for any ridge term.
///
/// # Formula
///
/// ```text
/// J(W, b) = ½‖X·W + 1bᵀ - Y‖² + γ/2 ‖W‖²        x̄, ȳ: means over the rows
/// (X̃ᵀX̃ + γI)·W = X̃ᵀỸ    b = ȳ - Wᵀx̄            X̃ = X - 1x̄ᵀ,  Ỹ = Y - 1ȳᵀ
/// ```
///
/// # Derivation
///
/// ```text
/// ∂J/∂b = Σ_rows (X·W + 1bᵀ - Y) = 0   gives   b = ȳ - Wᵀx̄
/// with that b,  X·W + 1bᵀ - Y = X̃·W - Ỹ,  and  1ᵀX̃ = 0
/// ∂J/∂W = Xᵀ(X̃·W - Ỹ) + γW = X̃ᵀ(X̃·W - Ỹ) + γW = 0
/// ```
///
/// With `b = 0`, as on the slides, the same steps give `(XᵀX + γI)·W = XᵀY`.
///
/// # When the matrix is singular
///
/// `X̃ᵀX̃` is symmetric with eigenvalues of 0 or more. A ridge term `γ > 0` adds γ to each, so the
/// solution is unique and a Cholesky decomposition finds it. With `γ = 0` there may be many
/// solutions: 67 of MNIST's 784 pixels are black in all training images, which gives a zero row and
/// column each in `XᵀX` and in `X̃ᵀX̃`, and 5 more are linear combinations of others (pixels lit in
/// the same few images). Weights in such directions change no output for any training image, and so
/// do not change the loss. Of all solutions this crate returns the one with the smallest `‖W‖`,
/// which is the limit for `γ → 0`: with eigenvectors `v_i` and eigenvalues `λ_i`,
///
/// ```text
/// W = Σ_i v_i v_iᵀ X̃ᵀỸ / λ_i   over the i with λ_i > (d_in + √n) ε λ_max
/// ```
///
/// Below that bound an eigenvalue cannot be distinguished from 0. The decomposition of a
/// `d_in × d_in` matrix has an error of up to about `d_in ε λ_max`, and the matrix itself, whose
/// entries are sums of `n` products, of about `√n ε λ_max` (Higham and Mary, *SIAM J. Sci. Comput.*
/// 41, 2019), with `ε = 2.2e-16`. MNIST has 72 eigenvalues within 1e-10 of 0, the others are 4.8e-5 or more, and the
/// bound is 7e-8. A ridge term below the bound is treated the same way, with `λ_i + γ` as the
/// denominator.
///
/// # Precision
///
/// All sums are in f64 on the host, whatever the tensors' dtype and device: graphics adapters have
/// no f64, and this way every backend gives the same solution. Each block is centred on its own mean
/// before products are summed, and merged with the others by the formula of Chan, Golub and LeVeque
/// (*The American Statistician* 37, 1983), so that data far from zero loses no digits.
///
/// # Source
///
/// Lecture item L12.
///
/// # Example
///
/// Four points in two blocks, and two ridge terms:
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use linear_regression::NormalEquations;
///
/// let tensor = |values| Tensor::<2>::from_data(values, &Device::flex());
/// let mut equations = NormalEquations::new(1, 1)?;
/// equations.add(tensor([[0.0], [1.0]]), tensor([[5.0], [7.0]]))?;
/// equations.add(tensor([[2.0], [3.0]]), tensor([[9.0], [11.0]]))?;
/// assert_eq!(equations.rows(), 4);
/// assert!((equations.solve(0.0)?.weight[0] - 2.0).abs() < 1e-12);
/// assert!((equations.solve(5.0)?.weight[0] - 1.0).abs() < 1e-12); // Σ(x - x̄)² is also 5
/// # Ok::<(), linear_regression::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NormalEquations {
    rows: usize,
    mean_x: DVector<f64>,
    mean_y: DVector<f64>,
    /// `X̃ᵀX̃`.
    gram: DMatrix<f64>,
    /// `X̃ᵀỸ`.
    cross: DMatrix<f64>,
    /// `‖Ỹ‖²`.
    square_y: f64,
}

impl NormalEquations {
    /// Equations without any rows.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a size is zero or the model too large.
    pub fn new(inputs: usize, outputs: usize) -> Result<Self, Error> {
        ConfigError::check_size("the input", inputs)?;
        ConfigError::check_size("the output", outputs)?;
        ConfigError::check_weights(&[inputs, inputs, outputs])?;
        Ok(Self {
            rows: 0,
            mean_x: DVector::zeros(inputs),
            mean_y: DVector::zeros(outputs),
            gram: DMatrix::zeros(inputs, inputs),
            cross: DMatrix::zeros(inputs, outputs),
            square_y: 0.0,
        })
    }

    /// Adds a block of rows. While it is added, it takes memory for some copies in f64.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]`, `y: [n, outputs]`, of any float dtype on any device.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`], [`Error::Columns`], [`Error::NotFinite`] (whose row counts from the first
    /// row of all blocks), [`Error::Overflow`] or [`Error::Device`]; the equations are then unchanged.
    pub fn add(&mut self, x: Tensor<2>, y: Tensor<2>) -> Result<(), Error> {
        let rows = same_rows(&x, &y)?;
        let x = self.host("x", x, self.mean_x.len())?;
        let y = self.host("y", y, self.mean_y.len())?;
        if rows == 0 {
            return Ok(());
        }
        let block = Self::of_block(x, y);
        let joined = self.joined(block);
        let finite = |matrix: &DMatrix<f64>| matrix.iter().all(|value| value.is_finite());
        if !(finite(&joined.gram) && finite(&joined.cross) && joined.square_y.is_finite()) {
            return Err(Error::Overflow);
        }
        *self = joined;
        Ok(())
    }

    /// A tensor as an f64 matrix with a column for each row of the tensor.
    fn host(
        &self,
        what: &'static str,
        tensor: Tensor<2>,
        expected: usize,
    ) -> Result<DMatrix<f64>, Error> {
        let [rows, columns] = tensor.dims();
        if columns != expected {
            let got = columns;
            return Err(Error::Columns {
                what,
                expected,
                got,
            });
        }
        let values = read_back(tensor)?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(Error::NotFinite {
                what,
                row: self.rows + index / columns,
                column: index % columns,
                value: values[index],
            }),
            None => Ok(DMatrix::from_vec(columns, rows, values)),
        }
    }

    /// The equations of one block, whose rows are the matrices' columns.
    fn of_block(mut x: DMatrix<f64>, mut y: DMatrix<f64>) -> Self {
        let mean_x = centre(&mut x);
        let mean_y = centre(&mut y);
        let x_rows = x.transpose();
        Self {
            rows: x.ncols(),
            mean_x,
            mean_y,
            gram: &x * x_rows,
            cross: &x * y.transpose(),
            square_y: y.norm_squared(),
        }
    }

    /// The equations of both blocks' rows: with `n` and `m` rows and the difference `δ` of the means,
    /// `X̃ᵀX̃` is the sum of both plus `nm/(n+m) δδᵀ`.
    fn joined(&self, mut block: Self) -> Self {
        let (before, added) = (self.rows as f64, block.rows as f64);
        let all = before + added;
        let delta_x = &block.mean_x - &self.mean_x;
        let delta_y = &block.mean_y - &self.mean_y;
        let between = before * added / all;
        block.gram += &self.gram;
        block.gram.ger(between, &delta_x, &delta_x, 1.0);
        block.cross += &self.cross;
        block.cross.ger(between, &delta_x, &delta_y, 1.0);
        Self {
            rows: self.rows + block.rows,
            mean_x: &self.mean_x + delta_x * (added / all),
            mean_y: &self.mean_y + &delta_y * (added / all),
            gram: block.gram,
            cross: block.cross,
            square_y: self.square_y + block.square_y + between * delta_y.norm_squared(),
        }
    }

    /// Rows added so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The minimum of the loss over all rows with the ridge term `ridge`; if there are several minima,
    /// the one with the smallest `‖W‖`.
    ///
    /// # Errors
    ///
    /// [`Error::Ridge`] if the ridge term is negative or not finite, [`Error::NoRows`] if no row
    /// was added.
    pub fn solve(&self, ridge: f64) -> Result<Solution, Error> {
        Error::check_ridge(ridge)?;
        if self.rows == 0 {
            return Err(Error::NoRows);
        }
        if ridge > 0.0 {
            let spectrum = self.spectrum(eigenvalues(&self.gram));
            if ridge > spectrum.bound
                && let Some(factor) = Cholesky::new(add_to_diagonal(&self.gram, ridge))
            {
                let condition = (spectrum.largest + ridge) / (spectrum.smallest + ridge);
                return Ok(self.solution(factor.solve(&self.cross), ridge, &spectrum, condition));
            }
        }
        let SymmetricEigen {
            eigenvectors,
            eigenvalues,
        } = eigen(&self.gram);
        let inverses = |bound: f64| {
            eigenvalues.map(|value| {
                if value > bound {
                    1.0 / (value + ridge)
                } else {
                    0.0
                }
            })
        };
        let spectrum = self.spectrum(eigenvalues.clone());
        let mut coefficients = eigenvectors.transpose() * &self.cross;
        for (mut row, inverse) in coefficients.row_iter_mut().zip(&inverses(spectrum.bound)) {
            row *= *inverse;
        }
        let condition = (spectrum.largest + ridge) / (spectrum.smallest_counted + ridge);
        Ok(self.solution(eigenvectors * coefficients, ridge, &spectrum, condition))
    }

    fn solution(
        &self,
        weight: DMatrix<f64>,
        ridge: f64,
        spectrum: &Spectrum,
        condition: f64,
    ) -> Solution {
        let bias = &self.mean_y - weight.tr_mul(&self.mean_x);
        Solution {
            loss: self.loss_at(&weight, &bias, ridge),
            weight: weight.transpose().as_slice().to_vec(),
            bias: bias.as_slice().to_vec(),
            ridge,
            rows: self.rows,
            rank: spectrum.rank,
            condition: if spectrum.rank == 0 { 1.0 } else { condition },
        }
    }

    fn spectrum(&self, eigenvalues: DVector<f64>) -> Spectrum {
        let largest = eigenvalues.max().max(0.0);
        // Twice, because `eigen` shifts the eigenvalues by up to the largest entry.
        let terms = 2.0 * (self.mean_x.len() as f64 + (self.rows as f64).sqrt());
        let bound = terms * f64::EPSILON * largest;
        let counted = || eigenvalues.iter().copied().filter(|&value| value > bound);
        Spectrum {
            bound,
            rank: counted().count(),
            largest,
            smallest: eigenvalues.min().max(0.0),
            smallest_counted: counted().fold(largest, f64::min),
        }
    }

    /// The loss `J` of a model over all rows, with the model's own ridge term, without reading the rows
    /// again.
    ///
    /// # Formula
    ///
    /// ```text
    /// J = ½(‖Ỹ‖² - 2⟨W, X̃ᵀỸ⟩ + ⟨W, X̃ᵀX̃·W⟩) + n/2 ‖x̄ᵀW + b - ȳ‖² + γ/2 ‖W‖²
    /// ```
    ///
    /// Exact up to rounding of about `ε(‖Ỹ‖ + ‖X̃‖‖W‖)²`; a loss far below that is only rounding.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the model cannot be read back.
    ///
    /// # Panics
    ///
    /// If the model has other sizes, or no bias.
    pub fn loss(&self, net: &LinearRegression) -> Result<f64, Error> {
        let bias = net.linear.bias.as_ref().expect("the model has a bias");
        let weight = net.linear.weight.val();
        let sizes = [self.mean_x.len(), self.mean_y.len()];
        assert_eq!(weight.dims(), sizes, "model and data differ in size");
        let weight = DMatrix::from_row_iterator(sizes[0], sizes[1], read_back(weight)?);
        let bias = DVector::from_vec(read_back(bias.val())?);
        Ok(self.loss_at(&weight, &bias, net.ridge))
    }

    fn loss_at(&self, weight: &DMatrix<f64>, bias: &DVector<f64>, ridge: f64) -> f64 {
        let slope =
            self.square_y - 2.0 * weight.dot(&self.cross) + weight.dot(&(&self.gram * weight));
        let offset = weight.tr_mul(&self.mean_x) + bias - &self.mean_y;
        let level = self.rows as f64 * offset.norm_squared();
        0.5 * (slope.max(0.0) + level + ridge * weight.norm_squared())
    }

    /// The curvature of the loss over all rows: it decides the learning rates that gradient descent can
    /// use.
    ///
    /// # Formula
    ///
    /// The extreme eigenvalues of the second derivative of `J`, which is the same for each output:
    ///
    /// ```text
    /// with respect to (W, b):   ( XᵀX + γI   Xᵀ1 )
    ///                           (   1ᵀX       n  )
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Ridge`] if the ridge term is negative or not finite, [`Error::NoRows`] if no row
    /// was added.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use linear_regression::NormalEquations;
    ///
    /// let x = Tensor::<2>::from_data([[-3.0], [3.0]], &Device::flex());
    /// let mut equations = NormalEquations::new(1, 1)?;
    /// equations.add(x.clone(), x)?;
    /// let curvature = equations.curvature(2.0)?; // of w: 9 + 9 + 2, of b: 2 rows
    /// assert!((curvature.largest - 20.0).abs() < 1e-12 && (curvature.smallest - 2.0).abs() < 1e-12);
    /// assert!((curvature.largest_step() - 0.1).abs() < 1e-12);
    /// # Ok::<(), linear_regression::Error>(())
    /// ```
    pub fn curvature(&self, ridge: f64) -> Result<Curvature, Error> {
        Error::check_ridge(ridge)?;
        if self.rows == 0 {
            return Err(Error::NoRows);
        }
        let (rows, inputs) = (self.rows as f64, self.mean_x.len());
        let mut second = add_to_diagonal(&self.gram, ridge);
        second.ger(rows, &self.mean_x, &self.mean_x, 1.0);
        let mut second = second.resize(inputs + 1, inputs + 1, rows);
        let column = &self.mean_x * rows;
        second.view_mut((0, inputs), (inputs, 1)).copy_from(&column);
        second
            .view_mut((inputs, 0), (1, inputs))
            .copy_from(&column.transpose());
        let eigenvalues = eigenvalues(&second);
        Ok(Curvature {
            largest: eigenvalues.max(),
            smallest: eigenvalues.min().max(0.0),
        })
    }
}

/// The extreme curvatures of the loss over all rows: see [`NormalEquations::curvature`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curvature {
    /// In the direction in which the gradient changes fastest.
    pub largest: f64,
    /// In the direction in which it changes slowest; 0 except for rounding if the loss is flat in some
    /// direction.
    pub smallest: f64,
}

impl Curvature {
    /// The learning rate above which gradient descent on the loss over all rows diverges: 2 over the
    /// largest curvature.
    pub fn largest_step(&self) -> f64 {
        2.0 / self.largest
    }

    /// Condition number: the largest curvature over the smallest. The number of steps to the minimum
    /// grows with it.
    pub fn condition(&self) -> f64 {
        self.largest / self.smallest
    }
}

/// Facts about the eigenvalues of `X̃ᵀX̃`.
struct Spectrum {
    /// Eigenvalues below it count as 0.
    bound: f64,
    /// Eigenvalues above the bound.
    rank: usize,
    largest: f64,
    smallest: f64,
    smallest_counted: f64,
}

/// The number of rows that both have.
pub(crate) fn same_rows(x: &Tensor<2>, y: &Tensor<2>) -> Result<usize, Error> {
    let (x, y) = (x.dims()[0], y.dims()[0]);
    if x == y {
        Ok(x)
    } else {
        Err(Error::Rows { x, y })
    }
}

/// Subtracts the mean column from every column, and returns it.
fn centre(matrix: &mut DMatrix<f64>) -> DVector<f64> {
    let mean = matrix.column_mean();
    for mut column in matrix.column_iter_mut() {
        column -= &mean;
    }
    mean
}
