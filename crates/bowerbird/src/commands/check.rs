//! `bowerbird check`: is the configuration right, and would it work? Changes nothing.

use anyhow::Result;
use serde_json::json;

use super::Context;
use crate::config::{Problems, Secrets, SourceKind};
use crate::wiring;

/// Parses, judges, and looks at what can be looked at.
pub(super) async fn check(context: &Context) -> Result<()> {
    let settings = context.settings(Secrets::Fetch)?;
    let mut problems = Problems::default();
    let mut told = Vec::new();
    for source in &settings.sources {
        let key = format!("source.{}", source.name);
        let what = match &source.kind {
            SourceKind::Synthetic { rate, seed } => {
                Some(format!("synthetic, {rate} posts a second, seed {seed}"))
            }
            SourceKind::Replay { paths, .. } => {
                problems.take(&format!("{key}.paths"), wiring::check_replay(paths))
            }
            SourceKind::X { base_url, .. } => {
                Some(format!("x at {base_url}, token found (not tried)"))
            }
        };
        told.extend(what.map(|what| (key, what)));
    }
    told.push(("page".to_owned(), format!("http://{}/", settings.listen)));
    if !settings.listen.ip().is_loopback() {
        told.push(("page".to_owned(), "can be reached from other machines: `run` refuses until `bowerbird user passwd` was used".to_owned()));
    }
    let is_made = settings.data.try_exists().unwrap_or(false);
    let note = if is_made { "" } else { " (will be made)" };
    told.push((
        "data".to_owned(),
        format!("{}{note}", settings.data.display()),
    ));
    problems
        .finish(())
        .map_err(|problems| problems.into_error(context.global.config.as_deref()))?;
    if context.output.json {
        let sources: Vec<&str> = settings
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        return context.output.value(&json!({ "ok": true, "sources": sources, "data": settings.data, "listen": settings.listen }));
    }
    told.iter()
        .try_for_each(|(key, what)| context.output.line(format_args!("{key}: {what}")))?;
    context.output.line("ok")
}
