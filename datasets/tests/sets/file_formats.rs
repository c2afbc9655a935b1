//! Data sets in files of other formats than MNIST's: names, parts and contents.

use std::{fs, io::Write, path::Path};

use datasets::{DataFolder, DatasetError, Loading, TestRowsOf, TestSet};
use flate2::{Compression, Crc, write::DeflateEncoder};

use crate::{
    common::{gzip, idx_file},
    folder::Folder,
};

/// An array of NumPy.
fn npy(descr: &str, shape: &[usize], body: &[u8]) -> Vec<u8> {
    let sizes: Vec<_> = shape.iter().map(|size| format!("{size},")).collect();
    let header = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}\n",
        sizes.join(" ")
    );
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(body);
    bytes
}

/// An archive as numpy.savez and numpy.savez_compressed write it.
fn npz(arrays: &[(&str, Vec<u8>)], compress: bool) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut list = Vec::new();
    for (name, content) in arrays {
        let name = format!("{name}.npy");
        let mut crc = Crc::new();
        crc.update(content);
        let data = if compress {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).expect("memory");
            encoder.finish().expect("memory")
        } else {
            content.clone()
        };
        let place = archive.len() as u32;
        let sizes = [data.len() as u64, content.len() as u64];
        let mut common = [20_u16, 0, if compress { 8 } else { 0 }, 0, 0]
            .map(u16::to_le_bytes)
            .concat();
        common.extend(crc.sum().to_le_bytes());
        // NumPy writes sizes of 64 bits, whatever they are, before the content.
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend([0xff; 8]);
        archive.extend((name.len() as u16).to_le_bytes());
        archive.extend(20_u16.to_le_bytes());
        archive.extend(name.as_bytes());
        archive.extend([1, 0, 16, 0]);
        archive.extend([sizes[1], sizes[0]].map(u64::to_le_bytes).concat());
        archive.extend(&data);

        list.extend(b"PK\x01\x02\x14\0");
        list.extend(&common);
        list.extend(sizes.map(|size| (size as u32).to_le_bytes()).concat());
        list.extend((name.len() as u16).to_le_bytes());
        list.extend([0; 12]);
        list.extend(place.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (place, size) = (archive.len() as u32, list.len() as u32);
    archive.extend(list);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([arrays.len() as u16; 2].map(u16::to_le_bytes).concat());
    archive.extend([size, place].map(u32::to_le_bytes).concat());
    archive.extend([0; 2]);
    archive
}

/// Pixels of `n` images of 2x3, no two alike.
fn pixels(n: usize, start: u8) -> Vec<u8> {
    (0..n * 6)
        .map(|index| start.wrapping_add(7 * index as u8))
        .collect()
}

fn long(labels: &[i64]) -> Vec<u8> {
    labels
        .iter()
        .flat_map(|label| label.to_le_bytes())
        .collect()
}

