//! Where the settings come from: the flags that every subcommand has.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use dmpc_node::config::layers::{self, Layered};

/// Bytes of a configuration file at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Flags for settings. What they do not say comes from the environment, the file, or is the default.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// A configuration file (TOML); docs/dmpc-node.toml is a commented example.
    #[arg(long, global = true, env = "DMPC_NODE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory (DMPC_DATA).
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// What to log on standard error: off, error, warn, info, debug, trace, or per module (DMPC_LOG_FILTER).
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Any other setting, as limits.connections=100; may stand several times (DMPC_LIMITS_CONNECTIONS).
    #[arg(long, global = true, value_name = "SETTING=VALUE")]
    set: Vec<String>,
}

impl Sources {
    /// Brings the settings together; `flags` are those that the subcommand has beside these.
    pub(crate) fn load(&self, flags: &[(&'static str, Option<String>)]) -> Result<Layered> {
        let text = self.config.as_ref().map(|path| -> Result<(String, String)> {
            let name = path.display().to_string();
            let size = fs::metadata(path).with_context(|| format!("cannot read {name}"))?.len();
            if size > FILE_BYTES_MAX {
                bail!("{name} has {size} bytes; a configuration has at most {FILE_BYTES_MAX}");
            }
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
            Ok((name, text))
        });
        let text = text.transpose()?;
        let known: Vec<String> = layers::settings().into_iter().map(|(path, _)| path).collect();
        let mut said = Vec::new();
        for assignment in &self.set {
            let Some((path, value)) = assignment.split_once('=') else {
                bail!("--set '{assignment}': write SETTING=VALUE, as limits.connections=100");
            };
            if !known.iter().any(|known| known == path) {
                bail!("--set {path}: there is no such setting; dmpc-node config show lists all");
            }
            said.push((path, value.to_owned()));
        }
        let own = [("data", &self.data), ("log.filter", &self.log)];
        said.extend(own.into_iter().filter_map(|(path, value)| Some((path, value.clone()?))));
        said.extend(flags.iter().filter_map(|(path, value)| Some((*path, value.clone()?))));
        let mut environment = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(layers::PREFIX)) else { continue };
            let Ok(value) = value.into_string() else { bail!("the variable {name} is not UTF-8") };
            environment.insert(name.to_owned(), value);
        }
        let file = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Ok(layers::load(file, &environment, &said)?)
    }
}
