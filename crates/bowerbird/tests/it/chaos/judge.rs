//! What is wrong with the end of a run. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bowerbird_core::counts::Counts;
use bowerbird_core::time::Time;

/// How far moments of a service may be out of order: less than a source rewinds.
pub(super) const LATE_MICROS: i64 = 4_000_000;
/// Complaints of one kind that are shown.
const MOST_SHOWN: usize = 10;

/// By whose clock the gaps of a source are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// By ours: what is lost lies between what was received before and after.
    Reader,
    /// By the service's: a gap says which of its moments are missing.
    Service,
}

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Each post, in the order in which they were said first.
    pub(super) said: Vec<Said>,
    /// When the machine's clock was set back: after how many posts, and the span that it then showed again.
    pub(super) twice: Vec<(u64, Time, Time)>,
    /// By how many microseconds the machine's clock was ever off.
    pub(super) off_by: i64,
}

/// A post that was said.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// When it happened.
    pub(super) at: Time,
    /// How often it was said.
    pub(super) times: u64,
}

/// What there is at the end.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Posts in the store, in any order, and when they were received.
    pub(super) kept: Vec<(u64, Time)>,
    /// The ledger.
    pub(super) gaps: Vec<Span>,
    /// What became of everything read.
    pub(super) counts: Counts,
    /// Captures of the track that wants every second post.
    pub(super) captures: u64,
    /// How often each post was handed over by the source.
    pub(super) handed: BTreeMap<u64, u64>,
    /// Those of them that no repair brought.
    pub(super) heard: BTreeSet<u64>,
    /// How many events were that are no posts.
    pub(super) others: u64,
    /// How many frames were that are no events.
    pub(super) broken: u64,
}

/// A gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    /// Is what was missing there again?
    pub(super) is_repaired: bool,
    pub(super) reason: String,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self
            .until
            .map_or_else(|| "…".to_owned(), |until| until.to_string());
        write!(f, "gap {} to {until} ({})", self.from, self.reason)?;
        if self.is_repaired {
            f.write_str(", repaired")
        } else {
            Ok(())
        }
    }
}

/// Everything that is not as it must be.
pub(super) fn judge(clock: Clock, story: &Story, found: &Found) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut kept = BTreeMap::new();
    for (n, received_at) in &found.kept {
        if kept.insert(*n, *received_at).is_some() {
            complaints.push(format!("post {n} is kept twice"));
        }
    }
    let lost: Vec<u64> = (0..)
        .take(story.said.len())
        .filter(|n| !kept.contains_key(n))
        .collect();
    let mut heard = kept.clone();
    heard.retain(|n, _| found.heard.contains(n));
    some(
        &mut complaints,
        found.handed.keys().filter(|n| !kept.contains_key(n)),
        |n| format!("post {n} was handed over, and is not kept"),
    );
    let mut filled = BTreeSet::new();
    let silent = lost.iter().filter(|n| {
        let covers = |(_, gap): &(usize, &Span)| covers(clock, story, &heard, gap, **n);
        let by: Vec<(usize, &Span)> = found.gaps.iter().enumerate().filter(covers).collect();
        filled.extend(
            by.iter()
                .filter(|(_, gap)| gap.is_repaired)
                .map(|(i, _)| *i),
        );
        by.iter().all(|(_, gap)| gap.is_repaired)
    });
    some(&mut complaints, silent, |n| {
        let at = story.said[**n as usize].at;
        format!("post {n} of {at} is lost, and no gap that is not repaired says so")
    });
    for i in filled {
        complaints.push(format!("{} lacks posts", found.gaps[i]));
    }
    for gap in &found.gaps {
        let within: Vec<u64> = heard
            .iter()
            .filter(|(n, received_at)| lies_within(clock, story, gap, **n, **received_at))
            .map(|(n, _)| *n)
            .collect();
        if !gap.is_repaired && !within.is_empty() {
            let (first, last) = (within[0], within[within.len() - 1]);
            complaints.push(format!(
                "{gap} covers {} posts that were heard, {first} to {last}",
                within.len()
            ));
        }
    }
    complaints.extend(counts(found, &kept));
    complaints
}

/// Does a gap say that this post is lost?
fn covers(clock: Clock, story: &Story, kept: &BTreeMap<u64, Time>, gap: &Span, lost: u64) -> bool {
    let until = gap.until.unwrap_or(Time(i64::MAX));
    match clock {
        Clock::Service => {
            let (at, fuzzy) = (story.said[lost as usize].at.0, LATE_MICROS + story.off_by);
            gap.from.0 - fuzzy <= at && at <= until.0.saturating_add(fuzzy)
        }
        Clock::Reader => {
            let once = |(n, at): (&u64, &Time)| (story.said[*n as usize].times == 1).then_some(*at);
            let place = |(n, at): (&u64, &Time)| once((n, at)).map(|at| (*n, at));
            let before = kept.range(..lost).rev().find_map(place);
            let after = kept.range(lost..).find_map(place);
            let (first, before) = before.unwrap_or((0, Time(0)));
            let (last, after) = after.unwrap_or((u64::MAX, Time(i64::MAX)));
            let set_back = story
                .twice
                .iter()
                .filter(|(n, ..)| (first..=last).contains(n));
            let least = set_back.map(|(_, again, _)| *again).min();
            let least = least.unwrap_or(before).min(before).min(after);
            // A clock that was set back shows what came after as earlier.
            least <= gap.from && until <= before.max(after)
        }
    }
}

