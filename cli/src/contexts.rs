//! Saved contexts: settings under a name, one TOML file each, and which of them is in use.
//!
//! ```text
//! CONFIG/contexts/NAME.toml    settings, mode 0600
//! CONFIG/context               the name of the one in use
//! ```

use std::{fs, io, path::PathBuf};

use crate::{
    directories::{read_if_there, remove_if_there, write_private},
    error::CliError,
    settings::Settings,
};

/// Contexts of one directory.
const CONTEXTS_MAX: usize = 256;
/// Bytes of the name of a context.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of the file of a context.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The end of the name of such a file.
const EXTENSION: &str = "toml";

/// The saved contexts of a directory.
#[derive(Clone, Debug)]
pub struct Contexts {
    directory: Option<PathBuf>,
}

impl Contexts {
    /// Those of a directory, which need not be there.
    pub const fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The context of this name, or else the one in use; none when none is.
    ///
    /// # Errors
    /// [`CliError::NoContext`] when there is none of this name; [`CliError::Saved`] for a file that holds none.
    pub fn chosen(&self, name: Option<&str>) -> Result<Option<(String, Settings)>, CliError> {
        let name = match name {
            Some(name) => Some(name.to_owned()),
            None => self.in_use()?,
        };
        name.map(|name| Ok((name.clone(), self.get(&name)?))).transpose()
    }

    /// The name of the context in use.
    ///
    /// # Errors
    /// [`CliError::File`]
    pub fn in_use(&self) -> Result<Option<String>, CliError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let text = read_if_there(&directory.join("context"), FILE_BYTES_MAX)?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|name| !name.is_empty()))
    }

    /// The context of a name.
    ///
    /// # Errors
    /// [`CliError::NoContext`], [`CliError::Saved`].
    pub fn get(&self, name: &str) -> Result<Settings, CliError> {
        let path = self.path(name)?;
        let text = read_if_there(&path, FILE_BYTES_MAX)?;
        let text = text.ok_or_else(|| CliError::NoContext(name.to_owned()))?;
        toml::from_str(&text).map_err(|error| CliError::Saved { path, cause: one_line(error.message()) })
    }

    /// The names of all, ascending.
    ///
    /// # Errors
    /// [`CliError::File`]
    pub fn names(&self) -> Result<Vec<String>, CliError> {
        let Some(directory) = self.directory.as_ref().map(|directory| directory.join("contexts")) else {
            return Ok(Vec::new());
        };
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(CliError::file(&directory))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.map_err(CliError::file(&directory))?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
            let is_one = path.extension().is_some_and(|extension| extension == EXTENSION);
            names.extend(name.filter(|name| is_one && check(name).is_ok()));
        }
        names.sort();
        Ok(names)
    }

    /// Saves a context; one that is there already is replaced only if that is said.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a name that cannot be one or is taken; [`CliError::File`].
    pub fn put(&self, name: &str, settings: &Settings, replace: bool) -> Result<(), CliError> {
        let path = self.path(name)?;
        if path.exists() && !replace {
            return Err(CliError::Usage(format!("there is a context '{name}' already; --replace replaces it")));
        }
        if self.names()?.len() >= CONTEXTS_MAX {
            return Err(CliError::Usage(format!("there are {CONTEXTS_MAX} contexts already")));
        }
        let text = toml::to_string(settings).map_err(|error| CliError::Usage(error.to_string()))?;
        write_private(&path, &text)
    }

    /// Says which one is in use from now on.
    ///
    /// # Errors
    /// [`CliError::NoContext`], [`CliError::File`].
    pub fn set_in_use(&self, name: Option<&str>) -> Result<(), CliError> {
        let path = self.directory()?.join("context");
        match name {
            Some(name) => {
                self.get(name)?;
                write_private(&path, &format!("{name}\n"))
            }
            None => remove_if_there(&path),
        }
    }

    /// Removes a context.
    ///
    /// # Errors
    /// [`CliError::NoContext`], [`CliError::File`].
    pub fn remove(&self, name: &str) -> Result<(), CliError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(CliError::NoContext(name.to_owned()));
        }
        fs::remove_file(&path).map_err(CliError::file(&path))?;
        if self.in_use()?.as_deref() == Some(name) { self.set_in_use(None) } else { Ok(()) }
    }

    fn path(&self, name: &str) -> Result<PathBuf, CliError> {
        check(name).map_err(CliError::Usage)?;
        Ok(self.directory()?.join("contexts").join(format!("{name}.{EXTENSION}")))
    }

    fn directory(&self) -> Result<&PathBuf, CliError> {
        self.directory.as_ref().ok_or(CliError::NoConfigDirectory)
    }
}

/// That a text may be the name of a context, and so of a file.
fn check(name: &str) -> Result<(), String> {
    let is_fit = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let starts_well = name.starts_with(|character: char| character.is_ascii_alphanumeric());
    if starts_well && name.len() <= NAME_BYTES_MAX && name.chars().all(is_fit) {
        return Ok(());
    }
    Err(format!(
        "'{name}' cannot be the name of a context: letters, digits, '-', '_' and '.', at most {NAME_BYTES_MAX}"
    ))
}

/// The text of an error on one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
