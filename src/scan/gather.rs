//! Gather: from the files and folders a user names to notes, each with its images by side and light.
//!
//! Files of one folder with the same stem are one note. The stem is the file's name without extension and without the
//! suffixes `front`, `a`, `f`, `back`, `b`, `uv`, `ir`, `light` and `turned`, each joined by `_`, `-` or `.`, at most one
//! for the side and one for the light. A suffix is a hint; the image decides which side it shows. Where two files claim the
//! same side in the same light, nothing is guessed: they become notes of their own. Every image is in exactly one note.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::density::Density;
use super::{display_path, escape};
use crate::note::{Light, Side};

/// The extensions by which files of a folder are taken for images, in any case.
pub const EXTENSIONS: [&str; 10] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "dib", "webp",
];

/// An image of a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The file, as it was given or found.
    pub path: PathBuf,
    /// The side that name or manifest claim.
    pub side: Option<Side>,
    /// The light that name or manifest claim; without a claim it is visible light.
    pub light: Option<Light>,
    /// Density from the manifest, dpi; it takes precedence over the file's own.
    pub dpi: Option<f64>,
}

impl Source {
    /// A file of which nothing is claimed.
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            side: None,
            light: None,
            dpi: None,
        }
    }
}

/// The images of one note.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The note's name, unique within a run and fit to be shown: the common stem, with as much of the folder before it
    /// as it needs to be unique.
    pub note: String,
    /// Its images, at least one, sorted as they were found.
    pub files: Vec<Source>,
}

/// What was found but not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Hidden files and folders (whose names begin with a dot).
    pub hidden: usize,
    /// Files whose extension is none of [`EXTENSIONS`].
    pub not_images: usize,
    /// Files that had been named or found before.
    pub repeated: usize,
    /// Folders that could not be read, and why.
    pub unreadable_folders: Vec<String>,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (count, what) in [
            (self.not_images, "other files"),
            (self.hidden, "hidden"),
            (self.repeated, "repeated"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.extend(
            self.unreadable_folders
                .iter()
                .map(|why| format!("folder not read: {why}")),
        );
        if parts.is_empty() {
            f.write_str("nothing skipped")
        } else {
            write!(f, "skipped: {}", parts.join(", "))
        }
    }
}

/// The notes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// In input order: manifest, then paths as given, folders sorted by name. At least one.
    pub captures: Vec<Capture>,
    /// What was left out.
    pub skipped: Skipped,
}

/// How files are made into notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Pair the images of a scanner's counter: odd numbers are fronts, the next number is the back.
    pub pair_consecutive: bool,
    /// A CSV table `note,file,side,light,dpi` that says which files form a note. Files that it does not name are
    /// gathered by name.
    pub manifest: Option<PathBuf>,
}

/// Why there is nothing to check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// Neither a path nor a manifest.
    #[error("no input; name image files, or folders with scans, or a manifest")]
    NoInput,
    /// Nothing that could be an image.
    #[error(
        "{}: no image found ({skipped}); name image files, or a folder that has some with the extension jpg, png, tif, \
         bmp or webp",
        list(paths)
    )]
    NoImages {
        /// What was searched.
        paths: Vec<PathBuf>,
        /// What was there instead.
        skipped: Skipped,
    },
    /// The manifest cannot be read at all.
    #[error(
        "{}: the manifest cannot be read ({reason}); check the file's name and that it is UTF-8 text",
        display_path(path)
    )]
    ManifestUnreadable {
        /// The manifest.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A row of the manifest is wrong.
    #[error("{}, line {line}: {problem}", display_path(path))]
    ManifestRow {
        /// The manifest.
        path: PathBuf,
        /// Line of the file, from 1.
        line: u64,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| display_path(path)).collect();
    shown.join(", ")
}

