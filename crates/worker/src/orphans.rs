//! Commands that outlive their worker. A python child ends when its worker is gone; a shell command does not notice.
//! Every command carries a mark in its environment that says whose it is; before a worker repeats a try, and when it
//! begins, it ends the commands of workers that do not exist any more.

use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The variable that holds the mark.
pub const VARIABLE: &str = "TRADEWIND_WORKER";
/// What an orphan has to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The mark of this process: process-id namespace, process id, when it began in ticks since the machine did, session.
/// Together they name one process for as long as the machine is up. Empty where there is no Linux `/proc`: nothing
/// is marked then, and nothing ended.
pub fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let own = std::process::id();
        let stat = namespace().zip(Stat::of(own));
        stat.map(|(namespace, stat)| format!("{namespace}/{own}/{}/{}", stat.began, stat.session)).unwrap_or_default()
    })
}

/// Ends the commands that dead workers of this machine left behind; answers how many process groups there were.
/// Asks first and insists after five seconds; blocks meanwhile.
pub fn end_orphans() -> usize {
    let groups = orphans();
    for group in &groups {
        tracing::warn!(process.group = group.as_raw_nonzero(), "a command outlived its worker; it is ended now");
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let until = Instant::now() + PATIENCE;
    let is_there = |group: &Pid| test_kill_process_group(*group).is_ok();
    while groups.iter().any(is_there) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    for group in groups.iter().filter(|group| is_there(group)) {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    groups.len()
}

/// Process groups of commands whose worker is gone.
fn orphans() -> HashSet<Pid> {
    let Some(namespace) = namespace() else { return HashSet::new() };
    let own_group = Stat::of(std::process::id()).map_or(0, |stat| stat.group);
    let Ok(entries) = std::fs::read_dir("/proc") else { return HashSet::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let worker = Marked::find(&environment)?;
        let stat = Stat::of(pid)?;
        // Whoever made a session of its own has left on purpose, as daemons do.
        let ours = worker.namespace == namespace && worker.session == stat.session && stat.group != own_group;
        (ours && !worker.is_alive()).then(|| Pid::from_raw(i32::try_from(stat.group).ok()?))?
    })
    .collect()
}

/// What a mark says.
#[derive(Debug, PartialEq, Eq)]
struct Marked {
    namespace: String,
    pid: u32,
    began: u64,
    session: u32,
}

impl Marked {
    /// The mark in an environment, as `/proc` shows it.
    fn find(environment: &[u8]) -> Option<Self> {
        let prefix = format!("{VARIABLE}=");
        let text = environment.split(|byte| *byte == 0).find_map(|pair| pair.strip_prefix(prefix.as_bytes()))?;
        let mut parts = std::str::from_utf8(text).ok()?.split('/');
        Some(Self {
            namespace: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            began: parts.next()?.parse().ok()?,
            session: parts.next()?.parse().ok()?,
        })
    }

    fn is_alive(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.began == self.began)
    }
}

/// What `/proc/<pid>/stat` says of a process that is not a zombie.
struct Stat {
    group: u32,
    session: u32,
    began: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
        // The name, in parentheses, may hold anything; the third field counts from there.
        let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
        if *fields.first()? == "Z" {
            return None;
        }
        Some(Self {
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Process ids mean nothing outside their namespace: a container's worker must not be taken for a dead one.
fn namespace() -> Option<String> {
    Some(std::fs::read_link("/proc/self/ns/pid").ok()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use super::*;

    /// A command with a child of its own, in a group of its own.
    fn command(mark: &str) -> Child {
        let mut command = Command::new("bash");
        command.args(["-c", "sleep 600 & wait"]).env(VARIABLE, mark).process_group(0);
        command.spawn().unwrap()
    }

    #[test]
    fn commands_of_the_dead_are_ended_and_those_of_the_living_are_not() {
        let mut dead = Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        let own = mark();
        let gone = own.replacen(&format!("/{}/", std::process::id()), &format!("/{}/", dead.id()), 1);
        let elsewhere = gone.replacen("pid:", "pid:x", 1);
        let mut orphan = command(&gone);
        let mut others = [command(own), command(&elsewhere)];
        // The kernel shows the environment once the shell has begun. Another test's worker may sweep as well, even
        // before we do: what counts is who is left.
        let unmarked = |environment: Vec<u8>| Marked::find(&environment).is_none();
        while std::fs::read(format!("/proc/{}/environ", orphan.id())).is_ok_and(unmarked) {
            std::thread::yield_now();
        }
        std::thread::scope(|scope| {
            scope.spawn(end_orphans);
            assert!(!orphan.wait().unwrap().success());
        });
        for other in &mut others {
            assert_eq!(other.try_wait().unwrap(), None);
            kill_process_group(Pid::from_child(other), Signal::KILL).unwrap();
            other.wait().unwrap();
        }
    }

    #[test]
    fn a_number_that_was_given_anew_is_somebody_else() {
        let own = Stat::of(std::process::id()).unwrap();
        let mark = |began| Marked { namespace: String::new(), pid: std::process::id(), began, session: own.session };
        assert!(mark(own.began).is_alive());
        assert!(!mark(own.began + 1).is_alive());
        assert_eq!(
            Marked::find(b"A=1\0TRADEWIND_WORKER=pid:[1]/7/8/9\0"),
            Some(Marked { namespace: "pid:[1]".into(), pid: 7, began: 8, session: 9 })
        );
        assert_eq!(Marked::find(b"XTRADEWIND_WORKER=pid:[1]/7/8/9"), None);
    }
}
