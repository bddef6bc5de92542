//! The earth in cells, so that rules with a rectangle or a circle hang on the few cells they touch.
//!
//! There are grids of several cell sizes; a rectangle uses the finest one whose cells are no smaller than itself, and so
//! touches four at most. A post offers the cell of its point in each grid that some rule uses.
//!
//! Whether a rectangle overlaps a post's place is asked in the coarser of the two's own grids, where both touch four cells at most.

use crate::expr::{Bounds, Circle};

/// How many grids there are: each has cells twice as wide as the one before, the coarsest two around the earth.
pub(crate) const LEVELS: u32 = 13;

/// The width of a cell of the finest grid in degrees. A whole number of cells goes round the earth in every grid.
const FINEST: f64 = 360.0 / (1 << LEVELS) as f64;

/// Touching is decided with this much to spare, in degrees.
const MARGIN: f64 = 1e-6;

/// The number of the cell of `level` that holds a point (longitude, latitude).
pub(crate) fn cell(level: u32, [longitude, latitude]: [f64; 2]) -> u64 {
    let side = side(level);
    let column = column_of(longitude, side);
    let row = row_of(latitude, side);
    number(level, column, row)
}

/// The finest grid whose cells are no smaller than a rectangle, if there is one.
pub(crate) fn level_of(bounds: &Bounds) -> Option<u32> {
    let sane = [bounds.west, bounds.south, bounds.east, bounds.north]
        .iter()
        .all(|degrees| degrees.is_finite());
    let whole_way_round = bounds.east - bounds.west >= 360.0 - MARGIN;
    let (width, height) = (width(bounds), height(bounds));
    if !sane || whole_way_round || height < 0.0 {
        return None;
    }
    (0..LEVELS).find(|&level| side(level) >= width && side(level) >= height)
}

/// The numbers of the cells that a rectangle touches in the grid of [`level_of`] or a coarser one, each once.
pub(crate) fn touched(level: u32, bounds: &Bounds) -> Vec<u64> {
    let side = side(level);
    let west = bounds.west - MARGIN;
    let mut cells = Vec::with_capacity(4);
    for longitude in [west, west + width(bounds)] {
        for latitude in [bounds.south - MARGIN, bounds.north + MARGIN] {
            cells.push(number(
                level,
                column_of(longitude, side),
                row_of(latitude, side),
            ));
        }
    }
    cells.sort_unstable();
    cells.dedup();
    cells
}

fn width(bounds: &Bounds) -> f64 {
    (bounds.east - bounds.west).rem_euclid(360.0) + 2.0 * MARGIN
}

fn height(bounds: &Bounds) -> f64 {
    bounds.north - bounds.south + 2.0 * MARGIN
}

/// A rectangle around a circle; none for one that reaches a pole's neighbourhood.
pub(crate) fn around(circle: &Circle) -> Option<Bounds> {
    // A degree of latitude is never less than 68.7 miles.
    let up = circle.radius_miles() / 68.0;
    let [longitude, latitude] = circle.centre;
    let furthest = latitude.abs() + up;
    if !(0.0..85.0).contains(&furthest) {
        return None;
    }
    let across = up / furthest.to_radians().cos();
    (across < 90.0).then_some(Bounds {
        west: longitude - across,
        south: latitude - up,
        east: longitude + across,
        north: latitude + up,
    })
}

fn side(level: u32) -> f64 {
    FINEST * f64::from(1_u32 << level)
}

/// Columns count eastward from the date line. Just west of it, rounding can give a whole turn.
fn column_of(longitude: f64, side: f64) -> u64 {
    let column = (longitude + 180.0).rem_euclid(360.0) / side;
    column.min(360.0 / side - 1.0) as u64
}

fn row_of(latitude: f64, side: f64) -> u64 {
    ((latitude + 90.0).max(0.0) / side) as u64
}

fn number(level: u32, column: u64, row: u64) -> u64 {
    (u64::from(level) << 48) | (column << 24) | row
}
