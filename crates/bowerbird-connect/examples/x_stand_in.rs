//! X, made up, to try things out without X and without paying: `cargo run -p bowerbird-connect --example x_stand_in
//! --features testing -- [POSTS_A_SECOND]`. It prints what to put into `bowerbird.toml`, holds rules and subscriptions as X does, sends made-up posts on every
//! stream whatever the rules say, and finds those that it has sent, by search, by author and by id.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::time::Duration;

use bowerbird_connect::testing::{XStandIn, x_post};
use bowerbird_core::time::Time;

const TOKEN: &str = "stand-in";
const AUTHORS: [(&str, &str); 3] = [("12", "ada"), ("13", "bob"), ("14", "wren")];
const TEXTS: [&str; 4] = [
    "a cat sat on the mat",
    "two dogs and a cat #pets",
    "what a bird, what a song",
    "nothing much today",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rate = std::env::args().nth(1);
    let rate: f64 = rate.and_then(|rate| rate.parse().ok()).unwrap_or(2.0);
    let x = XStandIn::start(TOKEN, []);
    let base_url = x.base_url();
    println!("# The secret `x-bearer` is `{TOKEN}`. One stream at a time, as on X.");
    println!("[source.x]\nkind = \"x\"\nbearer = \"x-bearer\"\nbase_url = \"{base_url}\"\n");
    println!(
        "[source.ada]\nkind = \"x\"\nbearer = \"x-bearer\"\nbase_url = \"{base_url}\"\nstream = \"timelines\"\naccounts = [\"ada\"]\nevery = \"5s\""
    );
    let mut turns = tokio::time::interval(Duration::from_secs_f64(1.0 / rate.max(0.001)));
    for n in 0_usize.. {
        turns.tick().await;
        let (author, text) = (AUTHORS[n % AUTHORS.len()], TEXTS[n % TEXTS.len()]);
        let post = x_post(Time::now(), n as u64 % 1_000, author, text);
        x.know([&post]);
        x.push(post);
    }
}
