//! Asking a service how many posts a rule would have brought. Each question is paid for, so it is put on the bill, and not asked where a budget is spent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bowerbird_core::bill::{
    Call, Charge, CountedSpan, Counter, Fill, Forecast, Money, Priced, Spent, estimate,
};
use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::Rule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::JsonBody;
use crate::site::{App, Site};

/// The most questions that are asked for one rule.
const MOST_QUESTIONS: usize = 20;

/// A rule to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountRule {
    /// The rule.
    rule: String,
    /// The source whose service to ask.
    source: SourceName,
}

/// How many posts a service counted for a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleCounts {
    /// The source.
    source: SourceName,
    /// How many questions it took. What several of them count is counted more than once: it is the most.
    questions: u64,
    /// What they cost.
    cost: Money,
    /// Posts in all.
    posts: u64,
    /// Posts by span, in order of time.
    spans: Vec<CountedSpan>,
    /// What the rule would cost if it goes on so.
    forecast: Option<Forecast>,
}

/// Asks a source's service how many posts a rule would have brought in the last days. Each question costs what the source's `counts` says.
#[utoipa::path(post, path = "/api/v1/rules/counts", tag = "tracks", request_body = CountRule, responses((status = 200, body = RuleCounts)))]
pub(crate) async fn count_rule(
    State(app): State<App>,
    JsonBody(asked): JsonBody<CountRule>,
) -> Result<Json<RuleCounts>, ApiError> {
    let rule = Rule::parse(&asked.rule).map_err(|error| ApiError::bad_rule(&error))?;
    let questions = questions(&app.site, &asked.source, &rule)?;
    let site = Arc::clone(&app.site);
    // What was asked is paid for, whether somebody still waits for the answer or not.
    let counting = tokio::spawn(async move { count(&site, &asked.source, questions).await });
    counting.await.map_err(ApiError::internal)?.map(Json)
}

/// What must be asked of a source's service to count a rule, or why it can't be.
pub(crate) fn questions(
    site: &Site,
    source: &SourceName,
    rule: &Rule,
) -> Result<Vec<String>, ApiError> {
    let questions = counter(site, source)?
        .questions(rule)
        .map_err(|why| ApiError::bad_parameter("rule", why))?;
    if questions.len() > MOST_QUESTIONS {
        let why = format_args!(
            "it takes {} questions to count it, and at most {MOST_QUESTIONS} are asked",
            questions.len()
        );
        return Err(ApiError::bad_parameter("rule", why));
    }
    Ok(questions)
}

/// Who asks a source's service.
fn counter<'s>(site: &'s Site, source: &SourceName) -> Result<&'s Counter, ApiError> {
    let mut counters = site.options.counters.iter();
    let found = counters.find(|counter| counter.source == *source);
    found.ok_or_else(|| {
        let known: Vec<&str> = site
            .options
            .counters
            .iter()
            .map(|it| it.source.as_str())
            .collect();
        let why = match known.as_slice() {
            [] => "no source here can be asked for counts".to_owned(),
            known => format!(
                "expected a source that can be asked for counts: {}",
                known.join(", ")
            ),
        };
        ApiError::bad_parameter("source", why)
    })
}

async fn count(
    site: &Site,
    source: &SourceName,
    questions: Vec<String>,
) -> Result<RuleCounts, ApiError> {
    let _asking = site.asking.lock().await;
    let counter = counter(site, source)?;
    let prices = site.parts.bills.prices(source);
    let mut told = RuleCounts {
        source: source.clone(),
        questions: 0,
        cost: Money::ZERO,
        posts: 0,
        spans: Vec::new(),
        forecast: None,
    };
    for question in questions {
        check_budget(site, source, prices.counts)?;
        let asked = counter.ask(question).await;
        if asked
            .as_ref()
            .map_or_else(|error| error.is_charged, |_| true)
        {
            pay(site, source, prices.counts).await?;
            told.questions += 1;
            told.cost += prices.counts;
        }
        let spans = asked.map_err(|error| ApiError::upstream(source.as_str(), &error.reason))?;
        add(&mut told.spans, spans);
    }
    told.posts = told.spans.iter().map(|span| span.posts).sum();
    if let (Some(first), Some(last)) = (told.spans.first(), told.spans.last()) {
        let (cost, span) = (prices.post.times(told.posts), last.until.since(first.from));
        told.forecast = estimate(told.posts, cost, span, &Spent::default(), site.now());
    }
    Ok(told)
}

/// Adds what another question counted.
fn add(all: &mut Vec<CountedSpan>, more: Vec<CountedSpan>) {
    for span in more {
        match all.iter_mut().find(|known| known.from == span.from) {
            Some(known) => known.posts += span.posts,
            None => all.push(span),
        }
    }
    all.sort_by_key(|span| span.from);
}

/// May a question be paid for?
fn check_budget(site: &Site, source: &SourceName, price: Money) -> Result<(), ApiError> {
    let standing = site.parts.bills.standing();
    let budgets = standing.sources.get(source).map(|it| &it.budgets);
    let full = budgets
        .into_iter()
        .flatten()
        .find(|budget| budget.fill == Fill::Spent || budget.limit.less(budget.spent) < price);
    match full {
        Some(budget) => Err(ApiError::conflict(format!(
            "{source} is not asked: its budget leaves too little, {}.",
            budget.in_words()
        ))),
        None => Ok(()),
    }
}

/// Puts a question on the bill.
async fn pay(site: &Site, source: &SourceName, price: Money) -> Result<(), ApiError> {
    if price == Money::ZERO {
        return Ok(());
    }
    let charge = Charge {
        what: Priced::Counts,
        price,
        calls: vec![Call {
            id: String::new(),
            tracks: Vec::new(),
        }],
    };
    site.engine.charge(source, &charge).await?;
    Ok(())
}
