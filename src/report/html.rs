//! A page for people: one file that opens from disk and asks for nothing from elsewhere.
//!
//! The page of each note is held back as text in a `script` element that no browser runs, and becomes
//! part of the document when the note is opened; so a batch of thousands costs the browser its list.

mod pictures;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use pictures::{Album, Picture, Shows, budget, pictures};

use super::{Examination, FileRecord, words};
use crate::findings::TOGETHER;
use crate::language::Catalogue;
use crate::note::RectMm;
use crate::reference::{Design, Library, SecurityFeature};
use crate::verdict::{Finding, Outcome, Verdict};
use pictures::Kept;

/// The order of the list: what needs a person first.
const ORDER: [Verdict; 5] = [
    Verdict::Suspect,
    Verdict::Unclear,
    Verdict::Unrecognised,
    Verdict::Unreadable,
    Verdict::Passed,
];

/// What a page is made with.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Knows the designs.
    pub library: &'a Library,
    /// Says everything.
    pub catalogue: &'a Catalogue,
    /// When the notes were checked.
    pub made: &'a str,
}

/// Writes the page of a batch; `album` holds the pictures of the notes in the same order.
///
/// # Errors
/// What the writer or the album's store says.
pub fn write<S: Read + Write + Seek>(
    out: &mut dyn Write,
    page: &Page<'_>,
    examinations: &[Examination],
    album: &mut Album<S>,
) -> io::Result<()> {
    out.write_all(page.head(examinations).into_string().as_bytes())?;
    let repeats = repeats(examinations);
    let mut order: Vec<(usize, &Examination)> = examinations.iter().enumerate().collect();
    order.sort_by_key(|(_, e)| ORDER.iter().position(|v| *v == e.verdict));
    for (index, examination) in order {
        let mut images = Vec::new();
        for kept in album.of(index).to_vec() {
            images.push(Image {
                uri: album.uri(&kept)?,
                kept,
            });
        }
        let same: Vec<(usize, &str)> = examination
            .numbered()
            .and_then(|key| repeats.get(&key))
            .into_iter()
            .flatten()
            .filter(|other| **other != index)
            .filter_map(|&other| Some((other, examinations.get(other)?.note.as_str())))
            .collect();
        let note = Note {
            page,
            index,
            examination,
            design: examination
                .identity
                .as_ref()
                .and_then(|i| page.library.design(&i.design).ok()),
            images,
            same,
        };
        out.write_all(note.row().into_string().as_bytes())?;
    }
    out.write_all(page.foot().into_string().as_bytes())?;
    // Closes what the head opened.
    out.write_all(b"</body></html>\n")
}

/// The notes of each serial number that several carry.
fn repeats(examinations: &[Examination]) -> BTreeMap<(&str, &str), Vec<usize>> {
    let mut notes: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, examination) in examinations.iter().enumerate() {
        if let Some(key) = examination.numbered() {
            notes.entry(key).or_default().push(index);
        }
    }
    notes.retain(|_, notes| notes.len() > 1);
    notes
}

