//! The ledger: the file of results, which is also what says which scans are done.
//!
//! A scan is done when a whole line names it, with the digest of its bytes. Each line is written whole and is on the
//! disk before its scans are moved; a line that a crash cut off is no line, and its note is checked again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::record::Record;
use crate::report::{Examination, jsonl};
use crate::scan::display_path;

/// How every line begins.
const BEGINNING: &[u8] = b"{\"schema\":\"guilloche.examination/";

/// A note that carries a serial number.
#[derive(Debug)]
struct Numbered {
    paths: Vec<String>,
    digests: Vec<String>,
}

/// What was written, of this run and of earlier ones.
#[derive(Debug, Default)]
pub struct Ledger {
    file: Option<(File, PathBuf)>,
    /// Digests → paths of the scans that are done; without a digest where a scan could not even be read.
    done: HashMap<Option<String>, Vec<String>>,
    names: HashSet<String>,
    serials: HashMap<(String, String), Vec<Numbered>>,
    /// What a crash left behind, bytes.
    repaired: usize,
}

impl Ledger {
    /// Opens a file of results or begins one, and reads what is done. A last line that is not whole is cut off.
    ///
    /// # Errors
    /// When the file holds anything else than results, which is then left as it is; when another process writes
    /// to it; when it cannot be read and written.
    pub fn open(path: &Path) -> Result<Self> {
        let name = display_path(path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| {
                format!(
                    "{name}: cannot be written: check that the folder exists and may be written to"
                )
            })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!(
                "{name}: another guilloche watch writes to it: stop that one, or name another file with --out"
            ),
            // Some network file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut ledger = Self::default();
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .with_context(|| format!("{name}: cannot be read"))?;
            if read == 0 {
                break;
            }
            match Record::parse(&line) {
                Ok(record) => ledger.learn(&record),
                Err(_) if !line.ends_with(b"\n") && is_torn(&line) => {
                    ledger.repaired = line.len();
                    break;
                }
                Err(error) => bail!(
                    "{name}, line {number}: {error}; the file was left as it is: name another one with --out"
                ),
            }
            whole += read as u64;
        }
        let unended = ledger.repaired == 0 && !line_ended(&mut file)?;
        file.set_len(whole)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| {
                if unended {
                    file.write_all(b"\n")
                } else {
                    Ok(())
                }
            })
            .with_context(|| format!("{name}: cannot be written"))?;
        ledger.file = Some((file, path.to_owned()));
        Ok(ledger)
    }

    /// How many bytes of a line that a crash cut off were removed.
    pub fn repaired(&self) -> usize {
        self.repaired
    }

    /// How many notes are in it.
    pub fn notes(&self) -> usize {
        self.names.len()
    }

    /// Whether a scan is done: the same bytes under the same path. `within` is its path inside the watched folder,
    /// which stays when the folder is named in another way.
    pub fn is_done(&self, within: &Path, digest: Option<&str>) -> bool {
        let within = display_path(within);
        self.done
            .get(&digest.map(str::to_owned))
            .is_some_and(|paths| {
                paths.iter().any(|path| {
                    path.strip_suffix(within.as_str())
                        .is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
                })
            })
    }

    /// A name like this one that no note has yet.
    pub fn free_name(&self, name: &str) -> String {
        if !self.names.contains(name) {
            return name.to_owned();
        }
        (2u64..)
            .map(|number| format!("{name} ({number})"))
            .find(|name| !self.names.contains(name))
            .unwrap_or_default()
    }

    /// The scans of other notes that carry this serial number. A note that shares a scan is the same one.
    pub fn same_number(&self, design: &str, serial: &str, digests: &BTreeSet<&str>) -> Vec<&str> {
        self.serials
            .get(&(design.to_owned(), serial.to_owned()))
            .into_iter()
            .flatten()
            .filter(|note| !note.digests.iter().any(|d| digests.contains(d.as_str())))
            .flat_map(|note| note.paths.iter().map(String::as_str))
            .collect()
    }

    /// Writes a note's line; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written: the rest of it is then cut off when the file is next opened.
    pub fn write(&mut self, examination: &Examination) -> Result<()> {
        let mut line = Vec::new();
        jsonl::write(&mut line, examination)?;
        if let Some((file, path)) = &mut self.file {
            file.write_all(&line)
                .and_then(|()| file.sync_data())
                .with_context(|| format!("{}: cannot be written", display_path(path)))?;
        }
        self.learn(&Record::parse(&line)?);
        Ok(())
    }

    fn learn(&mut self, record: &Record) {
        self.names.insert(record.note.clone());
        for file in &record.files {
            let paths = self.done.entry(file.sha256.clone()).or_default();
            paths.push(file.path.clone());
        }
        if let Some((design, text)) = record.numbered() {
            let notes = self
                .serials
                .entry((design.to_owned(), text.to_owned()))
                .or_default();
            notes.push(Numbered {
                paths: record.files.iter().map(|f| f.path.clone()).collect(),
                digests: record
                    .files
                    .iter()
                    .filter_map(|f| f.sha256.clone())
                    .collect(),
            });
        }
    }
}

