//! What comes after an operator's colon.

use std::ops::Range;

use super::Parser;
use crate::error::RuleError;
use crate::expr::{CountRange, Counted, Name, Term, Words};
use crate::operators::{FLAGS, OPERATORS, Operator, PARTS, find, name_of, nearest};
use crate::v11::{FollowList, TrackList};

/// A value as written: bare or quoted, and where.
struct Value {
    text: String,
    quoted: bool,
    span: Range<usize>,
}

impl Parser<'_> {
    /// The term of `operator`, whose name began at `start` and whose value begins here.
    pub(super) fn value(&mut self, operator: Operator, start: usize) -> Result<Term, RuleError> {
        Ok(match operator {
            Operator::Account(role) => {
                Term::Account(role, self.account(start, name_of(OPERATORS, &operator))?)
            }
            Operator::Field(field) => Term::Field(field, self.words(start)?),
            Operator::Place => Term::Place(self.words(start)?),
            Operator::UrlContains => Term::UrlContains(self.name(start)?),
            Operator::Contains => Term::Contains(self.name(start)?),
            Operator::Entity => Term::Entity(self.name(start)?),
            Operator::Source => Term::Source(self.name(start)?),
            Operator::Profile(part) => Term::Profile(part, self.name(start)?),
            Operator::Embedding => Term::Embedding(self.name(start)?.text().to_owned()),
            Operator::Context => self.context(start)?,
            Operator::Id(role) => Term::Id(role, self.id(start)?),
            Operator::PlaceCountry => Term::PlaceCountry(self.country(start)?),
            Operator::PointRadius => Term::PointRadius(self.circle(start)?),
            Operator::ProfilePointRadius => Term::ProfilePointRadius(self.circle(start)?),
            Operator::BoundingBox => Term::BoundingBox(self.single_box(start)?),
            Operator::ProfileBoundingBox => Term::ProfileBoundingBox(self.single_box(start)?),
            Operator::Is => Term::Is(self.choice(start, "is", FLAGS)?),
            Operator::Has => Term::Has(self.choice(start, "has", PARTS)?),
            Operator::Count(counted) => Term::Count(counted, self.count(start, counted)?),
            Operator::Lang => Term::Lang(self.language(start)?),
            Operator::Sample => Term::Sample(self.percent(start)?),
            Operator::EmbeddingThreshold => Term::EmbeddingThreshold(self.threshold(start)?),
            Operator::V11Track => Term::V11Track(self.track_list(start)?),
            Operator::V11Follow => Term::V11Follow(self.follow_list(start)?),
            Operator::V11Locations => Term::V11Locations(self.boxes(start)?),
        })
    }

    fn plain_value(&mut self, start: usize) -> Result<Value, RuleError> {
        let from = self.at;
        let quoted = self.peek() == Some('"');
        let text = if quoted {
            self.quoted()?
        } else {
            self.run().to_owned()
        };
        if text.trim().is_empty() {
            let name = &self.text[start..from];
            return Err(self.error(
                start..self.at,
                format!("`{name}` needs a value directly after the colon"),
            ));
        }
        Ok(Value {
            text,
            quoted,
            span: from..self.at,
        })
    }

    fn account(&mut self, start: usize, name: &str) -> Result<Name, RuleError> {
        let value = self.plain_value(start)?;
        let text = value.text.as_str();
        if text.starts_with(['@', '＠']) {
            let error = self.error(
                value.span.clone(),
                format!("`{name}:` takes a handle without the sign, or an id"),
            );
            return Err(error.hint(format!(
                "write `{name}:{}`",
                text.trim_start_matches(['@', '＠'])
            )));
        }
        let separated = |c: char| c == ',' || c == ';' || c.is_whitespace() || c.is_control();
        if let Some(offset) = text.find(separated) {
            let error = if value.quoted {
                self.error(
                    value.span.clone(),
                    format!("`{name}:` takes one handle or id"),
                )
            } else {
                self.error(
                    value.span.start + offset..value.span.end,
                    format!("`{name}:` takes one handle or id"),
                )
            };
            return Err(error.hint(format!("write `({name}:one OR {name}:two)`")));
        }
        self.name_from(value)
    }

    fn words(&mut self, start: usize) -> Result<Words, RuleError> {
        let value = self.plain_value(start)?;
        let words = Words::new(value.text, value.quoted, None);
        self.check_words(&words, value.span)?;
        Ok(words)
    }

    fn name(&mut self, start: usize) -> Result<Name, RuleError> {
        let value = self.plain_value(start)?;
        self.name_from(value)
    }

    fn name_from(&self, value: Value) -> Result<Name, RuleError> {
        let name = Name::new(value.text);
        if name.folded().is_empty() {
            return Err(self.error(value.span, "there is nothing to compare in this value"));
        }
        Ok(name)
    }

    fn id(&mut self, start: usize) -> Result<String, RuleError> {
        let value = self.plain_value(start)?;
        if value
            .text
            .contains(|c: char| c.is_whitespace() || c.is_control() || c == ',')
        {
            return Err(self.error(value.span, "expected one id, without blanks or commas"));
        }
        Ok(value.text)
    }

    fn context(&mut self, start: usize) -> Result<Term, RuleError> {
        let value = self.plain_value(start)?;
        let part = |text: &str| match text {
            "*" => Some(None),
            id if !id.is_empty()
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') =>
            {
                Some(Some(id.to_owned()))
            }
            _ => None,
        };
        let (domain, entity) = value.text.split_once('.').unwrap_or((&value.text, ""));
        match (part(domain), part(entity)) {
            (Some(domain), Some(entity)) if domain.is_some() || entity.is_some() => {
                Ok(Term::Context(domain, entity))
            }
            _ => Err(self.error(
                value.span.clone(),
                "expected `domain.entity`, `domain.*` or `*.entity`",
            )),
        }
    }

    fn country(&mut self, start: usize) -> Result<String, RuleError> {
        let value = self.plain_value(start)?;
        if value.text.len() == 2 && value.text.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Ok(value.text.to_ascii_uppercase());
        }
        let error = self.error(
            value.span.clone(),
            "expected a country's two-letter code (ISO 3166-1)",
        );
        Err(error.hint("for example `place_country:GB`"))
    }

    fn choice<T: Copy>(
        &mut self,
        start: usize,
        operator: &str,
        table: &[(&'static str, T)],
    ) -> Result<T, RuleError> {
        let value = self.plain_value(start)?;
        if let Some(found) = find(table, &value.text) {
            return Ok(found);
        }
        let known: Vec<_> = table.iter().map(|&(name, _)| name).collect();
        let message = format!(
            "`{operator}:` does not know `{}`: expected {}",
            value.text,
            known.join(", ")
        );
        let error = self.error(value.span.clone(), message);
        Err(match nearest(table, &value.text) {
            Some(known) => error.hint(format!("did you mean `{operator}:{known}`?")),
            None => error,
        })
    }

    fn count(&mut self, start: usize, counted: Counted) -> Result<CountRange, RuleError> {
        let value = self.plain_value(start)?;
        let takes_range = !matches!(
            counted,
            Counted::MinFollowers | Counted::MinLikes | Counted::MinReplies | Counted::MinReposts
        );
        let number = |text: &str| {
            let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            all_digits.then(|| text.parse::<u64>().ok()).flatten()
        };
        let range = match value.text.split_once("..") {
            Some((min, max)) if takes_range => number(min)
                .zip(number(max))
                .map(|(min, max)| (min, Some(max))),
            Some(_) => None,
            None => number(&value.text).map(|min| (min, None)),
        };
        let Some((min, max)) = range else {
            let expected = if takes_range {
                "a whole number or a range like `10..100`"
            } else {
                "a whole number"
            };
            return Err(self.error(value.span.clone(), format!("expected {expected}")));
        };
        if max.is_some_and(|max| max < min) {
            let error = self.error(
                value.span.clone(),
                "this range is empty: the smaller number comes first",
            );
            return Err(error.hint(format!(
                "write `{}:{}..{min}`",
                name_of(OPERATORS, &Operator::Count(counted)),
                max.unwrap_or_default()
            )));
        }
        Ok(CountRange { min, max })
    }

    fn language(&mut self, start: usize) -> Result<String, RuleError> {
        let value = self.plain_value(start)?;
        let mut parts = value.text.split('-');
        let main = parts.next().unwrap_or_default();
        let is_code = |part: &str, from: usize, to: usize| {
            (from..=to).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !is_code(main, 2, 3) || !main.bytes().all(|b| b.is_ascii_alphabetic()) {
            let error = self.error(value.span.clone(), "expected a language code (BCP 47)");
            return Err(error.hint("for example `lang:en`, `lang:zh-TW` or `lang:und`"));
        }
        let mut code = main.to_ascii_lowercase();
        for part in parts {
            if !is_code(part, 1, 8) {
                return Err(self.error(value.span.clone(), "expected a language code (BCP 47)"));
            }
            code.push('-');
            code.push_str(&usual_case(part));
        }
        Ok(code)
    }

    fn percent(&mut self, start: usize) -> Result<u8, RuleError> {
        let value = self.plain_value(start)?;
        match value.text.parse::<u8>() {
            Ok(percent @ 1..=100) if value.text.bytes().all(|b| b.is_ascii_digit()) => Ok(percent),
            _ => Err(self.error(value.span.clone(), "expected a whole number from 1 to 100")),
        }
    }

    fn threshold(&mut self, start: usize) -> Result<f64, RuleError> {
        let value = self.plain_value(start)?;
        decimal(&value.text)
            .filter(|threshold| (0.0..=1.0).contains(threshold))
            .ok_or_else(|| self.error(value.span.clone(), "expected a number from 0.0 to 1.0"))
    }

    fn track_list(&mut self, start: usize) -> Result<TrackList, RuleError> {
        let value = self.plain_value(start)?;
        TrackList::new(&value.text)
            .ok_or_else(|| self.error(value.span, "there is no word in this list"))
    }

    fn follow_list(&mut self, start: usize) -> Result<FollowList, RuleError> {
        let value = self.plain_value(start)?;
        FollowList::new(&value.text).ok_or_else(|| {
            self.error(
                value.span,
                "expected account ids or handles, parted by commas",
            )
        })
    }
}

/// A plain decimal number: sign, digits, point, digits. No exponent, no infinity.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && !digits.ends_with('.')
        && text.len() <= 40;
    if plain { text.parse().ok() } else { None }
}

/// Regions in capitals, scripts with one, all else small.
fn usual_case(part: &str) -> String {
    match part.len() {
        2 => part.to_ascii_uppercase(),
        4 => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
        _ => part.to_ascii_lowercase(),
    }
}
