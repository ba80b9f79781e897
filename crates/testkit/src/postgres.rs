//! A private PostgreSQL server for tests, made of the installed binaries. One server serves a whole test run (each
//! test may be a process of its own); it stops by itself a minute after the last test has ended.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Access to the server.
#[derive(Clone, Copy, Debug)]
pub struct TestPostgres {
    server: &'static Server,
}

#[derive(Debug)]
struct Server {
    bin: PathBuf,
    folder: PathBuf,
    /// Shared by all test processes; as long as one holds it, the server stays.
    _in_use: File,
}

/// The test run's server, started if it does not run yet.
///
/// # Panics
/// If PostgreSQL is not installed or does not start.
pub fn postgres() -> TestPostgres {
    static SERVER: OnceLock<Server> = OnceLock::new();
    TestPostgres { server: SERVER.get_or_init(Server::start) }
}

impl TestPostgres {
    /// A new, empty database; answers its address.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(self) -> String {
        let name = unique_name();
        self.server.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.server.url(&name)
    }

    /// A new database with what `fill` put into the run's template; `fill` is called once per run and test binary.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn template(self, fill: impl AsyncFnOnce(&str)) -> String {
        let exe = std::env::current_exe().expect("the path of the test binary");
        let changed = std::fs::metadata(&exe).and_then(|meta| meta.modified()).ok();
        let template = format!("template_{:x}", hash(&(exe, changed)));
        {
            let _alone = self.server.exclusive();
            if !self.server.has_database(&template) {
                let filling = format!("{template}_new");
                self.server.sql("postgres", &format!("DROP DATABASE IF EXISTS {filling}"));
                self.server.sql("postgres", &format!("CREATE DATABASE {filling}"));
                fill(&self.server.url(&filling)).await;
                self.server.sql("postgres", &format!("ALTER DATABASE {filling} RENAME TO {template}"));
            }
        }
        let name = unique_name();
        self.server.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        self.server.url(&name)
    }

    /// Runs statements in a database, for what the product has no function for.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sql(self, url: &str, sql: &str) -> String {
        let name = url.split('?').next().and_then(|url| url.rsplit('/').next()).expect("the name of a database");
        self.server.sql(name, sql)
    }
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros();
    format!("test_{}_{}_{at:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Server {
    fn start() -> Self {
        let bin = installed();
        // Not below the target folder: the database's user may not be allowed to look there, and the path of a Unix
        // socket is short. One server per target folder and user.
        let exe = std::env::current_exe().expect("the path of the test binary");
        let target = exe.parent().and_then(Path::parent).unwrap_or(&exe);
        let uid = rustix::process::geteuid().as_raw();
        let folder = std::env::temp_dir().join(format!("tradewind-pg-{uid}-{:08x}", hash(&target) as u32));
        let lock = lock_file(&folder.with_extension("lock"));
        lock.lock().expect("the lock of the test database server");
        if !answers(&bin, &folder) {
            launch(&bin, &folder);
        }
        let in_use = lock_file(&folder.with_extension("in-use"));
        in_use.lock_shared().expect("the use of the test database server");
        Self { bin, folder, _in_use: in_use }
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{socket}/{database}")
    }

    /// Nobody else makes a template meanwhile.
    fn exclusive(&self) -> File {
        let lock = lock_file(&self.folder.with_extension("template.lock"));
        lock.lock().expect("the lock of the template database");
        lock
    }

    fn has_database(&self, name: &str) -> bool {
        !self.sql("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).trim().is_empty()
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"])
            .arg(&self.folder)
            .args(["-c", sql])
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).expect("a lock file")
}

/// The newest installed server's binaries: Debian keeps them off the path.
fn installed() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    found.sort();
    let on_path = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    found
        .pop()
        .map(|(_, bin)| bin)
        .or_else(on_path)
        .expect("PostgreSQL is needed for tests: install the package `postgresql` (make test does)")
}

fn answers(bin: &Path, folder: &Path) -> bool {
    let mut ready = Command::new(bin.join("pg_isready"));
    ready.arg("-q").arg("-h").arg(folder).status().is_ok_and(|status| status.success())
}

/// A command as a user that PostgreSQL agrees to run as: it refuses root.
fn as_user(program: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn launch(bin: &Path, folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder for the test database server");
    if rustix::process::geteuid().is_root() {
        run(Command::new("chown").arg("postgres:postgres").arg(folder));
    }
    let data = folder.join("data");
    run(as_user(&bin.join("initdb"))
        .current_dir(folder)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data));
    // Nothing has to survive; everything that makes it durable only costs time.
    let options = format!(
        "-k {} -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB \
         -c autovacuum_naptime=10s",
        folder.display()
    );
    run(as_user(&bin.join("pg_ctl"))
        .current_dir(folder)
        .args(["start", "-w", "-s", "-o", &options, "-D"])
        .arg(&data)
        .arg("-l")
        .arg(folder.join("log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null()));
    // Whoever starts a server under the lock keeps this from seeing an unused moment between two tests.
    let sweep = r#"
        unused=0
        while sleep 20; do
            exec 9>"$1.lock"; flock 9
            if flock -n -x "$1.in-use" true; then unused=$((unused + 1)); else unused=0; fi
            if [ "$unused" -ge 3 ]; then
                kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"; rm -rf "$1"
                exit
            fi
            exec 9>&-
        done"#;
    run(Command::new("setsid")
        .args(["--fork", "sh", "-c", sweep, "sweep"])
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null()));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