/// The arrays of Keras' `mnist.npz`.
fn keras() -> [(&'static str, Vec<u8>); 4] {
    [
        ("x_train", npy("|u1", &[3, 2, 3], &pixels(3, 0))),
        ("y_train", npy("|u1", &[3], &[0, 2, 1])),
        ("x_test", npy("|u1", &[2, 2, 3], &pixels(2, 100))),
        ("y_test", npy("|u1", &[2], &[2, 0])),
    ]
}

fn load(path: &Path) -> DataFolder {
    DataFolder::load(path).unwrap_or_else(|error| panic!("{error}"))
}

fn assert_is_kerass(data: &DataFolder) {
    assert_eq!((data.sets.train.rows(), data.sets.train.columns()), (2, 3));
    assert_eq!(data.sets.train.pixels(), pixels(3, 0));
    assert_eq!(data.sets.train.labels(), [0, 2, 1]);
    assert_eq!(data.sets.test.pixels(), pixels(2, 100));
    assert_eq!(data.sets.test.labels(), [2, 0]);
    assert_eq!(data.class_names, ["0", "1", "2"]);
}

#[test]
fn archives_of_arrays_load_as_files_and_in_folders() {
    for compress in [false, true] {
        let folder = Folder::empty();
        let path = folder.write("mnist.npz", &npz(&keras(), compress));
        assert_is_kerass(&load(&path));
        assert_is_kerass(&load(folder.path()));
    }
    // The same arrays as files.
    let folder = Folder::empty();
    for (name, bytes) in keras() {
        folder.write(&format!("{name}.npy"), &bytes);
    }
    assert_is_kerass(&load(folder.path()));
    // KMNIST has one archive for each array.
    let folder = Folder::empty();
    for ((_, bytes), name) in keras().into_iter().zip([
        "kmnist-train-imgs",
        "kmnist-train-labels",
        "kmnist-test-imgs",
        "kmnist-test-labels",
    ]) {
        folder.write(&format!("{name}.npz"), &npz(&[("arr_0", bytes)], true));
    }
    assert_is_kerass(&load(folder.path()));
}

#[test]
fn medmnist_has_a_validation_set_and_columns_of_labels() {
    let colours: Vec<u8> = pixels(2, 50).iter().flat_map(|&level| [level; 3]).collect();
    let arrays = [
        ("train_images", npy("|u1", &[3, 2, 3], &pixels(3, 0))),
        ("val_images", npy("|u1", &[2, 2, 3, 3], &colours)),
        ("test_images", npy("|u1", &[2, 2, 3], &pixels(2, 100))),
        ("train_labels", npy("|u1", &[3, 1], &[0, 1, 1])),
        ("val_labels", npy("|u1", &[2, 1], &[1, 0])),
        ("test_labels", npy("<i8", &[2, 1], &long(&[1, 0]))),
    ];
    let folder = Folder::empty();
    let data = load(&folder.write("medmnist.npz", &npz(&arrays, true)));
    assert_eq!(data.sets.train.labels(), [0, 1, 1]);
    let validation = data.validation.expect("there is one");
    assert_eq!(
        (validation.pixels(), validation.labels()),
        (&pixels(2, 50)[..], &[1, 0][..])
    );
    assert_eq!(data.notes, ["colours made grey"]);
    assert_eq!(data.sets.test.labels(), [1, 0]);
}

#[test]
fn a_damaged_archive_is_refused_wherever_it_is_cut_or_changed() {
    for compress in [false, true] {
        let bytes = npz(&keras(), compress);
        let folder = Folder::empty();
        for end in 0..bytes.len() {
            let path = folder.write("a.npz", &bytes[..end]);
            let error = DataFolder::load(&path).expect_err("it is cut").to_string();
            assert!(error.contains("a.npz") && error.contains("; "), "{error}");
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            let path = folder.write("a.npz", &bytes);
            if let Ok(data) = DataFolder::load(&path) {
                // Versions, times and sizes before a content decide nothing.
                assert_is_kerass(&data);
            }
        }
    }
}

#[test]
fn arrays_of_other_names_are_listed() {
    let folder = Folder::empty();
    // A name cannot break the line.
    let broken = npz(&[("me\nan", npy("|u1", &[1], &[7]))], false);
    let path = folder.write("n.npz", &broken);
    let error = DataFolder::load(&path).unwrap_err().to_string();
    assert!(error.contains("got me\u{fffd}an; rename"), "{error}");
    let path = folder.write("a.npz", &npz(&[("mean", npy("|u1", &[1], &[7]))], false));
    let error = DataFolder::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("x_train and y_train") && error.contains("got mean; "),
        "{error}"
    );
    let [images, labels, ..] = keras();
    folder.write("b.npz", &npz(&[images, labels], false));
    let [images, labels, ..] = keras();
    folder.write("c.npz", &npz(&[images, labels], false));
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("x_train.npy in b.npz and x_train.npy in c.npz"),
        "{error}"
    );
}

