//! The files of Rust in the repository, and the package that each belongs to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file of Rust.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path from the root of the repository, with `/`.
    pub(super) path: String,
    /// The folder of its package: `crates/layers`.
    pub(super) package: String,
    pub(super) text: String,
}

impl Source {
    /// Its path within its package: `src/lib.rs`.
    pub(super) fn place(&self) -> &str {
        let place = self.path.strip_prefix(&self.package);
        place.unwrap_or(&self.path).trim_start_matches('/')
    }

    /// Number of its lines.
    pub(super) fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

/// All files of Rust, in the order of their paths.
pub(super) fn read_all() -> Result<Vec<Source>> {
    let mut sources = vec![];
    collect(Path::new("."), "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Adds the files below a folder, which belongs to `package` unless it has a manifest of its own.
fn collect(folder: &Path, package: &str, sources: &mut Vec<Source>) -> Result<()> {
    let own = name(folder);
    let package = if folder.join("Cargo.toml").is_file() {
        &own
    } else {
        package
    };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && file_name != "target" && !file_name.starts_with('.') {
            collect(&path, package, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path);
            sources.push(Source {
                path: name(&path),
                package: package.to_owned(),
                text: text.with_context(|| format!("cannot read {}", path.display()))?,
            });
        }
    }
    Ok(())
}

/// A path from the root, with `/` on every system.
fn name(path: &Path) -> String {
    let parts: PathBuf = path
        .components()
        .filter(|part| part.as_os_str() != ".")
        .collect();
    parts.to_string_lossy().replace('\\', "/")
}
