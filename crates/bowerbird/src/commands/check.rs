//! `bowerbird check`: is the configuration right, and would it work? Changes nothing.

use anyhow::Result;
use serde_json::json;

use super::Context;
use crate::config::Problems;
use crate::wiring;

/// Parses, judges, and looks at what can be looked at.
pub(super) async fn check(context: &Context) -> Result<()> {
    let (settings, file) = context.configuration().await?;
    let place = context.secret_place()?.words();
    let mut problems = Problems::default();
    let shown = file.as_deref().map(|path| path.display().to_string());
    let mut told = vec![(
        "file".to_owned(),
        shown.unwrap_or_else(|| "none: the defaults hold; `bowerbird init` writes one".to_owned()),
    )];
    for source in &settings.sources {
        let key = format!("source.{}", source.name);
        let what = problems.take(&key, wiring::check(source));
        told.extend(what.map(|what| (key, what)));
    }
    let exists = settings.data.try_exists();
    let note = match problems.take("data", exists) {
        Some(false) => " (will be made)",
        _ => "",
    };
    problems
        .finish(())
        .map_err(|problems| problems.into_error(file.as_deref()))?;
    if settings.sources.is_empty() {
        told.push((
            "source".to_owned(),
            "none: nothing would come in".to_owned(),
        ));
    }
    told.push(("page".to_owned(), format!("http://{}/", settings.listen)));
    if !settings.listen.ip().is_loopback() {
        told.push(("page".to_owned(), "can be reached from other machines: `run` refuses until `bowerbird user passwd` was used".to_owned()));
    }
    told.push(("secrets".to_owned(), place));
    let data = format!("{}{note}", settings.data.display());
    told.push(("data".to_owned(), data));
    if context.output.json {
        let sources: Vec<&str> = settings
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        return context.output.value(&json!({ "ok": true, "file": file, "sources": sources, "data": settings.data, "listen": settings.listen }));
    }
    told.iter()
        .try_for_each(|(key, what)| context.output.line(format_args!("{key}: {what}")))?;
    context.output.line("ok")
}
