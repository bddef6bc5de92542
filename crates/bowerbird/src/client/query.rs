//! Addresses with query strings.

use bowerbird_web::format::segment;

/// Builds `path?name=value&…`; empty values are left out.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    text: String,
    has_query: bool,
}

impl Address {
    /// A path without a query.
    pub(crate) fn new(path: &str) -> Self {
        Self {
            text: path.to_owned(),
            has_query: false,
        }
    }

    /// Adds a parameter, unless it is empty.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.text.push(if self.has_query { '&' } else { '?' });
            self.has_query = true;
            self.text.push_str(name);
            self.text.push('=');
            self.text.push_str(&segment(value));
        }
        self
    }

    /// Adds a parameter, if there is one.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        self.with(name, value.unwrap_or_default())
    }

    /// The whole.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_empty_ones_left_out() {
        let address = Address::new("/posts")
            .with("text", "a & b=c")
            .with("lang", "")
            .with_some("since", Some("é"));
        assert_eq!(address.as_str(), "/posts?text=a%20%26%20b%3Dc&since=%C3%A9");
    }
}
