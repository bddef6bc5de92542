//! Who speaks in the synthetic stream: a fixed cast, the same for every seed, so that a rule written for one run fits the next.

use std::borrow::Cow;

use bowerbird_core::event::Account;
use bowerbird_core::time::Time;

use super::dice::Dice;
use super::words::{City, LANGUAGES, Language};

/// Members of the cast, an equal number for each language.
pub(super) const CAST: u64 = 25 * LANGUAGES.len() as u64;

/// When the first account was made, 2019-03-01.
const FIRST_ACCOUNT: i64 = 1_551_398_400;

/// One of the cast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) number: u64,
    pub(super) language: &'static Language,
}

impl Member {
    pub(super) fn new(number: u64) -> Self {
        let number = number % CAST;
        let language = LANGUAGES[position(number, LANGUAGES.len())];
        Self { number, language }
    }

    /// Some speak far more often than others.
    pub(super) fn speaker(dice: &mut Dice) -> Self {
        let (one, other) = (dice.below(CAST), dice.below(CAST));
        Self::new(one.min(other))
    }

    pub(super) fn id(&self) -> String {
        format!("{}", 1_000 + self.number)
    }

    pub(super) fn handle(&self) -> String {
        let stems = self.language.handles;
        let within = self.within();
        let round = within / stems.len() as u64;
        let stem = stems[position(within, stems.len())];
        if round == 0 {
            stem.to_owned()
        } else {
            format!("{stem}_{round}")
        }
    }

    pub(super) fn name(&self) -> String {
        let [first, second] = self.language.names;
        let within = self.within();
        let (first, second) = (
            first[position(within, first.len())],
            second[position(within * 3, second.len())],
        );
        format!("{first}{}{second}", self.language.gap)
    }

    pub(super) fn bio(&self) -> &'static str {
        self.language.bios[position(self.within(), self.language.bios.len())]
    }

    pub(super) fn home(&self) -> &'static City {
        &self.language.cities[position(self.within() / 2, self.language.cities.len())]
    }

    pub(super) fn is_verified(&self) -> bool {
        self.number.is_multiple_of(11)
    }

    pub(super) fn followers(&self) -> u64 {
        let spread = Dice::new(0, self.number, 0).below(900);
        30 + spread * spread / (1 + self.number % 7)
    }

    pub(super) fn made_at(&self) -> Time {
        let days = i64::try_from(self.number * 17).expect("the cast is small");
        Time((FIRST_ACCOUNT + days * 86_400) * 1_000_000)
    }

    /// The account as the service describes it.
    pub(super) fn account(&self) -> Account<'static> {
        let home = self.home();
        Account {
            id: Cow::Owned(self.id()),
            handle: Cow::Owned(self.handle()),
            name: Cow::Owned(self.name()),
            bio: Cow::Borrowed(self.bio()),
            location: Cow::Owned(format!("{}, {}", home.name, home.country)),
            url: Cow::Owned(format!("https://example.org/people/{}", self.id())),
            avatar: Cow::Owned(format!(
                "https://images.example.org/people/{}.png",
                self.id()
            )),
            verified: self.is_verified(),
            protected: false,
            made_at: Some(self.made_at()),
            followers: Some(self.followers()),
            following: Some(40 + self.number * 5 % 400),
            posts: Some(200 + self.number * 91 % 9_000),
            listed: Some(self.number % 13),
        }
    }

    /// Which one of its language it is.
    fn within(&self) -> u64 {
        self.number / LANGUAGES.len() as u64
    }
}

fn position(number: u64, len: usize) -> usize {
    usize::try_from(number % len as u64).expect("less than a slice's length")
}
