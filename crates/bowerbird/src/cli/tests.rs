//! The command line holds together, and its help texts are known.

use clap::CommandFactory;

use super::running::parse_span;
use super::*;

#[test]
fn verify_cli() {
    Cli::command().debug_assert();
}

#[test]
fn help_texts() {
    let mut texts = String::new();
    let mut whole = Cli::command();
    whole.build();
    write_help(&mut whole, &mut texts);
    insta::assert_snapshot!(texts);
}

fn write_help(command: &mut clap::Command, texts: &mut String) {
    let short = command.render_help().to_string();
    // What holds everywhere is shown once; the version changes with every release.
    let short = match texts.is_empty() {
        true => short.as_str(),
        false => short.split("\nEverywhere:").next().unwrap_or_default(),
    };
    let short = short.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    texts.push_str(&format!(
        "==== {}\n{}\n",
        command.get_bin_name().unwrap_or_default(),
        short.trim_end()
    ));
    for sub in command
        .get_subcommands_mut()
        .filter(|sub| sub.get_name() != "help")
    {
        write_help(sub, texts);
    }
}

#[test]
fn sources_speeds_tracks_and_spans() {
    assert_eq!(
        "replay:a:b".parse(),
        Ok(DemoSource::Replay("a:b".to_owned()))
    );
    assert!("replay:".parse::<DemoSource>().is_err());
    let url = "ws://127.0.0.1:6008".to_owned();
    for (text, expected) in [
        ("jetstream", None),
        ("jetstream:ws://127.0.0.1:6008", Some(url)),
    ] {
        assert_eq!(text.parse(), Ok(DemoSource::Jetstream(expected)));
    }
    assert!("jetstream:".parse::<DemoSource>().is_err());
    assert_eq!("max".parse(), Ok(Speed::Max));
    assert_eq!("2.5".parse(), Ok(Speed::Times(2.5)));
    assert!("0".parse::<Speed>().is_err());
    let track: TrackRule = "birds = bird OR #birds lang=en".parse().unwrap();
    assert_eq!(
        (track.name.as_str(), track.rule.as_str()),
        ("birds", "bird OR #birds lang=en")
    );
    assert!("=x".parse::<TrackRule>().is_err());
    for (text, seconds) in [
        ("30s", 30),
        ("5m", 300),
        ("2h", 7_200),
        ("30d", 2_592_000),
        ("1h 30m", 5_400),
    ] {
        assert_eq!(
            parse_span(text).map(|span| span.as_secs()),
            Ok(seconds),
            "{text}"
        );
    }
    for text in ["", "0s", "-5s", "5", "soon", "3 years"] {
        assert!(parse_span(text).is_err(), "{text}");
    }
}
