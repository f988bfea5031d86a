//! The real program `dmpc-node`, in a directory of its own and on ports that the system chooses.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use dmpc::{
    Identity, NodeId,
    keys::EncryptionKey,
    v1::{self, node_client::NodeClient},
};
use dmpc_node::clock::SystemRandom;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::Endpoint;

use crate::people::People;

/// Whatever port is free.
const LOOPBACK: &str = "127.0.0.1:0";
/// Ticks of the times in `/proc`, in a second: a constant of Linux towards programs.
const TICKS: f64 = 100.0;
/// Bytes of a block of `st_blocks`.
const BLOCK: u64 = 512;
/// Bytes of a MiB.
const MEBIBYTE: f64 = 1_048_576.0;

/// A node that runs; killed when it is dropped.
pub(crate) struct Node {
    folder: TempDir,
    child: Child,
    pub(crate) grpc: String,
    pub(crate) ws: String,
    /// Where it listens for other nodes.
    pub(crate) peers: String,
    pub(crate) id: NodeId,
    /// What is sealed to it.
    pub(crate) recipient: EncryptionKey,
    /// From the start of the program until it was ready.
    pub(crate) started_in: Duration,
}

/// What a node says when it is ready.
struct Said {
    node: NodeId,
    grpc: String,
    ws: String,
    peers: String,
}

fn program() -> Result<Command> {
    beside_this_program("dmpc-node")
}

/// A program in the folder of this one.
pub(crate) fn beside_this_program(name: &str) -> Result<Command> {
    let this = std::env::current_exe().context("this program has no path")?;
    let path = this.parent().context("this program is in no folder")?.join(name);
    ensure!(path.is_file(), "no {}; make build makes it", path.display());
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null());
    Ok(command)
}

fn write_identity(identity: &Identity, path: &Path) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(identity.to_text()?.as_bytes())?)
}

impl Node {
    /// Makes a node with these people's root and keys below `scratch`, and starts it.
    pub(crate) fn new(people: &People, scratch: &Path) -> Result<Self> {
        Self::of(people, &people.node, scratch)
    }

    /// The same, with keys of its own.
    pub(crate) fn beside(people: &People, scratch: &Path) -> Result<Self> {
        Self::of(people, &Identity::generate(&mut SystemRandom::new())?, scratch)
    }

    fn of(people: &People, identity: &Identity, scratch: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("node-").tempdir_in(scratch)?;
        let secrets = folder.path().join("secrets");
        DirBuilder::new().mode(0o700).create(&secrets)?;
        let [root, node] = ["root", "node"].map(|name| secrets.join(name));
        write_identity(&people.root, &root)?;
        write_identity(identity, &node)?;
        let mut init = program()?;
        init.arg("init").arg("--data").arg(folder.path().join("data"));
        let made = init.arg("--root").arg(&root).arg("--node-identity").arg(&node).output()?;
        ensure!(made.status.success(), "dmpc-node init: {}", String::from_utf8_lossy(&made.stderr));
        let recipient = identity.encryption.encryption_key()?;
        let began = Instant::now();
        let (child, said) = serve(folder.path())?;
        let started_in = began.elapsed();
        Ok(Self {
            folder,
            child,
            grpc: said.grpc,
            ws: said.ws,
            peers: said.peers,
            id: said.node,
            recipient,
            started_in,
        })
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("data").join("store")
    }

    /// SIGTERM; it must end well.
    pub(crate) fn stop(&mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the node ended with {status}: {}", said_on_stderr(self.folder.path()));
        Ok(())
    }

    /// SIGKILL: nothing is flushed.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again, after it was stopped or killed.
    pub(crate) fn start(&mut self) -> Result<()> {
        let began = Instant::now();
        let (child, said) = serve(self.folder.path())?;
        self.started_in = began.elapsed();
        (self.child, self.grpc, self.ws, self.peers) = (child, said.grpc, said.ws, said.peers);
        Ok(())
    }

    /// What its threads have computed, and the system for them: all of those together whose names differ in a number.
    pub(crate) fn cpu(&self) -> Result<BTreeMap<String, Duration>> {
        let mut computed: BTreeMap<String, Duration> = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end before it is looked at.
            let Ok(text) = fs::read_to_string(task?.path().join("stat")) else { continue };
            let (name, took) = thread(&text)?;
            *computed.entry(name).or_default() += took;
        }
        Ok(computed)
    }

    /// MiB that it has resident, and had at most.
    pub(crate) fn memory(&self) -> Result<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| {
            let line =
                text.lines().find_map(|line| line.strip_prefix(name)).context("/proc/PID/status misses a line")?;
            let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
            Ok::<_, anyhow::Error>(kib * 1_024.0 / MEBIBYTE)
        };
        Ok((of("VmRSS:")?, of("VmHWM:")?))
    }

    /// What it says of itself.
    pub(crate) async fn info(&self) -> Result<v1::NodeInfoResponse> {
        let channel = Endpoint::from_shared(format!("http://{}", self.grpc))?.connect().await?;
        Ok(NodeClient::new(channel).node_info(v1::NodeInfoRequest::default()).await?.into_inner())
    }

    /// Bytes that its store takes on the disk.
    pub(crate) fn disk_bytes(&self) -> Result<u64> {
        blocks(&self.store()).map(|blocks| blocks * BLOCK)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended before.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Name and time of a thread, as proc_pid_stat(5) has them.
fn thread(stat: &str) -> Result<(String, Duration)> {
    let (before, rest) = stat.rsplit_once(')').context("/proc/PID/task/TID/stat has no name")?;
    let (_, name) = before.split_once('(').context("/proc/PID/task/TID/stat has no name")?;
    // utime and stime are fields 14 and 15; the third comes first here.
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    let name =
        name.split(':').next().unwrap_or_default().trim_end_matches(|end: char| end.is_ascii_digit() || end == '-');
    Ok((name.to_owned(), Duration::from_secs_f64(f64::from(ticks) / TICKS)))
}

fn blocks(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { blocks(&entry.path())? } else { metadata.blocks() };
    }
    Ok(sum)
}

fn said_on_stderr(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn serve(folder: &Path) -> Result<(Child, Said)> {
    let mut command = program()?;
    command
        .args(["serve", "--grpc", LOOPBACK, "--ws", LOOPBACK, "--peer-listen", LOOPBACK, "--data"])
        .arg(folder.join("data"));
    let mut child = command.stdout(Stdio::piped()).stderr(File::create(folder.join("log"))?).spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| anyhow!("the node has no output"))?;
    let (mut node, mut grpc, mut ws, mut peers) = (None, None, None, None);
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("node", text)) => node = Some(text.parse()?),
            Some(("grpc", text)) => grpc = Some(text.to_owned()),
            Some(("ws", text)) => ws = Some(text.to_owned()),
            Some(("peers", text)) => peers = Some(text.to_owned()),
            _ if line == "ready" => {
                let missing = || anyhow!("the node did not say who and where it is");
                let (node, grpc) = (node.ok_or_else(missing)?, grpc.ok_or_else(missing)?);
                let (ws, peers) = (ws.ok_or_else(missing)?, peers.ok_or_else(missing)?);
                return Ok((child, Said { node, grpc, ws, peers }));
            }
            _ => {}
        }
    }
    bail!("the node ended before it was ready: {}", said_on_stderr(folder))
}
