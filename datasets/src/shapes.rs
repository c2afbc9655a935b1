//! What the images of a class have in common, and how far an image is from it.

use std::sync::LazyLock;

use crate::{ImageSet, MNIST_SIDE};

/// The shapes of MNIST's digits, see [`ClassShapes::of_mnist`].
const MNIST_SHAPES: &[u8] = include_bytes!("mnist_shapes.bin");

/// Rows and columns of an image at half the resolution.
const HALF: usize = MNIST_SIDE / 2;

/// Numbers of an image at half the resolution.
const SIZE: usize = HALF * HALF;

/// Principal components of a class.
const COMPONENTS: usize = 10;

/// Steps of the iteration to them: the tenth and the eleventh eigenvalue of MNIST's classes differ by 3 %
/// at least.
const STEPS: usize = 1000;

/// Weights of four neighbouring pixels in one of half the resolution.
const SMOOTH: [f64; 4] = [0.125, 0.375, 0.375, 0.125];

/// One means 2¹⁵ - 1 in a file.
const ONE: f64 = i16::MAX as f64;

/// A vector of an image at half the resolution.
type Vector = [f64; SIZE];

/// The mean image of a class and the directions in which its images differ most.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    mean: Vector,
    components: Vec<Vector>,
}

/// What the images of each class have in common: a plane through their mean along their ten principal
/// components. An image of none of these classes is far from all planes, also where a net is sure of
/// its class: a net only learns what tells the classes apart.
///
/// ```
/// use datasets::ClassShapes;
///
/// // An upright bar is like MNIST's ones, and a cross of two bars like none of its digits.
/// let bar = |i: usize| (4..24).contains(&(i / 28)) && (13..16).contains(&(i % 28));
/// let across = |i: usize| bar(i % 28 * 28 + i / 28);
/// let image = |ink: &dyn Fn(usize) -> bool| -> Vec<u8> {
///     (0..784).map(|i| if ink(i) { 255 } else { 0 }).collect()
/// };
/// let shapes = ClassShapes::of_mnist();
/// assert!(shapes.distance(&image(&bar), 1) < 0.13);
/// let cross = image(&|i| bar(i) || across(i));
/// assert!((0..10).all(|digit| shapes.distance(&cross, digit) > 0.13));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassShapes {
    classes: Vec<Shape>,
}

impl ClassShapes {
    /// The shapes of MNIST's digits: of its training images without those of validation. The example
    /// `shapes` makes them.
    pub fn of_mnist() -> &'static Self {
        static SHAPES: LazyLock<ClassShapes> = LazyLock::new(|| {
            ClassShapes::from_bytes(MNIST_SHAPES).expect("the file of this crate is whole")
        });
        &SHAPES
    }

    /// The shapes of the classes of images.
    ///
    /// # Panics
    ///
    /// If the images have another size than 28x28, or a class has fewer than two.
    pub fn of_images(images: &ImageSet) -> Self {
        let shape = |class| {
            let of_class = (0..images.len()).filter(|&i| usize::from(images.label(i)) == class);
            Shape::of(&of_class.map(|i| half(images.image(i))).collect::<Vec<_>>())
        };
        Self {
            classes: (0..images.class_count()).map(shape).collect(),
        }
    }

    /// How far an image of 28x28 pixels is from the plane of a class: the share of its sum of squares
    /// that is beside the plane, from 0 to 1 for images that the plane is near to. 0 for an image without
    /// ink.
    ///
    /// An image is compared at half the resolution, and by the square roots of its grey levels, so that
    /// the width of the pen counts less.
    ///
    /// # Panics
    ///
    /// If the image has another size, or there is no such class.
    pub fn distance(&self, pixels: &[u8], class: usize) -> f64 {
        let Shape { mean, components } = &self.classes[class];
        let image = half(pixels);
        let ink = dot(&image, &image);
        if ink == 0.0 {
            return 0.0;
        }
        let mut rest = image;
        add(&mut rest, -1.0, mean);
        for component in components {
            let along = dot(&rest, component);
            add(&mut rest, -along, component);
        }
        dot(&rest, &rest) / ink
    }

    /// The shapes as bytes: for each class the mean and ten components, each 196 integers of 16 bits,
    /// little-endian, in units of 1 / 32767.
    pub fn to_bytes(&self) -> Vec<u8> {
        let vectors = self.classes.iter().flat_map(|shape| {
            let components = shape.components.iter();
            std::iter::once(&shape.mean).chain(components)
        });
        let rounded = |value: &f64| ((ONE * value).round() as i16).to_le_bytes();
        vectors.flatten().flat_map(rounded).collect()
    }

    /// Shapes from [`ClassShapes::to_bytes`]; none if the bytes end within a class.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<2>();
        let numbers = numbers.iter();
        let numbers: Vec<f64> = numbers
            .map(|&number| f64::from(i16::from_le_bytes(number)) / ONE)
            .collect();
        let (vectors, more) = numbers.as_chunks::<SIZE>();
        let (classes, others) = vectors.as_chunks::<{ COMPONENTS + 1 }>();
        let is_whole = rest.is_empty() && more.is_empty() && others.is_empty();
        let shape = |[mean, components @ ..]: &[Vector; COMPONENTS + 1]| Shape {
            mean: *mean,
            components: components.to_vec(),
        };
        is_whole.then(|| Self {
            classes: classes.iter().map(shape).collect(),
        })
    }
}

