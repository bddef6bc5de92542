//! Where a page ends and the next one begins: cursors, and the answers that ranked ones point into.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bowerbird_core::store::{Order, StoreError};

/// Ranked answers kept for their next pages; the oldest goes first. Each is at most 80 KB.
const ANSWERS: usize = 64;

/// A parsed cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Beginning,
    Number(i64),
    Ranked { answer: u64, index: usize },
}

impl After {
    /// Reads a cursor of an answer in this order.
    pub(super) fn parse(
        text: Option<&str>,
        order: Order,
        is_ranked: bool,
    ) -> Result<Self, StoreError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(Self::Beginning);
        };
        let sign = match order {
            _ if is_ranked => 'r',
            Order::Oldest => 'o',
            Order::Newest | Order::Rank => 'n',
        };
        let parsed = text.strip_prefix(sign).and_then(|rest| {
            if is_ranked {
                let (answer, index) = rest.split_once('.')?;
                let (answer, index) = (answer.parse().ok()?, index.parse().ok()?);
                Some(Self::Ranked { answer, index })
            } else {
                rest.parse().ok().map(Self::Number)
            }
        });
        parsed.ok_or_else(|| {
            let words = "`after` is not where a page of this answer ended: begin again without it";
            StoreError::Invalid(words.to_owned())
        })
    }

    pub(super) fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn write(is_up: bool, number: i64) -> String {
        format!("{}{number}", if is_up { 'o' } else { 'n' })
    }

    pub(super) fn write_ranked(answer: u64, index: usize) -> String {
        format!("r{answer}.{index}")
    }
}

/// Answers in order of rank, by number.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct Ranked {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    answers: VecDeque<(u64, Arc<[i64]>)>,
}

impl Ranked {
    pub(super) fn keep(&self, posts: Vec<i64>) -> (u64, Arc<[i64]>) {
        let posts: Arc<[i64]> = posts.into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.next;
        kept.next += 1;
        kept.answers.push_back((answer, Arc::clone(&posts)));
        if kept.answers.len() > ANSWERS {
            kept.answers.pop_front();
        }
        (answer, posts)
    }

    pub(super) fn get(&self, answer: u64) -> Result<Arc<[i64]>, StoreError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.answers.iter().find(|(number, _)| *number == answer);
        found.map(|(_, posts)| Arc::clone(posts)).ok_or_else(|| {
            StoreError::Invalid("this answer is no longer kept: search again".to_owned())
        })
    }
}
