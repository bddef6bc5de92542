//! Finding posts: from a [`PostQuery`] to rows, a page at a time.
//!
//! One of three walks finds the rows, in order of their numbers (which is the order of keeping): along the text index, when there
//! are words or facets to meet; along a track's captures; or along all posts. Everything asked is checked again on each row, so
//! a walk is only a way, never the answer. Pages go on after a number, which no write can change.
//!
//! Ranks shift with everything that is written, so the answer in order of rank is fixed when its first page is asked:
//! the numbers of the best posts are kept in memory for the pages after it.

use bowerbird_core::ids::TrackId;
use bowerbird_core::store::{Has, Order, Page, PostQuery, StoreError};
use bowerbird_core::view::PostView;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::connection::failed;
use super::flags;
use super::ingest::{Existing, find_number};
use super::known::meta;
use super::tally::hour_of;
use super::text::Question;
use super::view;

mod cursor;

use cursor::After;
pub(super) use cursor::Ranked;

const PAGE: usize = 50;
const MOST: usize = 1_000;
/// Accounts that one handle may have belonged to.
const AUTHORS: usize = 256;
/// As many posts an answer in order of rank has at most.
const BEST: usize = 10_000;

/// A page of posts that fit.
pub(super) fn search(
    connection: &Connection,
    query: &PostQuery,
    ranked: &Ranked,
    text_index: bool,
) -> Result<Page<PostView>, StoreError> {
    let limit = match query.limit {
        0 => PAGE,
        1..=MOST => query.limit,
        more => {
            let words = format!("expected a page of 1 to {MOST} posts, got {more}");
            return Err(StoreError::Invalid(words));
        }
    };
    let is_ranked = query.order == Order::Rank && !query.text.trim().is_empty();
    let after = After::parse(query.after.as_deref(), query.order, is_ranked)?;
    let Some(plan) = Plan::of(connection, query, text_index)? else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    if is_ranked {
        return by_rank(connection, &plan, ranked, after, limit);
    }
    let is_up = query.order == Order::Oldest;
    let mut rows = plan
        .walk(connection, is_up, after.number(), limit + 1)
        .map_err(failed)?;
    let goes_on = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|row| row.post);
    Ok(Page {
        items: view::of_rows(connection, &rows).map_err(failed)?,
        next: last
            .filter(|_| goes_on)
            .map(|last| After::write(is_up, last)),
    })
}

fn by_rank(
    connection: &Connection,
    plan: &Plan,
    ranked: &Ranked,
    after: After,
    limit: usize,
) -> Result<Page<PostView>, StoreError> {
    let (answer, from, posts) = match after {
        After::Ranked { answer, index } => (answer, index, ranked.get(answer)?),
        _ => {
            let posts = plan.best(connection).map_err(failed)?;
            let (answer, posts) = ranked.keep(posts);
            (answer, 0, posts)
        }
    };
    let mut rows = Vec::with_capacity(limit.min(posts.len()));
    let mut index = from;
    while rows.len() < limit && index < posts.len() {
        // What was erased or let go meanwhile is passed over.
        let row = find_number(connection, posts[index]).map_err(failed)?;
        rows.extend(row.filter(|row| row.detail.is_some()));
        index += 1;
    }
    Ok(Page {
        items: view::of_rows(connection, &rows).map_err(failed)?,
        next: (index < posts.len()).then(|| After::write_ranked(answer, index)),
    })
}

