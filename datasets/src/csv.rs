//! A reader for tables of labelled images as text: a label and the pixels in each line.
//!
//! Columns are separated by commas, semicolons, tabs or spaces. The first line may name them: the column
//! named label (or class, target, digit) has the labels, columns named id or index are skipped, and
//! names such as `28x28` give the size of the images. Without names, the first column has the labels.
//! Lines are read one by one; memory grows with the pixels.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use crate::idx::MAX_BODY_BYTES;
use crate::numbers::{Levels, Whole};
use crate::{ArrayError, DatasetError};

/// The most bytes of a line.
const MOST_LINE_BYTES: u64 = 1 << 22;

/// Names of a column with labels, in lower case.
const LABELS: [&str; 6] = ["label", "labels", "class", "target", "digit", "y"];

/// Names of columns that are neither labels nor pixels, in lower case.
const SKIPPED: [&str; 4] = ["", "id", "index", "unnamed: 0"];

/// A table of labelled images.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) pixels: Vec<u8>,
    /// For each image, the place of its label in `names`.
    pub(crate) labels: Vec<u8>,
    /// The labels as they are written, in the order in which they come.
    pub(crate) names: Vec<String>,
    /// What was done to the numbers, if anything.
    pub(crate) note: Option<&'static str>,
}

/// What the columns are.
struct Columns {
    separator: char,
    count: usize,
    label: usize,
    skipped: Vec<usize>,
    /// Rows and columns of an image, if the names of the columns give them.
    size: Option<[usize; 2]>,
    is_named: bool,
}

impl Columns {
    /// The columns of a table with this first line.
    fn of(line: &str, path: &Path) -> Result<Self, ArrayError> {
        let most = [',', ';', '\t'].map(|sign| (line.matches(sign).count(), sign));
        let separator = match most.into_iter().max_by_key(|(count, _)| *count) {
            Some((1.., sign)) => sign,
            _ => ' ',
        };
        let cells: Vec<&str> = cells(line, separator).collect();
        let words = cells
            .iter()
            .filter(|cell| cell.parse::<f64>().is_err())
            .count();
        let mut columns = Self {
            separator,
            count: cells.len(),
            label: 0,
            skipped: vec![],
            size: None,
            // A label alone may be a word.
            is_named: words > 1 || words == 1 && cells.len() < 3,
        };
        if columns.is_named {
            let names: Vec<String> = cells.iter().map(|cell| cell.to_lowercase()).collect();
            let label = names.iter().position(|name| LABELS.contains(&&name[..]));
            columns.label = label.ok_or_else(|| ArrayError::NoLabels {
                path: path.into(),
                found: cells.iter().map(|cell| shown(cell)).collect(),
            })?;
            let is_skipped = |&at: &usize| at != columns.label && SKIPPED.contains(&&names[at][..]);
            columns.skipped = (0..names.len()).filter(is_skipped).collect();
            let size = |name: &String| {
                let (rows, columns) = name.split_once('x')?;
                Some([rows.parse().ok()?, columns.parse().ok()?])
            };
            let pixels = columns.pixels();
            let last = names.iter().rev().find_map(size);
            columns.size = last
                .filter(|&[rows, columns]: &[usize; 2]| rows.checked_mul(columns) == Some(pixels));
        }
        Ok(columns)
    }

    /// The number of columns with pixels.
    fn pixels(&self) -> usize {
        self.count.saturating_sub(1 + self.skipped.len())
    }

    /// Rows and columns of an image.
    fn size(&self, path: &Path) -> Result<[usize; 2], ArrayError> {
        let pixels = self.pixels();
        let side = pixels.isqrt();
        match self.size {
            Some(size) => Ok(size),
            None if side * side == pixels && side > 0 => Ok([side; 2]),
            None => Err(ArrayError::Columns {
                path: path.into(),
                got: pixels,
            }),
        }
    }
}

/// The cells of a line, without quotes.
fn cells(line: &str, separator: char) -> impl Iterator<Item = &str> {
    let line = match separator {
        ' ' => line.trim(),
        _ => line.strip_suffix(separator).unwrap_or(line),
    };
    let cells = line.split(separator);
    let cells = cells.filter(move |cell| separator != ' ' || !cell.is_empty());
    cells.map(|cell| cell.trim().trim_matches('"').trim())
}

/// The start of a cell, in one line.
fn shown(cell: &str) -> String {
    let start: String = cell.chars().take(20).collect();
    start.escape_debug().to_string()
}

