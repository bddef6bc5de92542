//! `bowerbird dead`: what could not be handled.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Context;
use super::track::text;
use crate::cli::DeadCommand;
use crate::client::query::Address;
use crate::client::{Client, List, MOST_ITEMS};
use crate::output::{bytes_for_people, clean};

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
    let letters = List {
        address: Address::new("/api/v1/dead-letters"),
        items: "dead_letters",
        cursor: "before",
    };
    let mut rows = Vec::new();
    let show = |letter: &Value| {
        if context.output.json {
            return context.output.value(letter);
        }
        rows.push(row(letter));
        Ok(())
    };
    client.each(&letters, limit, show).await?;
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
    for some in ids.chunks(MOST_ITEMS as usize) {
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
    for some in ids.chunks(MOST_ITEMS as usize) {
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
