//! What a spent budget does to the rules at X and to the stream.

use bowerbird_core::bill::{AllWithheld, Held, Withheld};
use bowerbird_core::ids::TrackId;

use super::*;

fn held() -> Held {
    Held {
        reason: "its budget of $5.00 a day is spent".to_owned(),
        until: Time::parse("2026-11-22T00:00:00Z"),
    }
}

fn all() -> AllWithheld {
    let all = Withheld {
        all: Some(held()),
        ..Withheld::default()
    };
    AllWithheld::from([(SourceName::parse("x").unwrap(), all)])
}

fn only(track: u64) -> AllWithheld {
    let only = Withheld {
        tracks: [(TrackId(track), held())].into(),
        ..Withheld::default()
    };
    AllWithheld::from([(SourceName::parse("x").unwrap(), only)])
}

/// A source that listens for a cat and an owl, and who says what must wait.
fn listening(
    stand_in: &XStandIn,
    withheld: AllWithheld,
) -> (Listening, watch::Sender<Arc<AllWithheld>>) {
    let (sender, receiver) = watch::channel(Arc::new(withheld));
    let listening = Listening::with(stand_in, &["cat", "owl"], |config| {
        config.withheld = receiver;
    });
    (listening, sender)
}

#[tokio::test]
async fn a_track_that_must_wait_is_taken_away_and_comes_back() {
    let stand_in = XStandIn::start(TOKEN, []);
    let (listening, withheld) = listening(&stand_in, AllWithheld::new());
    let mut source = listening.opened().await;
    assert_eq!(words(&stand_in), ["cat", "owl"]);
    withheld.send_replace(Arc::new(only(1)));
    stand_in.until(|stand_in| words(stand_in) == ["owl"]).await;
    while listening.status.report().left_out.is_empty() {
        tokio::task::yield_now().await;
    }
    let left_out = listening.status.report().left_out;
    assert_eq!(left_out.len(), 1);
    assert_eq!(
        (left_out[0].track, left_out[0].reason.as_str()),
        (
            TrackId(1),
            "its budget of $5.00 a day is spent; asked for again at 2026-11-22T00:00:00.000Z"
        )
    );
    withheld.send_replace(Arc::default());
    stand_in
        .until(|stand_in| words(stand_in) == ["cat", "owl"])
        .await;
    stand_in.push(x_v2_envelope(1, 1, 0));
    assert!(source.next_batch().await.is_ok());
    assert_eq!(stand_in.connects(), 1, "all on one connection");
}

#[tokio::test]
async fn without_money_nothing_is_asked_for_and_nobody_connects() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.hold_rule("cat OR owl", "bowerbird/plan-2");
    let (listening, withheld) = listening(&stand_in, all());
    let opening = listening.open();
    let paying = async {
        stand_in.until(|stand_in| stand_in.rules().is_empty()).await;
        assert_eq!(stand_in.connects(), 0);
        withheld.send_replace(Arc::default());
    };
    let (opened, ()) = tokio::join!(opening, paying);
    assert!(opened.is_ok());
    assert_eq!(words(&stand_in), ["cat", "owl"]);
}

#[tokio::test]
async fn where_the_rules_cannot_be_taken_away_the_stream_ends() {
    let stand_in = XStandIn::start(TOKEN, []);
    let (listening, withheld) = listening(&stand_in, AllWithheld::new());
    let mut source = listening.opened().await;
    stand_in.break_rules_after(0);
    withheld.send_replace(Arc::new(all()));
    let (_, error) = read(source.as_mut()).await;
    assert_eq!(
        error.to_string(),
        "hung up: its budget of $5.00 a day is spent, and the rules can't be taken away now"
    );
    drop(source);
    let connects = stand_in.connects();
    assert!(listening.open().await.is_err(), "X still does not answer");
    assert_eq!(
        stand_in.connects(),
        connects,
        "the rules there are not listened to"
    );
}

/// X wants to be asked later, and is; the money does not wait for that.
#[tokio::test]
async fn a_budget_spent_while_x_is_waited_for_ends_the_stream() {
    let stand_in = XStandIn::start(TOKEN, []);
    for spent in [all(), both()] {
        let (listening, withheld) = listening(&stand_in, AllWithheld::new());
        let mut source = reopened(&listening).await;
        let reset = Time::now().seconds() + 900;
        stand_in.answer_rules_with([Answer::rate_limited(reset)]);
        listening.follow(&["cat", "wren"]);
        while listening.status.report().problem.is_empty() {
            tokio::task::yield_now().await;
        }
        withheld.send_replace(Arc::new(spent));
        let (_, error) = ended(source.as_mut()).await;
        assert_eq!(
            error.to_string(),
            "hung up: its budget of $5.00 a day is spent, and the rules can't be taken away now"
        );
    }
}

/// Each track of [`listening`] has spent its own budget.
fn both() -> AllWithheld {
    let both = Withheld {
        tracks: [(TrackId(1), held()), (TrackId(2), held())].into(),
        ..Withheld::default()
    };
    AllWithheld::from([(SourceName::parse("x").unwrap(), both)])
}

#[tokio::test]
async fn a_budget_spent_while_x_does_not_answer_ends_the_stream() {
    let stand_in = XStandIn::start(TOKEN, []);
    let (listening, withheld) = listening(&stand_in, AllWithheld::new());
    let mut source = listening.opened().await;
    let before = stand_in.seen().len();
    stand_in.answer_rules_with([Answer::Stream(vec![Step::Stall])]);
    listening.follow(&["cat", "wren"]);
    stand_in.until(|it| it.seen().len() > before).await;
    withheld.send_replace(Arc::new(all()));
    let (_, error) = ended(source.as_mut()).await;
    assert_eq!(
        error.to_string(),
        "hung up: its budget of $5.00 a day is spent"
    );
}

/// The rules that stand are nobody's, and X does not let them be taken away: that is no reason to pay for them.
#[tokio::test]
async fn a_rate_limit_is_no_reason_to_connect_for_nobody() {
    let stand_in = XStandIn::start(TOKEN, []);
    let (listening, withheld) = listening(&stand_in, AllWithheld::new());
    drop(listening.opened().await);
    let connects = stand_in.connects();
    stand_in.allow_changes(0, Time::now().seconds() + 900);
    withheld.send_replace(Arc::new(both()));
    let error = listening.open().await.err().unwrap();
    assert!(matches!(error, SourceError::WaitUntil { .. }), "{error}");
    withheld.send_replace(Arc::default());
    listening.follow(&[]);
    let error = listening.open().await.err().unwrap();
    assert!(matches!(error, SourceError::WaitUntil { .. }), "{error}");
    assert_eq!(stand_in.connects(), connects);
    // One of them that may ask is a reason.
    withheld.send_replace(Arc::new(only(1)));
    listening.follow(&["cat", "owl"]);
    drop(reopened(&listening).await);
    assert!(stand_in.connects() > connects);
}
