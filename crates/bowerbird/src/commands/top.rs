//! `bowerbird top`: how a running process is doing, again and again.

use std::io::IsTerminal;

use anyhow::Result;
use serde_json::Value;

use super::Context;
use super::track::{state, text};
use crate::cli::TopArgs;
use crate::client::Client;
use crate::output::{bytes_for_people, clean, plural, thousands};

/// Clears the screen and goes to its corner.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// Shows it until it is interrupted, or once.
pub(super) async fn top(context: &Context, args: &TopArgs) -> Result<()> {
    let client = Client::connect(context, "top").await?;
    let once = args.once || !client.is_running();
    let clears = !once && !context.output.json && std::io::stdout().is_terminal();
    let mut before: Option<Value> = None;
    loop {
        let status: Value = client.get("/api/v1/status").await?;
        if context.output.json {
            context.output.value(&status)?;
        } else {
            let tracks: Value = client.get("/api/v1/tracks").await?;
            if clears {
                context.output.bytes(CLEAR.as_bytes())?;
            }
            show(
                context,
                &status,
                before.as_ref(),
                &tracks,
                client.is_running(),
            )?;
        }
        if once {
            return Ok(());
        }
        before = Some(status);
        tokio::time::sleep(args.every).await;
    }
}

fn show(
    context: &Context,
    status: &Value,
    before: Option<&Value>,
    tracks: &Value,
    is_running: bool,
) -> Result<()> {
    let output = &context.output;
    let count = |value: &Value, key: &str| value[key].as_u64().unwrap_or(0);
    let came = before.map(|before| {
        count(&status["total"], "read").saturating_sub(count(&before["total"], "read"))
    });
    let running = if is_running {
        format!("running since {}", text(status, "started_at"))
    } else {
        "not running".to_owned()
    };
    let rate = came.map_or_else(String::new, |came| {
        format!(", {} read since the last look", thousands(came))
    });
    output.line(format_args!(
        "bowerbird {}, {running}{rate}",
        text(status, "version")
    ))?;
    let spool = &status["spool"];
    output.line(format_args!(
        "store {} posts, {}; spool {} of {}; {}",
        thousands(count(&status["store"], "posts")),
        bytes_for_people(count(&status["store"], "bytes")),
        bytes_for_people(count(spool, "bytes")),
        bytes_for_people(count(spool, "limit")),
        plural(count(status, "live_readers"), "live reader", "live readers"),
    ))?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let source = |source: &Value| {
        let numbers = [
            "read",
            "kept",
            "unmatched",
            "duplicate",
            "refused",
            "waiting",
        ];
        let numbers = numbers.map(|key| thousands(count(&source["counts"], key)));
        let state = source["state"].as_str().unwrap_or("-").to_owned();
        [
            vec![text(source, "source"), state],
            numbers.to_vec(),
            vec![text(source, "detail")],
        ]
        .concat()
    };
    output.line("")?;
    let rows: Vec<Vec<String>> = list(&status["sources"]).iter().map(source).collect();
    output.table(
        &[
            "source",
            "state",
            "read",
            "kept",
            "unmatched",
            "duplicate",
            "refused",
            "waiting",
            "",
        ],
        &rows,
    )?;
    for source in list(&status["sources"]) {
        for note in list(&source["notes"]) {
            let note = clean(note.as_str().unwrap_or_default());
            output.line(format_args!("{}: {note}", text(&source, "source")))?;
        }
    }
    output.line("")?;
    let track = |track: &Value| {
        let captures = thousands(count(track, "captures"));
        vec![
            text(track, "name"),
            state(track).to_owned(),
            captures,
            text(track, "last_at"),
        ]
    };
    let rows: Vec<Vec<String>> = list(&tracks["tracks"]).iter().map(track).collect();
    output.table(&["track", "state", "captures", "last post"], &rows)
}
