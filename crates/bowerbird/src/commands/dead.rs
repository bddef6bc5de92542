//! `bowerbird dead`: what could not be handled.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Context;
use super::track::text;
use crate::cli::DeadCommand;
use crate::client::Client;
use crate::client::query::Address;
use crate::output::{bytes_for_people, clean};

/// The most dead letters the API takes or gives at once.
const MOST: usize = 1_000;

/// Does what was asked.
pub(super) async fn dead(context: &Context, command: DeadCommand) -> Result<()> {
    let client = Client::connect(context, "dead").await?;
    match command {
        DeadCommand::Ls { limit } => list(context, &client, limit).await,
        DeadCommand::Show { id, raw } => show(context, &client, id, raw).await,
        DeadCommand::Retry { ids } => retry(context, &client, &ids).await,
        DeadCommand::Drop { ids } => drop_letters(context, &client, &ids).await,
    }
}

async fn list(context: &Context, client: &Client, limit: u64) -> Result<()> {
    let mut left = limit;
    let mut before: Option<String> = None;
    let mut rows = Vec::new();
    while left > 0 {
        let most = left.min(MOST as u64).to_string();
        let address = Address::new("/api/v1/dead-letters")
            .with("limit", &most)
            .with_some("before", before.as_deref());
        let answer: Value = client.get(address.as_str()).await?;
        let letters = answer["dead_letters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for letter in &letters {
            if context.output.json {
                context.output.value(letter)?
            } else {
                rows.push(row(letter))
            }
        }
        left = left.saturating_sub(letters.len() as u64);
        match answer["next"].as_str() {
            Some(next) if !letters.is_empty() => before = Some(next.to_owned()),
            _ => break,
        }
    }
    match (context.output.json, rows.is_empty()) {
        (true, _) => Ok(()),
        (false, true) => {
            context.output.talk("there are no dead letters");
            Ok(())
        }
        (false, false) => context
            .output
            .table(&["id", "source", "received", "size", "reason"], &rows),
    }
}

fn row(letter: &Value) -> Vec<String> {
    let size = bytes_for_people(letter["bytes"].as_u64().unwrap_or(0));
    vec![
        text(letter, "id"),
        text(letter, "source"),
        text(letter, "received_at"),
        size,
        text(letter, "reason"),
    ]
}

async fn show(context: &Context, client: &Client, id: u64, raw: bool) -> Result<()> {
    let address = format!("/api/v1/dead-letters/{id}");
    if raw {
        return context
            .output
            .bytes(&client.bytes(&format!("{address}/raw")).await?);
    }
    let letter: Value = client.get(&address).await?;
    if context.output.json {
        return context.output.value(&letter);
    }
    for key in ["id", "source", "lane", "received_at", "reason", "excerpt"] {
        let value = text(&letter, key);
        if !value.is_empty() {
            context
                .output
                .line(format_args!("{key:<12}{}", clean(&value)))?;
        }
    }
    context.output.line(format_args!(
        "{:<12}{} (--raw prints them)",
        "bytes", letter["bytes"]
    ))
}

async fn retry(context: &Context, client: &Client, ids: &[u64]) -> Result<()> {
    let mut failed = 0;
    for some in ids.chunks(MOST) {
        let answer: Value = client
            .post("/api/v1/dead-letters/retry", &body(some))
            .await?;
        if context.output.json {
            context.output.value(&answer)?;
        }
        for id in answer["delivered"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            context
                .output
                .talk(format_args!("{id}: sent through again"));
        }
        for one in answer["failed"].as_array().into_iter().flatten() {
            failed += 1;
            context.output.talk(format_args!(
                "{}: {}",
                text(one, "id"),
                clean(&text(one, "reason"))
            ));
        }
    }
    if failed > 0 {
        bail!("{failed} of {} did not go through", ids.len());
    }
    Ok(())
}

async fn drop_letters(context: &Context, client: &Client, ids: &[u64]) -> Result<()> {
    let mut dropped = 0;
    for some in ids.chunks(MOST) {
        let answer: Value = client
            .post("/api/v1/dead-letters/drop", &body(some))
            .await?;
        dropped += answer["dropped"].as_u64().unwrap_or(0);
    }
    if context.output.json {
        return context.output.value(&json!({ "dropped": dropped }));
    }
    context.output.line(format_args!("dropped {dropped}"))
}

fn body(ids: &[u64]) -> Value {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    json!({ "ids": ids })
}
