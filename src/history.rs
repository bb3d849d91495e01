//! The history: serial numbers that were seen before, in a SQLite file that several processes may share.
//!
//! A serial number belongs to one note. So a number that comes back in another scan is the same note again, or a
//! copy of it; which of the two, the history cannot tell: it names when and where. The same scan checked again is
//! no second sighting.
//!
//! The file says what it is (application id and schema version). Anything else is refused before SQLite touches
//! it, and a damaged history is refused while it is still open for reading only: a refused file keeps its bytes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Row, TransactionBehavior, params};

/// `Gui1` in ASCII: the application id in the header of every history.
const APPLICATION_ID: i32 = 0x4775_6931;
/// The schema that this version reads and writes.
const SCHEMA_VERSION: i32 = 1;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long to wait for another process that writes. Writing a batch of 10,000 notes takes well under a second.
const BUSY: Duration = Duration::from_secs(20);

const SCHEMA: &str = "
    CREATE TABLE note (
        id INTEGER PRIMARY KEY,
        serial TEXT NOT NULL,
        design TEXT NOT NULL,
        name TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        verdict TEXT NOT NULL
    ) STRICT;
    CREATE INDEX note_by_serial ON note (serial, design);
    CREATE TABLE file (
        note INTEGER NOT NULL REFERENCES note (id),
        sha256 TEXT NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (note, sha256)
    ) STRICT, WITHOUT ROWID;
";

/// Why a history could not be used. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file could not be read or created.
    #[error("history {path} cannot be used: check the path, and that its folder may be written to")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{path} is no history of guilloche ({what}); it was left as it is: name another file")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// Written by a later version.
    #[error(
        "history {path} has schema {found}, this version knows {SCHEMA_VERSION}; it was left as it is: use the newer guilloche that wrote it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// The file is a history, but parts of it are destroyed.
    #[error(
        "history {path} is damaged ({what}); it was left as it is: restore a copy, or name another file"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// Another process holds the file.
    #[error("history {path} is held by another process for more than {} seconds: try again when that is done", BUSY.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports.
    #[error("history {path} cannot be used: check the path, and that its folder may be written to")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// A file of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Where it was, as given to the program.
    pub path: String,
    /// SHA-256 of its bytes in hexadecimal digits.
    pub sha256: String,
}

/// A note that was checked: one row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The serial number that was read for sure.
    pub serial: String,
    /// The design's id.
    pub design: String,
    /// The name of the note in its batch.
    pub note: String,
    /// When it was checked, as the caller writes it (RFC 3339 in UTC sorts by time).
    pub when: String,
    /// The verdict.
    pub verdict: String,
    /// Its files.
    pub files: Vec<SeenFile>,
}

/// An open history.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

