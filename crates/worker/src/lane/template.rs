//! Renders the templates of shell commands without Python, where the result is provably the same.
//!
//! Only `{{ name }}` with names whose text is fixed by the run is rendered. Everything else (filters, blocks,
//! comments, calls, parameters, templates in files) is declined, and the python lane renders with Jinja.

use tradewind_core::Timestamp;
use tradewind_protocol::Workload;

/// Text endings that make Airflow read the template from a file of that name.
const FILE_ENDINGS: [&str; 2] = [".sh", ".bash"];

/// The text of a template, or `None` if only Jinja can tell.
pub fn render(template: &str, workload: &Workload) -> Option<String> {
    if FILE_ENDINGS.iter().any(|ending| template.ends_with(ending)) {
        return None;
    }
    // Jinja makes every line break "\n", reads blocks and comments, and drops one line break at the end.
    if template.contains('\r') || template.contains("{%") || template.contains("{#") {
        return None;
    }
    let mut rest = template.strip_suffix('\n').unwrap_or(template);
    let mut text = String::with_capacity(rest.len() + 32);
    while let Some(start) = rest.find("{{") {
        text.push_str(&rest[..start]);
        let inside = &rest[start + 2..];
        let end = inside.find("}}")?;
        let name = inside[..end].trim_matches([' ', '\t', '\n']);
        text.push_str(&value(name, workload)?);
        rest = &inside[end + 2..];
    }
    text.push_str(rest);
    Some(text)
}

/// Whether the text has anything to render at all.
pub fn is_plain(template: &str) -> bool {
    !template.contains("{{") && !template.ends_with('\n')
}

/// What Jinja would print for a name. White-space control (`{{-`) makes the name unknown, and so declines.
fn value(name: &str, workload: &Workload) -> Option<String> {
    if let Some((object, attribute)) = name.split_once('.') {
        return match (object, attribute) {
            ("dag", "dag_id") | ("ti" | "task_instance" | "dag_run", "dag_id") => Some(workload.dag_id.clone()),
            ("task" | "ti" | "task_instance", "task_id") => Some(workload.task_id.clone()),
            ("ti" | "task_instance" | "dag_run", "run_id") => Some(workload.run.run_id.clone()),
            ("ti" | "task_instance", "try_number") => Some(workload.try_number.to_string()),
            ("ti" | "task_instance", "map_index") => Some(workload.map_index.to_string()),
            _ => None,
        };
    }
    if name == "run_id" {
        return Some(workload.run.run_id.clone());
    }
    // Runs without a logical date leave these names undefined.
    let date = Date::of(workload.run.logical_date?)?;
    match name {
        "ds" => Some(date.day("-")),
        "ds_nodash" => Some(date.day("")),
        "ts" => Some(isoformat(workload.run.logical_date?)?),
        "ts_nodash" => Some(format!("{}T{}", date.day(""), date.time(""))),
        "ts_nodash_with_tz" => {
            let fraction = if date.micros == 0 { String::new() } else { format!(".{:06}", date.micros) };
            Some(format!("{}T{}{fraction}+0000", date.day(""), date.time("")))
        }
        _ => None,
    }
}

/// An instant as Python's `datetime.isoformat()` prints it in UTC; `None` for years that it does not know.
pub fn isoformat(at: Timestamp) -> Option<String> {
    let date = Date::of(at)?;
    let fraction = if date.micros == 0 { String::new() } else { format!(".{:06}", date.micros) };
    Some(format!("{}T{}{fraction}+00:00", date.day("-"), date.time(":")))
}

struct Date {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    micros: i64,
}

impl Date {
    fn of(at: Timestamp) -> Option<Self> {
        const DAY: i64 = 86_400_000_000;
        let days = at.as_micros().div_euclid(DAY);
        let in_day = at.as_micros().rem_euclid(DAY);
        // Civil date from days since 1970 (the proleptic Gregorian calendar, as Python's).
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
        let year = yoe + era * 400 + i64::from(month <= 2);
        // strftime does not pad years before 1000 everywhere.
        (1000..=9999).contains(&year).then_some(Self {
            year,
            month,
            day,
            second_of_day: in_day / 1_000_000,
            micros: in_day % 1_000_000,
        })
    }

    fn day(&self, dash: &str) -> String {
        format!("{:04}{dash}{:02}{dash}{:02}", self.year, self.month, self.day)
    }

    fn time(&self, colon: &str) -> String {
        let s = self.second_of_day;
        format!("{:02}{colon}{:02}{colon}{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::workload;

    fn at(date: &str) -> Workload {
        let mut workload = workload("d", "t");
        workload.run.logical_date = Some(date.parse().unwrap());
        workload
    }

    #[test]
    fn renders_names_that_the_run_fixes() {
        let w = at("2024-02-29T23:59:58.000120Z");
        for (template, text) in [
            ("echo {{ ds }}", "echo 2024-02-29"),
            ("{{ds_nodash}}{{ ts }}", "202402292024-02-29T23:59:58.000120+00:00"),
            ("{{ ts_nodash }} {{\tts_nodash_with_tz\n}}", "20240229T235958 20240229T235958.000120+0000"),
            ("{{ dag.dag_id }}/{{ task.task_id }}/{{ run_id }}/{{ ti.try_number }}", "d/t/r/1"),
            ("{{ ti.map_index }}", "-1"),
            ("${HOME} { } }} {x}", "${HOME} { } }} {x}"),
            ("a\n\n", "a\n"),
            ("plain", "plain"),
            ("script.sh ", "script.sh "),
        ] {
            assert_eq!(render(template, &w).as_deref(), Some(text), "{template}");
        }
        assert_eq!(render("{{ ts }}", &at("2024-01-01")).unwrap(), "2024-01-01T00:00:00+00:00");
    }

    #[test]
    fn declines_what_only_jinja_can_tell() {
        let w = at("2024-01-01");
        for template in [
            "{{ params.x }}",
            "{{ ds | upper }}",
            "{{- ds }}",
            "{{ ds -}}",
            "{% if x %}a{% endif %}",
            "{# hi #}",
            "${#array[@]}",
            "{{ macros.ds_add(ds, 1) }}",
            "{{ logical_date }}",
            "{{ 'x' }}",
            "{{ ds",
            "{{ '}}' }}",
            "run.sh",
            "x.bash",
            "a\r\nb",
            "{{ dag_run.conf['a'] }}",
            "{{ conf }}",
            "{{ {'a': 1} }}",
            "{{ ti.state }}",
        ] {
            assert_eq!(render(template, &w), None, "{template}");
        }
        let mut without = at("2024-01-01");
        without.run.logical_date = None;
        assert_eq!(render("{{ ds }}", &without), None);
        assert_eq!(render("{{ run_id }}", &without).as_deref(), Some("r"));
        assert_eq!(render("{{ ds }}", &at("0999-01-01")), None, "years that strftime pads differently");
    }

    #[test]
    fn dates_agree_with_jiff() {
        for days in (-300_000..2_900_000).step_by(97) {
            let at = Timestamp::from_secs(i64::from(days) * 86_400 + 12_345);
            let expected = at.to_string().replace('Z', "+00:00");
            assert_eq!(isoformat(at).as_deref(), Some(expected.as_str()));
        }
    }
}
