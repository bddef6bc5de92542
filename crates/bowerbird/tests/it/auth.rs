//! `bowerbird auth` as a person meets it: each way in, each wrong turn, and the stores behind it.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;

use bowerbird_connect::testing::{
    APP_PASSWORD, APP_SECRET, MARK, PIN, Reply, SignInStandIn, VaultStandIn, Way,
};
use serde_json::Value;

use crate::harness::{Finished, Home, Running, get, until};

/// A home whose `auth` asks the stand-in, with further lines of configuration.
fn home(service: &SignInStandIn, more: &str) -> Home {
    let (home, url) = (Home::new(), service.base_url());
    home.write(
        "bowerbird.toml",
        format!(
            "data = 'data'\n[auth]\nx = {{ base_url = '{url}', authorize_url = '{url}/i/oauth2/authorize', port = 0 }}\nbluesky = {{ resolver = '{url}', directory = '{url}' }}\n{more}"
        ),
    );
    home
}

fn app_only(home: &Home) -> Finished {
    let input = format!("key\n{APP_SECRET}\n");
    home.run_with_input(&["auth", "x", "--app-only"], input.as_bytes())
}

/// Begins the way through the browser; gives the address that it prints.
pub(crate) fn begin(home: &Home, args: &[&str]) -> (Running, String) {
    let mut command = home.command(&[&["auth", "x", "--client-id", "client"], args].concat());
    let (read, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, format!("{APP_SECRET}\n").as_bytes()).unwrap();
    command.stdin(read);
    let mut running = Running::of(command);
    let url = running.says("/i/oauth2/authorize?");
    (running, url)
}

/// Opens a redirect as a browser does; its status.
pub(crate) fn open(redirect: &str) -> u16 {
    let rest = redirect.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    get(address, &format!("/{path}"), &[]).0
}

#[test]
fn a_person_signs_in_through_the_browser_and_out_again() {
    let service = SignInStandIn::start();
    let home = home(&service, "");
    let (mut running, url) = begin(&home, &["--json"]);
    running.says("waiting for the browser");
    let redirect = service.say_yes(&url);
    // An old tab, or somebody else's sign-in, does not get in between.
    assert_eq!(open(&redirect.replace("state=", "state=x")), 400);
    running.says("ignored");
    assert_eq!(open(&redirect), 200);
    let signed_in = running.finish().json();
    assert_eq!(signed_in["account"], "@wren");
    assert_eq!(signed_in["is_renewed"], true);

    let file = home.path("data/secrets/x-user");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let listed = home.run(&["auth", "list", "--json"]).json_lines();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["kind"], "OAuth 2 tokens");
    let checked = home.run(&["auth", "check"]).ok().stdout;
    assert_eq!(checked, "x-user: @wren (12)\n");
    // X ends the token early: it is renewed, kept, and used.
    service.end_access();
    home.run(&["auth", "check", "x-user"]).ok();
    assert_eq!(service.renewals(), 1);
    home.run(&["auth", "check", "x-user"]).ok();
    assert_eq!(service.renewals(), 1, "the renewed token was kept");
    home.run(&["auth", "revoke", "x-user"]).ok();
    assert!(service.revoked().contains(&format!("{MARK}-refresh-2")));
    assert!(!file.try_exists().unwrap());
}

#[test]
fn every_wrong_turn_on_the_way_through_the_browser_is_told() {
    let service = SignInStandIn::start();
    let home = home(&service, "");
    let (running, url) = begin(&home, &[]);
    let redirect = service.say_yes(&url);
    let base = redirect.split("&code=").next().unwrap().to_owned();
    open(&format!("{base}&error=access_denied"));
    let said = running.finish().failed(1);
    assert!(said.contains("told no"), "{said}");

    let (running, url) = begin(&home, &[]);
    let redirect = service.say_yes(&url);
    open(&redirect.replace(PIN, "MARKED5ECRET-wrong"));
    let said = running.finish().failed(1);
    assert!(
        said.contains("invalid_grant") && !said.contains(MARK),
        "{said}"
    );

    let (running, _) = begin(&home, &["--wait", "1s"]);
    let said = running.finish().failed(1);
    assert!(said.contains("no redirect came within 1 s"), "{said}");

    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = home.run(&["auth", "x", "--port", &port]).failed(2);
    assert!(
        said.contains("is in use") && said.contains("--port"),
        "{said}"
    );

    let said = home.run(&["auth", "x"]).failed(2);
    assert!(said.contains("OAuth 2 client id"), "{said}");

    let (running, url) = begin(&home, &[]);
    let redirect = service.say_yes(&url);
    service.answer_with("/2/oauth2/token", [Reply::of(503, "")]);
    open(&redirect);
    let said = running.finish().failed(1);
    assert!(said.contains("in trouble (503)"), "{said}");
    assert_eq!(
        home.run(&["auth", "list", "--json"]).json_lines(),
        Vec::<Value>::new()
    );
}