/// Whether these bytes are the beginning of a line of ours, or the zeros that some file systems leave after a power
/// cut.
fn is_torn(line: &[u8]) -> bool {
    line.starts_with(BEGINNING) || BEGINNING.starts_with(line) || line.iter().all(|byte| *byte == 0)
}

/// Whether a file is empty or its last line has its end.
fn line_ended(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    io::Read::read_exact(file, &mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;
    use crate::report::samples::examination;

    fn line(note: &str, path: &str, digest: &str) -> String {
        let mut line = Vec::new();
        jsonl::write(&mut line, &examination(note, &[(path, Some(digest))])).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_cut_off_anywhere_is_removed_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let first = line("a", "in/a.jpg", "aa");
        let second = line("b", "in/b.jpg", "bb");
        for cut in 0..=second.len() {
            fs::write(&path, format!("{first}{}", &second[..cut])).unwrap();
            let mut ledger = Ledger::open(&path).unwrap();
            let whole = cut >= second.len() - 1;
            assert!(ledger.is_done(Path::new("a.jpg"), Some("aa")));
            assert_eq!(ledger.is_done(Path::new("b.jpg"), Some("bb")), whole);
            assert_eq!(ledger.repaired(), if whole { 0 } else { cut });
            let third = examination("c", &[("in/c.jpg", None)]);
            ledger.write(&third).unwrap();
            drop(ledger);
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), if whole { 3 } else { 2 }, "{cut}");
            assert!(text.starts_with(&first));
            assert!(text.lines().all(|l| Record::parse(l.as_bytes()).is_ok()));
        }
        let ledger = Ledger::open(&path).unwrap();
        assert!(ledger.is_done(Path::new("c.jpg"), None));
        assert!(!ledger.is_done(Path::new("c.jpg"), Some("cc")));
    }

    #[test]
    fn a_file_of_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let good = line("a", "a.jpg", "aa");
        let other = good.replace("examination/1", "examination/9");
        for text in [
            "my diary",
            "my diary\n",
            &format!("{good}dear diary"),
            &other,
            "\n",
        ] {
            fs::write(&path, text).unwrap();
            let error = Ledger::open(&path).unwrap_err().to_string();
            assert!(error.contains("left as it is"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn one_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let first = Ledger::open(&path).unwrap();
        let error = Ledger::open(&path).unwrap_err().to_string();
        assert!(error.contains("another guilloche watch"), "{error}");
        drop(first);
        Ledger::open(&path).unwrap();
    }

    #[test]
    fn what_is_done_is_known_by_bytes_and_place() {
        let mut ledger = Ledger::default();
        let scans = [("in/x/a.jpg", Some("aa"))];
        ledger.write(&examination("a", &scans)).unwrap();
        let done = |within: &str, digest| ledger.is_done(Path::new(within), Some(digest));
        assert!(done("x/a.jpg", "aa"));
        assert!(!done("x/a.jpg", "ab"), "another scan of the same name");
        assert!(!done("b.jpg", "aa"), "the same bytes under another name");
        assert!(!done("y/a.jpg", "aa"));
        assert_eq!(ledger.free_name("a"), "a (2)");
        assert_eq!(ledger.free_name("b"), "b");
    }
}
