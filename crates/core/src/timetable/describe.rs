//! Cron expressions in words.

use super::Cron;

/// The expression in words, as `cron-descriptor` says it, or the expression itself where it is too intricate: more
/// than five fields, or a field that is more than `*`, a value, a list of values, a range or a step.
pub(super) fn describe(cron: &Cron) -> String {
    in_words(cron.expression()).unwrap_or_else(|| cron.expression().to_owned())
}

const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const WEEKS: &[&str] = &["first", "second", "third", "fourth", "fifth"];

/// One field. The texts are as written, because that is how they are shown.
enum Shape<'a> {
    Any,
    One(&'a str),
    List(Vec<&'a str>),
    Range(&'a str, &'a str),
    Step(&'a str),
    RangeStep(&'a str, &'a str, &'a str),
}

fn in_words(expression: &str) -> Option<String> {
    let words: Vec<&str> = expression.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = words[..] else { return None };
    if day != "*" && weekday != "*" {
        // Either of them is enough, so it takes two sentences.
        let by_day = sentence([minute, hour, day, month, "*"])?;
        return Some(format!("{by_day} (or) {}", sentence([minute, hour, "*", month, weekday])?));
    }
    sentence([minute, hour, day, month, weekday])
}

fn sentence([minute, hour, day, month, weekday]: [&str; 5]) -> Option<String> {
    let time = time_of_day(&shape(minute, "0/")?, &shape(hour, "0/")?)?;
    let every_day = if weekday == "*" || weekday == "?" { ", every day" } else { "" };
    let text = format!(
        "{time}{}{}{}",
        day_of_month(day, every_day)?,
        day_of_week(weekday)?,
        month_of_year(&shape(month, "1/")?)?
    );
    // Said only where nothing narrower is.
    let text = text.replace(", every minute", "").replace(", every hour", "").replace(", every day", "");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect())
}

/// What shape a field has; `from_start` is how a step over everything may be written besides `*/`.
fn shape<'a>(field: &'a str, from_start: &str) -> Option<Shape<'a>> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if field == "*" || field == "?" {
        return Some(Shape::Any);
    }
    if let Some(step) = field.strip_prefix("*/").or_else(|| field.strip_prefix(from_start)) {
        return is_number(step).then_some(if step == "1" { Shape::Any } else { Shape::Step(step) });
    }
    if field.contains(',') {
        let items: Vec<&str> = field.split(',').collect();
        return items.iter().all(|item| plain(item)).then_some(Shape::List(items));
    }
    let (range, step) = match field.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (field, None),
    };
    match (range.split_once('-'), step) {
        (Some((low, high)), None) if plain(low) && plain(high) => Some(Shape::Range(low, high)),
        (Some((low, high)), Some(step)) if plain(low) && plain(high) && is_number(step) => {
            Some(Shape::RangeStep(low, high, step))
        }
        (None, None) if plain(field) => Some(Shape::One(field)),
        _ => None,
    }
}

fn time_of_day(minute: &Shape<'_>, hour: &Shape<'_>) -> Option<String> {
    match (minute, hour) {
        (Shape::One(minute), Shape::One(hour)) => return Some(format!("At {}", clock(hour, minute)?)),
        (Shape::Range(low, high), Shape::One(hour)) => {
            return Some(format!("Every minute between {} and {}", clock(hour, low)?, clock(hour, high)?));
        }
        (Shape::One(minute), Shape::List(hours)) => {
            let times: Option<Vec<String>> = hours.iter().map(|hour| clock(hour, minute)).collect();
            let (last, others) = times.as_ref()?.split_last()?;
            return Some(format!("At {} and {last}", others.join(", ")));
        }
        _ => {}
    }
    let minutes = match minute {
        Shape::Any => "every minute".into(),
        // On the hour: the hours say it.
        Shape::One("0") if !matches!(hour, Shape::Range(..)) => String::new(),
        Shape::One(n) => format!("at {n} minutes past the hour"),
        Shape::List(items) => format!("at {} minutes past the hour", listed(items.iter().map(|n| (*n).to_owned()))),
        Shape::Range(low, high) => format!("minutes {low} through {high} past the hour"),
        Shape::Step(n) => format!("every {n} minutes"),
        Shape::RangeStep(low, high, n) => format!("every {n} minutes, minutes {low} through {high} past the hour"),
    };
    let within_one = matches!(minute, Shape::Any | Shape::Step(_) | Shape::RangeStep(..));
    let hours = match hour {
        Shape::Any => "every hour".into(),
        Shape::One(n) if within_one => between(n, n)?,
        Shape::One(n) => format!("at {}", clock(n, "0")?),
        Shape::List(items) => {
            let times: Option<Vec<String>> = items.iter().map(|hour| clock(hour, "0")).collect();
            format!("at {}", listed(times?.into_iter()))
        }
        Shape::Range(low, high) => between(low, high)?,
        Shape::Step(n) => format!("every {n} hours"),
        Shape::RangeStep(low, high, n) => format!("every {n} hours, {}", between(low, high)?),
    };
    Some(if minutes.is_empty() { hours } else { format!("{minutes}, {hours}") })
}

