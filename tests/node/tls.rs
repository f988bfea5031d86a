//! TLS on both front ends: real certificates, real handshakes, the real command line.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::TcpStream,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::support::{
    folder::private_folder,
    operations::Cast,
    server::{Server, node_program},
};

/// An authority of its own, and a certificate for loopback that it signed.
pub(super) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub(super) fn new() -> Self {
        let folder = private_folder();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = authority.self_signed(&key).unwrap();
        let own = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let issuer = Issuer::from_params(&authority, &key);
        let certificate = CertificateParams::new(names).unwrap().signed_by(&own, &issuer).unwrap();
        let made = Self { folder };
        fs::write(made.path("ca.pem"), ca.pem()).unwrap();
        fs::write(made.path("certificate.pem"), certificate.pem()).unwrap();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(made.path("key.pem")).unwrap();
        file.write_all(own.serialize_pem().as_bytes()).unwrap();
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A node's program that speaks TLS with them.
    pub(super) fn program(&self) -> Command {
        let mut program = node_program();
        program.env("DMPC_TLS_CERTIFICATE", self.path("certificate.pem")).env("DMPC_TLS_KEY", self.path("key.pem"));
        program
    }
}

/// The command line, which lists channels as the root.
fn list(server: &Server, via: &str, address: &str, ca: Option<&Path>) -> Output {
    let mut command = Command::new(node_program().get_program().to_str().unwrap().replace("dmpc-node", "dmpc-cli"));
    let address_flag = if via == "ws" { "--ws" } else { "--grpc" };
    command.env_clear().args(["--via", via, address_flag, address, "--identity"]).arg(server.root_identity());
    command.env("DMPC_STATE", server.data().with_file_name("state"));
    if let Some(ca) = ca {
        command.arg("--ca").arg(ca);
    }
    command.args(["channel", "list"]).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Each front end: its name, the scheme with TLS, the address.
fn front_ends(server: &Server) -> [(&'static str, &'static str, String); 2] {
    [("grpc", "https", server.grpc.clone()), ("ws", "wss", server.ws.clone())]
}

async fn server(certificates: &Certificates) -> Server {
    let mut server = Server::start(&Cast::new(1));
    server.restart_as(certificates.program()).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_speaks_tls_with_both_front_ends() {
    let certificates = Certificates::new();
    let server = server(&certificates).await;
    for (via, scheme, address) in front_ends(&server) {
        let output = list(&server, via, &format!("{scheme}://{address}"), Some(&certificates.path("ca.pem")));
        assert!(output.status.success(), "{via}: {}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_stranger_is_not_trusted() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let server = server(&certificates).await;
    for (via, scheme, address) in front_ends(&server) {
        let output = list(&server, via, &format!("{scheme}://{address}"), Some(&others.path("ca.pem")));
        assert_eq!(output.status.code(), Some(4), "{via}: {}", said(&output));
        assert!(said(&output).contains("TLS") && said(&output).contains("certificate"), "{via}: {}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_plain_text_to_tls_gets_nothing() {
    let certificates = Certificates::new();
    let server = server(&certificates).await;
    for (via, _, address) in front_ends(&server) {
        let output = list(&server, via, &address, None);
        assert_eq!(output.status.code(), Some(4), "{via}: {}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_finish_the_handshake_holds_up_nobody_and_is_closed() {
    let certificates = Certificates::new();
    let mut server = Server::start(&Cast::new(1));
    let mut program = certificates.program();
    program.env("DMPC_LIMITS_GREETING_SECONDS", "1");
    server.restart_as(program).await;
    let (via, scheme, address) = front_ends(&server)[0].clone();
    // Half of a client's greeting.
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).unwrap();
    let output = list(&server, via, &format!("{scheme}://{address}"), Some(&certificates.path("ca.pem")));
    assert!(output.status.success(), "{}", said(&output));
    let ended = std::io::Read::read_to_end(&mut slow, &mut Vec::new());
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
}

/// What a node says that does not start.
fn refused(server: &Server, mut program: Command) -> String {
    let output =
        program.args(["serve", "--grpc", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--data"]).arg(server.data()).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
    said(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_used_are_named() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let server = Server::start(&Cast::new(1));
    let with = |variable: &str, path: PathBuf| {
        let mut program = certificates.program();
        program.env(variable, path);
        refused(&server, program)
    };
    assert!(with("DMPC_TLS_KEY", certificates.path("none.pem")).contains("none.pem"));
    assert!(with("DMPC_TLS_CERTIFICATE", certificates.path("key.pem")).contains("no certificate"));
    assert!(with("DMPC_TLS_KEY", others.path("key.pem")).contains("cannot be used with the key"));
    fs::set_permissions(certificates.path("key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(with("DMPC_TLS_KEY", certificates.path("key.pem")).contains("chmod 600"));
}

#[test]
fn beyond_loopback_it_starts_only_with_tls_or_told_so() {
    let server = Server::start(&Cast::new(1));
    for flag in ["--grpc", "--ws"] {
        let output = node_program().args(["serve", flag, "0.0.0.0:0", "--data"]).arg(server.data()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("plain_beyond_loopback"), "{}", said(&output));
    }
}
