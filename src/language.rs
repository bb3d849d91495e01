//! The languages that reports speak, and what each says: one catalogue file a language.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese, with the terms of GB 40560.
    Chinese,
}

/// A language nobody has written a catalogue for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no language of these reports: say en or zh")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads `en` or `zh`.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        match text {
            "en" => Ok(Self::English),
            "zh" => Ok(Self::Chinese),
            _ => Err(UnknownLanguage(text.to_owned())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::English => "en",
            Self::Chinese => "zh",
        })
    }
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language of a POSIX locale as `zh_CN.UTF-8`; English where it is one that nobody has written.
    pub fn of_locale(locale: &str) -> Self {
        let end = locale.find(['_', '.', '@', '-']).unwrap_or(locale.len());
        locale
            .get(..end)
            .and_then(|language| language.to_ascii_lowercase().parse().ok())
            .unwrap_or_default()
    }

    /// What is said in it.
    pub fn catalogue(self) -> &'static Catalogue {
        static ENGLISH: OnceLock<Catalogue> = OnceLock::new();
        static CHINESE: OnceLock<Catalogue> = OnceLock::new();
        let (cell, source) = match self {
            Self::English => (&ENGLISH, include_str!("language/en.toml")),
            Self::Chinese => (&CHINESE, include_str!("language/zh.toml")),
        };
        cell.get_or_init(|| Catalogue::of(self, source))
    }
}

/// All that is said in one language, by key, as `verdict.passed.name`.
#[derive(Debug)]
pub struct Catalogue {
    /// The language.
    pub language: Language,
    texts: BTreeMap<String, String>,
}

impl Catalogue {
    /// The catalogues are part of the program; the tests hold that they parse and are complete.
    fn of(language: Language, source: &str) -> Self {
        let mut texts = BTreeMap::new();
        if let Ok(table) = source.parse::<toml::Table>() {
            flatten("", &table, &mut texts);
        }
        Self { language, texts }
    }

    /// The text of a key; none where the key names something that no catalogue knows, as a zone of
    /// somebody's own reference note.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Keys and texts of a section, as `said.`.
    pub fn section<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(key, _)| key.starts_with(prefix))
            .map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// The text of a key. A key that is missing is shown itself, so that it is seen.
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.get(key).unwrap_or(key)
    }

    /// The text of a key with `{name}` replaced by values.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut rest = self.text(key);
        let mut out = String::with_capacity(rest.len() + 16);
        // One pass, so that braces within a value stay as they are.
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after
                .split_once('}')
                .and_then(|(name, tail)| Some((values.iter().find(|v| v.0 == name)?.1, tail)))
            {
                Some((value, tail)) => {
                    out.push_str(value);
                    rest = tail;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// Items joined as the language does it.
    pub fn list<S: AsRef<str>>(&self, items: &[S]) -> String {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        items.join(self.text("list.comma"))
    }
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            toml::Value::String(text) => {
                texts.insert(key, text.clone());
            }
            toml::Value::Table(table) => flatten(&key, table, texts),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::features::{self, overprint};
    use crate::findings::TOGETHER;
    use crate::note::{Light, Side};
    use crate::reference::Library;
    use crate::verdict::Verdict;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|p| p.0))
            .collect()
    }

    #[test]
    fn the_catalogues_say_the_same_things_with_the_same_placeholders() {
        let english = Language::English.catalogue();
        let chinese = Language::Chinese.catalogue();
        assert!(english.texts.len() > 100);
        for (a, b) in [(english, chinese), (chinese, english)] {
            for (key, text) in &a.texts {
                let other = b.get(key).unwrap_or_else(|| {
                    panic!("{key} is in {} but not in {}", a.language, b.language)
                });
                assert_eq!(placeholders(text), placeholders(other), "{key}");
                assert!(!text.trim().is_empty(), "{key}");
            }
        }
    }

    #[test]
    fn everything_that_is_reported_has_words() {
        let library = Library::built_in().unwrap();
        let mut keys = BTreeSet::new();
        let ids = features::all()
            .into_iter()
            .map(|f| f.id())
            .chain(overprint::ALL.iter().map(|f| f.id()))
            .chain([
                TOGETHER,
                "serial-repeated",
                "serial-history",
                "serial-watchlist",
            ]);
        for id in ids {
            for part in ["name", "agrees", "deviates", "look"] {
                keys.insert(format!("feature.{id}.{part}"));
            }
        }
        for verdict in Verdict::ALL {
            for part in ["name", "meaning"] {
                keys.insert(format!("verdict.{}.{part}", verdict.as_str()));
            }
        }
        keys.extend(Side::ALL.iter().map(|s| format!("side.{s}")));
        keys.extend(Light::ALL.iter().map(|l| format!("light.{l}")));
        for design in library.designs() {
            keys.extend(design.zones.iter().map(|z| format!("zone.{}", z.id)));
            keys.extend(design.features.iter().map(|f| format!("kind.{}", f.kind)));
        }
        let missing: Vec<&String> = keys
            .iter()
            .filter(|key| {
                Language::ALL
                    .iter()
                    .any(|l| l.catalogue().get(key).is_none())
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn values_are_filled_in_once() {
        let catalogue = Catalogue::of(Language::English, "a = \"{x} and {y} {z}\"");
        assert_eq!(
            catalogue.fill("a", &[("x", "{y}"), ("y", "2")]),
            "{y} and 2 {z}"
        );
    }

    #[test]
    fn locales_name_a_language() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("ZH-Hans", Language::Chinese),
            ("en_US.UTF-8", Language::English),
            ("de_DE", Language::English),
            ("C", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
