//! What was done to the images of a net, in the words of a file of weights.

use datasets::Treatment;
use training::{ImageKind, ImageSize, treatment};
use weight_exchange::{DenseStack, ImageInputs};

use crate::error::RunFolderError;

/// What a file says of a treatment.
pub(crate) fn inputs_of(treatment: Treatment) -> ImageInputs {
    let [rows, columns] = treatment.size();
    ImageInputs {
        treatment: treatment.name().to_owned(),
        columns,
        rows,
    }
}

/// What was done to the images that layers were trained on, if their file says it.
///
/// # Errors
///
/// If it is not one of the treatments that are known here.
pub(crate) fn treatment_of(stack: &DenseStack) -> Result<Option<Treatment>, RunFolderError> {
    let Some(images) = stack.images() else {
        return Ok(None);
    };
    let kind = images.treatment.parse().ok();
    let size = ImageSize {
        columns: images.columns,
        rows: images.rows,
    };
    let size = (kind == Some(ImageKind::Plain)).then_some(size);
    let known = kind.and_then(|kind| treatment(Some(kind), size).ok().flatten());
    match known {
        Some(known) if inputs_of(known) == *images => Ok(Some(known)),
        _ => Err(RunFolderError::UnknownImages {
            treatment: images.treatment.clone(),
            columns: images.columns,
            rows: images.rows,
        }),
    }
}
