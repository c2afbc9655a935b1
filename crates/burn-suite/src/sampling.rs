//! Images between their pixels: interpolation to another size, and sampling at the points of a grid.

use burn::tensor::grid::affine_grid_2d;
use burn::tensor::module;
use burn::tensor::ops::{
    GridSampleOptions, GridSamplePaddingMode, InterpolateMode, InterpolateOptions,
};

use crate::operation::{Family, Operation};
use crate::witness::{DualArray, Formula, FormulaPrecision, argument};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    use InterpolateMode::{Bicubic, Bilinear, Lanczos3, Nearest, NearestExact};
    let mut all = vec![
        interpolate("module::interpolate, nearest", &Nearest),
        interpolate("module::interpolate, nearest exact", &NearestExact),
        interpolate("module::interpolate, bilinear", &Bilinear),
        interpolate("module::interpolate, bicubic", &Bicubic),
        interpolate("module::interpolate, Lanczos", &Lanczos3),
    ];
    let note = "grids drawn inside and outside of the image; kinks where they meet its points";
    all.extend([
        grid_sample("Tensor::grid_sample_2d, nearest", &Nearest),
        grid_sample("Tensor::grid_sample_2d, bilinear", &Bilinear).note(note),
        grid_sample("Tensor::grid_sample_2d, bicubic", &Bicubic).note(note),
        affine_grid(),
    ]);
    all
}

/// Larger and smaller images, with corners aligned and not.
fn interpolate(name: &'static str, mode: &InterpolateMode) -> Operation {
    let is_exact = matches!(mode, InterpolateMode::NearestExact);
    // The exact one has no backward pass.
    let covers: &[_] = if is_exact { &[] } else { &["interpolate"] };
    let operation = Operation::new(name, Family::Layers).covers(covers);
    let to = |size| InterpolateOptions::new(mode.clone()).with_output_size(size);
    let by = |factors| InterpolateOptions::new(mode.clone()).with_scale_factor(factors);
    let checks = [
        ([1, 2, 3, 4], [6, 8], "to 6 8", to([6, 8]), true),
        ([1, 2, 3, 4], [5, 7], "to 5 7", to([5, 7]), false),
        ([1, 1, 6, 5], [2, 3], "to 2 3", to([2, 3]), false),
        ([1, 1, 6, 5], [2, 3], "to 2 3, aligned", to([2, 3]), true),
        ([1, 2, 3, 4], [3, 4], "to itself", to([3, 4]), false),
        ([1, 2, 1, 1], [2, 3], "to 2 3", to([2, 3]), false),
        ([1, 1, 3, 2], [1, 1], "to 1 1, aligned", to([1, 1]), true),
        ([2, 1, 2, 4], [4, 6], "by 2 1.5", by([2.0, 1.5]), false),
    ];
    checks.into_iter().fold(
        operation,
        |operation, (shape, size, what, options, aligned)| {
            let options = options.with_align_corners(aligned);
            let formula = if is_exact {
                // Only some backends have this mode: the formula stands in for all of them.
                nearest_exact(shape, size)
            } else {
                Formula::unknown([argument("x", &shape)])
            };
            operation
                .check(format!("{shape:?} {what}"), &formula, move |v| {
                    module::interpolate(v.get("x"), options.clone())
                })
                .in_short_if(shape[0] == 1 && size != [1, 1])
        },
    )
}

/// Each output is the element whose centre is nearest.
fn nearest_exact([items, channels, rows, columns]: [usize; 4], size: [usize; 2]) -> Formula {
    let nearest = |i: usize, length: usize, count: usize| (2 * i + 1) * length / (2 * count);
    let x = argument("x", &[items, channels, rows, columns]);
    let formula = Formula::new([x], move |of| {
        DualArray::by_index(
            [items, channels, size[0], size[1]],
            |[item, channel, i, j]| {
                let (row, column) = (nearest(i, rows, size[0]), nearest(j, columns, size[1]));
                of.get("x").at([item, channel, row, column])
            },
        )
    });
    formula.with_differences()
}

fn grid_sample(name: &'static str, mode: &InterpolateMode) -> Operation {
    use GridSamplePaddingMode::{Border, Reflection, Zeros};
    let covers: &[_] = match mode {
        InterpolateMode::Bilinear => &["float_gather", "float_floor", "float_mul"],
        // Autodiff does not have the other modes.
        _ => &[],
    };
    let mut operation = Operation::new(name, Family::Layers).covers(covers);
    for (padding, what) in [
        (Zeros, "zeros around"),
        (Border, "the border around"),
        (Reflection, "reflected"),
    ] {
        for (align_corners, how) in [(false, ""), (true, ", aligned")] {
            for (reach, place) in [(0.7, "inside"), (1.8, "in and out")] {
                let options = GridSampleOptions::new(mode.clone())
                    .with_padding_mode(padding)
                    .with_align_corners(align_corners);
                let inputs = [
                    argument("x", &[2, 2, 3, 4]),
                    argument("grid", &[2, 2, 3, 2]).within(-reach, reach),
                ];
                let name = format!("{place}, {what}{how}");
                operation = operation
                    .check(name, &Formula::unknown(inputs), move |v| {
                        let (x, grid) = (v.get::<4>("x"), v.get("grid"));
                        x.grid_sample_2d(grid, options.clone())
                    })
                    .in_short_if(reach > 1.0 && align_corners == (padding == Border));
            }
        }
    }
    operation
}

/// Points of a grid, moved by an affine map that is learned.
fn affine_grid() -> Operation {
    let formula = Formula::new([argument("transform", &[2, 2, 3])], |of| {
        let map = of.get("transform");
        // The points of a grid of 3 rows and 4 columns from -1 to 1.
        DualArray::by_index([2, 3, 4, 2], |[image, row, column, out]| {
            let by = |input| map.at([image, out, input]);
            by(0) * (column as f64 / 1.5 - 1.0) + by(1) * (row as f64 - 1.0) + by(2)
        })
    });
    let formula = formula
        .with_precision(FormulaPrecision::Summed)
        .with_differences();
    Operation::new("grid::affine_grid_2d", Family::Layers)
        .covers(&["float_slice", "float_mul", "float_add", "float_cat"])
        .check("[2, 2, 3] to 3 by 4 points", &formula, |v| {
            affine_grid_2d(v.get("transform"), [2, 1, 3, 4])
        })
}
