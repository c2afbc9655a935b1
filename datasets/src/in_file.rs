//! Images that stay in their file, and are read when they are needed.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{DatasetError, InFileError};

/// Bytes that are read at once where all pixels are wanted.
const PIECE: usize = 1 << 20;

/// Where the pixels of images are: in memory, `Vec<u8>`, or in their file, [`InFile`].
pub trait Pixels: Sized {
    /// Whether they are in memory.
    const IN_MEMORY: bool;

    /// Moves the images at `chosen`, ascending indices, into a list of their own; the others stay in place without
    /// gaps. An image has `size` pixels.
    fn take_out(&mut self, chosen: &[u32], size: usize) -> Self;

    /// Passes the pixels of all images on, in order and in pieces.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn pass_on(&self, to: impl FnMut(&[u8])) -> Result<(), DatasetError>;

    /// Passes the pixels of some images on, in order: of at most [`SAMPLE`], evenly spread from the first to the last.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    fn pass_on_sample(&self, size: usize, to: impl FnMut(&[u8])) -> Result<(), DatasetError>;
}

/// The most images of a sample.
pub const SAMPLE: usize = 4096;

/// Indices of a sample of `count` images, from the first to the last.
fn sample(count: usize) -> impl Iterator<Item = usize> {
    let (images, gaps) = (count.min(SAMPLE), count.clamp(2, SAMPLE) as u64 - 1);
    let last = count.saturating_sub(1) as u64;
    (0..images as u64).map(move |image| (image * last / gaps) as usize)
}

impl Pixels for Vec<u8> {
    const IN_MEMORY: bool = true;

    fn take_out(&mut self, chosen: &[u32], size: usize) -> Self {
        let mut taken = Self::with_capacity(chosen.len() * size);
        let mut chosen = chosen.iter().map(|&index| index as usize).peekable();
        let mut kept = 0;
        for index in 0..self.len() / size {
            let start = index * size;
            if chosen.next_if_eq(&index).is_some() {
                taken.extend_from_slice(&self[start..][..size]);
            } else {
                self.copy_within(start..start + size, kept * size);
                kept += 1;
            }
        }
        self.truncate(kept * size);
        self.shrink_to_fit();
        taken
    }

    fn pass_on(&self, mut to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        to(self);
        Ok(())
    }

    fn pass_on_sample(&self, size: usize, mut to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        for index in sample(self.len() / size) {
            to(&self[index * size..][..size]);
        }
        Ok(())
    }
}

/// Some images of a file, or all of them.
///
/// The file is open as long as this exists. On Unix, its images can thus be read even after it was removed, and
/// several threads can read at the same time. Memory that is free keeps what was read: that is left to the system.
#[derive(Clone, Debug)]
pub struct InFile {
    file: Arc<ImageFile>,
    /// Places of the images in the file; all, if there is no list.
    places: Option<Arc<Vec<u32>>>,
}

/// An image file: a header, then the images.
#[derive(Debug)]
struct ImageFile {
    path: PathBuf,
    file: File,
    /// Bytes of the header.
    header: u64,
    /// Pixels of an image.
    size: usize,
    /// Number of images.
    count: usize,
}

impl InFile {
    /// The `count` images of `size` bytes each that follow a header in a file.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be opened, or is shorter or longer.
    pub(crate) fn open(
        path: &Path,
        header: u64,
        [count, size]: [usize; 2],
    ) -> Result<Self, DatasetError> {
        let unreadable = |cause| DatasetError::Unreadable {
            path: path.into(),
            cause,
        };
        let file = File::open(path).map_err(unreadable)?;
        let file = ImageFile {
            path: path.into(),
            header,
            size,
            count,
            file,
        };
        let expected = file.body();
        let got = file.file.metadata().map_err(unreadable)?.len();
        let got = got.saturating_sub(header);
        let path = path.into();
        match got.cmp(&expected) {
            std::cmp::Ordering::Less => Err(DatasetError::BodyTooShort {
                path,
                expected,
                got,
            }),
            std::cmp::Ordering::Greater => Err(DatasetError::BodyTooLong { path, expected }),
            std::cmp::Ordering::Equal => Ok(Self {
                file: Arc::new(file),
                places: None,
            }),
        }
    }