/// Finds the images of files and folders and groups them into notes.
///
/// A folder is searched with its subfolders, links followed; a file that is named itself is taken whatever its
/// extension, even if it does not exist: loading it says what is wrong with it.
///
/// # Errors
/// Only when there is nothing to do at all, or the manifest is wrong; see [`GatherError`].
pub fn gather(paths: &[PathBuf], options: &Options) -> Result<Gathered, GatherError> {
    if paths.is_empty() && options.manifest.is_none() {
        return Err(GatherError::NoInput);
    }
    let mut drafts = match &options.manifest {
        Some(path) => read_manifest(path)?,
        None => Vec::new(),
    };
    let mut finder = Finder::default();
    for source in drafts.iter().flat_map(|draft| &draft.files) {
        finder.is_new(&source.path);
    }
    for path in paths {
        finder.search(path);
    }
    let mut by_name = group(finder.found);
    if options.pair_consecutive {
        by_name = pair_consecutive(by_name);
    }
    drafts.append(&mut by_name);
    if drafts.is_empty() {
        return Err(GatherError::NoImages {
            paths: paths.iter().chain(&options.manifest).cloned().collect(),
            skipped: finder.skipped,
        });
    }
    Ok(Gathered {
        captures: name_uniquely(drafts),
        skipped: finder.skipped,
    })
}

/// Walks over paths and collects files, each once.
#[derive(Default)]
struct Finder {
    found: Vec<PathBuf>,
    skipped: Skipped,
    seen: HashSet<PathBuf>,
    /// Folders as given → as they really are.
    real_folders: HashMap<PathBuf, PathBuf>,
}

impl Finder {
    fn search(&mut self, root: &Path) {
        if !root.is_dir() {
            self.take(root.to_owned());
            return;
        }
        let mut hidden = 0;
        let walk = WalkDir::new(root)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                let skip = entry.depth() > 0 && is_hidden(entry.file_name());
                hidden += usize::from(skip);
                !skip
            });
        let mut entries = Vec::new();
        for entry in walk {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => entries.push(Ok(entry.into_path())),
                Err(error) => entries.push(Err(error)),
            }
        }
        self.skipped.hidden += hidden;
        for entry in entries {
            match entry {
                Ok(path) if is_candidate(&path) => self.take(path),
                Ok(_) => self.skipped.not_images += 1,
                Err(error) => self.take_broken(root, &error),
            }
        }
    }

    /// An entry that the walk could not look at: a dangling link, or a folder that may not be read.
    fn take_broken(&mut self, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root);
        let is_link = path
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_symlink());
        if path != root && path.file_name().is_some_and(is_hidden) {
            self.skipped.hidden += 1;
        } else if is_link && error.loop_ancestor().is_none() {
            if is_candidate(path) {
                self.take(path.to_owned());
            } else {
                self.skipped.not_images += 1;
            }
        } else {
            let why = error.io_error().map_or_else(
                || "a link leads back to a folder above it".to_owned(),
                ToString::to_string,
            );
            self.skipped
                .unreadable_folders
                .push(format!("{} ({why})", display_path(path)));
        }
    }

    fn take(&mut self, path: PathBuf) {
        if self.is_new(&path) {
            self.found.push(path);
        } else {
            self.skipped.repeated += 1;
        }
    }

    /// Remembers a file; false if it was remembered before, be it by another spelling of its folder.
    fn is_new(&mut self, path: &Path) -> bool {
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let real = match self.real_folders.get(folder) {
            Some(real) => real.clone(),
            None => {
                let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                self.real_folders.insert(folder.to_owned(), real.clone());
                real
            }
        };
        self.seen
            .insert(real.join(path.file_name().unwrap_or_default()))
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_candidate(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|found| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(found))
        })
}

/// A note before its name is settled.
#[derive(Debug)]
struct Draft {
    /// The folder that may be put before the name.
    folder: PathBuf,
    name: String,
    files: Vec<Source>,
}

