//! A tree as a rule: with the operators' own names, and only the brackets that are needed.

use std::fmt::{self, Display, Formatter, Write};

use super::{Bounds, Circle, CountRange, Expr, ExprKind, LengthUnit, Term, Words};
use crate::operators::{FLAGS, OPERATORS, PARTS, name_of, operator_of};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Any(parts) => write_parts(f, parts, " OR ", |part| {
                matches!(part.kind, ExprKind::Any(_))
            }),
            ExprKind::All(parts) => write_parts(f, parts, " ", |part| {
                matches!(part.kind, ExprKind::Any(_) | ExprKind::All(_))
            }),
            ExprKind::Not(part) if matches!(part.kind, ExprKind::Term(_)) => write!(f, "-{part}"),
            ExprKind::Not(part) => write!(f, "-({part})"),
            ExprKind::Term(term) => term.fmt(f),
        }
    }
}

fn write_parts(
    f: &mut Formatter<'_>,
    parts: &[Expr],
    between: &str,
    bracketed: fn(&Expr) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if bracketed(part) {
            write!(f, "({part})")?
        } else {
            write!(f, "{part}")?
        }
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(operator) = operator_of(self) {
            write!(f, "{}:", name_of(OPERATORS, &operator))?;
        }
        match self {
            Self::Words(words) | Self::Field(_, words) | Self::Place(words) => words.fmt(f),
            Self::Hashtag(name) => write!(f, "#{}", name.text()),
            Self::Mention(name) => write!(f, "@{}", name.text()),
            Self::Cashtag(name) => write!(f, "${}", name.text()),
            Self::Account(_, name)
            | Self::UrlContains(name)
            | Self::Contains(name)
            | Self::Entity(name)
            | Self::Source(name)
            | Self::Profile(_, name) => write_value(f, name.text()),
            Self::Id(_, id) => write_value(f, id),
            Self::Context(domain, entity) => {
                let star = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
                write!(f, "{}.{}", star(domain), star(entity))
            }
            Self::PlaceCountry(code) | Self::Lang(code) => f.write_str(code),
            Self::PointRadius(circle) | Self::ProfilePointRadius(circle) => circle.fmt(f),
            Self::BoundingBox(bounds) | Self::ProfileBoundingBox(bounds) => write!(f, "[{bounds}]"),
            Self::Is(flag) => f.write_str(name_of(FLAGS, flag)),
            Self::Has(part) => f.write_str(name_of(PARTS, part)),
            Self::Count(_, range) => range.fmt(f),
            Self::Sample(percent) => percent.fmt(f),
            Self::Embedding(text) => write_quoted(f, text),
            Self::EmbeddingThreshold(threshold) => threshold.fmt(f),
            Self::V11Track(list) => write_quoted(f, list.text()),
            Self::V11Follow(list) => write_value(f, list.text()),
            Self::V11Locations(boxes) => {
                let boxes: Vec<String> = boxes.iter().map(Bounds::to_string).collect();
                write!(f, "[{}]", boxes.join(" "))
            }
        }
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.is_quoted() {
            return f.write_str(self.text());
        }
        write_quoted(f, self.text())?;
        self.slop().map_or(Ok(()), |slop| write!(f, "~{slop}"))
    }
}

impl Display for CountRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{}..{max}", self.min),
            None => write!(f, "{}", self.min),
        }
    }
}

impl Display for Circle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            LengthUnit::Miles => "mi",
            LengthUnit::Kilometres => "km",
        };
        let [longitude, latitude] = self.centre;
        write!(f, "[{longitude} {latitude} {}{unit}]", self.radius)
    }
}

/// The four numbers, without brackets.
impl Display for Bounds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {}",
            self.west, self.south, self.east, self.north
        )
    }
}

/// A value bare where it may be, else quoted.
fn write_value(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let bare = !text.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '(' | ')' | '\u{200B}')
    });
    if bare {
        f.write_str(text)
    } else {
        write_quoted(f, text)
    }
}

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}
