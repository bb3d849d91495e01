//! A page for people: one file that opens from disk and asks for nothing from elsewhere.
//!
//! The page of each note is held back as text in a `script` element that no browser runs, and becomes
//! part of the document when the note is opened; so a batch of thousands costs the browser its list.

mod pictures;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use pictures::{Album, Picture, Shows, budget, pictures};

use super::said::said;
use super::{Examination, FileRecord, words};
use crate::drift::Comparison;
use crate::findings::TOGETHER;
use crate::language::{Catalogue, Language};
use crate::note::{Light, RectMm};
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
    /// How the scans differ from the enrolled ones: see [`crate::drift`].
    pub drift: &'a [Comparison],
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
        let count = |verdict| examinations.iter().filter(|e| e.verdict == verdict).count();
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
            @let drift: Vec<String> = self.drift.iter().filter_map(|c| words::drift(self.catalogue, c)).collect();
            @if !drift.is_empty() {
                section.warning aria-label=(say("drift.title")) {
                    h2 { (say("drift.title")) }
                    @for sentence in &drift { p { (sentence) } }
                }
            }
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
        // What deviates has a card of its own.
        let told: Vec<String> = deviating
            .iter()
            .map(|(_, finding)| words::sentence(self.page.catalogue, finding))
            .collect();
        let general: Vec<&String> = reasons.iter().filter(|r| !told.contains(r)).collect();
        html! {
            p.meaning.(verdict.as_str()) { (self.say(&format!("verdict.{}.meaning", verdict.as_str()))) }
            @if !general.is_empty() {
                ul { @for reason in general { li { (reason) } } }
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
        let view = image.kept.view_mm.unwrap_or_else(|| {
            RectMm::from([
                0.0,
                0.0,
                160.0,
                160.0 * f64::from(height) / f64::from(width.max(1)),
            ])
        });
        let alt = format!("{}: {}", self.examination.note, self.caption(record));
        let middle = view.middle();
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
                    p.small { (self.say("finding.details")) " " (said(catalogue, &finding.why)) }
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
        let mut wanted: Vec<(&str, String)> = Vec::new();
        for (method, kinds) in METHODS {
            let fitting = design
                .features
                .iter()
                .filter(|f| !f.unverified && method_fits(method, kinds, f));
            for feature in fitting {
                let line = (method, self.expected(feature));
                if !wanted.contains(&line) {
                    wanted.push(line);
                }
            }
        }
        if wanted.is_empty() {
            return html! {};
        }
        html! {
            section {
                h3 { (self.say("report.hand-check")) }
                ul.small {
                    @for (method, expected) in &wanted {
                        li { b { (self.say(&format!("method.{method}"))) } " " (expected) }
                    }
                }
            }
        }
    }

    /// What a genuine note shows: in English as the reference note says it, else in the words for the
    /// kind of feature.
    fn expected(&self, feature: &SecurityFeature) -> String {
        let catalogue = self.page.catalogue;
        if catalogue.language == Language::English {
            return feature.expect.clone();
        }
        let mut said = catalogue.text(&format!("kind.{}", feature.kind)).to_owned();
        if let Some(text) = &feature.text {
            said.push_str(&catalogue.fill("report.feature-text", &[("text", text)]));
        }
        said
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
                fields.push((
                    say("field.edition"),
                    format!("{} ({})", design.edition, design.id),
                ));
            }
            fields.extend(
                identity
                    .series
                    .iter()
                    .map(|s| (say("field.series"), s.clone())),
            );
        }
        if let Some(serial) = &examination.serial {
            let marks = &serial.marks;
            let district = marks.district.map(String::from);
            let plate_back = marks.plate_back.map(|n| n.to_string());
            for (key, value) in [
                ("field.position", &marks.position),
                ("field.plate-front", &marks.plate_front),
                ("field.plate-back", &plate_back),
                ("field.district", &district),
            ] {
                fields.extend(value.iter().map(|v| (say(key), v.clone())));
            }
            match &serial.text {
                Some(text) => fields.push((say("field.serial"), text.clone())),
                None => fields.extend(serial.readings.iter().map(|r| {
                    let text = r.text.as_deref().unwrap_or("?");
                    let place =
                        words::zone_name(self.page.catalogue, &format!("serial-{}", r.place));
                    (say("field.serial-unsure"), format!("{text} ({place})"))
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
const METHODS: [(&str, &[&str]); 6] = [
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
    (
        "lamp",
        &[
            "paper-fluorescence",
            "fluorescent-print",
            "fluorescent-fibres",
            "security-thread",
        ],
    ),
];

fn method_fits(method: &str, kinds: &[&str], feature: &SecurityFeature) -> bool {
    let lamp = feature.light == Some(Light::Ultraviolet);
    kinds.contains(&feature.kind.as_str()) && lamp == (method == "lamp")
}

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
const SCALE: (f64, f64) = (300.0, 44.0);

/// The range expected as a bar, the value as a mark beside or within it.
fn scale(finding: &Finding, label: &str) -> Markup {
    let (Some(value), Some([low, high])) = (finding.value, finding.expected) else {
        return html! {};
    };
    let (from, to) = (low.min(value), high.max(value));
    let span = (to - from).max(f64::MIN_POSITIVE);
    let x = |v: f64| SCALE.1 + (v - from) / span * (SCALE.0 - 2.0 * SCALE.1);
    // Labels stand below the bar's ends; outside of it where it is too narrow for both.
    let narrow = x(high) - x(low) < 90.0;
    let end = |lower: bool| if lower == narrow { "end" } else { "start" };
    html! {
        svg.scale viewBox="0 0 300 46" role="img" aria-label=(label) {
            line x1="4" x2="296" y1="24" y2="24" stroke="#8c959f" {}
            rect x=(short(x(low))) y="19" width=(short((x(high) - x(low)).max(2.0))) height="10" fill="#8fc79f" stroke="#116329" {}
            text x=(short(x(low))) y="42" text-anchor=(end(true)) { (words::number(low)) }
            text x=(short(x(high))) y="42" text-anchor=(end(false)) { (words::number(high)) }
            path d={ "M" (short(x(value))) " 30l-5-14h10z" } fill="#1b1f24" {}
            text.value x=(short(x(value))) y="12" text-anchor="middle" { (words::number(value)) }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;

    use super::*;
    use crate::drift::Moved;
    use crate::note::Side;
    use crate::report::samples::one_dollar;
    use crate::report::{MarksRecord, ReadingRecord, SerialRecord};

    fn examination(note: &str, serial: Option<&str>, findings: Vec<Finding>) -> Examination {
        let mut examination = one_dollar(note, &format!("{note}.jpg"), findings);
        for file in &mut examination.files {
            file.sha256 = Some("0".repeat(64));
            file.px_per_mm = Some(11.8);
            (file.width, file.height) = (Some(1800), Some(760));
            file.turned = Some(0);
        }
        examination.serial = Some(SerialRecord {
            text: serial.map(str::to_owned),
            confidence: 0.99,
            readings: vec![ReadingRecord {
                place: "upper-right".to_owned(),
                text: serial.map(str::to_owned),
                confidence: 0.99,
            }],
            marks: MarksRecord {
                position: Some("B2".to_owned()),
                ..MarksRecord::default()
            },
        });
        examination
    }

    fn finding(feature: &str, outcome: Outcome, p_value: f64) -> Finding {
        Finding {
            zone_mm: Some(RectMm::from([20.0, 10.0, 30.0, 12.0])),
            value: Some(1.9),
            unit: "of the sharpest edge".to_owned(),
            expected: Some([1.1, 1.4]),
            p_value: Some(p_value),
            ..Finding::new(feature, outcome, "line-acuity (portrait): 1.9".to_owned())
        }
    }

    fn page(examinations: &[Examination], language: Language) -> String {
        let library = Library::built_in().unwrap();
        let mut album = Album::new(Cursor::new(Vec::new()));
        for _ in examinations {
            let picture = |shows| Picture {
                shows,
                view_mm: Some(RectMm::from([0.0, 0.0, 156.0, 66.3])),
                size: [10, 4],
                jpeg: b"picture".to_vec(),
            };
            album
                .add(&[picture(Shows::File(0)), picture(Shows::Finding(0))])
                .unwrap();
        }
        let page = Page {
            library: &library,
            catalogue: language.catalogue(),
            made: "2026-01-02T03:04:05Z",
            drift: &[Comparison {
                design: "usd-1-1963".to_owned(),
                side: Side::Front,
                notes: 12,
                enrolled: 64,
                scanner: "<b>desk</b> scanner".to_owned(),
                p_value: 0.001,
                moved: vec![Moved {
                    feature: "paper-tint",
                    place: "yellow-blue".to_owned(),
                    median: -0.25,
                    enrolled: -0.125,
                    spreads: 3.0,
                    p_value: 0.001,
                }],
            }],
        };
        let mut out = Vec::new();
        write(&mut out, &page, examinations, &mut album).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_text_whatever_they_say() {
        let names = [
            "<img src=x onerror=alert(1)>",
            "</script><script>alert(1)</script>",
            "\"quoted\" 'and' &amp;",
            "two\nlines",
            "<!-- <script>",
            &"x".repeat(200),
        ];
        let notes: Vec<Examination> = names
            .iter()
            .map(|name| {
                let mut note = examination(
                    name,
                    Some("K91746345B"),
                    vec![finding("line-acuity", Outcome::Deviates, 1e-6)],
                );
                note.findings[0].why = (*name).to_owned();
                note
            })
            .collect();
        let page = page(&notes, Language::English);
        // One script that holds a note back for each, and the page's own.
        assert_eq!(page.matches("<script").count(), notes.len() + 1);
        assert_eq!(page.matches("</script").count(), notes.len() + 1);
        assert!(!page.contains("<img src=x") && !page.contains("<!--"));
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
        assert!(page.contains(names[5]));
        // Nothing is asked for from elsewhere.
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    }

    #[test]
    fn a_scanner_that_changed_is_said_above_the_notes() {
        for (language, expected) in [
            (
                Language::English,
                "the 12 fronts of usd-1-1963 differ from the 64 enrolled (&lt;b&gt;desk&lt;/b&gt; scanner): \
                 Colour of the paper (yellow to blue) reads \u{2212}0.25 in the middle, \u{2212}0.125 enrolled;",
            ),
            (
                Language::Chinese,
                "usd-1-1963 的 12 张正面与登记的 64 张（&lt;b&gt;desk&lt;/b&gt; scanner）不同：",
            ),
        ] {
            let page = page(&[examination("1", None, vec![])], language);
            let at = page.find(expected);
            assert!(
                at.is_some_and(|at| at < page.find("<details").unwrap()),
                "{page}"
            );
        }
    }

    #[test]
    fn a_finding_is_said_drawn_and_shown() {
        let mut odd = finding("line-acuity", Outcome::Deviates, 2.2e-4);
        odd.why.push_str(
            "; the scan is softer than the enrolled ones (edges of ink are 2.38 px wide)",
        );
        let well = finding("line-spectrum", Outcome::Agrees, 0.4);
        let mut blind = finding("dot-noise", Outcome::NotExamined, 0.0);
        blind.p_value = None;
        blind.why = "dot-noise: JPEG too strong: quality 40".to_owned();
        let notes = [examination("1", Some("K91746345B"), vec![odd, well, blind])];
        for (language, expected) in [
            (
                Language::English,
                [
                    "Printed lines are not as sharp as on genuine notes.",
                    "Measured 1.9 times the sharpest edge; genuine notes: 1.1 to 1.4.",
                    "about 1 in 4,500 genuine notes",
                    "The scan was compressed too strongly",
                    "Fine lines are as on genuine notes.",
                    "<li>The scan is softer or sharper than those of the genuine notes",
                ],
            ),
            (
                Language::Chinese,
                [
                    "印刷线条的清晰度与真币不同。",
                    "实测 1.9 倍（最锐边缘宽度）；真币为 1.1 至 1.4。",
                    "每 4,500 张真币",
                    "图像压缩过强",
                    "细线与真币相同。",
                    "<li>扫描比已录入真币的扫描更模糊或更锐利",
                ],
            ),
        ] {
            let page = page(&notes, language);
            for sentence in expected {
                assert!(page.contains(sentence), "{sentence}");
            }
            assert!(page.contains("class=\"zone deviates\""));
            assert_eq!(
                page.matches("data:image/jpeg;base64,cGljdHVyZQ==").count(),
                2
            );
            assert!(page.contains("data-search=\"1 k91746345b usd 1\""));
        }
    }

    #[test]
    fn notes_with_one_number_are_linked() {
        let mut notes = vec![
            examination("a", Some("K91746345B"), Vec::new()),
            examination("b", Some("K91746346B"), Vec::new()),
            examination("c", Some("K91746345B"), Vec::new()),
        ];
        for (index, note) in notes.iter_mut().enumerate() {
            note.files[0].sha256 = Some(index.to_string());
        }
        crate::batch::find_repeats(&mut notes);
        let page = page(&notes, Language::English);
        assert!(page.contains("<a href=\"#n3\">c</a>") && page.contains("<a href=\"#n1\">a</a>"));
        assert!(!page.contains("href=\"#n2\""));
    }

    #[test]
    fn what_needs_a_person_comes_first() {
        let notes = [
            examination(
                "good",
                None,
                vec![finding("line-acuity", Outcome::Agrees, 0.5)],
            ),
            examination(
                "odd",
                None,
                vec![finding("line-acuity", Outcome::Deviates, 1e-6)],
            ),
        ];
        let page = page(&notes, Language::English);
        let place = |id: &str| page.find(&format!("id=\"{id}\"")).unwrap();
        assert!(place("n2") < place("n1"));
    }
}
