//! Fields of other people's JSON that may hold anything: each type takes what it understands and remembers or forgets the rest.
//!
//! A number where text belongs must not lose a post in a field nobody needs, and must be named in one that everybody needs;
//! so no type here ever fails on well-formed JSON, and [`Field::required`] refuses later, with the field's path.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bowerbird_core::source::Refused;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What a text field held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// Nothing, or null.
    #[default]
    Absent,
    /// Text, borrowed unless it was escaped.
    Text(Cow<'a, str>),
    /// Something else, by name.
    Wrong(Kind),
}

/// What stood where text belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Truth,
    List,
    Object,
}

impl Kind {
    /// What is wrong with it.
    fn fault(self) -> &'static str {
        match self {
            Self::Number => ": expected text, found a number",
            Self::Truth => ": expected text, found true or false",
            Self::List => ": expected text, found a list",
            Self::Object => ": expected text, found an object",
        }
    }
}

impl<'a> Field<'a> {
    /// The text, empty if there is none.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text.clone(),
            _ => Cow::Borrowed(""),
        }
    }

    /// The text, empty if there is none, for a look.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// Is there no text?
    pub(crate) fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }

    /// What names something: text that is not empty, or why the frame is refused without it.
    pub(crate) fn required(&self, path: &str) -> Result<Cow<'a, str>, Refused> {
        self.required_in("", path)
    }

    /// As [`Field::required`], where the field stands in an object at `path`.
    pub(crate) fn required_in(&self, path: &str, name: &str) -> Result<Cow<'a, str>, Refused> {
        match self {
            Self::Text(text) if text.is_empty() => Err(refused(path, name, " is empty")),
            _ => self.check_in(path, name).map(|()| self.text()),
        }
    }

    /// Whether there is text, which may be empty, and if not, why the frame is refused.
    pub(crate) fn check_in(&self, path: &str, name: &str) -> Result<(), Refused> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Absent => Err(refused(path, name, " is missing")),
            Self::Wrong(kind) => Err(refused(path, name, kind.fault())),
        }
    }

    /// This one, or the other if this one has no text.
    pub(crate) fn or<'f>(&'f self, other: &'f Self) -> &'f Self {
        if self.is_empty() { other } else { self }
    }
}

#[cold]
fn refused(path: &str, name: &str, fault: &str) -> Refused {
    let dot = if path.is_empty() { "" } else { "." };
    Refused::new(format!("{path}{dot}{name}{fault}"))
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor { id: false })
    }
}

/// An id: a field that may be written as a whole number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Id<'a>(Field<'a>);

impl<'a> std::ops::Deref for Id<'a> {
    type Target = Field<'a>;
    fn deref(&self) -> &Field<'a> {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(FieldVisitor { id: true })
            .map(Self)
    }
}

struct FieldVisitor {
    id: bool,
}

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        if self.id {
            Ok(Field::Text(Cow::Owned(number.to_string())))
        } else {
            Ok(Field::Wrong(Kind::Number))
        }
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        if self.id {
            Ok(Field::Text(Cow::Owned(number.to_string())))
        } else {
            Ok(Field::Wrong(Kind::Number))
        }
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Field::Wrong(Kind::Number))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::Wrong(Kind::Truth))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list).map(|()| Field::Wrong(Kind::List))
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        skip_object(object).map(|()| Field::Wrong(Kind::Object))
    }
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A number: written as one or as text; anything else is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

/// A count: a whole number that is not negative, written as one or as text; anything else is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

/// True, or anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

/// What a scalar can be made of.
enum Scalar {
    Whole(u64),
    Real(f64),
    Truth(bool),
    Other,
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(number))
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a negative whole number only ever becomes a coordinate"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Real(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Real(number))
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar::Truth(truth))
    }
    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        let whole = text.parse().ok().map(Scalar::Whole);
        let real = || text.parse().ok().map(Scalar::Real);
        Ok(whole.or_else(real).unwrap_or(Scalar::Other))
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Scalar, A::Error> {
        skip_list(list).map(|()| Scalar::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Scalar, A::Error> {
        skip_object(object).map(|()| Scalar::Other)
    }
}

impl<'de> Deserialize<'de> for Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers here are degrees and text offsets, far below 2^53"
    )]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Whole(number) => Some(number as f64),
            Scalar::Real(number) if number.is_finite() => Some(number),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Whole(number) => Some(number),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = deserializer.deserialize_any(ScalarVisitor)?;
        Ok(Self(matches!(scalar, Scalar::Truth(true))))
    }
}

