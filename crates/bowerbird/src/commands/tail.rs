//! `bowerbird tail`: posts that match a rule, as they come.

use std::io::Write;

use anyhow::{Result, bail};

use super::Context;
use crate::cli::TailArgs;
use crate::client::Client;
use crate::client::query::Address;

/// Prints until the reader has enough or the process that captures ends.
pub(super) async fn tail(context: &Context, args: &TailArgs) -> Result<()> {
    let client = Client::connect(context, "tail").await?;
    if !client.is_running() {
        bail!(
            "nothing runs on this data folder, so nothing comes: start `bowerbird run` (or name a demo's folder with --data)"
        );
    }
    let address = Address::new("/api/v1/tail")
        .with_some("rule", args.rule.as_deref())
        .with_some("source", args.source.as_deref());
    let mut pieces = client.stream(address.as_str()).await?;
    context.output.talk("listening; Ctrl-C ends it");
    let mut lines = Lines {
        left: args.most,
        begun: Vec::new(),
    };
    while lines.left != Some(0)
        && let Some(piece) = pieces.next().await?
    {
        lines.take(context, &piece)?;
    }
    Ok(())
}

/// Puts pieces together into lines, and prints the ones with a post.
struct Lines {
    /// How many are still wanted; `None` for all.
    left: Option<u64>,
    /// The line whose end has not come yet.
    begun: Vec<u8>,
}

impl Lines {
    fn take(&mut self, context: &Context, piece: &[u8]) -> Result<()> {
        let mut out = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if !part.ends_with(b"\n") {
                break;
            }
            let line = std::mem::take(&mut self.begun);
            if line == b"\n" || self.left == Some(0) {
                continue;
            }
            if line.starts_with(b"{\"missed\":") {
                let missed = String::from_utf8_lossy(&line).trim_end().to_owned();
                context.output.talk(format_args!(
                    "too fast to show everything: {missed}; the store has them"
                ));
                continue;
            }
            out.write_all(&line)?;
            self.left = self.left.map(|left| left - 1);
        }
        context.output.bytes(&out)
    }
}
