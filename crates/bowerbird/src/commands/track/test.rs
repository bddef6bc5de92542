//! `bowerbird track test`: of each post in files, whether a rule matches it, and why or why not. Nothing is kept.

use anyhow::{Context as _, Result};
use bowerbird_connect::decode_any;
use bowerbird_connect::replay::{self, ReplayConfig};
use bowerbird_core::event::{Event, Post, with_doc};
use bowerbird_core::frame::Frame;
use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::Rule;
use bowerbird_core::source::Keep;
use serde_json::json;

use super::Context;
use crate::cli::TestArgs;
use crate::exit::Usage;
use crate::output::{clean, thousands};

/// How much of a text is shown, in characters.
const SHOWN: usize = 160;

/// What was found in all files.
#[derive(Default)]
struct Found {
    posts: u64,
    matching: u64,
    others: u64,
    unreadable: u64,
}

/// Reads the files and says of each post what the rule says.
pub(super) async fn test(context: &Context, args: &TestArgs) -> Result<()> {
    let rule =
        Rule::parse(&args.rule).map_err(|error| Usage(format!("the rule has an error {error}")))?;
    let config = ReplayConfig {
        inputs: args.paths.clone(),
        ..ReplayConfig::default()
    };
    let name = SourceName::parse("test").context("naming the source")?;
    let connection =
        replay::connect(name, Keep::All, config).map_err(|error| Usage(error.to_string()))?;
    let mut source = (connection.open)(None).await?;
    let mut found = Found::default();
    while let Some(batch) = source.next_batch().await? {
        for frame in &batch.frames {
            found.frame(context, &rule, frame)?;
        }
    }
    context.output.talk(format_args!(
        "{} of {} posts match; {} other events, {} frames that could not be read",
        thousands(found.matching),
        thousands(found.posts),
        thousands(found.others),
        thousands(found.unreadable),
    ));
    Ok(())
}

impl Found {
    fn frame(&mut self, context: &Context, rule: &Rule, frame: &Frame) -> Result<()> {
        let event = match frame.broken {
            Some(_) => None,
            None => decode_any(&frame.bytes).ok(),
        };
        match event.as_ref().map(|event| (event, event.post())) {
            None => self.unreadable += 1,
            Some((_, None)) => self.others += 1,
            Some((event, Some(post))) => {
                self.posts += 1;
                self.matching += u64::from(say(context, rule, event, post)?);
            }
        }
        Ok(())
    }
}

/// Says of one post whether it matches, and gives that back.
fn say(context: &Context, rule: &Rule, event: &Event<'_>, post: &Post<'_>) -> Result<bool> {
    let key = format!("{}/{}", event.id.service, event.id.id);
    let (matches, verdicts) = with_doc(&event.id.id, post, |doc| {
        (rule.matches(doc), rule.verdicts(doc))
    });
    let parts = |wanted: bool| -> Vec<&str> {
        let these = verdicts.iter().filter(|(_, holds)| *holds == wanted);
        these.map(|(span, _)| &rule.text()[span.clone()]).collect()
    };
    let (hold, fail) = (parts(true), parts(false));
    if context.output.json {
        let value = json!({ "post": key, "matches": matches, "holds": hold, "fails": fail, "text": post.text });
        context.output.value(&value)?;
        return Ok(matches);
    }
    let verdict = if matches { "match   " } else { "no match" };
    let text: String = post.text.chars().take(SHOWN).collect();
    context
        .output
        .line(format_args!("{verdict}  {}  {}", clean(&key), clean(&text)))?;
    for (what, parts) in [("holds", hold), ("fails", fail)] {
        if !parts.is_empty() {
            context.output.line(format_args!(
                "          {what}: {}",
                clean(&parts.join("   "))
            ))?;
        }
    }
    Ok(matches)
}
