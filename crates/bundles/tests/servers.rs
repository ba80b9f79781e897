//! Bundles from real servers: OpenSSH, Git over HTTP with a password and with TLS; and what each mistake is called.

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tradewind_bundles::{Access, GitBundle, GitError, GitSettings, HostKeys, Keep, Key, RepoUrl, Secret, What};

/// A repository `repo.git` with a branch `main`, and a place for copies of it.
struct World {
    folder: tempfile::TempDir,
}

fn run(folder: &Path, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env_remove("GIT_DIR");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.com");
    }
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        run(world.path(), "git", &["init", "--quiet", "--bare", "--initial-branch=main", "repo.git"]);
        run(world.path(), "git", &["clone", "--quiet", "repo.git", "work"]);
        run(&world.path().join("work"), "git", &["checkout", "--quiet", "-B", "main"]);
        world
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Commits `dags/a.py` with this text and pushes it.
    fn commit(&self, text: &str) -> String {
        let work = self.path().join("work");
        fs::create_dir_all(work.join("dags")).unwrap();
        fs::write(work.join("dags/a.py"), text).unwrap();
        run(&work, "git", &["add", "."]);
        run(&work, "git", &["commit", "--quiet", "--message", text]);
        run(&work, "git", &["push", "--quiet", "--force", "origin", "HEAD:main"]);
        run(&work, "git", &["rev-parse", "HEAD"])
    }

    fn bundle(&self, tracking_ref: &str, subdir: &str, depth: u32) -> GitBundle {
        GitBundle::new(GitSettings {
            name: "b".into(),
            tracking_ref: tracking_ref.into(),
            subdir: subdir.into(),
            depth: NonZeroU32::new(depth),
            prune_dotgit: true,
            place: self.path().join(format!("copies-{}-{depth}", tracking_ref.replace('/', "_"))),
        })
    }

    fn url(&self) -> RepoUrl {
        RepoUrl::parse(&format!("file://{}", self.path().join("repo.git").display())).unwrap()
    }
}

fn wrong<T>(result: Result<T, GitError>, what: What) -> String {
    match result {
        Ok(_) => panic!("it should fail for its {what}"),
        Err(error) => {
            assert_eq!(error.what, what, "{error}");
            error.to_string()
        }
    }
}

fn text(root: &Path) -> String {
    fs::read_to_string(root.join("a.py")).unwrap()
}

#[tokio::test]
async fn branches_tags_commits_and_what_is_none() {
    let world = World::new();
    let first = world.commit("one");
    run(&world.path().join("work"), "git", &["tag", "-a", "v1", "-m", "x"]);
    run(&world.path().join("work"), "git", &["push", "--quiet", "origin", "v1"]);
    let second = world.commit("two");
    let (url, access) = (world.url(), Access::default());
    for (reference, depth, commit) in [
        ("main", 0, &second),
        ("main", 1, &second),
        ("HEAD", 1, &second),
        ("refs/heads/main", 0, &second),
        ("v1", 1, &first),
        (first.as_str(), 1, &first),
        (&first[..8], 0, &first),
    ] {
        let bundle = world.bundle(reference, "dags", depth);
        let checkout = bundle.refresh(&url, &access).await.unwrap_or_else(|error| panic!("{reference}: {error}"));
        assert_eq!(&checkout.version, commit, "{reference}");
        assert_eq!(text(&checkout.root), text(&bundle.current()), "{reference}");
        assert!(!checkout.root.join("../.git").exists());
    }
    let error = wrong(world.bundle("mian", "dags", 1).refresh(&url, &access).await, What::Reference);
    assert!(error.contains("no branch, tag or commit 'mian'; it has main, v1"), "{error}");
    let error = wrong(world.bundle("main", "dag", 1).refresh(&url, &access).await, What::Path);
    assert!(error.contains("no folder 'dag'") && error.contains("it has dags"), "{error}");
    let elsewhere = RepoUrl::parse("file:///nowhere/x.git").unwrap();
    wrong(world.bundle("main", "", 1).refresh(&elsewhere, &access).await, What::Address);
}

#[tokio::test]
async fn a_commit_stays_while_it_is_used_and_is_fetched_again_later() {
    let world = World::new();
    let (url, access) = (world.url(), Access::default());
    let bundle = world.bundle("main", "dags", 1);
    let first = world.commit("one");
    let held = bundle.refresh(&url, &access).await.unwrap();
    let second = world.commit("two");
    assert_eq!(bundle.refresh(&url, &access).await.unwrap().version, second);
    assert_eq!((text(&held.root), text(&bundle.current())), ("one".into(), "two".into()));
    let keep = Keep { younger_than: Duration::ZERO, newest: 0 };
    assert_eq!(bundle.clean(keep), 0, "one is held, the other is the tracked one");
    drop(held);
    assert_eq!(bundle.clean(Keep { newest: 1, ..keep }), 0, "so many stay");
    assert_eq!(bundle.clean(Keep { younger_than: Duration::from_secs(3600), ..keep }), 0, "young ones stay");
    assert_eq!(bundle.clean(keep), 1);
    assert!(bundle.here(&first).is_none());
    // On another machine, with a mirror that never had it.
    let other = world.bundle("HEAD", "dags", 1);
    other.refresh(&url, &access).await.unwrap();
    for bundle in [&bundle, &other] {
        assert_eq!(text(&bundle.at(&first, &url, &access).await.unwrap().root), "one");
    }
    let error = wrong(bundle.at(&"0".repeat(40), &url, &access).await, What::Reference);
    assert!(error.contains("has no commit 000"), "{error}");
}

