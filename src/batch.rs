//! Many notes: in order, on several threads, with bounded memory.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::drift;
use crate::note::Side;
use crate::report::Examination;
use crate::verdict::{Finding, Outcome};

/// Makes every note suspect whose serial number another note of the batch carries too, and names the other's files.
/// The same scan given twice is one note: files are compared by their digests.
pub fn find_repeats(examinations: &mut [Examination]) {
    let mut by_number: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, examination) in examinations.iter().enumerate() {
        if let Some((design, text)) = examination.numbered() {
            let key = (design.to_owned(), text.to_owned());
            by_number.entry(key).or_default().push(index);
        }
    }
    let mut found = Vec::new();
    for ((_, text), notes) in by_number.iter().filter(|(_, notes)| notes.len() > 1) {
        for &this in notes {
            let others: Vec<&str> = notes
                .iter()
                .filter(|&&other| other != this)
                .filter_map(|&other| Some((examinations.get(this)?, examinations.get(other)?)))
                .filter(|(this, other)| this.digests().is_disjoint(&other.digests()))
                .flat_map(|(_, other)| other.files.iter().map(|f| f.path.as_str()))
                .collect();
            if !others.is_empty() {
                let why = format!("serial number {text} is also on {}", others.join(", "));
                found.push((this, why));
            }
        }
    }
    for (index, why) in found {
        if let Some(examination) = examinations.get_mut(index) {
            examination.add(across("serial-repeated", false, why));
        }
    }
}

/// Tells a soft scanner from a soft note: where most images of a side of a design are softer than the enrolled ones, the
/// scanner is, and softness of one of them is no doubt about its note. That most notes of a batch are copies is out of
/// the question. It takes at least [`drift::LEAST_NOTES`] images.
#[derive(Debug, Default)]
pub struct Softness {
    sides: BTreeMap<(String, Side), Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    images: usize,
    softer: usize,
}

impl Softness {
    /// Adds the images of a note to what was seen.
    pub fn count(&mut self, examination: &Examination) {
        for (_, side, softer) in softness(examination) {
            let seen = self.sides.entry(side).or_default();
            seen.images += 1;
            seen.softer += usize::from(softer);
        }
    }

    /// Excuses what softness explains on a note, by all that was counted.
    pub fn settle(&self, examination: &mut Examination) {
        let files: BTreeSet<usize> = softness(examination)
            .filter(|(_, side, softer)| {
                let seen = self.sides.get(side);
                *softer
                    && seen.is_some_and(|seen| {
                        seen.images >= drift::LEAST_NOTES && 2 * seen.softer > seen.images
                    })
            })
            .map(|(file, ..)| file)
            .collect();
        examination.excuse_softness(&files);
    }
}

/// Of each image whose sharpness is known: which it is, of what, and whether it is softer than the enrolled ones.
fn softness(examination: &Examination) -> impl Iterator<Item = (usize, (String, Side), bool)> + '_ {
    let identity = examination.identity.iter();
    identity.flat_map(|identity| {
        examination.softer.iter().filter_map(|(&file, &softer)| {
            let side = examination.files.get(file)?.side?;
            Some((file, (identity.design.clone(), side), softer))
        })
    })
}

/// Evidence across the notes of a batch, when all of them are read: [`Softness`] and repeated serial numbers.
pub fn compare(examinations: &mut [Examination]) {
    settle_softness(examinations);
    find_repeats(examinations);
}

fn settle_softness(examinations: &mut [Examination]) {
    let mut softness = Softness::default();
    examinations.iter().for_each(|e| softness.count(e));
    examinations.iter_mut().for_each(|e| softness.settle(e));
}

/// A finding from beyond the note's own images.
pub fn across(feature: &str, doubtful: bool, why: String) -> Finding {
    Finding {
        doubtful,
        ..Finding::new(feature, Outcome::Deviates, why)
    }
}