    /// Number of images.
    pub fn count(&self) -> usize {
        self.places
            .as_ref()
            .map_or(self.file.count, |places| places.len())
    }

    /// The places of the images in their file, if they are not all that it has.
    pub fn places(&self) -> Option<&[u32]> {
        self.places.as_ref().map(|places| &places[..])
    }

    /// Makes `room` the pixels of the images at these indices, `[indices, size]`. They are read in the order of the
    /// file, neighbours at once.
    ///
    /// # Errors
    ///
    /// [`InFileError::Changed`] if the file has become shorter, [`DatasetError::Unreadable`] if it cannot be read.
    ///
    /// # Panics
    ///
    /// If there is no image at an index.
    pub fn read(
        &self,
        indices: impl Iterator<Item = usize>,
        room: &mut Vec<u8>,
    ) -> Result<(), DatasetError> {
        let size = self.file.size;
        let place = |index: usize| match &self.places {
            Some(places) => places[index] as usize,
            None => index,
        };
        let wanted = indices.map(place).enumerate();
        let mut wanted = wanted
            .map(|(slot, place)| (place, slot))
            .collect::<Vec<_>>();
        wanted.sort_unstable();
        room.resize(wanted.len() * size, 0);
        for run in wanted.chunk_by(|a, b| (a.0 + 1, a.1 + 1) == *b) {
            let (place, slot) = run[0];
            let room = &mut room[slot * size..][..run.len() * size];
            self.file.read(place, room)?;
        }
        Ok(())
    }
}

impl Pixels for InFile {
    const IN_MEMORY: bool = false;

    fn take_out(&mut self, chosen: &[u32], _size: usize) -> Self {
        let all = self.count();
        let place = |index: usize| match &self.places {
            Some(places) => places[index],
            None => index as u32,
        };
        let mut taken = Vec::with_capacity(chosen.len());
        let mut kept = Vec::with_capacity(all - chosen.len());
        let mut chosen = chosen.iter().map(|&index| index as usize).peekable();
        for index in 0..all {
            match chosen.next_if_eq(&index) {
                Some(_) => taken.push(place(index)),
                None => kept.push(place(index)),
            }
        }
        self.places = Some(Arc::new(kept));
        Self {
            file: Arc::clone(&self.file),
            places: Some(Arc::new(taken)),
        }
    }

    fn pass_on(&self, mut to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        let (count, at_once) = (self.count(), (PIECE / self.file.size).max(1));
        let mut room = vec![];
        for first in (0..count).step_by(at_once) {
            self.read(first..count.min(first + at_once), &mut room)?;
            to(&room);
        }
        Ok(())
    }

    fn pass_on_sample(&self, _size: usize, mut to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        let mut room = vec![];
        for index in sample(self.count()) {
            self.read([index].into_iter(), &mut room)?;
            to(&room);
        }
        Ok(())
    }
}

impl ImageFile {
    /// Bytes after the header.
    fn body(&self) -> u64 {
        self.count as u64 * self.size as u64
    }