#[test]
fn a_check_that_is_interrupted_ends_by_itself() {
    let service = SignInStandIn::start();
    let home = home(&service, "");
    app_only(&home).ok();
    let held = Reply {
        way: Way::Hold,
        ..Reply::of(200, "")
    };
    service.answer_with("/2/usage/tweets", [held]);
    let running = home.start(&["auth", "check"]);
    let is_asked = || {
        service
            .seen()
            .iter()
            .any(|asked| asked.path() == "/2/usage/tweets")
    };
    until("a question", || is_asked().then_some(()));
    running.signal("INT");
    let said = running.finish().failed(1);
    assert!(said.contains("interrupted"), "{said}");
}

#[test]
fn an_address_is_pasted_from_another_machine() {
    let service = SignInStandIn::start();
    let home = home(&service, "");
    let mut command = home.command(&["auth", "x", "--paste", "--client-id", "client"]);
    let (read, mut write) = std::io::pipe().unwrap();
    command.stdin(read);
    let mut running = Running::of(command);
    let mut say =
        |line: &str| std::io::Write::write_all(&mut write, format!("{line}\n").as_bytes()).unwrap();
    say("");
    let url = running.says("/i/oauth2/authorize?");
    say(&service.say_yes(&url));
    let finished = running.finish().ok();
    assert!(
        finished.stdout.contains("signed in: x-user is @wren at x"),
        "{}",
        finished.stdout
    );
}

#[test]
fn pins_codes_and_app_passwords_are_typed() {
    let service = SignInStandIn::start();
    service.be_old();
    let (home, url) = (home(&service, ""), service.base_url());
    let pin = format!("key\n{APP_SECRET}\n{PIN}\n");
    let said = home
        .run_with_input(&["auth", "x", "--pin"], pin.as_bytes())
        .ok();
    assert!(
        said.stderr.contains("/oauth/authorize?oauth_token="),
        "{}",
        said.stderr
    );
    home.run_with_input(
        &["auth", "mastodon", &url, "--name", "here"],
        format!("{PIN}\n").as_bytes(),
    )
    .ok();
    home.run_with_input(
        &["auth", "bluesky", "@wren.example"],
        format!("{APP_PASSWORD}\n").as_bytes(),
    )
    .ok();
    app_only(&home).ok();
    let checked = home.run(&["auth", "check"]).ok().stdout;
    let host = url.trim_start_matches("http://");
    let expected = format!(
        "bluesky: @wren.example (did:plc:wren)\nhere: @wren@{host}\nx-bearer: an app of project 77\nx-user: @wren (12)\n"
    );
    assert_eq!(checked, expected);

    let wrong = home
        .run_with_input(&["auth", "x", "--pin"], b"key\nsecret\n1234567\n")
        .failed(1);
    assert!(wrong.contains("begin again"), "{wrong}");
    let wrong = home
        .run_with_input(&["auth", "bluesky", "nobody.example"], b"x\n")
        .failed(1);
    assert!(wrong.contains("--pds"), "{wrong}");
    let listed = home.run(&["auth", "list"]).ok().stdout;
    for words in [
        "OAuth 1.0a keys",
        "app-only bearer token",
        "session",
        "@wren.example",
    ] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    for name in ["bluesky", "here", "x-user"] {
        home.run(&["auth", "revoke", name]).ok();
    }
    home.run_with_input(
        &["auth", "revoke", "x-bearer"],
        format!("key\n{APP_SECRET}\n").as_bytes(),
    )
    .ok();
    assert_eq!(service.revoked().len(), 4);
    let gone = home.run(&["auth", "revoke", "x-bearer"]).failed(1);
    assert!(gone.contains("auth list"), "{gone}");
}

