//! What was read as a net.

use weight_exchange::{ExchangeError, Imported};

/// Checks a net that was read from a file of so many bytes, or an error.
pub fn check(read: Result<Imported, ExchangeError>, bytes: usize) {
    match read {
        Ok(imported) => {
            let stack = imported.stack;
            let numbers = stack.layers().iter().map(|layer| {
                let [inputs, outputs] = layer.sizes();
                assert_eq!(layer.weight().len(), inputs * outputs);
                assert_eq!(layer.bias().len(), outputs);
                let finite = layer.weight().iter().chain(layer.bias());
                assert!(finite.copied().all(f32::is_finite));
                inputs * outputs
            });
            // A weight has at least two bytes in a file.
            assert!(2 * numbers.sum::<usize>() <= bytes);
            let sizes = stack.sizes();
            assert_eq!(sizes.len(), stack.layers().len() + 1);
        }
        Err(error) => {
            let error = error.to_string();
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