    /// Fills `room` with the images from a place on.
    fn read(&self, place: usize, room: &mut [u8]) -> Result<(), DatasetError> {
        let start = self.header + place as u64 * self.size as u64;
        assert!(
            start + room.len() as u64 <= self.header + self.body(),
            "image {place} of {}",
            self.count
        );
        read_exact_at(&self.file, room, start).map_err(|cause| {
            let path = self.path.clone();
            match (cause.kind(), self.file.metadata()) {
                (ErrorKind::UnexpectedEof, Ok(now)) => InFileError::Changed {
                    path,
                    expected: self.header + self.body(),
                    got: now.len(),
                }
                .into(),
                _ => DatasetError::Unreadable { path, cause },
            }
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, room, offset)
}

/// One thread at a time moves the file's position.
#[cfg(not(unix))]
fn read_exact_at(mut file: &File, room: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    use std::sync::{Mutex, PoisonError};

    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Five images of three pixels after a header of two bytes.
    fn five(folder: &Path) -> (PathBuf, InFile) {
        let path = folder.join("images");
        let bytes = [90, 91].into_iter().chain(0..15);
        fs::write(&path, bytes.collect::<Vec<u8>>()).unwrap();
        let images = InFile::open(&path, 2, [5, 3]).unwrap();
        (path, images)
    }

    fn read(images: &InFile, indices: &[usize]) -> Result<Vec<u8>, DatasetError> {
        // What was there before does not matter.
        let mut room = vec![99; 7];
        images.read(indices.iter().copied(), &mut room)?;
        Ok(room)
    }

    #[test]
    fn images_are_read_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let (_, images) = five(folder.path());
        assert_eq!(
            read(&images, &[4, 0, 1]).unwrap(),
            [12, 13, 14, 0, 1, 2, 3, 4, 5]
        );
        assert_eq!(read(&images, &[2, 2]).unwrap(), [6, 7, 8, 6, 7, 8]);
        assert!(read(&images, &[]).unwrap().is_empty());
    }

    #[test]
    fn taking_out_is_as_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (_, mut in_file) = five(folder.path());
        let mut in_memory: Vec<u8> = (0..15).collect();
        let all = |images: &InFile| {
            let mut all = vec![];
            images
                .pass_on(|piece| all.extend_from_slice(piece))
                .unwrap();
            all
        };
        assert_eq!(all(&in_file), in_memory);
        for chosen in [&[0, 3][..], &[1]] {
            let taken = in_file.take_out(chosen, 3);
            assert_eq!(all(&taken), in_memory.take_out(chosen, 3));
            assert_eq!(all(&in_file), in_memory);
            assert_eq!(taken.count(), chosen.len());
        }
        assert_eq!(in_file.places(), Some(&[1, 4][..]));
    }

    #[test]
    fn a_sample_has_the_first_image_the_last_and_some_between() {
        let of = |count| sample(count).collect::<Vec<_>>();
        assert_eq!((of(0), of(1), of(2)), (vec![], vec![0], vec![0, 1]));
        assert_eq!(of(SAMPLE), (0..SAMPLE).collect::<Vec<_>>());
        for count in [SAMPLE + 1, 10 * SAMPLE, u32::MAX as usize] {
            let sample = of(count);
            assert_eq!((sample.len(), sample[0]), (SAMPLE, 0));
            assert_eq!(sample[SAMPLE - 1], count - 1);
            let gap = (count - 1) / (SAMPLE - 1);
            let is_even = |pair: &[usize]| (gap..gap + 2).contains(&(pair[1] - pair[0]));
            assert!(sample.windows(2).all(is_even), "{count}");
        }
        let folder = tempfile::tempdir().unwrap();
        let (_, in_file) = five(folder.path());
        let (mut a, mut b) = (vec![], vec![]);
        in_file
            .pass_on_sample(3, |image| a.push(image.to_vec()))
            .unwrap();
        let in_memory: Vec<u8> = (0..15).collect();
        in_memory
            .pass_on_sample(3, |image| b.push(image.to_vec()))
            .unwrap();
        assert_eq!((a.len(), a), (5, b));
    }

    #[test]
    fn a_file_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, images) = five(folder.path());
        let short = InFile::open(&path, 2, [6, 3]).unwrap_err();
        assert!(matches!(
            short,
            DatasetError::BodyTooShort {
                expected: 18,
                got: 15,
                ..
            }
        ));
        let long = InFile::open(&path, 2, [4, 3]).unwrap_err();
        assert!(matches!(long, DatasetError::BodyTooLong { .. }));

        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(9))
            .unwrap();
        assert_eq!(read(&images, &[1]).unwrap(), [3, 4, 5]);
        let error = read(&images, &[0, 2]).unwrap_err();
        assert!(matches!(
            error,
            DatasetError::InFile(InFileError::Changed {
                expected: 17,
                got: 9,
                ..
            })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_file_can_still_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, images) = five(folder.path());
        fs::remove_file(path).unwrap();
        assert_eq!(read(&images, &[3]).unwrap(), [9, 10, 11]);
    }
}
