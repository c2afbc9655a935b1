//! The messages of ONNX that a net of dense layers needs, with the fields that it needs. Fields that
//! are not listed are skipped when a message is read.
//!
//! # Source
//!
//! Names, numbers and types of the fields are those of
//! [`onnx.proto3`](https://github.com/onnx/onnx/blob/004aa57f442055b51af980769883b544ac4f87f2/onnx/onnx.proto3),
//! IR version 7.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// `TensorProto.DataType.FLOAT`: f32.
pub const FLOAT: i32 = 1;

/// `TensorProto.DataType.FLOAT16`: f16.
pub const FLOAT16: i32 = 10;

/// `TensorProto.DataType.DOUBLE`: f64.
pub const DOUBLE: i32 = 11;

/// `TensorProto.DataType.BFLOAT16`: bf16.
pub const BFLOAT16: i32 = 16;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a message and its encoding. A field `one` is left out if it has its default value, as in
/// proto3; a field `many` may occur any number of times. `encoding` has a module with functions of the
/// same names for every type of field.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $tag:literal => $field:ident: $count:ident $kind:ident $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Message for $name {
            fn encode_raw(&self, buffer: &mut impl BufMut) {
                $(message!(@encode $count $kind $tag self.$field, buffer);)*
            }

            fn merge_field(
                &mut self,
                tag: u32,
                wire_type: WireType,
                buffer: &mut impl Buf,
                context: DecodeContext,
            ) -> Result<(), DecodeError> {
                match tag {
                    $($tag => message!(
                        @merge $count $kind self.$field, wire_type, buffer, context
                    ),)*
                    _ => encoding::skip_field(wire_type, tag, buffer, context),
                }
            }

            fn encoded_len(&self) -> usize {
                0 $(+ message!(@len $count $kind $tag self.$field))*
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
    (@encode one $kind:ident $tag:literal $self:ident.$field:ident, $buffer:ident) => {
        if !is_default(&$self.$field) {
            encoding::$kind::encode($tag, &$self.$field, $buffer);
        }
    };
    (@encode many $kind:ident $tag:literal $self:ident.$field:ident, $buffer:ident) => {
        encoding::$kind::encode_repeated($tag, &$self.$field, $buffer);
    };
    (@merge one $kind:ident $self:ident.$field:ident, $wire:ident, $buffer:ident, $context:ident) => {
        encoding::$kind::merge($wire, &mut $self.$field, $buffer, $context)
    };
    (@merge many $kind:ident $self:ident.$field:ident, $wire:ident, $buffer:ident, $context:ident) => {
        encoding::$kind::merge_repeated($wire, &mut $self.$field, $buffer, $context)
    };
    (@len one $kind:ident $tag:literal $self:ident.$field:ident) => {
        if is_default(&$self.$field) {
            0
        } else {
            encoding::$kind::encoded_len($tag, &$self.$field)
        }
    };
    (@len many $kind:ident $tag:literal $self:ident.$field:ident) => {
        encoding::$kind::encoded_len_repeated($tag, &$self.$field)
    };
}

message! {
    /// A model: a graph and its versions.
    ModelProto {
        /// Version of the model format.
        1 => ir_version: one int64 i64,
        /// The program that wrote the model.
        2 => producer_name: one string String,
        /// The version of that program.
        3 => producer_version: one string String,
        /// The computation.
        7 => graph: one message GraphProto,
        /// The sets of operators in use.
        8 => opset_import: many message Vec<OperatorSetIdProto>,
        /// Metadata of the model.
        14 => metadata_props: many message Vec<StringStringEntryProto>,
    }
}

message! {
    /// Nodes in the order of their computation.
    GraphProto {
        /// Nodes, each after those that compute its inputs.
        1 => node: many message Vec<NodeProto>,
        /// Name of the graph.
        2 => name: one string String,
        /// Constants: weights and biases.
        5 => initializer: many message Vec<TensorProto>,
        /// The graph's inputs.
        11 => input: many message Vec<ValueInfoProto>,
        /// The graph's outputs.
        12 => output: many message Vec<ValueInfoProto>,
    }
}

message! {
    /// One application of an operator.
    NodeProto {
        /// Names of its inputs.
        1 => input: many string Vec<String>,
        /// Names of its outputs.
        2 => output: many string Vec<String>,
        /// Name of the node.
        3 => name: one string String,
        /// Name of the operator.
        4 => op_type: one string String,
        /// Its attributes; one that is not listed has its default value.
        5 => attribute: many message Vec<AttributeProto>,
    }
}

message! {
    /// An attribute of a node: a number.
    AttributeProto {
        /// Its name.
        1 => name: one string String,
        /// Its value, if it is a fraction.
        2 => f: one float f32,
        /// Its value, if it is a whole number.
        3 => i: one int64 i64,
    }
}

message! {
    /// A constant.
    TensorProto {
        /// Its shape.
        1 => dims: many int64 Vec<i64>,
        /// Type of its elements.
        2 => data_type: one int32 i32,
        /// Its elements in f32, where they are not in `raw_data`.
        4 => float_data: many float Vec<f32>,
        /// Name of the value.
        8 => name: one string String,
        /// Its elements, little-endian, row by row.
        9 => raw_data: one bytes Vec<u8>,
    }
}

message! {
    /// Name and type of a value.
    ValueInfoProto {
        /// Name of the value.
        1 => name: one string String,
        /// Type of the value.
        2 => r#type: one message TypeProto,
    }
}

message! {
    /// The type of a value: a tensor.
    TypeProto {
        /// Elements and shape.
        1 => tensor_type: one message TensorTypeProto,
    }
}

message! {
    /// `TypeProto.Tensor`.
    TensorTypeProto {
        /// Type of the elements.
        1 => elem_type: one int32 i32,
        /// Its shape.
        2 => shape: one message TensorShapeProto,
    }
}

message! {
    /// A shape, some of whose sizes may be open.
    TensorShapeProto {
        /// Sizes, outermost first.
        1 => dim: many message Vec<Dimension>,
    }
}

message! {
    /// `TensorShapeProto.Dimension`: a size, or the name of one that is open.
    Dimension {
        /// The size, or 0.
        1 => dim_value: one int64 i64,
        /// The name, or nothing.
        2 => dim_param: one string String,
    }
}

message! {
    /// A set of operators.
    OperatorSetIdProto {
        /// Its domain; empty for ONNX's own set.
        1 => domain: one string String,
        /// Its version.
        2 => version: one int64 i64,
    }
}

message! {
    /// An entry of a map.
    StringStringEntryProto {
        /// The key.
        1 => key: one string String,
        /// The value.
        2 => value: one string String,
    }
}
