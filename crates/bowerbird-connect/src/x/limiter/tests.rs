//! How calls are counted.

use proptest::prelude::*;

use super::*;

const NOW: Time = Time(1_790_000_000_000_000);

fn headers(left: usize, reset_in: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let reset = (NOW.seconds() + reset_in).to_string();
    headers.insert("x-rate-limit-remaining", left.into());
    headers.insert("x-rate-limit-reset", reset.parse().unwrap());
    headers
}

fn after(seconds: u64) -> Time {
    NOW.plus(Duration::from_secs(seconds))
}

/// When the next call may be made, in seconds; 0 for now.
fn next(limiter: &Arc<Limiter>, endpoint: Endpoint, now: Time) -> u64 {
    match limiter.turn(endpoint, now) {
        Ok(turn) => {
            // Only asked, and given back.
            limiter.lock().get_mut(&turn.endpoint).unwrap().left += 1;
            0
        }
        Err(SourceError::WaitUntil { at, .. }) => at.since(now).as_secs(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_x_documents_holds_until_x_says_something() {
    let limiter = Arc::new(Limiter::default());
    let turns: Vec<Turn> = (0..100)
        .map(|_| limiter.turn(Endpoint::ChangeRules, NOW).unwrap())
        .collect();
    assert_eq!(next(&limiter, Endpoint::ChangeRules, after(10)), 890);
    assert_eq!(next(&limiter, Endpoint::ListRules, after(10)), 0);
    // A call that nobody answered is as good as made.
    drop(turns);
    assert_eq!(next(&limiter, Endpoint::ChangeRules, after(899)), 1);
    assert_eq!(next(&limiter, Endpoint::ChangeRules, after(900)), 0);
    let turn = limiter.turn(Endpoint::ChangeRules, after(900)).unwrap();
    turn.answered(200, &headers(0, 960), after(900));
    assert_eq!(next(&limiter, Endpoint::ChangeRules, after(900)), 60);
}

#[test]
fn what_is_under_way_counts() {
    let limiter = Arc::new(Limiter::default());
    let [first, second, third] = [(); 3].map(|()| limiter.turn(Endpoint::Counts, NOW).unwrap());
    // X has not heard of the other two, or has: they are taken off.
    first.answered(200, &headers(3, 60), NOW);
    let fourth = limiter.turn(Endpoint::Counts, NOW).unwrap();
    assert_eq!(next(&limiter, Endpoint::Counts, NOW), 60);
    // Answers in another order than they were given raise nothing.
    third.answered(200, &headers(1, 60), NOW);
    second.answered(200, &headers(2, 60), NOW);
    assert_eq!(next(&limiter, Endpoint::Counts, NOW), 60);
    fourth.answered(200, &headers(299, 960), NOW);
    assert_eq!(next(&limiter, Endpoint::Counts, NOW), 0);
}

#[test]
fn a_refusal_closes_the_window_and_too_many_connections_do_not() {
    let limiter = Arc::new(Limiter::default());
    for (endpoint, status, left, expected) in [
        (Endpoint::Counts, 429, 5, 30),
        (Endpoint::ListRules, 200, 5, 0),
        (Endpoint::ListRules, 503, 0, 30),
        (Endpoint::FilteredStream, 429, 5, 0),
        (Endpoint::FilteredStream, 429, 0, 30),
    ] {
        let turn = limiter.turn(endpoint, NOW).unwrap();
        turn.answered(status, &headers(left, 30), NOW);
        assert_eq!(
            next(&limiter, endpoint, NOW),
            expected,
            "{endpoint:?} {status}"
        );
    }
    // Without a word of when it ends, how often to try is the ladder's.
    let limiter = Arc::new(Limiter::default());
    let turn = limiter.turn(Endpoint::Counts, NOW).unwrap();
    turn.answered(429, &HeaderMap::new(), NOW);
    assert_eq!(next(&limiter, Endpoint::Counts, NOW), 0);
}

#[test]
fn many_calls_in_a_row_want_room_for_all() {
    let limiter = Arc::new(Limiter::default());
    let turn = limiter.turn(Endpoint::ChangeRules, NOW).unwrap();
    turn.answered(200, &headers(3, 60), NOW);
    assert_eq!(limiter.has_room(Endpoint::ChangeRules, 3, NOW), Ok(()));
    let refused = limiter.has_room(Endpoint::ChangeRules, 4, NOW).unwrap_err();
    let SourceError::WaitUntil { at, reason } = refused else {
        panic!("{refused}");
    };
    assert_eq!(at, after(60));
    assert!(reason.contains("leaves 3 calls"), "{reason}");
}

proptest! {
    /// A service that counts as X does never has to refuse, however calls overlap and whatever answers are lost.
    #[test]
    fn x_is_never_asked_too_often(steps in prop::collection::vec((0..4_u8, 0..200_u64), 1..400)) {
        let limiter = Arc::new(Limiter::default());
        let (mut now, mut used, mut reset) = (NOW, 0_usize, NOW);
        let mut under_way: Vec<(Turn, HeaderMap)> = Vec::new();
        for (step, seconds) in steps {
            match step {
                0 => now = now.plus(Duration::from_secs(seconds)),
                1 if !under_way.is_empty() => {
                    let (turn, said) = under_way.remove(seconds as usize % under_way.len());
                    turn.answered(200, &said, now);
                }
                2 if !under_way.is_empty() => drop(under_way.remove(0)),
                _ => {
                    let Ok(turn) = limiter.turn(Endpoint::FilteredStream, now) else { continue };
                    if now >= reset {
                        // The window of X begins with the first call after the last.
                        (used, reset) = (0, now.plus(WINDOW));
                    }
                    used += 1;
                    prop_assert!(used <= 50, "{used} calls");
                    let mut said = HeaderMap::new();
                    said.insert("x-rate-limit-remaining", (50 - used).into());
                    said.insert("x-rate-limit-reset", reset.seconds().to_string().parse().unwrap());
                    under_way.push((turn, said));
                }
            }
        }
    }
}
