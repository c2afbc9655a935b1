//! Run folders made from weights: scale and classes survive the way there and back.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use datasets::Treatment;
use layers::Activation;
use run_folder::{Entry, Invocation, NetData, SavedRun, ScaleSource, Weights, weights};
use tempfile::TempDir;
use training::{ImageKind, ModelName};
use weight_exchange::{
    Dense, DenseStack, ImageInputs, ImportOptions, InputScale, Layout, Precision, to_burnpack,
    to_onnx, to_safetensors,
};

/// A net 4-3-2 of which no number is 0.
fn stack() -> DenseStack {
    let numbers = |count: usize, from: f32| {
        let number = |i: usize| (from + i as f32 * 0.7).sin();
        (0..count).map(number).collect::<Vec<f32>>()
    };
    let first = Dense::new("layers.0", [4, 3], numbers(12, 1.0), numbers(3, 2.0)).unwrap();
    let second = Dense::new("layers.1", [3, 2], numbers(6, 3.0), numbers(2, 4.0)).unwrap();
    let stack = DenseStack::new(vec![first, second]).unwrap();
    stack.with_activation(Some(Activation::Tanh))
}

fn outputs(stack: &DenseStack, x: &[f32]) -> Vec<f32> {
    let layer = |layer: &Dense, x: &[f32]| -> Vec<f32> {
        let [_, d_out] = layer.sizes();
        let output = |j: usize| {
            let products = x.iter().zip(layer.weight().chunks(d_out));
            products.map(|(x, row)| x * row[j]).sum::<f32>() + layer.bias()[j]
        };
        (0..d_out).map(output).collect()
    };
    let hidden = layer(&stack.layers()[0], x);
    let hidden: Vec<f32> = hidden.into_iter().map(f32::tanh).collect();
    layer(&stack.layers()[1], &hidden)
}

fn write(folder: &Path, name: &str, stack: &DenseStack) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(
        &path,
        to_safetensors(stack, Layout::Burn, Precision::F32).unwrap(),
    )
    .unwrap();
    path
}

fn import(from: &Path, options: &ImportOptions, out: &Path) -> (SavedRun, run_folder::Imported) {
    let weights = Weights::read(from, options, None).unwrap();
    let entry = weights
        .make_run_folder(out, &Invocation::default())
        .unwrap();
    let Entry::Imported(imported) = entry else {
        panic!("{entry:?}");
    };
    (SavedRun::open(out).unwrap(), imported)
}

