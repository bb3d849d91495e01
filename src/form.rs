//! Forms: what is known of a note, as a page to be completed by a person and printed.
//!
//! A page holds the fields of a form, not the form itself: numbers and layout of the official paper are its
//! publisher's. Nothing is guessed; what the scan does not say stays open, to be typed in the page or written on the
//! print.
//!
//! [`ssf1604`]: the Counterfeit Note Report of the US Secret Service, one for each note (Federal Reserve Financial
//! Services, Fed360 of 2019-11-01, "How to report counterfeit money"). It asks for denomination, serial
//! number, series and plate numbers, and for how the note was received (LegalClarity, "How to Fill Out a Counterfeit
//! Note Report"); notes are described by check letter, face and back plate numbers (Federal Reserve Bank of New York,
//! circular of 1972-02-17).
//!
//! [`cny`]: 假币收缴凭证, the receipt for seized counterfeit money, by the sample in annex 1 to the rules that put
//! Order 2019 No. 3 of the People's Bank of China into force (sample as published 2020-12-14): the bank, the person or
//! unit, and for each note currency, face value, edition, serial number, count and amount.

use maud::{DOCTYPE, Markup, html};

use crate::record::Record;
use crate::verdict::Verdict;

/// Why a note has no form.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum FormError {
    /// There is nothing to report.
    #[error("note {0:?} passed: no defect was found, so there is nothing to report")]
    Passed(String),
    /// Nothing is known of it.
    #[error("note {0:?} is unreadable: nothing is known that could be filled in; scan it again")]
    Unreadable(String),
    /// Another authority's note.
    #[error(
        "note {note:?} is recognised as {currency}, but the Secret Service's form is for US dollars: use --kind cny"
    )]
    NotDollars {
        /// The note.
        note: String,
        /// Its currency.
        currency: String,
    },
}

/// The data of the Counterfeit Note Report for a note.
///
/// # Errors
/// [`FormError`] where such a report makes no sense.
pub fn ssf1604(record: &Record) -> Result<String, FormError> {
    reportable(record)?;
    let identity = record.identity.as_ref();
    if let Some(identity) = identity
        && identity.currency.to_string() != "USD"
    {
        return Err(FormError::NotDollars {
            note: record.note.clone(),
            currency: identity.currency.to_string(),
        });
    }
    let serial = serial(record);
    let marks = record.serial.as_ref().map(|s| &s.marks);
    let plate_back = marks.and_then(|m| m.plate_back).map(|n| n.to_string());
    let body = html! {
        h1 { "Counterfeit Note Report" }
        p.lead {
            "Data for form SSF 1604 of the United States Secret Service, one for each note. This page is not the form: "
            "copy it there, or enclose it. What is open is for you to complete."
        }
        section {
            h2 { "Suspected note" }
            dl {
                (field("Denomination", identity.map(|i| format!("${}", i.denomination)).as_deref()))
                (field("Serial number", serial))
                (field("Series year", identity.and_then(|i| i.series.as_deref())))
                (field("Bank letter", serial.and_then(bank_letter).as_deref()))
                (field("Note position (check letter and quadrant)", marks.and_then(|m| m.position.as_deref())))
                (field("Face plate number", marks.and_then(|m| m.plate_front.as_deref())))
                (field("Back plate number", plate_back.as_deref()))
            }
            (partial_readings(record, "Read in part; complete it from the note:"))
        }
        section {
            h2 { "How it was received" }
            dl {
                (field("Date and time received", None))
                (field("Received from (name, address)", None))
                (field("Description of person or vehicle, if passed by hand", None))
                (field("Account credited, if deposited", None))
            }
        }
        section {
            h2 { "Reported by" }
            dl {
                (field("Bank or business", None))
                (field("Address", None))
                (field("Contact person, telephone", None))
                (field("Date, initials (also on the note's white border)", None))
            }
        }
        (evidence(record, &ENGLISH))
        p.small {
            "A checker of scans finds reasons for suspicion; whether the note is counterfeit, the Secret Service \
             decides. Do not return the note to the passer; handle it little and keep it in an envelope."
        }
    };
    Ok(page("en", "Counterfeit Note Report", &record.note, &body))
}

