//! Finding words, phrases and words near one another in a row of tokens.
//!
//! Punctuation and blanks do not part the words of a phrase, a word does. Only characters that a rule writes without
//! anything between them (`東京`) must stand so in the text too.

use std::ops::Range;

use crate::expr::{WordToken, Words};
use crate::tokenized::{DocTokens, Entry, Zone};

/// The most words that may be looked for near one another.
pub(crate) const MAX_NEAR_TOKENS: usize = 32;

/// Is `words` in `zone`?
pub(crate) fn holds(tokens: &DocTokens, zone: &Zone, words: &Words) -> bool {
    first_match(tokens, tokens.entries(zone), words, 0).is_some()
}

/// Every place in `zone` where `words` stands, as byte ranges of the zone's text.
pub(crate) fn each_match(
    tokens: &DocTokens,
    zone: &Zone,
    words: &Words,
    found: &mut impl FnMut(Range<usize>),
) {
    let entries = tokens.entries(zone);
    let mut from = 0;
    while let Some(place) = first_match(tokens, entries, words, from) {
        let (first, last) = (&entries[place.start], &entries[place.end - 1]);
        found(first.span.start as usize..last.span.end as usize);
        from = place.start + 1;
    }
}

/// The first place at or after token `from`, as a range of tokens.
fn first_match(
    tokens: &DocTokens,
    entries: &[Entry],
    words: &Words,
    from: usize,
) -> Option<Range<usize>> {
    match (words.tokens(), words.slop()) {
        ([], _) => None,
        ([only], _) => {
            let at = (from..entries.len()).find(|&at| tokens.is_word(&entries[at], only))?;
            Some(at..at + 1)
        }
        (wanted, None) => {
            let last = entries.len().checked_sub(wanted.len())?;
            let at = (from..=last).find(|&at| stands_at(tokens, &entries[at..], wanted))?;
            Some(at..at + wanted.len())
        }
        (wanted, Some(slop)) => near_match(tokens, entries, wanted, usize::from(slop), from),
    }
}

fn stands_at(tokens: &DocTokens, entries: &[Entry], wanted: &[WordToken]) -> bool {
    wanted
        .iter()
        .zip(entries)
        .enumerate()
        .all(|(index, (word, entry))| {
            let touches = index == 0 || !word.glued || entry.glued;
            touches && tokens.is_word(entry, word)
        })
}

/// Words near one another: shift each word back by its place in the phrase; all of them must then fall into a window of
/// `slop` + 1 tokens. So `slop` words may lie between two words in order, and `slop` − 2 if their order is reversed.
fn near_match(
    tokens: &DocTokens,
    entries: &[Entry],
    wanted: &[WordToken],
    slop: usize,
    from: usize,
) -> Option<Range<usize>> {
    let anchors = (from..entries.len()).filter(|&at| tokens.is_word(&entries[at], &wanted[0]));
    let mut looked_at = 0;
    anchors
        .flat_map(|anchor| {
            let ends = looked_at.max(anchor)..anchor + slop + 1;
            looked_at = ends.end;
            ends
        })
        .filter_map(|end| window_match(tokens, entries, wanted, end, slop))
        .find(|place| place.start >= from)
}

/// The words within the window that ends at `end`: word `i` must stand at one of `end - slop + i ..= end + i`, and a word
/// that is asked for twice must be there twice.
fn window_match(
    tokens: &DocTokens,
    entries: &[Entry],
    wanted: &[WordToken],
    end: usize,
    slop: usize,
) -> Option<Range<usize>> {
    let mut places = [0; MAX_NEAR_TOKENS];
    for (index, word) in wanted.iter().enumerate() {
        let same = wanted[..index]
            .iter()
            .rposition(|before| before.text == word.text);
        let free = same.map_or(0, |before| places[before] + 1);
        let start = (end + index).saturating_sub(slop).max(free);
        let reach = (end + index + 1).min(entries.len());
        places[index] = (start..reach).find(|&at| tokens.is_word(&entries[at], word))?;
    }
    let places = &places[..wanted.len()];
    Some(*places.iter().min()?..places.iter().max()? + 1)
}
