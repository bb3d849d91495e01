//! What drawing costs: one side at 600 dpi is to take at most 1.5 s. `cargo bench --bench press`
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use guilloche::note::{Light, Side};
use guilloche::specimen::{Dial, Dials, Press, Scanner, Specimen, XtsDenomination};

fn main() {
    divan::main();
}

/// A press that has drawn its designs.
static PRESS: LazyLock<Press> = LazyLock::new(|| {
    let press = Press::new(600.0).unwrap();
    for side in Side::ALL {
        press.print(&note(0, Dials::none()), side, Light::Visible);
    }
    press
});

fn note(seed: u64, dials: Dials) -> Specimen {
    Specimen::new(XtsDenomination::Hundred, seed).with(dials)
}

/// The first side of a press: the design is drawn as well.
#[divan::bench(sample_count = 5)]
fn first_side_600_dpi(bencher: Bencher) {
    bencher.bench(|| {
        let press = Press::new(600.0).unwrap();
        press.print(
            &black_box(note(1, Dials::none())),
            Side::Front,
            Light::Visible,
        )
    });
}

/// Every further side, in each light.
#[divan::bench(args = Light::ALL, sample_count = 10)]
fn side_600_dpi(bencher: Bencher, light: Light) {
    LazyLock::force(&PRESS);
    bencher.bench(|| PRESS.print(&black_box(note(2, Dials::none())), Side::Front, light));
}

/// The dearest defect: four screens.
#[divan::bench(sample_count = 5)]
fn halftone_side_600_dpi(bencher: Bencher) {
    let dials = Dials::one(Dial::Halftone, 1.0).unwrap();
    LazyLock::force(&PRESS);
    bencher.bench(|| PRESS.print(&note(3, dials.clone()), Side::Front, Light::Visible));
}

/// The scanner at 300 dpi, without the file.
#[divan::bench(sample_count = 10)]
fn scan_300_dpi(bencher: Bencher) {
    let printed = PRESS.print(&note(4, Dials::none()), Side::Front, Light::Visible);
    bencher.bench(|| Scanner::default().scan(&printed).unwrap());
}
