//! Circles and boxes: the values in square brackets.

use std::ops::Range;

use super::Parser;
use super::value::decimal;
use crate::error::RuleError;
use crate::expr::{Bounds, Circle, LengthUnit};

/// Most boxes in one `v11_locations:`; the v1.1 stream took 25.
const MAX_BOXES: usize = 100;

impl Parser<'_> {
    pub(super) fn circle(&mut self, start: usize) -> Result<Circle, RuleError> {
        let expected = "expected `[longitude latitude radius]`, the radius in `mi` or `km`";
        let (inside, span) = self.bracketed(start, expected)?;
        let parts: Vec<&str> = inside.split_whitespace().collect();
        let parsed = match parts.as_slice() {
            &[longitude, latitude, radius] => decimal(longitude)
                .zip(decimal(latitude))
                .zip(length(radius)),
            _ => None,
        };
        let Some(((longitude, latitude), (radius, unit))) = parsed else {
            let error = self.error(span, expected);
            return Err(error
                .hint("for example `[2.355128 48.861118 16km]`, without a blank before the unit"));
        };
        self.check_point(longitude, latitude, &span)?;
        if radius <= 0.0 {
            return Err(self.error(span, "the radius must be greater than 0"));
        }
        Ok(Circle {
            centre: [longitude, latitude],
            radius,
            unit,
        })
    }

    pub(super) fn single_box(&mut self, start: usize) -> Result<Bounds, RuleError> {
        let from = self.at;
        let boxes = self.boxes(start)?;
        match boxes.as_slice() {
            &[single] => Ok(single),
            _ => Err(self.error(from..self.at, "expected one box: `[west south east north]`")),
        }
    }

    pub(super) fn boxes(&mut self, start: usize) -> Result<Vec<Bounds>, RuleError> {
        let expected = "expected `[west south east north]` in degrees";
        let (inside, span) = self.bracketed(start, expected)?;
        let parts = inside
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|part| !part.is_empty());
        let numbers: Option<Vec<f64>> = parts.map(decimal).collect();
        let numbers =
            numbers.filter(|n| !n.is_empty() && n.len() % 4 == 0 && n.len() <= 4 * MAX_BOXES);
        let Some(numbers) = numbers else {
            return Err(self
                .error(span, expected)
                .hint("for example `[-105.3 39.9 -105.1 40.1]`"));
        };
        let mut boxes = Vec::with_capacity(numbers.len() / 4);
        for corner in numbers.chunks_exact(4) {
            let bounds = Bounds {
                west: corner[0],
                south: corner[1],
                east: corner[2],
                north: corner[3],
            };
            self.check_point(bounds.west, bounds.south, &span)?;
            self.check_point(bounds.east, bounds.north, &span)?;
            if bounds.south > bounds.north {
                let error = self.error(span, "south lies above north");
                return Err(
                    error.hint("the south-west corner comes first: west, south, east, north")
                );
            }
            boxes.push(bounds);
        }
        Ok(boxes)
    }

    /// X's own examples swap longitude and latitude at times, so a latitude beyond the poles is only warned of.
    fn check_point(
        &self,
        longitude: f64,
        latitude: f64,
        span: &Range<usize>,
    ) -> Result<(), RuleError> {
        match [longitude, latitude]
            .into_iter()
            .find(|degrees| !(-180.0..=180.0).contains(degrees))
        {
            Some(degrees) => Err(self.error(
                span.clone(),
                format!("{degrees} is not between -180 and 180 degrees"),
            )),
            None => Ok(()),
        }
    }

    /// What stands between square brackets, and where.
    fn bracketed(
        &mut self,
        start: usize,
        expected: &str,
    ) -> Result<(String, Range<usize>), RuleError> {
        let from = self.at;
        if !self.eat('[') {
            let value = self.run().len();
            let span = if value == 0 {
                start..from
            } else {
                from..from + value
            };
            return Err(self.error(span, expected));
        }
        let Some(length) = self.text[self.at..].find(']') else {
            return Err(self
                .error(from..from + 1, "this bracket is never closed")
                .hint("add `]`"));
        };
        let inside = self.text[self.at..self.at + length].to_owned();
        self.at += length + 1;
        Ok((inside, from..self.at))
    }
}

fn length(text: &str) -> Option<(f64, LengthUnit)> {
    let units = [("mi", LengthUnit::Miles), ("km", LengthUnit::Kilometres)];
    units
        .iter()
        .find_map(|&(name, unit)| Some((decimal(text.strip_suffix(name)?)?, unit)))
}