impl Shape {
    /// The mean and the principal components of images, by orthogonal iteration: the covariance times
    /// the components, made orthonormal again, step by step.
    fn of(images: &[Vector]) -> Self {
        assert!(images.len() > 1, "a class has two images");
        let mut mean = [0.0; SIZE];
        for image in images {
            add(&mut mean, 1.0 / images.len() as f64, image);
        }
        let mut covariance = vec![[0.0; SIZE]; SIZE];
        for image in images {
            let mut deviation = *image;
            add(&mut deviation, -1.0, &mean);
            for (row, &value) in covariance.iter_mut().zip(&deviation) {
                add(row, value / images.len() as f64, &deviation);
            }
        }
        // It starts with the columns that vary most.
        let mut order: Vec<usize> = (0..SIZE).collect();
        order.sort_by(|&a, &b| covariance[b][b].total_cmp(&covariance[a][a]));
        let columns = order.into_iter().take(COMPONENTS);
        let mut components: Vec<Vector> = columns.map(|column| covariance[column]).collect();
        orthonormalise(&mut components);
        for _ in 0..STEPS {
            for component in &mut components {
                *component = std::array::from_fn(|i| dot(&covariance[i], component));
            }
            orthonormalise(&mut components);
        }
        Self { mean, components }
    }
}

/// An image of 28x28 pixels, smooth at half the resolution, as the square roots of its grey levels.
fn half(pixels: &[u8]) -> Vector {
    assert_eq!(pixels.len(), MNIST_SIDE * MNIST_SIDE, "28x28 pixels");
    let level = |row: usize, column: usize| {
        let is_inside = (1..=MNIST_SIDE).contains(&row) && (1..=MNIST_SIDE).contains(&column);
        if is_inside {
            f64::from(pixels[(row - 1) * MNIST_SIDE + column - 1]) / 255.0
        } else {
            0.0
        }
    };
    std::array::from_fn(|index| {
        let (row, column) = (index / HALF * 2, index % HALF * 2);
        let mut sum = 0.0;
        for (i, of_row) in SMOOTH.into_iter().enumerate() {
            for (j, of_column) in SMOOTH.into_iter().enumerate() {
                sum += of_row * of_column * level(row + i, column + j);
            }
        }
        sum.sqrt()
    })
}

