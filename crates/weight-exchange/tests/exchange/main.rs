//! Weights from PyTorch and for PyTorch and ONNX, and files that are refused.

mod nets;
mod onnx;
mod pytorch;
mod refusals;
