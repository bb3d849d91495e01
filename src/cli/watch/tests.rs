#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use super::*;
use crate::report::samples::{examination, one_dollar};
use crate::report::{MarksRecord, SerialRecord};
use crate::scan::gather::Source;
use crate::verdict::{Finding, Outcome, Verdict};

/// Files that begin with `bad` cannot be read; all others show nothing that is known.
fn judge(capture: &Capture) -> Examination {
    let mut judged = examination(&capture.note, &[]);
    for source in &capture.files {
        let path = display_path(&source.path);
        let mut record = examination("", &[(&path, None)]).files.remove(0);
        match fs::read(&source.path) {
            Ok(bytes) if !bytes.starts_with(b"bad") => {
                record.sha256 = Some(sha256(&source.path).unwrap());
            }
            _ => {
                record.error = Some("is bad".to_owned());
                judged.verdict = Verdict::Unreadable;
            }
        }
        judged.files.push(record);
    }
    judged
}

/// A watched folder with a clock of its own: settle time 3 s, a look each second.
struct Bench {
    folder: tempfile::TempDir,
    watch: Watch,
    now: Duration,
}

impl Bench {
    fn new(done: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let watch = Self::begin(folder.path(), done);
        Self {
            folder,
            watch,
            now: Duration::ZERO,
        }
    }

    fn begin(folder: &Path, done: bool) -> Watch {
        Watch::new(
            &folder.join("in"),
            gather::Options::default(),
            Duration::from_secs(3),
            done.then(|| folder.join("done")),
            Ledger::open(&folder.join("out.jsonl")).unwrap(),
        )
    }

    /// As after a crash: nothing is kept but what is on the disk.
    fn restart(&mut self) {
        let done = self.watch.done.is_some();
        self.watch.ledger = Ledger::default();
        self.watch = Self::begin(self.folder.path(), done);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Completes a note of one file, which holds its digest.
    fn finish(
        &mut self,
        name: &str,
        digest: &str,
        mut judged: Examination,
        each_alone: bool,
    ) -> Examination {
        let path = self.path(name);
        fs::write(&path, digest).unwrap();
        for file in &mut judged.files {
            file.sha256 = Some(digest.to_owned());
        }
        let ready = Ready {
            capture: Capture {
                note: name.to_owned(),
                files: vec![Source::of(&path)],
            },
            files: vec![(Fingerprint::of(&path).unwrap(), Some(digest.to_owned()))],
            may_come: false,
        };
        self.watch
            .finish(&ready, judged, each_alone, &mut |_| Ok(()))
            .unwrap()
    }

    /// Lets seconds pass; gives the notes that were finished, with the names of their files.
    fn pass(&mut self, seconds: u32) -> Vec<String> {
        self.pass_until(seconds, &|| false).unwrap()
    }

    fn pass_until(&mut self, seconds: u32, stopped: &dyn Fn() -> bool) -> Result<Vec<String>> {
        let mut finished = Vec::new();
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.watch.round(Round {
                now: self.now,
                jobs: NonZeroUsize::MIN,
                each_alone: false,
                judge: &judge,
                consult: &mut |_| Ok(()),
                show: &mut |examination| {
                    let names: Vec<&str> = examination
                        .files
                        .iter()
                        .filter_map(|f| f.path.rsplit('/').next())
                        .collect();
                    finished.push(format!("{}: {}", examination.note, names.join(" ")));
                    Ok(())
                },
                remark: &|_| {},
                stopped,
            })?;
        }
        Ok(finished)
    }

    fn lines(&self) -> usize {
        let text = fs::read_to_string(self.path("out.jsonl")).unwrap();
        text.lines().count()
    }
}

