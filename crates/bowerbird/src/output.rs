//! What the program says: data on standard output, talk on standard error. Nothing else in the program prints.
//!
//! Data is for people as aligned text, or with `--json` for programs. Text from outside is shown without control characters,
//! which could steer a terminal; JSON escapes them by itself.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

pub(crate) use bowerbird_web::format::{bytes as bytes_for_people, number as thousands, plural};

use crate::config::env;

/// Whoever read standard output has enough (`bowerbird export | head`): the end of it, and no failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output is gone")]
pub(crate) struct ReaderGone;

/// How to say things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// For programs.
    pub(crate) json: bool,
    /// With colour: standard output is a terminal and the user did not ask for none.
    color: bool,
    /// Say nothing that is not needed.
    quiet: bool,
}

impl Output {
    /// As the command line asks.
    pub(crate) fn new(json: bool, quiet: u8) -> Self {
        let color = io::stdout().is_terminal() && !env::no_color();
        Self {
            json,
            color,
            quiet: quiet > 0,
        }
    }

    /// One line of data.
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        told(writeln!(io::stdout().lock(), "{text}"))
    }

    /// Data as it is.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        told(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// One JSON value on one line.
    pub(crate) fn value(&self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string(value)?)
    }

    /// Rows under bold headings, columns aligned.
    pub(crate) fn table(&self, headings: &[&str], rows: &[Vec<String>]) -> Result<()> {
        let clean_rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| clean(cell)).collect())
            .collect();
        let width = |column: usize| {
            let cells = clean_rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width());
            cells.chain([headings[column].width()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        let heading: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        self.line(self.bold(&aligned(&heading, &widths)))?;
        clean_rows
            .iter()
            .try_for_each(|row| self.line(aligned(row, &widths)))
    }

    /// Text that stands out on a terminal.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.color {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// The same for talk, which goes to standard error.
    pub(crate) fn bold_talk(&self, text: &str) -> String {
        let color = io::stderr().is_terminal() && !env::no_color();
        if color {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Talk: what a person watching wants to know and no program reads.
    #[expect(clippy::print_stderr, reason = "the one place")]
    pub(crate) fn talk(&self, text: impl Display) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

fn told(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => written.context("writing to standard output"),
    }
}

/// A question on a terminal; the answer is typed behind it.
#[expect(clippy::print_stderr, reason = "the one place")]
pub(crate) fn question(text: &str) {
    eprint!("{text}");
}

/// Talk without which a command can't go on: said even where less is wanted.
#[expect(clippy::print_stderr, reason = "the one place")]
pub(crate) fn needed(text: impl Display) {
    eprintln!("{text}");
}

/// The last words of a command that failed.
#[expect(clippy::print_stderr, reason = "the one place")]
pub(crate) fn failure(text: impl Display) {
    eprintln!("bowerbird: {text}");
}

/// Text from outside, fit for a terminal: line ends become spaces, other control characters go.
pub(crate) fn clean(text: &str) -> String {
    let shown = text.chars().map(|c| {
        if matches!(c, '\n' | '\r' | '\t') {
            ' '
        } else {
            c
        }
    });
    shown
        .filter(|c| !c.is_control() && !is_bidi_control(*c))
        .collect()
}

/// Characters that turn the direction of everything after them, to the end of the line and beyond the text's own place.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(
            ' ',
            width.saturating_sub(cell.width()) + 2,
        ));
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{7}\u{202e}d"), "a[31mb cd");
    }

    #[test]
    fn columns_align_by_width_not_by_characters() {
        let widths = [6, 3];
        assert_eq!(
            aligned(&["花火".to_owned(), "7".to_owned()], &widths),
            "花火    7"
        );
        assert_eq!(
            aligned(&["birds".to_owned(), "12".to_owned()], &widths),
            "birds   12"
        );
    }
}
