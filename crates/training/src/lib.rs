//! Trains the lecture's nets: settings, engines, one step, one epoch, one evaluation.
