//! What is between accounts, and between an account and a post. The change with the latest time is the one that stands, in
//! whatever order they come.

use bowerbird_core::event::{Event, Interaction, Relationship};
use rusqlite::params;

use super::{Arrival, Batch};

impl Batch<'_> {
    pub(super) fn relationship(
        &mut self,
        arrival: Arrival,
        event: &Event<'_>,
        relationship: &Relationship<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, &event.id.service)?;
        let from = self.account(arrival, service, &relationship.source)?;
        let to = self.account(arrival, service, &relationship.target)?;
        let changed_at = event.at.map_or(arrival.received_at, |at| at.0);
        let changed = self
            .connection
            .prepare_cached(include_str!("../sql/upsert_account_relationship.sql"))?
            .execute(params![
                service,
                event.id.id,
                relationship.kind,
                from.map(|known| known.account),
                to.map(|known| known.account),
                changed_at,
                relationship.ended
            ])?;
        Ok(changed > 0)
    }

    pub(super) fn interaction(
        &mut self,
        arrival: Arrival,
        event: &Event<'_>,
        interaction: &Interaction<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, &event.id.service)?;
        let account = self.account(arrival, service, &interaction.account)?;
        let changed_at = event.at.map_or(arrival.received_at, |at| at.0);
        let changed = self
            .connection
            .prepare_cached(include_str!("../sql/upsert_interaction.sql"))?
            .execute(params![
                service,
                event.id.id,
                interaction.kind,
                account.map(|known| known.account),
                interaction.post_id,
                changed_at,
                interaction.ended
            ])?;
        Ok(changed > 0)
    }
}
