//! Services made up for tests: real servers on this machine that do as a script says.
//!
//! Only with the feature `testing`; nothing here is part of what runs for people.

mod jetstream_script;
mod jetstream_stand_in;
mod mastodon_script;
mod mastodon_stand_in;
mod plain;
mod sign_in_stand_in;
mod stand_in;
mod vault_stand_in;
mod x_posts;
mod x_rules;
mod x_script;
mod x_stand_in;
mod x_subscriptions;

pub use jetstream_script::{Beat, Turn, jetstream_dictionary, jetstream_post};
pub use jetstream_stand_in::JetstreamStandIn;
pub use mastodon_script::{MastodonBeat, MastodonTurn, mastodon_id, mastodon_status};
pub use mastodon_stand_in::MastodonStandIn;
pub use plain::{Asked, Reply, Way};
pub use sign_in_stand_in::{APP_PASSWORD, APP_SECRET, MARK, PIN, SignInStandIn, marks};
pub use vault_stand_in::VaultStandIn;
pub use x_posts::{x_id, x_post};
pub use x_rules::StandInRule;
pub use x_script::{Answer, Step};
pub use x_stand_in::{Seen, XStandIn};
