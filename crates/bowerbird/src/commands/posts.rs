//! `bowerbird search` and `bowerbird export`: kept posts, a few or all of them, as one file or as a folder that says what it holds.

mod folder;

use std::fs::OpenOptions;
use std::io::{BufWriter, ErrorKind, Write};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Context;
use super::track::{find, text};
use crate::cli::{ExportArgs, ExportFormat, OrderArg, QueryArgs, SearchArgs};
use crate::client::query::Address;
use crate::client::{Client, List};
use crate::exit::Usage;
use crate::output::clean;

/// Prints the first posts that fit.
pub(super) async fn search(context: &Context, args: &SearchArgs) -> Result<()> {
    let client = Client::connect(context, "search").await?;
    let question = question(&client, "/api/v1/posts", &args.query).await?;
    let posts = List {
        address: question.with("order", order(args.order)),
        items: "items",
        cursor: "after",
    };
    let print = |post: &Value| {
        if context.output.json {
            context.output.value(post)
        } else {
            show(context, post)
        }
    };
    if client.each(&posts, args.limit, print).await? == 0 {
        context.output.talk("no kept post fits");
    }
    Ok(())
}

fn show(context: &Context, post: &Value) -> Result<()> {
    let at = post["made_at"]
        .as_str()
        .unwrap_or_else(|| post["received_at"].as_str().unwrap_or_default());
    let author = &post["author"];
    let head = format!(
        "{at}  {} @{}  {}",
        text(author, "name"),
        text(author, "handle"),
        text(post, "key")
    );
    context.output.line(context.output.bold(&clean(&head)))?;
    let shown = if post["deleted_at"].is_string() {
        "(deleted)".to_owned()
    } else {
        text(post, "text")
    };
    context.output.line(format_args!("  {}", clean(&shown)))?;
    let inside = post["embedded"].as_array().map_or(&[][..], Vec::as_slice);
    inside
        .iter()
        .try_for_each(|inner| show_inside(context, inner))
}

/// What a post quotes, or passes on, below it.
fn show_inside(context: &Context, inner: &Value) -> Result<()> {
    let said = if inner["deleted_at"].is_string() {
        "(deleted)".to_owned()
    } else {
        format!(
            "@{}: {}",
            text(&inner["author"], "handle"),
            text(inner, "text")
        )
    };
    context.output.line(format_args!("  > {}", clean(&said)))
}

/// Writes all posts that fit.
pub(super) async fn export(context: &Context, args: &ExportArgs) -> Result<()> {
    let client = Client::connect(context, "export").await?;
    let format = match args.format {
        _ if args.ids => "ids",
        ExportFormat::Jsonl => "jsonl",
        ExportFormat::Csv => "csv",
        ExportFormat::Ids => "ids",
    };
    if let Some(folder) = &args.dir {
        let question = question(&client, "/api/v1/export.zip", &args.query).await?;
        return folder::write(context, &client, question.with("format", format), folder).await;
    }
    let path = format!("/api/v1/export.{format}");
    let question = question(&client, &path, &args.query).await?;
    let mut pieces = client.stream(question.as_str()).await?;
    let Some(path) = &args.output else {
        while let Some(piece) = pieces.next().await? {
            context.output.bytes(&piece)?;
        }
        return Ok(());
    };
    let shown = path.display();
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Usage(format!(
            "{shown} is there already and is left as it is; name another file"
        ))
        .into(),
        _ => anyhow::Error::new(error).context(format!("writing {shown}")),
    })?;
    let mut file = BufWriter::new(file);
    while let Some(piece) = pieces.next().await? {
        file.write_all(&piece)
            .with_context(|| format!("writing {shown}"))?;
    }
    let file = file
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .with_context(|| format!("writing {shown}"))?;
    file.sync_all()
        .with_context(|| format!("writing {shown}"))?;
    context.output.talk(format_args!("wrote {shown}"));
    Ok(())
}

/// As the API names it.
fn order(order: OrderArg) -> &'static str {
    match order {
        OrderArg::Newest => "newest",
        OrderArg::Oldest => "oldest",
        OrderArg::Rank => "rank",
    }
}

async fn question(client: &Client, path: &str, query: &QueryArgs) -> Result<Address> {
    let track = match &query.track {
        Some(track) => text(&find(client, track).await?, "id"),
        None => String::new(),
    };
    Ok(Address::new(path)
        .with("text", &query.text)
        .with("author", &query.author)
        .with("track", &track)
        .with("service", &query.service)
        .with_some("source", query.source.as_deref())
        .with("lang", &query.lang)
        .with_some("since", query.since.as_deref())
        .with_some("until", query.until.as_deref())
        .with("has", &query.has.join(","))
        .with("hashtag", &query.hashtag)
        .with("embedded", if query.embedded { "true" } else { "" }))
}
