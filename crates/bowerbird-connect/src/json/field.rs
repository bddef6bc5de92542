//! Fields of other people's JSON that may hold anything: each type takes what it understands and remembers or forgets the rest.
//!
//! A number where text belongs must not lose a post in a field nobody needs, and must be named in one that everybody needs;
//! so no type here ever fails on well-formed JSON, and [`Field::required`] refuses later, with the field's path.

use std::borrow::Cow;

use bowerbird_core::source::Refused;
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::lenient::{Lenient, Object, ReadInto, Scalar, skip_list, skip_object};

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

impl<'a> Lenient<'a> for Field<'a> {
    #[inline]
    fn scalar(&mut self, scalar: Scalar<'a>) {
        *self = match scalar {
            Scalar::Text(text) => Self::Text(text),
            Scalar::Truth(_) => Self::Wrong(Kind::Truth),
            Scalar::Whole(_) | Scalar::Negative(_) | Scalar::Real(_) => Self::Wrong(Kind::Number),
        };
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        *self = Self::Wrong(Kind::List);
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        *self = Self::Wrong(Kind::Object);
        skip_object(object)
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

impl<'a> Lenient<'a> for Id<'a> {
    #[inline]
    fn scalar(&mut self, scalar: Scalar<'a>) {
        self.0.scalar(match scalar {
            Scalar::Whole(number) => Scalar::Text(Cow::Owned(number.to_string())),
            Scalar::Negative(number) => Scalar::Text(Cow::Owned(number.to_string())),
            other => other,
        });
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        self.0.list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        self.0.object(object)
    }
}

/// Text, or an object, where a service writes the one or the other.
#[derive(Debug, Default)]
pub(crate) struct TextOr<'a, T> {
    pub(crate) text: Field<'a>,
    pub(crate) object: T,
}

impl<'a, T: Object<'a>> Lenient<'a> for TextOr<'a, T> {
    fn scalar(&mut self, scalar: Scalar<'a>) {
        self.text.scalar(scalar);
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        self.text.list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        self.text = Field::Wrong(Kind::Object);
        self.object.object(object)
    }
}

/// A scalar of one kind; anything else is none.
pub(crate) trait Plain: Sized {
    /// What the scalar says, if it is of this kind.
    fn of(scalar: &Scalar<'_>) -> Option<Self>;
}

/// A count: a whole number that is not negative, written as one or as text.
impl Plain for u64 {
    fn of(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Whole(number) => Some(*number),
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A finite number, written as one or as text.
impl Plain for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers here are degrees, far below 2^53"
    )]
    fn of(scalar: &Scalar<'_>) -> Option<Self> {
        let number = match scalar {
            Scalar::Whole(number) => *number as f64,
            Scalar::Negative(number) => *number as f64,
            Scalar::Real(number) => *number,
            Scalar::Text(text) => text.parse().ok()?,
            Scalar::Truth(_) => return None,
        };
        number.is_finite().then_some(number)
    }
}

impl Plain for bool {
    fn of(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Truth(truth) => Some(*truth),
            _ => None,
        }
    }
}

impl<'a, T: Plain> Lenient<'a> for Option<T> {
    #[inline]
    fn scalar(&mut self, scalar: Scalar<'a>) {
        *self = T::of(&scalar);
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        skip_object(object)
    }
}

/// An object, if there is one.
#[derive(Debug)]
pub(crate) struct Maybe<T>(Option<Box<T>>);

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

impl<'a, T: Object<'a>> Lenient<'a> for Maybe<T> {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        self.0.get_or_insert_default().object(object)
    }
}

/// The objects of a list; what is no object, and what is no list, is left out.
impl<'a, T: Object<'a>> Lenient<'a> for Vec<T> {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, mut list: L) -> Result<(), L::Error> {
        while list
            .next_element_seed(ReadInto(&mut NextObject(self)))?
            .is_some()
        {}
        Ok(())
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        skip_object(object)
    }
}

/// Where the next element of a list goes if it is an object.
struct NextObject<'l, T>(&'l mut Vec<T>);

impl<'a, T: Object<'a>> Lenient<'a> for NextObject<'_, T> {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        one_more(self.0).object(object)
    }
}

/// The values of a list, one for each, so that their places count; what is no list is empty.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Values<T>(pub(crate) Vec<T>);

impl<'a, T: Lenient<'a> + Default> Lenient<'a> for Values<T> {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, mut list: L) -> Result<(), L::Error> {
        while list.next_element_seed(NextValue(&mut self.0))?.is_some() {}
        Ok(())
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        skip_object(object)
    }
}

/// Where the next element of a list goes, whatever it is.
struct NextValue<'l, T>(&'l mut Vec<T>);

impl<'a, T: Lenient<'a> + Default> DeserializeSeed<'a> for NextValue<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        ReadInto(one_more(self.0)).deserialize(deserializer)
    }
}

/// How much room a list begins with. Most have a few elements, and a `Vec`'s own beginning, room for four, would for large ones
/// come from the slow part of the allocator.
const FIRST_ROOM: usize = 1_024;

/// A new last element, in its place.
fn one_more<T: Default>(list: &mut Vec<T>) -> &mut T {
    if list.is_empty() {
        list.reserve_exact((FIRST_ROOM / size_of::<T>()).clamp(1, 4));
    }
    list.push_mut(T::default())
}
