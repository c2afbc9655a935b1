//! What a file says about a net in addition to its numbers.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ExchangeError;
use crate::layout::Layout;
use crate::scale::InputScale;
use crate::stack::{DenseStack, ImageInputs};

/// Key of the units of every layer, inputs first, separated by commas.
const SIZES: &str = "sizes";

/// Key of the names of the classes: a JSON list, in the order of the outputs.
const CLASSES: &str = "classes";

/// Key of what was done to the images that the net was trained on.
const IMAGES: &str = "images";

/// Key of the size of each of them: columns and rows, as in `40x30`.
const IMAGE_SIZE: &str = "image_size";

/// Key of what the logits are to be divided by.
const TEMPERATURE: &str = "temperature";

impl DenseStack {
    /// What a file says about the layers in addition to their numbers.
    pub(crate) fn metadata(&self, layout: Layout) -> BTreeMap<String, String> {
        let functions = [
            ("activation", self.activation()),
            ("output_activation", self.output_activation()),
        ];
        let functions = functions.into_iter().filter_map(|(key, activation)| {
            activation.map(|activation| (key, activation.name().to_owned()))
        });
        let model = self.model().map(|model| ("model", model.to_owned()));
        let scale = self.takes_pixels().then(|| InputScale::UNIT.to_metadata());
        let classes = (!self.classes().is_empty())
            .then(|| (CLASSES, serde_json::json!(self.classes()).to_string()));
        let images = self.images().map(|images| {
            let size = format!("{}x{}", images.columns, images.rows);
            [(IMAGES, images.treatment.clone()), (IMAGE_SIZE, size)]
        });
        let temperature = self.temperature();
        let temperature = temperature.map(|temperature| (TEMPERATURE, temperature.to_string()));
        [
            ("layout", layout.metadata().to_owned()),
            (SIZES, listed(&self.sizes())),
        ]
        .into_iter()
        .chain(functions)
        .chain(model)
        .chain(scale.into_iter().flatten())
        .chain(classes)
        .chain(images.into_iter().flatten())
        .chain(temperature)
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// The same layers with what a file's metadata say of them, which must fit the layers. The scale of the
    /// inputs is left out.
    pub(crate) fn described_by(
        self,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, ExchangeError> {
        let function = |key| {
            let name = metadata.get(key).map(|name| name.parse());
            name.transpose().map_err(ExchangeError::Config)
        };
        let wrong = |key: &str, expected: String| ExchangeError::Metadata {
            key: key.to_owned(),
            got: metadata.get(key).cloned().unwrap_or_default(),
            expected,
        };
        let sizes = listed(&self.sizes());
        if metadata.get(SIZES).is_some_and(|said| *said != sizes) {
            return Err(wrong(SIZES, format!("{sizes}, the sizes of its tensors")));
        }
        let classes = match metadata.get(CLASSES) {
            None => vec![],
            Some(text) => {
                let classes = serde_json::from_str(text).unwrap_or_else(|_| Vec::<String>::new());
                let distinct: BTreeSet<&String> = classes.iter().collect();
                let outputs = self.sizes().last().copied().unwrap_or(0);
                if distinct.len() != outputs || classes.len() != outputs {
                    let expected = format!("a JSON list of {outputs} different names");
                    return Err(wrong(CLASSES, expected));
                }
                classes
            }
        };
        let images = match metadata.get(IMAGES) {
            None => None,
            Some(treatment) => {
                let pixels = self.sizes()[0];
                let size = metadata.get(IMAGE_SIZE).and_then(|size| {
                    let (columns, rows) = size.split_once('x')?;
                    let sides = (columns.parse::<usize>().ok()?, rows.parse::<usize>().ok()?);
                    (sides.0.checked_mul(sides.1) == Some(pixels)).then_some(sides)
                });
                let (columns, rows) = size.ok_or_else(|| {
                    let expected = format!("columns and rows, as in 28x28, of {pixels} pixels");
                    wrong(IMAGE_SIZE, expected)
                })?;
                Some(ImageInputs {
                    treatment: treatment.clone(),
                    columns,
                    rows,
                })
            }
        };
        let temperature = metadata.get(TEMPERATURE).map(|text| {
            let number = text.trim().parse().ok();
            let number = number.filter(|number: &f64| number.is_finite() && *number > 0.0);
            number.ok_or_else(|| wrong(TEMPERATURE, "a number greater than 0".to_owned()))
        });
        Ok(self
            .with_images(images)
            .with_temperature(temperature.transpose()?)
            .with_activation(function("activation")?)
            .with_output_activation(function("output_activation")?)
            .with_model(metadata.get("model").cloned())
            .with_classes(classes))
    }
}

fn listed(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    sizes.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Dense;
    use layers::Activation;

    fn stack() -> DenseStack {
        let layer = |name: &str, [d_in, d_out]: [usize; 2]| {
            Dense::new(
                name,
                [d_in, d_out],
                vec![0.5; d_in * d_out],
                vec![0.0; d_out],
            )
            .unwrap()
        };
        DenseStack::new(vec![layer("a", [2, 3]), layer("b", [3, 2])]).unwrap()
    }

    #[test]
    fn metadata_say_what_they_were_made_of() {
        let described = stack()
            .with_activation(Some(Activation::Elu))
            .with_output_activation(Some(Activation::Sigmoid))
            .with_model(Some("xor-net".to_owned()))
            .with_classes(vec!["a, \"b\"".to_owned(), "ö".to_owned()])
            .with_pixel_inputs(true)
            .with_images(Some(ImageInputs {
                treatment: "plain".to_owned(),
                columns: 2,
                rows: 1,
            }))
            .with_temperature(Some(1.375));
        let metadata = described.metadata(Layout::Burn);
        assert_eq!(
            (&metadata["images"][..], &metadata["image_size"][..]),
            ("plain", "2x1")
        );
        assert_eq!(metadata["temperature"], "1.375");
        assert_eq!(metadata["sizes"], "2,3,2");
        assert_eq!(
            (&metadata["input_mean"][..], &metadata["input_std"][..]),
            ("0", "1")
        );
        let scale = InputScale::of_metadata(&metadata).unwrap();
        assert_eq!(scale, Some(InputScale::UNIT));
        let read = stack().described_by(&metadata).unwrap();
        assert_eq!(read.on_pixels(InputScale::UNIT).unwrap(), described);
        // What is not known is not claimed.
        let bare = stack().metadata(Layout::Burn);
        assert_eq!(bare.keys().collect::<Vec<_>>(), ["layout", "sizes"]);
    }

    #[test]
    fn metadata_that_contradict_the_layers_are_refused() {
        for (key, value) in [
            ("sizes", "2,4,2"),
            ("classes", "a,b"),
            ("classes", r#"["a","b","c"]"#),
            ("classes", r#"["a","a"]"#),
            ("temperature", "0"),
            ("temperature", "inf"),
            ("temperature", "warm"),
        ] {
            let metadata = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            let refused = stack().described_by(&metadata).unwrap_err().to_string();
            assert!(
                refused.contains(key) && refused.contains(value),
                "{refused}"
            );
        }
        for size in ["3x1", "2", ""] {
            let images = [("images", "plain"), ("image_size", size)];
            let metadata = images.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let refused = stack().described_by(&BTreeMap::from(metadata)).unwrap_err();
            let said = format!("image_size = {size}, expected columns and rows");
            assert!(refused.to_string().contains(&said), "{refused}");
        }
        for (key, value) in [
            ("input_mean", "dark"),
            ("input_mean", "33.3"),
            ("input_std", "0"),
            ("input_std", "78.6"),
        ] {
            let metadata = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            assert!(InputScale::of_metadata(&metadata).is_err());
        }
    }
}
