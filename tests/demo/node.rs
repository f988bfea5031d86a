//! A running node: starting it, asking it how far it is, ending it in two ways.

use std::{ffi::OsStr, time::Duration};

use anyhow::{Context, Result};
use dmpc::v1::{NodeInfoRequest, node_client::NodeClient};
use tokio::runtime::{Builder, Runtime};
use tonic::transport::{Channel, Endpoint};

use crate::process::{Program, Programs};

/// The data directory, in the temporary one.
pub const DATA: &str = "node";
/// The root's identity, in the temporary directory.
pub const ROOT: &str = "root.identity";
/// Any free port.
pub const FREE: &str = "127.0.0.1:0";
/// An answer takes no longer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// Makes a node's data directory and its root user.
pub fn init(programs: &Programs) -> Result<()> {
    let (data, root) = (programs.path(DATA), programs.path(ROOT));
    let arguments = ["init", "--data"].map(OsStr::new).into_iter();
    let arguments = arguments.chain([data.as_os_str(), OsStr::new("--root"), root.as_os_str()]).collect::<Vec<_>>();
    programs.run("dmpc-node", &arguments).map(drop)
}

/// A node that is ready.
pub struct Node {
    program: Program,
    /// Where gRPC listens.
    pub grpc: String,
    /// Where websocket listens.
    pub ws: String,
}

impl Node {
    /// Starts it and waits until it is ready.
    pub fn start(programs: &Programs, grpc: &str, ws: &str) -> Result<Self> {
        let data = programs.path(DATA);
        let arguments = [OsStr::new("serve"), OsStr::new("--data"), data.as_os_str()].into_iter();
        let arguments = arguments.chain(["--grpc", grpc, "--ws", ws].map(OsStr::new)).collect::<Vec<_>>();
        let mut program = programs.start("dmpc-node", &arguments)?;
        let (grpc, ws) = program.await_output(addresses)?;
        Ok(Self { program, grpc, ws })
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub fn kill(self) -> Result<()> {
        self.program.kill()
    }

    /// SIGTERM: it finishes what it accepted.
    pub fn stop(self) -> Result<()> {
        self.program.terminate()
    }
}

/// The addresses, once the line `ready` is there.
fn addresses(printed: &str) -> Option<(String, String)> {
    let of = |name| printed.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
    printed.lines().any(|line| line == "ready").then(|| Some((of("grpc ")?, of("ws ")?)))?
}

/// Asks a node about itself over one gRPC connection.
pub struct Observer {
    runtime: Runtime,
    client: NodeClient<Channel>,
}

impl Observer {
    /// Connects.
    pub fn of(node: &Node) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let endpoint = Endpoint::from_shared(format!("http://{}", node.grpc))?.timeout(ANSWER_PATIENCE);
        let channel = runtime.block_on(endpoint.connect()).with_context(|| format!("no gRPC at {}", node.grpc))?;
        Ok(Self { runtime, client: NodeClient::new(channel) })
    }

    /// The operations in its log, all of them durable.
    pub fn operations(&mut self) -> Result<u64> {
        let answer = self.runtime.block_on(self.client.node_info(NodeInfoRequest::default()))?;
        Ok(answer.into_inner().operations)
    }
}