#[test]
fn a_given_scale_is_folded_and_the_assumed_one_is_said() {
    let folder = TempDir::new().unwrap();
    let file = write(folder.path(), "net.safetensors", &stack());
    let (mean, std) = (0.1307, 0.3081);
    let options = ImportOptions {
        input_scale: Some(InputScale::new(mean, std).unwrap()),
        ..ImportOptions::default()
    };
    let (run, imported) = import(&file, &options, &folder.path().join("scaled"));
    assert_eq!(
        (imported.input_mean, imported.input_std),
        (Some(mean), Some(std))
    );
    assert_eq!(imported.input_scale_from, Some(ScaleSource::Given));
    let folded = weights::of_run(&run).unwrap();
    let pixels = [0.0, 0.25, 0.5, 1.0];
    let scaled = pixels.map(|x: f32| ((f64::from(x) - mean) / std) as f32);
    for (got, want) in outputs(&folded, &pixels)
        .iter()
        .zip(outputs(&stack(), &scaled))
    {
        assert!((got - want).abs() < 1e-5, "{got} {want}");
    }
    // It is no longer what the file has: the fold matters.
    assert_ne!(folded.layers()[0].weight(), stack().layers()[0].weight());

    let (run, imported) = import(
        &file,
        &ImportOptions::default(),
        &folder.path().join("plain"),
    );
    assert_eq!(
        (imported.input_mean, imported.input_std),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(imported.input_scale_from, Some(ScaleSource::Assumed));
    let plain = weights::of_run(&run).unwrap();
    assert_eq!(plain.layers()[0].weight(), stack().layers()[0].weight());
}

#[test]
fn classes_and_scale_come_back_from_an_exported_file() {
    let folder = TempDir::new().unwrap();
    let names = vec!["cat".to_owned(), "dog, or \"hound\"".to_owned()];
    let named = stack().with_classes(names.clone());
    let file = write(folder.path(), "named.safetensors", &named);
    let (run, _) = import(&file, &ImportOptions::default(), &folder.path().join("a"));
    assert_eq!(run.config().settings.class_names, names);
    let exported = weights::of_run(&run).unwrap();
    assert_eq!(exported.classes(), names);

    // The exported file says that it takes pixels, so nothing is assumed any more.
    let again = write(folder.path(), "again.safetensors", &exported);
    let (run, imported) = import(&again, &ImportOptions::default(), &folder.path().join("b"));
    assert_eq!(imported.input_scale_from, Some(ScaleSource::File));
    assert_eq!(weights::of_run(&run).unwrap(), exported);
    assert_eq!(weights::read(&again).unwrap(), exported);

    // Numbers stay numbers: a run on MNIST names no classes.
    let numbered = stack().with_classes(vec!["0".to_owned(), "1".to_owned()]);
    let file = write(folder.path(), "numbered.safetensors", &numbered);
    let (run, _) = import(&file, &ImportOptions::default(), &folder.path().join("c"));
    assert!(run.config().settings.class_names.is_empty());
    assert_eq!(weights::of_run(&run).unwrap().classes(), ["0", "1"]);
}

#[test]
fn what_was_done_to_images_and_the_temperature_come_back() {
    let folder = TempDir::new().unwrap();
    let plain = Treatment::Plain {
        rows: 1,
        columns: 4,
    };
    let names = vec!["cat".to_owned(), "dog".to_owned()];
    let stack = stack()
        .with_classes(names)
        .with_pixel_inputs(true)
        .with_images(Some(ImageInputs {
            treatment: "plain".to_owned(),
            columns: 4,
            rows: 1,
        }))
        .with_temperature(Some(1.75));
    let files = [
        to_safetensors(&stack, Layout::Burn, Precision::F32).unwrap(),
        to_safetensors(&stack, Layout::Pytorch, Precision::F32).unwrap(),
        to_burnpack(&stack).unwrap(),
        to_onnx(&stack).unwrap(),
    ];
    for (place, bytes) in files.iter().enumerate() {
        let file = folder.path().join(place.to_string());
        fs::write(&file, bytes).unwrap();
        let out = folder.path().join(format!("run-{place}"));
        let (run, imported) = import(&file, &ImportOptions::default(), &out);
        assert_eq!(run.config().settings.treatment(), Some(plain));
        assert_eq!(run.temperature().unwrap(), Some(1.75));
        let said = (imported.images.as_deref(), imported.image_size.as_deref());
        assert_eq!(said, (Some("plain"), Some("4x1")));
        assert_eq!(imported.temperature, Some(1.75));
        let exported = weights::of_run(&run).unwrap();
        assert_eq!(exported.images(), stack.images());
        assert_eq!(exported.temperature(), Some(1.75));
        let net = weights::load(&file, &Device::flex()).unwrap();
        for known in [
            NetData::of_run(&run),
            NetData::of_weights(&net, &file).unwrap(),
            NetData::of_weights(&net, &out.join("model.safetensors")).unwrap(),
        ] {
            assert_eq!(known.treatment(), Some(plain));
            assert_eq!(known.temperature(), Some(1.75));
            // No other treatment will do; its size alone is enough.
            let with = |images, size: &str| {
                let size = (!size.is_empty()).then(|| size.parse().unwrap());
                known.clone().with(images, size, None)
            };
            assert!(with(None, "4x1").is_ok() && with(Some(ImageKind::Plain), "4x1").is_ok());
            let refused = with(None, "2x2").unwrap_err().to_string();
            assert!(refused.starts_with("--image-size differs"), "{refused}");
            let refused = with(Some(ImageKind::Strokes), "").unwrap_err().to_string();
            assert!(refused.starts_with("--images differs"), "{refused}");
        }
        // The temperature does not hang on a log.
        fs::remove_file(out.join("metrics.jsonl")).unwrap();
        assert_eq!(run.temperature().unwrap(), Some(1.75));
    }
}

#[test]
fn nobody_guesses_what_was_done_to_images() {
    let folder = TempDir::new().unwrap();
    let names = vec!["cat".to_owned(), "dog".to_owned()];
    let file = write(folder.path(), "net", &stack().with_classes(names));
    let options = ImportOptions::default();
    let (run, _) = import(&file, &options, &folder.path().join("unknown"));
    let known = NetData::of_run(&run);
    assert_eq!(known.treatment(), None);
    assert!(
        known
            .with(Some(ImageKind::Plain), "2x2".parse().ok(), None)
            .is_ok()
    );

    // The caller may say it, unless it cannot be.
    let plain = |rows, columns| Some(Treatment::Plain { rows, columns });
    let weights = Weights::read(&file, &options, None).unwrap();
    let with = |treatment| weights.clone().with_treatment(treatment);
    let told = with(plain(2, 2)).unwrap();
    let refused = with(Some(Treatment::Strokes)).unwrap_err().to_string();
    assert!(
        refused.contains("takes 4 inputs") && refused.contains("784 pixels"),
        "{refused}"
    );
    let out = folder.path().join("told");
    told.make_run_folder(&out, &Invocation::default()).unwrap();
    let run = SavedRun::open(&out).unwrap();
    assert_eq!(NetData::of_run(&run).treatment(), plain(2, 2));
    let told = Weights::read(&out.join("model.safetensors"), &options, None).unwrap();
    let refused = told.with_treatment(plain(1, 4)).unwrap_err().to_string();
    assert!(
        refused.contains("resized to 2x2; leave out --images"),
        "{refused}"
    );

    let odd = stack().with_images(Some(ImageInputs {
        treatment: "sketches".to_owned(),
        columns: 2,
        rows: 2,
    }));
    let file = write(folder.path(), "odd", &odd);
    let refused = Weights::read(&file, &options, None)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("\"sketches\""), "{refused}");
    assert!(weights::read(&file).is_err());
}

