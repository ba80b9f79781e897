//! Measures the lanes with an in-memory server: `cargo run --release -p tradewind-worker --example lanes -- [tries] [parallel]`.
//!
//! Prints the time from the worker's claim to the recorded end of tries that come one after the other, the rate of
//! tries that come all at once, and the processor time that a try takes (worker, hosts and children together).

#[path = "../tests/suite/support/mod.rs"]
#[expect(dead_code, reason = "the measurements need only a part of what tests need")]
mod support;

use std::time::{Duration, Instant};

use support::{World, bash};
use tradewind_protocol::Workload;

const DAG: &str = "from datetime import datetime\nfrom airflow.providers.standard.operators.python import PythonOperator\nfrom airflow.sdk import DAG\n\ndef noop():\n    pass\n\nwith DAG('d', schedule=None, start_date=datetime(2024, 1, 1)):\n    for i in range(30):\n        PythonOperator(task_id=f't{i:03d}', python_callable=noop)\n";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>().expect("a number"));
    let (tries, parallel) = (arguments.next().unwrap_or(300), arguments.next().unwrap_or(16));
    let python = |world: &World, n: u32| world.workload("d.py", "d", &format!("t{:03}", n % 30));
    let shell = |world: &World, _: u32| Workload { lane: bash("true"), ..world.workload("none.py", "d", "b") };
    measure("python, warm", tries, parallel, 16, &python).await;
    measure("python, cold", tries, parallel, 0, &python).await;
    measure("bash", tries, parallel, 0, &shell).await;
    println!("the worker's own memory: {} KiB resident", own_memory_kb());
}

async fn measure(name: &str, tries: u32, parallel: u32, warm: usize, make: &impl Fn(&World, u32) -> Workload) {
    let before = processor_ms().1;
    let world = World::with(
        |config| config.concurrency = parallel,
        |hosts| {
            hosts.warm_hosts = warm;
            hosts.warm_idle = Duration::from_secs(600);
        },
    );
    world.dag("d.py", DAG);
    if name != "bash" {
        world.hosts.start().await.expect("a python host");
    }
    for n in 0..3 {
        world.run(make(&world, n)).await;
    }
    let mut times = Vec::new();
    for n in 0..tries.min(200) {
        let workload = make(&world, n);
        let begin = Instant::now();
        let end = world.run(workload).await;
        times.push(begin.elapsed());
        assert_eq!(end.state.as_str(), "success", "{:?}", end.reason);
        // Idle means idle: the last child has exited.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{name}: one by one: p50 {:.2?}, p95 {:.2?}, max {:.2?}", at(50), at(95), at(100));

    let workloads: Vec<Workload> = (0..tries).map(|n| make(&world, n)).collect();
    let (begin, ours) = (Instant::now(), processor_ms().0);
    for workload in &workloads {
        world.worker.submit(workload.clone());
    }
    for workload in &workloads {
        let end = world.api.end_of(workload.try_id).await;
        assert_eq!(end.state.as_str(), "success", "{:?}", end.reason);
    }
    let took = begin.elapsed();
    let ours = (processor_ms().0 - ours) / f64::from(tries);
    // What hosts and their children took is known when they are gone.
    let root = world.hosts.status().await.root.unwrap_or_default();
    world.worker.drain().await;
    drop(world);
    while std::path::Path::new(&format!("/proc/{root}")).exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let children = (processor_ms().1 - before) / f64::from(tries + tries.min(200) + 3);
    println!(
        "{name}: {parallel} at once: {:.0} tries/s; processor time of a try: {ours:.2} ms ours, {children:.2} ms hosts and children",
        f64::from(tries) / took.as_secs_f64()
    );
}

/// Our own processor time, and that of processes that we have waited for (with those that they have), ms.
fn processor_ms() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|n| n.parse().ok()).collect();
    // After the name and the state (which is no number): utime is the 11th field, cutime the 13th; ticks of 10 ms.
    ((fields[10] + fields[11]) * 10.0, (fields[12] + fields[13]) * 10.0)
}

fn own_memory_kb() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("?").trim().trim_end_matches(" kB").to_owned()
}
