//! Scenarios from seeds, always the same ones unless told otherwise; and every scenario that once broke a law.
//!
//! `TRADEWIND_SIM_SEED=7` plays that one, `TRADEWIND_SIM_SCENARIOS=4000` as many, `TRADEWIND_SIM_SECONDS=3600` for an
//! hour, `TRADEWIND_SIM_FROM=…` begins
//! elsewhere. A failure prints its seed and a minimised case for `cases/`.

use std::time::{Duration, Instant};

use tradewind_sim::{Scenario, generate, minimise, play};

/// Scenarios in one go, unless told otherwise: what is green here is green on a faster machine.
const SCENARIOS: u64 = 1_500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not '{text}'")))
}

fn must_hold(seed: u64) -> (usize, usize) {
    let scenario = generate(seed);
    match play(&scenario) {
        Ok(report) => (report.runs, report.tries),
        Err(breach) => {
            let small = minimise(&scenario);
            let what = play(&small).err().map(|breach| breach.to_string()).unwrap_or_default();
            panic!(
                "seed {seed} breaks a law: {breach}\n\nThe smallest case is\n{}\n\nand breaks: {what}\nKeep it as \
                 crates/sim/cases/<what it shows>.json.",
                serde_json::to_string(&small).expect("a scenario is JSON")
            );
        }
    }
}

#[test]
fn laws_hold_in_worlds_made_of_seeds() {
    if let Some(seed) = number("TRADEWIND_SIM_SEED") {
        must_hold(seed);
        return;
    }
    let began = Instant::now();
    let time = number("TRADEWIND_SIM_SECONDS").map(Duration::from_secs);
    let scenarios = number("TRADEWIND_SIM_SCENARIOS").unwrap_or(SCENARIOS);
    let first = number("TRADEWIND_SIM_FROM").unwrap_or(0);
    let (mut seed, mut runs, mut tries) = (first, 0, 0);
    while time.map_or(seed - first < scenarios, |time| began.elapsed() < time) {
        let (more_runs, more_tries) = must_hold(seed);
        (runs, tries, seed) = (runs + more_runs, tries + more_tries, seed + 1);
    }
    println!("seeds {first} to {}: {runs} runs and {tries} tries in {:?}", seed - 1, began.elapsed());
    assert!(seed - first >= 100 && runs > 200 && tries > 500, "hardly anything happened: {runs} runs, {tries} tries");
}

#[test]
fn the_same_seed_makes_the_same_world() {
    for seed in 0..20 {
        assert_eq!(generate(seed), generate(seed));
        assert_eq!(play(&generate(seed)), play(&generate(seed)));
    }
}

#[test]
fn laws_hold_in_every_committed_case() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable case");
        let scenario: Scenario =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(breach) = play(&scenario) {
            panic!("{}: {breach}", path.display());
        }
        played += 1;
    }
    assert!(played > 0, "no case in {}", folder.display());
}
