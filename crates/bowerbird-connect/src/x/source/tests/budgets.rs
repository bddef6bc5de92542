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
