//! X's filtered stream, made up, to try things out without X and without paying: `cargo run -p bowerbird-connect --example x_stand_in
//! --features testing -- [POSTS_A_SECOND]`. It prints what to put into `bowerbird.toml`, holds rules as X does, and sends made-up posts whatever the rules say.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::time::Duration;

use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::testing::XStandIn;

const TOKEN: &str = "stand-in";
/// About what X sends.
const POST_BYTES: usize = 3_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rate = std::env::args().nth(1);
    let rate: f64 = rate.and_then(|rate| rate.parse().ok()).unwrap_or(2.0);
    let x = XStandIn::start(TOKEN, []);
    println!(
        "[source.x]\nkind = \"x\"\nbearer = \"x-bearer\"   # the secret is `{TOKEN}`\nbase_url = \"{}\"",
        x.base_url()
    );
    let mut turns = tokio::time::interval(Duration::from_secs_f64(1.0 / rate.max(0.001)));
    for n in 0.. {
        turns.tick().await;
        x.push(x_v2_envelope(7, n, POST_BYTES));
    }
}
