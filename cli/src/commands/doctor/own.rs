//! Of who runs the command: state directory, outboxes, identity.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use dmpc::protected::IdentityText;
use dmpc_storage::identity_file;

use super::Findings;
use crate::{context::Context, outbox::look::look};

/// Bits of a mode that let others in.
const OTHERS: u32 = 0o077;
/// Operations that wait for an answer before somebody should look.
const WAITING_MANY: usize = 1_024;

/// The state directory and the outboxes in it.
pub(super) fn state(context: &Context, findings: &mut Findings) {
    let Some(state) = &context.state else {
        findings.failure("state", "there is no directory for lane state", "set DMPC_STATE to a directory of your own");
        return;
    };
    if !state.exists() {
        findings.ok("state", format_args!("{} is made by the first command that signs", state.display()));
        return;
    }
    require_private("state", state, findings);
    // One directory for each user, in it one for each signing key.
    let outboxes = directories(state).iter().flat_map(|user| directories(user)).collect::<Vec<_>>();
    for directory in outboxes {
        let shown = directory.display();
        match look(&directory) {
            Ok(None) => {}
            Ok(Some(outbox)) if outbox.mode & OTHERS != 0 => {
                let detail = format!("{shown} has mode {:04o}", outbox.mode);
                findings.failure("outbox", detail, &format!("chmod 700 '{shown}'"));
            }
            Ok(Some(outbox)) if outbox.is_damaged => {
                let detail = format!("{shown} is damaged, and signed operations stand behind the damage");
                findings.failure("outbox", detail, "keep a copy of it; with the directory gone, new lanes begin");
            }
            Ok(Some(outbox)) if outbox.waiting > WAITING_MANY => {
                let detail = format!("{} operations in {shown} wait for an answer", outbox.waiting);
                findings.warning("outbox", detail, "the next command that signs sends them again; is the node there?");
            }
            Ok(Some(outbox)) => {
                findings.ok("outbox", format_args!("{shown}: {} operations wait for an answer", outbox.waiting));
            }
            Err(error) => findings.failure("outbox", format_args!("{shown}: {error}"), ""),
        }
    }
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut directories: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    directories.sort_unstable();
    directories
}

/// That a directory lets nobody else in.
pub(super) fn require_private(check: &'static str, path: &Path, findings: &mut Findings) {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.mode() & OTHERS != 0 => {
            let detail = format!("{shown} has mode {:04o}: others can look into it", metadata.mode() & 0o7777);
            findings.failure(check, detail, &format!("chmod 700 '{shown}'"));
        }
        Ok(_) => findings.ok(check, shown),
        Err(error) => findings.failure(check, format_args!("{shown}: {error}"), ""),
    }
}

/// The identity file.
pub(super) fn identity(context: &Context, findings: &mut Findings) {
    let Some(path) = &context.identity else {
        findings.warning("identity", "none is named", "most commands need --identity FILE or DMPC_IDENTITY");
        return;
    };
    match identity_file::read(path) {
        Ok(IdentityText::Plain(identity)) => {
            findings.ok("identity", format_args!("{}, without a passphrase", identity.user))
        }
        Ok(IdentityText::Protected(_)) => {
            findings.ok("identity", format_args!("{}, with a passphrase", path.display()))
        }
        Err(error) => findings.error("identity", &error.into()),
    }
}
