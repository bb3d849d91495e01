//! Where the page of a batch lies, for every command that leaves one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::sink::Sink;
use crate::drift;
use crate::report::Examination;
use crate::report::html::{self, Album, Picture};
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
    let mut sink = Sink::open(Some(&path))?;
    html::write(sink.writer(), page, examinations, album)
        .with_context(|| format!("{}: cannot be written: check the disk", display_path(&path)))?;
    sink.finish()
}

/// How often a growing page is written at most, while notes keep coming.
const REFRESH: Duration = Duration::from_secs(10);

/// Notes by which the scanner of a batch without end is known: a change shows before long.
const LATEST: usize = 100;

/// The page of a batch that has no end.
pub struct Growing {
    folder: PathBuf,
    album: Album<File>,
    examinations: Vec<Examination>,
    /// Notes on the page as it was written last, and when that was.
    written: usize,
    at: Option<Instant>,
}

impl Growing {
    /// Without notes yet.
    ///
    /// # Errors
    /// Where the folder cannot be made or written to.
    pub fn new(folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            album: album(folder)?,
            examinations: Vec::new(),
            written: 0,
            at: None,
        })
    }

    /// Adds a note.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn add(&mut self, examination: Examination, pictures: &[Picture]) -> Result<()> {
        self.album
            .add(pictures)
            .context("the pictures of the report cannot be written: check the disk")?;
        self.examinations.push(examination);
        Ok(())
    }

    /// Writes the page where notes were added: at once when nothing else is to be done, else from time to
    /// time. It says where the latest notes were scanned otherwise than the enrolled ones, unless each is
    /// judged alone.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn refresh(&mut self, page: &html::Page<'_>, each_alone: bool, idle: bool) -> Result<()> {
        let due = idle || self.at.is_none_or(|at| at.elapsed() > REFRESH);
        if due && self.examinations.len() > self.written {
            let latest = self.examinations.iter().rev().take(LATEST);
            let drift = match each_alone {
                true => Vec::new(),
                false => drift::compare(page.library, latest.flat_map(|e| &e.scanner)),
            };
            let page = html::Page {
                drift: &drift,
                ..*page
            };
            write(&self.folder, &page, &self.examinations, &mut self.album)?;
            self.written = self.examinations.len();
            self.at = Some(Instant::now());
        }
        Ok(())
    }
}
