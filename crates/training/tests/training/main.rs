//! Training in process: nets learn, engines and backends agree, runs stop and continue as they should.

mod agreement;
mod augment;
mod averaging;
mod closed_form;
mod continuing;
mod dropout;
mod fused;
mod gradients;
mod in_file;
mod learning;
mod leaves;
mod memory;
mod mnist;
mod ranks;
mod settings;
mod setup;
mod steps;
mod stopping;
mod threads_as_ranks;
mod wgpu;