impl Page<'_> {
    /// Everything above the notes. The elements left open are closed by [`write`].
    fn head(&self, examinations: &[Examination]) -> Markup {
        let say = |key| self.catalogue.text(key);
        let count = |verdict| {
            examinations
                .iter()
                .filter(|e| e.verdict == verdict)
                .count()
        };
        let total = examinations.len().to_string();
        // Nothing of the page may be fetched, whatever a file name says.
        let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
        let files: usize = examinations.iter().map(|e| e.files.len()).sum();
        html! {
            (DOCTYPE)
            (PreEscaped(format!("<html lang=\"{}\">", say("report.html-lang"))))
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="generator" content={ "guilloche " (env!("CARGO_PKG_VERSION")) };
                title { (say("report.title")) }
                style { (PreEscaped(include_str!("html/style.css"))) }
            }
            (PreEscaped("<body>"))
            header {
                h1 { (say("report.title")) }
                p.made {
                    (self.catalogue.fill("report.made", &[
                        ("notes", &total),
                        ("images", &files.to_string()),
                        ("when", &self.made.replace('T', " ").replace('Z', " UTC")),
                        ("version", env!("CARGO_PKG_VERSION")),
                    ]))
                }
            }
            noscript { p { (say("report.no-script")) } }
            div.tiles role="group" aria-label=(say("report.filter")) {
                @for verdict in ORDER {
                    button type="button" data-filter=(verdict.as_str()) aria-pressed="false" {
                        b { (count(verdict)) }
                        span.verdict.(verdict.as_str()) { (words::verdict(self.catalogue, verdict)) }
                    }
                }
            }
            (self.totals(examinations))
            h2 { (say("report.notes")) }
            div.tools {
                input #search type="search" autocomplete="off" placeholder=(say("report.search"))
                    aria-label=(say("report.search"));
                button type="button" data-all="open" { (say("report.open-all")) }
                button type="button" data-all="close" { (say("report.close-all")) }
                button type="button" data-print { (say("report.print")) }
                span.soft aria-live="polite" {
                    span #shown { (total) } " / " (total) " " (say("report.shown"))
                }
            }
            p #none hidden { (say("report.none")) }
        }
    }

    /// Denominations and totals.
    fn totals(&self, examinations: &[Examination]) -> Markup {
        let say = |key| self.catalogue.text(key);
        let mut kinds: BTreeMap<(String, u64, String), BTreeMap<Verdict, usize>> = BTreeMap::new();
        for examination in examinations {
            let Some(identity) = &examination.identity else {
                continue;
            };
            let value: f64 = identity.denomination.parse().unwrap_or(0.0);
            let key = (
                identity.currency.to_string(),
                // Sorts by value; a thousandth is less than any coin.
                (value * 1000.0) as u64,
                identity.denomination.clone(),
            );
            *kinds
                .entry(key)
                .or_default()
                .entry(examination.verdict)
                .or_default() += 1;
        }
        if kinds.is_empty() {
            return html! {};
        }
        let mut sums: BTreeMap<&str, (usize, u64, u64)> = BTreeMap::new();
        for ((currency, thousandths, _), counts) in &kinds {
            let all: usize = counts.values().sum();
            let passed = counts.get(&Verdict::Passed).copied().unwrap_or(0);
            let sum = sums.entry(currency).or_default();
            sum.0 += all;
            sum.1 += all as u64 * thousandths;
            sum.2 += passed as u64 * thousandths;
        }
        let money = |thousandths: u64| {
            if thousandths.is_multiple_of(1000) {
                words::grouped((thousandths / 1000) as f64)
            } else {
                format!("{:.2}", thousandths as f64 / 1000.0)
            }
        };
        let shown = [Verdict::Passed, Verdict::Suspect, Verdict::Unclear];
        html! {
            h2 { (say("report.totals")) }
            div.wide {
                table {
                    thead { tr {
                        th scope="col" { (say("report.denomination")) }
                        th scope="col" { (say("report.notes")) }
                        @for verdict in shown { th scope="col" { (words::verdict(self.catalogue, verdict)) } }
                        th scope="col" { (say("report.value")) }
                        th scope="col" { (say("report.value-passed")) }
                    } }
                    tbody {
                        @for ((currency, thousandths, denomination), counts) in &kinds {
                            @let all = counts.values().sum::<usize>();
                            @let passed = counts.get(&Verdict::Passed).copied().unwrap_or(0);
                            tr {
                                td { (currency) " " (denomination) }
                                td { (all) }
                                @for verdict in shown { td { (counts.get(&verdict).copied().unwrap_or(0)) } }
                                td { (money(all as u64 * thousandths)) }
                                td { (money(passed as u64 * thousandths)) }
                            }
                        }
                    }
                    tfoot {
                        @for (currency, (notes, value, passed)) in &sums {
                            tr {
                                td { (say("report.total")) " " (currency) }
                                td { (notes) }
                                @for _ in shown { td {} }
                                td { (money(*value)) }
                                td { (money(*passed)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        let say = |key| self.catalogue.text(key);
        html! {
            footer {
                h2 { (say("report.verdicts")) }
                dl.fields {
                    @for verdict in ORDER {
                        dt.verdict.(verdict.as_str()) { (words::verdict(self.catalogue, verdict)) }
                        dd { (self.catalogue.text(&format!("verdict.{}.meaning", verdict.as_str()))) }
                    }
                }
                p { (say("report.cannot-see")) }
                p { (say("report.law")) }
            }
            script { (PreEscaped(include_str!("html/script.js"))) }
        }
    }
}

/// A picture ready to be shown.
struct Image {
    uri: String,
    kept: Kept,
}

/// One note of the page.
struct Note<'a> {
    page: &'a Page<'a>,
    index: usize,
    examination: &'a Examination,
    design: Option<&'a Design>,
    images: Vec<Image>,
    same: Vec<(usize, &'a str)>,
}

impl Note<'_> {
    fn say<'k>(&'k self, key: &'k str) -> &'k str {
        self.page.catalogue.text(key)
    }

    /// Its line of the list, with its page held back.
    fn row(&self) -> Markup {
        let examination = self.examination;
        let verdict = examination.verdict;
        let serial = examination
            .serial
            .as_ref()
            .and_then(|s| s.text.as_deref())
            .unwrap_or_default();
        let value = examination
            .identity
            .as_ref()
            .map(|i| format!("{} {}", i.currency, i.denomination))
            .unwrap_or_default();
        let reasons = words::reasons(self.page.catalogue, examination);
        let sought = format!("{} {serial} {value}", examination.note).to_lowercase();
        html! {
            details.note id={ "n" (self.index + 1) } data-verdict=(verdict.as_str()) data-search=(sought) {
                summary {
                    span.verdict.(verdict.as_str()) { (words::verdict(self.page.catalogue, verdict)) }
                    span.name { (examination.note) }
                    span.value { (value) }
                    span.serial { (serial) }
                    span.why {
                        @if let Some(first) = reasons.first() { (first) }
                        @if reasons.len() > 1 {
                            " " span.soft { (self.page.catalogue.fill("report.more", &[("count", &(reasons.len() - 1).to_string())])) }
                        }
                    }
                }
                // What maud has escaped holds no tag that ends a script.
                script type="text/html" { (self.body(&reasons)) }
            }
            "\n"
        }
    }

    fn body(&self, reasons: &[String]) -> Markup {
        let verdict = self.examination.verdict;
        let deviating = words::deviating(self.examination);
        html! {
            p.meaning.(verdict.as_str()) { (self.say(&format!("verdict.{}.meaning", verdict.as_str()))) }
            @if deviating.is_empty() && !reasons.is_empty() {
                ul { @for reason in reasons { li { (reason) } } }
            }
            div.split {
                (self.pictures(&deviating))
                div {
                    @for (place, (index, finding)) in deviating.iter().enumerate() {
                        (self.card(place + 1, *index, finding))
                    }
                    @if verdict != Verdict::Passed { (self.by_hand()) }
                    (self.agreed())
                    (self.not_examined())
                }
            }
            (self.fields())
        }
    }

    /// Every image with the zones that were examined, one of them to be seen.
    fn pictures(&self, deviating: &[(usize, &Finding)]) -> Markup {
        let sides: Vec<(usize, &Image, &FileRecord)> = self
            .images
            .iter()
            .filter_map(|image| match image.kept.shows {
                Shows::File(file) => Some((file, image, self.examination.files.get(file)?)),
                Shows::Finding(_) => None,
            })
            .collect();
        // First what shows most of what deviates.
        let flagged = |file: usize| deviating.iter().filter(|(_, f)| f.file == file).count();
        let first = sides
            .iter()
            .rev()
            .max_by_key(|(file, ..)| flagged(*file))
            .map(|(file, ..)| *file);
        html! {
            div.pictures {
                @if sides.len() > 1 {
                    div.lights role="group" aria-label=(self.say("report.pictures")) {
                        @for (file, _, record) in &sides {
                            button type="button" data-show=(file) aria-pressed=(Some(*file) == first) {
                                (self.caption(record))
                                @if flagged(*file) > 0 { " (" (flagged(*file)) ")" }
                            }
                        }
                    }
                }
                @for (file, image, record) in &sides {
                    figure data-picture=(file) hidden[Some(*file) != first] {
                        (self.frame(*file, image, record, deviating))
                        figcaption { (self.caption(record)) " · " (record.path) }
                    }
                }
                @if sides.iter().any(|(_, image, _)| image.kept.view_mm.is_some()) {
                    label.toggle.small {
                        input type="checkbox" data-zones;
                        " " (self.say("report.show-zones"))
                    }
                }
            }
        }
    }

    fn caption(&self, record: &FileRecord) -> String {
        let light = self.say(&format!("light.{}", record.light)).to_owned();
        match record.side {
            Some(side) => {
                let side = self.say(&format!("side.{side}")).to_owned();
                self.page
                    .catalogue
                    .fill("report.caption", &[("side", &side), ("light", &light)])
            }
            None => light,
        }
    }

    fn frame(
        &self,
        file: usize,
        image: &Image,
        record: &FileRecord,
        deviating: &[(usize, &Finding)],
    ) -> Markup {
        let [width, height] = image.kept.size;
        // Where nothing was recognised a pixel stands for a millimetre: only the mark is drawn.
        let view = image
            .kept
            .view_mm
            .unwrap_or_else(|| RectMm::from([0.0, 0.0, 160.0, 160.0 * f64::from(height) / f64::from(width.max(1))]));
        let alt = format!("{}: {}", self.examination.note, self.caption(record));
        let middle = [view.x + view.width / 2.0, view.y + view.height / 2.0];
        let slope = -view.height.atan2(view.width).to_degrees();
        let zones: Vec<RectMm> = {
            let mut zones: Vec<RectMm> = Vec::new();
            let agreeing = self
                .examination
                .findings
                .iter()
                .filter(|f| f.file == file && f.outcome == Outcome::Agrees);
            for rect in agreeing.filter_map(|f| f.zone_mm) {
                if !zones.contains(&rect) {
                    zones.push(rect);
                }
            }
            zones
        };
        html! {
            div.frame {
                img src=(image.uri) width=(width) height=(height) alt=(alt);
                svg viewBox={ (short(view.x)) " " (short(view.y)) " " (short(view.width)) " " (short(view.height)) }
                    preserveAspectRatio="none" aria-hidden="true" {
                    text.mark x=(short(middle[0])) y=(short(middle[1]))
                        transform={ "rotate(" (short(slope)) " " (short(middle[0])) " " (short(middle[1])) ")" } {
                        (self.say("report.mark"))
                    }
                    @if image.kept.view_mm.is_some() {
                        @for zone in &zones { (rect(*zone, "zone")) }
                        @for (place, (_, finding)) in deviating.iter().enumerate() {
                            @if let (true, Some(zone)) = (finding.file == file, finding.zone_mm) {
                                (flagged_zone(place + 1, zone, finding))
                            }
                        }
                    }
                }
            }
        }
    }

    /// A finding that deviates: sentence, value, crop, what to look at by hand.
    fn card(&self, number: usize, index: usize, finding: &Finding) -> Markup {
        let catalogue = self.page.catalogue;
        let crop = self
            .images
            .iter()
            .find(|image| image.kept.shows == Shows::Finding(index));
        let zone = words::zone(catalogue, self.page.library, self.examination, finding);
        let place = self
            .examination
            .files
            .get(finding.file)
            .filter(|_| finding.feature != TOGETHER || self.examination.files.len() > 1)
            .map(|record| self.caption(record));
        let ruled = finding.p_value.is_none();
        html! {
            div.card.(strength(finding)) {
                h3 {
                    span.number { (number) }
                    (words::name(catalogue, &finding.feature))
                    @if finding.doubtful { " " span.soft { (self.say("finding.doubtful")) } }
                }
                p.says { (words::sentence(catalogue, finding)) }
                p.small.soft {
                    @if let Some(zone) = &zone { (zone) " · " }
                    @if let Some(place) = &place { (place) }
                }
                @if let Some(measured) = words::measured(catalogue, finding) {
                    (scale(finding, &measured))
                    p.small { (measured) }
                }
                @if let Some(rarity) = words::rarity(catalogue, finding) { p.small { (rarity) } }
                @if ruled && !finding.why.is_empty() {
                    p.small { (self.say("finding.details")) " " (finding.why) }
                }
                @if !self.same.is_empty() && finding.feature == "serial-repeated" {
                    p { (self.say("finding.see-also")) " "
                        @for (other, name) in &self.same { a href={ "#n" (other + 1) } { (name) } " " }
                    }
                }
                @if let Some(crop) = crop {
                    img src=(crop.uri) width=(crop.kept.size[0]) height=(crop.kept.size[1])
                        alt={ (words::name(catalogue, &finding.feature)) ": " (zone.as_deref().unwrap_or_default()) };
                }
                @if let Some(look) = words::look(catalogue, finding) {
                    p.look.small { b { (self.say("report.by-hand")) ": " } (look) }
                }
            }
        }
    }

    /// What a person can feel, tilt and hold against the light on a note of this design.
    fn by_hand(&self) -> Markup {
        let Some(design) = self.design else {
            return html! {};
        };
        let wanted: Vec<(&str, &SecurityFeature)> = METHODS
            .iter()
            .flat_map(|(method, kinds)| {
                design
                    .features
                    .iter()
                    .filter(|f| !f.unverified && kinds.contains(&f.kind.as_str()))
                    .map(move |f| (*method, f))
            })
            .collect();
        if wanted.is_empty() {
            return html! {};
        }
        html! {
            section {
                h3 { (self.say("report.hand-check")) }
                ul.small {
                    @for (method, feature) in &wanted {
                        li { b { (self.say(&format!("method.{method}"))) } " " (self.expected(feature)) }
                    }
                }
            }
        }
    }

    /// What a genuine note shows: in the words of the reference note where they are in the page's
    /// language, else in those for the kind of feature.
    fn expected(&self, feature: &SecurityFeature) -> String {
        let kind = self.say(&format!("kind.{}", feature.kind)).to_owned();
        let text = feature.text.as_deref().unwrap_or_default();
        let about = if text.is_empty() {
            String::new()
        } else {
            self.page
                .catalogue
                .fill("report.feature-text", &[("text", text)])
        };
        self.page.catalogue.fill(
            "report.feature",
            &[
                ("kind", &kind),
                ("expect", &feature.expect),
                ("text", &about),
            ],
        )
    }

    fn agreed(&self) -> Markup {
        let catalogue = self.page.catalogue;
        let agreeing: Vec<&Finding> = self
            .examination
            .findings
            .iter()
            .filter(|f| f.outcome == Outcome::Agrees)
            .collect();
        if agreeing.is_empty() {
            return html! {};
        }
        html! {
            details.more {
                summary { (catalogue.fill("report.agreed", &[("count", &agreeing.len().to_string())])) }
                ul.small {
                    @for finding in &agreeing {
                        li {
                            b { (words::name(catalogue, &finding.feature)) }
                            @if let Some(record) = self.examination.files.get(finding.file) {
                                " (" (self.caption(record)) ")"
                            }
                            ": " (words::sentence(catalogue, finding))
                            @if let Some(measured) = words::measured(catalogue, finding) {
                                " " (measured)
                            }
                        }
                    }
                }
            }
        }
    }

    fn not_examined(&self) -> Markup {
        let catalogue = self.page.catalogue;
        let mut causes: Vec<(String, Vec<&str>)> = Vec::new();
        let left = self
            .examination
            .findings
            .iter()
            .filter(|f| f.outcome == Outcome::NotExamined);
        for finding in left {
            let cause = words::cause(catalogue, finding);
            let name = words::name(catalogue, &finding.feature);
            match causes.iter_mut().find(|(c, _)| *c == cause) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => causes.push((cause, vec![name])),
            }
        }
        if causes.is_empty() {
            return html! {};
        }
        let count: usize = causes.iter().map(|(_, names)| names.len()).sum();
        html! {
            details.more {
                summary { (catalogue.fill("report.not-examined", &[("count", &count.to_string())])) }
                ul.small {
                    @for (cause, names) in &causes { li { b { (catalogue.list(names)) } ": " (cause) } }
                }
            }
        }
    }

    /// The fields that a report of a counterfeit asks for.
    fn fields(&self) -> Markup {
        let examination = self.examination;
        let say = |key| self.page.catalogue.text(key);
        let mut fields: Vec<(&str, String)> = Vec::new();
        if let Some(identity) = &examination.identity {
            fields.push((
                say("field.denomination"),
                format!("{} {}", identity.currency, identity.denomination),
            ));
            if let Some(design) = self.design {
                fields.push((say("field.edition"), format!("{} ({})", design.edition, design.id)));
            }
            fields.extend(
                identity
                    .series
                    .iter()
                    .map(|s| (say("field.series"), s.clone())),
            );
        }
        if let Some(serial) = &examination.serial {
            match &serial.text {
                Some(text) => fields.push((say("field.serial"), text.clone())),
                None => fields.extend(serial.readings.iter().map(|r| {
                    let text = r.text.as_deref().unwrap_or("?");
                    (say("field.serial-unsure"), format!("{text} ({})", r.place))
                })),
            }
        }
        fields.push((
            say("field.verdict"),
            format!(
                "{} (ECB/2010/14: {})",
                words::verdict(self.page.catalogue, examination.verdict),
                examination.category
            ),
        ));
        for file in &examination.files {
            fields.push((say("field.file"), file.path.clone()));
            fields.extend(file.sha256.iter().map(|s| (say("field.sha256"), s.clone())));
        }
        html! {
            section {
                h3 {
                    (say("report.fields"))
                    button type="button" data-copy data-done=(say("report.copied")) { (say("report.copy")) }
                }
                dl.fields.small data-fields {
                    @for (name, value) in &fields { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

/// How a person examines which kinds of feature, in the order of a hand check.
const METHODS: [(&str, &[&str]); 5] = [
    ("feel", &["intaglio-print", "touch-lines"]),
    ("tilt", &["optically-variable-ink", "latent-image"]),
    (
        "light",
        &[
            "watermark",
            "white-watermark",
            "security-thread",
            "see-through-register",
        ],
    ),
    (
        "look",
        &["windowed-thread", "visible-fibres", "serial-colour"],
    ),
    ("lens", &["microprint"]),
];

fn strength(finding: &Finding) -> &'static str {
    if finding.doubtful {
        "doubtful"
    } else {
        "deviates"
    }
}

/// A number in a drawing.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rect(zone: RectMm, class: &str) -> Markup {
    html! {
        rect class=(class) x=(short(zone.x)) y=(short(zone.y)) width=(short(zone.width)) height=(short(zone.height)) {}
    }
}

fn flagged_zone(number: usize, zone: RectMm, finding: &Finding) -> Markup {
    let strength = strength(finding);
    let (x, y) = (zone.x.max(1.0) + 1.0, zone.y.max(1.0) + 1.0);
    html! {
        (rect(zone, &format!("zone {strength}")))
        circle.flag-ground.(strength) cx=(short(x)) cy=(short(y)) r="2.9" {}
        text.flag x=(short(x)) y=(short(y)) { (number) }
    }
}

/// Width of the drawing of a range, and of the free space at its ends.
const SCALE: (f64, f64) = (300.0, 24.0);

/// The range expected as a bar, the value as a mark beside or within it.
fn scale(finding: &Finding, label: &str) -> Markup {
    let (Some(value), Some([low, high])) = (finding.value, finding.expected) else {
        return html! {};
    };
    let (from, to) = (low.min(value), high.max(value));
    let span = (to - from).max(f64::MIN_POSITIVE);
    let x = |v: f64| SCALE.1 + (v - from) / span * (SCALE.0 - 2.0 * SCALE.1);
    let end = |v: f64, other: f64| if v < other { "start" } else { "end" };
    html! {
        svg.scale viewBox="0 0 300 46" role="img" aria-label=(label) {
            line x1="4" x2="296" y1="24" y2="24" stroke="#8c959f" {}
            rect x=(short(x(low))) y="19" width=(short((x(high) - x(low)).max(2.0))) height="10" fill="#8fc79f" stroke="#116329" {}
            text x=(short(x(low))) y="42" text-anchor=(end(low, high)) { (words::number(low)) }
            text x=(short(x(high))) y="42" text-anchor=(end(high, low)) { (words::number(high)) }
            path d={ "M" (short(x(value))) " 30l-5-14h10z" } fill="#1b1f24" {}
            text.value x=(short(x(value))) y="12" text-anchor="middle" { (words::number(value)) }
        }
    }
}