impl Draft {
    /// A note of one file that is named like the file, because its stem alone would be ambiguous.
    fn alone(source: Source) -> Self {
        let file_name = source.path.file_name().unwrap_or(source.path.as_os_str());
        Self {
            folder: folder_of(&source.path),
            name: escape(&file_name.to_string_lossy()),
            files: vec![source],
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// What a file's name says.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    /// Without suffixes; bytes, because a name need not be UTF-8.
    stem: Vec<u8>,
    side: Option<Side>,
    light: Option<Light>,
}

impl Name {
    fn of(path: &Path) -> Self {
        let full = path.file_stem().unwrap_or(path.as_os_str());
        let mut stem = full.as_encoded_bytes();
        let (mut side, mut light) = (None, None);
        while let Some(at) = stem
            .iter()
            .rposition(|byte| matches!(byte, b'_' | b'-' | b'.'))
        {
            let (before, joined) = stem.split_at(at);
            let suffix = joined.get(1..).unwrap_or_default().to_ascii_lowercase();
            if before.is_empty() {
                break;
            }
            match suffix.as_slice() {
                b"front" | b"a" | b"f" if side.is_none() => side = Some(Side::Front),
                b"back" | b"b" if side.is_none() => side = Some(Side::Back),
                b"uv" if light.is_none() => light = Some(Light::Ultraviolet),
                b"ir" if light.is_none() => light = Some(Light::Infrared),
                b"light" if light.is_none() => light = Some(Light::Transmitted),
                b"turned" if light.is_none() => light = Some(Light::Turned),
                _ => break,
            }
            stem = before;
        }
        Self {
            stem: stem.to_vec(),
            side,
            light,
        }
    }
}

/// Groups files of the same folder by stem; groups stand where their first file stands.
fn group(paths: Vec<PathBuf>) -> Vec<Draft> {
    let mut groups: Vec<(Vec<u8>, PathBuf, Vec<Source>)> = Vec::new();
    let mut place: HashMap<(PathBuf, Vec<u8>), usize> = HashMap::new();
    for path in paths {
        let Name { stem, side, light } = Name::of(&path);
        let folder = folder_of(&path);
        let source = Source {
            path,
            side,
            light,
            dpi: None,
        };
        let key = (folder.clone(), stem.clone());
        match place.get(&key).and_then(|&at| groups.get_mut(at)) {
            Some((_, _, files)) => files.push(source),
            None => {
                place.insert(key, groups.len());
                groups.push((stem, folder, vec![source]));
            }
        }
    }
    let mut drafts = Vec::new();
    for (stem, folder, files) in groups {
        let name = escape(&String::from_utf8_lossy(&stem));
        settle(&folder, &name, files, &mut drafts);
    }
    drafts
}

/// Makes one note of the files of a stem, or several where they contradict each other.
fn settle(folder: &Path, name: &str, files: Vec<Source>, drafts: &mut Vec<Draft>) {
    let whole = |name: String, files| Draft {
        folder: folder.to_owned(),
        name,
        files,
    };
    if has_no_duplicate(&files) {
        let (files, extra) = place_unmarked(files);
        drafts.push(whole(name.to_owned(), files));
        drafts.extend(extra.map(Draft::alone));
        return;
    }
    // The same scans in two formats: one note for each format.
    let extension = |source: &Source| {
        let extension = source.path.extension().unwrap_or_default();
        extension.to_string_lossy().to_ascii_lowercase()
    };
    let mut formats: Vec<(String, Vec<Source>)> = Vec::new();
    for source in files {
        let found = extension(&source);
        match formats.iter_mut().find(|(known, _)| *known == found) {
            Some((_, files)) => files.push(source),
            None => formats.push((found, vec![source])),
        }
    }
    for (extension, files) in formats {
        if has_no_duplicate(&files) {
            let (files, extra) = place_unmarked(files);
            drafts.push(whole(escape(&format!("{name}.{extension}")), files));
            drafts.extend(extra.map(Draft::alone));
        } else {
            drafts.extend(files.into_iter().map(Draft::alone));
        }
    }
}

fn has_no_duplicate(files: &[Source]) -> bool {
    let mut claims = HashSet::new();
    files
        .iter()
        .all(|source| claims.insert((source.side, source.light)))
}

/// `N` beside `N_b` is the front: an image without a claim takes the side that no other claims in its light. Where both
/// are claimed it is returned as one too many.
fn place_unmarked(mut files: Vec<Source>) -> (Vec<Source>, Option<Source>) {
    let mut extra = None;
    for light in [
        None,
        Some(Light::Ultraviolet),
        Some(Light::Infrared),
        Some(Light::Transmitted),
        Some(Light::Turned),
    ] {
        let claimed = |side| {
            files
                .iter()
                .any(|source| source.light == light && source.side == Some(side))
        };
        let (front, back) = (claimed(Side::Front), claimed(Side::Back));
        let unmarked = files
            .iter()
            .position(|source| source.light == light && source.side.is_none());
        let Some(at) = unmarked else { continue };
        match (front, back) {
            (true, true) if extra.is_none() => extra = Some(files.remove(at)),
            (true, true) | (false, false) => {}
            (true, false) => set_side(&mut files, at, Side::Back),
            (false, true) => set_side(&mut files, at, Side::Front),
        }
    }
    (files, extra)
}

fn set_side(files: &mut [Source], at: usize, side: Side) {
    if let Some(source) = files.get_mut(at) {
        source.side = Some(side);
    }
}

/// Pairs notes of one image whose names end in consecutive numbers: odd and the next.
fn pair_consecutive(drafts: Vec<Draft>) -> Vec<Draft> {
    type Key = (PathBuf, String, String);
    // Folder, name up to the number, the number's digits.
    let counter = |draft: &Draft| -> Option<(PathBuf, String, String, String)> {
        let [source] = draft.files.as_slice() else {
            return None;
        };
        if source.side.is_some() || source.light.is_some() {
            return None;
        }
        let stem = source.path.file_stem()?.to_str()?;
        let extension = source.path.extension().unwrap_or_default();
        let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (prefix, number) = stem.split_at(stem.len() - digits);
        Some((
            folder_of(&source.path),
            prefix.to_owned(),
            number.to_owned(),
            extension.to_string_lossy().to_ascii_lowercase(),
        ))
    };
    let mut by_key: HashMap<(Key, String), usize> = HashMap::new();
    let mut next_of = Vec::with_capacity(drafts.len());
    for (at, draft) in drafts.iter().enumerate() {
        let Some((folder, prefix, number, extension)) = counter(draft) else {
            next_of.push(None);
            continue;
        };
        let key = (folder, prefix, extension);
        let next = number
            .parse::<u64>()
            .ok()
            .filter(|value| value % 2 == 1)
            .and_then(|value| value.checked_add(1))
            .map(|value| format!("{value:0width$}", width = number.len()));
        by_key.insert((key.clone(), number), at);
        next_of.push(next.map(|next| (key, next)));
    }
    let back_of: Vec<Option<usize>> = next_of
        .into_iter()
        .map(|next| by_key.get(&next?).copied())
        .collect();
    let is_back: HashSet<usize> = back_of.iter().flatten().copied().collect();

    let mut backs: HashMap<usize, Vec<Source>> = HashMap::new();
    let mut fronts = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        if is_back.contains(&at) {
            backs.insert(at, draft.files);
        } else {
            fronts.push((back_of.get(at).copied().flatten(), draft));
        }
    }
    fronts
        .into_iter()
        .map(|(back, mut draft)| {
            if let Some(files) = back.and_then(|at| backs.remove(&at)) {
                draft.files.extend(files);
                set_side(&mut draft.files, 0, Side::Front);
                set_side(&mut draft.files, 1, Side::Back);
            }
            draft
        })
        .collect()
}

/// Puts as much of the folder before equal names as tells them apart.
fn name_uniquely(drafts: Vec<Draft>) -> Vec<Capture> {
    let folders: Vec<Vec<String>> = drafts
        .iter()
        .map(|draft| {
            let parts = draft.folder.components();
            parts
                .map(|part| escape(&part.as_os_str().to_string_lossy()))
                .collect()
        })
        .collect();
    let with_folder = |name: &str, parts: &[String], depth: usize| {
        let tail = parts.get(parts.len().saturating_sub(depth)..);
        let mut shown = tail.unwrap_or_default().to_vec();
        shown.push(name.to_owned());
        shown.join("/").replace("//", "/")
    };
    let mut names: Vec<String> = drafts.iter().map(|draft| draft.name.clone()).collect();
    let deepest = folders.iter().map(Vec::len).max().unwrap_or(0);
    for depth in 1..=deepest {
        let count = counts(&names);
        if count.values().all(|&n| n == 1) {
            break;
        }
        let lengthened = drafts.iter().zip(&folders).zip(&names);
        names = lengthened
            .map(|((draft, parts), name)| {
                if count.get(name).is_some_and(|&n| n > 1) {
                    with_folder(&draft.name, parts, depth)
                } else {
                    name.clone()
                }
            })
            .collect();
    }
    // Names that differ only in bytes that cannot be shown are told apart by a number.
    let mut used: HashSet<String> = HashSet::new();
    drafts
        .into_iter()
        .zip(names)
        .map(|(draft, name)| {
            let mut note = name.clone();
            let mut number = 2;
            while !used.insert(note.clone()) {
                note = format!("{name}#{number}");
                number += 1;
            }
            Capture {
                note,
                files: draft.files,
            }
        })
        .collect()
}

fn counts(names: &[String]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name.clone()).or_insert(0) += 1;
    }
    counts
}

