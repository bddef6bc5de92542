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
    first_match(tokens, zone, words, 0).is_some()
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
    while let Some(place) = first_match(tokens, zone, words, from) {
        let (first, last) = (&entries[place.start], &entries[place.end - 1]);
        found(first.span().start..last.span().end);
        from = place.start + 1;
    }
}

/// The first place at or after token `from`, as a range of tokens. Only where one of the words stands is looked at: in a long post, the rarest.
fn first_match(
    tokens: &DocTokens,
    zone: &Zone,
    words: &Words,
    from: usize,
) -> Option<Range<usize>> {
    let (wanted, entries) = (words.tokens(), tokens.entries(zone));
    let rarest = tokens.rarest_in(zone, wanted.iter().map(|word| word.hash));
    let anchor = wanted.get(rarest)?;
    let mut places = tokens
        .places_in(zone, anchor.hash, from)
        .filter(|&at| tokens.is_word(&entries[at], anchor));
    match words.slop().filter(|_| wanted.len() > 1) {
        None => {
            let starts = places.filter_map(|at| at.checked_sub(rarest));
            let at = starts
                .filter(|&start| start >= from)
                .find(|&start| stands_at(tokens, &entries[start..], wanted))?;
            Some(at..at + wanted.len())
        }
        Some(slop) => {
            let mut looked_at = 0;
            // A window that has the word ends neither before its place in the phrase nor so many tokens behind it.
            let windows = places.by_ref().flat_map(|at| {
                let end = (at + usize::from(slop) + 1).saturating_sub(rarest);
                let ends = looked_at.max(at.saturating_sub(rarest))..end;
                looked_at = looked_at.max(end);
                ends
            });
            near_match(tokens, entries, wanted, usize::from(slop), from, windows)
        }
    }
}

fn stands_at(tokens: &DocTokens, entries: &[Entry], wanted: &[WordToken]) -> bool {
    let mut pairs = wanted.iter().zip(entries).enumerate();
    entries.len() >= wanted.len()
        && pairs.all(|(index, (word, entry))| {
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
    mut windows: impl Iterator<Item = usize>,
) -> Option<Range<usize>> {
    windows.find_map(|end| {
        window_match(tokens, entries, wanted, end, slop).filter(|place| place.start >= from)
    })
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