/// Which way the rows are found, and what each must hold.
struct Plan {
    from: &'static str,
    number: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Plan {
    /// `None` if nothing can fit.
    fn of(
        connection: &Connection,
        query: &PostQuery,
        text_index: bool,
    ) -> Result<Option<Self>, StoreError> {
        let mut plan = Self {
            from: "post AS p",
            number: "p.post",
            conditions: vec!["p.detail IS NOT NULL".to_owned()],
            values: Vec::new(),
        };
        if !query.embedded {
            plan.conditions.push("p.own_version IS NOT NULL".to_owned());
        }
        let mut question = Question::default();
        let can_fit = plan.narrow(connection, query, &mut question)?;
        if !can_fit || is_removed(connection, query.track).map_err(failed)? {
            return Ok(None);
        }
        let needs_words = !query.text.trim().is_empty() || !hashtag(query).is_empty();
        if needs_words && !text_index {
            return Err(StoreError::Invalid(
                "this store keeps no text index: words and hashtags can't be searched".to_owned(),
            ));
        }
        let has_all = text_index && meta(connection, "unindexed").map_err(failed)? == Some(0);
        let by_facets = query.track.is_none() && has_all && !question.is_empty();
        if needs_words || by_facets {
            plan.along(
                "post_text CROSS JOIN post AS p ON p.post = post_text.rowid",
                "post_text.rowid",
            );
            plan.must(
                "post_text MATCH ?",
                Value::Text(question.expression().to_owned()),
            );
            if let Some(track) = query.track {
                plan.must(
                    "EXISTS (SELECT 1 FROM capture WHERE capture.post = p.post AND capture.track = ?)",
                    track_value(track),
                );
            }
        } else if let Some(track) = query.track {
            plan.along(
                "capture AS c INDEXED BY capture_by_track CROSS JOIN post AS p ON p.post = c.post",
                "c.post",
            );
            plan.must("c.track = ?", track_value(track));
        }
        Ok(Some(plan))
    }

    fn along(&mut self, from: &'static str, number: &'static str) {
        self.from = from;
        self.number = number;
    }

    fn must(&mut self, condition: &str, value: Value) {
        self.conditions.push(condition.to_owned());
        self.values.push(value);
    }

    /// Puts everything asked into conditions and, where it can, into the question to the index; can anything fit?
    fn narrow(
        &mut self,
        connection: &Connection,
        query: &PostQuery,
        question: &mut Question,
    ) -> Result<bool, StoreError> {
        if !query.text.trim().is_empty() {
            question.words(&query.text)?;
        }
        if !hashtag(query).is_empty() {
            question.hashtag(hashtag(query));
        }
        if !query.service.is_empty() {
            let number = view::service_number(connection, &query.service).map_err(failed)?;
            let Some(number) = number else {
                return Ok(false);
            };
            question.sources(&sources_of(connection, number).map_err(failed)?);
            self.must("p.service = ?", Value::Integer(number));
        }
        if let Some(source) = &query.source {
            let number = source_number(connection, source.as_str()).map_err(failed)?;
            let Some(number) = number else {
                return Ok(false);
            };
            question.sources(&[number]);
            self.must("p.source = ?", Value::Integer(number));
        }
        if !query.author.is_empty() {
            let accounts = accounts_named(connection, &query.author).map_err(failed)?;
            if accounts.is_empty() {
                return Ok(false);
            }
            question.authors(&accounts);
            let numbers: Vec<String> = accounts.iter().map(ToString::to_string).collect();
            self.conditions
                .push(format!("p.author IN ({})", numbers.join(", ")));
        }
        if !query.lang.is_empty() {
            question.lang(&query.lang);
            self.must(
                "p.lang || '-' LIKE ? ESCAPE '\\'",
                Value::Text(lang_pattern(&query.lang)),
            );
        }
        self.have(&query.has, question);
        self.within(connection, query).map_err(failed)
    }

    fn have(&mut self, has: &[Has], question: &mut Question) {
        let wanted = has.iter().fold(0, |all, has| all | flags::of_has(*has));
        for has in has {
            question.has(flags::of_has(*has));
        }
        if wanted != 0 {
            self.conditions
                .push(format!("p.flags & {wanted} = {wanted}"));
        }
    }

    /// The time of writing, with the bounds on numbers that follow from it.
    fn within(&mut self, connection: &Connection, query: &PostQuery) -> rusqlite::Result<bool> {
        if query.since.is_none() && query.until.is_none() {
            return Ok(true);
        }
        let since = query.since.map_or(i64::MIN, |time| time.0);
        let until = query.until.map_or(i64::MAX, |time| time.0);
        let (first, last): (Option<i64>, Option<i64>) = connection
            .prepare_cached(
                "SELECT min(first), max(last) FROM post_span WHERE hour BETWEEN ?1 AND ?2",
            )?
            .query_row(params![hour_of(since), hour_of(until)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(false);
        };
        self.must("p.made_at >= ?", Value::Integer(since));
        self.must("p.made_at < ?", Value::Integer(until));
        self.conditions
            .push(format!("{{number}} BETWEEN {first} AND {last}"));
        Ok(true)
    }

    /// Rows in order of their numbers.
    fn walk(
        &self,
        connection: &Connection,
        is_up: bool,
        after: Option<i64>,
        most: usize,
    ) -> rusqlite::Result<Vec<Existing>> {
        connection
            .prepare_cached(&self.sql(is_up, after, most))?
            .query_map(params_from_iter(&self.values), Existing::read)?
            .collect()
    }

    fn sql(&self, is_up: bool, after: Option<i64>, most: usize) -> String {
        let (than, order) = if is_up { (">", "ASC") } else { ("<", "DESC") };
        let mut conditions = self.conditions.join(" AND ");
        if let Some(after) = after {
            conditions.push_str(&format!(" AND {{number}} {than} {after}"));
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE {conditions} ORDER BY {{number}} {order} LIMIT {most}",
            Existing::COLUMNS,
            self.from,
        );
        sql.replace("{number}", self.number)
    }

    /// The numbers of the best, best first.
    fn best(&self, connection: &Connection) -> rusqlite::Result<Vec<i64>> {
        let sql = format!(
            "SELECT p.post FROM {} WHERE {} ORDER BY bm25(post_text, 1.0, 0.0), p.post DESC LIMIT {BEST}",
            self.from,
            self.conditions.join(" AND "),
        );
        connection
            .prepare_cached(&sql.replace("{number}", self.number))?
            .query_map(params_from_iter(&self.values), |row| row.get(0))?
            .collect()
    }
}

/// With or without its sign.
fn hashtag(query: &PostQuery) -> &str {
    query.hashtag.trim_start_matches('#')
}

/// A removed track has no captures, though the next sweeps still find some of them.
fn is_removed(connection: &Connection, track: Option<TrackId>) -> rusqlite::Result<bool> {
    let Some(track) = track else { return Ok(false) };
    connection
        .prepare_cached("SELECT 1 FROM track WHERE track = ?1 AND removed_at IS NOT NULL")?
        .exists([track_value(track)])
}

/// How SQLite goes about a question.
#[cfg(test)]
pub(super) fn explain(
    connection: &Connection,
    query: &PostQuery,
) -> Result<Vec<String>, StoreError> {
    let plan = Plan::of(connection, query, true)?.expect("something can fit");
    let steps = || -> rusqlite::Result<Vec<String>> {
        connection
            .prepare(&format!(
                "EXPLAIN QUERY PLAN {}",
                plan.sql(false, Some(9), 10)
            ))?
            .query_map(params_from_iter(&plan.values), |row| row.get(3))?
            .collect()
    };
    steps().map_err(failed)
}

fn track_value(track: TrackId) -> Value {
    Value::Integer(i64::try_from(track.0).unwrap_or(i64::MAX))
}

/// `en` finds `en` and `en-GB`, whatever the case.
fn lang_pattern(lang: &str) -> String {
    let mut pattern = String::new();
    for c in lang.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push_str("-%");
    pattern
}

/// Through which sources posts of a service came; at least one did if the service has a number.
fn sources_of(connection: &Connection, service: i64) -> rusqlite::Result<Vec<i64>> {
    let mut sources: Vec<i64> = connection
        .prepare_cached("SELECT source FROM source_service WHERE service = ?1")?
        .query_map([service], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // No source has this number: a service that was only named has no posts.
    if sources.is_empty() {
        sources.push(0);
    }
    Ok(sources)
}

fn source_number(connection: &Connection, source: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT source FROM source WHERE name = ?1")?
        .query_row([source], |row| row.get(0))
        .optional()
}

/// Accounts that have, or had, this handle, or have this id, on any service.
fn accounts_named(connection: &Connection, author: &str) -> rusqlite::Result<Vec<i64>> {
    let handle = author.trim_start_matches('@');
    connection
        .prepare_cached(include_str!("sql/accounts_named.sql"))?
        .query_map(params![handle, author, AUTHORS], |row| row.get(0))?
        .collect()
}