/// Was this post heard in a span that a gap says nobody heard anything in?
fn lies_within(clock: Clock, story: &Story, gap: &Span, n: u64, received_at: Time) -> bool {
    let until = gap.until.unwrap_or(Time(i64::MAX));
    let said = &story.said[n as usize];
    match clock {
        Clock::Service => {
            let fuzzy = LATE_MICROS + story.off_by;
            // What was received only afterwards, as a source rewinds, was not heard then.
            let is_inside = gap.from.0.saturating_add(fuzzy) < said.at.0
                && said.at.0 < until.0.saturating_sub(fuzzy);
            is_inside && received_at < until
        }
        Clock::Reader => {
            let is_clear =
                |(_, from, until): &(u64, Time, Time)| !(*from..=*until).contains(&received_at);
            gap.from < received_at && received_at < until && story.twice.iter().all(is_clear)
        }
    }
}

/// Do the counts say what happened?
fn counts(found: &Found, kept: &BTreeMap<u64, Time>) -> Vec<String> {
    let counts = &found.counts;
    let handed: u64 = found.handed.values().sum();
    let even = kept.keys().filter(|n| n.is_multiple_of(2)).count() as u64;
    let n_kept = kept.len() as u64;
    // The same notice may come often.
    let others = counts.kept.saturating_sub(n_kept);
    let ended = counts.kept + counts.unmatched + counts.duplicate + counts.refused;
    let rows = [
        ("read", counts.read, handed + found.others + found.broken),
        ("what became of what was read", ended, counts.read),
        ("waiting", counts.waiting, 0),
        (
            "kept and duplicate",
            counts.kept + counts.duplicate,
            handed + found.others,
        ),
        ("posts kept", counts.kept.min(n_kept), n_kept),
        ("other events kept", others.saturating_sub(found.others), 0),
        ("refused", counts.refused, found.broken),
        ("captures", found.captures, even),
    ];
    rows.into_iter()
        .filter(|(_, counted, expected)| counted != expected)
        .map(|(what, counted, expected)| format!("{what}: counted {counted}, expected {expected}"))
        .collect()
}

/// Says some of many complaints of a kind, and how many more there are.
fn some<T>(complaints: &mut Vec<String>, all: impl Iterator<Item = T>, say: impl Fn(&T) -> String) {
    let all: Vec<T> = all.collect();
    complaints.extend(all.iter().take(MOST_SHOWN).map(say));
    if all.len() > MOST_SHOWN {
        complaints.push(format!("… and {} more", all.len() - MOST_SHOWN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: i64) -> Time {
        Time(n * 1_000_000)
    }

    fn gap(from: i64, until: Option<i64>) -> Span {
        Span {
            from: seconds(from),
            until: until.map(seconds),
            is_repaired: false,
            reason: "a reason".to_owned(),
        }
    }

    /// A hundred posts, one each ten seconds, of which these are lost, received at once; and these gaps.
    fn verdict(clock: Clock, lost: &[u64], gaps: Vec<Span>) -> Vec<String> {
        let said = |n: i64| Said {
            at: seconds(10 * n),
            times: 1,
        };
        let story = Story {
            said: (0..100).map(said).collect(),
            ..Story::default()
        };
        let kept: Vec<(u64, Time)> = (0..100)
            .filter(|n| !lost.contains(n))
            .map(|n| (n, seconds(10 * n.cast_signed())))
            .collect();
        let count = kept.len() as u64;
        let even = kept.iter().filter(|(n, _)| n % 2 == 0).count() as u64;
        let found = Found {
            heard: kept.iter().map(|(n, _)| *n).collect(),
            handed: kept.iter().map(|(n, _)| (*n, 1)).collect(),
            kept,
            gaps,
            counts: Counts {
                read: count,
                kept: count,
                ..Counts::default()
            },
            captures: even,
            others: 0,
            broken: 0,
        };
        judge(clock, &story, &found)
    }

    #[test]
    fn what_is_lost_must_be_told_and_nothing_else() {
        let repaired = |gap: Span| Span {
            is_repaired: true,
            ..gap
        };
        for clock in [Clock::Reader, Clock::Service] {
            for (lost, gaps, expected) in [
                (vec![], vec![], ""),
                (vec![5], vec![gap(41, Some(59))], ""),
                (vec![5, 6], vec![gap(40, Some(70))], ""),
                (vec![99], vec![gap(980, None)], ""),
                (vec![], vec![repaired(gap(20, Some(90)))], ""),
                (
                    vec![5],
                    vec![],
                    "post 5 of 1970-01-01T00:00:50.000Z is lost, and no gap",
                ),
                (vec![5], vec![gap(60, Some(70))], "post 5 of"),
                (
                    vec![5],
                    vec![gap(20, Some(90))],
                    "covers 5 posts that were heard, 3 to 8",
                ),
                (vec![5], vec![repaired(gap(41, Some(59)))], "post 5 of"),
                (vec![], vec![gap(20, None)], "covers"),
            ] {
                let said = verdict(clock, &lost, gaps);
                match expected {
                    "" => assert_eq!(said, Vec::<String>::new(), "{clock:?} {lost:?}"),
                    expected => {
                        assert!(
                            said.iter().any(|line| line.contains(expected)),
                            "{clock:?} {said:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn counts_that_do_not_add_up_are_told() {
        let found = Found {
            counts: Counts {
                read: 3,
                kept: 1,
                waiting: 2,
                ..Counts::default()
            },
            ..Found::default()
        };
        let said = judge(Clock::Reader, &Story::default(), &found);
        assert_eq!(said.len(), 5, "{said:?}");
        assert_eq!(said[0], "read: counted 3, expected 0");
    }
}