impl History {
    /// Opens a history, or begins one where there is no file or an empty one.
    ///
    /// # Errors
    /// When the file is no history, is damaged, is of a newer version, or cannot be read and written.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        match std::fs::metadata(path) {
            Ok(file) if file.len() > 0 || !file.is_file() => return Self::open_existing(path),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(HistoryError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        let at = |error| told(path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = connect(path, flags).map_err(at)?;
        // The ids go into the file's header before write-ahead logging starts, so that a look at its first bytes
        // tells what it is, whatever the log holds.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(at)?;
        let begun: i64 = transaction
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(at)?;
        if begun == 0 {
            transaction.execute_batch(SCHEMA).map_err(at)?;
            transaction
                .pragma_update(None, "application_id", APPLICATION_ID)
                .map_err(at)?;
            transaction
                .pragma_update(None, "user_version", SCHEMA_VERSION)
                .map_err(at)?;
        }
        transaction.commit().map_err(at)?;
        drop(connection);
        Self::open_existing(path)
    }

    /// Opens a history that is there.
    ///
    /// # Errors
    /// As [`History::open`], and when there is no file.
    pub fn open_existing(path: &Path) -> Result<Self, HistoryError> {
        check_header(path)?;
        let at = |error| told(path, error);
        check_health(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = connect(path, flags).map_err(at)?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(at)?;
        log_ahead(&connection).map_err(at)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// Earlier sightings of a serial number on a design in other scans, oldest first. `hashes` are the SHA-256 of
    /// the files of the note at hand: a row that shares one of them is the same scan, and left out.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn seen_before(
        &self,
        serial: &str,
        design: &str,
        hashes: &[&str],
    ) -> Result<Vec<Sighting>, HistoryError> {
        let mut found = self.rows("WHERE serial = ?1 AND design = ?2", &[&serial, &design])?;
        found.retain(|sighting| {
            !sighting
                .files
                .iter()
                .any(|file| hashes.contains(&file.sha256.as_str()))
        });
        Ok(found)
    }

    /// Every sighting of a serial number on any design, oldest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn find(&self, serial: &str) -> Result<Vec<Sighting>, HistoryError> {
        self.rows("WHERE serial = ?1", &[&serial])
    }

    /// Hands every row to `visit`, oldest first, one at a time; an error of `visit` ends the walk.
    ///
    /// # Errors
    /// What SQLite or `visit` report.
    pub fn each(&self, visit: impl FnMut(Sighting) -> io::Result<()>) -> Result<(), HistoryError> {
        self.visit("", &[], visit)
    }

    /// Writes every row as CSV: `serial,design,note,when,verdict,files,sha256`, the last two with one entry a
    /// file, separated by `|`.
    ///
    /// # Errors
    /// What SQLite or the writer report.
    pub fn export(&self, out: impl Write) -> Result<(), HistoryError> {
        let mut csv = csv::Writer::from_writer(out);
        let io = |source: io::Error| HistoryError::Io {
            path: self.path.clone(),
            source,
        };
        csv.write_record([
            "serial", "design", "note", "when", "verdict", "files", "sha256",
        ])
        .map_err(|error| io(error.into()))?;
        self.each(|row| {
            let paths: Vec<&str> = row.files.iter().map(|file| file.path.as_str()).collect();
            let hashes: Vec<&str> = row.files.iter().map(|file| file.sha256.as_str()).collect();
            let (paths, hashes) = (paths.join("|"), hashes.join("|"));
            csv.write_record([
                &row.serial,
                &row.design,
                &row.note,
                &row.when,
                &row.verdict,
                &paths,
                &hashes,
            ])?;
            Ok(())
        })?;
        csv.flush().map_err(io)
    }

    /// Adds notes, all or none. A note whose row is there already (same serial, design and one same file) is the
    /// same scan checked again: its verdict is renewed, when it was first seen stays.
    ///
    /// # Errors
    /// What SQLite reports; then nothing was added.
    pub fn record(&mut self, sightings: &[Sighting]) -> Result<(), HistoryError> {
        let path = &self.path;
        let at = |error| told(path, error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(at)?;
        {
            let mut same_scan = transaction
                .prepare(
                    "SELECT id FROM note JOIN file ON file.note = note.id
                     WHERE serial = ?1 AND design = ?2 AND sha256 = ?3 ORDER BY id LIMIT 1",
                )
                .map_err(at)?;
            let mut renew = transaction
                .prepare("UPDATE note SET verdict = ?2 WHERE id = ?1")
                .map_err(at)?;
            let mut add = transaction
                .prepare("INSERT INTO note (serial, design, name, seen_at, verdict) VALUES (?1, ?2, ?3, ?4, ?5)")
                .map_err(at)?;
            let mut add_file = transaction
                .prepare("INSERT OR IGNORE INTO file (note, sha256, path) VALUES (?1, ?2, ?3)")
                .map_err(at)?;
            for sighting in sightings {
                let mut row: Option<i64> = None;
                for file in &sighting.files {
                    let mut ids = same_scan
                        .query_map(
                            params![sighting.serial, sighting.design, file.sha256],
                            |row| row.get(0),
                        )
                        .map_err(at)?;
                    row = ids.next().transpose().map_err(at)?;
                    if row.is_some() {
                        break;
                    }
                }
                let id = match row {
                    Some(id) => {
                        renew.execute(params![id, sighting.verdict]).map_err(at)?;
                        id
                    }
                    None => add
                        .insert(params![
                            sighting.serial,
                            sighting.design,
                            sighting.note,
                            sighting.when,
                            sighting.verdict
                        ])
                        .map_err(at)?,
                };
                for file in &sighting.files {
                    add_file
                        .execute(params![id, file.sha256, file.path])
                        .map_err(at)?;
                }
            }
        }
        transaction.commit().map_err(at)
    }

    fn rows(
        &self,
        filter: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<Sighting>, HistoryError> {
        let mut rows = Vec::new();
        self.visit(filter, values, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn visit(
        &self,
        filter: &str,
        values: &[&dyn rusqlite::ToSql],
        mut visit: impl FnMut(Sighting) -> io::Result<()>,
    ) -> Result<(), HistoryError> {
        let at = |error| told(&self.path, error);
        // One read transaction: the files of a row are those of the moment its row was read.
        let transaction = self.connection.unchecked_transaction().map_err(at)?;
        let mut notes = transaction
            .prepare(&format!(
                "SELECT id, serial, design, name, seen_at, verdict FROM note {filter} ORDER BY id"
            ))
            .map_err(at)?;
        let mut files = transaction
            .prepare("SELECT path, sha256 FROM file WHERE note = ?1 ORDER BY path, sha256")
            .map_err(at)?;
        let mut rows = notes.query(values).map_err(at)?;
        while let Some(row) = rows.next().map_err(at)? {
            let (id, mut sighting) = sighting_of(row).map_err(at)?;
            sighting.files = files
                .query_map([id], |row| {
                    Ok(SeenFile {
                        path: row.get(0)?,
                        sha256: row.get(1)?,
                    })
                })
                .and_then(Iterator::collect)
                .map_err(at)?;
            visit(sighting).map_err(|source| HistoryError::Io {
                path: self.path.clone(),
                source,
            })?;
        }
        Ok(())
    }
}

fn sighting_of(row: &Row<'_>) -> rusqlite::Result<(i64, Sighting)> {
    let sighting = Sighting {
        serial: row.get(1)?,
        design: row.get(2)?,
        note: row.get(3)?,
        when: row.get(4)?,
        verdict: row.get(5)?,
        files: Vec::new(),
    };
    Ok((row.get(0)?, sighting))
}

/// Looks at the first 100 bytes (SQLite file format, section 1.3) without opening the file as a database.
fn check_header(path: &Path) -> Result<(), HistoryError> {
    let io = |source| HistoryError::Io {
        path: path.to_owned(),
        source,
    };
    let foreign = |what: &str| HistoryError::Foreign {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    // Asked before opening: to open a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(foreign("not a plain file"));
    }
    let file = File::open(path).map_err(io)?;
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header).map_err(io)?;
    if header.is_empty() {
        return Err(foreign("an empty file"));
    }
    if !header.starts_with(MAGIC) {
        return Err(foreign("not a SQLite file"));
    }
    let number = |at: usize| {
        header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(i32::from_be_bytes)
    };
    match (number(68), number(60)) {
        (Some(APPLICATION_ID), Some(SCHEMA_VERSION)) => Ok(()),
        (Some(APPLICATION_ID), Some(found)) if found > SCHEMA_VERSION => Err(HistoryError::Newer {
            path: path.to_owned(),
            found,
        }),
        (Some(APPLICATION_ID), Some(_)) => Err(HistoryError::Damaged {
            path: path.to_owned(),
            what: "no schema version".to_owned(),
        }),
        (Some(_), Some(_)) => Err(foreign("the database of another application")),
        _ => Err(foreign("a SQLite file that ends in its header")),
    }
}

/// Reads the whole file once, through a connection that cannot write.
fn check_health(path: &Path) -> Result<(), HistoryError> {
    let at = |error| told(path, error);
    let damaged = |what: String| HistoryError::Damaged {
        path: path.to_owned(),
        what,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags).map_err(at)?;
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(at)?;
    if found != "ok" {
        return Err(damaged(found));
    }
    for columns in [
        "SELECT id, serial, design, name, seen_at, verdict FROM note",
        "SELECT note, sha256, path FROM file",
    ] {
        connection
            .prepare(columns)
            .map_err(|error| damaged(error.to_string()))?;
    }
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Switches to write-ahead logging, where a reader never waits for a writer. The switch wants the file for itself
/// and does not wait for it, so it is tried again while another process is just opening the file.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let pause = Duration::from_millis(20);
    let mut left = BUSY.as_millis() / pause.as_millis();
    loop {
        let switched = connection.query_row("PRAGMA journal_mode = wal", [], |row| {
            row.get::<_, String>(0)
        });
        match switched {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && left > 0 => {}
            Err(error) => return Err(error),
            // Where the file system cannot hold shared memory, the mode stays what it was: slower, as safe.
            Ok(_) => return Ok(()),
        }
        left -= 1;
        std::thread::sleep(pause);
    }
}

fn told(path: &Path, source: rusqlite::Error) -> HistoryError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => HistoryError::Damaged {
            path,
            what: source.to_string(),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => HistoryError::Busy { path },
        _ => HistoryError::Sqlite { path, source },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn sighting(serial: &str, note: &str, files: &[&str]) -> Sighting {
        Sighting {
            serial: serial.into(),
            design: "xts-1-2020".into(),
            note: note.into(),
            when: "2026-01-02T03:04:05Z".into(),
            verdict: "passed".into(),
            files: files
                .iter()
                .map(|hash| SeenFile {
                    path: format!("{hash}.jpg"),
                    sha256: (*hash).into(),
                })
                .collect(),
        }
    }

    fn fresh() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.sqlite");
        (folder, path)
    }

    fn all(history: &History) -> Vec<Sighting> {
        history.rows("", &[]).unwrap()
    }

    #[test]
    fn another_scan_of_a_serial_is_a_sighting_and_the_same_scan_is_not() {
        let (_folder, path) = fresh();
        let mut history = History::open(&path).unwrap();
        let first = sighting("AB000001", "n1", &["aa", "bb"]);
        history.record(std::slice::from_ref(&first)).unwrap();
        drop(history);

        let mut history = History::open(&path).unwrap();
        assert_eq!(
            history
                .seen_before("AB000001", "xts-1-2020", &["cc"])
                .unwrap(),
            std::slice::from_ref(&first)
        );
        assert!(
            history
                .seen_before("AB000001", "xts-1-2020", &["zz", "bb"])
                .unwrap()
                .is_empty()
        );
        assert!(
            history
                .seen_before("AB000001", "xts-5-2020", &["cc"])
                .unwrap()
                .is_empty()
        );
        assert!(
            history
                .seen_before("AB000002", "xts-1-2020", &["cc"])
                .unwrap()
                .is_empty()
        );

        // The same scan again, later and with another verdict: still one row, first seen when it was.
        let again = Sighting {
            when: "2027".into(),
            verdict: "suspect".into(),
            ..first.clone()
        };
        history.record(&[again]).unwrap();
        assert_eq!(
            all(&history),
            [Sighting {
                verdict: "suspect".into(),
                ..first
            }]
        );
        history
            .record(&[sighting("AB000001", "n2", &["cc"])])
            .unwrap();
        assert_eq!(all(&history).len(), 2);
        assert_eq!(history.find("AB000001").unwrap().len(), 2);
        assert_eq!(
            history
                .seen_before("AB000001", "xts-1-2020", &["cc"])
                .unwrap()[0]
                .note,
            "n1"
        );
    }

    #[test]
    fn export_is_csv() {
        let (_folder, path) = fresh();
        let mut history = History::open(&path).unwrap();
        history
            .record(&[sighting("AB000001", "a,\"b\"", &["aa", "bb"])])
            .unwrap();
        let mut out = Vec::new();
        history.export(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "serial,design,note,when,verdict,files,sha256\n\
             AB000001,xts-1-2020,\"a,\"\"b\"\"\",2026-01-02T03:04:05Z,passed,aa.jpg|bb.jpg,aa|bb\n"
        );
    }

    #[test]
    fn several_may_begin_and_write_one_history_at_once() {
        let (_folder, path) = fresh();
        let (writers, batches) = (4, 25);
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let path = &path;
                scope.spawn(move || {
                    let mut history = History::open(path).unwrap();
                    for batch in 0..batches {
                        let hash = format!("{writer}-{batch}");
                        let own = sighting(&format!("AB{writer}{batch:05}"), "n", &[&hash]);
                        // One number that all of them see, each in a scan of its own.
                        let shared = sighting("ZZ000000", "n", &[&hash]);
                        history.record(&[own.clone(), shared]).unwrap();
                        assert_eq!(history.find(&own.serial).unwrap(), [own]);
                    }
                });
            }
        });
        let history = History::open_existing(&path).unwrap();
        assert_eq!(all(&history).len(), 2 * writers * batches);
        assert_eq!(
            history
                .seen_before("ZZ000000", "xts-1-2020", &["0-0"])
                .unwrap()
                .len(),
            writers * batches - 1
        );
    }

