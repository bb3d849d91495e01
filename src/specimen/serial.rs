//! Serial numbers of XTS: two letters, eight digits, a check letter. The same rules stand in
//! `reference-notes/xts/series.toml`, for whoever checks them.

use std::fmt;
use std::str::FromStr;

use super::SpecimenError;

/// The letters of serials and their values 0..=22: none that looks like a digit.
pub const LETTERS: [char; 23] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S', 'T', 'U', 'V',
    'W', 'X', 'Y', 'Z',
];

/// Districts: the letter in the serial and the seal, the number printed four times, the name round the seal.
pub const DISTRICTS: [(char, u8, &str); 12] = [
    ('A', 1, "ALDER"),
    ('B', 2, "BEECH"),
    ('C', 3, "CEDAR"),
    ('D', 4, "DOUM"),
    ('E', 5, "ELM"),
    ('F', 6, "FIR"),
    ('G', 7, "GUM"),
    ('H', 8, "HAZEL"),
    ('J', 9, "JUNIPER"),
    ('K', 10, "KAPOK"),
    ('L', 11, "LARCH"),
    ('M', 12, "MAPLE"),
];

/// Series letters and the year printed on the note.
pub const SERIES: [(char, u16); 2] = [('A', 2024), ('B', 2026)];

/// Highest number printed: 18 runs of 40 positions of 100,000 sheets.
pub const HIGHEST: u32 = 72_000_000;

/// Sheets in a run: consecutive numbers lie on the same position of consecutive sheets.
const SHEETS: u32 = 100_000;
/// Notes on a sheet: columns A to H, rows 1 to 5.
const POSITIONS: u32 = 40;

/// A serial number that obeys the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct XtsSerial {
    /// Series letter.
    pub series: char,
    /// District letter.
    pub district: char,
    /// 1..=72,000,000.
    pub number: u32,
}

/// The check letter of ten characters: the sum of the characters' values, weighted 2, 3, … 11 from the left,
/// modulo 23. A letter's value is its place among [`LETTERS`], a digit's is the digit.
pub fn check_letter(ten: &str) -> Option<char> {
    let mut sum = 0;
    for (i, c) in ten.chars().enumerate() {
        let value = match c.to_digit(10) {
            Some(digit) => digit as usize,
            None => LETTERS.iter().position(|&l| l == c)?,
        };
        sum += value * (i + 2);
    }
    LETTERS.get(sum % LETTERS.len()).copied()
}

impl XtsSerial {
    /// The number on the sheet: column letter A..H and row 1..5, from the number alone.
    pub fn position(&self) -> String {
        let k = (self.number.saturating_sub(1) / SHEETS) % POSITIONS;
        let column = char::from(b'A' + (k % 8) as u8);
        format!("{column}{}", k / 8 + 1)
    }

    /// The year printed on the note.
    pub fn year(&self) -> u16 {
        SERIES
            .iter()
            .find(|s| s.0 == self.series)
            .map_or(0, |s| s.1)
    }

    /// Number and name of the district.
    pub fn district(&self) -> (u8, &'static str) {
        DISTRICTS
            .iter()
            .find(|d| d.0 == self.district)
            .map_or((0, ""), |d| (d.1, d.2))
    }
}

impl fmt::Display for XtsSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ten = format!("{}{}{:08}", self.series, self.district, self.number);
        write!(f, "{ten}{}", check_letter(&ten).unwrap_or('-'))
    }
}

impl FromStr for XtsSerial {
    type Err = SpecimenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &'static str| SpecimenError::Serial {
            text: text.to_owned(),
            why,
        };
        let chars: Vec<char> = text.chars().collect();
        let [series, district, digits @ .., check] = chars.as_slice() else {
            return Err(wrong(
                "it has 11 characters: two letters, eight digits, a check letter",
            ));
        };
        if digits.len() != 8 || !digits.iter().all(char::is_ascii_digit) {
            return Err(wrong(
                "eight digits stand between two letters and the check letter",
            ));
        }
        if !SERIES.iter().any(|s| s.0 == *series) {
            return Err(wrong("the first letter is a series, A or B"));
        }
        if !DISTRICTS.iter().any(|d| d.0 == *district) {
            return Err(wrong("the second letter is a district, A to H or J to M"));
        }
        let number = digits
            .iter()
            .filter_map(|d| d.to_digit(10))
            .fold(0, |n, d| 10 * n + d);
        if !(1..=HIGHEST).contains(&number) {
            return Err(wrong("numbers run from 00000001 to 72000000"));
        }
        let serial = Self {
            series: *series,
            district: *district,
            number,
        };
        if !serial.to_string().ends_with(*check) {
            return Err(wrong(
                "the check letter does not fit the other ten characters",
            ));
        }
        Ok(serial)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_single_error_breaks_the_check() {
        let serial = XtsSerial {
            series: 'A',
            district: 'G',
            number: 31_415_926,
        };
        let text = serial.to_string();
        assert_eq!(text.parse::<XtsSerial>().unwrap(), serial);
        for i in 2..10 {
            for d in '0'..='9' {
                let mut other: Vec<char> = text.chars().collect();
                if other[i] != d {
                    other[i] = d;
                    assert!(
                        other
                            .iter()
                            .collect::<String>()
                            .parse::<XtsSerial>()
                            .is_err()
                    );
                }
            }
        }
    }

    #[test]
    fn positions_follow_the_runs() {
        let at = |number| {
            XtsSerial {
                series: 'A',
                district: 'A',
                number,
            }
            .position()
        };
        assert_eq!(
            (at(1), at(100_000), at(100_001)),
            ("A1".into(), "A1".into(), "B1".into())
        );
        assert_eq!(
            (at(800_001), at(4_000_000), at(4_000_001)),
            ("A2".into(), "H5".into(), "A1".into())
        );
    }
}
