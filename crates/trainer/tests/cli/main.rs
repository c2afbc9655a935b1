//! The built programs from outside: options, exit codes, messages, output and files.

#[path = "../common/background.rs"]
#[expect(dead_code, reason = "the tests of ranks and of a worker use the rest")]
mod background;
#[path = "../common/mod.rs"]
mod common;
mod data_in_file;
mod documented;
mod strokes;

mod about;
mod bench;
mod drawn;
mod eval;
mod exchange;
mod live;
mod old_runs;
mod own_classes;
mod own_data;
mod predict;
mod refusals;
mod reports;
mod resume;
mod sweep;
mod train;
mod verify_grads;
