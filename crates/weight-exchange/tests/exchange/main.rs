//! Weights from PyTorch and for Burn, PyTorch and ONNX, and files that are refused.

mod burn_modules;
mod models;
mod nets;
mod onnx;
mod pytorch;
mod refusals;
