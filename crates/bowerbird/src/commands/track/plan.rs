//! `bowerbird track plan`, and `--plan` of what changes a track: how the tracks share X's rules, or would.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use bowerbird_core::ids::TrackId;
use bowerbird_core::plan::{SlotPlan, SlotRule, TrackShare};
use serde_json::Value;

use super::{Context, all};
use crate::cli::PlanArgs;
use crate::client::Client;
use crate::client::query::Address;
use crate::output::{clean, thousands};

/// How much of a rule is shown, in characters.
const SHOWN: usize = 100;

/// What tracks are called.
type Names = HashMap<TrackId, String>;

/// Shows the plan for all tracks that are active now.
pub(super) async fn plan(context: &Context, client: &Client, args: &PlanArgs) -> Result<()> {
    let number = |number: Option<usize>| number.map(|number| number.to_string());
    let address = Address::new("/api/v1/plan")
        .with_some("source", args.source.as_deref())
        .with_some("rules", number(args.rules).as_deref())
        .with_some("chars", number(args.chars).as_deref());
    let answer: Value = client.get(address.as_str()).await?;
    show(context, client, &answer, true).await
}

/// Shows what saving a change would do.
pub(super) async fn try_out(context: &Context, client: &Client, change: &Value) -> Result<()> {
    let answer: Value = client.post("/api/v1/plan", change).await?;
    show(context, client, &answer, false).await
}

async fn show(context: &Context, client: &Client, answer: &Value, in_full: bool) -> Result<()> {
    let plans = answer["plans"].as_array().map_or(&[][..], Vec::as_slice);
    if context.output.json {
        return plans.iter().try_for_each(|plan| context.output.value(plan));
    }
    let tracks = all(client).await?;
    let mut names = Names::new();
    for track in &tracks {
        let id = serde_json::from_value(track["id"].clone());
        let id = id.context("the process answered with tracks of another version")?;
        names.insert(id, super::text(track, "name"));
    }
    for view in plans {
        let plan: SlotPlan = serde_json::from_value(view.clone())
            .context("the process answered with a plan of another version")?;
        let shares = plan.shares.iter();
        names.extend(shares.map(|share| (share.track, share.name.clone())));
        heading(context, view, &plan)?;
        if in_full {
            shares_and_rules(context, &plan, &names)?;
        }
        changes(context, &plan, !in_full)?;
        for left_out in &plan.left_out {
            let name = name(&names, left_out.track);
            let reason = clean(&left_out.reason);
            context
                .output
                .line(format_args!("left out: {name}: {reason}"))?;
        }
    }
    Ok(())
}

fn heading(context: &Context, view: &Value, plan: &SlotPlan) -> Result<()> {
    let output = &context.output;
    output.line(clean(&super::text(view, "summary")))?;
    output.line(format_args!(
        "{}: {} of {} rules, {} others\u{2019}, {} free; {} of {} characters",
        plan.source,
        thousands(plan.rules.len() as u64),
        thousands(plan.slots as u64),
        thousands(plan.foreign as u64),
        thousands(plan.free as u64),
        thousands(plan.chars() as u64),
        thousands(plan.slots.saturating_mul(plan.max_chars) as u64),
    ))?;
    if !plan.note.is_empty() {
        output.line(format_args!("note: {}", clean(&plan.note)))?;
    }
    Ok(())
}

fn shares_and_rules(context: &Context, plan: &SlotPlan, names: &Names) -> Result<()> {
    if plan.rules.is_empty() {
        return Ok(());
    }
    let shares: Vec<Vec<String>> = plan.shares.iter().map(share_row).collect();
    let headings = ["track", "priority", "share", "in rules", "characters"];
    context.output.table(&headings, &shares)?;
    let rules: Vec<Vec<String>> = plan.rules.iter().map(|rule| row(rule, names)).collect();
    let headings = ["at X", "characters", "tracks", "rule"];
    context.output.table(&headings, &rules)
}

/// What is to be done at the service; what is to be added only if nothing else tells of it.
fn changes(context: &Context, plan: &SlotPlan, tell_added: bool) -> Result<()> {
    let added = plan.rules.iter().filter(|rule| tell_added && !rule.stands);
    let added = added.map(|rule| ("to add", &rule.rule));
    let deleted = plan.delete.iter().map(|rule| ("to remove", rule));
    deleted.chain(added).try_for_each(|(what, rule)| {
        context
            .output
            .line(format_args!("{what}: {}", clean(&shortened(rule))))
    })
}

fn share_row(share: &TrackShare) -> Vec<String> {
    vec![
        clean(&share.name),
        share.priority.to_string(),
        format!("{:.2}", share.share),
        share.slots.to_string(),
        thousands(share.chars as u64),
    ]
}

/// One rule of the plan.
fn row(rule: &SlotRule, names: &Names) -> Vec<String> {
    let tracks: Vec<String> = rule.tracks.iter().map(|id| name(names, *id)).collect();
    vec![
        if rule.stands { "stands" } else { "to add" }.to_owned(),
        rule.chars.to_string(),
        tracks.join(", "),
        clean(&shortened(&rule.rule)),
    ]
}

fn name(names: &Names, track: TrackId) -> String {
    names
        .get(&track)
        .map_or_else(|| "the new track".to_owned(), |name| clean(name))
}

fn shortened(rule: &str) -> String {
    let mut shown: String = rule.chars().take(SHOWN).collect();
    if rule.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
