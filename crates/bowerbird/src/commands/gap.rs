//! `bowerbird gap`: what was missed, and fetching it again.

use anyhow::Result;
use serde_json::{Value, json};

use super::Context;
use super::track::{find, text};
use crate::cli::{GapCommand, GapFilters};
use crate::client::query::Address;
use crate::client::{Client, List};
use crate::output::{clean, thousands};

/// Does what was asked.
pub(super) async fn gap(context: &Context, command: GapCommand) -> Result<()> {
    let client = Client::connect(context, "gap").await?;
    match command {
        GapCommand::Ls { filters, limit } => list(context, &client, filters, limit).await,
        GapCommand::Show { id } => {
            let gap: Value = client.get(&format!("/api/v1/gaps/{id}")).await?;
            show(context, &gap)
        }
        GapCommand::Repair { id } => {
            let address = format!("/api/v1/gaps/{id}/repair");
            let gap: Value = client.post(&address, &json!({})).await?;
            context
                .output
                .talk("it is fetched again as soon as it can be");
            show(context, &gap)
        }
    }
}

/// Lists gaps, newest first.
async fn list(context: &Context, client: &Client, filters: GapFilters, limit: u64) -> Result<()> {
    let track = match &filters.track {
        Some(track) => text(&find(client, track).await?, "id"),
        None => String::new(),
    };
    let list = List {
        address: Address::new("/api/v1/gaps")
            .with_some("source", filters.source.as_deref())
            .with("track", &track)
            .with_some("state", filters.state.as_deref())
            .with_some("since", filters.since.as_deref())
            .with_some("until", filters.until.as_deref()),
        items: "gaps",
        cursor: "before",
    };
    let mut gaps = Vec::new();
    let take = |gap: &Value| {
        if context.output.json {
            return context.output.value(gap);
        }
        gaps.push(gap.clone());
        Ok(())
    };
    let shown = client.each(&list, limit, take).await?;
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
            .talk("nothing of this was missed, as far as is known");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = gaps.iter().map(row).collect();
    let names = [
        "id", "source", "track", "from", "until", "cause", "lost", "state", "came", "reason",
    ];
    context.output.table(&names, &rows)
}

fn row(gap: &Value) -> Vec<String> {
    let came = gap["repair"]["posts"].as_u64().filter(|came| *came > 0);
    vec![
        text(gap, "id"),
        text(gap, "source"),
        text(gap, "track"),
        text(gap, "from"),
        until(gap),
        text(gap, "cause"),
        lost(gap),
        text(gap, "state"),
        came.map_or_else(String::new, |came| came.to_string()),
        text(gap, "reason"),
    ]
}

fn until(gap: &Value) -> String {
    gap["until"].as_str().unwrap_or("lasts still").to_owned()
}

/// As the service says, or about so many.
fn lost(gap: &Value) -> String {
    let about = |posts: u64| format!("\u{2248} {posts}");
    gap["lost"]
        .as_u64()
        .map(|lost| lost.to_string())
        .or_else(|| gap["estimate"]["posts"].as_u64().map(about))
        .unwrap_or_default()
}

/// Prints bars that say how complete a track is.
pub(super) async fn bars(context: &Context, client: &Client, track: &str) -> Result<()> {
    for span in ["24h", "7d", "30d"] {
        let address = format!("/api/v1/tracks/{track}/completeness?span={span}");
        let bar: Value = client.get(&address).await?;
        let cells = bar["cells"].as_array().into_iter().flatten();
        let signs: String = cells
            .map(|cell| sign(cell.as_str().unwrap_or("")))
            .collect();
        context.output.line(format_args!("{span:<14}{signs}"))?;
    }
    context.output.talk(
        "in the bars: \u{2588} complete, \u{2592} gap repaired, o gap open, x gap beyond repair, ? unknown, \u{b7} not there",
    );
    Ok(())
}

fn sign(cell: &str) -> char {
    match cell {
        "complete" => '\u{2588}',
        "repaired" => '\u{2592}',
        "open" => 'o',
        "beyond-repair" => 'x',
        "absent" => '\u{b7}',
        _ => '?',
    }
}

/// Everything that is known of a gap.
fn show(context: &Context, gap: &Value) -> Result<()> {
    if context.output.json {
        return context.output.value(gap);
    }
    let (estimate, repair) = (&gap["estimate"], &gap["repair"]);
    let came = repair["posts"].as_u64().unwrap_or(0).to_string();
    let tried = !text(repair, "by").is_empty();
    let lines = [
        ("id", text(gap, "id")),
        ("source", text(gap, "source")),
        ("track", text(gap, "track")),
        ("from", text(gap, "from")),
        ("until", until(gap)),
        ("cause", text(gap, "cause")),
        ("evidence", text(gap, "reason")),
        ("lost", lost(gap)),
        ("estimated", text(estimate, "method")),
        ("state", text(gap, "state")),
        ("repaired by", text(repair, "by")),
        ("at", text(repair, "at")),
        ("posts came", if tried { came } else { String::new() }),
        ("never brings", text(repair, "lacks")),
        ("remains", text(repair, "remains")),
        ("tried next", text(repair, "next_at")),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let value = clean(value);
        context.output.line(format_args!("{name:<14}{value}"))?;
    }
    Ok(())
}
