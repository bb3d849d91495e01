//! `guilloche evaluate` on drawn notes of the test currency.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::run;
use serde_json::Value;

const HEADER: &str = "file\tnote\ttruth\tattack\tdesign\tside\tserial\tmade_from\n";

/// Draws fronts of XTS 10 with seeds from `first`, and gives their rows of labels.
fn draw(
    desk: &Path,
    folder: &str,
    (first, count): (u64, u64),
    made: Option<(&str, &str)>,
) -> Vec<String> {
    let (seed, count_text) = (first.to_string(), count.to_string());
    let mut words = vec![
        "specimen",
        folder,
        "--side",
        "front",
        "--seed",
        &seed,
        "--count",
        &count_text,
    ];
    words.extend(["--press-dpi", "300", "--dpi", "150", "--bed", "black"]);
    if let Some((dial, _)) = made {
        words.extend([if dial == "soil" { "--wear" } else { "--defect" }, dial]);
    }
    let (code, _, complaints) = run(desk, &words);
    assert_eq!(code, Some(0), "{complaints}");
    let folder = desk.join(folder);
    (first..first + count)
        .map(|seed| {
            let drawn = format!("xts-10-{seed}_front.jpg");
            let truth =
                fs::read_to_string(folder.join(format!("xts-10-{seed}_front.json"))).unwrap();
            let truth: Value = serde_json::from_str(&truth).unwrap();
            let serial = truth["serial"].as_str().unwrap();
            match made {
                None => format!("{drawn}\tn{seed}\tgenuine\t\txts-10-2024\tfront\t{serial}\t\n"),
                Some((dial, truth)) => {
                    let file = format!("n{seed}--{dial}.jpg");
                    fs::rename(folder.join(&drawn), folder.join(&file)).unwrap();
                    format!(
                        "{file}\tn{seed}--{dial}\t{truth}\t{dial}\txts-10-2024\tfront\t\t{drawn}\n"
                    )
                }
            }
        })
        .collect()
}

#[test]
fn drawn_notes_are_judged_by_models_that_have_not_seen_them() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    let mut rows = draw(desk, "scans/good", (1, 16), None);
    rows.extend(draw(desk, "scans/worn", (2, 1), Some(("soil", "genuine"))));
    rows.extend(draw(
        desk,
        "scans/bad",
        (3, 2),
        Some(("halftone", "counterfeit")),
    ));
    fs::write(desk.join("labels.tsv"), HEADER.to_owned() + &rows.concat()).unwrap();

    let command = ["evaluate", "labels.tsv", "scans", "--folds", "2"];
    let with = |more: &[&str]| {
        let (code, said, complaints) = run(desk, &[&command, more].concat());
        assert_eq!((code, complaints.as_str()), (Some(0), ""));
        said
    };
    let json = with(&["--format", "json", "--jobs", "1", "--prior", "1/100"]);
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["schema"], "guilloche.evaluation/1");
    assert_eq!(found["asked"]["prior"], 0.01);
    assert_eq!(found["enrolled"]["xts-10-2024"], 8);
    let of = |table: &str| found[table].as_array().unwrap().clone();
    let total = |row: &Value| {
        let part = |verdict: &str| row[verdict]["count"].as_u64().unwrap();
        part("passed") + part("unclear") + part("suspect")
    };
    for (table, name, notes) in [
        ("genuine", "xts-10-2024", 16),
        ("worn", "xts-10-2024, soil", 1),
        ("counterfeits", "XTS, halftone", 2),
    ] {
        let rows = of(table);
        assert_eq!((rows.len(), &rows[0]["of"]), (1, &Value::from(name)));
        assert_eq!(
            (total(&rows[0]), rows[0]["notes"].as_u64()),
            (notes, Some(notes))
        );
    }
    let genuine = &of("genuine")[0];
    assert!(
        genuine["passed"]["count"].as_u64().unwrap() >= 14,
        "{genuine}"
    );
    // Eight notes are too few for statistics to call a note suspect.
    assert_eq!(genuine["suspect"]["count"], 0);
    assert_eq!(of("counterfeits")[0]["passed"]["count"], 0);
    assert_eq!(of("misses").len(), 2);
    let identity = of("identity");
    assert_eq!(identity[0]["design_and_side"]["count"], 16);
    assert_eq!(of("serials")[0]["right"]["of"], 16);
    assert_eq!(of("serials")[0]["misread"]["count"], 0);
    let det = of("det");
    assert_eq!(det[0]["by_p_value"].as_array().unwrap().len(), 6);

    // The same with other threads, and into a file.
    let again = with(&["--format", "json", "--jobs", "3", "--prior", "1/100"]);
    assert_eq!(again, json);
    assert_eq!(with(&["--format", "markdown", "--output", "page.md"]), "");
    let page = fs::read_to_string(desk.join("page.md")).unwrap();
    assert!(
        page.starts_with("# Evaluation on labelled scans\n"),
        "{page}"
    );
    assert!(page.contains("| XTS, halftone | 2 |"), "{page}");
    assert!(
        page.contains(
            "`guilloche evaluate labels.tsv scans --folds 2 --format markdown --output page.md`"
        ),
        "{page}"
    );
    assert!(!page.contains(desk.to_str().unwrap()));
}

#[test]
fn wrong_arguments_and_labels_are_refused_in_a_sentence() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    let rows = draw(desk, "scans", (1, 1), None).concat();
    let put = |name: &str, text: &str| fs::write(desk.join(name), text).unwrap();
    put("good.tsv", &(HEADER.to_owned() + &rows));
    put("none.tsv", HEADER);
    put("short.tsv", &(HEADER.replace("\tserial", "") + &rows));
    put(
        "odd.tsv",
        &(HEADER.to_owned() + &rows.replace("genuine", "maybe")),
    );
    for (words, expected) in [
        (vec!["good.tsv"], "2 values required"),
        (vec!["scans", "scans"], "no labels are given"),
        (vec!["good.tsv", "none.tsv"], "no scans are given"),
        (vec!["absent.tsv", "scans"], "absent.tsv: cannot be read"),
        (vec!["good.tsv", "nowhere"], "nowhere"),
        (
            vec!["short.tsv", "scans"],
            "short.tsv: has no column serial",
        ),
        (
            vec!["odd.tsv", "scans"],
            "odd.tsv: line 2: truth is \"maybe\"",
        ),
        (
            vec!["none.tsv", "scans"],
            "xts-10-1_front.jpg: no row of the labels has this file",
        ),
        (
            vec!["good.tsv", "good.tsv", "scans"],
            "is in another file of labels as well",
        ),
        (
            vec!["good.tsv", "scans"],
            "too few genuine notes for 5 folds: 1 of xts-10-2024 are most",
        ),
        (vec!["good.tsv", "scans", "--folds", "1"], "from 2 to 100"),
        (vec!["good.tsv", "scans", "--prior", "2"], "is no share"),
        (vec!["good.tsv", "scans", "--prior", "1/0"], "is no share"),
        (
            vec!["good.tsv", "scans", "--false-alarm", "0"],
            "is no share",
        ),
        (vec!["good.tsv", "scans", "--jobs", "0"], "whole number"),
    ] {
        let (code, said, complaints) = run(desk, &[&["evaluate"], words.as_slice()].concat());
        assert_eq!((code, said.as_str()), (Some(2), ""), "{words:?}");
        assert!(complaints.starts_with("error: "), "{words:?}: {complaints}");
        assert!(complaints.contains(expected), "{words:?}: {complaints}");
    }
}
