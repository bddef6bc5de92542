//! Bills as a running process sees them: taken up anew as they grow.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{Prices, Standing, Tariff, Tariffs, Withheld};
use crate::ids::SourceName;

/// What every source must not ask for now.
pub type AllWithheld = BTreeMap<SourceName, Withheld>;

/// What sources may spend and have spent.
#[derive(Debug, Default)]
pub struct LiveBills {
    tariffs: Tariffs,
    standing: ArcSwap<Standing>,
    withheld: watch::Sender<Arc<AllWithheld>>,
}

impl LiveBills {
    /// For sources with these tariffs; what costs nothing and has no budget need not be named.
    pub fn new(tariffs: Tariffs) -> Self {
        Self {
            tariffs,
            ..Self::default()
        }
    }

    /// What priced sources cost and may cost.
    pub fn tariffs(&self) -> &Tariffs {
        &self.tariffs
    }

    /// A source's prices; nothing costs anything where none are known.
    pub fn prices(&self, source: &SourceName) -> Prices {
        self.tariffs
            .get(source)
            .map_or(Prices::default(), |tariff: &Tariff| tariff.prices)
    }

    /// Where bills and budgets stand, as last taken up.
    pub fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    /// What sources must not ask for, newly sent only when that changes.
    pub fn withheld(&self) -> watch::Receiver<Arc<AllWithheld>> {
        self.withheld.subscribe()
    }

    /// Takes up how things stand now.
    pub fn apply(&self, standing: Standing) {
        let withheld: AllWithheld = standing
            .sources
            .iter()
            .filter(|(_, source)| !source.withheld.is_empty())
            .map(|(name, source)| (name.clone(), source.withheld.clone()))
            .collect();
        self.standing.store(Arc::new(standing));
        self.withheld.send_if_modified(|known| {
            let is_new = **known != withheld;
            if is_new {
                *known = Arc::new(withheld);
            }
            is_new
        });
    }
}
