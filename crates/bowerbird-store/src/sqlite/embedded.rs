//! What came inside posts, for their views. It is stored as posts of their own, so that a deletion finds it once, and is put together
//! here: a page of posts asks once for what its posts carry and once for what that carries, however many they are.

use bowerbird_core::event::Relation;
use bowerbird_core::time::Time;
use bowerbird_core::view::{AuthorView, EmbeddedView, PostView, entity_views, says_more};
use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use super::flags;
use super::ingest::Existing;

/// Posts by service and id.
type Named = FxHashMap<(i64, String), Existing>;

/// Adds to each view what came inside the post of its row, as far as it shows.
pub(super) fn add(
    connection: &Connection,
    rows: &[Existing],
    views: &mut [PostView],
) -> rusqlite::Result<()> {
    let carried = rows.iter().flat_map(|row| carries(row, true));
    let first = find(connection, carried.map(|(_, name)| name))?;
    let carried = first.values().flat_map(|row| carries(row, false));
    let second = find(connection, carried.map(|(_, name)| name))?;
    for (row, view) in rows.iter().zip(views) {
        for (relation, name) in carries(row, true) {
            let Some(inner) = first.get(&name) else {
                continue;
            };
            let within = carries(inner, false);
            let shown = [(relation, Some(inner))].into_iter();
            let shown = shown.chain(within.map(|(relation, name)| (relation, second.get(&name))));
            let inside = shown.filter_map(|(relation, inner)| of_row(view, relation, inner?));
            let inside: Vec<EmbeddedView> = inside.collect();
            view.embedded.extend(inside);
        }
    }
    Ok(())
}

/// The posts whose text came inside a row's: what it quotes and, where asked for, what it passes on.
fn carries(
    row: &Existing,
    reposts_too: bool,
) -> impl Iterator<Item = (Relation, (i64, String))> + use<> {
    let detail = row.detail();
    let links = detail.iter().flat_map(|detail| detail.links());
    let carried = links.filter(|link| link.carried && link.id != row.id);
    let wanted = carried.filter_map(|link| {
        let relation = flags::relation(link.kind)?;
        let is_wanted = match relation {
            Relation::Quote => true,
            Relation::Repost => reposts_too,
            Relation::Reply => false,
        };
        is_wanted.then(|| (relation, (row.service, link.id.to_owned())))
    });
    wanted.collect::<Vec<_>>().into_iter()
}

fn find(
    connection: &Connection,
    names: impl Iterator<Item = (i64, String)>,
) -> rusqlite::Result<Named> {
    let names: FxHashSet<(i64, String)> = names.collect();
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
