//! `bowerbird gap`: what was missed.

use anyhow::Result;
use serde_json::Value;

use super::Context;
use super::track::text;
use crate::cli::GapCommand;
use crate::client::query::Address;
use crate::client::{Client, MOST_ITEMS};

/// Lists gaps, newest first.
pub(super) async fn gap(context: &Context, command: GapCommand) -> Result<()> {
    let GapCommand::Ls { source } = command;
    let client = Client::connect(context, "gap").await?;
    let address = Address::new("/api/v1/gaps")
        .with_some("source", source.as_deref())
        .with("limit", &MOST_ITEMS.to_string());
    let answer: Value = client.get(address.as_str()).await?;
    let gaps = answer["gaps"].as_array().cloned().unwrap_or_default();
    if gaps.len() as u64 == MOST_ITEMS {
        context
            .output
            .talk("there may be more; the newest 1,000 are listed");
    }
    if context.output.json {
        return gaps.iter().try_for_each(|gap| context.output.value(gap));
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
            text(gap, "from"),
            until,
            text(gap, "state"),
            lost,
            text(gap, "reason"),
        ]
    };
    let rows: Vec<Vec<String>> = gaps.iter().map(row).collect();
    context.output.table(
        &["id", "source", "from", "until", "state", "lost", "reason"],
        &rows,
    )
}
