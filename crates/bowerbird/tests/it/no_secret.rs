//! No secret anywhere: everything is run with marked secrets, against services that refuse and send them back, and all that can be seen of it is searched.

use std::path::Path;
use std::process::Stdio;

use bowerbird_connect::testing::{
    APP_PASSWORD, APP_SECRET, Answer, MastodonStandIn, MastodonTurn, PIN, Reply, SignInStandIn,
    VaultStandIn, XStandIn, marks,
};

use crate::auth::{begin, open};
use crate::harness::{Finished, Home, Running, get, until};

/// Everything that was seen, and where.
#[derive(Default)]
struct Searched {
    looks: usize,
    found: Vec<String>,
}

impl Searched {
    fn look(&mut self, place: &str, text: &str) {
        self.looks += 1;
        for mark in marks() {
            if let Some(at) = text.find(&mark) {
                let from = text.floor_char_boundary(at.saturating_sub(80));
                let around: String = text[from..].chars().take(160).collect();
                self.found.push(format!("{place}: …{around}…"));
            }
        }
    }

    fn command_line(&mut self, pid: u32) {
        // It may have ended already.
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        self.look("a command line", &String::from_utf8_lossy(&line));
    }

    /// What a process gave and said.
    fn finished(&mut self, place: &str, finished: &Finished) {
        self.look(&format!("{place}: stdout"), &finished.stdout);
        self.look(&format!("{place}: stderr"), &finished.stderr);
    }

    /// Signs in at X in the browser, with everything said; how that ended.
    fn in_browser(&mut self, home: &Home, service: &SignInStandIn) -> Finished {
        let (running, url) = begin(home, &["-vv"]);
        self.command_line(running.pid());
        self.look("the address for the browser", &url);
        open(&service.say_yes(&url));
        let finished = running.finish();
        self.finished("auth x", &finished);
        finished
    }

    /// Runs a command with everything said that it can say, in both forms of output and of logs; how each ended.
    fn run(&mut self, home: &Home, args: &[&str], input: &[&str]) -> [Finished; 2] {
        [&["-vv"][..], &["-vv", "--json", "--log", "json"]].map(|more| {
            let args = [args, more].concat();
            let mut command = home.command(&args);
            command.env("VAULT_TOKEN", "MARKED5ECRET-vault");
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            self.command_line(child.id());
            let mut stdin = child.stdin.take().unwrap();
            // It may end without reading everything.
            let _ = std::io::Write::write_all(&mut stdin, (input.join("\n") + "\n").as_bytes());
            drop(stdin);
            let finished = Finished::from(child.wait_with_output().unwrap());
            self.finished(&args.join(" "), &finished);
            finished
        })
    }

    /// The same, and it goes well both times.
    #[track_caller]
    fn runs(&mut self, home: &Home, args: &[&str], input: &[&str]) {
        for finished in self.run(home, args, input) {
            finished.ok();
        }
    }