/// Applies `work` to every item on `jobs` threads and hands the results to `take` in the order of the
/// items, as soon as that order allows. At most `jobs` items are worked on at a time; results that
/// wait for an earlier one are all that is kept. Stops early when `take` returns an error, and
/// returns it.
///
/// # Errors
/// The first that `take` returns.
pub fn in_order<T: Sync, R: Send, E>(
    items: &[T],
    jobs: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..jobs.get().min(items.len()) {
            let sender = sender.clone();
            let (next, stop, work) = (&next, &stop, &work);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    if sender.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut expected = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&expected) {
                if let Err(error) = take(expected, result) {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                expected += 1;
            }
        }
        Ok(())
    })
}

/// As [`in_order`], where nothing can go wrong with the results.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    jobs: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let taken = in_order(items, jobs, work, |_, result| {
        take(result);
        Ok::<(), Infallible>(())
    });
    match taken {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::samples::one_dollar;
    use crate::verdict::Verdict;

    /// A front on which line-acuity is odd, softer than the enrolled scans or not, and what is said of ink-colour.
    fn front(softer: bool, why: &str) -> Examination {
        let agrees = |feature, why: &str| Finding {
            p_value: Some(0.3),
            ..Finding::new(feature, Outcome::Agrees, why.to_owned())
        };
        let odd = Finding {
            p_value: Some(1e-5),
            if_scanner: Some(Box::new(agrees("line-acuity", ""))),
            ..across("line-acuity", true, "odd".to_owned())
        };
        Examination {
            softer: BTreeMap::from([(0, softer)]),
            ..one_dollar("a", "a.jpg", vec![odd, agrees("ink-colour", why)])
        }
    }

    fn settled(mut batch: Vec<Examination>) -> Vec<Verdict> {
        settle_softness(&mut batch);
        batch.iter().map(|e| e.verdict).collect()
    }

    #[test]
    fn a_batch_tells_a_soft_scanner_from_a_soft_note() {
        let batch = |soft: usize, sharp: usize| -> Vec<Examination> {
            let soft = (0..soft).map(|_| front(true, ""));
            soft.chain((0..sharp).map(|_| front(false, ""))).collect()
        };
        // Most are soft: what is odd in the soft ones is the scanner's doing, and in the others it is not.
        let found = settled(batch(8, 3));
        assert_eq!(found[..8], [Verdict::Passed; 8]);
        assert_eq!(found[8..], [Verdict::Unclear; 3]);
        // Few are, or there are too few to tell.
        assert_eq!(settled(batch(5, 6)), [Verdict::Unclear; 11]);
        assert_eq!(settled(batch(9, 0)), [Verdict::Unclear; 9]);
        let mut excused = batch(10, 0);
        settle_softness(&mut excused);
        assert_eq!(excused[0].p_value, Some(0.6));
        assert!(excused[0].reasons.is_empty());
        assert_eq!(excused[0].category, "4a");
    }

    #[test]
    fn softness_is_no_excuse_for_a_scan_without_colour() {
        let why = format!("ink-colour: {}", crate::features::Unmeasured::Colourless);
        let mut grey: Vec<Examination> = (0..10).map(|_| front(true, "")).collect();
        grey.push(front(true, &why));
        assert_eq!(settled(grey)[10], Verdict::Unclear);
    }

    #[test]
    fn order_is_kept_whatever_the_number_of_threads() {
        let items: Vec<u64> = (0..200).collect();
        for jobs in [1, 2, 7] {
            let mut seen = Vec::new();
            in_order(
                &items,
                NonZeroUsize::new(jobs).unwrap(),
                |&i| {
                    thread::sleep(std::time::Duration::from_micros((i * 7919) % 300));
                    i * 2
                },
                |index, result| {
                    seen.push((index as u64, result));
                    Ok::<(), ()>(())
                },
            )
            .unwrap();
            let expected: Vec<(u64, u64)> = items.iter().map(|&i| (i, i * 2)).collect();
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn an_error_of_the_taker_stops_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        let done = AtomicUsize::new(0);
        let result = in_order(
            &items,
            NonZeroUsize::new(2).unwrap(),
            |_| {
                done.fetch_add(1, Ordering::Relaxed);
                thread::sleep(std::time::Duration::from_micros(200));
            },
            |index, ()| if index < 3 { Ok(()) } else { Err("full") },
        );
        assert_eq!(result, Err("full"));
        assert!(done.load(Ordering::Relaxed) < 1000);
    }
}
