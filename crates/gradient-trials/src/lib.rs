//! The lecture's formulas as cases for the gradient checker, and the wrong ones that it must catch.
