//! `bowerbird man`: one manual page with everything, and `bowerbird completions`.

use std::io::Write;

use anyhow::{Context as _, Result};
use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::output::Output;

/// Prints a completion script.
pub(super) fn completions(output: &Output, shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bowerbird", &mut script);
    output.bytes(&script)
}

/// Prints the page: the program first, then each command with its arguments.
pub(super) fn man(output: &Output) -> Result<()> {
    let mut whole = Cli::command();
    whole.build();
    let mut page = Vec::new();
    Man::new(whole.clone())
        .render(&mut page)
        .context("rendering the manual page")?;
    add_commands(&whole, &mut page).context("rendering the manual page")?;
    output.bytes(&page)
}

fn add_commands(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let name = sub.get_bin_name().unwrap_or(sub.get_name()).to_owned();
        // What holds for every command stands on the first part of the page.
        let everywhere: Vec<String> = sub
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(|arg| arg.get_id().to_string())
            .collect();
        let own = everywhere
            .iter()
            .fold(sub.clone(), |own, id| own.mut_arg(id, |arg| arg.hide(true)));
        let man = Man::new(own);
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part)?;
        man.render_description_section(&mut part)?;
        man.render_options_section(&mut part)?;
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        page.extend_from_slice(
            String::from_utf8_lossy(&part)
                .replace(".SH ", ".SS ")
                .as_bytes(),
        );
        add_commands(sub, page)?;
    }
    Ok(())
}
