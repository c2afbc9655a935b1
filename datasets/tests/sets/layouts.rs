//! Every spelling of the names and every shape of data set that loads.

use std::fs;

use datasets::Mnist;

use crate::{
    common::{gzip, idx_file},
    folder::Folder,
};

const STEMS: [(&str, u8); 4] = [
    ("train-images", 3),
    ("train-labels", 1),
    ("t10k-images", 3),
    ("t10k-labels", 1),
];

#[test]
fn three_classes_of_5x4_images_load() {
    let folder = Folder::with_small_set();
    let Mnist { train, test } = Mnist::load(folder.path()).unwrap();

    assert_eq!((train.len(), test.len()), (4, 2));
    for set in [&train, &test] {
        assert_eq!((set.rows(), set.columns(), set.image_size()), (5, 4, 20));
        assert_eq!(set.class_count(), 3);
        assert!(!set.is_empty());
    }
    assert_eq!(train.image(3), (60..80).collect::<Vec<u8>>());
    assert_eq!(train.labels(), [2, 0, 1, 2]);
    assert_eq!(train.class_histogram(), [1, 1, 2]);
    assert_eq!(test.class_histogram(), [1, 1, 0]);
    assert_eq!(test.pixels(), (40..80).collect::<Vec<u8>>());
}

#[test]
fn every_spelling_loads_the_same_plain_and_compressed() {
    let reference = Folder::with_small_set();
    let expected = Mnist::load(reference.path()).unwrap();
    for joint in ["-", "."] {
        for suffix in ["", ".gz"] {
            let folder = Folder::empty();
            for (stem, rank) in STEMS {
                let name = format!("{stem}-idx{rank}-ubyte");
                let mut bytes = fs::read(reference.path().join(name)).unwrap();
                if !suffix.is_empty() {
                    bytes = gzip(&bytes);
                }
                folder.write(&format!("{stem}{joint}idx{rank}-ubyte{suffix}"), &bytes);
            }
            assert_eq!(Mnist::load(folder.path()).unwrap(), expected);
        }
    }
}

#[test]
fn gzip_is_recognised_by_content_and_not_by_name() {
    let folder = Folder::with_small_set();
    let expected = Mnist::load(folder.path()).unwrap();
    let labels = idx_file(&[4], &[2, 0, 1, 2]);
    folder.write("train-labels-idx1-ubyte", &gzip(&labels));
    assert_eq!(Mnist::load(folder.path()).unwrap(), expected);
}

#[test]
fn gzip_in_several_members_is_one_file() {
    let folder = Folder::with_small_set();
    let expected = Mnist::load(folder.path()).unwrap();
    let labels = idx_file(&[4], &[2, 0, 1, 2]);
    let members = [gzip(&labels[..5]), gzip(&labels[5..])].concat();
    folder.write("train-labels-idx1-ubyte", &members);
    assert_eq!(Mnist::load(folder.path()).unwrap(), expected);
}

#[test]
fn a_folder_with_the_name_of_a_file_is_skipped() {
    let folder = Folder::with_small_set();
    let expected = Mnist::load(folder.path()).unwrap();
    let name = folder.path().join("train-images-idx3-ubyte");
    fs::rename(&name, folder.path().join("train-images.idx3-ubyte")).unwrap();
    fs::create_dir(&name).unwrap();
    assert_eq!(Mnist::load(folder.path()).unwrap(), expected);
}

#[test]
fn a_class_without_an_image_counts() {
    let folder = Folder::with_small_set();
    folder.write("train-labels-idx1-ubyte", &idx_file(&[4], &[0, 0, 255, 7]));
    let Mnist { train, test } = Mnist::load(folder.path()).unwrap();
    assert_eq!((train.class_count(), test.class_count()), (256, 256));
    assert_eq!(train.class_histogram().iter().sum::<usize>(), 4);
}

#[test]
fn one_image_of_one_pixel_loads() {
    let folder = Folder::empty();
    for part in ["train", "t10k"] {
        folder.write(
            &format!("{part}-images-idx3-ubyte"),
            &idx_file(&[1, 1, 1], &[9]),
        );
        folder.write(&format!("{part}-labels-idx1-ubyte"), &idx_file(&[1], &[0]));
    }
    let Mnist { train, .. } = Mnist::load(folder.path()).unwrap();
    assert_eq!(
        (train.len(), train.image_size(), train.class_count()),
        (1, 1, 1)
    );
}
