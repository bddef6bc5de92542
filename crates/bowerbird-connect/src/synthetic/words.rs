//! What the synthetic stream talks about: five languages in five scripts, every sentence written for this program.
//!
//! Sentences have slots: `{place}` a city, `{thing}` something of the topic, `{n}` a small number. The same word lists make
//! native events and X envelopes.

mod arabic;
mod english;
mod japanese;
mod russian;
mod spanish;

/// The languages, in the order of their share of the cast.
pub(super) const LANGUAGES: [&Language; 5] = [
    &english::ENGLISH,
    &spanish::SPANISH,
    &japanese::JAPANESE,
    &arabic::ARABIC,
    &russian::RUSSIAN,
];

/// One language.
#[derive(Debug)]
pub(super) struct Language {
    /// BCP-47.
    pub(super) code: &'static str,
    /// What stands between two sentences.
    pub(super) gap: &'static str,
    /// Parts of a display name, in the order they are written.
    pub(super) names: [&'static [&'static str]; 2],
    /// Beginnings of handles.
    pub(super) handles: &'static [&'static str],
    /// What accounts say of themselves.
    pub(super) bios: &'static [&'static str],
    /// Where they live and what they tag posts with.
    pub(super) cities: &'static [City],
    /// What they talk about.
    pub(super) topics: &'static [Topic],
    /// Short sentences that answer anything.
    pub(super) answers: &'static [&'static str],
    /// Short sentences that introduce another's post.
    pub(super) comments: &'static [&'static str],
    /// What an edited post ends with.
    pub(super) correction: &'static str,
    /// Alternative text of a picture.
    pub(super) picture: &'static str,
}

/// A city.
#[derive(Debug, Clone, Copy)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) country_code: &'static str,
    /// Longitude and latitude.
    pub(super) point: [f64; 2],
}

/// Something to talk about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topic {
    /// A word for addresses.
    pub(super) slug: &'static str,
    /// X's annotation, domain and entity.
    pub(super) context: (&'static str, &'static str, &'static str),
    pub(super) hashtags: &'static [&'static str],
    pub(super) things: &'static [&'static str],
    pub(super) emoji: &'static [&'static str],
    pub(super) sentences: &'static [&'static str],
}

/// Ticker symbols of companies that do not exist.
pub(super) const CASHTAGS: &[&str] = &["BOWR", "TWIG", "BERRY", "PERCH", "SNAIL"];

/// Emoji of every construction: plain, with a skin tone, joined, flags, keycaps, with a variation selector.
pub(super) const EMOJI: &[&str] = &[
    "🙂",
    "😂",
    "🎉",
    "👍🏽",
    "🙋🏿‍♀️",
    "👩🏾‍🔬",
    "👨‍👩‍👧",
    "🏳️‍🌈",
    "🇯🇵",
    "🇲🇽",
    "3️⃣",
    "❤️",
    "☕",
    "🚲",
    "🧑🏻‍🍳",
    "🐦",
];