#[tokio::test]
async fn a_branch_that_was_rewritten_is_followed() {
    let world = World::new();
    let (url, access) = (world.url(), Access::default());
    let bundle = world.bundle("main", "dags", 0);
    world.commit("one");
    bundle.refresh(&url, &access).await.unwrap();
    let work = world.path().join("work");
    run(&work, "git", &["checkout", "--quiet", "--orphan", "new"]);
    let other = world.commit("other");
    assert_eq!(bundle.refresh(&url, &access).await.unwrap().version, other);
}

/// A server that ends with its input.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn http(folder: &Path, certificate: Option<&Path>) -> Server {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/git_server.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(folder).args(["me", "s3cret/+ word"]).args(certificate);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Server { child, port: line.trim().parse().unwrap() }
}

#[tokio::test]
async fn over_http_with_a_password() {
    let world = World::new();
    world.commit("one");
    let server = http(world.path(), None);
    let bundle = world.bundle("main", "dags", 1);
    let at = |rest: &str| RepoUrl::parse(&format!("http://{rest}")).unwrap();
    let url = at(&format!("127.0.0.1:{}/repo.git", server.port));
    let access = |password: &str| Access {
        username: Some("me".into()),
        password: Some(Secret::new(password)),
        ..Access::default()
    };
    let right = access("s3cret/+ word");
    assert_eq!(text(&bundle.refresh(&url, &right).await.unwrap().root), "one");
    let in_address = at(&format!("me:s3cret%2F%2B%20word@127.0.0.1:{}/repo.git", server.port));
    assert_eq!(text(&bundle.refresh(&in_address, &Access::default()).await.unwrap().root), "one");
    let error = wrong(bundle.refresh(&url, &access("wr0ng-one")).await, What::Credentials);
    assert!(!error.contains("wr0ng-one"), "{error}");
    wrong(bundle.refresh(&url, &Access::default()).await, What::Credentials);
    wrong(bundle.refresh(&at(&format!("127.0.0.1:{}/other.git", server.port)), &right).await, What::Address);
    let closed = server.port;
    drop(server);
    let error = wrong(bundle.refresh(&at(&format!("127.0.0.1:{closed}/repo.git")), &right).await, What::Network);
    assert!(error.contains("127.0.0.1 is not reached"), "{error}");
    let error = wrong(bundle.refresh(&at("no-such-host.invalid/repo.git"), &right).await, What::Address);
    assert!(error.contains("no-such-host.invalid"), "{error}");
    assert_eq!(text(&bundle.last().unwrap().root), "one", "what was there stays");
}

#[tokio::test]
async fn over_https_with_a_certificate_of_ones_own() {
    let world = World::new();
    world.commit("one");
    let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
    let mut args =
        vec!["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "key.pem", "-out", "ca.pem"];
    args.extend(subject);
    run(world.path(), "openssl", &args);
    let both = world.path().join("both.pem");
    let read = |name: &str| fs::read_to_string(world.path().join(name)).unwrap();
    fs::write(&both, read("ca.pem") + &read("key.pem")).unwrap();
    let server = http(world.path(), Some(&both));
    let url = RepoUrl::parse(&format!("https://me:s3cret%2F%2B%20word@127.0.0.1:{}/repo.git", server.port)).unwrap();
    let bundle = world.bundle("main", "dags", 1);
    // Another authority than the server's; what the machine itself trusts is none of ours.
    run(
        world.path(),
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            "k2.pem",
            "-out",
            "other.pem",
            "-subj",
            "/CN=other",
        ],
    );
    let with = |name: &str| Access { ca_file: Some(world.path().join(name)), ..Access::default() };
    let error = wrong(bundle.refresh(&url, &with("other.pem")).await, What::Certificate);
    assert!(error.contains("ca_file"), "{error}");
    wrong(bundle.refresh(&url, &with("missing.pem")).await, What::Key);
    assert_eq!(text(&bundle.refresh(&url, &with("ca.pem")).await.unwrap().root), "one");
}

/// An OpenSSH server that lets one key in.
fn sshd(folder: &Path) -> Server {
    let found = ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists());
    let program = found.expect("sshd (openssh-server) is needed");
    for name in ["host", "host2", "user", "stranger"] {
        run(folder, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", name]);
    }
    fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
    // When it is root, it wants a folder to leave its rights in.
    let _ = fs::create_dir_all("/run/sshd");
    // A port that was free a moment ago; another one if somebody was faster.
    for _ in 0..20 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let here = folder.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host\nPidFile none\nAuthorizedKeysFile {here}/authorized\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        );
        fs::write(folder.join("sshd_config"), config).unwrap();
        let mut child = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        if lines.by_ref().any(|line| line.contains("Server listening on")) {
            // What it says later must go somewhere.
            std::thread::spawn(move || lines.for_each(drop));
            return Server { child, port };
        }
        let _ = child.wait();
    }
    panic!("sshd does not start");
}

