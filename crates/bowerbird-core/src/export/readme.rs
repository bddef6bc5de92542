//! `README.md` of an export: what it is, in plain English, for somebody who has nothing but the folder.
//!
//! What comes from elsewhere (names, rules, what services said) stands between backticks, so that it can't become anything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::folder::File;
use super::manifest::Manifest;
use crate::time::Time;
use crate::track::RuleVersion;

/// Gaps that are told; more than that nobody reads, and the manifest has them all.
const GAPS_TOLD: u64 = 500;

/// What a README says of gaps, gathered as they come.
#[derive(Debug, Default)]
pub(super) struct Readme {
    gaps: u64,
    by_state: BTreeMap<String, u64>,
    told: String,
}

impl Readme {
    /// How many gaps there were so far.
    pub(super) fn gaps(&self) -> u64 {
        self.gaps
    }

    /// How many of them in each state.
    pub(super) fn by_state(&self) -> &BTreeMap<String, u64> {
        &self.by_state
    }

    /// Takes up a gap as the manifest has it.
    pub(super) fn add(&mut self, gap: &Value) {
        self.gaps += 1;
        let state = text(gap, "state").to_owned();
        *self.by_state.entry(state).or_default() += 1;
        if self.gaps <= GAPS_TOLD {
            self.told.push_str(&told(gap));
        }
    }

    /// The whole.
    pub(super) fn text(&self, manifest: &Manifest, files: &[File]) -> String {
        let mut out = String::new();
        for part in [
            head(manifest),
            rules(manifest),
            self.completeness(manifest),
            how_to_read(manifest, files),
            TERMS.to_owned(),
        ] {
            if !out.is_empty() && !part.is_empty() {
                out.push('\n');
            }
            out.push_str(&part);
        }
        out
    }

    fn completeness(&self, manifest: &Manifest) -> String {
        let made_at = manifest.made_at;
        let mut out = "## How complete it is\n\n".to_owned();
        if self.gaps == 0 {
            out.push_str(
                "No gap is known: as far as the sources told, nothing was missed in this period.\n",
            );
        } else {
            let states = self.by_state.iter();
            let states =
                states.map(|(state, count)| format!("{count} {}", state.replace('-', " ")));
            let states: Vec<_> = states.collect();
            let _ = writeln!(
                out,
                "A gap is a time for which a source can't promise that everything came. {} in this period: {}. The newest first:\n",
                if self.gaps == 1 {
                    "There is 1".to_owned()
                } else {
                    format!("There are {}", self.gaps)
                },
                states.join(", ")
            );
            out.push_str(&self.told);
            if self.gaps > GAPS_TOLD {
                let more = self.gaps - GAPS_TOLD;
                let _ = writeln!(out, "- {more} more stand in `manifest.json`.");
            }
        }
        out.push_str(
            "\nTime in which Bowerbird did not run becomes a gap when it is started again.\n",
        );
        if manifest.counts.waiting > 0 {
            let _ = writeln!(
                out,
                "\nWhen the export began, {} that had been received were not kept yet and may be missing here.",
                plural(manifest.counts.waiting, "record", "records")
            );
        }
        let _ = writeln!(
            out,
            "\nPosts that were deleted by their authors are not in it, as far as that was known at {made_at}. What was deleted later may still be: \
             export again before you use it, and throw the older one away."
        );
        out
    }
}

fn head(manifest: &Manifest) -> String {
    let (made_at, period, counts) = (manifest.made_at, manifest.period, &manifest.counts);
    let mut out = String::new();
    let _ = match &manifest.track {
        Some(track) => writeln!(
            out,
            "# Posts caught by {}\n\nWritten by Bowerbird {} at {made_at} (all times are UTC).\n",
            code(&track.draft.name),
            manifest.software.version
        ),
        None => writeln!(
            out,
            "# Posts kept by Bowerbird\n\nWritten by Bowerbird {} at {made_at} (all times are UTC).\n",
            manifest.software.version
        ),
    };
    let from = period
        .from
        .map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
    let _ = writeln!(out, "- Period: {from} to {}", period.until);
    let _ = writeln!(out, "- {}", plural(counts.posts, "post", "posts"));
    if let (Some(first), Some(last)) = (counts.first_received_at, counts.last_received_at) {
        let _ = writeln!(out, "- Received from {first} to {last}");
    }
    if counts.left_out > 0 {
        let posts = plural(counts.left_out, "post", "posts");
        let _ = writeln!(out, "- {posts} left out, whose id can't stand on a line");
    }
    let asked = manifest.query.iter().filter(|(name, _)| *name != "track");
    for (name, value) in asked {
        let said = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(out, "- Only where {name} is {}", code(&said));
    }
    out
}

