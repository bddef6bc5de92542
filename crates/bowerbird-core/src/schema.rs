//! How our own value types look in the HTTP API's description: all of them are strings there. The shapes that hold them derive theirs.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::bill::Money;
use crate::ids::{Lane, SourceName, TrackId};
use crate::time::{Day, Time};

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .into()
    }
}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some("US dollars"))
            .pattern(Some("^[0-9]+(\\.[0-9]{1,6})?$"))
            .into()
    }
}

impl PartialSchema for TrackId {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some("^[0-9]+$")).into()
    }
}

impl PartialSchema for SourceName {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some("^[a-z0-9][a-z0-9_-]{0,63}$")).into()
    }
}

impl PartialSchema for Lane {
    fn schema() -> RefOr<Schema> {
        SourceName::schema()
    }
}

impl ToSchema for Time {}
impl ToSchema for Day {}
impl ToSchema for Money {}
impl ToSchema for TrackId {}
impl ToSchema for SourceName {}
impl ToSchema for Lane {}