/// Reads a manifest; paths in it are relative to its folder. Files that do not exist are found out when they are loaded.
fn read_manifest(path: &Path) -> Result<Vec<Draft>, GatherError> {
    let unreadable = |reason: String| GatherError::ManifestUnreadable {
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| unreadable(error.to_string()))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let at_line = |line: u64, problem: String| GatherError::ManifestRow {
        path: path.to_owned(),
        line,
        problem,
    };

    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| unreadable(error.to_string()))?
        .clone();
    const COLUMNS: [&str; 5] = ["note", "file", "side", "light", "dpi"];
    for (number, header) in headers.iter().enumerate() {
        let problem = if !COLUMNS.contains(&header) {
            "is not known"
        } else if headers.iter().take(number).any(|other| other == header) {
            "is there twice"
        } else {
            continue;
        };
        return Err(at_line(
            1,
            format!("the column {header:?} {problem}; the columns are note,file,side,light,dpi"),
        ));
    }
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(note_column), Some(file_column)) = (column("note"), column("file")) else {
        return Err(at_line(
            1,
            "the columns note and file are needed; begin with the line note,file,side,light,dpi"
                .to_owned(),
        ));
    };
    let folder = folder_of(path);
    let mut drafts: Vec<Draft> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut named: HashMap<PathBuf, u64> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            at_line(line, error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() > headers.len() {
            return Err(at_line(
                line,
                format!(
                    "{} fields, but the first line has {} columns; put a field with a comma in quotes",
                    record.len(),
                    headers.len()
                ),
            ));
        }
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let note = field(Some(note_column));
        let file = field(Some(file_column));
        for (what, value) in [("note", note), ("file", file)] {
            if value.is_empty() {
                return Err(at_line(line, format!("the {what} is missing")));
            }
        }
        let side = parse_side(field(column("side"))).map_err(|problem| at_line(line, problem))?;
        let light =
            parse_light(field(column("light"))).map_err(|problem| at_line(line, problem))?;
        let dpi = parse_dpi(field(column("dpi"))).map_err(|problem| at_line(line, problem))?;
        let source = Source {
            path: folder.join(file),
            side,
            light,
            dpi,
        };
        if let Some(before) = named.insert(source.path.clone(), line) {
            return Err(at_line(
                line,
                format!(
                    "the file {file:?} was named before, on line {before}; name each file once"
                ),
            ));
        }
        let at = *place.entry(note.to_owned()).or_insert_with(|| {
            drafts.push(Draft {
                folder: folder.clone(),
                name: escape(note),
                files: Vec::new(),
            });
            drafts.len() - 1
        });
        let Some(draft) = drafts.get_mut(at) else {
            continue;
        };
        let lit = |source: &Source| source.light.unwrap_or(Light::Visible);
        let taken = draft
            .files
            .iter()
            .any(|other| other.side == source.side && lit(other) == lit(&source));
        if taken {
            return Err(at_line(
                line,
                format!(
                    "the note {note:?} has another file of the same side and light; \
                     say which side or light this one is"
                ),
            ));
        }
        draft.files.push(source);
    }
    Ok(drafts)
}

