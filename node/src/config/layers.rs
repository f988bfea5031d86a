//! Where a [`Config`] comes from: defaults, then a TOML file, then the environment, then flags; what comes later wins.
//!
//! A setting of the file is called by its path, as `limits.connections`; in the environment it is `DMPC_` and that path
//! in capitals with `_` for the dot, as `DMPC_LIMITS_CONNECTIONS`. Pure: the file's text and the environment are arguments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Config;

/// What every variable of the environment begins with.
pub const PREFIX: &str = "DMPC_";

/// The tables of settings, whose variables are nobody else's.
const TABLES: [&str; 4] = ["limits.", "log.", "peer.", "tls."];

/// Why settings are refused. Each says where the setting stands.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not TOML, or has a setting that there is not, or one of another kind.
    #[error("{file}: {error}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong, with line and column.
        error: Box<toml::de::Error>,
    },
    /// A variable that looks like a setting and is none.
    #[error("the variable {0} is no setting; dmpc-node config show lists all")]
    UnknownVariable(String),
    /// A variable's value does not fit its setting.
    #[error("the variable {variable} does not fit the setting {setting}: {error}")]
    Variable {
        /// The variable.
        variable: String,
        /// The setting.
        setting: String,
        /// What is wrong.
        error: String,
    },
    /// A flag's value does not fit its setting.
    #[error("--{setting}: {error}")]
    Flag {
        /// The setting.
        setting: String,
        /// What is wrong.
        error: String,
    },
    /// Settings that do not go together.
    #[error(transparent)]
    Rule(#[from] super::rules::RuleError),
}

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Nobody said anything.
    Default,
    /// The file.
    File,
    /// This variable.
    Variable(String),
    /// A flag of the command line.
    Flag,
}

/// A configuration, and for each setting that has a value where it comes from.
#[derive(Clone, Debug)]
pub struct Layered {
    /// The settings.
    pub config: Config,
    /// By path.
    pub layers: BTreeMap<String, Layer>,
}

/// The paths of all settings, and the names of their variables.
pub fn settings() -> Vec<(String, String)> {
    let mut paths: Vec<String> = ["metrics", "peer.listen", "tls.certificate", "tls.key"].map(str::to_owned).to_vec();
    leaves("", &to_table(&Config::default()), &mut |path, _| paths.push(path.to_owned()));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), variable(&path))).collect()
}

fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "_").to_uppercase())
}

/// Brings the layers together. `file` is a name and a text; `flags` are paths and values as typed.
///
/// # Errors
/// [`ConfigError`] for the first setting that does not fit.
pub fn load(
    file: Option<(&str, &str)>,
    environment: &BTreeMap<String, String>,
    flags: &[(&str, String)],
) -> Result<Layered, ConfigError> {
    let mut table = to_table(&Config::default());
    let mut layers = BTreeMap::new();
    leaves("", &table, &mut |path, _| drop(layers.insert(path.to_owned(), Layer::Default)));
    if let Some((name, text)) = file {
        let wrong = |error| ConfigError::File { file: name.to_owned(), error: Box::new(error) };
        // Read as a configuration first, because then a mistake has a line.
        toml::from_str::<Config>(text).map_err(wrong)?;
        let said: Table = toml::from_str(text).map_err(wrong)?;
        leaves("", &said, &mut |path, value| {
            layers.insert(path.to_owned(), Layer::File);
            put(&mut table, path, value.clone());
        });
    }
    let known = settings();
    let is_ours = |name: &str| TABLES.iter().any(|table| name.starts_with(&variable(table)));
    if let Some(name) = environment.keys().find(|name| is_ours(name) && known.iter().all(|(_, known)| known != *name)) {
        return Err(ConfigError::UnknownVariable(name.clone()));
    }
    for (path, variable) in known {
        let Some(text) = environment.get(&variable) else { continue };
        set(&mut table, &path, text).map_err(|error| ConfigError::Variable {
            variable: variable.clone(),
            setting: path.clone(),
            error,
        })?;
        layers.insert(path, Layer::Variable(variable));
    }
    for (path, text) in flags {
        set(&mut table, path, text).map_err(|error| ConfigError::Flag { setting: (*path).to_owned(), error })?;
        layers.insert((*path).to_owned(), Layer::Flag);
    }
    let config = config_of(&table).map_err(|error| ConfigError::Flag { setting: String::new(), error })?;
    super::rules::check(&config)?;
    Ok(Layered { config, layers })
}

/// Puts a typed value in its place: as TOML where that fits the setting, else as text.
fn set(table: &mut Table, path: &str, text: &str) -> Result<(), String> {
    let typed = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut one| one.remove("value"));
    let candidates = typed.into_iter().chain([Value::String(text.to_owned())]);
    let mut said = String::new();
    for candidate in candidates {
        let mut attempt = table.clone();
        put(&mut attempt, path, candidate);
        match config_of(&attempt) {
            Ok(_) => {
                *table = attempt;
                return Ok(());
            }
            Err(error) if said.is_empty() => said = error,
            Err(_) => {}
        }
    }
    Err(said)
}

fn config_of(table: &Table) -> Result<Config, String> {
    Config::deserialize(table.clone()).map_err(|error| error.message().to_owned())
}

fn to_table(config: &Config) -> Table {
    // A configuration is plain data of a kind that TOML has, so this does not fail; if it did, nothing would be set.
    Table::try_from(config).unwrap_or_default()
}

/// Calls `each` for every value that is no table, with its path.
fn leaves(prefix: &str, table: &Table, each: &mut impl FnMut(&str, &Value)) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => leaves(&path, inner, each),
            value => each(&path, value),
        }
    }
}

fn put(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

impl Layered {
    /// The settings as TOML, each with a remark where it comes from when it is not the default.
    pub fn shown(&self) -> String {
        let (mut top, mut tables) = (String::new(), BTreeMap::<String, String>::new());
        leaves("", &to_table(&self.config), &mut |path, value| {
            let remark = match self.layers.get(path) {
                None | Some(Layer::Default) => String::new(),
                Some(Layer::File) => "  # file".to_owned(),
                Some(Layer::Variable(name)) => format!("  # {name}"),
                Some(Layer::Flag) => "  # flag".to_owned(),
            };
            match path.rsplit_once('.') {
                None => top.push_str(&format!("{path} = {}{remark}\n", inline(value))),
                Some((table, key)) => {
                    let text = tables.entry(table.to_owned()).or_insert_with(|| format!("\n[{table}]\n"));
                    text.push_str(&format!("{key} = {}{remark}\n", inline(value)));
                }
            }
        });
        tables.into_values().fold(top, |text, table| text + &table)
    }
}

fn inline(value: &Value) -> String {
    let mut text = String::new();
    // Values that are no tables are written in one line.
    match value.serialize(toml::ser::ValueSerializer::new(&mut text)) {
        Ok(_) => text,
        Err(error) => format!("# {error}"),
    }
}
