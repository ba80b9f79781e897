//! Makes a scenario that breaks a law as small as possible while it still breaks the same law.

use crate::scenario::Scenario;
use crate::shape::MapShape;
use crate::world::play;

/// The smallest scenario found that breaks the same law. Answers the scenario as it is if it breaks none.
pub fn minimise(scenario: &Scenario) -> Scenario {
    let Err(breach) = play(scenario) else { return scenario.clone() };
    let fails = |candidate: &Scenario| play(candidate).is_err_and(|found| found.law == breach.law);
    let mut best = scenario.clone();
    loop {
        let before = best.clone();
        fewer_steps(&mut best, &fails);
        simpler_dags(&mut best, &fails);
        fewer_processes(&mut best, &fails);
        if best == before {
            return best;
        }
    }
}

/// Takes `change` if the law is still broken.
fn attempt(best: &mut Scenario, fails: &impl Fn(&Scenario) -> bool, change: impl FnOnce(&mut Scenario)) -> bool {
    let mut candidate = best.clone();
    change(&mut candidate);
    let better = candidate != *best && fails(&candidate);
    if better {
        *best = candidate;
    }
    better
}

/// Leaves out steps: half of them, a quarter, … one.
fn fewer_steps(best: &mut Scenario, fails: &impl Fn(&Scenario) -> bool) {
    let mut size = best.steps.len().max(1);
    while size > 0 {
        let mut at = 0;
        while at < best.steps.len() {
            let end = (at + size).min(best.steps.len());
            if !attempt(best, fails, |scenario| drop(scenario.steps.drain(at..end))) {
                at = end;
            }
        }
        size /= 2;
    }
}

fn simpler_dags(best: &mut Scenario, fails: &impl Fn(&Scenario) -> bool) {
    for nth in (0..best.dags.len()).rev() {
        attempt(best, fails, |scenario| drop(scenario.dags.remove(nth)));
    }
    for dag in 0..best.dags.len() {
        attempt(best, fails, |scenario| scenario.dags[dag].every = None);
        attempt(best, fails, |scenario| scenario.dags[dag].waits_for.clear());
        attempt(best, fails, |scenario| scenario.dags[dag].any = false);
        attempt(best, fails, |scenario| {
            scenario.dags[dag].groups.clear();
            scenario.dags[dag].tasks.iter_mut().for_each(|task| task.group = None);
        });
        attempt(best, fails, |scenario| scenario.dags[dag].timeout = None);
        attempt(best, fails, |scenario| scenario.dags[dag].fail_fast = false);
        // The last task can go without any edge changing its meaning.
        while best.dags[dag].tasks.len() > 1
            && attempt(best, fails, |scenario| {
                let tasks = &mut scenario.dags[dag].tasks;
                tasks.pop();
                let last = tasks.len();
                tasks.iter_mut().for_each(|task| task.down.retain(|&down| down < last));
            })
        {}
        for task in 0..best.dags[dag].tasks.len() {
            let default = crate::shape::TaskShape::default();
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task] = default.clone());
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].down.clear());
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].map = MapShape::None);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].group = None);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].updates = false);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].rule = default.rule);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].retries = 0);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].backoff = false);
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].pool.clear());
            attempt(best, fails, |scenario| scenario.dags[dag].tasks[task].depends_on_past = false);
        }
    }
}

fn fewer_processes(best: &mut Scenario, fails: &impl Fn(&Scenario) -> bool) {
    attempt(best, fails, |scenario| scenario.schedulers = 1);
    attempt(best, fails, |scenario| scenario.workers = 1);
    attempt(best, fails, |scenario| scenario.pools.clear());
    attempt(best, fails, |scenario| scenario.seed = 0);
}
