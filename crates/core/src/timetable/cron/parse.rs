//! Cron expressions from text, field by field, with errors that say what is allowed.

use std::collections::BTreeSet;

use super::days::{DayRule, LAST_WEEK};
use super::{Cron, CronError};

/// One field of an expression.
struct Field {
    name: &'static str,
    min: u16,
    max: u16,
    names: &'static [&'static str],
    /// What people may write, for messages.
    allowed: &'static str,
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const DAY: usize = 2;
const WEEKDAY: usize = 4;

const FIELDS: [Field; 7] = [
    Field { name: "minute", min: 0, max: 59, names: &[], allowed: "0-59" },
    Field { name: "hour", min: 0, max: 23, names: &[], allowed: "0-23" },
    Field { name: "day-of-month", min: 1, max: 31, names: &[], allowed: "1-31, L (the last day), 15W or ?" },
    Field { name: "month", min: 1, max: 12, names: MONTHS, allowed: "1-12 or jan-dec" },
    Field {
        name: "day-of-week",
        min: 0,
        max: 6,
        names: WEEKDAYS,
        allowed: "0-7 (0 and 7 are Sunday), sun-sat, mon#2 (the second Monday), L5 (the last Friday) or ?",
    },
    Field { name: "second", min: 0, max: 59, names: &[], allowed: "0-59" },
    Field { name: "year", min: 1970, max: 2099, names: &[], allowed: "1970-2099" },
];

/// The values of one field.
#[derive(Default)]
struct Values {
    any: bool,
    last: bool,
    numbers: BTreeSet<u16>,
    nth: [u8; 7],
    nearest_weekday: i8,
}

/// How a preset is spelled out, and whether it is Airflow's, which shows it spelled out.
fn preset(name: &str) -> Option<(&'static str, bool)> {
    Some(match name {
        "@hourly" => ("0 * * * *", true),
        "@daily" => ("0 0 * * *", true),
        "@weekly" => ("0 0 * * 0", true),
        "@monthly" => ("0 0 1 * *", true),
        "@quarterly" => ("0 0 1 */3 *", true),
        "@yearly" => ("0 0 1 1 *", true),
        "@midnight" => ("0 0 * * *", false),
        "@annually" => ("0 0 1 1 *", false),
        _ => return None,
    })
}

pub(super) fn parse(expression: &str) -> Result<Cron, CronError> {
    let fail = |problem: String| CronError { expression: expression.to_owned(), problem };
    let lower = expression.to_lowercase();
    let (text, shown) = match preset(&lower) {
        Some((fields, true)) => (fields, fields),
        Some((fields, false)) => (fields, expression),
        None if lower.trim().starts_with('@') => {
            return Err(fail(format!(
                "'{}' is not a preset; one of @once, @continuous, @hourly, @daily, @midnight, @weekly, @monthly, \
                 @quarterly, @yearly, @annually",
                expression.trim()
            )));
        }
        None => (lower.as_str(), expression),
    };
    let words: Vec<&str> =
        text.split(|c: char| c.is_ascii_whitespace() || c == '\x0b').filter(|w| !w.is_empty()).collect();
    if !(5..=7).contains(&words.len()) {
        return Err(fail(format!(
            "{} field{} where 5 (minute hour day-of-month month day-of-week), 6 (and second) or 7 (and year) are \
             needed",
            words.len(),
            if words.len() == 1 { "" } else { "s" }
        )));
    }
    let mut values = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let picked = random(index, word, text)
            .map_err(|problem| fail(format!("{} field '{word}': {problem}", FIELDS[index].name)))?;
        values.push(field(index, picked.as_deref().unwrap_or(word)).map_err(|problem| {
            let Field { name, allowed, .. } = &FIELDS[index];
            fail(format!("{name} field '{word}': {problem}; allowed are {allowed}, *, lists, ranges and steps"))
        })?);
    }
    let seconds = if words.len() > 5 { values[5].mask(5) } else { 1 };
    let years = values.get(6).filter(|v| !v.any).map(|v| v.numbers.iter().map(|n| *n as i16).collect());
    let (day, weekday) = (&values[DAY], &values[WEEKDAY]);
    let days = DayRule {
        // A list of all days counts as `*` only beside a `*`, which keeps "any day of either field" meaningful.
        any_day: day.any || day.count() == 31 && words[WEEKDAY].contains('*'),
        days: day.numbers.iter().fold(0, |mask, n| mask | 1 << n),
        last: day.last,
        nearest_weekday: day.nearest_weekday,
        any_weekday: weekday.any || weekday.count() == 7 && words[DAY].contains('*'),
        weekdays: weekday.numbers.iter().fold(0, |mask, n| mask | 1 << n),
        nth: weekday.nth,
    };
    Ok(Cron {
        expression: shown.to_owned(),
        has_seconds: words.len() > 5,
        seconds,
        minutes: values[0].mask(0),
        hours: values[1].mask(1),
        months: values[3].mask(3),
        years,
        days,
    })
}

