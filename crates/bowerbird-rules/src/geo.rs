//! Circles and rectangles on the earth, as far as rules need them.
//!
//! Distances are great circles on a sphere: off by at most half a percent, which no rule notices.

use crate::expr::{Bounds, Circle, LengthUnit};

const EARTH_RADIUS_KM: f64 = 6371.0088;
const KM_PER_MILE: f64 = 1.609_344;

impl Circle {
    /// The radius in miles.
    pub fn radius_miles(&self) -> f64 {
        match self.unit {
            LengthUnit::Miles => self.radius,
            LengthUnit::Kilometres => self.radius / KM_PER_MILE,
        }
    }

    /// Is the centre not beyond a pole, as it is when longitude and latitude are swapped?
    pub(crate) fn is_on_earth(&self) -> bool {
        self.centre[1].abs() <= 90.0
    }

    /// Does `point` (longitude, latitude) lie inside or on the edge?
    pub(crate) fn contains(&self, point: [f64; 2]) -> bool {
        self.is_on_earth() && distance_miles(self.centre, point) <= self.radius_miles()
    }

    /// Do all four corners of `bounds` lie inside?
    pub(crate) fn contains_box(&self, bounds: &Bounds) -> bool {
        bounds
            .corners()
            .into_iter()
            .all(|corner| self.contains(corner))
    }
}

impl Bounds {
    /// Does it not reach beyond a pole, as it does when longitude and latitude are swapped?
    pub(crate) fn is_on_earth(&self) -> bool {
        self.south >= -90.0 && self.north <= 90.0
    }

    /// Does it begin and end on earth, in the south and in the north?
    pub(crate) fn has_corners_on_earth(&self) -> bool {
        is_on_earth([self.west, self.south])
            && is_on_earth([self.east, self.north])
            && self.south <= self.north
    }

    pub(crate) fn from_corners([west, south, east, north]: [f64; 4]) -> Self {
        Self {
            west,
            south,
            east,
            north,
        }
    }

    /// Does `point` (longitude, latitude) lie inside or on the edge?
    pub(crate) fn contains(&self, [longitude, latitude]: [f64; 2]) -> bool {
        let across = eastward(self.west, longitude) <= self.width();
        across && (self.south..=self.north).contains(&latitude)
    }

    /// Does `other` lie inside as a whole?
    pub(crate) fn contains_box(&self, other: &Self) -> bool {
        let offset = eastward(self.west, other.west);
        let across = offset + other.width() <= self.width() || self.width() >= 360.0;
        across && self.south <= other.south && other.north <= self.north
    }

    /// Do the two share a point?
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let across = eastward(self.west, other.west) <= self.width()
            || eastward(other.west, self.west) <= other.width();
        across && self.south <= other.north && other.south <= self.north
    }

    /// Width in miles at its widest, and height in miles.
    pub fn size_miles(&self) -> [f64; 2] {
        let widest = if self.south <= 0.0 && self.north >= 0.0 {
            0.0
        } else {
            self.south.abs().min(self.north.abs())
        };
        let degree = EARTH_RADIUS_KM.to_radians() / KM_PER_MILE;
        [
            self.width() * degree * widest.to_radians().cos(),
            (self.north - self.south) * degree,
        ]
    }

    /// Degrees from west to east.
    fn width(&self) -> f64 {
        if self.east - self.west >= 360.0 {
            360.0
        } else {
            eastward(self.west, self.east)
        }
    }

    fn corners(&self) -> [[f64; 2]; 4] {
        let Self {
            west,
            south,
            east,
            north,
        } = *self;
        [[west, south], [west, north], [east, south], [east, north]]
    }
}

/// Is this a longitude and a latitude? What a service sends need not be. A longitude may be written beyond the date line.
pub(crate) fn is_on_earth([longitude, latitude]: [f64; 2]) -> bool {
    longitude.abs() <= 360.0 && latitude.abs() <= 90.0
}

/// Degrees one travels east from `from` to `to`.
fn eastward(from: f64, to: f64) -> f64 {
    (to - from).rem_euclid(360.0)
}

fn distance_miles([lon_a, lat_a]: [f64; 2], [lon_b, lat_b]: [f64; 2]) -> f64 {
    let (phi_a, phi_b) = (lat_a.to_radians(), lat_b.to_radians());
    let half_phi = (phi_b - phi_a) / 2.0;
    let half_lambda = (lon_b - lon_a).to_radians() / 2.0;
    let haversine = half_phi.sin().powi(2) + phi_a.cos() * phi_b.cos() * half_lambda.sin().powi(2);
    2.0 * EARTH_RADIUS_KM / KM_PER_MILE * haversine.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(west: f64, south: f64, east: f64, north: f64) -> Bounds {
        Bounds {
            west,
            south,
            east,
            north,
        }
    }

    #[test]
    fn knows_distances() {
        let paris = [2.3522, 48.8566];
        let london = [-0.1276, 51.5072];
        let miles = distance_miles(paris, london);
        assert!((miles - 213.4).abs() < 1.0, "{miles}");
        assert_eq!(distance_miles(paris, paris), 0.0);
    }

    #[test]
    fn crosses_the_date_line() {
        let fiji = bounds(177.0, -19.0, -179.0, -16.0);
        assert!(fiji.contains([178.4, -18.1]));
        assert!(fiji.contains([-179.5, -17.0]));
        assert!(!fiji.contains([176.0, -18.0]));
        assert!(!fiji.contains([0.0, -18.0]));
        assert!(fiji.contains_box(&bounds(179.0, -18.0, -179.5, -17.0)));
        assert!(fiji.overlaps(&bounds(-179.2, -18.0, -170.0, -10.0)));
        assert!(!fiji.overlaps(&bounds(-178.0, -18.0, -170.0, -10.0)));
    }

    #[test]
    fn the_whole_world_holds_everything() {
        let world = bounds(-180.0, -90.0, 180.0, 90.0);
        assert!(
            world.contains([-180.0, 0.0])
                && world.contains([180.0, 0.0])
                && world.contains([13.4, 52.5])
        );
        assert!(world.contains_box(&bounds(170.0, -10.0, -170.0, 10.0)));
        assert!(world.overlaps(&bounds(170.0, -10.0, -170.0, 10.0)));
    }

    #[test]
    fn boxes_are_held_as_a_whole_or_overlap() {
        let outer = bounds(0.0, 0.0, 10.0, 10.0);
        assert!(outer.contains_box(&bounds(1.0, 1.0, 9.0, 9.0)));
        assert!(!outer.contains_box(&bounds(5.0, 5.0, 15.0, 9.0)));
        assert!(outer.overlaps(&bounds(5.0, 5.0, 15.0, 9.0)));
        assert!(outer.overlaps(&bounds(-5.0, -5.0, 15.0, 15.0)));
        assert!(!outer.overlaps(&bounds(11.0, 0.0, 15.0, 9.0)));
    }

    #[test]
    fn sizes_are_in_miles() {
        let [width, height] = bounds(-105.301758, 39.964069, -105.178505, 40.09455).size_miles();
        assert!((width - 6.5).abs() < 0.1, "{width}");
        assert!((height - 9.0).abs() < 0.1, "{height}");
    }
}
