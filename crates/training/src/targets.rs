//! Targets: one entry for each row, as a tensor or, on a processor, in the memory of the host.

use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_gradcheck::Values;
use fused_nets::BatchTargets;

use crate::rows::Rows;

/// The targets of a net, one entry per row.
pub trait Targets: Clone + Send + Sync + 'static {
    /// The entries of all rows in the memory of the host.
    type OnHost: Clone + Debug + Send + Sync + 'static;

    /// The entries of some rows on the host, as a tensor.
    fn taken(kept: &Self::OnHost, rows: Rows<'_>, device: &Device) -> Self;
    /// The bytes of the first `rows` entries on the host.
    fn bytes_on_host(kept: &Self::OnHost, rows: usize) -> usize;
    /// The class of a row on the host, if it has one.
    fn class(kept: &Self::OnHost, row: usize) -> Option<usize>;
    /// The entries of some rows on the host, for the fused engine.
    fn in_engine<'a>(kept: &'a Self::OnHost, rows: &'a [u32]) -> fused_mlp::Targets<'a, f32>;
    /// These entries, for the fused engine's gradients of one batch.
    fn in_batch(self) -> BatchTargets;
    /// The entries at the given indices.
    fn select(&self, indices: Tensor<1, Int>) -> Self;
    /// `length` entries from `start`.
    fn narrow(&self, start: usize, length: usize) -> Self;
    /// The same entries on the autodiff side of the device.
    fn autodiff(self) -> Self;
    /// Their bytes on the device.
    fn bytes(&self) -> usize;
    /// The entries on the host, for a gradient check on any device and in any float type.
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static;
}

/// Classes on the host, `[n]`.
#[derive(Debug, Clone)]
pub struct Classes(pub(crate) Arc<Vec<u8>>);

/// Real-valued targets on the host, `[n, outputs]`.
#[derive(Debug, Clone)]
pub enum RealTargets {
    /// 1 for a row's class, else 0.
    OneHot {
        /// The class of every row.
        labels: Classes,
        /// How many classes there are.
        classes: usize,
    },
    /// Any numbers.
    Numbers {
        /// Row by row.
        values: Arc<Vec<f32>>,
        /// Numbers of a row.
        columns: usize,
    },
}

/// Real-valued targets, `[n, outputs]`.
impl Targets for Tensor<2> {
    type OnHost = RealTargets;

    fn taken(kept: &RealTargets, rows: Rows<'_>, device: &Device) -> Self {
        let count = rows.len();
        let (values, columns) = match kept {
            RealTargets::OneHot { labels, classes } => {
                let mut values = vec![0.0; count * classes];
                for (row, index) in rows.indices().enumerate() {
                    values[row * classes + usize::from(labels.0[index])] = 1.0;
                }
                (values, *classes)
            }
            RealTargets::Numbers { values, columns } => {
                let row = |index: usize| values[index * columns..][..*columns].iter().copied();
                (rows.indices().flat_map(row).collect(), *columns)
            }
        };
        Tensor::from_data(TensorData::new::<f32, _>(values, [count, columns]), device)
    }
    fn class(kept: &RealTargets, row: usize) -> Option<usize> {
        match kept {
            RealTargets::OneHot { labels, .. } => Tensor::<1, Int>::class(labels, row),
            RealTargets::Numbers { .. } => None,
        }
    }
    fn in_engine<'a>(kept: &'a RealTargets, rows: &'a [u32]) -> fused_mlp::Targets<'a, f32> {
        match kept {
            RealTargets::OneHot { labels, .. } => fused_mlp::Targets::Labels {
                labels: &labels.0,
                rows,
            },
            RealTargets::Numbers { values, .. } => fused_mlp::Targets::Values { values, rows },
        }
    }
    fn in_batch(self) -> BatchTargets {
        BatchTargets::Numbers(self)
    }
    fn bytes_on_host(kept: &RealTargets, rows: usize) -> usize {
        match kept {
            RealTargets::OneHot { .. } => rows,
            RealTargets::Numbers { columns, .. } => rows * columns * size_of::<f32>(),
        }
    }
    fn select(&self, indices: Tensor<1, Int>) -> Self {
        self.clone().select(0, indices)
    }
    fn narrow(&self, start: usize, length: usize) -> Self {
        self.clone().narrow(0, start, length)
    }
    fn autodiff(self) -> Self {
        Tensor::autodiff(self)
    }
    fn bytes(&self) -> usize {
        self.shape().num_elements() * self.dtype().size()
    }
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static {
        let shape = self.dims();
        let entries = self.to_data().iter::<f64>().collect::<Vec<_>>();
        move |values| values.tensor(shape, &entries)
    }
}

/// Classes, `[n]`.
impl Targets for Tensor<1, Int> {
    type OnHost = Classes;

    fn taken(Classes(labels): &Classes, rows: Rows<'_>, device: &Device) -> Self {
        let count = rows.len();
        let classes = rows.indices().map(|index| i32::from(labels[index]));
        Tensor::from_data(
            TensorData::new::<i32, _>(classes.collect(), [count]),
            device,
        )
    }
    fn class(Classes(labels): &Classes, row: usize) -> Option<usize> {
        Some(usize::from(labels[row]))
    }
    fn in_engine<'a>(Classes(labels): &'a Classes, rows: &'a [u32]) -> fused_mlp::Targets<'a, f32> {
        fused_mlp::Targets::Labels { labels, rows }
    }
    fn in_batch(self) -> BatchTargets {
        BatchTargets::Classes(self)
    }
    fn bytes_on_host(_kept: &Classes, rows: usize) -> usize {
        rows
    }
    fn select(&self, indices: Tensor<1, Int>) -> Self {
        self.clone().select(0, indices)
    }
    fn narrow(&self, start: usize, length: usize) -> Self {
        self.clone().narrow(0, start, length)
    }
    fn autodiff(self) -> Self {
        Tensor::autodiff(self)
    }
    fn bytes(&self) -> usize {
        self.shape().num_elements() * self.dtype().size()
    }
    fn kept(&self) -> impl Fn(&Values) -> Self + Send + Sync + 'static {
        let classes = self.to_data().iter::<i64>().collect::<Vec<_>>();
        move |values| values.ints([classes.len()], &classes)
    }
}
