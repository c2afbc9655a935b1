//! Classes by name: which label a name stands for, and other spellings of names.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs::File, io::Read, path::Path};

use crate::{DatasetError, FolderError};

/// The most bytes of a file with other spellings that are read.
const MAX_MAP_BYTES: u64 = 1 << 20;

/// Other spellings of class names: what the data call a class, and what it is called here.
///
/// ```
/// use datasets::ClassMap;
///
/// let map = ClassMap::parse("# Danish\nsyv = 7\notte, 8\n", "map.txt".as_ref())?;
/// assert_eq!((map.class_of("syv"), map.class_of("otte")), ("7", "8"));
/// assert_eq!(map.class_of("3"), "3");
/// # Ok::<(), datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassMap {
    classes: BTreeMap<String, String>,
}

impl ClassMap {
    /// Reads a file; see [`ClassMap::parse`].
    ///
    /// # Errors
    ///
    /// [`DatasetError::Unreadable`], [`FolderError::ClassMapTooLong`] for more than 1 MiB,
    /// [`FolderError::ClassMapNotText`] or [`FolderError::ClassMapLine`].
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let unreadable = |cause| DatasetError::Unreadable {
            path: path.into(),
            cause,
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_MAP_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > MAX_MAP_BYTES {
            return Err(FolderError::ClassMapTooLong {
                path: path.into(),
                limit: MAX_MAP_BYTES,
            }
            .into());
        }
        let text = str::from_utf8(&bytes);
        let text = text.map_err(|_| FolderError::ClassMapNotText { path: path.into() })?;
        Self::parse(text, path)
    }

    /// Reads lines of the form `name = class`: the name in the data, and the class that it stands for.
    /// A tab or a comma may stand for the equals sign. Empty lines are skipped, and so are lines that
    /// start with `#`. A name or class in double quotes may contain any of these signs, and a double quote
    /// as two: `"a=b" = 7`. `path` names the text in errors.
    ///
    /// # Errors
    ///
    /// [`FolderError::ClassMapLine`] for the first line that has another form or that contradicts
    /// an earlier one.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DatasetError> {
        let mut map = Self::default();
        // Some editors begin a file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let parts = pair(line);
            let known = parts.as_ref().and_then(|(name, _)| map.classes.get(name));
            match &parts {
                Some((name, class))
                    if !name.is_empty()
                        && !class.is_empty()
                        && known.is_none_or(|known| known == class) =>
                {
                    map.classes.insert(name.clone(), class.clone());
                }
                _ => {
                    return Err(FolderError::ClassMapLine {
                        path: path.into(),
                        line: index + 1,
                        got: line.to_owned(),
                    }
                    .into());
                }
            }
        }
        Ok(map)
    }

    /// The class that a name of the data stands for: itself if the map does not have it.
    pub fn class_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.classes.get(name).map_or(name, String::as_str)
    }

    /// The names that none of the data's names is, so that the map says nothing of these: one may be
    /// misspelled.
    pub fn unmatched<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let unmatched = self.classes.keys();
        let unmatched = unmatched.filter(|name| !names.contains(&name[..]));
        unmatched.cloned().collect()
    }

    /// The name, with the class that it stands for if the map has it: for messages.
    pub fn described(&self, name: &str) -> String {
        match self.classes.get(name) {
            Some(class) => format!("{name} (mapped to {class})"),
            None => name.to_owned(),
        }
    }

    /// Whether there are no other spellings.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Each name with its class, in alphabetical order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.classes.iter();
        pairs.map(|(name, class)| (name.as_str(), class.as_str()))
    }
}

/// The name and the class of a line; `None` if it has another form.
fn pair(line: &str) -> Option<(String, String)> {
    if line.starts_with('"') {
        let (name, rest) = unquoted(line)?;
        let class = rest.trim_start_matches(' ');
        let class = class.strip_prefix(['=', '\t', ','])?;
        return Some((name, whole(class.trim())?));
    }
    let signs = ['=', '\t', ','].into_iter();
    let (name, class) = signs.into_iter().find_map(|sign| line.split_once(sign))?;
    Some((name.trim().to_owned(), whole(class.trim())?))
}

/// A text that may be in quotes as a whole.
fn whole(text: &str) -> Option<String> {
    if !text.starts_with('"') {
        return Some(text.to_owned());
    }
    let (text, rest) = unquoted(text)?;
    rest.is_empty().then_some(text)
}

/// What stands between the quotes at the start of a text, and what follows them.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut inner = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        inner.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                inner.push('"');
                rest = after;
            }
            None => return Some((inner, after)),
        }
    }
}

impl<N: Into<String>, C: Into<String>> FromIterator<(N, C)> for ClassMap {
    fn from_iter<I: IntoIterator<Item = (N, C)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self {
            classes: pairs
                .map(|(name, class)| (name.into(), class.into()))
                .collect(),
        }
    }
}

/// The label of the class that a name of the data stands for, if there is one.
///
/// Labels count `classes`. A name that the map has stands for its class there. Names are equal if
/// they are letter by letter, as numbers (`07` and `7`), or, where only one class fits, apart from
/// upper and lower case.
///
/// ```
/// use datasets::{ClassMap, label_of_class};
///
/// let classes = ["3", "7", "Eight"].map(str::to_owned);
/// let map = ClassMap::from_iter([("seven", "7")]);
/// let label = |name| label_of_class(name, &classes, &map);
/// assert_eq!(["3", "07", "seven", "eight"].map(label), [Some(0), Some(1), Some(1), Some(2)]);
/// assert_eq!(label("nine"), None);
/// ```
pub fn label_of_class(name: &str, classes: &[String], map: &ClassMap) -> Option<usize> {
    let name = map.class_of(name);
    if let Some(label) = classes.iter().position(|class| class == name) {
        return Some(label);
    }
    let only = |is_it: &dyn Fn(&str) -> bool| {
        let mut labels = (0..classes.len()).filter(|&label| is_it(&classes[label]));
        labels.next().filter(|_| labels.next().is_none())
    };
    if let Ok(number) = name.parse::<u64>() {
        return only(&|class| class.parse() == Ok(number));
    }
    let lower = name.to_lowercase();
    only(&|class| class.to_lowercase() == lower)
}

