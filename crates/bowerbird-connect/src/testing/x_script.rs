//! What X's stand-in does, step by step.

use bytes::Bytes;

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With a stream that goes through these steps, and then keeps alive and gives out what is pushed, until the reader leaves.
    Stream(Vec<Step>),
    /// As [`Answer::Stream`], said to be packed with gzip.
    Packed(Vec<Step>),
    /// With a status, headers and a body.
    Plain {
        /// The status.
        status: u16,
        /// Further headers.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
}

/// What a stream does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sends these bytes as one chunk: a frame, a part of one, or many.
    Send(Bytes),
    /// Sends an empty line.
    KeepAlive,
    /// Says nothing more, and stays.
    Stall,
    /// Breaks the connection off.
    Cut,
    /// Ends the answer as it should be.
    Close,
}

impl Step {
    /// A whole frame: the line and its end.
    pub fn line(line: impl AsRef<[u8]>) -> Self {
        Self::Send([line.as_ref(), b"\r\n"].concat().into())
    }

    /// A part of a frame, for cutting off in its middle.
    pub fn part(part: impl AsRef<[u8]>) -> Self {
        Self::Send(Bytes::copy_from_slice(part.as_ref()))
    }
}

impl Answer {
    /// A stream of these whole frames.
    pub fn lines<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Self {
        Self::Stream(lines.into_iter().map(Step::line).collect())
    }

    /// A stream of these frames, in chunks of so many bytes wherever that cuts them.
    pub fn chunked<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>, chunk_bytes: usize) -> Self {
        let mut all = Vec::new();
        for line in lines {
            all.extend_from_slice(line.as_ref());
            all.extend_from_slice(b"\r\n");
        }
        Self::Stream(all.chunks(chunk_bytes.max(1)).map(Step::part).collect())
    }

    /// 503: in trouble.
    pub fn unavailable() -> Self {
        Self::plain(
            503,
            r#"{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}"#,
        )
    }

    /// 401: the token is not good.
    pub fn unauthorized() -> Self {
        Self::plain(
            401,
            r#"{"title":"Unauthorized","detail":"Unauthorized","type":"about:blank","status":401}"#,
        )
    }

    /// 403: the month's cap is used up.
    pub fn usage_capped() -> Self {
        Self::plain(
            403,
            r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly product cap","period":"Monthly","scope":"Product","type":"https://api.twitter.com/2/problems/usage-capped"}"#,
        )
    }

    /// 429: another connection holds the stream.
    pub fn too_many_connections() -> Self {
        Self::plain(
            429,
            r#"{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.","connection_issue":"TooManyConnections","type":"https://api.x.com/2/problems/streaming-connection"}"#,
        )
    }

    /// 429: asked too often, until this second since 1970.
    pub fn rate_limited(reset_at: i64) -> Self {
        Self::Plain {
            status: 429,
            headers: vec![("x-rate-limit-reset", reset_at.to_string())],
            body: r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#.to_owned(),
        }
    }

    /// A status and a body.
    pub fn plain(status: u16, body: &str) -> Self {
        Self::Plain {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// X's last words before it hangs up, as a step of a stream.
    pub fn disconnect_line(disconnect_type: &str) -> Step {
        Step::line(format!(
            r#"{{"errors":[{{"title":"operational-disconnect","disconnect_type":"{disconnect_type}","detail":"This stream has been disconnected upstream for operational reasons.","type":"https://api.x.com/2/problems/operational-disconnect"}}]}}"#
        ))
    }
}