/// An object, boxed, if there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Maybe<T>(pub(crate) Option<Box<T>>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Maybe<T> {
    /// The object, if there is one.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = ObjectVisitor(|object: Option<T>| Self(object.map(Box::new)), PhantomData);
        deserializer.deserialize_any(object)
    }
}

/// An object in place; empty if there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Part<T>(T);

impl<T> std::ops::Deref for Part<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = ObjectVisitor(
            |object: Option<T>| Self(object.unwrap_or_default()),
            PhantomData,
        );
        deserializer.deserialize_any(object)
    }
}

/// An element of a list: an object, or nothing.
struct Element<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(Self, PhantomData))
    }
}

/// Makes something of an object, or of its absence; made right where it is read, because these objects are large.
struct ObjectVisitor<T, F>(F, PhantomData<T>);

impl<'de, T: Deserialize<'de>, V, F: FnOnce(Option<T>) -> V> Visitor<'de> for ObjectVisitor<T, F> {
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V, A::Error> {
        let object = T::deserialize(MapAccessDeserializer::new(object))?;
        Ok((self.0)(Some(object)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V, A::Error> {
        skip_list(list).map(|()| (self.0)(None))
    }
    fn visit_unit<E>(self) -> Result<V, E> {
        Ok((self.0)(None))
    }
    fn visit_bool<E>(self, _: bool) -> Result<V, E> {
        Ok((self.0)(None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<V, E> {
        Ok((self.0)(None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<V, E> {
        Ok((self.0)(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<V, E> {
        Ok((self.0)(None))
    }
    fn visit_str<E>(self, _: &str) -> Result<V, E> {
        Ok((self.0)(None))
    }
}

/// The objects of a list; what is no object, and what is no list, is left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objects<T>(pub(crate) Vec<T>);

/// The values of a list of fields; what is no list is empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Values<T>(pub(crate) Vec<T>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Objects<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pick = |element: Element<T>| element.0;
        deserializer
            .deserialize_any(ListVisitor(pick, PhantomData))
            .map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Values<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ListVisitor(Some, PhantomData))
            .map(Self)
    }
}

/// Lists of elements larger than this mostly have one; room for four, which a `Vec` begins with, would come from the slow
/// part of the allocator.
const LARGE: usize = 256;

/// Collects what `pick` makes of each element `E`.
struct ListVisitor<E, F>(F, PhantomData<E>);

impl<'de, E: Deserialize<'de>, T, F: Fn(E) -> Option<T>> Visitor<'de> for ListVisitor<E, F> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(element) = list.next_element()? {
            if let Some(value) = (self.0)(element) {
                if values.is_empty() && size_of::<T>() > LARGE {
                    values.reserve_exact(1);
                }
                values.push(value);
            }
        }
        Ok(values)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Vec<T>, A::Error> {
        skip_object(object).map(|()| Vec::new())
    }
    fn visit_unit<X>(self) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
    fn visit_bool<X>(self, _: bool) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
    fn visit_u64<X>(self, _: u64) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
    fn visit_i64<X>(self, _: i64) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
    fn visit_f64<X>(self, _: f64) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
    fn visit_str<X>(self, _: &str) -> Result<Vec<T>, X> {
        Ok(Vec::new())
    }
}

/// Text, or an object, where a service writes the one or the other.
pub(crate) fn text_or_object<'de, T, D>(
    deserializer: D,
) -> Result<(Field<'de>, Option<T>), D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(EitherVisitor(PhantomData))
}

struct EitherVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EitherVisitor<T> {
    type Value = (Field<'de>, Option<T>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok((Field::Text(Cow::Borrowed(text)), None))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((Field::Text(Cow::Owned(text.to_owned())), None))
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        let object = T::deserialize(MapAccessDeserializer::new(object))?;
        Ok((Field::Wrong(Kind::Object), Some(object)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list).map(|()| (Field::Wrong(Kind::List), None))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((Field::Absent, None))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok((Field::Wrong(Kind::Truth), None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok((Field::Wrong(Kind::Number), None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok((Field::Wrong(Kind::Number), None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok((Field::Wrong(Kind::Number), None))
    }
}
