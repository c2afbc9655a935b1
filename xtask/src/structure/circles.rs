//! Circles of modules: files of a crate that import each other.
//!
//! A folder's own module and the files directly in it may import each other, tests may import
//! anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::{Modules, Ties};
use super::source::Source;

/// A circle in every crate that has one.
pub(super) fn breaches(sources: &[Source]) -> Vec<String> {
    let files: BTreeMap<&str, &str> = sources
        .iter()
        .map(|source| (&*source.path, &*source.text))
        .collect();
    let roots = sources.iter().filter(|source| is_root(source.place()));
    roots
        .flat_map(|root| of_crate(&Modules::read(&root.path, &files)))
        .collect()
}

/// Whether a file of a package is the root of a crate.
fn is_root(place: &str) -> bool {
    match place.split('/').collect::<Vec<_>>()[..] {
        ["src", "lib.rs" | "main.rs"] | ["src", "bin", _, "main.rs"] => true,
        ["src", "bin", file] => file.ends_with(".rs"),
        _ => false,
    }
}

fn of_crate(modules: &Modules<'_>) -> Vec<String> {
    let (ties, parents) = (modules.ties(), modules.parents());
    // A folder's own module may go either way, but not both ways at once into a circle with others.
    let keep = |is_dropped: &dyn Fn(&(&str, &str)) -> bool| -> BTreeSet<(&str, &str)> {
        ties.keys()
            .copied()
            .filter(|tie| !is_dropped(tie))
            .collect()
    };
    let downward = keep(&|&(from, to)| parents.contains(&(to, from)));
    let upward = keep(&|&(from, to)| parents.contains(&(from, to)));
    let circles = separate([circles(&downward), self::circles(&upward)].concat());
    circles
        .iter()
        .map(|circle| describe(circle, &ties))
        .collect()
}

/// The circles without those that open when another one does.
fn separate(circles: Vec<Vec<&str>>) -> Vec<Vec<&str>> {
    let mut seen = BTreeSet::new();
    let mut separate = vec![];
    for circle in circles {
        let steps: Vec<_> = steps(&circle).collect();
        if !steps.iter().any(|step| seen.contains(step)) {
            separate.push(circle);
            seen.extend(steps);
        }
    }
    separate
}

/// Each file of a circle with the next.
fn steps<'a>(circle: &[&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let after = circle.iter().cycle().skip(1);
    circle.iter().copied().zip(after.copied())
}

/// The shortest circle through each file that lies on one, the shortest circles first.
fn circles<'a>(edges: &BTreeSet<(&'a str, &'a str)>) -> Vec<Vec<&'a str>> {
    let starts: BTreeSet<&str> = edges.iter().map(|&(from, _)| from).collect();
    let circles = starts.iter().filter_map(|start| way(start, start, edges));
    let mut circles: Vec<_> = circles.collect();
    circles.sort_by_key(Vec::len);
    circles
}

/// The shortest way from one file to another, without the latter.
fn way<'a>(
    start: &'a str,
    end: &str,
    edges: &BTreeSet<(&'a str, &'a str)>,
) -> Option<Vec<&'a str>> {
    let mut before = BTreeMap::<&str, &str>::new();
    let mut unseen = VecDeque::from([start]);
    while let Some(file) = unseen.pop_front() {
        for &(_, next) in edges.iter().filter(|(from, _)| *from == file) {
            if next == end {
                let mut way = vec![file];
                while way[way.len() - 1] != start {
                    way.push(before[way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            if next != start && !before.contains_key(next) {
                before.insert(next, file);
                unseen.push_back(next);
            }
        }
    }
    None
}

fn describe(circle: &[&str], ties: &Ties<'_>) -> String {
    let steps = steps(circle).map(|(from, to)| {
        let names = ties.get(&(from, to)).into_iter().flatten();
        let names: Vec<_> = names.map(String::as_str).collect();
        format!("\n  {from} -> {to} ({})", names.join(", "))
    });
    format!(
        "modules in a circle:{}\n  move what two of them need into a file that imports neither",
        steps.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let source = |&(path, text): &(&str, &str)| Source {
            path: format!("a/src/{path}"),
            package: "a".to_owned(),
            text: text.to_owned(),
        };
        breaches(&files.iter().map(source).collect::<Vec<_>>())
    }

    #[test]
    fn a_circle_names_files_and_what_ties_them() {
        let circle = [
            ("lib.rs", "mod a; mod b; mod c; pub use c::C;"),
            ("a.rs", "use crate::b; pub fn f() { b::g() }"),
            ("b.rs", "pub fn g() { let _ = crate::C; }"),
            ("c.rs", "use super::a::f; pub struct C;"),
        ];
        assert_eq!(
            found(&circle),
            [
                "modules in a circle:\n  a/src/a.rs -> a/src/b.rs (g)\n  a/src/b.rs -> a/src/c.rs (C)\
              \n  a/src/c.rs -> a/src/a.rs (f)\n  move what two of them need into a file that \
              imports neither"
            ]
        );
        let open = [circle[0], circle[1], circle[2], ("c.rs", "pub struct C;")];
        assert!(found(&open).is_empty());
        let in_tests = "pub struct C; #[cfg(test)] mod tests { use crate::a::f; }";
        assert!(found(&[circle[0], circle[1], circle[2], ("c.rs", in_tests)]).is_empty());
    }

    #[test]
    fn a_folder_and_its_files_may_import_each_other() {
        let files = [
            ("lib.rs", "mod a; pub struct L; use a::A;"),
            (
                "a/mod.rs",
                "mod one; mod two; pub struct A; pub use one::f; use crate::L;",
            ),
            ("a/one.rs", "use super::A; use super::two::g; pub fn f() {}"),
            ("a/two.rs", "use super::A; pub fn g() {}"),
        ];
        assert!(found(&files).is_empty(), "{:?}", found(&files));
        let across = [
            files[0],
            files[1],
            files[2],
            ("a/two.rs", "use crate::L; pub fn g() {}"),
        ];
        assert_eq!(found(&across).len(), 1);
    }

    #[test]
    fn folders_in_a_circle_are_found() {
        for (in_folder, in_file) in [("use crate::b::B;", ""), ("", "use crate::b::B;")] {
            let folder = format!("mod one; pub struct A; pub use one::O; {in_folder}");
            let file = format!("pub struct O; use super::A; {in_file}");
            for taken in ["A", "O"] {
                let other = format!("use crate::a::{taken}; pub struct B;");
                let files = [
                    ("lib.rs", "mod a; mod b;"),
                    ("a/mod.rs", &folder),
                    ("a/one.rs", &file),
                    ("b.rs", &other),
                ];
                assert_eq!(found(&files).len(), 1, "{in_folder}|{in_file}|{taken}");
            }
        }
    }
}