fn known_hosts(folder: &Path, port: u16, key: &str) -> String {
    let key = fs::read_to_string(folder.join(format!("{key}.pub"))).unwrap();
    format!("[127.0.0.1]:{port} {}", key.trim())
}

#[tokio::test]
async fn over_ssh_with_keys() {
    let world = World::new();
    world.commit("one");
    let server = sshd(world.path());
    let user = run(world.path(), "id", &["-un"]);
    let at = |port: u16, name: &str| {
        RepoUrl::parse(&format!("ssh://{user}@127.0.0.1:{port}{}", world.path().join(name).display())).unwrap()
    };
    let url = at(server.port, "repo.git");
    let bundle = world.bundle("main", "dags", 1);
    let file = |name: &str| Some(Key::File(world.path().join(name)));
    let known = || Some(known_hosts(world.path(), server.port, "host"));
    let right = Access { key: file("user"), known_hosts: known(), ..Access::default() };
    assert_eq!(text(&bundle.refresh(&url, &right).await.unwrap().root), "one");

    // The key itself, without its last line end, as a variable has it.
    let content = fs::read_to_string(world.path().join("user")).unwrap();
    let inline = Access { key: Some(Key::Text(Secret::new(content.trim()))), ..right.clone() };
    assert_eq!(text(&bundle.refresh(&url, &inline).await.unwrap().root), "one");

    // A key with a passphrase.
    fs::copy(world.path().join("user"), world.path().join("locked")).unwrap();
    run(world.path(), "ssh-keygen", &["-q", "-p", "-f", "locked", "-P", "", "-N", "opn ses'ame"]);
    let locked =
        |passphrase: &str| Access { key: file("locked"), passphrase: Some(Secret::new(passphrase)), ..right.clone() };
    assert_eq!(text(&bundle.refresh(&url, &locked("opn ses'ame")).await.unwrap().root), "one");
    let error = bundle.refresh(&url, &locked("n0t-this")).await.unwrap_err();
    assert!(matches!(error.what, What::Key | What::KeyRights) && !error.to_string().contains("n0t-this"), "{error}");

    // Host keys: unknown, another one, taken on trust and then another one.
    let nothing = Access { known_hosts: Some("# nobody".into()), ..right.clone() };
    let error = wrong(bundle.refresh(&url, &nothing).await, What::HostKey);
    assert!(error.contains("ssh-keyscan"), "{error}");
    let other = Access { known_hosts: Some(known_hosts(world.path(), server.port, "host2")), ..right.clone() };
    let error = wrong(bundle.refresh(&url, &other).await, What::HostKey);
    assert!(error.contains("another host key"), "{error}");
    let trusting = Access { known_hosts: None, host_keys: HostKeys::AcceptNew, ..right.clone() };
    assert_eq!(text(&bundle.refresh(&url, &trusting).await.unwrap().root), "one");
    let kept: PathBuf = bundle.settings().place.join("known_hosts");
    assert!(fs::read_to_string(&kept).unwrap().contains("ssh-ed25519"));
    fs::write(&kept, known_hosts(world.path(), server.port, "host2") + "\n").unwrap();
    wrong(bundle.refresh(&url, &trusting).await, What::HostKey);

    // The rights of keys: not let in, readable by others; and files that are no key.
    let stranger = Access { key: file("stranger"), ..right.clone() };
    let error = wrong(bundle.refresh(&url, &stranger).await, What::KeyRights);
    assert!(error.contains("deploy key"), "{error}");
    fs::copy(world.path().join("user"), world.path().join("open")).unwrap();
    fs::set_permissions(world.path().join("open"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = wrong(bundle.refresh(&url, &Access { key: file("open"), ..right.clone() }).await, What::KeyRights);
    assert!(error.contains("0644") && error.contains("chmod 600"), "{error}");
    wrong(bundle.refresh(&url, &Access { key: file("gone"), ..right.clone() }).await, What::Key);
    let broken = Access { key: Some(Key::Text(Secret::new("no key at all"))), ..right.clone() };
    wrong(bundle.refresh(&url, &broken).await, What::Key);

    // Address, network and branch.
    wrong(bundle.refresh(&at(server.port, "none.git"), &right).await, What::Address);
    wrong(world.bundle("nope", "", 1).refresh(&url, &right).await, What::Reference);
    let nowhere = RepoUrl::parse("git@no-such-host.invalid:a/b.git").unwrap();
    wrong(bundle.refresh(&nowhere, &right).await, What::Address);
    let closed = server.port;
    drop(server);
    wrong(bundle.refresh(&at(closed, "repo.git"), &right).await, What::Network);
}
