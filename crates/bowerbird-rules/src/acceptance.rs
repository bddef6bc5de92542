//! The fixtures of `fixtures/`: rules that X takes, rules that are refused and where, v1.1 track lists and what they catch.

use crate::doc::{Content, Doc};
use crate::{Rule, RuleError, XLimits, from_v11};

const ACCEPTS: &str = include_str!("../fixtures/x_accepts.tsv");
const REJECTS: &str = include_str!("../fixtures/rejects.tsv");
const TRACK: &str = include_str!("../fixtures/v11_track.tsv");

fn rows<const N: usize>(table: &'static str) -> Vec<[&'static str; N]> {
    let lines = table.lines().filter(|line| !line.starts_with("# "));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.splitn(N, '\t').collect();
            cells
                .try_into()
                .unwrap_or_else(|_| panic!("not {N} cells: {line}"))
        })
        .collect()
}

fn limits(dialect: &str) -> XLimits {
    match dialect {
        "stream" => XLimits::STREAM,
        "embedding" => XLimits {
            embeddings: true,
            ..XLimits::ENTERPRISE
        },
        "search" => XLimits::SEARCH,
        "powertrack" => XLimits::POWERTRACK,
        other => panic!("unknown dialect {other}"),
    }
}

/// What X says to `text`, be it that it does not parse.
fn said(text: &str, limits: &XLimits) -> Vec<RuleError> {
    Rule::parse(text).map_or_else(|error| vec![error], |rule| rule.check_for_x(limits))
}

#[test]
fn what_x_takes_we_take() {
    let rows = rows::<3>(ACCEPTS);
    assert!(rows.len() > 200);
    for [verdict, dialect, text] in rows {
        let said = said(text, &limits(dialect));
        let refused: Vec<_> = said.iter().filter(|error| !error.is_warning()).collect();
        assert!(refused.is_empty(), "{dialect}: {text}: {refused:?}");
        if verdict == "discouraged" {
            assert!(!said.is_empty(), "no warning: {text}");
        }
        assert!(!Rule::parse(text).unwrap().explain().is_empty());
    }
}

#[test]
fn what_is_refused_is_refused_there() {
    let rows = rows::<4>(REJECTS);
    assert!(rows.len() > 100);
    for [by, position, message, text] in rows {
        let errors = match by {
            "parse" => Rule::parse(text).err().into_iter().collect(),
            dialect => Rule::parse(text)
                .unwrap_or_else(|e| panic!("{text}: {e}"))
                .check_for_x(&limits(dialect)),
        };
        let place: usize = position.parse().unwrap();
        let found = errors
            .iter()
            .any(|e| !e.is_warning() && e.position == place && e.message.contains(message));
        assert!(
            found,
            "{by}: {text}: wanted {message:?} at {place}, got {errors:#?}"
        );
        for error in errors {
            assert!(
                text.get(error.span.clone()).is_some(),
                "{text}: span {:?}",
                error.span
            );
            assert!(!error.render(text).is_empty());
        }
    }
}

#[test]
fn track_lists_catch_what_the_old_stream_caught() {
    let rows = rows::<3>(TRACK);
    assert!(rows.len() > 25);
    for [list, verdict, text] in rows {
        let rule = from_v11(&[list], &[], &[]).unwrap();
        let doc = Doc {
            content: Content {
                text,
                ..Content::default()
            },
            ..Doc::default()
        };
        assert_eq!(rule.matches(&doc), verdict == "yes", "{list}: {text}");
    }
}
