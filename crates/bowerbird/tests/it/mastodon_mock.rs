//! Mastodon by a server that nobody here wrote: PyPI's `mastodon_mock`, which `scripts/test` sets up and names in the environment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::harness::{Home, PATIENCE, until};

/// The token that it knows.
const TOKEN: &str = "mock_token";

/// The server, for as long as it is wanted.
struct Mock {
    child: Child,
    address: String,
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mock {
    fn start(program: &str) -> Self {
        let port = {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            listener.local_addr().unwrap().port()
        };
        let child = Command::new(program)
            .args(["serve", "--in-memory", "--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mock = Self {
            child,
            address: format!("127.0.0.1:{port}"),
        };
        until("mastodon_mock", || {
            TcpStream::connect(&mock.address).ok().map(drop)
        });
        mock
    }

    /// Asks it for something as its user; the JSON it answers.
    fn ask(&self, method: &str, path: &str, form: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    fn post(&self, text: &str) -> String {
        let made = self.ask("POST", "/api/v1/statuses", &format!("status={text}"));
        made["id"].as_str().unwrap().to_owned()
    }
}

fn texts(home: &Home, words: &str) -> Vec<String> {
    let found = home.run(&["search", words, "--json"]).json_lines();
    let text = |post: &Value| post["text"].as_str().unwrap().to_owned();
    found.iter().map(text).collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the environment says where the server is"
)]
fn posts_edits_and_deletions_come_from_a_foreign_server_by_either_road() {
    let Ok(program) = std::env::var("BOWERBIRD_MASTODON_MOCK") else {
        eprintln!("skipped: BOWERBIRD_MASTODON_MOCK does not name mastodon_mock");
        return;
    };
    for transport in ["websocket", "sse"] {
        let mock = Mock::start(&program);
        let home = Home::new();
        home.write("data/secrets/mock", TOKEN);
        home.write(
            "bowerbird.toml",
            format!(
                "data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.mock]\nkind = 'mastodon'\nbase_url = 'http://{}'\ntoken = 'mock'\nstreams = ['public']\ntransport = '{transport}'\n",
                mock.address
            ),
        );
        let mut running = home.start(&["run"]);
        running.address();
        home.run(&["track", "add", "wrens", "wren #birds"]).ok();
        until("the stream", || {
            mock.post("is+anybody+there");
            (!texts(&home, "anybody").is_empty()).then_some(())
        });
        mock.post("a+wren+sings+%23birds+%26+more");
        let changed = mock.post("a+starling");
        let gone = mock.post("a+heron");
        until("three posts", || {
            let found = ["wren", "starling", "heron"].map(|word| texts(&home, word).len());
            (found == [1, 1, 1]).then_some(())
        });
        let caught = home.run(&["search", "--track", "wrens", "--json"]);
        let caught = caught.json_lines();
        assert_eq!(caught.len(), 1, "{caught:?}");
        assert_eq!(caught[0]["text"], "a wren sings #birds & more");
        let author = caught[0]["author"]["handle"].as_str().unwrap();
        assert!(author.starts_with("testuser@"), "{author}");

        mock.ask(
            "PUT",
            &format!("/api/v1/statuses/{changed}"),
            "status=a+swift",
        );
        mock.ask("DELETE", &format!("/api/v1/statuses/{gone}"), "");
        until("the edit and the deletion", || {
            let found = ["starling", "swift", "heron"].map(|word| texts(&home, word).len());
            (found == [0, 1, 0]).then_some(())
        });
        let counts = home.run(&["top", "--once", "--json"]).json();
        assert_eq!(counts["total"]["refused"], 0, "{counts}");
        running.signal("TERM");
        assert!(running.finish().status.success());
    }
}
