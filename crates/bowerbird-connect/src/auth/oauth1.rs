//! OAuth 1.0a signatures with HMAC-SHA1 (RFC 5849), as X's user context has them. Pure: nonce and time are handed in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use ring::hmac;
use secrecy::ExposeSecret;

use super::credential::Keys;

/// What makes one request different from all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'m> {
    /// Letters and digits that never came before.
    pub(super) nonce: &'m str,
    /// Seconds since 1970.
    pub(super) seconds: i64,
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'s> {
    /// `GET`, `POST` …
    pub(super) method: &'s str,
    /// The whole address; its query is signed too.
    pub(super) url: &'s Url,
    /// The body, if it is a form; a JSON body is not part of a signature.
    pub(super) form: &'s [u8],
    /// Further `oauth_` parameters, as `oauth_callback`.
    pub(super) more: &'s [(&'s str, &'s str)],
}

/// The value of the `Authorization` header.
pub(super) fn header(keys: &Keys, signed: Signed<'_>, moment: Moment<'_>) -> String {
    let seconds = moment.seconds.to_string();
    let mut oauth = vec![
        ("oauth_consumer_key", keys.consumer_key.as_str()),
        ("oauth_nonce", moment.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &seconds),
        ("oauth_version", "1.0"),
    ];
    if !keys.token.is_empty() {
        oauth.push(("oauth_token", &keys.token));
    }
    oauth.extend(signed.more);
    let signature = signature(keys, signed, &oauth);
    oauth.push(("oauth_signature", &signature));
    oauth.sort_unstable();
    let parts = oauth
        .iter()
        .map(|(name, value)| format!("{}=\"{}\"", encode(name), encode(value)));
    format!("OAuth {}", parts.collect::<Vec<_>>().join(", "))
}

fn signature(keys: &Keys, signed: Signed<'_>, oauth: &[(&str, &str)]) -> String {
    let query = signed.url.query().unwrap_or_default();
    let given = form_urlencoded::parse(query.as_bytes());
    let given = given.chain(form_urlencoded::parse(signed.form));
    let mut parameters: Vec<(String, String)> = given
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    let own = oauth
        .iter()
        .map(|(name, value)| (encode(name), encode(value)));
    parameters.extend(own);
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = format!(
        "{}&{}&{}",
        signed.method.to_ascii_uppercase(),
        encode(&base_url(signed.url)),
        encode(&parameters.join("&"))
    );
    let key = format!(
        "{}&{}",
        encode(keys.consumer_secret.expose_secret()),
        encode(keys.token_secret.expose_secret())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// The address without query and fragment; a port only if it is not the usual one.
fn base_url(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// Percent encoding of RFC 3986: everything but letters, digits, `-`, `.`, `_`, `~`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment<'static> = Moment {
        nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        seconds: 1_318_622_958,
    };

    /// The published sample values of X's documentation; nobody's keys.
    fn keys() -> Keys {
        Keys {
            consumer_key: "xvz1evFS4wEEPTGEFPHBog".to_owned(),
            consumer_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".into(),
            token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".to_owned(),
            token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".into(),
        }
    }

    fn signed(url: &str, form: &str) -> String {
        let url: Url = url.parse().unwrap();
        let signed = Signed {
            method: "post",
            url: &url,
            form: form.as_bytes(),
            more: &[],
        };
        let header = header(&keys(), signed, MOMENT);
        let signature = header.split("oauth_signature=\"").nth(1).unwrap();
        signature.split('"').next().unwrap().to_owned()
    }

    #[test]
    fn the_published_vector() {
        let form = "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
        for (url, expected) in [
            (
                "https://api.x.com/1.1/statuses/update.json?include_entities=true",
                "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
            ),
            (
                "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
                "hCtSmYh+iHYCEqBWrE7C7hYmtUk=",
            ),
            // The usual port and a fragment are no part of it.
            (
                "https://api.x.com:443/1.1/statuses/update.json?include_entities=true#here",
                "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
            ),
        ] {
            assert_eq!(signed(url, form), encode(expected), "{url}");
        }
        let plus = form.replace("%20", "+");
        let url = "https://api.x.com/1.1/statuses/update.json?include_entities=true";
        assert_eq!(signed(url, &plus), encode("Ls93hJiZbQ3akF3HF3x1Bz8/zU4="));
    }

    #[test]
    fn the_header_names_everything_but_secrets() {
        let url: Url = "https://api.x.com/oauth/request_token".parse().unwrap();
        let signed = Signed {
            method: "POST",
            url: &url,
            form: b"",
            more: &[("oauth_callback", "oob")],
        };
        let none_yet = Keys {
            token: String::new(),
            token_secret: "".into(),
            ..keys()
        };
        let header = header(&none_yet, signed, MOMENT);
        assert!(header.starts_with("OAuth oauth_callback=\"oob\", oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", oauth_nonce="), "{header}");
        assert!(
            !header.contains("oauth_token=") && !header.contains("kAcSOq"),
            "{header}"
        );
    }

    #[test]
    fn percent_encoding_is_that_of_rfc_3986() {
        for (plain, encoded) in [
            ("Ladies + Gentlemen", "Ladies%20%2B%20Gentlemen"),
            ("An encoded string!", "An%20encoded%20string%21"),
            ("Dogs, Cats & Mice", "Dogs%2C%20Cats%20%26%20Mice"),
            ("☃", "%E2%98%83"),
            ("azAZ09-._~", "azAZ09-._~"),
            ("*'()/?:@=%", "%2A%27%28%29%2F%3F%3A%40%3D%25"),
            ("", ""),
        ] {
            assert_eq!(encode(plain), encoded);
        }
    }
}
