//! The modules of a crate, what each defines and imports, and where a path leads.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{self, Token};

/// A module of a crate: a file, or a part of one.
#[derive(Debug, Default)]
struct Module {
    /// Index of the file that it is written in.
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// Names that it defines.
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths in its code, such as `["crate", "a", "b"]`.
    paths: Vec<Vec<String>>,
}

/// One path of a `use`; a glob has no name.
#[derive(Debug)]
struct Import {
    path: Vec<String>,
    name: Option<String>,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug)]
enum Place {
    Module(usize),
    /// Something in a module.
    Item(usize),
}

/// The modules of a crate, the root first.
#[derive(Debug)]
pub(super) struct Modules<'a> {
    modules: Vec<Module>,
    files: Vec<&'a str>,
}

/// Which names a file takes from another: by the paths of both.
pub(super) type Ties<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<String>>;

impl<'a> Modules<'a> {
    /// Reads the modules that a crate's root and the files below it declare. `files` has the text
    /// of each file by its path.
    pub(super) fn read(root: &'a str, files: &BTreeMap<&'a str, &str>) -> Self {
        let mut crate_ = Self {
            modules: vec![Module::default()],
            files: vec![root],
        };
        let mut unread = vec![(0, root)];
        while let Some((module, path)) = unread.pop() {
            let code = tokens::code(files.get(path).copied().unwrap_or_default());
            for (parent, name) in crate_.read_file(module, &code) {
                let folder = folder_of(path, path == root);
                let inner = crate_.inline_path(parent, module);
                let folder = [&[folder], &inner[..]].concat().join("/");
                let choices = [
                    format!("{folder}/{name}.rs"),
                    format!("{folder}/{name}/mod.rs"),
                ];
                let found = choices
                    .iter()
                    .find_map(|choice| files.get_key_value(&**choice));
                let Some((&path, _)) = found else { continue };
                crate_.files.push(path);
                let child = crate_.add(parent, &name, crate_.files.len() - 1);
                unread.push((child, path));
            }
        }
        crate_
    }

    /// The files of a folder's own module and of the modules directly in it, by their paths.
    pub(super) fn parents(&self) -> BTreeSet<(&'a str, &'a str)> {
        let pairs = self.modules.iter().filter_map(|module| {
            let parent = &self.modules[module.parent?];
            Some((self.files[parent.file], self.files[module.file]))
        });
        pairs.filter(|(parent, child)| parent != child).collect()
    }

    /// What each file takes from which other.
    pub(super) fn ties(&self) -> Ties<'a> {
        let mut ties = Ties::new();
        for (at, module) in self.modules.iter().enumerate() {
            let imports = module
                .imports
                .iter()
                .map(|import| (&import.path, import.name.is_none()));
            let paths = module.paths.iter().map(|path| (path, false));
            for (path, is_glob) in imports.chain(paths) {
                let (target, name) = match self.resolve(at, path, &mut BTreeSet::new()) {
                    Some(Place::Item(target)) => (target, path.last().cloned().unwrap_or_default()),
                    Some(Place::Module(target)) if is_glob => (target, "*".to_owned()),
                    // A module by its name alone; other paths name what is used from it.
                    _ => continue,
                };
                let [from, to] =
                    [module.file, self.modules[target].file].map(|file| self.files[file]);
                if from != to {
                    ties.entry((from, to)).or_default().insert(name);
                }
            }
        }
        ties
    }

    fn add(&mut self, parent: usize, name: &str, file: usize) -> usize {
        self.modules.push(Module {
            file,
            parent: Some(parent),
            ..Module::default()
        });
        let child = self.modules.len() - 1;
        self.modules[parent].children.insert(name.to_owned(), child);
        child
    }

    /// Names of the modules from `module` down to `inner`, which are written in one file.
    fn inline_path(&self, inner: usize, module: usize) -> Vec<&str> {
        let (mut path, mut at) = (vec![], inner);
        while at != module {
            let Some(parent) = self.modules[at].parent else {
                break;
            };
            let children = &self.modules[parent].children;
            path.extend(
                children
                    .iter()
                    .find(|&(_, child)| *child == at)
                    .map(|(name, _)| &**name),
            );
            at = parent;
        }
        path.reverse();
        path
    }

    /// Takes in the code of a file. Gives the modules that it declares in files of their own, each
    /// with the module that declares it.
    fn read_file(&mut self, module: usize, code: &[Token<'_>]) -> Vec<(usize, String)> {
        let file = self.modules[module].file;
        let text = |at: usize| code.get(at).map_or("", |token| token.text);
        let (mut at, mut depth, mut open, mut declared) = (0, 0, vec![(module, 0)], vec![]);
        while at < code.len() {
            let here = open.last().map_or(module, |&(module, _)| module);
            let name = || text(at + 1).to_owned();
            let after_colons = at > 0 && text(at - 1) == "::";
            match text(at) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    open.pop_if(|(_, opened)| *opened > depth);
                }
                "mod" if text(at + 2) == ";" => declared.push((here, name())),
                "mod" if text(at + 2) == "{" => {
                    depth += 1;
                    open.push((self.add(here, text(at + 1), file), depth));
                    at += 2;
                }
                "use" if text(at + 1) != "<" => {
                    let start = if text(at + 1) == "::" { at + 2 } else { at + 1 };
                    at = import_tree(code, start, &[], &mut self.modules[here].imports);
                }
                "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" => {
                    self.modules[here].items.insert(name());
                }
                "macro_rules" => {
                    self.modules[here].items.insert(text(at + 2).to_owned());
                }
                _ if code[at].is_word() && text(at + 1) == "::" && !after_colons => {
                    let mut path = vec![text(at).to_owned()];
                    while text(at + 1) == "::" && code.get(at + 2).is_some_and(Token::is_word) {
                        path.push(text(at + 2).to_owned());
                        at += 2;
                    }
                    self.modules[here].paths.push(path);
                }
                _ => {}
            }
            at += 1;
        }
        declared
    }

    /// The target of a path in a module, if it is in this crate. `tried` has the paths being looked
    /// up.
    fn resolve(
        &self,
        module: usize,
        path: &[String],
        tried: &mut BTreeSet<(usize, String)>,
    ) -> Option<Place> {
        let (mut at, mut rest) = (module, path);
        let mut is_anchored = false;
        while let [first, after @ ..] = rest {
            match &**first {
                "crate" => at = 0,
                "self" => {}
                "super" => at = self.modules[at].parent?,
                _ => break,
            }
            (is_anchored, rest) = (true, after);
        }
        for (place, name) in rest.iter().enumerate() {
            match self.look_up(at, name, tried) {
                Some(Place::Module(inner)) => at = inner,
                Some(item) => return Some(item),
                // Made by a macro, or from elsewhere.
                None if is_anchored || place > 0 => return Some(Place::Item(at)),
                None => return None,
            }
        }
        Some(Place::Module(at))
    }

    fn look_up(
        &self,
        module: usize,
        name: &str,
        tried: &mut BTreeSet<(usize, String)>,
    ) -> Option<Place> {
        let own = &self.modules[module];
        if let Some(&child) = own.children.get(name) {
            return Some(Place::Module(child));
        }
        if own.items.contains(name) {
            return Some(Place::Item(module));
        }
        if !tried.insert((module, name.to_owned())) {
            return None;
        }
        let named = own
            .imports
            .iter()
            .find(|import| import.name.as_deref() == Some(name));
        if let Some(import) = named {
            return self.resolve(module, &import.path, tried);
        }
        let globs = own.imports.iter().filter(|import| import.name.is_none());
        let mut places =
            globs.filter_map(|import| match self.resolve(module, &import.path, tried) {
                Some(Place::Module(from)) if from != module => self.look_up(from, name, tried),
                _ => None,
            });
        places.next()
    }
}