impl Values {
    fn count(&self) -> usize {
        self.numbers.len() + usize::from(self.last)
    }

    fn mask(&self, index: usize) -> u64 {
        let Field { min, max, .. } = FIELDS[index];
        if self.any {
            return (min..=max).fold(0, |mask, n| mask | 1 << n);
        }
        self.numbers.iter().fold(0, |mask, n| mask | 1 << n)
    }
}

fn field(index: usize, word: &str) -> Result<Values, String> {
    let mut values = Values::default();
    if word.contains('?') {
        if word != "?" {
            return Err("a question mark stands alone".into());
        }
        if index != DAY && index != WEEKDAY {
            return Err("a question mark belongs into day-of-month or day-of-week only".into());
        }
        values.any = true;
        return Ok(values);
    }
    if word.starts_with('h') {
        return Err("hashed values (H) are Jenkins', and croniter refuses them as well; write R for any number".into());
    }
    let items: Vec<&str> = word.split(',').collect();
    for item in &items {
        if index == DAY
            && let Some(day) = nearest_weekday(item)
        {
            if !(1..=31).contains(&day) {
                return Err(format!("'{item}' is out of range"));
            }
            if items.len() > 1 {
                return Err("W goes with one day, not with a list".into());
            }
            values.nearest_weekday = day as i8;
            values.numbers.insert(day);
            continue;
        }
        let (item, nth) = if index == WEEKDAY { week_of_month(item)? } else { (*item, None) };
        for number in expand(index, item, &mut values)? {
            values.numbers.insert(number);
            if let Some(week) = nth {
                values.nth[usize::from(number)] |= 1 << week;
            }
        }
    }
    let mixed = values.nth != [0; 7]
        && values.numbers.len() != 7
        && values.numbers.iter().any(|n| values.nth[usize::from(*n)] == 0);
    if mixed {
        return Err("plain days of the week and '#' or 'L' do not go together".into());
    }
    Ok(values)
}

/// `R`, `R(0-29)`, `R/15` and `R(0-29)/10`: any number of the field or range. croniter rolls dice whenever it is asked;
/// here an expression always means the same, or runs would be skipped and doubled. `None`: it is no such field.
fn random(index: usize, word: &str, expression: &str) -> Result<Option<String>, String> {
    let Some(rest) = word.strip_prefix('r') else { return Ok(None) };
    let Field { min, max, .. } = FIELDS[index];
    let not_one = || format!("'{word}' is not R, R(low-high), R/step or R(low-high)/step");
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| is_number(text)).ok_or_else(not_one);
    let (range, rest) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (range, rest) = rest.split_once(')').ok_or_else(not_one)?;
            let (low, high) = range.split_once('-').ok_or_else(not_one)?;
            (Some((number(low)?, number(high)?)), rest)
        }
        None => (None, rest),
    };
    let step = match rest.strip_prefix('/') {
        Some(step) => Some(number(step)?),
        None if rest.is_empty() => None,
        None => return Err(not_one()),
    };
    let (low, high) = range.unwrap_or((min, max));
    if low > high || high > max || low < min {
        return Err(format!("'{word}': its range is empty or beyond {min}-{max}"));
    }
    // FNV-1a.
    let roll = expression
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let pick = |count: u16| low + ((roll >> (8 * index)) % u64::from(count)) as u16;
    match step {
        Some(0) => Err(format!("the step of '{word}' is not a number above 0")),
        Some(step) => Ok(Some(format!("{}-{high}/{step}", pick(step.min(high - low + 1))))),
        None => Ok(Some(pick(high - low + 1).to_string())),
    }
}

