//! Learning from scans that a table says something of: `enroll --serials` and `enroll --marks`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;

use super::complain;
use crate::identify::{Identifier, Identity};
use crate::note::Currency;
use crate::reference::Library;
use crate::scan::gather::{Options, Source, gather};
use crate::scan::{Scan, display_path};
use crate::{Exhibit, batch};

/// A row of labels that is of one file.
pub trait Label: DeserializeOwned + Sync {
    /// The file's name.
    fn file(&self) -> &str;
}

/// A typeface, by its currency and its id.
pub type TypefaceId = (Currency, String);

/// Reads a table, tab-separated, by file.
pub fn read<L: Label>(path: &Path) -> Result<BTreeMap<String, L>> {
    let context = || format!("{}: cannot be read as labels", display_path(path));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_path(path)
        .with_context(context)?;
    let mut labels = BTreeMap::new();
    for label in reader.deserialize() {
        let label: L = label.with_context(context)?;
        labels.insert(label.file().to_owned(), label);
    }
    Ok(labels)
}

/// What `known` finds on every labelled scan, by typeface; its arguments are the note's name, the scan and its
/// label. Scans of which it gives an error are complained of and left out.
pub fn by_typeface<L: Label, K: Send>(
    library: &Library,
    labels: &BTreeMap<String, L>,
    scans: &[PathBuf],
    known: impl Fn(&Identifier<'_>, &str, &Source, &L) -> Result<Vec<(TypefaceId, K)>> + Sync,
) -> Result<BTreeMap<TypefaceId, Vec<K>>> {
    let identifier = Identifier::new(library);
    let gathered = gather(scans, &Options::default())?;
    let mut wanted: Vec<(&str, &Source, &L)> = Vec::new();
    for capture in &gathered.captures {
        for source in &capture.files {
            let name = source.path.file_name().unwrap_or_default();
            if let Some(label) = labels.get(name.to_string_lossy().as_ref()) {
                wanted.push((&capture.note, source, label));
            }
        }
    }
    let jobs = super::cores();
    let mut out: BTreeMap<TypefaceId, Vec<K>> = BTreeMap::new();
    batch::in_order(
        &wanted,
        jobs,
        |(note, source, label)| known(&identifier, note, source, label),
        |index, found| {
            match found {
                Ok(found) => {
                    for (typeface, known) in found {
                        out.entry(typeface).or_default().push(known);
                    }
                }
                Err(why) => {
                    if let Some((_, source, _)) = wanted.get(index) {
                        complain(&format!(
                            "left out: {}: {why:#}",
                            display_path(&source.path)
                        ));
                    }
                }
            }
            Ok::<(), anyhow::Error>(())
        },
    )?;
    Ok(out)
}

/// The scan and what it shows.
pub fn recognised<'e, 'a>(shown: &'e Exhibit<'a>) -> Result<(&'e Scan, &'e Identity<'a>)> {
    match (&shown.scan, &shown.identity) {
        (Some(scan), Some(identity)) => Ok((scan, identity)),
        _ => Err(anyhow!(
            "{}",
            shown.record.error.as_deref().unwrap_or("not recognised")
        )),
    }
}

/// Writes what was learned of a typeface below `references`, and says so.
pub fn write(
    out: &mut impl Write,
    references: &Path,
    (currency, id): &TypefaceId,
    kind: &str,
    bytes: Vec<u8>,
) -> Result<()> {
    let folder = references.join(currency.to_string().to_lowercase());
    let file = folder.join(format!("{kind}-{id}.npz"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, bytes))
        .with_context(|| format!("{}: cannot be written", display_path(&file)))?;
    writeln!(out, "wrote {}", display_path(&file))?;
    Ok(())
}
