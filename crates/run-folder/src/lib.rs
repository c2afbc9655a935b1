//! A training run on disk: configuration, lock, checkpoints, history, resume.
