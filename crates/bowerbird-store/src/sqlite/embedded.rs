//! What came inside posts, for their views. It is stored as posts of their own, so that a deletion finds it once, and is put together
//! here: a page of posts asks once for what its posts carry and once for what that carries, however many they are.

use bowerbird_core::event::Relation;
use bowerbird_core::time::Time;
use bowerbird_core::view::{AuthorView, EmbeddedView, PostView, entity_views, says_more};
use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use super::flags;
use super::ingest::Existing;

/// A post's service and id.
type Name = (i64, String);
type Named = FxHashMap<Name, Existing>;

/// Adds to each view what came inside the post of its row, as far as it shows.
pub(super) fn add(
    connection: &Connection,
    rows: &[Existing],
    views: &mut [PostView],
) -> rusqlite::Result<()> {
    let carried: Vec<Vec<Carried>> = rows.iter().map(carries).collect();
    let names = carried.iter().flatten().map(|carried| &carried.name);
    let first = find(connection, names)?;
    // Of what is carried, only what it quotes goes on being shown.
    let within: FxHashMap<&Name, Vec<Carried>> = first
        .iter()
        .map(|(name, row)| {
            let mut within = carries(row);
            within.retain(|carried| carried.relation == Relation::Quote);
            (name, within)
        })
        .collect();
    let names = within.values().flatten().map(|carried| &carried.name);
    let second = find(connection, names)?;
    for (carried, view) in carried.iter().zip(views) {
        for outer in carried {
            let mut add = |from: &Named, carried: &Carried| {
                let row = from.get(&carried.name);
                let shown = row.and_then(|row| of_row(view, carried.relation, row));
                view.embedded.extend(shown);
            };
            add(&first, outer);
            for inner in within.get(&outer.name).into_iter().flatten() {
                add(&second, inner);
            }
        }
    }
    Ok(())
}

/// A post whose text came inside another.
struct Carried {
    relation: Relation,
    name: Name,
}

/// The posts whose text came inside a row's: what it quotes and what it passes on.
fn carries(row: &Existing) -> Vec<Carried> {
    if row.flags & (flags::QUOTE | flags::REPOST) == 0 {
        return Vec::new();
    }
    let detail = row.detail();
    let links = detail.iter().flat_map(|detail| detail.links());
    let carried = links.filter(|link| link.carried && link.id != row.id);
    let wanted = carried.filter_map(|link| {
        let relation = flags::relation(link.kind)?;
        let name = (row.service, link.id.to_owned());
        (relation != Relation::Reply).then_some(Carried { relation, name })
    });
    wanted.collect()
}

fn find<'n>(
    connection: &Connection,
    names: impl Iterator<Item = &'n Name>,
) -> rusqlite::Result<Named> {
    let names: FxHashSet<&Name> = names.collect();
    if names.is_empty() {
        return Ok(Named::default());
    }
    let json = serde_json::to_string(&names)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached(include_str!("sql/posts_named.sql"))?
        .query_map([json], |row| {
            let row = Existing::read(row)?;
            Ok(((row.service, row.id.clone()), row))
        })?
        .collect()
}

/// `None` where its text was never here, or says nothing that the text around it does not.
fn of_row(around: &PostView, relation: Relation, row: &Existing) -> Option<EmbeddedView> {
    let detail = row.detail();
    let author = match (&detail, row.erasure) {
        (Some(detail), _) => detail.author(),
        (None, Some(_)) => AuthorView::default(),
        (None, None) => return None,
    };
    let is_gone = row.erasure.is_some();
    (is_gone || says_more(&around.text, relation, &row.text)).then(|| EmbeddedView {
        relation,
        key: format!("{}/{}", around.service, row.id),
        service: around.service.clone(),
        id: row.id.clone(),
        author,
        made_at: row.made_at.map(Time),
        entities: detail.map_or_else(Vec::new, |detail| entity_views(&detail.entities, &row.text)),
        text: row.text.clone(),
        lang: row.lang.clone(),
        deleted_at: row.erased_at.map(Time),
        marks: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_post_is_found_by_its_id() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("migrations/0001.sql"))
            .unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", include_str!("sql/posts_named.sql"));
        let mut plan = connection.prepare(&sql).unwrap();
        let steps = plan.query_map(["[]"], |row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
        let by_id = "SEARCH p USING INDEX post_by_id (service=? AND id=?)";
        assert!(steps.iter().any(|step| step == by_id), "{steps:?}");
    }
}
