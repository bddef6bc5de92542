//! A second process that waits while the first runs, and takes over whether that ends or dies.

use bowerbird_connect::testing::{JetstreamStandIn, jetstream_post};

use crate::harness::{Home, Running, until};

fn push(stand_in: &JetstreamStandIn, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let at = 1_779_719_009_000_000 + 10_000 * n.cast_signed();
        stand_in.push(at, jetstream_post(n, at, &format!("post {n} of a wren")));
    }
}

fn kept(home: &Home, expected: u64) {
    until("the posts", || {
        // Between two holders the command itself may hold the folder for a moment.
        let total = home.run(&["top", "--once", "--json"]).json()["total"].clone();
        (total["kept"] == expected).then_some(())
    });
}

fn stands_by(home: &Home, holder: &Running) -> Running {
    let mut standby = home.start(&["run", "--standby"]);
    let said = standby.says("standing by");
    let who = format!("process {} (bowerbird run)", holder.pid());
    assert!(said.contains(&who), "{said}");
    standby
}

#[test]
fn whoever_stands_by_takes_over_and_nothing_is_lost() {
    let stand_in = JetstreamStandIn::start([]);
    stand_in.replay_all();
    let home = Home::new();
    let base_url = stand_in.base_url();
    home.write(
        "bowerbird.toml",
        format!("data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.bluesky]\nkind = 'jetstream'\nbase_urls = ['{base_url}']\n"),
    );
    let mut first = home.start(&["run", "--standby"]);
    first.says("taking over");
    first.address();
    let mut second = stands_by(&home, &first);
    push(&stand_in, 0..300);
    kept(&home, 300);
    assert_eq!(stand_in.seen().len(), 1, "who stands by connects nowhere");

    // Dies in the middle of reading.
    push(&stand_in, 300..2_000);
    first.kill();
    second.says("taking over");
    second.address();
    push(&stand_in, 2_000..2_500);
    kept(&home, 2_500);

    // Ends as it should, with one waiting that is told so.
    let mut third = stands_by(&home, &second);
    second.signal("TERM");
    assert!(second.finish().status.success());
    third.says("taking over");
    third.address();
    push(&stand_in, 2_500..2_600);
    kept(&home, 2_600);
    let gaps = home.run(&["gap", "ls", "--json"]).ok().stdout;
    assert_eq!(gaps, "", "what can be replayed leaves no gap");

    // Whoever waits can be told to end.
    let fourth = stands_by(&home, &third);
    fourth.signal("TERM");
    let ended = fourth.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(!ended.stderr.contains("taking over"), "{}", ended.stderr);
    assert!(third.ended().is_none());
}