/// The folder with the files of a module's children.
fn folder_of(path: &str, is_root: bool) -> &str {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if is_root || file == "mod.rs" {
        folder
    } else {
        path.trim_end_matches(".rs")
    }
}

/// Takes in a tree of imports from `at`, below `prefix`; gives where it ends.
fn import_tree(
    code: &[Token<'_>],
    at: usize,
    prefix: &[String],
    imports: &mut Vec<Import>,
) -> usize {
    let text = |at: usize| code.get(at).map_or("", |token| token.text);
    let (mut path, mut at) = (prefix.to_vec(), at);
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while !["}", ""].contains(&text(at)) {
                    at = import_tree(code, at, &path, imports);
                    if text(at) == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "*" => {
                imports.push(Import { path, name: None });
                return at + 1;
            }
            // `self` within braces is the path before them.
            "self" if !prefix.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    let mut name = path.last().cloned();
    if text(at) == "as" {
        name = Some(text(at + 1).to_owned());
        at += 2;
    }
    imports.push(Import { path, name });
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(files: &[(&'static str, &str)]) -> Vec<String> {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let ties = Modules::read("lib.rs", &files).ties();
        let ties = ties.iter().map(|((from, to), names)| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            format!("{from} {to} {}", names.join(","))
        });
        ties.collect()
    }

    fn prefixed(files: &[(&'static str, &'static str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|&(path, text)| (path, text)).collect();
        ties(&files)
    }

    #[test]
    fn paths_are_followed_through_imports_of_others() {
        let files = [
            ("s/lib.rs", "mod a; mod b; pub use a::{A, inner::*};"),
            ("s/a/mod.rs", "pub mod inner; pub struct A;"),
            ("s/a/inner.rs", "pub fn f() {} use super::A;"),
            (
                "s/b.rs",
                "use crate::{A as Other, f}; fn g() { crate::a::inner::f(); crate::Unknown::x() }",
            ),
        ];
        let map: BTreeMap<&str, &str> = files.into_iter().collect();
        let ties = Modules::read("s/lib.rs", &map).ties();
        let pairs: Vec<_> = ties.keys().copied().collect();
        assert_eq!(
            pairs,
            [
                ("s/a/inner.rs", "s/a/mod.rs"),
                ("s/b.rs", "s/a/inner.rs"),
                ("s/b.rs", "s/a/mod.rs"),
                ("s/b.rs", "s/lib.rs"),
                ("s/lib.rs", "s/a/inner.rs"),
                ("s/lib.rs", "s/a/mod.rs"),
            ]
        );
        assert_eq!(ties[&("s/b.rs", "s/a/mod.rs")], ["A".to_owned()].into());
    }

    #[test]
    fn modules_within_a_file_belong_to_it() {
        let files = prefixed(&[(
            "lib.rs",
            "mod a { use super::B; } struct B; fn f() { a::g() }",
        )]);
        assert!(files.is_empty(), "{files:?}");
    }
}
