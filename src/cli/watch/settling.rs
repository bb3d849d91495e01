//! Which files have come to rest.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    len: u64,
    modified: Option<SystemTime>,
}

impl Fingerprint {
    /// Of a regular file; `None` of anything else, and where nothing can be told.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Still {
    fingerprint: Fingerprint,
    since: Duration,
    polls: u32,
}

/// How long each file has been as it is.
#[derive(Debug, Default)]
pub struct Settling(HashMap<PathBuf, Still>);

impl Settling {
    /// Takes in all that one poll saw at a time; files that it did not see are forgotten.
    pub fn poll(&mut self, seen: impl IntoIterator<Item = (PathBuf, Fingerprint)>, now: Duration) {
        let before = std::mem::take(&mut self.0);
        self.0 = seen
            .into_iter()
            .map(|(path, fingerprint)| {
                let still = match before.get(&path) {
                    Some(still) if still.fingerprint == fingerprint => Still {
                        polls: still.polls.saturating_add(1),
                        ..*still
                    },
                    _ => Still {
                        fingerprint,
                        since: now,
                        polls: 1,
                    },
                };
                (path, still)
            })
            .collect();
    }

    /// How a file is and for how long; `None` until two polls saw it alike.
    pub fn still(&self, path: &Path, now: Duration) -> Option<(Fingerprint, Duration)> {
        let still = self.0.get(path).filter(|still| still.polls >= 2)?;
        Some((still.fingerprint, now.saturating_sub(still.since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_rests_from_the_poll_that_last_saw_it_change() {
        let path = PathBuf::from("a.jpg");
        let seen = |len| {
            let modified = None;
            [(path.clone(), Fingerprint { len, modified })]
        };
        let second = Duration::from_secs;
        let mut settling = Settling::default();
        settling.poll(seen(1), second(0));
        assert_eq!(settling.still(&path, second(9)), None);
        settling.poll(seen(2), second(1));
        assert_eq!(settling.still(&path, second(1)), None);
        settling.poll(seen(2), second(2));
        let rests = |settling: &Settling, now| settling.still(&path, now).map(|(_, rest)| rest);
        assert_eq!(rests(&settling, second(2)), Some(second(1)));
        settling.poll(seen(2), second(7));
        assert_eq!(rests(&settling, second(7)), Some(second(6)));
        // A file that goes and comes again starts anew.
        settling.poll([], second(8));
        settling.poll(seen(2), second(9));
        assert_eq!(settling.still(&path, second(9)), None);
    }
}
