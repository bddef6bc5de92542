//! `run` where nothing is configured: a person on a terminal chooses a first source; without one it fails with what to do.
//!
//! Only what needs no account can be had by one keystroke; for the rest it says which commands lead there.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};

use anyhow::{Context as _, Result, bail};

use super::Context;
use crate::config::Settings;
use crate::exit::Usage;
use crate::output;

/// The file that is written: the first place where a configuration is looked for.
const FILE: &str = "bowerbird.toml";

/// What is asked.
const QUESTION: &str = "\
nothing is configured yet. What shall come in?
  1  Bluesky: everything public, as it happens; no account needed
  2  X: posts that match your rules; needs a paid app there
  3  a Mastodon server; needs an account there
  4  a built-in stream of made-up posts, to look around
";

/// What was chosen.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    /// This is written, and run.
    Write(&'static str),
    /// It needs more: this is said.
    Say(&'static str),
    /// Not understood.
    Unknown,
}

fn choice(typed: &str) -> Choice {
    match typed.trim().to_ascii_lowercase().as_str() {
        "1" | "bluesky" => Choice::Write(
            "[source.bluesky]\nkind = \"jetstream\"\n# All of it is about 850 MB a day.\nkeep = \"all\"\nkeep_for = \"7d\"\n",
        ),
        "2" | "x" => Choice::Say(
            "`bowerbird auth x --app-only` signs in and keeps the app's token as `x-bearer`; then `bowerbird init` writes a configuration: fill in [source.x]",
        ),
        "3" | "mastodon" => Choice::Say(
            "`bowerbird auth mastodon HOST` signs in; then `bowerbird init` writes a configuration to fill in",
        ),
        "4" => Choice::Write("[source.synthetic]\nkind = \"synthetic\"\nkeep_for = \"7d\"\n"),
        _ => Choice::Unknown,
    }
}

/// Has a source chosen, writes it down, and reads the configuration that there is now.
pub(super) async fn choose(context: &Context) -> Result<Settings> {
    if !std::io::stdin().is_terminal() {
        return Err(Usage(
            "nothing is configured, so nothing would come in: `bowerbird init` writes a bowerbird.toml to fill in, `bowerbird run -c FILE` names another; `bowerbird demo` needs none"
                .to_owned(),
        )
        .into());
    }
    context.output.talk(QUESTION);
    output::question("1, 2, 3 or 4: ");
    let mut typed = String::new();
    std::io::stdin()
        .read_line(&mut typed)
        .context("reading what was typed")?;
    match choice(&typed) {
        Choice::Write(text) => {
            write(text)?;
            context.output.talk(format_args!(
                "wrote {FILE}; `bowerbird init FILE` writes one with every key explained"
            ));
            context.settings().await
        }
        Choice::Say(text) => Err(Usage(text.to_owned()).into()),
        Choice::Unknown => {
            bail!("nothing was chosen; `bowerbird init` writes a configuration to fill in")
        }
    }
}

fn write(text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(FILE)
        .with_context(|| format!("writing {FILE} in the current folder"))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {FILE}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::File;

    #[test]
    fn what_is_written_is_a_configuration_with_one_source() {
        for typed in ["1\n", " bluesky ", "4"] {
            let Choice::Write(text) = choice(typed) else {
                panic!("{typed}")
            };
            assert_eq!(File::parse(text).unwrap().source.len(), 1, "{typed}");
        }
        for typed in ["2", "X", "3", "mastodon"] {
            assert!(matches!(choice(typed), Choice::Say(_)), "{typed}");
        }
        for typed in ["", "5", "yes"] {
            assert_eq!(choice(typed), Choice::Unknown, "{typed}");
        }
    }
}
