//! A home for one test: a temporary folder that is `HOME`, and the executable started in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that must happen: far longer than it takes on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A home of its own; gone with the test.
#[derive(Debug)]
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A new, empty one.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in it.
    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, below: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The executable with these arguments, nothing of the outer environment, and the home as current folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowerbird"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        Finished::of(self.command(args))
    }

    /// Runs it to its end, giving it something on standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Finished {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // It may end without reading everything; that is its affair.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let finished = Finished::from(child.wait_with_output().unwrap());
        writer.join().unwrap();
        finished
    }

    /// Starts it.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(args))
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How.
    pub(crate) status: ExitStatus,
    /// What it gave.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
}

impl From<std::process::Output> for Finished {
    fn from(output: std::process::Output) -> Self {
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Finished {
    /// Runs a command to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        command.output().unwrap().into()
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(
            self.status.success(),
            "{}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// It failed with this code; what it said of it.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(
            self.status.code(),
            Some(code),
            "{}\n{}",
            self.stdout,
            self.stderr
        );
        self.stderr
    }

    /// The JSON value it gave.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let finished = self.ok();
        let parsed = serde_json::from_str(&finished.stdout);
        parsed.unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr))
    }

    /// The JSON values it gave, one a line.
    #[track_caller]
    pub(crate) fn json_lines(self) -> Vec<Value> {
        let finished = self.ok();
        finished
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A command that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    said: mpsc::Receiver<String>,
    gave: mpsc::Receiver<String>,
    /// Everything said so far, for the message of a failed test.
    log: Vec<String>,
}

impl Running {
    /// Starts a command.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = lines(child.stderr.take().unwrap());
        let gave = lines(child.stdout.take().unwrap());
        Self {
            child,
            said,
            gave,
            log: Vec::new(),
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says something with these words on standard error; the line.
    #[track_caller]
    pub(crate) fn says(&mut self, words: &str) -> String {
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => self.log.push(line),
                Err(_) => panic!("it never said `{words}`, but:\n{}", self.log.join("\n")),
            }
        }
    }

    /// The next line it gives on standard output; `None` at its end.
    #[track_caller]
    pub(crate) fn gives(&mut self) -> Option<String> {
        match self.gave.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("it gave nothing; it said:\n{}", self.log.join("\n"))
            }
        }
    }

    /// Waits for the page's address and gives host and port.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let line = self.says("http://");
        let rest = line.split("http://").nth(1).unwrap();
        rest.split(['/', ' ']).next().unwrap().to_owned()
    }

    /// Sends a signal (`TERM`, `INT`).
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Has it ended?
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end; everything it gave that was not taken, and everything it said.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let stdout: Vec<String> = std::iter::from_fn(|| self.gives()).collect();
        let status = self.child.wait().unwrap();
        self.log.extend(self.said.iter());
        Finished {
            status,
            stdout: stdout.join("\n"),
            stderr: self.log.join("\n"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if send.send(text).is_err() {
                return;
            }
        }
    });
    receive
}

/// A plain HTTP request to `host:port`; status and everything after the head.
pub(crate) fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Asks again and again until the answer is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    panic!("waited {PATIENCE:?} for: {what}");
}
