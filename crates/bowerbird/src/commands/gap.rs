//! `bowerbird gap`: what was missed.

use anyhow::Result;
use serde_json::Value;

use super::Context;
use super::track::text;
use crate::cli::GapCommand;
use crate::client::query::Address;
use crate::client::{Client, List};
use crate::output::thousands;

/// Lists gaps, newest first.
pub(super) async fn gap(context: &Context, command: GapCommand) -> Result<()> {
    let GapCommand::Ls { source, limit } = command;
    let client = Client::connect(context, "gap").await?;
    let list = List {
        address: Address::new("/api/v1/gaps").with_some("source", source.as_deref()),
        items: "gaps",
        cursor: "before",
    };
    let mut gaps = Vec::new();
    let show = |gap: &Value| {
        if context.output.json {
            return context.output.value(gap);
        }
        gaps.push(gap.clone());
        Ok(())
    };
    let shown = client.each(&list, limit, show).await?;
    if shown == limit {
        context.output.talk(format_args!(
            "there may be more; the newest {} are listed, --limit lists as many as you like",
            thousands(limit)
        ));
    }
    if context.output.json {
        return Ok(());
    }
    if gaps.is_empty() {
        context
            .output
            .talk("nothing was missed, as far as is known");
        return Ok(());
    }
    let row = |gap: &Value| {
        let until = gap["until"].as_str().unwrap_or("still open").to_owned();
        let lost = gap["lost"]
            .as_u64()
            .map_or_else(String::new, |lost| lost.to_string());
        vec![
            text(gap, "id"),
            text(gap, "source"),
            text(gap, "track"),
            text(gap, "from"),
            until,
            text(gap, "state"),
            lost,
            text(gap, "reason"),
        ]
    };
    let rows: Vec<Vec<String>> = gaps.iter().map(row).collect();
    context.output.table(
        &[
            "id", "source", "track", "from", "until", "state", "lost", "reason",
        ],
        &rows,
    )
}