    /// Every file of a folder, but for the secret store.
    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("secrets") {
                continue;
            }
            if path.is_dir() {
                self.folder(&path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                self.look(
                    &path.display().to_string(),
                    &String::from_utf8_lossy(&bytes),
                );
            }
        }
    }

    #[track_caller]
    fn clean(&self, at_least: usize) {
        let looks = self.looks;
        assert!(looks >= at_least, "only {looks} places were searched");
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

const BEARER: &str = "MARKED5ECRET-app-only";

fn configure(home: &Home, service: &SignInStandIn, x: &XStandIn, more: &str) {
    let (url, x) = (service.base_url(), x.base_url());
    home.write(
        "bowerbird.toml",
        format!(
            "data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[auth]\nx = {{ base_url = '{url}', authorize_url = '{url}/i/oauth2/authorize', port = 0 }}\nbluesky = {{ resolver = '{url}', directory = '{url}' }}\n[log]\nlevel = 'trace'\n{more}\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = '{x}'\n"
        ),
    );
}

/// An answer that sends back what it was sent, as no service should.
fn careless(status: u16) -> Reply {
    let body =
        r#"{"error":"no","error_description":"you sent {sent}","message":"you sent {sent}"}"#;
    Reply::of(status, body)
}

#[test]
fn signing_in_listing_checking_and_revoking_show_no_secret() {
    let service = SignInStandIn::start();
    service.be_old();
    let x = XStandIn::start(BEARER, []);
    let (home, url) = (Home::new(), service.base_url());
    configure(&home, &service, &x, "");
    let mut searched = Searched::default();
    let app: &[&str] = &["key", APP_SECRET];
    let right: &[(&[&str], &[&str])] = &[
        (&["auth", "x", "--app-only"], app),
        (&["auth", "x", "--pin"], &["key", APP_SECRET, PIN]),
        (&["auth", "mastodon", &url, "--name", "mastodon"], &[PIN]),
        (&["auth", "bluesky", "wren.example"], &[APP_PASSWORD]),
        (&["auth", "list"], &[]),
        (&["auth", "check"], &[]),
        (&["check"], &[]),
    ];
    let wrong: &[(&[&str], &[&str])] = &[
        (
            &["auth", "bluesky", "wren.example", "--code"],
            &["MARKED5ECRET-wrong", "MARKED5ECRET-code"],
        ),
        (
            &["auth", "x", "--pin"],
            &["key", APP_SECRET, "MARKED5ECRET-wrong"],
        ),
        (
            &["auth", "mastodon", &url, "--name", "wrong"],
            &["MARKED5ECRET-wrong"],
        ),
        (
            &["auth", "x", "--paste"],
            &[
                "client",
                APP_SECRET,
                "http://127.0.0.1/callback?state=MARKED5ECRET&code=MARKED5ECRET",
            ],
        ),
    ];
    for (args, input) in right {
        searched.runs(&home, args, input);
    }
    for (args, input) in wrong {
        for finished in searched.run(&home, args, input) {
            assert!(!finished.status.success(), "{args:?}");
        }
    }
    let careless_paths = [
        "/oauth2/token",
        "/oauth/request_token",
        "/oauth/access_token",
        "/oauth/token",
        "/2/users/me",
        "/2/usage/tweets",
        "/api/v1/accounts/verify_credentials",
        "/xrpc/com.atproto.server.createSession",
        "/xrpc/com.atproto.server.getSession",
    ];
    for status in [400, 401, 403, 500] {
        for path in careless_paths {
            service.answer_with(path, [careless(status), careless(status)]);
        }
        for (args, input) in right.iter().chain(wrong) {
            searched.run(&home, args, input);
        }
    }
    // Renewals too, and what is revoked.
    service.end_access();
    let refresh = "/xrpc/com.atproto.server.refreshSession";
    service.answer_with(refresh, [careless(500), careless(400)]);
    searched.run(&home, &["auth", "check", "bluesky"], &[]);
    let sent_back = |path: &str| service.seen().iter().any(|asked| asked.path() == path);
    assert!(sent_back(refresh) && careless_paths.iter().all(|path| sent_back(path)));
    for path in [
        "/oauth2/invalidate_token",
        "/1.1/oauth/invalidate_token",
        "/oauth/revoke",
        "/xrpc/com.atproto.server.deleteSession",
    ] {
        service.answer_with(path, [careless(403)]);
    }
    for name in ["bluesky", "mastodon", "x-bearer", "x-user"] {
        searched.run(&home, &["auth", "revoke", name], app);
    }
    searched.folder(&home.path("data"));
    searched.clean(350);
}

#[test]
fn a_sign_in_that_is_renewed_shows_no_secret() {
    let service = SignInStandIn::start();
    let x = XStandIn::start(BEARER, []);
    let home = Home::new();
    configure(&home, &service, &x, "");
    let mut searched = Searched::default();
    let token = "/2/oauth2/token";
    service.answer_with(token, [careless(401)]);
    searched.in_browser(&home, &service).failed(1);
    searched.in_browser(&home, &service).ok();
    searched.runs(&home, &["auth", "list"], &[]);
    // Its token ends: it is renewed, …
    service.end_access();
    searched.runs(&home, &["auth", "check", "x-user"], &[]);
    assert_eq!(service.renewals(), 1);
    // … refused for good, and by a service in trouble.
    service.end_access();
    let body = r#"{"error":"invalid_grant","error_description":"you sent {sent}"}"#;
    for reply in [Reply::of(400, body), Reply::of(400, body), careless(500)] {
        service.answer_with(token, [reply]);
        let finished = home.run(&["auth", "check", "x-user", "-vv"]);
        searched.finished("auth check", &finished);
        let said = &finished.stdout;
        assert!(said.contains("you sent Basic …"), "{said}");
        finished.failed(1);
    }
    service.answer_with("/2/oauth2/revoke", [careless(403)]);
    let [refused, revoked] = searched.run(&home, &["auth", "revoke", "x-user"], &[]);
    refused.failed(1);
    revoked.ok();
    searched.folder(&home.path("data"));
    searched.clean(25);
}

#[test]
fn a_mastodon_source_shows_no_token_that_is_sent_back() {
    const SAID: &str = r#"{"error":"the token MARKED5ECRET-nest is not valid"}"#;
    for transport in ["websocket", "sse"] {
        let refusals = [503, 401].map(|status| MastodonTurn::Refuse(status, SAID));
        let nest = MastodonStandIn::start("MARKED5ECRET-nest", refusals);
        let (home, url) = (Home::new(), nest.base_url());
        home.write(
            "bowerbird.toml",
            format!(
                "data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[log]\nlevel = 'trace'\nto = 'file'\nformat = 'json'\n[source.nest]\nkind = 'mastodon'\nbase_url = '{url}'\ntoken = 'nest'\nstreams = ['public']\ntransport = '{transport}'\n"
            ),
        );
        home.write("data/secrets/nest", "MARKED5ECRET-nest");
        let mut searched = Searched::default();
        let mut running = Running::of(home.command(&["run", "-vv"]));
        let address = running.address();
        until("a source that was refused", || {
            let top = home.run(&["top", "--once", "--json"]).json();
            (top["sources"][0]["state"] == "stopped").then_some(())
        });
        for path in ["/", "/status", "/api/v1/status", "/api/v1/gaps"] {
            let (status, body) = get(&address, path, &[]);
            searched.look(&format!("{path} ({status})"), &body);
        }
        searched.runs(&home, &["top", "--once"], &[]);
        searched.runs(&home, &["gap", "ls"], &[]);
        running.signal("TERM");
        searched.finished("run", &running.finish());
        searched.folder(&home.path("data"));
        let log = std::fs::read_to_string(home.path("data/logs/bowerbird.log")).unwrap();
        assert!(log.contains("the token … is not valid"), "{log}");
        searched.clean(18);
    }
}

#[test]
fn a_run_its_api_and_its_pages_show_no_secret() {
    let service = SignInStandIn::start();
    let refusal =
        format!(r#"{{"title":"Unauthorized","detail":"the token {BEARER} is not valid"}}"#);
    let x = XStandIn::start(
        BEARER,
        [Answer::plain(503, &refusal), Answer::plain(401, &refusal)],
    );
    let home = Home::new();
    configure(&home, &service, &x, "to = 'file'\nformat = 'json'");
    let mut searched = Searched::default();
    searched.runs(&home, &["auth", "x", "--app-only"], &["key", APP_SECRET]);
    let [added, _] = searched.run(&home, &["track", "add", "cats", "cat"], &[]);
    added.ok();
    let mut running = Running::of(home.command(&["run", "-vv"]));
    searched.command_line(running.pid());
    let address = running.address();
    until("a source that was refused", || {
        let top = home.run(&["top", "--once", "--json"]).json();
        (top["sources"][0]["state"] == "stopped").then_some(())
    });
    for path in [
        "/",
        "/status",
        "/plan",
        "/bill",
        "/api/v1/status",
        "/api/v1/openapi.json",
        "/api/v1/tracks",
        "/api/v1/gaps",
        "/api/v1/plan",
        "/api/v1/bill",
        "/api/v1/dead-letters",
        "/api/v1/spool",
    ] {
        let (status, body) = get(&address, path, &[]);
        searched.look(&format!("{path} ({status})"), &body);
    }
    for args in [
        &["top", "--once"][..],
        &["gap", "ls"],
        &["dead", "ls"],
        &["bill"],
        &["track", "plan"],
        &["track", "check", "cat", "--counts", "x"],
    ] {
        searched.run(&home, args, &[]);
    }
    running.signal("TERM");
    let ended = running.finish();
    searched.finished("run", &ended);
    searched.folder(&home.path("data"));
    let log = std::fs::read_to_string(home.path("data/logs/bowerbird.log")).unwrap();
    assert!(
        log.contains("is not valid"),
        "the refusal was logged, without its secret: {log}"
    );
    searched.clean(60);
}

#[test]
fn vault_and_its_refusals_show_no_secret() {
    let service = SignInStandIn::start();
    let x = XStandIn::start(BEARER, []);
    let vault = VaultStandIn::start("MARKED5ECRET-vault");
    let home = Home::new();
    let store = format!(
        "[secrets]\nstore = 'vault'\nvault = {{ address = '{}' }}",
        vault.address()
    );
    configure(&home, &service, &x, &store);
    let mut searched = Searched::default();
    let commands: [(&[&str], &[&str]); 4] = [
        (&["auth", "x", "--app-only"], &["key", APP_SECRET]),
        (&["auth", "list"], &[]),
        (&["auth", "check"], &[]),
        (&["check"], &[]),
    ];
    for status in [200, 403, 500, 200] {
        for (args, input) in commands {
            // Each command runs twice; the first question of each is answered so.
            if status != 200 {
                let said = r#"{"errors":["permission denied for MARKED5ECRET-vault"]}"#;
                vault.answer_with([Reply::of(status, said), Reply::of(status, said)]);
            }
            for finished in searched.run(&home, args, input) {
                assert!(status != 200 || finished.status.success(), "{args:?}");
            }
        }
    }
    searched.folder(&home.path(""));
    searched.clean(90);
}
