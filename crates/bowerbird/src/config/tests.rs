//! The example is complete and true, and mistakes are reported together.

use std::collections::BTreeMap;
use std::path::Path;

use bowerbird_connect::auth::Access;

use super::file::{
    JetstreamFile, KeepFile, MastodonFile, PricesFile, ReplayFile, SourceFile, SyntheticFile,
    TransportFile, XFile, XStreamFile,
};
use super::*;

fn settings(text: &str) -> Result<Settings, Problems> {
    let file = File::parse(text)?;
    let (data, below) = (Some(Path::new("/data")), Path::new("/etc"));
    let place = SecretPlace::open(&file, data, below)?;
    let fetched = wait(Fetched::of(&file, &place));
    Settings::new(&file, data, below, Some(&fetched))
}

fn without_secrets(text: &str) -> Result<Settings, Problems> {
    let (data, below) = (Some(Path::new("/data")), Path::new("/etc"));
    Settings::new(&File::parse(text)?, data, below, None)
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

/// The example with every key that is commented out put in.
fn uncommented() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn one_mistake_does_not_hide_another() {
    let text =
        "[source.x]\nkind = 'x'\nbearer = 'not a name'\nmax_rules = 0\nmax_rule_chars = 10\n";
    let problems = settings(text).unwrap_err();
    assert_eq!(problems.lines().len(), 3, "{:?}", problems.lines());
}

#[test]
fn money_is_written_as_a_person_would() {
    let read = |more: &str| {
        let text = format!("[source.x]\nkind = 'x'\nbearer = 'x-bearer'\n{more}");
        Ok::<_, Problems>(without_secrets(&text)?.sources[0].tariff())
    };
    let tariff = read("prices = { post = 0.01 }\nbudget = { day = 5, total = '99.95' }");
    let tariff = tariff.unwrap().unwrap();
    let prices = [tariff.prices.post, tariff.prices.counts].map(|price| price.to_string());
    assert_eq!(prices, ["0.01", "0.005"]);
    assert_eq!(tariff.budget.in_words(), "$5.00 a day, $99.95 in all");
    assert_eq!(read("prices = { post = 0, counts = 0 }").unwrap(), None);
    let wrong = [
        ("budget = { day = -1 }", "`-1` is not an amount"),
        ("budget = { week = 1 }", "unknown field `week`"),
        ("prices = { post = 'five' }", "`five` is not an amount"),
    ];
    for (more, expected) in wrong {
        let problems = read(more).unwrap_err();
        let lines = problems.lines();
        assert!(lines.len() == 1 && lines[0].contains(expected), "{lines:?}");
    }
}

#[test]
fn the_example_as_written_is_the_defaults_and_one_source() {
    let file = File::parse(EXAMPLE).unwrap();
    let synthetic = SyntheticFile {
        keep_for: Some("7d".to_owned()),
        ..SyntheticFile::default()
    };
    let source = [("synthetic".to_owned(), SourceFile::Synthetic(synthetic))].into();
    assert_eq!(
        file,
        File {
            source,
            ..File::default()
        }
    );
    settings(EXAMPLE).unwrap();
}

#[test]
fn every_commented_key_of_the_example_shows_its_default() {
    let file = File::parse(&uncommented()).unwrap();
    assert_eq!(file.data.as_deref(), Some(Path::new("data")));
    let as_default = File {
        data: None,
        source: BTreeMap::new(),
        ..file.clone()
    };
    assert_eq!(as_default, File::default());
    let synthetic = SyntheticFile {
        keep_for: Some("7d".to_owned()),
        ..SyntheticFile::default()
    };
    let x = XFile {
        bearer: "x-bearer".to_owned(),
        sign_in: String::new(),
        base_url: XFile::default_base_url(),
        stream: XStreamFile::Filtered,
        partition: None,
        accounts: Vec::new(),
        events: None,
        every: None,
        backfill_minutes: 0,
        max_rules: XFile::default_max_rules(),
        max_rule_chars: XFile::default_max_rule_chars(),
        max_query_chars: XFile::default_max_query_chars(),
        prices: PricesFile::default(),
        budget: "5/day,100/month".parse().unwrap(),
        repair: None,
        keep: KeepFile::All,
        keep_for: None,
    };
    let archive = ReplayFile {
        paths: vec!["archive/*.jsonl.gz".to_owned()],
        speed: Some(1.0),
        keep: KeepFile::All,
        keep_for: None,
    };
    assert_eq!(file.source["synthetic"], SourceFile::Synthetic(synthetic));
    assert_eq!(file.source["x"], SourceFile::X(x));
    let bluesky = JetstreamFile {
        dictionary: Some("legacy_subscribe.zdict".into()),
        keep_for: Some("7d".to_owned()),
        ..JetstreamFile::default()
    };
    assert_eq!(file.source["bluesky"], SourceFile::Jetstream(bluesky));
    let mastodon = MastodonFile {
        base_url: "https://mastodon.example".to_owned(),
        streams: MastodonFile::default_streams(),
        token: Some("mastodon-mastodon-example".to_owned()),
        transport: TransportFile::WebSocket,
        only_media: false,
        repair: None,
        keep: KeepFile::All,
        keep_for: Some("7d".to_owned()),
    };
    assert_eq!(file.source["mastodon"], SourceFile::Mastodon(mastodon));
    assert_eq!(file.source["archive"], SourceFile::Replay(archive));
}

#[test]
fn all_mistakes_are_reported_together_with_the_path_of_their_key() {
    let text = r#"
        colour = "red"
        [page]
        listen = 8700
        [log]
        shout = true
        [source.a]
        kind = "synthetic"
        pace = 3
        [source.b]
        kind = "telegraph"
    "#;
    let problems = File::parse(text).unwrap_err();
    insta::assert_snapshot!(problems.lines().join("\n"), @"
    page.listen: invalid type: integer `8700`, expected a string
    log: unknown field `shout`, expected one of `format`, `level`, `to`, `folder`, `max_bytes`, `keep_files`
    source.a: unknown field `pace`, expected one of `rate`, `seed`, `keep`, `keep_for`
    source.b.kind: unknown variant `telegraph`, expected one of `synthetic`, `replay`, `x`, `jetstream`, `mastodon`
    colour: unknown key: expected one of data, page, log, spool, store, secrets, auth, source
    ");
}

#[test]
fn settings_are_judged_together_too() {
    let text = r#"
        [page]
        listen = "localhost"
        [spool]
        max_bytes = 5
        [store]
        url = "oracle:x"
        [source.Big]
        kind = "synthetic"
        rate = 0
        keep_for = "soon"
        [source.x]
        kind = "x"
        bearer = "AAAAAAAAAAAAAAAAAAAAAsecret"
    "#;
    let problems = settings(text).unwrap_err();
    insta::assert_snapshot!(problems.lines().join("\n"), @"
    page.listen: `localhost` is not an address with a port, as in 127.0.0.1:8700 or [::1]:8700
    spool.max_bytes: expected at least 67108864
    store.url: `oracle:x` is not a store: expected sqlite:PATH
    source.Big: `Big` is not a name: expected 1 to 64 of a–z, 0–9, `-`, `_`, beginning with a letter or digit
    source.Big.keep_for: `soon` is not a span of time above zero, as in 30s, 5m, 2h, 30d
    source.Big.rate: expected at least 1
    source.x.bearer: not the name of a secret: expected 1 to 64 of a–z, 0–9, `-`, `_`, beginning with a letter or digit (the name, not the secret itself)
    ");
}

#[test]
fn who_only_asks_needs_no_secret() {
    let text = "[source.x]\nkind = 'x'\nbearer = 'nowhere-to-be-found'";
    assert!(settings(text).is_err());
    assert_eq!(without_secrets(text).unwrap().sources.len(), 1);
}

#[test]
fn a_secret_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x-bearer"), "s3cret\n").unwrap();
    let token = |name: &str| {
        let text = format!(
            "[secrets]\nfolder = '{}'\n[source.x]\nkind = 'x'\nbearer = '{name}'",
            folder.path().display()
        );
        settings(&text).map(|settings| match settings.sources.into_iter().next() {
            Some(SourceSettings {
                kind: SourceKind::X(x),
                ..
            }) => match x.access.unwrap() {
                Access::Bearer(token) => token,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
    };
    let found = token("x-bearer").unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&found), "s3cret");
    let missing = token("other").unwrap_err();
    let line = &missing.lines()[0];
    let place = folder.path().join("other").display().to_string();
    assert!(
        line.contains("BOWERBIRD_SECRET_OTHER") && line.contains(&place),
        "{line}"
    );
    assert!(token("../x-bearer").is_err());
}

#[test]
fn every_place_for_secrets_says_where_it_looked() {
    let missing = |secrets: &str| {
        let text = format!("[secrets]\n{secrets}\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'");
        settings(&text).unwrap_err().lines().join("\n")
    };
    assert_eq!(
        missing("store = 'environment'"),
        "source.x.bearer: secret `x-bearer` is neither in the environment (BOWERBIRD_SECRET_X_BEARER) nor looked for elsewhere"
    );
    let vault = missing("store = 'vault'");
    assert!(vault.contains("VAULT_TOKEN"), "{vault}");
    let plain = missing(
        "store = 'vault'\nvault = { address = 'http://vault.example', token_file = 'token' }",
    );
    assert!(plain.starts_with("secrets.vault.address: "), "{plain}");
}

#[test]
fn what_of_x_is_read_is_judged() {
    let text = r#"
        [source.a]
        kind = "x"
        bearer = "app"
        [source.b]
        kind = "x"
        bearer = "app"
        [source.c]
        kind = "x"
        bearer = "other"
        stream = "sample10"
        partition = 3
        backfill_minutes = 9
        [source.d]
        kind = "x"
        bearer = "app"
        stream = "sample"
        partition = 1
        [source.e]
        kind = "x"
        bearer = "app"
        stream = "compliance-posts"
        partition = 4
        every = "1m"
        [source.f]
        kind = "x"
        bearer = "app"
        stream = "timelines"
        events = ["post.create"]
        every = "1s"
        [source.g]
        kind = "x"
        bearer = "app"
        stream = "activity"
        accounts = ["ada"]
        [source.h]
        kind = "x"
        bearer = "app"
        stream = "home"
        [source.i]
        kind = "x"
        sign_in = "user"
        stream = "home"
        every = "5m"
        [source.j]
        kind = "x"
        bearer = "app"
        stream = "activity"
        accounts = ["bob"]
        [source.k]
        kind = "x"
        bearer = "other"
        stream = "activity"
        accounts = ["bob"]
    "#;
    let problems = without_secrets(text).unwrap_err().lines().join("\n");
    let expected = [
        "source.b.stream: another source has the filtered stream of this app: X gives each app one, and their rules would take each other's place",
        "source.c.backfill_minutes: expected a number from 0 to 5",
        "source.c.partition: expected a number from 1 to 2",
        "source.d.partition: this stream has no parts",
        "source.e.every: only `timelines` and `home` are asked for again and again",
        "source.f.accounts: expected at least one handle or id",
        "source.f.events: only the stream `activity` has them",
        "source.f.every: expected at least 5 s",
        "source.h.bearer: this stream has no use for it: give `sign_in`",
        "source.h.sign_in: expected the name of a secret",
        "source.j.stream: another source has the activities of this app: X sends each of them all, and they would delete each other's subscriptions; name all accounts and events in one",
    ];
    for line in expected {
        assert!(problems.contains(line), "{problems}");
    }
    assert_eq!(problems.lines().count(), expected.len(), "{problems}");
}