/// `15w` or `w15`: the day.
fn nearest_weekday(item: &str) -> Option<u16> {
    let digits = item.strip_suffix('w').or_else(|| item.strip_prefix('w'))?;
    is_number(digits).then(|| digits.parse().unwrap_or(u16::MAX))
}

/// Takes `#2` or a leading `L` off an item of the day-of-week field: the rest and which week is meant.
fn week_of_month(item: &str) -> Result<(&str, Option<u8>), String> {
    if let Some((days, week_text)) = item.split_once('#') {
        let is_name = |text: &str| WEEKDAYS.contains(&text);
        let days_fit = days.bytes().all(|b| b.is_ascii_alphanumeric())
            || days.split_once('-').is_some_and(|(low, high)| is_name(low) && is_name(high));
        return match week_text.parse() {
            Ok(week @ 1..=5) if is_number(week_text) && days_fit => Ok((days, Some(week))),
            _ => Err(format!("'{item}' is not a day, '#' and 1 to 5")),
        };
    }
    match item.strip_prefix('l') {
        Some(days) if is_number(days) => Ok((days, Some(LAST_WEEK))),
        _ => Ok((item, None)),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The numbers of one item: a value, a range, with or without a step. `*` and `L` only set their flags.
fn expand(index: usize, item: &str, values: &mut Values) -> Result<Vec<u16>, String> {
    let Field { min, max, .. } = FIELDS[index];
    let (low, high, step, open_end) = if item == "*" {
        values.any = true;
        return Ok(Vec::new());
    } else if index == DAY && item == "l" {
        values.last = true;
        return Ok(Vec::new());
    } else if let Some(step) = item.strip_prefix("*/") {
        (min, max, step, false)
    } else if let Some((low, high)) = item.split_once('-') {
        let (high, step) = high.split_once('/').unwrap_or((high, "1"));
        let high = if index == DAY && high == "l" { "31" } else { high };
        (number(index, low)?, number(index, high)?, step, false)
    } else if let Some((low, step)) = item.split_once('/') {
        (number(index, low)?, max, step, true)
    } else {
        let value = number(index, item)?;
        return if (min..=max).contains(&value) { Ok(vec![value]) } else { Err(format!("{item} is out of range")) };
    };
    let step: usize = match step.parse() {
        Ok(number) if number > 0 && is_number(step) => number,
        _ => return Err(format!("the step '{step}' is not a number above 0")),
    };
    if low.max(high) > max {
        return Err(format!("'{item}' is out of range"));
    }
    let numbers = if open_end && low == high {
        vec![low]
    } else if low == high {
        // As croniter: `5-5` is the whole field.
        (min..=max).step_by(step).collect()
    } else if low < high {
        (low..=high).step_by(step).collect()
    } else {
        wrapped(low, high, step, min, max)
    };
    match numbers.iter().find(|n| **n < min) {
        Some(n) => Err(format!("{n} is out of range")),
        None => Ok(numbers),
    }
}

/// A range that passes the end of its field, such as `nov-feb`.
fn wrapped(low: u16, high: u16, step: usize, min: u16, max: u16) -> Vec<u16> {
    let mut numbers: Vec<u16> = (low..=max).step_by(step).collect();
    let last = numbers.last().copied().unwrap_or(low);
    let left = usize::from(max - last);
    // As croniter: the step goes on over the end, counted from the last number below it.
    let skip = if left < step && usize::from(last - min) + step > usize::from(max - min) + 1 { step - left } else { 0 };
    let start = usize::from(min) + skip;
    numbers.extend((start..=usize::from(high)).step_by(step).map(|n| n as u16));
    numbers
}

/// A number or a name; Sunday may be 7.
fn number(index: usize, text: &str) -> Result<u16, String> {
    let field = &FIELDS[index];
    let value = if is_number(text) {
        text.parse().map_err(|_| format!("{text} is out of range"))?
    } else {
        let at = field.names.iter().position(|name| *name == text).ok_or_else(|| match text {
            "" => "a value is missing".to_owned(),
            _ => format!("'{text}' is not a value"),
        })?;
        at as u16 + field.min
    };
    Ok(if index == WEEKDAY && value == 7 { 0 } else { value })
}
