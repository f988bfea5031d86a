//! `man`: manual pages, one for each command.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use clap_mangen::Man;
use serde::Serialize;

use crate::{cli, context::Context, error::CliError, examples, examples::examples_of, output::Output};

/// Write the manual pages, one for each command.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli man ~/.local/share/man/man1"])]
pub struct Args {
    /// Directory to write them to; made if it is not there. Pages of the same name are replaced.
    directory: PathBuf,
}

#[derive(Serialize)]
struct Written {
    file: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError::File`]
pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    fs::create_dir_all(&args.directory).map_err(CliError::file(&args.directory))?;
    let mut command = cli::command();
    command.build();
    let mut output = Output::to_stdout();
    write(context, args, &mut output, &command)?;
    output.flush()
}

fn write(context: &Context, args: &Args, output: &mut Output, command: &clap::Command) -> Result<(), CliError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = args.directory.join(format!("{name}.1"));
    fs::write(&path, page(command).map_err(CliError::file(&path))?).map_err(CliError::file(&path))?;
    let file = path.display().to_string();
    if context.json {
        output.json(&Written { file })?
    } else {
        output.line(file)?
    }
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    shown.into_iter().try_for_each(|command| write(context, args, output, command))
}

/// A page. Its examples stand before its options, as in the help.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone()).manual("DMPC").source(concat!("dmpc-cli ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    writeln!(page, ".SH EXAMPLES\n.nf")?;
    for example in examples_of(command) {
        writeln!(page, "{}", example.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"))?;
    }
    writeln!(page, ".fi")?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if command.get_after_help().is_some() {
        man.render_extra_section(&mut page)?;
    }
    Ok(page)
}