#[test]
fn a_note_waits_until_its_files_rest() {
    let mut bench = Bench::new(false);
    bench.put("in/1.jpg", "f");
    assert!(bench.pass(2).is_empty());
    bench.put("in/1.jpg", "fr");
    assert!(bench.pass(3).is_empty());
    // The back comes within the settle time, which begins anew.
    bench.put("in/1_b.jpg", "back");
    assert!(bench.pass(3).is_empty());
    assert_eq!(bench.pass(1), ["1: 1.jpg 1_b.jpg"]);
    assert!(bench.pass(9).is_empty());
    // What comes later is a note of its own.
    bench.put("in/1_uv.jpg", "light");
    assert_eq!(bench.pass(9), ["1 (2): 1_uv.jpg"]);
    assert_eq!(bench.lines(), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_given_time_and_said_once() {
    let mut bench = Bench::new(true);
    bench.put("in/a.jpg", "bad");
    bench.put("in/b.jpg", "bad");
    bench.put("in/c.jpg", "good");
    assert_eq!(bench.pass(10), ["c: c.jpg"]);
    bench.put("in/b.jpg", "better");
    assert_eq!(bench.pass(5), ["b: b.jpg"]);
    assert_eq!(bench.pass(1), ["a: a.jpg"]);
    assert!(bench.pass(30).is_empty());
    bench.restart();
    assert!(bench.pass(30).is_empty());
    for name in ["a", "b", "c"] {
        assert!(bench.path(&format!("done/{name}.jpg")).is_file());
    }
    let text = fs::read_to_string(bench.path("out.jsonl")).unwrap();
    let digest = sha256(&bench.path("done/a.jpg")).unwrap();
    assert!(text.contains(&digest), "also of what cannot be decoded");
}

#[test]
fn nothing_is_done_twice_after_a_restart() {
    let mut bench = Bench::new(false);
    bench.put("in/1.jpg", "one");
    bench.put("in/sub/1.jpg", "two");
    assert_eq!(bench.pass(9).len(), 2);
    bench.restart();
    assert!(bench.pass(9).is_empty());
    // Other bytes under the same name are another scan.
    bench.put("in/1.jpg", "uno");
    assert_eq!(bench.pass(9).len(), 1);
    assert_eq!(bench.lines(), 3);
}

#[test]
fn a_crash_between_line_and_move_loses_and_doubles_nothing() {
    let mut bench = Bench::new(true);
    bench.watch.done = None;
    bench.put("in/1.jpg", "one");
    assert_eq!(bench.pass(9).len(), 1);
    bench.watch.done = Some(bench.path("done"));
    bench.restart();
    assert!(bench.pass(9).is_empty());
    assert_eq!(fs::read(bench.path("done/1.jpg")).unwrap(), b"one");
    assert!(!bench.path("in/1.jpg").exists());
    // Between the two halves of the move: both places hold it.
    bench.put("in/1.jpg", "one");
    assert!(bench.pass(9).is_empty());
    assert!(!bench.path("in/1.jpg").exists());
    assert!(!bench.path("done/1 (2).jpg").exists());
    assert_eq!(bench.lines(), 1);
}

#[test]
fn moving_never_overwrites_and_keeps_subfolders() {
    let mut bench = Bench::new(true);
    bench.put("done/1.jpg", "from yesterday");
    bench.put("done/1 (2).jpg", "from yesterday, too");
    bench.put("in/1.jpg", "one");
    bench.put("in/monday/1.jpg", "two");
    assert_eq!(bench.pass(9).len(), 2);
    let read = |name| fs::read_to_string(bench.path(name)).unwrap();
    assert_eq!(read("done/1.jpg"), "from yesterday");
    assert_eq!(read("done/1 (2).jpg"), "from yesterday, too");
    assert_eq!(read("done/1 (3).jpg"), "one");
    assert_eq!(read("done/monday/1.jpg"), "two");
}

#[test]
fn a_copy_stands_in_for_a_link() {
    let bench = Bench::new(true);
    bench.put("in/1.jpg", "one");
    bench.put("done/1.jpg", "other");
    let error = copy_to(&bench.path("in/1.jpg"), &bench.path("done/1.jpg")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    copy_to(&bench.path("in/1.jpg"), &bench.path("done/2.jpg")).unwrap();
    assert_eq!(fs::read(bench.path("done/2.jpg")).unwrap(), b"one");
    assert_eq!(fs::read_dir(bench.path("done")).unwrap().count(), 2);
}

#[test]
fn a_stop_ends_a_round_between_notes() {
    let mut bench = Bench::new(false);
    for note in 0..5 {
        bench.put(&format!("in/{note}.jpg"), &format!("note {note}"));
    }
    assert!(bench.pass(3).is_empty());
    // The first five questions are asked when the notes are gathered.
    let asked = Cell::new(0);
    let finished = bench
        .pass_until(1, &|| {
            asked.set(asked.get() + 1);
            asked.get() > 6
        })
        .unwrap();
    assert_eq!(finished.len(), 2);
    assert_eq!(bench.pass(1).len(), 3);
    assert_eq!(bench.lines(), 5);
}

#[test]
fn a_folder_that_goes_away_is_waited_for() {
    let mut bench = Bench::new(false);
    bench.put("in/1.jpg", "one");
    bench.pass(2);
    fs::rename(bench.path("in"), bench.path("away")).unwrap();
    assert!(bench.pass(9).is_empty());
    fs::rename(bench.path("away"), bench.path("in")).unwrap();
    assert_eq!(bench.pass(9), ["1: 1.jpg"]);
}

#[test]
fn a_file_that_goes_while_it_is_judged_leaves_no_line() {
    let mut bench = Bench::new(false);
    bench.put("in/1.jpg", "one");
    bench.pass(3);
    let now = bench.now + Duration::from_secs(1);
    let path = bench.path("in/1.jpg");
    let vanish = |capture: &Capture| {
        fs::remove_file(&path).unwrap();
        judge(capture)
    };
    let finished = bench.watch.round(Round {
        now,
        jobs: NonZeroUsize::MIN,
        each_alone: false,
        judge: &vanish,
        consult: &mut |_| Ok(()),
        show: &mut |_| Ok(()),
        remark: &|_| {},
        stopped: &|| false,
    });
    assert_eq!(finished.unwrap(), 0);
    assert_eq!(bench.lines(), 0);
}

#[test]
fn outputs_inside_of_the_folder_are_found_by_any_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    fs::create_dir(&input).unwrap();
    let refused = |path: &Path| refuse_inside(&input, "--out", path).is_err();
    assert!(refused(&input));
    assert!(refused(&input.join("new/deep/out.jsonl")));
    assert!(refused(&folder.path().join("in/../in/out.jsonl")));
    assert!(!refused(&input.join("../out.jsonl")));
    assert!(!refused(&folder.path().join("in2")));
    #[cfg(unix)]
    {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&input, &link).unwrap();
        assert!(refused(&link.join("out.jsonl")));
    }
}

#[test]
fn after_ten_soft_scans_the_scanner_is_soft() {
    let mut bench = Bench::new(false);
    let mut finish = |number: usize, each_alone: bool| {
        let name = format!("{number}.jpg");
        let odd = Finding {
            if_scanner: Some(Box::new(Finding::new(
                "line-acuity",
                Outcome::Agrees,
                String::new(),
            ))),
            ..batch::across("line-acuity", true, "odd".to_owned())
        };
        let mut judged = one_dollar(&name, &name, vec![odd]);
        judged.softer = [(0, true)].into();
        bench.finish(&name, &name, judged, each_alone).verdict
    };
    for number in 1..10 {
        assert_eq!(finish(number, false), Verdict::Unclear, "{number}");
    }
    assert_eq!(finish(10, false), Verdict::Passed);
    assert_eq!(finish(11, true), Verdict::Unclear);
}

#[test]
fn a_number_that_comes_back_is_said_also_after_a_restart() {
    let mut bench = Bench::new(false);
    let finish = |bench: &mut Bench, name: &str, digest: &str, each_alone| {
        let mut judged = one_dollar(name, name, Vec::new());
        judged.verdict = Verdict::Passed;
        judged.serial = Some(SerialRecord {
            text: Some("K91746345B".to_owned()),
            confidence: 1.0,
            readings: Vec::new(),
            marks: MarksRecord::default(),
        });
        bench.finish(name, digest, judged, each_alone)
    };
    let of = |examination: &Examination| {
        let findings = examination.findings.iter();
        let whys = findings.map(|f| (f.feature.clone(), f.why.clone()));
        whys.collect::<Vec<_>>()
    };
    assert_eq!(of(&finish(&mut bench, "a.jpg", "aa", false)), []);
    bench.restart();
    let again = finish(&mut bench, "b.jpg", "bb", false);
    let why = "serial number K91746345B was seen before, on a.jpg".to_owned();
    assert_eq!(of(&again), [("serial-repeated".to_owned(), why)]);
    assert_eq!(again.verdict, Verdict::Unclear);
    // The same bytes are the same scan.
    assert_eq!(of(&finish(&mut bench, "c.jpg", "aa", false)).len(), 1);
    assert_eq!(of(&finish(&mut bench, "d.jpg", "dd", true)), []);
}
