//! The two float types.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// What the arithmetic of a net needs of `f32` and `f64`.
pub trait Number:
    Copy
    + Default
    + PartialOrd
    + PartialEq
    + Debug
    + Display
    + Send
    + Sync
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Sum
    + vectors::Vectors
    + 'static
{
    /// The number nearest to `value`.
    fn from_f64(value: f64) -> Self;
    /// The number in double precision.
    fn to_f64(self) -> f64;
    /// `p / 255`, rounded once: a pixel on the unit interval.
    fn from_byte(p: u8) -> Self;
    /// `e^self`.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The larger number; the other one if one is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller number; the other one if one is NaN.
    fn min(self, other: Self) -> Self;
}

/// Vectors of the processor.
pub(crate) mod vectors {
    use pulp::Simd;

    /// A number that has vectors.
    pub trait Vectors: Copy {
        /// As many numbers as a register holds.
        type Vector<S: Simd>: Copy;
        /// A row as vectors; what is left over at its end is cut off.
        fn vectors<S: Simd>(row: &[Self]) -> &[Self::Vector<S>];
        /// A row as vectors; what is left over at its end is cut off.
        fn vectors_mut<S: Simd>(row: &mut [Self]) -> &mut [Self::Vector<S>];
        /// A vector of one number.
        fn splat<S: Simd>(simd: S, number: Self) -> Self::Vector<S>;
        /// `a b + c`, rounded once if the processor has an instruction for that.
        fn mul_add<S: Simd>(
            simd: S,
            a: Self::Vector<S>,
            b: Self::Vector<S>,
            c: Self::Vector<S>,
        ) -> Self::Vector<S>;
    }

    macro_rules! vectors {
        ($t:ident, $vector:ident, $from:ident, $from_mut:ident, $splat:ident, $mul_add:ident) => {
            impl Vectors for $t {
                type Vector<S: Simd> = S::$vector;
                #[inline(always)]
                fn vectors<S: Simd>(row: &[Self]) -> &[S::$vector] {
                    S::$from(row).0
                }
                #[inline(always)]
                fn vectors_mut<S: Simd>(row: &mut [Self]) -> &mut [S::$vector] {
                    S::$from_mut(row).0
                }
                #[inline(always)]
                fn splat<S: Simd>(simd: S, number: Self) -> S::$vector {
                    simd.$splat(number)
                }
                #[inline(always)]
                fn mul_add<S: Simd>(
                    simd: S,
                    a: S::$vector,
                    b: S::$vector,
                    c: S::$vector,
                ) -> S::$vector {
                    simd.$mul_add(a, b, c)
                }
            }
        };
    }

    vectors!(
        f32,
        f32s,
        as_simd_f32s,
        as_mut_simd_f32s,
        splat_f32s,
        mul_add_e_f32s
    );
    vectors!(
        f64,
        f64s,
        as_simd_f64s,
        as_mut_simd_f64s,
        splat_f64s,
        mul_add_e_f64s
    );
}

macro_rules! float {
    ($t:ident) => {
        impl Number for $t {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn from_byte(p: u8) -> Self {
                // 1/255 is rounded, so q can be off by one place. q + (p - 255 q)/255, with p - 255 q
                // exact, is p/255 rounded once, and faster than a division.
                const INVERSE: $t = 1.0 / 255.0;
                let p = Self::from(p);
                let q = p * INVERSE;
                $t::mul_add($t::mul_add(-q, 255.0, p), INVERSE, q)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $t::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $t::ln(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $t::tanh(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $t::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $t::min(self, other)
            }
        }
    };
}

float!(f32);
float!(f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_divided_as_a_division_does() {
        for p in 0..=255u8 {
            assert_eq!(
                f32::from_byte(p).to_bits(),
                (f32::from(p) / 255.0).to_bits()
            );
            assert_eq!(
                f64::from_byte(p).to_bits(),
                (f64::from(p) / 255.0).to_bits()
            );
        }
    }
}
