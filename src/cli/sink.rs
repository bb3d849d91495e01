//! Where the results of a command go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::scan::display_path;

/// Standard output, a file that appears when it is complete, or what is no file and can only be written to.
pub(super) enum Sink {
    Standard(BufWriter<io::StdoutLock<'static>>),
    File(BufWriter<NamedTempFile>, PathBuf),
    /// A device or a named pipe: putting a file in its place would take it from everybody else.
    Stream(BufWriter<File>),
}

impl Sink {
    /// Opens `output`, or standard output. A symbolic link is followed: what it points to is written.
    pub(super) fn open(output: Option<&Path>) -> Result<Self> {
        let Some(path) = output else {
            return Ok(Self::Standard(BufWriter::new(io::stdout().lock())));
        };
        let context = || {
            format!(
                "{}: cannot be written: check that the folder exists and may be written to",
                display_path(path)
            )
        };
        if path.is_dir() {
            bail!(
                "{}: --output names a folder: name a file in it",
                display_path(path)
            );
        }
        let target = if path.is_symlink() {
            // One that points nowhere cannot be followed: the file is made where the link lies.
            path.canonicalize().unwrap_or_else(|_| path.to_owned())
        } else {
            path.to_owned()
        };
        if fs::metadata(&target).is_ok_and(|m| !m.is_file()) {
            let stream = OpenOptions::new().write(true).open(&target);
            return Ok(Self::Stream(BufWriter::new(stream.with_context(context)?)));
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(folder).with_context(context)?;
        Ok(Self::File(BufWriter::new(file), target))
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Standard(out) => out,
            Self::File(out, _) => out,
            Self::Stream(out) => out,
        }
    }

    /// Hands what was written to who reads along.
    pub(super) fn show(&mut self) -> io::Result<()> {
        match self {
            Self::File(..) => Ok(()),
            Self::Standard(_) | Self::Stream(_) => self.writer().flush(),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Standard(mut out) => out.flush()?,
            Self::Stream(mut out) => out.flush()?,
            Self::File(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                // Temporary files are private; a result has the rights of any new file.
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    let _ = file
                        .as_file()
                        .set_permissions(fs::Permissions::from_mode(0o644));
                }
                file.persist(&path)
                    .with_context(|| format!("{}: cannot be written", display_path(&path)))?;
            }
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::{FileTypeExt, symlink};

    use super::*;

    fn write(path: &Path) {
        let mut sink = Sink::open(Some(path)).unwrap();
        sink.writer().write_all(b"line\n").unwrap();
        sink.finish().unwrap();
    }

    #[test]
    fn a_device_behind_a_link_stays_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("nowhere");
        symlink("/dev/null", &link).unwrap();
        write(&link);
        assert!(link.is_symlink());
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }

    #[test]
    fn a_link_to_a_file_stays_one_and_the_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link);
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "line\n");
    }

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        let mut sink = Sink::open(Some(&file)).unwrap();
        sink.writer().write_all(b"line\n").unwrap();
        assert!(!file.exists());
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "line\n");
    }
}