fn rules(manifest: &Manifest) -> String {
    let Some(track) = &manifest.track else {
        return String::new();
    };
    let mut out = format!(
        "## What the track caught\n\nTrack {}, made at {}. Each post says under which version it was caught.\n\n",
        track.id, track.created_at
    );
    manifest
        .rules
        .iter()
        .for_each(|rule| out.push_str(&version(rule)));
    out
}

fn version(rule: &RuleVersion) -> String {
    let until = rule
        .until
        .map_or_else(|| "now".to_owned(), |until| until.to_string());
    let names: Vec<_> = rule
        .sources
        .iter()
        .map(|name| code(name.as_str()))
        .collect();
    let sources = match names.is_empty() {
        true => "all sources".to_owned(),
        false => names.join(", "),
    };
    let time = |word: &str, time: Option<Time>| {
        time.map_or_else(String::new, |time| format!(", {word} {time}"))
    };
    format!(
        "- Version {}, from {} to {until}: {} on {sources}{}{}\n",
        rule.version,
        rule.since,
        code(&rule.rule),
        time("nothing before", rule.start),
        time("nothing from", rule.end),
    )
}

/// A gap as one line of a list.
fn told(gap: &Value) -> String {
    let until = match text(gap, "until") {
        "" => "now".to_owned(),
        until => until.to_owned(),
    };
    let cause = text(gap, "cause");
    let mut out = format!(
        "- {} to {until}, source {}",
        text(gap, "from"),
        code(text(gap, "source"))
    );
    if !cause.is_empty() {
        let _ = write!(out, ", {}", cause.replace('-', " "));
    }
    let _ = write!(
        out,
        ", {}: {}",
        text(gap, "state").replace('-', " "),
        code(text(gap, "reason"))
    );
    if let Some(lost) = gap["lost"].as_u64() {
        let _ = write!(
            out,
            "; the service says {} lost",
            plural(lost, "post", "posts")
        );
    }
    let repair = &gap["repair"];
    if !text(repair, "by").is_empty() {
        let came = plural(repair["posts"].as_u64().unwrap_or(0), "post", "posts");
        let _ = write!(
            out,
            "; fetched again from {}, {came} came",
            code(text(repair, "by"))
        );
    }
    for (name, word) in [("lacks", "that lacks"), ("remains", "what remains")] {
        if !text(repair, name).is_empty() {
            let _ = write!(out, "; {word}: {}", code(text(repair, name)));
        }
    }
    out.push('\n');
    out
}

fn how_to_read(manifest: &Manifest, files: &[File]) -> String {
    let how = match manifest.content {
        "csv" => {
            "a table for spreadsheets and scripts: UTF-8, the first line names the columns. An apostrophe stands before what a spreadsheet would run \
             or round; lists in a cell are separated by blanks. Each file has its own line of names"
        }
        "ids" => {
            "a line for each post: its service, a blank, its id. Not the text, which can be looked up at the service"
        }
        _ => "JSON lines: a JSON object for each post, one a line, UTF-8",
    };
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    let which = match names.as_slice() {
        [one] => format!("`{one}`"),
        [first, .., last] => format!(
            "`{first}` to `{last}` ({} files, one after the other)",
            names.len()
        ),
        [] => String::new(),
    };
    format!(
        "## The files\n\n- {which}: {how}. Posts stand in the order they were kept, oldest first; ids are text, not numbers.\n\
         - `manifest.json`: all of this for programs, with every gap and the size, posts and SHA-256 of each file.\n\
         - `SHA256SUMS`: to see that no file was changed: `sha256sum -c SHA256SUMS`.\n"
    )
}

const TERMS: &str = "## Before you pass it on\n\n\
    The posts belong to those who wrote them, and the services say what may be done with them. X forbids handing on its posts as text: give others \
    ids, which `bowerbird export --ids` writes, and let them look up what is still there. When a post is deleted, delete your copies.\n";

/// Text between backticks on one line, with a fence that it does not contain.
fn code(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 {
        format!("{fence} {line} {fence}")
    } else {
        format!("`{line}`")
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}