    #[test]
    fn a_reader_is_not_stopped_by_a_writer() {
        let (_folder, path) = fresh();
        let mut writer = History::open(&path).unwrap();
        writer
            .record(&[sighting("AB000001", "n", &["aa"])])
            .unwrap();
        let reader = History::open(&path).unwrap();
        let transaction = writer
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        transaction.execute("DELETE FROM file", []).unwrap();
        assert_eq!(reader.find("AB000001").unwrap()[0].files.len(), 1);
    }

    /// Opening is refused, says so, and leaves the bytes as they are.
    fn refused(path: &Path, says: &str) {
        let before = std::fs::read(path).unwrap();
        for error in [
            History::open(path).unwrap_err(),
            History::open_existing(path).unwrap_err(),
        ] {
            let message = error.to_string();
            assert!(
                message.contains(says) && message.contains("left as it is"),
                "{message}"
            );
            assert!(message.contains(path.to_str().unwrap()), "{message}");
        }
        assert!(
            std::fs::read(path).unwrap() == before,
            "{says}: the file changed"
        );
    }

    #[test]
    fn foreign_files_are_refused_untouched() {
        let (_folder, path) = fresh();
        std::fs::write(&path, "serial,design\n").unwrap();
        refused(&path, "not a SQLite file");
        std::fs::write(&path, MAGIC).unwrap();
        refused(&path, "ends in its header");
        std::fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE note (id); PRAGMA application_id = 7")
            .unwrap();
        drop(other);
        refused(&path, "another application");
    }