/// Reads a table. `path` names it in errors.
pub(crate) fn read_table(mut input: impl BufRead, path: &Path) -> Result<Table, DatasetError> {
    let mut columns: Option<Columns> = None;
    let mut levels = Levels::new(Whole::Levels);
    let mut count = 0_u64;
    let mut labels = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read = input
            .by_ref()
            .take(MOST_LINE_BYTES + 1)
            .read_until(b'\n', &mut bytes);
        let read = read.map_err(|cause| DatasetError::Unreadable {
            path: path.into(),
            cause,
        })?;
        let wrong = |expected: String, got: String| ArrayError::Line {
            path: path.into(),
            line: number,
            expected,
            got,
        };
        if read == 0 {
            break;
        }
        if read as u64 > MOST_LINE_BYTES {
            let most = format!("at most {MOST_LINE_BYTES} bytes");
            return Err(wrong(most, "more".to_owned()).into());
        }
        let Ok(line) = std::str::from_utf8(&bytes) else {
            let text = "text in UTF-8".to_owned();
            return Err(wrong(text, "other bytes".to_owned()).into());
        };
        let line = line
            .trim_start_matches('\u{feff}')
            .trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            continue;
        }
        let columns = match &mut columns {
            Some(columns) => &*columns,
            columns => {
                let columns = columns.insert(Columns::of(line, path)?);
                columns.size(path)?;
                if columns.is_named {
                    continue;
                }
                &*columns
            }
        };
        let mut seen = 0;
        for (at, cell) in cells(line, columns.separator).enumerate() {
            seen += 1;
            if at == columns.label {
                let label = label_of(cell, &mut names)
                    .ok_or_else(|| wrong("at most 256 classes".to_owned(), "more".to_owned()))?;
                labels.push(label);
            } else if !columns.skipped.contains(&at) && at < columns.count {
                let value = cell.parse::<f64>().map_err(|_| {
                    let column = format!("a number in column {}", at + 1);
                    wrong(column, format!("\"{}\"", shown(cell)))
                })?;
                levels.push(value);
            }
        }
        if seen != columns.count {
            let expected = format!("{} columns as in the first line", columns.count);
            return Err(wrong(expected, seen.to_string()).into());
        }
        count += columns.pixels() as u64;
        if count > MAX_BODY_BYTES {
            return Err(DatasetError::TooLarge {
                path: path.into(),
                limit: MAX_BODY_BYTES,
                got: count.into(),
            });
        }
    }
    let (Some(columns), false) = (columns, labels.is_empty()) else {
        return Err(DatasetError::EmptySet { path: path.into() });
    };
    let (pixels, note) = levels.finish(path)?;
    let [rows, columns] = columns.size(path)?;
    Ok(Table {
        rows,
        columns,
        pixels,
        labels,
        names,
        note,
    })
}

/// The place of a label among the names, which grow with it; none if there are too many.
fn label_of(cell: &str, names: &mut Vec<String>) -> Option<u8> {
    let place = names.iter().position(|name| name == cell);
    let place = place.unwrap_or_else(|| {
        names.push(cell.to_owned());
        names.len() - 1
    });
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table, DatasetError> {
        read_table(text.as_bytes(), "t.csv".as_ref())
    }

    #[test]
    fn tables_with_and_without_names_are_the_same() {
        let expected = read("5,0,1,2,255\n7,9,8,7,6\n5,1,1,1,1\n").unwrap();
        assert_eq!((expected.rows, expected.columns), (2, 2));
        assert_eq!(expected.names, ["5", "7"]);
        assert_eq!(expected.labels, [0, 1, 0]);
        assert_eq!(expected.pixels, [0, 1, 2, 255, 9, 8, 7, 6, 1, 1, 1, 1]);
        for text in [
            "label,pixel0,pixel1,pixel2,pixel3\r\n5,0,1,2,255\r\n7,9,8,7,6\r\n5,1,1,1,1\r\n",
            "\u{feff}label,1x1,1x2,2x1,2x2\n5,0,1,2,255\n\n7,9,8,7,6\n5,1,1,1,1",
            "pixel1;pixel2;pixel3;pixel4;class\n0;1;2;255;5\n9;8;7;6;7\n1;1;1;1;5\n",
            "\"\",\"label\",\"a\",\"b\",\"c\",\"d\"\n0,\"5\",0,1,2,255\n1,\"7\",9,8,7,6\n2,\"5\",1,1,1,1\n",
            "5 0 1 2 255\n7 9 8  7 6\n5 1 1 1 1\n",
            "5,0.0,1.0,2.0,255.0,\n7,9,8,7,6,\n5,1,1,1,1,\n",
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn names_give_the_size_and_labels_may_be_words() {
        let table = read("label,1x1,1x2,1x3\ncat,1,2,3\ndog,4,5,6\n").unwrap();
        assert_eq!((table.rows, table.columns), (1, 3));
        assert_eq!(table.names, ["cat", "dog"]);
        // No size: its product is 2^64.
        let table = read("label,1x1,1x2,2x1,4294967296x4294967296\n5,0,1,2,255\n").unwrap();
        assert_eq!((table.rows, table.columns), (2, 2));
        let table = read("cat,0.5,1\n").unwrap_err();
        assert!(
            table
                .to_string()
                .contains("got 2 columns next to the label"),
            "{table}"
        );
        let table = read("cat,0.5,1,0,0\ncat,0,0,0,0\n").unwrap();
        assert_eq!(table.pixels[..4], [128, 255, 0, 0]);
        assert_eq!(table.names, ["cat"]);
    }

    #[test]
    fn a_fault_has_its_line() {
        for (text, part) in [
            (
                "5,0,1,2,3\n7,9,8,7\n",
                "line 2: expected 5 columns as in the first line, got 4",
            ),
            (
                "5,0,1,2,3\n7,9,8,x,1\n",
                "line 2: expected a number in column 4, got \"x\"",
            ),
            ("5,0,1,2,3\n7,9,8,,1\n", "got \"\""),
            ("5,0,1,2,-1\n", "got -1 to 2"),
            ("5,0,1,2,256\n", "got 0 to 256"),
            ("5,0,1,2,NaN\n", "got NaN"),
            (
                "pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n",
                "a column named label",
            ),
            ("label,a,b,c,d\n", "at least 1 item"),
            ("", "at least 1 item"),
            ("5,1,2,3\n", "got 3 columns next to the label"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("; "), "{error}");
        }
        let error = read_table(&b"5,\xff\n"[..], "t.csv".as_ref()).unwrap_err();
        assert!(error.to_string().contains("text in UTF-8"), "{error}");
    }
}
