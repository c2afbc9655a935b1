//! Images at other points: interpolation to another size, and sampling at points of a grid.

use burn::tensor::Tensor;
use burn::tensor::grid::affine_grid_2d;
use burn::tensor::module;
use burn::tensor::ops::{
    GridSampleOptions, GridSamplePaddingMode, InterpolateMode, InterpolateOptions,
};
use burn_gradcheck::{Gradients, Sample, Values};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    use InterpolateMode::{Bicubic, Bilinear, Lanczos3, Nearest, NearestExact};
    let mut all = vec![
        interpolate("module::interpolate, nearest", Nearest),
        interpolate("module::interpolate, nearest exact", NearestExact),
        interpolate("module::interpolate, bilinear", Bilinear),
        interpolate("module::interpolate, bicubic", Bicubic),
        interpolate("module::interpolate, Lanczos", Lanczos3),
    ];
    let note = "grids drawn inside and outside of the image; kinks where they meet its points";
    all.extend([
        grid_sample("Tensor::grid_sample_2d, nearest", Nearest),
        grid_sample("Tensor::grid_sample_2d, bilinear", Bilinear).note(note),
        grid_sample("Tensor::grid_sample_2d, bicubic", Bicubic).note(note),
        affine_grid(),
    ]);
    all
}

/// Enlarged and reduced, with corners aligned and not.
fn interpolate(name: &'static str, mode: InterpolateMode) -> Operation {
    let is_exact = matches!(mode, InterpolateMode::NearestExact);
    // The exact one has no backward pass.
    let covers: &[_] = if is_exact { &[] } else { &["interpolate"] };
    let mut operation = Operation::new(name, Family::Layers, covers);
    let mut add = |shape: [usize; 4], size: [usize; 2], what: &str, options: InterpolateOptions| {
        let name = format!("{shape:?} {what}");
        operation.drawn(name, shape[0] == 1 && size != [1, 1], |case| {
            let case = case.input("x", shape);
            let interpolate = move |v: &Values| module::interpolate(v.get("x"), options.clone());
            match is_exact {
                // Only some backends have this mode: another way to compute it, for all.
                true => case
                    .function(move |v| nearest_exact(v, shape, size))
                    .autodiff_function(interpolate),
                false => case.function(interpolate),
            }
        });
    };
    for (shape, size, what, align_corners) in [
        ([1, 2, 3, 4], [6, 8], "to 6 8", true),
        ([1, 2, 3, 4], [5, 7], "to 5 7", false),
        ([1, 1, 6, 5], [2, 3], "to 2 3", false),
        ([1, 1, 6, 5], [2, 3], "to 2 3, aligned", true),
        ([1, 2, 3, 4], [3, 4], "to itself", false),
        ([1, 2, 1, 1], [2, 3], "to 2 3", false),
        ([1, 1, 3, 2], [1, 1], "to 1 1, aligned", true),
    ] {
        let options = InterpolateOptions::new(mode.clone()).with_output_size(size);
        add(shape, size, what, options.with_align_corners(align_corners));
    }
    let scaled = InterpolateOptions::new(mode.clone()).with_scale_factor([2.0, 1.5]);
    let scaled = scaled.with_align_corners(false);
    add([2, 1, 2, 4], [4, 6], "by 2 1.5", scaled);
    operation
}

/// Of each point the element in whose middle it is nearest.
fn nearest_exact(v: &Values, [_, _, rows, columns]: [usize; 4], size: [usize; 2]) -> Tensor<4> {
    let along = |length: usize, count: usize| {
        let middle = |i: usize| (2 * i + 1) * length / (2 * count);
        let at: Vec<i64> = (0..count).map(|i| middle(i) as i64).collect();
        v.ints::<1>([count], &at)
    };
    let x = v.get::<4>("x").select(2, along(rows, size[0]));
    x.select(3, along(columns, size[1]))
}

fn grid_sample(name: &'static str, mode: InterpolateMode) -> Operation {
    use GridSamplePaddingMode::{Border, Reflection, Zeros};
    let covers: &[_] = match mode {
        InterpolateMode::Bilinear => &["float_gather", "float_floor", "float_mul"],
        // Not there for autodiff.
        _ => &[],
    };
    let mut operation = Operation::new(name, Family::Layers, covers);
    for (padding, what) in [
        (Zeros, "zeros around"),
        (Border, "the border around"),
        (Reflection, "reflected"),
    ] {
        for (align_corners, how) in [(false, ""), (true, ", aligned")] {
            let options = GridSampleOptions::new(mode.clone())
                .with_padding_mode(padding)
                .with_align_corners(align_corners);
            let inside = Sample::Within {
                low: -0.7,
                high: 0.7,
            };
            let around = Sample::Within {
                low: -1.8,
                high: 1.8,
            };
            for (grid, place) in [(inside, "inside"), (around, "in and out")] {
                let (options, name) = (options.clone(), format!("{place}, {what}{how}"));
                let in_short = grid == around && align_corners == (padding == Border);
                operation.drawn(name, in_short, |case| {
                    case.input("x", [2, 2, 3, 4])
                        .input_from("grid", [2, 2, 3, 2], grid)
                        .function(move |v| {
                            let (x, grid) = (v.get::<4>("x"), v.get("grid"));
                            x.grid_sample_2d(grid, options.clone())
                        })
                });
            }
        }
    }
    operation
}

/// Points of a grid, moved by an affine map that is learned.
fn affine_grid() -> Operation {
    let covers = &["float_slice", "float_mul", "float_add", "float_cat"];
    let mut operation = Operation::new("grid::affine_grid_2d", Family::Layers, covers);
    operation.drawn("[2, 2, 3] to 3 by 4 points".to_owned(), true, |case| {
        case.input("transform", [2, 2, 3])
            .tolerance(F32, tolerance_f32_of_sums())
            .function(|v| {
                let points = points().concat();
                let map = v.get::<3>("transform").transpose();
                let points = v.tensor::<3>([1, 12, 3], &points).expand([2, 12, 3]);
                points.matmul(map).reshape([2, 3, 4, 2])
            })
            .autodiff_function(|v| affine_grid_2d(v.get("transform"), [2, 1, 3, 4]))
            .vjp(|v, grad_out| {
                let grad_out = host(grad_out.get::<4>(0));
                let mut grad = vec![0.0; 12];
                for (place, grad_out) in grad_out.into_iter().enumerate() {
                    let (image, point, row) = (place / 24, place / 2 % 12, place % 2);
                    for (column, coordinate) in points()[point].into_iter().enumerate() {
                        grad[(image * 2 + row) * 3 + column] += grad_out * coordinate;
                    }
                }
                Gradients::new().with("transform", v.tensor([2, 2, 3], &grad))
            })
    });
    operation
}

/// The points of a grid of 3 rows and 4 columns from -1 to 1: (x, y, 1).
fn points() -> [[f64; 3]; 12] {
    std::array::from_fn(|point| {
        let (row, column) = ((point / 4) as f64, (point % 4) as f64);
        [column / 1.5 - 1.0, row - 1.0, 1.0]
    })
}