#[test]
fn a_kill_between_the_services_answer_and_the_disk_loses_no_session() {
    let service = SignInStandIn::start();
    service.give_grace();
    let home = home(&service, "");
    let password = format!("{APP_PASSWORD}\n");
    home.run_with_input(&["auth", "bluesky", "wren.example"], password.as_bytes())
        .ok();
    // The access token is refused, the refresh token used up at the service, and its answer on the way when the process is killed.
    service.end_access();
    service.lose_answer_of("/xrpc/com.atproto.server.refreshSession", Way::Hold);
    let mut killed = home.start(&["auth", "check", "bluesky"]);
    until("the renewal at the service", || {
        (service.renewals() == 1).then_some(())
    });
    killed.kill();
    let file = home.path("data/secrets/bluesky");
    let mut left: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let pair = &mut left["grant"]["pair"];
    assert!(pair["refresh"].as_str().unwrap().contains("refresh-1"));
    let soon = home.run(&["auth", "check", "bluesky"]).failed(1);
    assert!(soon.contains("could not be used"), "{soon}");
    // As it is a minute later.
    pair["renewal"]["at"] = "2026-01-01T00:00:00Z".into();
    std::fs::write(&file, left.to_string()).unwrap();
    let checked = home.run(&["auth", "check", "bluesky"]).ok().stdout;
    assert_eq!(checked, "bluesky: @wren.example (did:plc:wren)\n");
    assert_eq!(service.renewals(), 1, "the same session came again");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("refresh-2") && kept.contains(r#""renewal":null"#));
}

#[test]
fn that_secrets_go_to_disk_is_said_unless_it_is_known() {
    let service = SignInStandIn::start();
    let said = app_only(&home(&service, "")).ok().stderr;
    assert!(said.contains("Secrets are written to disk"), "{said}");
    let quiet = app_only(&home(&service, "[secrets]\ndisk_warning = false\n"))
        .ok()
        .stderr;
    assert!(!quiet.contains("written to disk"), "{quiet}");
}

#[test]
fn a_store_that_cannot_be_written_is_told_before_anything_is_asked() {
    let service = SignInStandIn::start();
    let home = home(&service, "[secrets]\nstore = 'environment'\n");
    let said = app_only(&home).failed(2);
    assert!(
        said.contains("secrets.store") && said.contains("BOWERBIRD_SECRET_X_BEARER"),
        "{said}"
    );
    assert!(service.seen().is_empty());
}

#[test]
fn a_sign_in_that_rotates_needs_a_store_that_can_be_written() {
    let service = SignInStandIn::start();
    let first = home(&service, "");
    first
        .run_with_input(
            &["auth", "bluesky", "wren.example"],
            format!("{APP_PASSWORD}\n").as_bytes(),
        )
        .ok();
    let document = std::fs::read_to_string(first.path("data/secrets/bluesky")).unwrap();
    let home = home(
        &service,
        "[secrets]\nstore = 'environment'\n[source.x]\nkind = 'x'\nbearer = 'session'\n",
    );
    let mut command = home.command(&["check"]);
    command.env("BOWERBIRD_SECRET_SESSION", document);
    let said = Finished::of(command).failed(2);
    assert!(
        said.contains("changes with each renewal") && !said.contains(MARK),
        "{said}"
    );
}

#[test]
fn vault_keeps_what_was_signed_in() {
    let service = SignInStandIn::start();
    let vault = VaultStandIn::start("MARKED5ECRET-vault");
    let store = format!(
        "[secrets]\nstore = 'vault'\nvault = {{ address = '{}' }}\n",
        vault.address()
    );
    let home = home(&service, &store);
    let with_token = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("VAULT_TOKEN", "MARKED5ECRET-vault");
        command
    };
    let mut command = with_token(&["auth", "x", "--app-only"]);
    let (read, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, format!("key\n{APP_SECRET}\n").as_bytes()).unwrap();
    command.stdin(read);
    drop(write);
    Finished::of(command).ok();
    let kept = vault.entry("bowerbird/x-bearer").unwrap();
    assert!(
        kept["value"]
            .as_str()
            .unwrap()
            .contains("MARKED5ECRET-app-only")
    );
    assert!(
        !home.path("data/secrets").try_exists().unwrap(),
        "nothing goes to disk"
    );
    let checked = Finished::of(with_token(&["auth", "check", "--json"])).json();
    assert_eq!(checked["ok"], true, "{checked}");
    let said = home.run(&["auth", "list"]).failed(2);
    assert!(said.contains("VAULT_TOKEN"), "{said}");
    vault.answer_with([Reply::of(503, r#"{"errors":["Vault is sealed"]}"#)]);
    let said = Finished::of(with_token(&["auth", "list"])).failed(1);
    assert!(
        said.contains("Vault is sealed") && !said.contains(MARK),
        "{said}"
    );
}

#[test]
fn run_with_nothing_configured_and_no_terminal_says_what_to_do() {
    let home = Home::new();
    let said = home.run(&["run"]).failed(2);
    for words in ["bowerbird init", "bowerbird demo"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(
        !home.path(".local").try_exists().unwrap(),
        "nothing was made"
    );
}
