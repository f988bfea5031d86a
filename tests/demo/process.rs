//! Runs the real programs, each within its time. What they say goes to files of the temporary directory, and is shown
//! when they fail. Nothing here knows what it means.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// The programs, and the temporary directory that they work in.
pub struct Programs {
    folder: PathBuf,
    room: PathBuf,
}

impl Programs {
    /// Those in the folder of the running program.
    pub fn beside_this_one(room: &Path) -> Result<Self> {
        let this = env::current_exe().context("this program has no path")?;
        let folder = this.parent().context("this program is in no folder")?.to_owned();
        for name in ["dmpc-node", "dmpc-cli"] {
            ensure!(folder.join(name).is_file(), "no {name} in {}; make build makes it", folder.display());
        }
        Ok(Self { folder, room: room.to_owned() })
    }

    /// A path in the temporary directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.room.join(name)
    }

    /// Starts a program. Its lanes and outboxes are in the temporary directory too.
    pub fn start(&self, name: &str, arguments: &[&OsStr]) -> Result<Program> {
        let [stdout, stderr] = ["out", "err"].map(|ending| self.path(&format!("{name}.{ending}")));
        let mut command = Command::new(self.folder.join(name));
        command.args(arguments).env("DMPC_STATE", self.path("state")).stdin(Stdio::null());
        command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let what = arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
        Ok(Program { what: format!("{name} {what}"), child, stdout, stderr })
    }

    /// Runs a program to its successful end; what it printed.
    pub fn run(&self, name: &str, arguments: &[&OsStr]) -> Result<String> {
        self.start(name, arguments)?.succeed()
    }
}

/// A running program; killed when it is dropped.
pub struct Program {
    what: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Program {
    /// Waits for a successful end; what it printed.
    pub fn succeed(mut self) -> Result<String> {
        let status = self.end()?;
        if !status.success() {
            bail!("{status}: {}", self.said());
        }
        self.printed()
    }

    /// Waits for the end.
    pub fn end(&mut self) -> Result<ExitStatus> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
        bail!("not done after {} s: {}", PATIENCE.as_secs(), self.said())
    }

    /// Its status, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it has printed what `find` looks for.
    pub fn await_output<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(found) = find(&self.printed()?) {
                return Ok(found);
            }
            if let Some(status) = self.ended()? {
                bail!("{status}: {}", self.said());
            }
            thread::sleep(GLANCE);
        }
        bail!("said nothing of use for {} s: {}", PATIENCE.as_secs(), self.said())
    }

    /// Takes the power away: SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        ensure!(self.ended()?.is_none(), "ended before it was killed: {}", self.said());
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop: SIGTERM. It must end well.
    pub fn terminate(self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, Signal::TERM)?;
        self.succeed().map(drop)
    }

    fn printed(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.stdout)?)
    }

    /// What it was asked to do, and what it said on stderr.
    pub fn said(&self) -> String {
        let stderr = fs::read_to_string(&self.stderr).unwrap_or_default();
        format!("{}\n{}", self.what, stderr.trim_end())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
