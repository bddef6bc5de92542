//! `bowerbird store`: looking after the store.

use std::path::absolute;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Context;
use super::track::text;
use crate::cli::StoreCommand;
use crate::client::Client;
use crate::output::{bytes_for_people, thousands};

/// Does what was asked.
pub(super) async fn store(context: &Context, command: StoreCommand) -> Result<()> {
    let client = Client::connect(context, "store").await?;
    match command {
        StoreCommand::Backup { path } => {
            let path = absolute(&path).with_context(|| format!("finding {}", path.display()))?;
            let body = json!({ "path": path.to_string_lossy() });
            let answer: Value = client.post("/api/v1/store/backup", &body).await?;
            if context.output.json {
                return context.output.value(&answer);
            }
            context
                .output
                .talk(format_args!("wrote {}", text(&answer, "path")));
            Ok(())
        }
        StoreCommand::Size => {
            let size: Value = client.get("/api/v1/store").await?;
            if context.output.json {
                return context.output.value(&size);
            }
            for key in ["posts", "tombstones", "accounts", "dead_letters"] {
                let count = thousands(size[key].as_u64().unwrap_or(0));
                context
                    .output
                    .line(format_args!("{:<14}{count:>15}", key.replace('_', " ")))?;
            }
            let bytes = bytes_for_people(size["bytes"].as_u64().unwrap_or(0));
            context
                .output
                .line(format_args!("{:<14}{bytes:>15}", "on disk"))
        }
    }
}
