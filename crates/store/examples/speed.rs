//! What the hot writes cost, for each task instance: `cargo run --release -p tradewind-store --example speed`
//! (SQLite in a temporary folder, or the database whose address is the first argument, which must be empty).

use std::time::{Duration, Instant};

use tradewind_core::{TaskState, TryId};
use tradewind_store::{FinishTry, NewTi, Store, StoreOptions, TiWrite};
use tradewind_testkit::build::{at, new_run, new_ti, start, write};

#[tokio::main]
async fn main() -> Result<(), tradewind_store::Error> {
    let folder = tempfile::tempdir().map_err(|error| tradewind_store::Error::Invalid(error.to_string()))?;
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite:///{}/speed.db", folder.path().display()));
    let store = Store::open(&url, StoreOptions::default()).await?;
    store.migrate().await?;
    for size in [1, 200, 2000] {
        let rounds = (2000 / size).max(3);
        let mut spent = [Duration::ZERO; 6];
        for round in 0..rounds {
            one_round(&store, size, round, &mut spent).await?;
        }
        println!("groups of {size}, microseconds for each task instance:");
        let names = ["insert", "queue", "start", "finish", "empty task", "usage+inbox"];
        for (name, spent) in names.iter().zip(spent) {
            println!("  {name:<12} {:8.1}", spent.as_secs_f64() * 1e6 / (rounds * size) as f64);
        }
    }
    Ok(())
}

async fn one_round(
    store: &Store,
    size: usize,
    round: usize,
    spent: &mut [Duration; 6],
) -> Result<(), tradewind_store::Error> {
    let mut tx = store.begin().await?;
    let run = tradewind_store::NewRun { owner: Some(5), ..new_run("d", &format!("r{size}_{round}"), None) };
    let run_key = tx.create_run(run).await?.created().unwrap_or_default();
    tx.commit().await?;

    let clock = Instant::now();
    let mut tx = store.begin().await?;
    let rows: Vec<NewTi> = (0..size).map(|n| new_ti(run_key, &format!("task_{n}"))).collect();
    let ids = tx.insert_tis(&rows).await?;
    tx.commit().await?;
    spent[0] += clock.elapsed();

    let clock = Instant::now();
    let mut tx = store.begin().await?;
    let writes: Vec<TiWrite> = ids.iter().map(|&id| write(id, (None, 0), Some(TaskState::Queued), 1)).collect();
    tx.write_tis(&writes).await?;
    tx.commit().await?;
    spent[1] += clock.elapsed();

    let clock = Instant::now();
    let starts = ids.iter().map(|&id| {
        tokio::spawn({
            let store = store.clone();
            async move { store.start_try(start(id, 1)).await }
        })
    });
    for answer in starts.collect::<Vec<_>>() {
        answer.await.ok();
    }
    spent[2] += clock.elapsed();

    let clock = Instant::now();
    let ends = ids.iter().map(|&ti_id| {
        tokio::spawn({
            let store = store.clone();
            let mut finish = FinishTry::new(TryId { ti_id, try_number: 1 }, TaskState::Success, at(9));
            finish.xcoms.insert("return_value".into(), 1.into());
            async move { store.finish_try(finish).await }
        })
    });
    for answer in ends.collect::<Vec<_>>() {
        answer.await.ok();
    }
    spent[3] += clock.elapsed();

    let clock = Instant::now();
    let mut tx = store.begin().await?;
    let rows: Vec<NewTi> = (0..size)
        .map(|n| NewTi {
            state: Some(TaskState::Success),
            try_number: 1,
            start_date: Some(at(1)),
            end_date: Some(at(1)),
            ..new_ti(run_key, &format!("empty_{n}"))
        })
        .collect();
    tx.insert_tis(&rows).await?;
    tx.commit().await?;
    spent[4] += clock.elapsed();

    let clock = Instant::now();
    let inbox = store.read_inbox(5).await?;
    let mut tx = store.begin().await?;
    tx.usage().await?;
    tx.delete_inbox(&inbox.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    tx.commit().await?;
    spent[5] += clock.elapsed();
    Ok(())
}
