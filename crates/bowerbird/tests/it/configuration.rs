//! `init`, `check` and what `run` makes of `bowerbird.toml`.

use crate::harness::Home;

#[test]
fn init_writes_a_configuration_that_check_accepts_and_run_runs() {
    let home = Home::new();
    let said = home.run(&["init"]).ok().stderr;
    assert!(
        said.contains("bowerbird check") && said.contains("bowerbird run"),
        "{said}"
    );
    let again = home.run(&["init"]).failed(2);
    assert!(again.contains("left as it is"), "{again}");
    let told = home.run(&["check"]).ok().stdout;
    assert!(
        told.starts_with("file: bowerbird.toml\nsource.synthetic") && told.ends_with("ok\n"),
        "{told}"
    );
    assert_eq!(home.run(&["check", "--json"]).json()["ok"], true);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let home = Home::new();
    let text = "[page]\nlisten = 'nowhere'\n[log]\nlevel = 'loud'\n[source.x]\nkind = 'x'\nbearer_token = 'a'\n";
    home.write("bowerbird.toml", text);
    let said = home.run(&["check"]).failed(2);
    for expected in ["log.level", "source.x", "bearer", "bowerbird.toml"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    home.run(&["run"]).failed(2);
}

#[test]
fn a_configuration_that_is_named_must_be_there() {
    let home = Home::new();
    let said = home.run(&["run", "-c", "missing.toml"]).failed(2);
    assert!(said.contains("bowerbird init missing.toml"), "{said}");
}

#[test]
fn check_finds_what_run_would_stumble_over() {
    let home = Home::new();
    home.write(
        "bowerbird.toml",
        "[source.archive]\nkind = 'replay'\npaths = ['gone.jsonl']\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = 'htp://x'\n",
    );
    let mut command = home.command(&["check"]);
    command.env("BOWERBIRD_SECRET_X_BEARER", "token");
    let said = crate::harness::Finished::of(command).failed(2);
    for expected in [
        "bowerbird.toml has 2",
        "gone.jsonl: No such file",
        "base_url",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn other_machines_are_let_in_only_with_a_password() {
    let home = Home::new();
    home.write(
        "bowerbird.toml",
        "data = 'data'\n[page]\nlisten = '0.0.0.0:0'\n",
    );
    let said = home.run(&["run"]).failed(1);
    assert!(said.contains("bowerbird user passwd"), "{said}");

    home.run_with_input(&["user", "passwd", "--stdin"], b"correct horse battery\n")
        .ok();
    let mut running = home.start(&["run"]);
    let port = running.address().rsplit(':').next().unwrap().to_owned();
    let address = format!("127.0.0.1:{port}");
    let (status, _) = crate::harness::get(&address, "/api/v1/status", &[]);
    assert_eq!(status, 401);
    // The socket in the data folder needs no password: the folder's rights guard it.
    home.run(&["top", "--once"]).ok();
}

#[test]
fn logs_go_to_a_file_as_json() {
    let home = Home::new();
    home.write(
        "bowerbird.toml",
        "data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[log]\nto = 'file'\nformat = 'json'\n",
    );
    let mut running = home.start(&["run"]);
    running.address();
    running.signal("TERM");
    assert!(running.finish().status.success());
    let log = std::fs::read_to_string(home.path("data/logs/bowerbird.log")).unwrap();
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["level"], "INFO", "{log}");
}
