//! The page "Gradients of Burn" in a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use burn_suite::{AuditOutcome, GradientsPage};

use crate::AuditTable;

/// The name of the page's files, without extension.
const NAME: &str = "gradients-of-burn";

/// Makes the folder, and a file in it, to check that the page can be written later.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    let probe = folder.join(NAME).with_extension("tmp");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe))
        .with_context(|| {
            let folder = folder.display();
            format!("cannot write a page to the folder {folder}; choose another by --page")
        })
}

/// Writes the page, as Markdown and HTML.
///
/// # Errors
///
/// If a file cannot be written.
pub(crate) fn write(folder: &Path, table: &AuditTable, outcome: &AuditOutcome) -> Result<()> {
    let page = GradientsPage::new(&table.operations, &table.ledger, outcome);
    for (extension, text) in [("md", page.markdown()?), ("html", page.html()?)] {
        let file = folder.join(NAME).with_extension(extension);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
