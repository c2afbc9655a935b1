//! The forms of files that weights are read from.

use std::fmt;

use burn::store::burn_pack::MAGIC_NUMBER;

use crate::layout::Layout;

/// A file format from which weights are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `.safetensors`
    Safetensors,
    /// `.pt`, `.pth`: what `torch.save` writes.
    Pytorch,
    /// `.bpk`: Burn's records.
    Burnpack,
    /// `.onnx`.
    Onnx,
}

impl Form {
    /// The name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Pytorch => "pytorch",
            Self::Burnpack => "burnpack",
            Self::Onnx => "onnx",
        }
    }

    /// The layout of weights in every file of this format.
    pub(crate) fn layout(self) -> Option<Layout> {
        match self {
            Self::Safetensors => None,
            Self::Pytorch => Some(Layout::Pytorch),
            // A node says whether its weight is transposed.
            Self::Burnpack | Self::Onnx => Some(Layout::Burn),
        }
    }

    /// The form of a file, by its first bytes.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        // A length in 8 bytes, then the header, which is JSON.
        let safetensors = start.get(8) == Some(&b'{');
        // A ZIP archive since PyTorch 1.6, a pickle before, a TAR archive at first.
        let pytorch = start.starts_with(b"PK\x03\x04")
            || start.starts_with(b"\x80")
            || start.get(257..262) == Some(b"ustar");
        // A message: the field 1 is a small number, the version; then comes any of the next fields.
        let onnx = matches!(start, [0x08, 1..=0x7f, tag, ..]
            if matches!(tag, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42));
        if start.starts_with(&MAGIC_NUMBER.to_le_bytes()) {
            Some(Self::Burnpack)
        } else if safetensors {
            Some(Self::Safetensors)
        } else if pytorch {
            Some(Self::Pytorch)
        } else {
            onnx.then_some(Self::Onnx)
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
