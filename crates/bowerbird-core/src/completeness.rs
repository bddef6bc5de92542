//! How complete what a track caught is, over a span of time: a row of cells. Pure.

use serde::Serialize;

use crate::gap::GapState;
use crate::time::Time;

/// How complete a piece of time is. What is later in this list is worse, and stands for a piece in which there is any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// The track was not there, or it has not come yet.
    Absent,
    /// Nothing is missing, as far as is known.
    Complete,
    /// Something was missing and was fetched again.
    Repaired,
    /// Nothing is known: no source that the track listens to had been heard, or has been since.
    Unknown,
    /// Something is missing that can't be had.
    BeyondRepair,
    /// Something is missing.
    Open,
}

impl Cell {
    /// All of them, as a legend lists them.
    pub const ALL: [Self; 6] = [
        Self::Complete,
        Self::Repaired,
        Self::Open,
        Self::BeyondRepair,
        Self::Unknown,
        Self::Absent,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Complete => "complete",
            Self::Repaired => "repaired",
            Self::Unknown => "unknown",
            Self::BeyondRepair => "beyond-repair",
            Self::Open => "open",
        }
    }

    /// For a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Absent => "not there",
            Self::Complete => "complete",
            Self::Repaired => "gap repaired",
            Self::Unknown => "unknown",
            Self::BeyondRepair => "gap beyond repair",
            Self::Open => "gap open",
        }
    }
}

/// What a bar is made of.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    /// From when until when the track is there.
    pub there: (Time, Time),
    /// From when until when each source that it listens to is known to have been heard, gaps apart.
    pub heard: &'a [(Time, Time)],
    /// The gaps that concern it.
    pub gaps: &'a [(Time, Time, GapState)],
    /// The present.
    pub now: Time,
}

/// How complete each of `n` equal pieces of `[from, until)` is.
pub fn cells(ledger: &Ledger<'_>, (from, until): (Time, Time), n: u32) -> Vec<Cell> {
    let whole = until.0.saturating_sub(from.0);
    let edge = |at: u32| Time(from.0 + whole / i64::from(n.max(1)) * i64::from(at));
    (0..n)
        .map(|at| {
            cell(
                ledger,
                edge(at),
                if at + 1 == n { until } else { edge(at + 1) },
            )
        })
        .collect()
}

fn cell(ledger: &Ledger<'_>, begin: Time, end: Time) -> Cell {
    let from = begin.max(ledger.there.0);
    let until = end.min(ledger.there.1).min(ledger.now);
    if from >= until {
        return Cell::Absent;
    }
    let touches = |begin: Time, end: Time| begin < until && end > from;
    let gaps = ledger.gaps.iter();
    let gaps = gaps.filter(|(begin, end, _)| touches(*begin, *end));
    let worst = gaps.map(|(_, _, state)| match state {
        GapState::Open | GapState::Repairing => Cell::Open,
        GapState::Repaired => Cell::Repaired,
        GapState::BeyondRepair => Cell::BeyondRepair,
    });
    // What a gap accounts for is known, if not to the good.
    let accounted = |at: Time| {
        let mut gaps = ledger.gaps.iter();
        gaps.any(|(begin, end, _)| *begin <= at && at < *end)
    };
    let is_known = |(heard, last): &(Time, Time)| {
        (*heard <= from || accounted(from)) && (*last >= until || accounted(*last))
    };
    let is_known = !ledger.heard.is_empty() && ledger.heard.iter().all(is_known);
    let known = if is_known {
        Cell::Complete
    } else {
        Cell::Unknown
    };
    worst.fold(known, Cell::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ledger: &Ledger<'_>) -> String {
        let sign = |cell: Cell| match cell {
            Cell::Absent => '.',
            Cell::Complete => '=',
            Cell::Repaired => 'r',
            Cell::Unknown => '?',
            Cell::BeyondRepair => 'x',
            Cell::Open => 'o',
        };
        let all = cells(ledger, (Time(0), Time(100)), 10);
        all.into_iter().map(sign).collect()
    }

    #[test]
    fn a_bar_tells_what_is_known_of_each_piece_of_time() {
        let t = Time;
        let always = (t(i64::MIN), t(i64::MAX));
        let from_0 = [(t(0), t(100))];
        let open = |from, until| (t(from), t(until), GapState::Open);
        let repaired = |from, until| (t(from), t(until), GapState::Repaired);
        let gone = |from, until| (t(from), t(until), GapState::BeyondRepair);
        let of = |there, heard: &[(Time, Time)], gaps: &[(Time, Time, GapState)], now| {
            shown(&Ledger {
                there,
                heard,
                gaps,
                now: t(now),
            })
        };
        for (name, found, expected) in [
            ("all is well", of(always, &from_0, &[], 100), "=========="),
            ("the future", of(always, &from_0, &[], 45), "=====....."),
            (
                "the track's time",
                of((t(20), t(75)), &from_0, &[], 100),
                "..======..",
            ),
            (
                "gaps",
                of(
                    always,
                    &from_0,
                    &[open(15, 25), repaired(40, 41), gone(60, 70)],
                    100,
                ),
                "=oo=r=x===",
            ),
            (
                "the worst stands",
                of(
                    always,
                    &from_0,
                    &[repaired(10, 20), gone(12, 14), open(19, 20)],
                    100,
                ),
                "=o========",
            ),
            (
                "a gap ends where it ends",
                of(always, &from_0, &[open(10, 20)], 100),
                "=o========",
            ),
            (
                "heard later",
                of(always, &[(t(30), t(100))], &[], 100),
                "???=======",
            ),
            (
                "heard no more",
                of(always, &[(t(0), t(70))], &[], 100),
                "=======???",
            ),
            (
                "a gap says what happened since",
                of(always, &[(t(0), t(70))], &[open(70, 100)], 100),
                "=======ooo",
            ),
            (
                "one of two sources was not heard",
                of(always, &[(t(0), t(100)), (t(50), t(100))], &[], 100),
                "?????=====",
            ),
            ("no source", of(always, &[], &[], 100), "??????????"),
        ] {
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn pieces_cover_all_of_the_span() {
        let ledger = Ledger {
            there: (Time(0), Time(100)),
            heard: &[(Time(0), Time(100))],
            gaps: &[(Time(99), Time(100), GapState::Open)],
            now: Time(100),
        };
        let all = cells(&ledger, (Time(0), Time(100)), 7);
        assert_eq!((all.len(), all[6]), (7, Cell::Open));
        assert_eq!(all[5], Cell::Complete);
    }
}
