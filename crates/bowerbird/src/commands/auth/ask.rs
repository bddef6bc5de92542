//! Asking a person: on a terminal, secrets without echo; else line by line from standard input, in the order of the questions.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context as _, Result};
use secrecy::SecretString;

use crate::exit::Usage;
use crate::output;

/// No answer has more bytes: a pasted address with its code is the longest.
const MAX_ANSWER_BYTES: u64 = 16 << 10;

/// Who is asked.
#[derive(Debug)]
pub(super) struct Asker {
    is_terminal: bool,
}

impl Default for Asker {
    fn default() -> Self {
        Self {
            is_terminal: std::io::stdin().is_terminal(),
        }
    }
}

impl Asker {
    /// Asks for what may be seen.
    pub(super) fn line(&self, question: &str) -> Result<String> {
        if self.is_terminal {
            output::question(question);
        }
        self.next(question)
    }

    /// Asks for what must not be seen.
    pub(super) fn secret(&self, question: &str) -> Result<SecretString> {
        let answer = if self.is_terminal {
            let typed = rpassword::prompt_password(question);
            typed.context("reading what was typed")?.trim().to_owned()
        } else {
            self.next(question)?
        };
        Ok(SecretString::from(answer))
    }

    fn next(&self, question: &str) -> Result<String> {
        let mut line = String::new();
        let stdin = std::io::stdin().lock();
        let mut limited = std::io::Read::take(stdin, MAX_ANSWER_BYTES);
        let read = limited.read_line(&mut line);
        if read.context("reading standard input")? == 0 {
            let question = question.trim_end_matches([':', ' ']);
            return Err(Usage(format!(
                "standard input ended where this was asked: {question}. Give each answer as a line there, or use a terminal"
            ))
            .into());
        }
        Ok(line.trim().to_owned())
    }
}
