//! Later.

use super::StoreBackend;

/// All checks.
pub async fn all(_backend: &mut dyn StoreBackend) {}