#[test]
fn tables_load_with_their_parts() {
    let train: String = (0..14)
        .map(|i| format!("{},{i},1,2,{}\n", i % 2 + 3, 200 + i))
        .collect();
    let header = "label,pixel0,pixel1,pixel2,pixel3\n";
    let folder = Folder::empty();
    folder.write("mnist_train.csv", train.as_bytes());
    let test = folder.write("mnist_test.csv", b"4,0,0,0,9\n3,1,1,1,1\n");
    let data = load(folder.path());
    assert_eq!(
        (data.sets.train.len(), data.sets.test.labels()),
        (14, &[4, 3][..])
    );
    assert_eq!((data.sets.train.rows(), data.sets.train.columns()), (2, 2));
    assert_eq!(data.sets.train.image(3), [3, 1, 2, 203]);
    // One file can be named, and a test set alone is evaluated.
    let set = TestSet::load(&test, &Loading::default(), false).unwrap();
    assert_eq!(
        (set.rows_of, set.images.labels()),
        (TestRowsOf::TestSet, &[4, 3][..])
    );

    // Kaggle: the test set has no labels.
    let kaggle = Folder::empty();
    kaggle.write("train.csv", format!("{header}{train}").as_bytes());
    kaggle.write("test.csv", b"pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n");
    kaggle.write("sample_submission.csv", b"ImageId,Label\n1,0\n");
    let data = load(kaggle.path());
    assert_eq!((data.sets.train.len(), data.sets.test.len()), (12, 2));
    assert!(
        data.notes[0].ends_with("test.csv has no labels and is not used"),
        "{:?}",
        data.notes
    );
    assert!(
        data.notes[1].starts_with("no test set: 2 images held out"),
        "{:?}",
        data.notes
    );

    // A single table, compressed.
    let single = Folder::empty();
    let path = single.write("digits.csv.gz", &gzip(train.as_bytes()));
    let alone = load(&path);
    assert_eq!(alone.sets, data.sets);
    let every = TestSet::load(&path, &Loading::default(), false).unwrap();
    assert_eq!(
        (every.rows_of, every.images.len()),
        (TestRowsOf::EveryImage, 14)
    );
    let held = TestSet::load(&path, &Loading::default(), true).unwrap();
    assert_eq!(
        (held.rows_of, held.images),
        (TestRowsOf::HeldOut, alone.sets.test)
    );
}

#[test]
fn words_as_labels_are_the_names_of_classes() {
    let folder = Folder::empty();
    folder.write("train.csv", b"dog,0,0,0,1\ncat,0,0,0,2\ndog,0,0,0,3\n");
    folder.write("test.csv", b"cat,9,9,9,9\n");
    let data = load(folder.path());
    assert_eq!(data.class_names, ["cat", "dog"]);
    assert_eq!(
        (data.sets.train.labels(), data.sets.test.labels()),
        (&[1, 0, 1][..], &[0][..])
    );
    folder.write("test.csv", b"cat,9,9,9,9\ncow,1,1,1,1\n");
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("got \"cow\", which the training set lacks, for item 1"),
        "{error}"
    );
}

/// An IDX file of numbers of another kind.
fn idx_of(kind: u8, sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = idx_file(sizes, body);
    bytes[2] = kind;
    bytes
}

#[test]
fn emnist_is_turned_upright_and_has_its_characters() {
    let folder = Folder::empty();
    for (part, images) in [("train", 3_u32), ("test", 2)] {
        let body = pixels(images as usize, 0);
        let name = |kind: &str| format!("emnist-letters-{part}-{kind}-ubyte.gz");
        folder.write(
            &name("images-idx3"),
            &gzip(&idx_file(&[images, 3, 2], &body)),
        );
        let labels: Vec<u8> = (1..=images as u8).collect();
        folder.write(&name("labels-idx1"), &gzip(&idx_file(&[images], &labels)));
    }
    let data = load(folder.path());
    let train = &data.sets.train;
    assert_eq!(
        (train.rows(), train.columns(), train.class_count()),
        (2, 3, 4)
    );
    // Row by row, of an image that was stored column by column.
    let stored = pixels(1, 0);
    assert_eq!(train.image(0), [0, 2, 4, 1, 3, 5].map(|at| stored[at]));
    assert_eq!(data.notes.len(), 1, "{:?}", data.notes);

    folder.write("emnist-letters-mapping.txt", b"1 65 97\n2 66 98\n3 67 99\n");
    let data = load(folder.path());
    assert_eq!(data.class_names, ["A", "B", "C"]);
    assert_eq!(data.sets.train.labels(), [0, 1, 2]);

    // Two sets in a folder: one must be named.
    for kind in ["images-idx3", "labels-idx1"] {
        folder.write(&format!("emnist-digits-train-{kind}-ubyte"), b"");
    }
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("got those of emnist-digits, emnist-letters; name one"),
        "{error}"
    );
    assert_eq!(load(&folder.path().join("emnist-letters")), data);
}

#[test]
fn qmnist_has_a_table_of_labels() {
    let folder = Folder::empty();
    for (part, images) in [("train", 3_u32), ("test", 2)] {
        let body = pixels(images as usize, 0);
        folder.write(
            &format!("qmnist-{part}-images-idx3-ubyte"),
            &idx_file(&[images, 2, 3], &body),
        );
        // The class, and seven numbers about the writer.
        let rows = (0..images).flat_map(|row| [row, 4, 999, 1, 2, 3, 4, 5]);
        let body: Vec<u8> = rows.flat_map(u32::to_be_bytes).collect();
        folder.write(
            &format!("qmnist-{part}-labels-idx2-int.gz"),
            &gzip(&idx_of(0x0c, &[images, 8], &body)),
        );
    }
    let data = load(folder.path());
    assert_eq!(
        (data.sets.train.labels(), data.sets.test.labels()),
        (&[0, 1, 2][..], &[0, 1][..])
    );
    assert_eq!(data.sets.train.pixels(), pixels(3, 0));
}

