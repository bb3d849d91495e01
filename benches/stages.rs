//! What each stage costs for one side at 300 dpi. Uses a real scan where the folder of scans is beside
//! the checkout, and a drawn note where it is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use guilloche::features::measure_all;
use guilloche::findings::Experience;
use guilloche::identify::Identifier;
use guilloche::pixels::Raster;
use guilloche::rectify::edges::{Against, settle};
use guilloche::rectify::{Outlines, Quad, outlines};
use guilloche::reference::Library;
use guilloche::scan::gather::Source;
use guilloche::scan::{Limits, decode};
use guilloche::verdict::{Policy, judge, weigh};
use guilloche::{Exhibit, present};

fn main() {
    println!("one side: {}", SIDE.path.display());
    divan::main();
}

struct Side {
    path: PathBuf,
    bytes: Vec<u8>,
    raster: Raster,
    outlines: Outlines,
}

static SIDE: LazyLock<Side> = LazyLock::new(|| {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scans/usd-1/1db_0010.jpg");
    let (path, bytes) = match fs::read(&real) {
        Ok(bytes) => (PathBuf::from("usd-1/1db_0010.jpg"), bytes),
        Err(_) => {
            // 156 × 66 mm at 300 dpi.
            let note = common::draw::note_like(1, 1843, 780);
            (PathBuf::from("drawn.jpg"), common::jpeg(&note, 90))
        }
    };
    let raster = decode(&bytes, &path, &Limits::default()).unwrap().raster;
    let outlines = outlines(&raster);
    Side {
        path,
        bytes,
        raster,
        outlines,
    }
});

/// The side found and recognised, as the features get it.
static EXHIBIT: LazyLock<Exhibit<'static>> = LazyLock::new(|| {
    let side = &*SIDE;
    let source = Source {
        path: side.path.clone(),
        side: None,
        light: None,
        dpi: None,
    };
    let scan = decode(&side.bytes, &side.path, &Limits::default()).unwrap();
    present(scan, &source, &Identifier::new(&LIBRARY))
});

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::built_in().unwrap());

#[divan::bench]
fn decoding(bencher: Bencher<'_, '_>) {
    let side = &*SIDE;
    bencher.bench(|| decode(black_box(&side.bytes), &side.path, &Limits::default()));
}

/// Rectify: where the note may lie.
#[divan::bench]
fn finding_outlines(bencher: Bencher<'_, '_>) {
    bencher.bench(|| outlines(black_box(&SIDE.raster)));
}

#[divan::bench]
fn identifying(bencher: Bencher<'_, '_>) {
    let identifier = Identifier::new(&LIBRARY);
    bencher.bench(|| identifier.identify(black_box(&SIDE.outlines)));
}

/// All features of the side; the ratio to `decoding` says what they cost whatever the machine.
#[divan::bench]
fn all_features(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| EXHIBIT.face().unwrap())
        .bench_refs(|face| measure_all(face));
}

/// Of the features: the structure at 72 dpi, its fine registration, and wear.
#[divan::bench]
fn viewing(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| EXHIBIT.face().unwrap())
        .bench_refs(|face| face.view().is_ok());
}

/// Of the features: paper, grain and the windows of print.
#[divan::bench]
fn conditioning(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| EXHIBIT.face().unwrap())
        .bench_refs(|face| face.condition().is_ok());
}

/// Evidence and verdict of what was measured on the side; fitting to the enrolled notes, once a run, is left out.
#[divan::bench]
fn judging(bencher: Bencher<'_, '_>) {
    let experience = Experience::new(&LIBRARY);
    let face = EXHIBIT.face().unwrap();
    let readings = measure_all(&face);
    let policy = Policy::default();
    let verdict = || {
        let mut findings = experience.findings(&face, black_box(&readings), 0);
        weigh(&mut findings, &policy, 64, None);
        judge(&findings, 64)
    };
    verdict();
    bencher.bench_local(verdict);
}

/// Rectify: the outline on the paper's edges, from within 4 mm of where the frame is.
#[divan::bench]
fn settling_edges(bencher: Bencher<'_, '_>) {
    let (w, h) = (SIDE.raster.width() as f64, SIDE.raster.height() as f64);
    let frame: Quad = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    let px_per_mm = w / 156.0;
    bencher.bench(|| {
        settle(
            black_box(&SIDE.raster),
            &frame,
            4.0 * px_per_mm,
            1.2 * px_per_mm,
            Against::Margin,
        )
    });
}

/// Once a run, not once a note.
#[divan::bench(sample_count = 20)]
fn loading_the_library() -> Library {
    Library::built_in().unwrap()
}
