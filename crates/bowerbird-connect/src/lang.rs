//! A post's language: the service's word for it, or none.
//!
//! We do not guess; `docs/decisions/0004-no-language-detection.md` says why.

use std::borrow::Cow;

use bowerbird_core::event::Lang;

/// What the service states, or `und`.
pub(crate) fn stated(stated: Cow<'_, str>) -> Lang<'_> {
    if stated.is_empty() {
        return Lang::default();
    }
    Lang {
        code: stated,
        detected: false,
    }
}