fn day_of_month(field: &str, every_day: &str) -> Option<String> {
    if field == "L" {
        return Some(", on the last day of the month".into());
    }
    if let Some(day) = field.strip_suffix('W').or_else(|| field.strip_prefix('W')) {
        let day: u8 = day.parse().ok()?;
        return Some(match day {
            1 => ", on the first weekday of the month".into(),
            _ => format!(", on the weekday nearest day {day} of the month"),
        });
    }
    Some(match shape(field, "1/")? {
        Shape::Any => every_day.into(),
        Shape::One(n) if is_number(n) => format!(", on day {n} of the month"),
        Shape::List(items) if items.iter().all(|n| is_number(n)) => {
            format!(", on day {} of the month", listed(items.into_iter().map(str::to_owned)))
        }
        Shape::Range(low, high) if is_number(low) && is_number(high) => {
            format!(", between day {low} and {high} of the month")
        }
        Shape::Step(n) => format!(", every {n} days"),
        _ => return None,
    })
}

fn day_of_week(field: &str) -> Option<String> {
    if let Some((day, week)) = field.split_once('#') {
        let week = WEEKS.get(week.parse::<usize>().ok()?.checked_sub(1)?)?;
        return Some(format!(", on the {week} {} of the month", weekday(day)?));
    }
    if let Some(day) = field.strip_prefix('L').filter(|day| is_number(day)) {
        return Some(format!(", on the last {} of the month", weekday(day)?));
    }
    Some(match shape(field, "1/")? {
        Shape::Any => String::new(),
        Shape::One(day) => format!(", only on {}", weekday(day)?),
        Shape::List(days) => {
            let days: Option<Vec<&str>> = days.into_iter().map(weekday).collect();
            format!(", only on {}", listed(days?.into_iter().map(str::to_owned)))
        }
        Shape::Range(low, high) => format!(", {} through {}", weekday(low)?, weekday(high)?),
        Shape::Step(n) => format!(", every {n} days of the week"),
        Shape::RangeStep(..) => return None,
    })
}

fn month_of_year(month: &Shape<'_>) -> Option<String> {
    Some(match month {
        Shape::Any => String::new(),
        Shape::One(n) => format!(", only in {}", month_name(n)?),
        Shape::List(items) => {
            let months: Option<Vec<&str>> = items.iter().map(|n| month_name(n)).collect();
            format!(", only in {}", listed(months?.into_iter().map(str::to_owned)))
        }
        Shape::Range(low, high) => format!(", {} through {}", month_name(low)?, month_name(high)?),
        Shape::Step(n) => format!(", every {n} months"),
        Shape::RangeStep(low, high, n) => {
            format!(", every {n} months, {} through {}", month_name(low)?, month_name(high)?)
        }
    })
}

/// `09:05`
fn clock(hour: &str, minute: &str) -> Option<String> {
    Some(format!("{:02}:{:02}", hour.parse::<u8>().ok()?, minute.parse::<u8>().ok()?))
}

fn between(low: &str, high: &str) -> Option<String> {
    Some(format!("between {} and {}", clock(low, "0")?, clock(high, "59")?))
}

/// `a`, `a and b`, `a, b, and c`
fn listed(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match &items[..] {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [others @ .., last] => format!("{}, and {last}", others.join(", ")),
    }
}

fn weekday(text: &str) -> Option<&'static str> {
    name(text, DAYS).or_else(|| DAYS.get(text.parse::<usize>().ok()? % 7).copied())
}

fn month_name(text: &str) -> Option<&'static str> {
    name(text, MONTHS).or_else(|| MONTHS.get(text.parse::<usize>().ok()?.checked_sub(1)?).copied())
}

/// The whole name for its first three letters.
fn name(text: &str, names: &[&'static str]) -> Option<&'static str> {
    names.iter().find(|name| text.eq_ignore_ascii_case(&name[..3])).copied()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
