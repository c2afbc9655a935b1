//! The table of packages: who may know whom. ARCHITECTURE.md shows it.

/// How much of Burn a package may reach, normally and with its default features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Burn {
    Nothing,
    Tensors,
    Autodiff,
    Backends,
}

use Burn::{Autodiff, Backends, Nothing, Tensors};

/// Packages of Burn, each with the least that a package must be allowed to reach it.
pub(super) const BURN: &[(&str, Burn)] = &[
    ("burn", Tensors),
    ("burn-tensor", Tensors),
    ("burn-core", Tensors),
    ("burn-autodiff", Autodiff),
    ("burn-optim", Autodiff),
    ("burn-ndarray", Backends),
    ("burn-flex", Backends),
    ("burn-wgpu", Backends),
    ("burn-cubecl", Backends),
];

/// A package, and what it may know.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) burn: Burn,
    /// Packages of this workspace, with spaces between them.
    pub(super) knows: &'static str,
    /// What to do instead of adding a dependency.
    pub(super) remedy: &'static str,
}

pub(super) const fn package(
    name: &'static str,
    burn: Burn,
    knows: &'static str,
    remedy: &'static str,
) -> Package {
    Package {
        name,
        burn,
        knows,
        remedy,
    }
}

const NET: &str = "a net knows no backend, no autodiff and no data: move that to training";

/// The packages, each after those that it may know: dependencies point upward in this list, never
/// down.
#[rustfmt::skip]
pub(super) const PACKAGES: &[Package] = &[
    package("xtask", Nothing, "", "put what needs Burn into a program of crates/trainer"),
    package("exercises", Nothing, "", "an exercise is built in half a second: keep it free of dependencies"),
    package("datasets", Nothing, "", "data are bytes: make tensors where a device is known"),
    package("distortions", Nothing, "", "images are pixels: training knows when which one is distorted"),
    package("drawn-digits", Nothing, "", "drawings are pixels: what reads them is elsewhere"),
    package("gradient-descent", Nothing, "", "descent is plain f64: use tensors in gradient-trials"),
    package("universal-approximation", Nothing, "",
     "the construction is plain f64: load its weights where it is used"),
    package("pages", Nothing, "",
     "a page knows text, numbers and images: compute them in the package that shows them"),
    package("web-driver", Nothing, "", "a browser for tests: what is tested there belongs to the tests"),
    package("layers", Tensors, "", "layers are used from other projects, which choose their own backend"),
    package("linear-regression", Tensors, "layers", NET),
    package("mnist-mlp", Tensors, "layers", NET),
    package("xor-net", Tensors, "layers", NET),
    package("weight-exchange", Tensors, "layers",
     "weights are numbers: training knows which net they belong to"),
    package("fused-mlp", Tensors, "layers",
     "the fused engine computes on slices of numbers: convert tensors in training"),
    package("fused-nets", Tensors, "fused-mlp linear-regression mnist-mlp xor-net",
     "it turns parameters and gradients into tensors and back: train in training"),
    package("burn-gradcheck", Autodiff, "",
     "the checker serves any project on Burn: pass what it needs as an argument"),
    package("data-parallel", Autodiff, "", "workers serve any net on any backend: pass both as arguments"),
    package("random-programs", Autodiff, "",
     "programs run on the devices that they are given: let the program choose them"),
    package("backends", Backends, "", "backends turns a name into a device and knows nothing else"),
    package("manual-backprop", Autodiff, "layers linear-regression mnist-mlp xor-net",
     "the formulas run on any device: let the caller choose it"),
    package("computational-graph", Autodiff, "manual-backprop",
     "a graph goes backward by the manual rules: compare it in gradient-trials"),
    package("gradient-trials", Autodiff,
     "burn-gradcheck computational-graph fused-nets gradient-descent layers linear-regression \
      manual-backprop mnist-mlp xor-net",
     "trials know the formulas and the checker: let the program choose the device"),
    package("exercise-judge", Autodiff, "burn-gradcheck datasets exercises gradient-trials",
     "the judge knows exercises and formulas: let the program print"),
    package("burn-suite", Autodiff, "backends burn-gradcheck",
     "the table knows Burn and the checker: let the program choose the device"),
    package("training", Autodiff,
     "backends burn-gradcheck data-parallel datasets distortions fused-mlp fused-nets layers \
      linear-regression manual-backprop mnist-mlp xor-net",
     "training knows no file and no page: report through its trait Recorder"),
    package("run-folder", Autodiff,
     "backends burn-gradcheck datasets layers linear-regression mnist-mlp training weight-exchange \
      xor-net",
     "a run folder stores a run: show it in run-report, train it in training"),
    package("lessons", Autodiff,
     "backends burn-gradcheck computational-graph datasets distortions exercise-judge gradient-descent \
      gradient-trials layers linear-regression manual-backprop mnist-mlp pages training \
      universal-approximation xor-net",
     "a lesson composes formulas and pages: let the program store what it gives"),
    package("run-report", Autodiff,
     "backends datasets layers linear-regression mnist-mlp pages run-folder training xor-net",
     "a report reads a run folder: compute what it lacks in training"),
    package("live", Autodiff,
     "backends computational-graph datasets fused-mlp gradient-descent layers manual-backprop mnist-mlp \
      pages universal-approximation weight-exchange",
     "the page shows what libraries compute: let the program choose address and backend"),
    package("trainer", Backends,
     "backends burn-gradcheck burn-suite data-parallel datasets distortions exercise-judge fused-mlp \
      gradient-trials layers lessons \
      linear-regression live manual-backprop mnist-mlp pages random-programs run-folder run-report \
      training weight-exchange xor-net",
     "the programs use libraries: move what they have in common down"),
];

/// Packages of programs, which tests of others must not know either.
pub(super) const PROGRAMS: &[&str] = &["trainer", "xtask"];

/// Features that enable a backend.
pub(super) const BACKENDS: &[&str] = &["flex", "ndarray", "wgpu"];

/// Packages besides `backends` with features of backends' names, and why.
pub(super) const WITH_BACKENDS: &[(&str, &str)] = &[
    ("trainer", "passes its features on"),
    (
        "gradient-trials",
        "writes custom operations for each backend",
    ),
    ("burn-suite", "reproduces faults of a backend in its tests"),
    ("random-programs", "injects faults into each backend"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_has_no_circle() {
        let mut above = BTreeSet::new();
        for Package { name, knows, .. } in PACKAGES {
            for known in knows.split_whitespace() {
                assert!(above.contains(known), "{name} stands above {known}");
            }
            assert!(above.insert(*name), "{name} stands there twice");
        }
    }
}