fn parse_side(word: &str) -> Result<Option<Side>, String> {
    match word.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "front" | "a" | "f" => Ok(Some(Side::Front)),
        "back" | "b" => Ok(Some(Side::Back)),
        _ => Err(format!(
            "{word:?} is no side; write front or back, or leave it empty"
        )),
    }
}

fn parse_light(word: &str) -> Result<Option<Light>, String> {
    match word.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "visible" => Ok(Some(Light::Visible)),
        "uv" | "ultraviolet" => Ok(Some(Light::Ultraviolet)),
        "ir" | "infrared" => Ok(Some(Light::Infrared)),
        "light" | "transmitted" => Ok(Some(Light::Transmitted)),
        "turned" => Ok(Some(Light::Turned)),
        _ => Err(format!(
            "{word:?} is no light; write visible, uv, ir, transmitted or turned, or leave it empty"
        )),
    }
}

fn parse_dpi(word: &str) -> Result<Option<f64>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    match word.parse::<f64>() {
        Ok(dpi) if Density::BELIEVED.contains(&dpi) => Ok(Some(dpi)),
        _ => Err(format!(
            "{word:?} is no density; write dots per inch from {} to {}, or leave it empty",
            Density::BELIEVED.start(),
            Density::BELIEVED.end()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> (String, Option<Side>, Option<Light>) {
        let Name { stem, side, light } = Name::of(Path::new(text));
        (String::from_utf8_lossy(&stem).into_owned(), side, light)
    }

    #[test]
    fn suffixes_are_taken_off_from_the_end() {
        assert_eq!(name("p/x.jpg"), ("x".to_owned(), None, None));
        assert_eq!(name("x_b.jpg"), ("x".to_owned(), Some(Side::Back), None));
        assert_eq!(
            name("x.UV-Front.tif"),
            ("x".to_owned(), Some(Side::Front), Some(Light::Ultraviolet))
        );
        // A second side is part of the stem.
        assert_eq!(
            name("x_a_b.jpg"),
            ("x_a".to_owned(), Some(Side::Back), None)
        );
        assert_eq!(name("x__b.jpg"), ("x_".to_owned(), Some(Side::Back), None));
        assert_eq!(name("x_b"), ("x".to_owned(), Some(Side::Back), None));
    }

    #[test]
    fn an_unmarked_image_takes_the_free_side_of_its_light() {
        let source = |side, light| Source {
            path: PathBuf::new(),
            side,
            light,
            dpi: None,
        };
        let uv = Some(Light::Ultraviolet);
        let (placed, extra) = place_unmarked(vec![
            source(None, None),
            source(Some(Side::Front), None),
            source(None, uv),
            source(Some(Side::Back), uv),
            source(None, Some(Light::Infrared)),
        ]);
        let sides: Vec<_> = placed.iter().map(|source| source.side).collect();
        let (front, back) = (Some(Side::Front), Some(Side::Back));
        assert_eq!(sides, [back, front, front, back, None]);
        assert_eq!(extra, None);
    }

    #[test]
    fn names_that_look_alike_are_numbered() {
        let draft = || Draft {
            folder: PathBuf::from("p"),
            name: "x".to_owned(),
            files: Vec::new(),
        };
        let captures = name_uniquely(vec![draft(), draft()]);
        let notes: Vec<_> = captures.iter().map(|c| c.note.as_str()).collect();
        assert_eq!(notes, ["p/x", "p/x#2"]);
    }
}
