//! When each frame of a replay is due, if it goes at the recorded speed.
//!
//! The clock of a recording is the times in its posts. Where it steps back by more than posts are ever out of order (another
//! file, another year), it is set anew and nobody waits.

use std::time::Duration;

use bowerbird_core::frame::Frame;
use bowerbird_core::time::Time;
use tokio::time::Instant;

use crate::decode_any;

/// Posts of one stream are out of order by less than this.
const OUT_OF_ORDER: Duration = Duration::from_secs(120);
/// No recording has a longer silence; a frame that says so has a wrong time.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// The clock of a recording.
#[derive(Debug)]
pub(super) struct Pace {
    factor: f64,
    began: Option<(Time, Instant)>,
    latest: Time,
    due: Instant,
}

impl Pace {
    /// A clock that goes `factor` times as fast as it was recorded.
    pub(super) fn new(factor: f64) -> Self {
        Self {
            factor,
            began: None,
            latest: Time::default(),
            due: Instant::now(),
        }
    }

    /// When the next frame is due. One without a time goes with the one before it.
    pub(super) fn due(&mut self, frame: &Frame) -> Instant {
        if let Some(time) = time_of(frame) {
            self.due = self.due.max(self.due_at(time));
        }
        self.due
    }

    fn due_at(&mut self, time: Time) -> Instant {
        let steps_back = self.latest.since(time) > OUT_OF_ORDER;
        let (began, at) = match self.began {
            Some(began) if !steps_back => began,
            _ => {
                self.latest = time;
                *self.began.insert((time, Instant::now().max(self.due)))
            }
        };
        self.latest = self.latest.max(time);
        let recorded = time.since(began).min(LONGEST);
        at + Duration::try_from_secs_f64(recorded.as_secs_f64() / self.factor)
            .unwrap_or(LONGEST)
            .min(LONGEST)
    }
}

fn time_of(frame: &Frame) -> Option<Time> {
    if frame.broken.is_some() {
        return None;
    }
    let event = decode_any(&frame.bytes).ok()?;
    event.post().and_then(|post| post.made_at).or(event.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(second: i64) -> Frame {
        let time = Time(second * 1_000_000);
        let line = format!(r#"{{"id":"1","text":"x","author_id":"2","created_at":"{time}"}}"#);
        Frame::new(line.into(), Time::default())
    }

    fn waits(factor: f64, seconds: &[i64]) -> Vec<u64> {
        let mut pace = Pace::new(factor);
        let began = Instant::now();
        seconds
            .iter()
            .map(|second| (pace.due(&frame(*second)) - began).as_secs())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn frames_keep_the_distances_of_their_posts() {
        assert_eq!(waits(1.0, &[1_000, 1_010, 1_070]), [0, 10, 70]);
        assert_eq!(waits(10.0, &[1_000, 1_010, 1_070]), [0, 1, 7]);
        assert_eq!(waits(0.5, &[1_000, 1_010]), [0, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_little_disorder_waits_for_nobody() {
        assert_eq!(waits(1.0, &[1_000, 1_030, 1_020, 1_040]), [0, 30, 30, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_back_sets_the_clock() {
        assert_eq!(waits(1.0, &[90_000, 90_010, 5_000, 5_003]), [0, 10, 10, 13]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_time_goes_along() {
        let mut pace = Pace::new(1.0);
        let began = Instant::now();
        pace.due(&frame(100));
        pace.due(&frame(150));
        let torn = Frame::new("{".into(), Time::default());
        assert_eq!((pace.due(&torn) - began).as_secs(), 50);
    }
}
