//! Everything that is wrong with a configuration, collected and shown together.

use std::fmt;
use std::path::Path;

/// Mistakes found so far, each with the path of its key.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Notes one.
    pub(crate) fn add(&mut self, key: &str, what: impl fmt::Display) {
        self.0.push(format!("{key}: {what}"));
    }

    /// Notes one that names its key itself.
    pub(crate) fn say(&mut self, what: impl fmt::Display) {
        self.0.push(what.to_string());
    }

    /// Takes over what somebody else noted, once.
    pub(crate) fn join(&mut self, others: Self) {
        let new = others.0.into_iter();
        let new: Vec<String> = new.filter(|one| !self.0.contains(one)).collect();
        self.0.extend(new);
    }

    /// Notes the mistake, if there is one, with all that led to it.
    pub(crate) fn take<T, E: fmt::Display>(
        &mut self,
        key: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| self.add(key, format_args!("{error:#}")))
            .ok()
    }

    /// `value`, if nothing is wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The same as an error that names the file, if there is one.
    pub(crate) fn into_error(self, path: Option<&Path>) -> anyhow::Error {
        let path = path.map(|path| path.display().to_string());
        Invalid {
            path,
            problems: self.0,
        }
        .into()
    }

    /// What was found.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> &[String] {
        &self.0
    }
}

/// A configuration that can't be used: exit code 2.
#[derive(Debug)]
pub(crate) struct Invalid {
    path: Option<String>,
    problems: Vec<String>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.path.as_deref().unwrap_or("the configuration");
        match self.problems.as_slice() {
            [only] => write!(f, "{place}: {only}"),
            many => {
                write!(f, "{place} has {} mistakes:", many.len())?;
                many.iter().try_for_each(|one| write!(f, "\n  {one}"))
            }
        }
    }
}

impl std::error::Error for Invalid {}
