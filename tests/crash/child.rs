//! The process that dies: this test binary, run once more for one specification, which hands over to its part here.
//! What may not live here: what is asserted; and what a client says to it, which is in `wire.rs`.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio, exit},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use dmpc_storage::{
    StoreError,
    stage::{Observer, Stage, observe},
};
use rustix::process::{Signal, getpid, kill_process};

/// Which part the process has.
const PART: &str = "DMPC_CRASH_PART";
/// At which stage something happens.
const STAGE: &str = "DMPC_CRASH_STAGE";
/// At which time that it is passed, from 1.
const TIME: &str = "DMPC_CRASH_TIME";
/// What happens there: `kill` or `fail`.
const DOES: &str = "DMPC_CRASH_DOES";
/// Whether writes are synced.
const SYNCS: &str = "DMPC_CRASH_SYNCS";
/// The specification that is run.
const SPEC: &str = "crash::kills::nothing_acknowledged_is_lost_by_a_kill_at_any_time";

/// What happens at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// SIGKILL.
    Kill,
    /// What the stage stands for fails, as on a disk that is full or broken.
    Fail,
}

/// What a process is told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Its part.
    pub(super) part: &'static str,
    /// Where something happens, at which time that the stage is passed.
    pub(super) at: Option<(Stage, u32, Does)>,
    /// Whether writes are synced.
    pub(super) syncs: bool,
}

impl Told {
    /// Nothing but its part.
    pub(super) fn to(part: &'static str) -> Self {
        Self { part, at: None, syncs: true }
    }

    /// The same; something happens at a stage.
    pub(super) fn at(part: &'static str, stage: Stage, time: u32, does: Does) -> Self {
        Self { at: Some((stage, time, does)), ..Self::to(part) }
    }
}

/// A process, killed when it is dropped.
pub(super) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    said: Vec<String>,
}

impl Process {
    /// Starts one with a directory.
    pub(super) fn start(told: &Told, directory: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", SPEC, "--nocapture", "--test-threads=1"]).env(PART, told.part);
        command.env("DMPC_CRASH_DIRECTORY", directory).env(SYNCS, told.syncs.to_string());
        if let Some((stage, time, does)) = told.at {
            command.env(STAGE, format!("{stage:?}")).env(TIME, time.to_string()).env(DOES, format!("{does:?}"));
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, said: Vec::new() }
    }

    /// The next thing it says; `None` when it ended.
    pub(super) fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.out.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            // What the test harness says stands between.
            if let Some(said) = line.trim_end().strip_prefix("child: ") {
                self.said.push(said.to_owned());
                return Some(said.to_owned());
            }
        }
    }

    /// SIGKILL, after a while.
    pub(super) fn kill_after(&mut self, while_: Duration) {
        std::thread::sleep(while_);
        // It may have ended before.
        self.child.kill().ok();
    }

    /// Whether it lives.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ended; everything that it said, and how it ended.
    pub(super) fn ended(mut self) -> (Vec<String>, ExitStatus) {
        while self.next().is_some() {}
        let status = self.child.wait().unwrap();
        (std::mem::take(&mut self.said), status)
    }

    /// The same; it died by SIGKILL, at the stage at which it was to.
    pub(super) fn died_at(self, stage: Stage) -> Vec<String> {
        let (said, status) = self.ended();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{stage:?}: {status}, {said:?}");
        assert!(said.contains(&format!("at {stage:?}")), "{stage:?}: {said:?}");
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Says something to whoever started this process.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // The harness leaves a line open.
    write!(out, "\nchild: {text}\n").and_then(|()| out.flush()).unwrap();
}

/// In a process that has a part: plays it, and never returns. In the tests themselves: nothing.
pub(super) fn play() {
    let Ok(part) = env::var(PART) else { return };
    watch();
    let directory = env::var_os("DMPC_CRASH_DIRECTORY").unwrap();
    let directory = Path::new(&directory);
    let code = match part.as_str() {
        "serve" => super::wire::serve(directory),
        "rejudge" => super::rejudging::child(directory),
        "commit" => super::syncs::child(directory),
        "init" | "rebuild" | "backup" | "restore" => super::making::child(&part, directory),
        other => panic!("no part is called {other}"),
    };
    exit(code)
}

/// What is to happen: at which stage, at which time that it is passed.
static AT: OnceLock<(Stage, u32, Does)> = OnceLock::new();
static PASSED: AtomicU32 = AtomicU32::new(0);

fn watch() {
    if let Ok(name) = env::var(STAGE) {
        let stage = Stage::ALL.into_iter().find(|stage| format!("{stage:?}") == name).unwrap();
        let does = if env::var(DOES).unwrap() == "Kill" { Does::Kill } else { Does::Fail };
        AT.set((stage, env::var(TIME).unwrap().parse().unwrap(), does)).unwrap();
    }
    let syncs = env::var(SYNCS).unwrap() == "true";
    observe(Observer { at, syncs }).unwrap();
}

fn at(stage: Stage) -> Result<(), StoreError> {
    let Some((_, time, does)) = AT.get().filter(|(named, _, _)| *named == stage) else { return Ok(()) };
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 != *time {
        return Ok(());
    }
    say(&format!("at {stage:?}"));
    say(&format!("on {}", std::thread::current().name().unwrap_or_default()));
    match does {
        Does::Kill => {
            kill_process(getpid(), Signal::KILL).unwrap();
            std::thread::sleep(Duration::from_secs(60));
            unreachable!("SIGKILL was survived")
        }
        Does::Fail => {
            // Others go on meanwhile, and may come to wait for this thread.
            std::thread::sleep(Duration::from_millis(100));
            Err(StoreError::Io { context: "write to a disk", message: "No space left on device".to_owned() })
        }
    }
}