    #[test]
    fn a_newer_history_is_refused_untouched() {
        let (_folder, path) = fresh();
        History::open(&path)
            .unwrap()
            .connection
            .pragma_update(None, "user_version", 2)
            .unwrap();
        refused(&path, "has schema 2");
    }

    #[test]
    fn damaged_histories_are_refused_untouched() {
        let (_folder, path) = fresh();
        let mut history = History::open(&path).unwrap();
        let many: Vec<Sighting> = (0..2000)
            .map(|i| sighting(&format!("AB{i:06}"), "note", &[&format!("{i:064}")]))
            .collect();
        history.record(&many).unwrap();
        drop(history);
        let whole = std::fs::read(&path).unwrap();
        assert!(whole.len() > 40 * 4096);

        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        refused(&path, "damaged");
        for page in [0, 1, 3, whole.len() / 4096 / 2, whole.len() / 4096 - 1] {
            let mut bytes = whole.clone();
            // Page 1 keeps its header; the rest of it is the schema.
            let start = page * 4096 + if page == 0 { 100 } else { 0 };
            bytes[start..(page + 1) * 4096].fill(0xa5);
            std::fs::write(&path, &bytes).unwrap();
            refused(&path, "damaged");
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(all(&History::open(&path).unwrap()).len(), 2000);
    }

    #[test]
    fn folders_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(History::open(folder.path()).is_err());
        let missing = folder.path().join("none");
        let error = History::open_existing(&missing).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
        assert!(!missing.exists());
        assert!(History::open(&missing.join("deeper")).is_err());
    }
}
