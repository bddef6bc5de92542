//! `bowerbird spool`: a look into the durable log.

use anyhow::{Result, bail};
use serde_json::Value;

use super::Context;
use super::track::text;
use crate::cli::SpoolCommand;
use crate::client::Client;
use crate::client::query::Address;
use crate::folder::Missing;
use crate::output::{bytes_for_people, plural, thousands};
use crate::wiring;

/// Does what was asked.
pub(super) async fn spool(context: &Context, command: SpoolCommand) -> Result<()> {
    match command {
        SpoolCommand::Ls => list(context).await,
        SpoolCommand::Peek { from, most } => peek(context, from, most).await,
        SpoolCommand::Fsck { repair } => fsck(context, repair).await,
    }
}

async fn list(context: &Context) -> Result<()> {
    let client = Client::connect(context, "spool").await?;
    let spool: Value = client.get("/api/v1/spool").await?;
    if context.output.json {
        return context.output.value(&spool);
    }
    let size = |key: &str| spool["size"][key].as_u64().unwrap_or(0);
    context.output.line(format_args!(
        "{} records from {} on, {} of {}",
        thousands(size("next") - size("oldest")),
        size("oldest"),
        bytes_for_people(size("bytes")),
        bytes_for_people(size("limit"))
    ))?;
    let number = |value: &Value, key: &str| thousands(value[key].as_u64().unwrap_or(0));
    let items = |key: &str| spool[key].as_array().cloned().unwrap_or_default();
    let lane = |lane: &Value| {
        let numbers = ["position", "waiting", "leased", "delayed"].map(|key| number(lane, key));
        [vec![text(lane, "lane")], numbers.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = items("lanes").iter().map(lane).collect();
    context
        .output
        .table(&["lane", "position", "waiting", "leased", "delayed"], &rows)?;
    let source = |source: &Value| {
        let numbers = ["read", "unmatched", "appended"].map(|key| number(source, key));
        [
            vec![text(source, "source")],
            numbers.to_vec(),
            vec![text(source, "heard_at")],
        ]
        .concat()
    };
    let rows: Vec<Vec<String>> = items("sources").iter().map(source).collect();
    context.output.table(
        &["source", "read", "unmatched", "appended", "last heard"],
        &rows,
    )
}

async fn peek(context: &Context, from: Option<u64>, most: u64) -> Result<()> {
    let client = Client::connect(context, "spool").await?;
    let from = from.map(|from| from.to_string());
    let address = Address::new("/api/v1/spool/records")
        .with_some("from", from.as_deref())
        .with("limit", &most.to_string());
    let answer: Value = client.get(address.as_str()).await?;
    let records = answer["records"].as_array().cloned().unwrap_or_default();
    if context.output.json {
        return records
            .iter()
            .try_for_each(|record| context.output.value(record));
    }
    if records.is_empty() {
        let from = from.map_or_else(String::new, |from| format!(" at {from} or later"));
        context
            .output
            .talk(format_args!("the spool holds no record{from}"));
        return Ok(());
    }
    let row = |record: &Value| {
        [
            "offset",
            "kind",
            "source",
            "received_at",
            "event",
            "excerpt",
        ]
        .map(|key| text(record, key))
        .to_vec()
    };
    let rows: Vec<Vec<String>> = records.iter().map(row).collect();
    context.output.table(
        &["offset", "kind", "source", "received", "event", "text"],
        &rows,
    )
}

/// Reads every byte; holds the folder meanwhile, so that nothing moves.
async fn fsck(context: &Context, repair: bool) -> Result<()> {
    let (_, folder) = context.folder(Missing::Refuse)?;
    let _held = folder.take("spool fsck").await?;
    let report = wiring::check_spool(&folder.path().join("spool"), repair)?;
    let output = &context.output;
    if output.json {
        output.value(&report)?;
    } else {
        output.line(format_args!(
            "{} in {}, {}",
            plural(report.records, "record", "records"),
            plural(report.segments, "file", "files"),
            bytes_for_people(report.bytes)
        ))?;
        if report.torn_bytes > 0 {
            let torn = report.torn_bytes;
            output.line(format_args!(
                "{torn} bytes of a write that was never confirmed; the next start cuts them"
            ))?;
        }
        report
            .damage
            .iter()
            .try_for_each(|damage| output.line(damage))?;
        report
            .moved
            .iter()
            .try_for_each(|file| output.line(format_args!("put aside: {}", file.display())))?;
    }
    if report.is_sound() {
        return Ok(());
    }
    let (places, lost) = (report.damage.len(), report.lost_records);
    if repair {
        output.talk(format_args!(
            "repaired {places} places; {lost} records are lost"
        ));
        return Ok(());
    }
    bail!(
        "the spool is damaged in {places} places, {lost} records are lost; `bowerbird spool fsck --repair` keeps what is sound"
    )
}
