//! Weights of dense nets to and from safetensors, PyTorch, ONNX and Burn's own files.
