//! Which of many failed attempts are worth a line in the log: a service that answers the same for hours must not fill it. Pure.

use std::collections::VecDeque;

/// Reasons that are remembered: as many as instances that may take turns, and some.
const REMEMBERED: usize = 8;

/// What was said of the attempts in a row that failed.
#[derive(Debug, Default)]
pub(super) struct News {
    said: VecDeque<String>,
}

impl News {
    /// Is it news that the attempt of this number in a row failed for this reason? The first is, a reason that was not said of late is, and
    /// then the second, the fourth, the eighth … so that it is said again, ever more rarely.
    pub(super) fn is_news(&mut self, failed: u32, reason: &str) -> bool {
        if failed <= 1 {
            self.said.clear();
        }
        if self.said.iter().any(|said| said == reason) {
            return failed.is_power_of_two();
        }
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back(reason.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_and_again_is_said_ever_more_rarely() {
        let mut news = News::default();
        let mut said = |attempts: std::ops::RangeInclusive<u32>, hosts: u32| {
            let is_news = |failed: &u32| news.is_news(*failed, &format!("host {}", failed % hosts));
            attempts.filter(is_news).collect::<Vec<_>>()
        };
        assert_eq!(said(1..=300, 1), [1, 2, 4, 8, 16, 32, 64, 128, 256]);
        assert_eq!(said(1..=40, 4), [1, 2, 3, 4, 8, 16, 32]);
        assert_eq!(said(1..=1, 1), [1], "it begins anew");
    }

    #[test]
    fn no_more_reasons_are_remembered_than_that() {
        let mut news = News::default();
        for failed in 1..1_000 {
            assert!(news.is_news(failed, &failed.to_string()));
            assert!(news.said.len() <= REMEMBERED);
        }
    }
}
