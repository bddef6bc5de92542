//! `bowerbird init`: a commented configuration to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use anyhow::{Context as _, Result};

use super::Context;
use crate::cli::InitArgs;
use crate::config;
use crate::exit::Usage;

/// Writes the example; never over a file that is there.
pub(super) fn init(context: &Context, args: &InitArgs) -> Result<()> {
    let shown = args.path.display();
    let mut file = match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Usage(format!(
                "{shown} is there already and is left as it is; name another file, or remove it"
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("writing {shown}")),
    };
    file.write_all(config::EXAMPLE.as_bytes())
        .with_context(|| format!("writing {shown}"))?;
    context.output.talk(format_args!("wrote {shown}"));
    context
        .output
        .talk("next: look through it, then `bowerbird check`, then `bowerbird run`");
    Ok(())
}
