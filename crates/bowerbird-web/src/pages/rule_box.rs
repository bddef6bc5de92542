//! Where a rule is typed: the field, and below it what `assets/rule.js` finds out while it is.

use maud::{Markup, html};

use crate::site::Site;

/// The field with its places for explanation, error and samples; with `for_x`, what X would refuse is said too.
pub(crate) fn rule_field(id: &str, rule: &str, rows: u32, for_x: bool) -> Markup {
    let described = format!("{id}-error {id}-says");
    html! {
        div.rule-box data-rule-box="" data-for-x=[for_x.then_some("true")] {
            label for=(id) { "Rule" }
            textarea.rule id=(id) name="rule" rows=(rows) required spellcheck="false" autocomplete="off" autocapitalize="off"
                aria-describedby=(described) placeholder="heatwave OR \"heat dome\" lang:en" { (rule) }
            p.rule-error id=(format!("{id}-error")) role="alert" hidden {}
            div.rule-says id=(format!("{id}-says")) aria-live="polite" {}
            details.rule-samples hidden { summary { "Samples" } div.posts.small {} }
        }
    }
}

/// Leads to what saving the form would do to the rules at X; changes nothing.
pub(crate) fn try_button(for_x: bool) -> Markup {
    html! { @if for_x { " " button.quiet type="submit" formaction="/plan" { "What would change at X?" } } }
}

/// Does a source speak to X, whose stream takes not every rule?
pub(crate) fn is_for_x(site: &Site) -> bool {
    !site.options.planning.planners.is_empty()
}

/// How rules are written, in short.
pub(crate) fn rule_help() -> Markup {
    let rows = [
        ("cat dog", "both words"),
        ("cat OR 猫", "at least one of them"),
        ("\"heat dome\"", "the words in this order"),
        ("-is:retweet", "without reposts"),
        ("#bower @ada from:ada", "tag, mention, author"),
        ("lang:ja has:media", "language, attachments"),
        ("(a OR b) -c", "brackets group"),
    ];
    html! {
        details.help {
            summary { "How to write a rule" }
            dl.operators { @for (rule, says) in rows { dt { code { (rule) } } dd { (says) } } }
        }
    }
}
