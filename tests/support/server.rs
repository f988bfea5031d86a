//! A real node: the program beside this test, in a directory of its own, on ports that the system chooses.
//! What may not live here: what a client says to it, which is in `client.rs`.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use dmpc::{NodeId, keys::EncryptionKey, v1};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use super::{client::grpc_client, folder::private_folder, operations::Cast};

/// A node that takes longer to end hangs.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(5);
/// Whatever port is free.
const LOOPBACK: &str = "127.0.0.1:0";

/// A running node whose root is the cast's; killed when it is dropped.
pub(crate) struct Server {
    folder: TempDir,
    child: Child,
    pub(crate) grpc: String,
    pub(crate) ws: String,
    /// Where it tells its metrics, if it does.
    pub(crate) metrics: Option<String>,
    pub(crate) node: NodeId,
}

/// The node's program, in the folder above this test's.
pub(crate) fn node_program() -> Command {
    let this = std::env::current_exe().unwrap();
    let path = this.parent().unwrap().parent().unwrap().join("dmpc-node");
    assert!(path.is_file(), "no {}: build the programs first", path.display());
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null());
    command
}

/// Puts somebody's secrets into a file that nobody else may read.
pub(crate) fn write_identity(cast: &Cast, name: &str, path: &Path) {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(cast.identity(name).to_text().unwrap().as_bytes()).unwrap();
}

impl Server {
    /// Makes a node with the cast's root and starts it.
    pub(crate) fn start(cast: &Cast) -> Self {
        Self::start_as(cast, node_program())
    }

    /// The same, of a node that ends sessions which are idle for so long, in whole seconds.
    pub(crate) fn start_with_idle(cast: &Cast, idle: Duration) -> Self {
        let mut program = node_program();
        program.env("DMPC_LIMITS_IDLE_SECONDS", idle.as_secs().to_string());
        Self::start_as(cast, program)
    }

    fn start_as(cast: &Cast, program: Command) -> Self {
        let folder = private_folder();
        let (data, root) = (folder.path().join("data"), folder.path().join("root.identity"));
        write_identity(cast, "root", &root);
        let made = node_program().arg("init").arg("--data").arg(&data).arg("--root").arg(&root).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let (child, said) = serve(folder.path(), program, LOOPBACK);
        Self { folder, child, grpc: said.grpc, ws: said.ws, metrics: said.metrics, node: said.node }
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its root's identity file.
    pub(crate) fn root_identity(&self) -> PathBuf {
        self.folder.path().join("root.identity")
    }

    /// Its number among the system's processes.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, without waiting.
    pub(crate) fn ask_to_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits until it ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the node does not end: {}", self.log());
            sleep(GLANCE).await;
        }
    }

    /// Starts it again, on other ports.
    pub(crate) fn restart(&mut self) {
        self.restart_with(node_program(), LOOPBACK);
    }

    /// Starts one that has ended, as this program.
    pub(crate) fn start_again_as(&mut self, program: Command) {
        self.restart_with(program, LOOPBACK);
    }

    /// Stops the node and starts it listening on every address of the machine.
    pub(crate) async fn restart_on_every_address(&mut self) {
        self.stop().await;
        let mut program = node_program();
        program.env("DMPC_PLAIN_BEYOND_LOOPBACK", "true");
        self.restart_with(program, "0.0.0.0:0");
        (self.grpc, self.ws) = (self.grpc.replace("0.0.0.0", "127.0.0.1"), self.ws.replace("0.0.0.0", "127.0.0.1"));
    }

    /// Stops the node and starts it as this program.
    pub(crate) async fn restart_as(&mut self, program: Command) {
        self.stop().await;
        self.restart_with(program, LOOPBACK);
    }

    /// Stops the node and starts it on a system that lets no file grow over so many KiB.
    pub(crate) async fn restart_with_small_disk(&mut self, kib: u32) {
        self.stop().await;
        let mut shell = Command::new("/bin/sh");
        // The unit of ulimit is 512 bytes. Without the trap the system would end the process.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kib * 2);
        shell.env_clear().stdin(Stdio::null()).args(["-c", &script, "sh"]).arg(node_program().get_program());
        self.restart_with(shell, LOOPBACK);
    }

    /// Moves the data directory of a stopped node to another place.
    pub(crate) fn move_data(&self, to: &Path) {
        let copied = Command::new("cp").arg("-a").arg(self.data()).arg(to).status().unwrap();
        assert!(copied.success());
        fs::remove_dir_all(self.data()).unwrap();
        std::os::unix::fs::symlink(to, self.data()).unwrap();
    }

    /// What it says when it refuses to start because of its store.
    pub(crate) fn refuses(&self) -> String {
        let mut program = node_program();
        program.args(["serve", "--grpc", LOOPBACK, "--ws", LOOPBACK, "--data"]).arg(self.data());
        let output = program.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{said}");
        said.lines().last().unwrap_or_default().to_owned()
    }

    async fn stop(&mut self) {
        self.ask_to_stop();
        assert!(self.ended().await.success(), "{}", self.log());
    }

    fn restart_with(&mut self, program: Command, address: &str) {
        let (child, said) = serve(self.folder.path(), program, address);
        assert_eq!(said.node, self.node);
        (self.child, self.grpc, self.ws, self.metrics) = (child, said.grpc, said.ws, said.metrics);
    }

    /// What it says of itself over gRPC.
    pub(crate) async fn info(&self) -> v1::NodeInfoResponse {
        grpc_client(&self.grpc).await.node_info(v1::NodeInfoRequest::default()).await.unwrap().into_inner()
    }

    /// What transactions are sealed to.
    pub(crate) async fn recipient(&self) -> EncryptionKey {
        EncryptionKey::from_bytes(self.info().await.recipient.as_ref().try_into().unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a node says before it is ready.
struct Said {
    grpc: String,
    ws: String,
    metrics: Option<String>,
    node: NodeId,
}

fn serve(folder: &Path, mut program: Command, address: &str) -> (Child, Said) {
    let log = folder.join("log");
    let mut child = program
        .args(["serve", "--grpc", address, "--ws", address, "--data"])
        .arg(folder.join("data"))
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        || lines.next().unwrap_or_else(|| panic!("it ended: {}", fs::read_to_string(&log).unwrap())).unwrap();
    let after = |name: &str, line: String| {
        line.strip_prefix(name).unwrap_or_else(|| panic!("'{line}' where '{name}' was expected")).to_owned()
    };
    let (node, grpc, ws) = (after("node ", next()), after("grpc ", next()), after("ws ", next()));
    let mut last = next();
    let metrics = last.strip_prefix("metrics ").map(str::to_owned);
    if metrics.is_some() {
        last = next();
    }
    after("ready", last);
    let said = Said { node: node.parse().unwrap(), grpc, ws, metrics };
    (child, said)
}
