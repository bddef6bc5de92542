//! Where the v1.1 lists hang: each phrase, account and box of a list by itself.
//!
//! What a list looks for besides the text (tags, handles, addresses) is offered under kinds of its own, so that a word needs two
//! hooks and not four, and an account one.

use super::terms::{cost, frequency, of_flag, of_name, of_tag, of_words, rarest_word};
use super::{Choice, Hook};
use crate::doc::EntityKind;
use crate::expr::{Bounds, Part, Term};
use crate::set::census::Census;
use crate::set::feature::{self, Kind};
use crate::set::grid::{self, LEVELS};
use crate::set::offer::{self, Asked};
use crate::v11::{TrackList, TrackWord};

/// How much more common a word is in texts, tags, handles and addresses than in texts alone.
const EVERYWHERE: f32 = 1.5;

/// Notes the words of a list.
pub(super) fn count_words(list: &TrackList, census: &mut Census) {
    for word in list.phrases().flatten() {
        if let TrackWord::Plain(words, _) | TrackWord::Exact(words, _) = word {
            words.tokens().iter().for_each(|word| census.add(word.hash));
        }
    }
}

/// A phrase hangs on its rarest word.
pub(super) fn of_phrase(
    phrase: &[TrackWord],
    census: &Census,
    asked: &mut Asked,
) -> Option<Choice> {
    let choices = phrase
        .iter()
        .filter_map(|word| of_word(word, census, asked));
    choices.min_by(Choice::rarity)
}

fn of_word(word: &TrackWord, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let (mut choice, words) = match word {
        TrackWord::Tagged(EntityKind::Mention, name) => {
            return Some(of_name(Kind::Handle, name, cost::ACCOUNT, asked));
        }
        TrackWord::Tagged(EntityKind::Cashtag, name) => {
            return Some(of_tag(Kind::Cashtag, name, census, asked));
        }
        TrackWord::Tagged(_, name) => return Some(of_tag(Kind::Hashtag, name, census, asked)),
        TrackWord::Plain(words, folded) => {
            let mut choice = of_words(words, census)?;
            let tag = feature::named(Kind::Tracked, folded);
            choice.hooks.push(Hook::bare(tag));
            (choice, words)
        }
        TrackWord::Exact(words, _) => {
            let rare = rarest_word(words, census)?;
            let feature = feature::word(rare.hash);
            (Choice::one(feature, frequency(rare, census)), words)
        }
    };
    asked.add(Kind::Tracked);
    let in_address = feature::numbered(Kind::Tracked, rarest_word(words, census)?.hash);
    if choice.hooks.iter().all(|hook| hook.feature != in_address) {
        choice.hooks.push(Hook::bare(in_address));
    }
    choice.cost *= EVERYWHERE;
    // It need not stand in a text.
    choice.guards.clear();
    Some(choice)
}

pub(super) fn of_account(account: &str, asked: &mut Asked) -> Choice {
    of_name(Kind::Followed, account, cost::ACCOUNT, asked)
}

/// A box: the cells of its own grid, for points and for places no bigger than itself, and those of coarser ones, for bigger places.
pub(super) fn of_area(area: &Bounds, asked: &mut Asked) -> Choice {
    let Some(own) = grid::level_of(area) else {
        // Of a box around the earth, all that is known is that the post says where it is.
        return of_flag(&Term::Has(Part::Geo), true, asked).unwrap_or_default();
    };
    let mut features = vec![offer::everywhere()];
    asked.add(Kind::PlaceSpan);
    asked.add_level(Kind::Cell, own);
    asked.add_level(Kind::PlaceCell, own);
    for cell in grid::touched(own, area) {
        features.push(feature::numbered(Kind::Cell, cell));
        features.push(feature::numbered(Kind::PlaceCell, cell));
    }
    for level in own + 1..LEVELS {
        let cells = grid::touched(level, area).into_iter();
        features.extend(cells.map(|cell| feature::numbered(Kind::PlaceSpan, cell)));
    }
    Choice {
        hooks: features.into_iter().map(Hook::bare).collect(),
        cost: cost::CELL * f32::from(2_u16 << own),
        guards: Vec::new(),
    }
}
