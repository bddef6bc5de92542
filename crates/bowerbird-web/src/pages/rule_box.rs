//! Where a rule is typed: the field, and below it what `assets/rule.js` finds out while it is.

use maud::{Markup, html};

/// The field with its places for explanation, error and samples.
pub(crate) fn rule_field(id: &str, rule: &str, rows: u32) -> Markup {
    let described = format!("{id}-error {id}-says");
    html! {
        div.rule-box data-rule-box="" {
            label for=(id) { "Rule" }
            textarea.rule id=(id) name="rule" rows=(rows) required spellcheck="false" autocomplete="off" autocapitalize="off"
                aria-describedby=(described) placeholder="heatwave OR \"heat dome\" lang:en" { (rule) }
            p.rule-error id=(format!("{id}-error")) role="alert" hidden {}
            div.rule-says id=(format!("{id}-says")) aria-live="polite" {}
            details.rule-samples hidden { summary { "Samples" } div.posts.small {} }
        }
    }
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
