//! Files of X archives are JavaScript that assigns one JSON value to a name; the value is all we want of them.

/// How many bytes of `window.YTD.tweets.part0 = ` or `Grailbird.data.tweets_2018_03 = ` stand before the JSON value;
/// `None` if the text does not begin so, or ends before the value does.
pub(crate) fn strip_assignment(prefix: &[u8]) -> Option<usize> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let text = prefix.strip_prefix(BYTE_ORDER_MARK).unwrap_or(prefix);
    let text = text.trim_ascii_start();
    let name = text.strip_prefix(b"window.").unwrap_or(text);
    if !(name.starts_with(b"YTD.") || name.starts_with(b"Grailbird.data.")) {
        return None;
    }
    let end = name.iter().position(|byte| !is_part_of_name(*byte))?;
    let sign = name[end..].trim_ascii_start();
    let value = sign.strip_prefix(b"=")?.trim_ascii_start();
    matches!(value.first(), Some(b'[' | b'{')).then(|| prefix.len() - value.len())
}

fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-')
}

#[cfg(test)]
mod tests {
    use super::strip_assignment;

    #[test]
    fn the_assignment_of_every_generation_is_found() {
        for assignment in [
            "Grailbird.data.tweets_2018_03 = \n ",
            "window.YTD.tweets.part0 = ",
            "window.YTD.tweet.part12=",
            "\u{feff}window.YTD.deleted_tweets.part0 = ",
            "\r\n YTD.tweet.part0 =\n",
        ] {
            for value in ["[ {", "{ \"tweet\""] {
                let file = format!("{assignment}{value}");
                assert_eq!(
                    strip_assignment(file.as_bytes()),
                    Some(assignment.len()),
                    "{file}"
                );
            }
        }
    }

    #[test]
    fn anything_else_is_left_alone() {
        for text in [
            "",
            "[1]",
            "{\"a\":1}",
            "var tweet_index = [",
            "window.YTD.tweets.part0",
            "window.YTD.tweets.part0 = ",
            "window.YTD.tweets.part0 == [",
            "Grailbird.data.tweets(2018) = [",
            "window.location = [",
        ] {
            assert_eq!(strip_assignment(text.as_bytes()), None, "{text}");
        }
    }
}
