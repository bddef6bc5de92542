//! Reads other people's JSON into places that take what they understand of any value, and leave the rest.
//!
//! An object of ours begins empty, and each value is read to where it will stay. A derived `Deserialize` would read each into
//! an `Option`, make the object of all of them at the end and move it to its place, which for objects of hundreds of bytes
//! takes longer than reading them; and it would refuse an object that has a key twice. Nothing here fails on JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What takes a value of any kind. Of null nothing hears: it is as no value.
pub(crate) trait Lenient<'a> {
    /// Takes text, a number or a truth value, or leaves it.
    fn scalar(&mut self, scalar: Scalar<'a>);

    /// Takes a list, or skips it.
    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error>;

    /// Takes an object, or skips it.
    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error>;
}

/// A value without parts.
pub(crate) enum Scalar<'a> {
    /// Borrowed unless it was escaped.
    Text(Cow<'a, str>),
    Whole(u64),
    Negative(i64),
    Real(f64),
    Truth(bool),
}

/// An object with keys that we know, declared by [`objects`].
pub(crate) trait Object<'a>: Default {
    /// Reads the value of this key to where it belongs, or skips it.
    fn entry<O: MapAccess<'a>>(&mut self, key: &str, object: &mut O) -> Result<(), O::Error>;
}

impl<'a, T: Object<'a>> Lenient<'a> for T {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    #[inline]
    fn object<O: MapAccess<'a>>(&mut self, mut object: O) -> Result<(), O::Error> {
        while let Some(Key(key)) = object.next_key()? {
            self.entry(&key, &mut object)?;
        }
        Ok(())
    }
}

/// Declares objects: each field is read from the key of its name, or from the keys named behind it; the last, after `..`, is an
/// object that takes the keys left over.
macro_rules! objects {
    ($(
        $(#[$about:meta])*
        $vis:vis struct $Name:ident $(<$life:lifetime>)? {
            $($(#[$about_field:meta])* $field:ident $(as $($key:literal)|+)?: $Type:ty,)*
            $(.. $rest:ident: $Rest:ty,)?
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Default)]
        $vis struct $Name $(<$life>)? {
            $($(#[$about_field])* $vis $field: $Type,)*
            $($vis $rest: $Rest,)?
        }

        impl<'a> $crate::json::lenient::Object<'a> for $Name $(<$life>)? {
            fn entry<O: serde::de::MapAccess<'a>>(
                &mut self,
                key: &str,
                object: &mut O,
            ) -> Result<(), O::Error> {
                use $crate::json::lenient::{ReadInto, key, left_over};
                match key {
                    $(key!($field $(as $($key)|+)?) => object.next_value_seed(ReadInto(&mut self.$field)),)*
                    _ => left_over!(self, key, object $(, $rest)?),
                }
            }
        }
    )*};
}
pub(crate) use objects;

/// The pattern of a field's keys.
macro_rules! key {
    ($field:ident) => { stringify!($field) };
    ($field:ident as $($key:literal)|+) => { $($key)|+ };
}
pub(crate) use key;

/// What becomes of a key that no field has.
macro_rules! left_over {
    ($this:ident, $key:ident, $object:ident) => {
        $crate::json::lenient::skip_value($object)
    };
    ($this:ident, $key:ident, $object:ident, $rest:ident) => {
        $this.$rest.entry($key, $object)
    };
}
pub(crate) use left_over;

/// Reads the next value into a place.
pub(crate) struct ReadInto<'p, T>(pub(crate) &'p mut T);

impl<'a, T: Lenient<'a>> DeserializeSeed<'a> for ReadInto<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, T: Lenient<'a>> Visitor<'a> for ReadInto<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    #[inline]
    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.0.scalar(Scalar::Text(Cow::Borrowed(text)));
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.scalar(Scalar::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.scalar(Scalar::Whole(number));
        Ok(())
    }
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.scalar(Scalar::Negative(number));
        Ok(())
    }
    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.scalar(Scalar::Real(number));
        Ok(())
    }
    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.0.scalar(Scalar::Truth(truth));
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<L: SeqAccess<'a>>(self, list: L) -> Result<(), L::Error> {
        self.0.list(list)
    }
    fn visit_map<O: MapAccess<'a>>(self, object: O) -> Result<(), O::Error> {
        self.0.object(object)
    }
}

/// A key, borrowed unless it was escaped.
struct Key<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Key<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'a> Visitor<'a> for KeyVisitor {
    type Value = Key<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    #[inline]
    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Key<'a>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }
    fn visit_str<E>(self, key: &str) -> Result<Key<'a>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

/// Skips the value of the key that was read last.
pub(crate) fn skip_value<'a, O: MapAccess<'a>>(object: &mut O) -> Result<(), O::Error> {
    object.next_value::<IgnoredAny>().map(|IgnoredAny| ())
}

/// Skips what is left of a list.
pub(crate) fn skip_list<'a, L: SeqAccess<'a>>(mut list: L) -> Result<(), L::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Skips what is left of an object.
pub(crate) fn skip_object<'a, O: MapAccess<'a>>(mut object: O) -> Result<(), O::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
