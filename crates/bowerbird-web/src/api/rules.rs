//! A rule looked at before anyone saves it: what it says, what is wrong with it, what it would have caught.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bowerbird_core::bill::{Forecast, Money, Spent, Tariff, estimate};
use bowerbird_core::ids::SourceName;
use bowerbird_core::preview::Preview;
use bowerbird_core::rules::{Rule, RuleError, Severity, XLimits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::counts;
use crate::error::ApiError;
use crate::params::JsonBody;
use crate::site::{App, Site};

/// The most samples in one answer.
const MOST_SAMPLES: usize = 20;
/// How much is told of what X is asked for, in characters.
const MOST_ASKED_CHARS: usize = 1_024;
/// The longest name suggested, in characters.
const SUGGESTED_CHARS: usize = 40;

/// A rule to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRule {
    /// The rule.
    rule: String,
    /// How many samples of what it would have caught, 0 to 20; 5 if not given.
    #[serde(default = "default_samples")]
    samples: usize,
}

fn default_samples() -> usize {
    5
}

/// What is to be said about a rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleCheck {
    /// Can it be used?
    pub(crate) ok: bool,
    /// What it says, in words; empty if it does not parse.
    pub(crate) explanation: String,
    /// A name for a track with this rule that no track has; empty if it does not parse.
    pub(crate) name: String,
    /// Why it does not parse; `null` if it does.
    pub(crate) error: Option<RuleProblem>,
    /// What is allowed and yet probably not meant.
    pub(crate) warnings: Vec<RuleProblem>,
    /// What X's filtered stream would refuse or question; it matters only to tracks on a source of X.
    pub(crate) x_problems: Vec<RuleProblem>,
    /// What X is asked for in place of the rule, if it would not take the rule as it stands: as much or more, and the rule is matched here. `null` if X takes it
    /// or can't be asked.
    pub(crate) x_asks: Option<String>,
    /// What it would have caught of the newest posts; `null` if it does not parse.
    pub(crate) preview: Option<Preview>,
    /// What it would cost on sources that take money, by those posts.
    pub(crate) costs: Vec<RuleCost>,
}

/// What a rule would cost on one source, by the posts that are kept of it. A source that was asked for less than this rule says would bring more: it is
/// the least.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleCost {
    /// The source.
    pub(crate) source: SourceName,
    /// What a post costs.
    pub(crate) post: Money,
    /// How it would go on; `null` where what is kept spans less than an hour.
    pub(crate) forecast: Option<Forecast>,
    /// What it costs to ask the service how many posts there were (`/rules/counts`); `null` where it can't be asked.
    pub(crate) counts: Option<Money>,
}

/// Something about a rule, and where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleProblem {
    /// What is wrong and what was expected.
    pub(crate) message: String,
    /// What to write instead; empty where we can't tell.
    pub(crate) hint: String,
    /// Where it begins, counted in characters (Unicode code points) from 1.
    pub(crate) position: usize,
    /// How many characters it concerns; 0 at the end of the rule.
    pub(crate) length: usize,
    /// Can the rule be used all the same?
    pub(crate) usable: bool,
}

impl RuleProblem {
    /// As told by the parser.
    pub(crate) fn new(rule: &str, error: &RuleError) -> Self {
        Self {
            message: error.message.clone(),
            hint: error.hint.clone().unwrap_or_default(),
            position: error.position,
            length: rule
                .get(error.span.clone())
                .map_or(0, |part| part.chars().count()),
            usable: error.severity == Severity::Warning,
        }
    }
}

/// What a rule says, what is wrong with it, and what it would have caught of the newest posts. Changes nothing.
#[utoipa::path(post, path = "/api/v1/rules/check", tag = "tracks", request_body = CheckRule, responses((status = 200, body = RuleCheck)))]
pub(crate) async fn check_rule(
    State(app): State<App>,
    JsonBody(asked): JsonBody<CheckRule>,
) -> Result<Json<RuleCheck>, ApiError> {
    if asked.samples > MOST_SAMPLES {
        return Err(ApiError::bad_parameter(
            "samples",
            format_args!("expected 0 to {MOST_SAMPLES}"),
        ));
    }
    check(&app.site, asked.rule, asked.samples).await.map(Json)
}