/// Makes each vector orthogonal to those before it, and its length 1; 0 where nothing is left of it.
fn orthonormalise(vectors: &mut [Vector]) {
    for index in 0..vectors.len() {
        let (before, [vector, ..]) = vectors.split_at_mut(index) else {
            return;
        };
        let length = dot(vector, vector).sqrt();
        for other in before {
            let along = dot(vector, other);
            add(vector, -along, other);
        }
        let left = dot(vector, vector).sqrt();
        let scale = if left > 1e-9 * length {
            1.0 / left
        } else {
            0.0
        };
        vector.iter_mut().for_each(|value| *value *= scale);
    }
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds `factor * b` to `a`.
fn add(a: &mut Vector, factor: f64, b: &Vector) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEFAULT_VALIDATION_FRACTION, Mnist, bundled_mnist_dir};

    /// The example's bytes for a digit are the file's.
    #[test]
    fn the_shape_of_a_digit_is_that_of_its_training_images() {
        let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir()).unwrap();
        let (training, validation) = train.split(DEFAULT_VALIDATION_FRACTION, 42).unwrap();
        let of_one = |set: &ImageSet| -> Vec<usize> {
            (0..set.len()).filter(|&i| set.label(i) == 5).collect()
        };
        let images: Vec<Vector> = of_one(&training)
            .into_iter()
            .map(|i| half(training.image(i)))
            .collect();
        let fitted = ClassShapes {
            classes: vec![Shape::of(&images)],
        };
        let known = ClassShapes::of_mnist();
        let difference = of_one(&validation)
            .into_iter()
            .map(|i| {
                let image = validation.image(i);
                (fitted.distance(image, 0) - known.distance(image, 5)).abs()
            })
            .fold(0.0, f64::max);
        assert!(difference < 1e-4, "{difference}");
    }

    #[test]
    fn images_in_a_plane_are_at_no_distance() {
        // Each image is a mixture of two: squares of grey levels that add up.
        let image = |share: f64| {
            let level = |i: usize| if i < 392 { share } else { 1.0 - share };
            (0..784)
                .map(|i| (255.0 * level(i).powi(2)).round() as u8)
                .collect::<Vec<u8>>()
        };
        let pixels: Vec<u8> = [0.0, 0.2, 0.5, 0.9].map(image).concat();
        let images = ImageSet::new(28, 28, pixels, vec![0; 4]).unwrap();
        let shapes = ClassShapes::of_images(&images);
        assert!(shapes.distance(&image(0.7), 0) < 1e-3);
        let beside: Vec<u8> = (0..784)
            .map(|i| if i % 28 < 14 { 255 } else { 0 })
            .collect();
        assert!(shapes.distance(&beside, 0) > 0.2);
        assert_eq!(shapes.distance(&[0; 784], 0), 0.0);

        let again = ClassShapes::from_bytes(&shapes.to_bytes()).unwrap();
        let [a, b] = [&shapes, &again].map(|shapes| shapes.distance(&beside, 0));
        assert!((a - b).abs() < 1e-3, "{a} {b}");
        assert_eq!(ClassShapes::from_bytes(&shapes.to_bytes()[..9]), None);
    }

    /// Of the validation images, 244 are farther than the threshold of `trainer predict`, and 4728 are
    /// nearest to their own class.
    #[test]
    fn most_digits_are_near_to_their_class() {
        let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir()).unwrap();
        let (_, validation) = train.split(DEFAULT_VALIDATION_FRACTION, 42).unwrap();
        let shapes = ClassShapes::of_mnist();
        let (mut far, mut nearest) = (0, 0);
        for index in 0..validation.len() {
            let label = usize::from(validation.label(index));
            let distances: Vec<f64> = (0..10)
                .map(|class| shapes.distance(validation.image(index), class))
                .collect();
            far += usize::from(distances[label] > 0.13);
            nearest += usize::from(distances.iter().all(|&d| d >= distances[label]));
        }
        println!("far {far}, nearest {nearest} of {}", validation.len());
        assert!((200..=260).contains(&far), "{far}");
        assert!(nearest >= 4700, "{nearest}");
    }
}