#[test]
fn a_scale_that_contradicts_the_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = write(folder.path(), "net", &stack().with_pixel_inputs(true));
    let at = |mean, std| ImportOptions {
        input_scale: Some(InputScale::new(mean, std).unwrap()),
        ..ImportOptions::default()
    };
    let refused = Weights::read(&file, &at(0.1307, 0.3081), None).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("takes pixels from 0 to 1, not mean 0.1307")
            && refused.contains("leave out"),
        "{refused}"
    );
    assert!(Weights::read(&file, &at(0.0, 1.0), None).is_ok());
}

#[test]
fn a_folder_is_made_as_a_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let file = write(folder.path(), "net.safetensors", &stack());
    let weights = Weights::read(&file, &ImportOptions::default(), None).unwrap();
    let out = folder.path().join("net.safetensors/run");
    let refused = weights.make_run_folder(&out, &Invocation::default());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("--out") && !out.exists(), "{refused}");
    let scale = ImportOptions {
        input_scale: Some(InputScale::UNIT),
        ..ImportOptions::default()
    };
    let one = Dense::new("a", [2, 3], vec![0.5; 6], vec![0.0; 3]).unwrap();
    let two = Dense::new("b", [3, 1], vec![0.5; 3], vec![0.0; 1]).unwrap();
    let xor = DenseStack::new(vec![one, two]).unwrap();
    let xor = xor.with_activation(Some(Activation::Tanh));
    let file = write(folder.path(), "xor.safetensors", &xor);
    let refused = Weights::read(&file, &scale, Some(ModelName::XorNet));
    assert!(refused.unwrap_err().to_string().contains("takes no images"));
}