/// For each name of the data, the label of its class, and the names of all classes by label.
///
/// `known` are the classes that a net knows; without them, the classes are those of the data, in
/// [order](sort_classes).
pub(crate) fn labels(
    names: &[String],
    known: Option<&[String]>,
    map: &ClassMap,
    path: &Path,
) -> Result<(Vec<usize>, Vec<String>), DatasetError> {
    let own: Vec<String>;
    let classes = match known {
        Some(known) => known,
        None => {
            let mut classes: Vec<_> = names.iter().map(|n| map.class_of(n).to_owned()).collect();
            if !map.is_empty() {
                sort_classes(&mut classes, String::as_str);
                classes.dedup();
            }
            own = classes;
            &own
        }
    };
    let found = names.iter().map(|name| label_of_class(name, classes, map));
    let found: Vec<Option<usize>> = match known {
        Some(_) => found.collect(),
        // Two folders may differ in nothing but upper and lower case.
        None => names
            .iter()
            .map(|name| classes.iter().position(|class| class == map.class_of(name)))
            .collect(),
    };
    let unknown = names
        .iter()
        .zip(&found)
        .filter(|(_, label)| label.is_none());
    let unknown: Vec<String> = unknown.map(|(name, _)| map.described(name)).collect();
    if !unknown.is_empty() {
        return Err(FolderError::ClassesUnknown {
            path: path.into(),
            unknown,
            got: names.to_vec(),
            expected: classes.to_vec(),
        }
        .into());
    }
    Ok((found.into_iter().flatten().collect(), classes.to_vec()))
}

/// Sorts classes: as numbers if all names are numbers, else alphabetically.
pub(crate) fn sort_classes<T>(classes: &mut [T], name: impl Fn(&T) -> &str) {
    let number = |class: &T| name(class).parse::<u64>().ok();
    if classes.iter().all(|class| number(class).is_some()) {
        classes.sort_by_key(number);
    } else {
        classes.sort_by(|a, b| name(a).cmp(name(b)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn names_are_matched_whatever_their_order() {
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let of = |data: &[&str], map: &ClassMap| {
            let path = Path::new("data");
            labels(&names(data), Some(&digits), map, path).map(|(labels, _)| labels)
        };
        let none = ClassMap::default();
        assert_eq!(of(&["3", "7", "8"], &none).unwrap(), [3, 7, 8]);
        assert_eq!(of(&["08", "3"], &none).unwrap(), [8, 3]);
        let words = ClassMap::from_iter([("three", "3"), ("sept", "7")]);
        assert_eq!(of(&["sept", "three", "8"], &words).unwrap(), [7, 3, 8]);
        assert_eq!(
            of(&["cat", "3", "dog"], &none).unwrap_err().to_string(),
            "data: expected only classes that the net knows (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), got cat, \
             3, dog, of which it does not know cat, dog; rename them in the data, or map the names with \
             --class-map"
        );
        // A name that is not in the data is an entry without an effect.
        let misspelled = ClassMap::from_iter([("three", "3"), ("SEPT", "7")]);
        assert_eq!(misspelled.unmatched(["three", "sept"]), ["SEPT"]);
        // A map that leads to a class that the net does not know.
        let wrong = ClassMap::from_iter([("three", "drei")]);
        let error = of(&["three", "4"], &wrong).unwrap_err().to_string();
        assert!(
            error.contains("it does not know three (mapped to drei); rename"),
            "{error}"
        );
    }

    #[test]
    fn without_known_classes_those_of_the_data_are_counted() {
        let path = Path::new("data");
        let data = names(&["a", "A", "b"]);
        let (found, classes) = labels(&data, None, &ClassMap::default(), path).unwrap();
        assert_eq!((found, classes), (vec![0, 1, 2], data));
        // Two spellings become one class, and the classes are numbers then.
        let data = names(&["10", "nine", "neun"]);
        let map = ClassMap::from_iter([("nine", "9"), ("neun", "9")]);
        let (found, classes) = labels(&data, None, &map, path).unwrap();
        assert_eq!((found, classes), (vec![1, 0, 0], names(&["9", "10"])));
    }

    #[test]
    fn a_line_that_is_no_pair_is_named() {
        let parse = |text: &str| ClassMap::parse(text, "map".as_ref());
        for (text, line) in [
            ("a = 1\nb\n", 2),
            ("= 1", 1),
            ("a =", 1),
            ("a = 1\n\n# a\na = 2", 4),
            ("\"a = 1", 1),
            ("\"a\" 1", 1),
            ("a = \"1", 1),
            ("\"\" = 1", 1),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("map: line {line}: ")), "{error}");
        }
        let map = parse("\u{feff}a\tone, two\r\na = one, two\n");
        // Of several signs, the equals sign decides, then the tab.
        assert_eq!(
            map.unwrap().pairs().collect::<Vec<_>>(),
            [("a", "one, two")]
        );
        // In quotes, a sign is only a sign.
        let map = parse("\"a=b\" = 7\n\"#1\",\"x, y\"\n\"say \"\"hi\"\"\"\t\"=\"\n");
        assert_eq!(
            map.unwrap().pairs().collect::<Vec<_>>(),
            [("#1", "x, y"), ("a=b", "7"), ("say \"hi\"", "=")]
        );
    }
}
