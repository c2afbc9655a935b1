//! Any bytes, read as an image file and converted to MNIST's format, must give 28x28 grey levels with
//! ink of 255, or an error with a remedy.

#![no_main]

use std::path::Path;

use datasets::{MAX_IMAGE_PIXELS, MNIST_SIDE, Picture};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let form = Picture::decode(bytes, Path::new("file")).and_then(|picture| {
        let [columns, rows] = picture.size();
        assert!(columns > 0 && rows > 0);
        assert!(u64::from(columns) * u64::from(rows) <= MAX_IMAGE_PIXELS);
        picture.mnist_form()
    });
    match form {
        Ok(form) => {
            assert_eq!(form.pixels.len(), MNIST_SIDE * MNIST_SIDE);
            assert!(form.kept || form.pixels.contains(&255));
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("; ") && !text.contains('\n'), "{text}");
        }
    }
});
