//! Any bytes, read as a safetensors file, a burnpack or an ONNX model, must give a net of the file's
//! numbers or an error in one line.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use weight_exchange::{ImportOptions, Layout, parse};

mod stack;

fuzz_target!(|bytes: &[u8]| {
    for layout in [None, Some(Layout::Burn), Some(Layout::Pytorch)] {
        let options = ImportOptions {
            layout,
            ..ImportOptions::default()
        };
        stack::check(
            parse(bytes.to_vec(), Path::new("file"), &options),
            bytes.len(),
        );
    }
});
