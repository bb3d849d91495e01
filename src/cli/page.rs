//! Where the page of a batch lies, for every command that leaves one.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::report::Examination;
use crate::report::html::{self, Album};
use crate::scan::display_path;

/// A place for the pictures of a page, in the page's folder so that they fit where the page does.
///
/// # Errors
/// Where the folder cannot be made or written to.
pub fn album(folder: &Path) -> Result<Album<File>> {
    let make = || {
        fs::create_dir_all(folder)?;
        tempfile::tempfile_in(folder)
    };
    Ok(Album::new(make().with_context(|| {
        format!(
            "{}: cannot be made or written to: check the folder of the report",
            display_path(folder)
        )
    })?))
}

/// Writes `index.html` of a folder; it appears when it is complete.
///
/// # Errors
/// Where it cannot be written.
pub fn write(
    folder: &Path,
    page: &html::Page<'_>,
    examinations: &[Examination],
    album: &mut Album<File>,
) -> Result<()> {
    let path = folder.join("index.html");
    let mut write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(NamedTempFile::new_in(folder)?);
        html::write(&mut out, page, examinations, album)?;
        out.flush()?;
        let file = out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        // Temporary files are private; a report has the rights of any new file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let _ = file
                .as_file()
                .set_permissions(fs::Permissions::from_mode(0o644));
        }
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("{}: cannot be written: check the disk", display_path(&path)))
}