/// The data of the 假币收缴凭证 for a note.
///
/// # Errors
/// [`FormError`] where such a receipt makes no sense.
pub fn cny(record: &Record) -> Result<String, FormError> {
    reportable(record)?;
    let identity = record.identity.as_ref();
    let currency = identity.map(|i| match i.currency.to_string().as_str() {
        "CNY" => "人民币".to_owned(),
        "USD" => "美元".to_owned(),
        other => other.to_owned(),
    });
    let yuan = identity.is_some_and(|i| i.currency.to_string() == "CNY");
    let value = identity.map(|i| {
        let unit = if yuan { "元" } else { "" };
        format!("{}{unit}", i.denomination)
    });
    // A renminbi design is an edition; its id ends with the year. A dollar design has many series.
    let edition = identity.and_then(|i| match i.design.rsplit('-').next() {
        Some(year) if yuan => Some(format!("{year}年版")),
        _ => i.series.clone(),
    });
    let amount = identity.map(|i| i.denomination.clone());
    let cell = |name: &str, value: Option<&str>| html! { td { (content(name, value)) } };
    let body = html! {
        h1 { "假币收缴凭证" }
        p.lead {
            "本页列出《假币收缴凭证》所需内容，并非正式凭证；请据此填写统一印制的凭证。空白处由经办人补全。"
        }
        section {
            dl {
                (field("编号", None))
                (field("收缴单位（盖章）", None))
                (field("联系电话", None))
            }
        }
        section {
            h2 { label { input type="checkbox"; " 被收缴人为个人" } }
            dl {
                (field("姓名", None))
                (field("联系方式（选填）", None))
                (field("有效证件类型", None))
                (field("有效证件号码", None))
            }
        }
        section {
            h2 { label { input type="checkbox"; " 被收缴人为单位" } }
            dl {
                (field("单位名称", None))
                (field("单位经办人姓名", None))
                (field("单位经办人联系方式（选填）", None))
                (field("单位经办人有效证件类型", None))
                (field("单位经办人有效证件号码", None))
            }
        }
        section {
            h2 { "可疑币" }
            table {
                thead {
                    tr {
                        @for name in ["币种", "券别", "版别", "冠字号码（如有）", "数量（张、枚）", "金额（元）"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    tr {
                        (cell("币种", currency.as_deref()))
                        (cell("券别", value.as_deref()))
                        (cell("版别", edition.as_deref()))
                        (cell("冠字号码", serial(record)))
                        (cell("数量", Some("1")))
                        (cell("金额", amount.as_deref()))
                    }
                }
            }
            (partial_readings(record, "冠字号码未完整识读，请对照实物补全："))
            dl { (field("备注", None)) }
        }
        section {
            dl {
                (field("被收缴人签字", None))
                (field("日期", None))
                (field("经办", None))
                (field("复核", None))
            }
        }
        (evidence(record, &CHINESE))
        p.small {
            "扫描检查只能提出可疑之处，收缴须由两名以上业务人员当面进行。被收缴人对真伪有异议的，可自收缴之日起3个工作日内"
            "申请鉴定。凭证一式二份，收缴单位和被收缴人各持一份。"
        }
    };
    Ok(page("zh-CN", "假币收缴凭证", &record.note, &body))
}

fn reportable(record: &Record) -> Result<(), FormError> {
    match record.verdict {
        Verdict::Passed => Err(FormError::Passed(record.note.clone())),
        Verdict::Unreadable => Err(FormError::Unreadable(record.note.clone())),
        Verdict::Suspect | Verdict::Unclear | Verdict::Unrecognised => Ok(()),
    }
}

fn serial(record: &Record) -> Option<&str> {
    record.serial.as_ref()?.text.as_deref()
}

/// The letter of the Federal Reserve Bank: the last one before the digits, A to L (US Currency Education Program, bank
/// note identifiers).
fn bank_letter(serial: &str) -> Option<String> {
    serial
        .chars()
        .take_while(|c| !c.is_ascii_digit())
        .last()
        .filter(|c| ('A'..='L').contains(c))
        .map(String::from)
}

/// A number that was not read for sure is no entry, but spares the person most of the reading.
fn partial_readings(record: &Record, lead: &str) -> Markup {
    let readings: Vec<&str> = record
        .serial
        .iter()
        .filter(|serial| serial.text.is_none())
        .flat_map(|serial| &serial.readings)
        .filter_map(|reading| reading.text.as_deref())
        .filter(|text| text.chars().any(|c| c != '?'))
        .collect();
    html! {
        @if !readings.is_empty() {
            p.small { (lead) " " @for reading in &readings { code { (reading) } " " } }
        }
    }
}

fn field(name: &str, value: Option<&str>) -> Markup {
    html! { div { dt { (name) } dd { (content(name, value)) } } }
}

fn content(name: &str, value: Option<&str>) -> Markup {
    html! {
        @match value {
            Some(value) => strong { (value) },
            None => input type="text" aria-label=(name);
        }
    }
}

/// The words around the evidence.
struct Words {
    title: &'static str,
    verdict: &'static str,
    /// Suspect, unclear, unrecognised.
    verdicts: [&'static str; 3],
    scans: &'static str,
    unread: &'static str,
}

const ENGLISH: Words = Words {
    title: "What the scan showed",
    verdict: "Verdict of the checker: ",
    verdicts: ["suspect", "unclear", "unrecognised"],
    scans: "Scans",
    unread: "not read",
};

const CHINESE: Words = Words {
    title: "扫描检查结果",
    verdict: "检查结论：",
    verdicts: ["可疑币", "存疑，需人工核对", "无法识别"],
    scans: "扫描文件",
    unread: "未能读取",
};

fn evidence(record: &Record, words: &Words) -> Markup {
    let [suspect, unclear, unrecognised] = words.verdicts;
    let verdict = match record.verdict {
        Verdict::Suspect => suspect,
        Verdict::Unrecognised => unrecognised,
        // The others have no form.
        Verdict::Unclear | Verdict::Passed | Verdict::Unreadable => unclear,
    };
    html! {
        section.evidence {
            h2 { (words.title) }
            p { (words.verdict) strong { (verdict) } " (" (record.note) ")" }
            @if !record.reasons.is_empty() {
                ul { @for reason in &record.reasons { li { (reason) } } }
            }
            h3 { (words.scans) }
            ul {
                @for file in &record.files {
                    li {
                        (file.path)
                        br;
                        span.small { "SHA-256 " code { (file.sha256.as_deref().unwrap_or(words.unread)) } }
                    }
                }
            }
        }
    }
}

/// Nothing is loaded and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 11pt/1.45 system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif; color: #111;
  background: #fff; max-width: 180mm; margin: 8mm auto; padding: 0 5mm; overflow-wrap: anywhere; }
h1 { font-size: 18pt; margin: 0 0 2mm; }
h2 { font-size: 12pt; margin: 5mm 0 1.5mm; border-bottom: 1px solid #111; }
h3 { font-size: 11pt; margin: 3mm 0 1mm; }
p { margin: 1.5mm 0; }
.lead, .small { color: #444; font-size: 9.5pt; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(70mm, 1fr)); gap: 2mm 6mm; margin: 2mm 0; }
dt { font-size: 9pt; color: #444; }
dd { margin: 0; min-height: 7mm; border-bottom: 1px solid #888; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #888; padding: 1mm 2mm; text-align: left; font-size: 10pt; }
th { font-weight: normal; color: #444; }
input[type=text] { width: 100%; box-sizing: border-box; border: 0; background: #fff8dc; font: inherit; padding: 0.5mm 1mm; }
input:focus { outline: 2px solid #0b57d0; }
ul { margin: 1mm 0; padding-left: 5mm; }
code { font-size: 9pt; }
section { break-inside: avoid; }
.evidence { break-inside: auto; }
td strong { overflow-wrap: normal; }
@media (max-width: 500px) { body { margin: 4mm 0; } dl { grid-template-columns: 1fr; }
  th, td { font-size: 8pt; padding: 1mm; } }
@media print { @page { margin: 10mm; } body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; line-height: 1.3; }
  h2 { margin: 3mm 0 1mm; } dl { grid-template-columns: repeat(3, 1fr); gap: 1mm 5mm; margin: 1mm 0; } dt { font-size: 8pt; }
  input[type=text] { background: none; } }
";

fn page(language: &str, title: &str, note: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (note) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A line as the checker writes it, with other words in some places.
    fn record(changes: &[(&str, &str)]) -> Record {
        let mut line = r#"{"schema":"guilloche.examination/1","note":"NAME","files":[{"path":"PATH","sha256":"ab12","side":"front","light":"visible"}],"identity":{"design":"usd-20-2004","currency":"USD","denomination":"20","series":null},"serial":{"text":"IB12345678C","readings":[]},"findings":[],"verdict":"suspect","reasons":["WHY"]}"#.to_owned();
        for (from, to) in changes {
            assert!(line.contains(from), "{from}");
            line = line.replace(from, to);
        }
        Record::parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_known_is_filled_in_and_the_rest_is_open() {
        let page = ssf1604(&record(&[])).unwrap();
        for known in ["$20", "IB12345678C", "WHY", "PATH", "ab12"] {
            assert!(
                page.contains(&format!(">{known}<")) || page.contains(known),
                "{known}"
            );
        }
        assert!(
            page.contains("<dt>Bank letter</dt><dd><strong>B</strong></dd>"),
            "{page}"
        );
        assert!(page.contains(r#"<input type="text" aria-label="Face plate number">"#));
        assert!(page.contains(r#"<input type="text" aria-label="Series year">"#));
        let marks = r#""readings":[],"marks":{"series":null,"district":"B","district_numbers":[2],"position":"B3","plate_front":"FW C 123","fort_worth":true,"plate_back":77}"#;
        let page = ssf1604(&record(&[(r#""readings":[]"#, marks)])).unwrap();
        for known in ["B3", "FW C 123", "77"] {
            assert!(
                page.contains(&format!("<strong>{known}</strong>")),
                "{known}"
            );
        }
    }

    #[test]
    fn a_receipt_in_chinese() {
        let yuan = record(&[
            ("usd-20-2004", "cny-100-2015"),
            ("USD", "CNY"),
            (r#""20""#, r#""100""#),
        ]);
        let page = cny(&yuan).unwrap();
        for known in ["人民币", "100元", "2015年版", "IB12345678C"] {
            assert!(
                page.contains(&format!("<strong>{known}</strong>")),
                "{known}"
            );
        }
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"zh-CN\">"));
        assert_eq!(
            ssf1604(&yuan),
            Err(FormError::NotDollars {
                note: "NAME".to_owned(),
                currency: "CNY".to_owned()
            })
        );
        // The year of a dollar design is not the series that is printed on the note.
        let page = cny(&record(&[])).unwrap();
        assert!(page.contains("<strong>美元</strong>"));
        assert!(!page.contains("2004"));
    }

    #[test]
    fn a_doubtful_number_is_no_entry() {
        let doubtful = record(&[(
            r#""text":"IB12345678C","readings":[]"#,
            r#""text":null,"readings":[{"place":"left","text":"IB123?5678C"},{"place":"right","text":"???"}]"#,
        )]);
        let page = ssf1604(&doubtful).unwrap();
        assert!(page.contains(r#"aria-label="Serial number">"#));
        assert!(page.contains(r#"aria-label="Bank letter">"#));
        assert!(page.contains("<code>IB123?5678C</code>"));
        assert!(!page.contains("<code>???</code>"));
    }

    #[test]
    fn notes_without_a_form() {
        let with = |verdict: &str| ssf1604(&record(&[("suspect", verdict)]));
        assert_eq!(with("passed"), Err(FormError::Passed("NAME".to_owned())));
        assert_eq!(
            with("unreadable"),
            Err(FormError::Unreadable("NAME".to_owned()))
        );
        assert!(with("unclear").is_ok());
        let unknown = record(&[
            (
                r#"{"design":"usd-20-2004","currency":"USD","denomination":"20","series":null}"#,
                "null",
            ),
            ("suspect", "unrecognised"),
        ]);
        assert!(
            ssf1604(&unknown)
                .unwrap()
                .contains(r#"aria-label="Denomination">"#)
        );
        assert!(cny(&unknown).unwrap().contains(r#"aria-label="币种">"#));
    }

    #[test]
    fn names_are_text() {
        let sly = record(&[
            ("NAME", "<img src=x onerror=alert(1)>"),
            ("PATH", "</title><script>alert(1)</script>' .jpg"),
            ("WHY", "<b>why</b> &amp; more"),
        ]);
        for page in [ssf1604(&sly).unwrap(), cny(&sly).unwrap()] {
            for tag in ["<img", "<script", "<b>"] {
                assert!(!page.contains(tag), "{tag}");
            }
            assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
            assert!(page.contains("&amp;amp; more"));
        }
    }
}