/// Looks at a rule.
pub(crate) async fn check(
    site: &Site,
    text: String,
    samples: usize,
) -> Result<RuleCheck, ApiError> {
    let problem = |error: &RuleError| RuleProblem::new(&text, error);
    let rule = match Rule::parse(&text) {
        Ok(rule) => rule,
        Err(error) => return Ok(RuleCheck::unusable(problem(&error))),
    };
    let (explanation, name) = (rule.explain(), suggest_name(site, &text).await?);
    let warnings = rule.warnings().iter().map(problem).collect();
    let (x_problems, x_asks) = on_x(site, &rule);
    let (engine, tried) = (Arc::clone(&site.engine), rule.clone());
    let preview = site
        .heavy(async move { engine.preview(tried, samples).await })
        .await??;
    let costs = costs(site, &rule, &preview);
    Ok(RuleCheck {
        ok: true,
        explanation,
        name,
        error: None,
        warnings,
        x_problems,
        x_asks,
        preview: Some(preview),
        costs,
    })
}

/// What the rule would cost, by what it would have caught.
fn costs(site: &Site, rule: &Rule, preview: &Preview) -> Vec<RuleCost> {
    let cost = |(source, tariff): (&SourceName, &Tariff)| {
        let post = tariff.prices.post;
        let seen = preview.sources.get(source);
        let forecast = seen.and_then(|seen| {
            let (cost, span) = (post.times(seen.caught), seen.until.since(seen.from));
            estimate(seen.caught, cost, span, &Spent::default(), site.now())
        });
        let questions = counts::questions(site, source, rule).ok();
        RuleCost {
            source: source.clone(),
            post,
            forecast,
            counts: questions.map(|all| tariff.prices.counts.times(all.len() as u64)),
        }
    };
    site.parts.bills.tariffs().iter().map(cost).collect()
}

/// What X would say to a rule, and what it is asked for instead.
fn on_x(site: &Site, rule: &Rule) -> (Vec<RuleProblem>, Option<String>) {
    let planned = site.options.planning.usual.max_chars;
    let limits = XLimits {
        max_chars: if planned > 0 {
            planned
        } else {
            XLimits::STREAM.max_chars
        },
        ..XLimits::STREAM
    };
    let problem = |error: &RuleError| RuleProblem::new(rule.text(), error);
    let said = rule.check_for_x(&limits);
    let is_taken = said.iter().all(RuleError::is_warning);
    let mut problems: Vec<RuleProblem> = said.iter().map(problem).collect();
    if is_taken {
        return (problems, None);
    }
    match rule.upstream(&limits) {
        Ok(upstream) => {
            problems
                .iter_mut()
                .for_each(|problem| problem.usable = true);
            let alternatives = upstream.alternatives.iter().map(ToString::to_string);
            let joined = alternatives.collect::<Vec<_>>().join(" OR ");
            (
                problems,
                Some(joined.chars().take(MOST_ASKED_CHARS).collect()),
            )
        }
        Err(error) => {
            problems.push(problem(&error));
            (problems, None)
        }
    }
}

impl RuleCheck {
    fn unusable(error: RuleProblem) -> Self {
        Self {
            ok: false,
            explanation: String::new(),
            name: String::new(),
            error: Some(error),
            warnings: Vec::new(),
            x_problems: Vec::new(),
            x_asks: None,
            preview: None,
            costs: Vec::new(),
        }
    }
}

/// The rule's own words, made a name that is still free.
async fn suggest_name(site: &Site, rule: &str) -> Result<String, ApiError> {
    let taken: Vec<String> = site
        .store()
        .tracks()
        .await?
        .into_iter()
        .map(|track| track.draft.name)
        .collect();
    let base = name_of(rule);
    if !taken.contains(&base) {
        return Ok(base);
    }
    let numbered = (2..)
        .map(|n| format!("{base} {n}"))
        .find(|name| !taken.contains(name));
    Ok(numbered.expect("there are more numbers than tracks"))
}

/// Words of a rule without its signs, as many as fit.
fn name_of(rule: &str) -> String {
    let mut name = String::new();
    for word in rule
        .split_whitespace()
        .filter(|word| *word != "OR" && !word.starts_with('-'))
    {
        let word =
            word.trim_matches(|c: char| matches!(c, '(' | ')' | '"' | '[' | ']') || c.is_control());
        let gap = usize::from(!name.is_empty());
        if name.chars().count() + gap + word.chars().count() > SUGGESTED_CHARS {
            break;
        }
        if gap == 1 && !word.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
    }
    if name.is_empty() {
        rule.chars()
            .filter(|c| !c.is_control())
            .take(SUGGESTED_CHARS)
            .collect()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_words_of_a_rule() {
        let cases = [
            ("heatwave", "heatwave"),
            (
                "(heatwave OR \"heat dome\") lang:en -is:retweet",
                "heatwave heat dome lang:en",
            ),
            ("#café", "#café"),
            ("猫", "猫"),
            ("-a", "-a"),
        ];
        for (rule, expected) in cases {
            assert_eq!(name_of(rule), expected, "{rule}");
        }
        assert!(name_of(&"x".repeat(100)).chars().count() <= SUGGESTED_CHARS);
    }
}
