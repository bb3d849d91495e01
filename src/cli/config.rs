//! The configuration: `guilloche.toml`, the nearest from the current folder upward.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::judging::probability;
use crate::language::Language;
use crate::scan::display_path;

/// The file's name.
pub const FILE: &str = "guilloche.toml";

/// Defaults for options. What the command line says goes before; a file further up is not looked at.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Config {
    /// `references`: reference notes to use besides the built-in ones.
    pub references: Option<PathBuf>,
    /// `false-alarm`: share of genuine notes that may be called suspect.
    pub false_alarm: Option<f64>,
    /// `history`: file of serial numbers seen before.
    pub history: Option<PathBuf>,
    /// `language`: of reports.
    pub language: Option<Language>,
}

impl Config {
    /// The configuration of the current folder.
    ///
    /// # Errors
    /// As [`Config::nearest`].
    pub fn here() -> Result<Self> {
        Self::nearest(&env::current_dir().context("the current folder cannot be told")?)
    }

    /// The configuration in a folder, or else in the nearest folder above it that has one; without any, nothing is
    /// configured.
    ///
    /// # Errors
    /// Names file and key where a key is unknown or its value wrong.
    pub fn nearest(folder: &Path) -> Result<Self> {
        for folder in folder.ancestors() {
            let file = folder.join(FILE);
            if file.is_file() {
                let name = display_path(&file);
                let text = fs::read_to_string(&file)
                    .with_context(|| format!("{name}: cannot be read as UTF-8 text"))?;
                return Self::parse(&text, folder).with_context(|| name);
            }
        }
        Ok(Self::default())
    }

    /// The reference notes that the command line names, or else these.
    pub fn references_or<'a>(&'a self, named: &'a Option<PathBuf>) -> Option<&'a Path> {
        named
            .as_ref()
            .or(self.references.as_ref())
            .map(PathBuf::as_path)
    }

    /// Paths in the text are relative to `folder`.
    fn parse(text: &str, folder: &Path) -> Result<Self> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            anyhow::anyhow!("line {line}: {}", error.message().replace('\n', ", "))
        })?;
        let mut config = Self::default();
        for (key, value) in &table {
            let path = || match value {
                Value::String(path) if !path.is_empty() => Ok(folder.join(path)),
                _ => Err("write a path in quotation marks".to_owned()),
            };
            let set = match key.as_str() {
                "references" => path().map(|path| config.references = Some(path)),
                "history" => path().map(|path| config.history = Some(path)),
                // The same words for the same limits as on the command line.
                "false-alarm" => match value {
                    Value::Float(_) | Value::Integer(_) => probability(&value.to_string())
                        .map(|share| config.false_alarm = Some(share)),
                    _ => Err("write a number, as 0.001".to_owned()),
                },
                "language" => value
                    .as_str()
                    .ok_or_else(|| "write \"en\" or \"zh\"".to_owned())
                    .and_then(|word| word.parse().map_err(|e| format!("{e}")))
                    .map(|language: Language| config.language = Some(language)),
                _ => bail!(
                    "key `{key}`: is unknown: the keys are references, false-alarm, history and language"
                ),
            };
            if let Err(why) = set {
                bail!("key `{key}`: {why}");
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_key_is_read() {
        let text = "references = \"ours\"\nfalse-alarm = 0.01\nhistory = \"/seen.sqlite\"\nlanguage = \"zh\"\n";
        let config = Config::parse(text, Path::new("/shop")).unwrap();
        assert_eq!(
            config,
            Config {
                references: Some(PathBuf::from("/shop/ours")),
                false_alarm: Some(0.01),
                history: Some(PathBuf::from("/seen.sqlite")),
                language: Some(Language::Chinese),
            }
        );
        assert_eq!(
            Config::parse("", Path::new("/")).unwrap(),
            Config::default()
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (text, expected) in [
            ("colour = 1", "key `colour`: is unknown"),
            ("false_alarm = 0.1", "key `false_alarm`: is unknown"),
            (
                "false-alarm = 0.5",
                "key `false-alarm`: \"0.5\" is no share",
            ),
            ("false-alarm = 1", "key `false-alarm`: \"1\" is no share"),
            (
                "false-alarm = nan",
                "key `false-alarm`: \"nan\" is no share",
            ),
            (
                "false-alarm = \"0.01\"",
                "key `false-alarm`: write a number",
            ),
            ("language = \"fr\"", "key `language`: \"fr\" is no language"),
            ("language = 1", "key `language`: write \"en\""),
            ("history = 1", "key `history`: write a path"),
            ("references = \"\"", "key `references`: write a path"),
            ("\n\nhistory = ", "line 3: "),
        ] {
            let error = format!("{:#}", Config::parse(text, Path::new("/")).unwrap_err());
            assert!(error.starts_with(expected), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn the_nearest_file_is_the_only_one() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(root.path().join(FILE), "language = \"zh\"\nhistory = \"h\"").unwrap();
        let found = Config::nearest(&inner).unwrap();
        assert_eq!(found.history, Some(root.path().join("h")));
        fs::write(root.path().join("a").join(FILE), "history = \"../h2\"").unwrap();
        let found = Config::nearest(&inner).unwrap();
        assert_eq!(found.history, Some(root.path().join("a/../h2")));
        assert_eq!(found.language, None);
    }
}
