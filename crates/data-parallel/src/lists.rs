//! Adds a list of numbers to another.

/// `s ← s + v`, element by element.
///
/// This crate is compiled for speed, which a loop in a program need not be.
///
/// # Panics
///
/// If lengths differ.
pub fn add_to(sum: &mut [f32], list: &[f32]) {
    assert_eq!(sum.len(), list.len(), "the lists are equally long");
    for (sum, x) in sum.iter_mut().zip(list) {
        *sum += x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_added() {
        let mut sum = [1.0, 2.0, -3.0];
        add_to(&mut sum, &[0.5, -2.0, 1.0]);
        assert_eq!(sum, [1.5, 0.0, -2.0]);
    }
}
