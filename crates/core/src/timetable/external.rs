//! Timetables that Python computes: here, what their author's code answered is data.
//!
//! The dag processor asks the author's code which run comes after the last one, the one after that and so on, and
//! keeps the [`Answers`]. A planner takes from them what the code would have been asked by now: a run whose
//! predecessor was still to come when it was asked is only a forecast, because an answer may depend on the clock.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DataInterval, NextRun};
use crate::time::Timestamp;

/// What the author's code answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The last run's interval, as it was told to the code; `None`: there was none yet.
    pub after: Option<DataInterval>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The run after that, the run after the former, and so on.
    pub runs: Vec<NextRun>,
    /// Nothing comes after the last of `runs`. Otherwise nobody asked any further.
    pub ended: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct External {
    /// Import path of the class.
    pub class: Arc<str>,
    pub summary: Arc<str>,
    pub description: Arc<str>,
    pub can_be_scheduled: bool,
    pub periodic: bool,
    pub active_runs_limit: Option<u32>,
    /// None: not asked yet.
    pub answers: Option<Arc<Answers>>,
    /// Forecasts count too.
    pub foresees: bool,
}

/// What the answers have to say about the run after a given one.
enum Said {
    Run(NextRun),
    Nothing,
    /// The code has to be asked.
    NotAsked,
}

impl External {
    pub fn next_run(&self, last: Option<&DataInterval>) -> Option<NextRun> {
        match self.said(last) {
            Said::Run(run) => Some(run),
            Said::Nothing | Said::NotAsked => None,
        }
    }

    pub fn is_unanswered(&self, last: Option<&DataInterval>) -> bool {
        matches!(self.said(last), Said::NotAsked)
    }

    fn said(&self, last: Option<&DataInterval>) -> Said {
        let Some(answers) = &self.answers else { return Said::NotAsked };
        let before = match last {
            last if last == answers.after.as_ref() => None,
            Some(last) => match answers.runs.iter().position(|run| run.data_interval == *last) {
                Some(index) => Some(index),
                None => return Said::NotAsked,
            },
            None => return Said::NotAsked,
        };
        // Airflow asks about the next run when it creates one: only then does an answer hold.
        let holds = before.is_none_or(|before| self.foresees || answers.runs[before].run_after <= answers.asked_at);
        match answers.runs.get(before.map_or(0, |before| before + 1)) {
            Some(run) if holds => Said::Run(*run),
            None if holds && answers.ended => Said::Nothing,
            _ => Said::NotAsked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> NextRun {
        let at = |n: i64| Timestamp::from_secs(n * 3600);
        NextRun::interval(DataInterval { start: at(n), end: at(n + 1) })
    }

    fn asked(after: Option<NextRun>, at_hour: i64, hours: &[i64], ended: bool) -> External {
        External {
            class: "m.C".into(),
            summary: "C".into(),
            description: "".into(),
            can_be_scheduled: true,
            periodic: true,
            active_runs_limit: None,
            foresees: false,
            answers: Some(Arc::new(Answers {
                after: after.map(|run| run.data_interval),
                asked_at: Timestamp::from_secs(at_hour * 3600),
                runs: hours.iter().map(|n| hour(*n)).collect(),
                ended,
            })),
        }
    }

    #[test]
    fn an_answer_holds_once_the_run_before_it_is_due() {
        // Asked at 3 o'clock: the runs of 1 and 2 were due, that of 3 was the next, that of 4 is a forecast.
        let mut timetable = asked(Some(hour(0)), 3, &[1, 2, 3, 4], false);
        let after = |timetable: &External, n: i64| timetable.next_run(Some(&hour(n).data_interval));
        assert_eq!(after(&timetable, 0), Some(hour(1)));
        assert_eq!(after(&timetable, 2), Some(hour(3)));
        assert_eq!(after(&timetable, 3), None);
        assert!(timetable.is_unanswered(Some(&hour(3).data_interval)));
        timetable.foresees = true;
        assert_eq!(after(&timetable, 3), Some(hour(4)));
        assert!(timetable.is_unanswered(Some(&hour(4).data_interval)), "nobody asked what comes after");
    }

    #[test]
    fn answers_about_another_run_say_nothing() {
        let timetable = asked(Some(hour(5)), 3, &[6], false);
        for last in [None, Some(hour(4)), Some(hour(7))] {
            let last = last.map(|run| run.data_interval);
            assert_eq!(timetable.next_run(last.as_ref()), None);
            assert!(timetable.is_unanswered(last.as_ref()));
        }
        assert!(External { answers: None, ..timetable }.is_unanswered(None));
    }

    #[test]
    fn an_end_is_an_answer() {
        let timetable = asked(None, 9, &[1], true);
        assert_eq!(timetable.next_run(None), Some(hour(1)));
        assert_eq!(timetable.next_run(Some(&hour(1).data_interval)), None);
        assert!(!timetable.is_unanswered(Some(&hour(1).data_interval)));
        let nothing = asked(None, 9, &[], true);
        assert!(nothing.next_run(None).is_none() && !nothing.is_unanswered(None));
    }
}
