//! Formats of keys: the directives of Python's `strftime`, and `{quarter}`.

use jiff::Zoned;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use super::Error;

const QUARTER: &str = "{quarter}";

/// Writes an instant.
pub(super) fn format(at: &Zoned, format: &str) -> Result<String, Error> {
    // Python's %f has always six digits.
    let text = jiff::fmt::strtime::format(format.replace("%f", "%6f"), at)
        .map_err(|error| Error::Format(format.to_owned(), error.to_string()))?;
    Ok(text.replace(QUARTER, &quarter(at.datetime()).to_string()))
}

/// 1 to 4.
fn quarter(at: DateTime) -> i8 {
    (at.month() - 1) / 3 + 1
}

/// Reads an instant. What the format leaves out is as in Python: the first of January, midnight. The offset, if the
/// key has one.
pub(super) fn parse(key: &str, format: &str) -> Result<(DateTime, Option<Offset>), Error> {
    let wrong = || Error::Form { key: key.to_owned(), format: format.to_owned() };
    if format.contains(QUARTER) || format.contains("%V") {
        return parse_fixed(key, format).map(|at| (at, None)).ok_or_else(wrong);
    }
    let parsed = BrokenDownTime::parse(format, key).map_err(|_| wrong())?;
    let date = Date::new(parsed.year().unwrap_or(1900), parsed.month().unwrap_or(1), parsed.day().unwrap_or(1));
    let time = Time::new(
        parsed.hour().unwrap_or(0),
        parsed.minute().unwrap_or(0),
        parsed.second().unwrap_or(0),
        parsed.subsec_nanosecond().unwrap_or(0),
    );
    match (date, time) {
        (Ok(date), Ok(time)) => Ok((date.to_datetime(time), parsed.offset())),
        _ => Err(wrong()),
    }
}

/// Reads a key of directives that have a fixed number of digits, and `{quarter}`: what a week's number says besides
/// the date is passed over.
fn parse_fixed(key: &str, format: &str) -> Option<DateTime> {
    let (mut key, mut format) = (key, format);
    let (mut year, mut month, mut day, mut first_month) = (None, None, None, None);
    while !format.is_empty() {
        if let Some(rest) = format.strip_prefix(QUARTER) {
            let digit = digits(&mut key, 1)?;
            if !(1..=4).contains(&digit) {
                return None;
            }
            first_month = Some((digit - 1) * 3 + 1);
            format = rest;
            continue;
        }
        let directive = format.strip_prefix('%').and_then(|rest| rest.chars().next());
        match directive {
            Some('Y') => year = Some(digits(&mut key, 4)?),
            Some('m') => month = Some(digits(&mut key, 2)?),
            Some('d') => day = Some(digits(&mut key, 2)?),
            Some('H' | 'M' | 'S' | 'V' | 'U' | 'W') => {
                digits(&mut key, 2)?;
            }
            _ => {
                let literal = format.chars().next()?;
                key = key.strip_prefix(literal)?;
                format = &format[literal.len_utf8()..];
                continue;
            }
        }
        format = &format[2..];
    }
    if !key.is_empty() {
        return None;
    }
    let month = i8::try_from(first_month.or(month)?).ok()?;
    let day = if first_month.is_some() { 1 } else { i8::try_from(day?).ok()? };
    Some(Date::new(i16::try_from(year?).ok()?, month, day).ok()?.to_datetime(Time::midnight()))
}

fn digits(key: &mut &str, count: usize) -> Option<i32> {
    let (head, tail) = key.split_at_checked(count)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    *key = tail;
    head.parse().ok()
}