#[test]
fn idx_files_of_fractions_and_of_whole_numbers_are_read() {
    let folder = Folder::with_small_set();
    let fractions: Vec<u8> = (0..80)
        .flat_map(|i| (i as f32 / 79.0).to_be_bytes())
        .collect();
    folder.write(
        "train-images-idx3-ubyte",
        &idx_of(0x0d, &[4, 5, 4], &fractions),
    );
    let labels: Vec<u8> = [2_i32, 0, 1, 2].map(i32::to_be_bytes).concat();
    folder.write("train-labels-idx1-ubyte", &idx_of(0x0c, &[4], &labels));
    let data = load(folder.path());
    assert_eq!(data.sets.train.labels(), [2, 0, 1, 2]);
    assert_eq!(
        (data.sets.train.pixels()[0], data.sets.train.pixels()[79]),
        (0, 255)
    );
    let normalised: Vec<u8> = (0..80)
        .flat_map(|i| (i as f32 - 3.0).to_be_bytes())
        .collect();
    folder.write(
        "train-images-idx3-ubyte",
        &idx_of(0x0d, &[4, 5, 4], &normalised),
    );
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("got -3 to 76; save the images without normalising"),
        "{error}"
    );
}

#[test]
fn files_may_be_one_folder_further_down() {
    // As torchvision leaves them.
    let folder = Folder::empty();
    let raw = folder.path().join("MNIST/raw");
    fs::create_dir_all(&raw).expect("writable");
    fs::create_dir_all(folder.path().join("MNIST/processed")).expect("writable");
    let small = Folder::with_small_set();
    for entry in fs::read_dir(small.path()).expect("it is there") {
        let entry = entry.expect("it is there");
        fs::copy(entry.path(), raw.join(entry.file_name())).expect("writable");
    }
    assert_eq!(load(folder.path()), load(small.path()));
    let missing = DataFolder::load(&folder.path().join("nothing")).unwrap_err();
    assert!(
        matches!(missing, DatasetError::DirectoryMissing { .. }),
        "{missing}"
    );
}

/// The error of an archive with these images and labels.
fn error_of(images: Vec<u8>, labels: Vec<u8>) -> String {
    let folder = Folder::empty();
    let archive = npz(&[("x_train", images), ("y_train", labels)], false);
    let path = folder.write("a.npz", &archive);
    DataFolder::load(&path).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_an_array_has_a_remedy_that_helps() {
    let images = || npy("|u1", &[2, 2, 2], &pixels(2, 0)[..8]);
    for (labels, parts) in [
        (
            npy("<U1", &[2], &[0; 8]),
            ["got one of words; ", "numpy.unique("],
        ),
        (
            npy("|S3", &[2], &[0; 6]),
            ["got one of words; ", "numpy.unique("],
        ),
        (
            npy("|O", &[2], &[]),
            ["got one of Python objects; ", "numpy.unique("],
        ),
        (
            npy("<c8", &[2], &[0; 16]),
            ["got one of elements \"<c8\"; ", "save it as whole numbers"],
        ),
        (
            npy("|u1", &[3], &[0; 3]),
            ["y_train.npy: expected 2 labels", "each image of "],
        ),
        // As in ChestMNIST: of three findings, a patient may have several.
        (
            npy("|u1", &[2, 3], &[0, 1, 0, 1, 1, 0]),
            ["for item 1; ", "leave out images of several classes"],
        ),
    ] {
        let error = error_of(images(), labels);
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        assert!(error.contains("y_train.npy"), "{error}");
    }
    let error = error_of(images(), npy("|u1", &[3], &[0; 3]));
    assert!(error.contains("x_train.npy, got 3; take both"), "{error}");
}

#[test]
fn a_table_of_something_else_is_told_by_its_columns() {
    let folder = Folder::empty();
    let table = b"PassengerId,Survived,Name\n1,0,Braund\n";
    let path = folder.write("titanic.csv", table);
    let error = DataFolder::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("got columns named PassengerId, Survived, Name; "),
        "{error}"
    );
}
