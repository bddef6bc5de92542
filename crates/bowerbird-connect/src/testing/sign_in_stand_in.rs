//! What X, a Mastodon server and Bluesky do about signing in, made up: one server on loopback is all three, as their documents have it.
//!
//! Every secret that it knows or gives begins with [`MARK`], so that a test can search for it where none must be.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::plain::{self, Asked, Reply, Way};
use super::stand_in::{Server, Shared};

/// With what every secret here begins.
pub const MARK: &str = "MARKED5ECRET";
/// The secret of the app, for every way in.
pub const APP_SECRET: &str = "MARKED5ECRET-app";
/// The PIN and code that the made-up pages show.
pub const PIN: &str = "MARKED5ECRET-7654321";
/// The app password of the account at Bluesky.
pub const APP_PASSWORD: &str = "MARKED5ECRET-aaaa-bbbb";

/// What shows that a secret is somewhere: [`MARK`], or the part of it that is the same in any Base64, which holds it in one of three ways.
pub fn marks() -> [String; 4] {
    let encoded = [0, 1, 2].map(|before| {
        let bytes = [&vec![0; before], MARK.as_bytes()].concat();
        let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
        // Characters of six bits, of which the first and the last may hold bits of what stands beside.
        text[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
    });
    let [first, second, third] = encoded;
    [MARK.to_owned(), first, second, third]
}

/// A server that is all services for a test.
#[derive(Debug)]
pub struct SignInStandIn {
    server: Server,
    shared: Arc<Shared<State>>,
}

#[derive(Debug, Default)]
struct State {
    base_url: String,
    /// The number of the tokens that are good.
    pair: u64,
    /// Is the refresh token before the last good too, and gives the same pair again?
    grace: bool,
    /// How long access tokens last, in seconds.
    lasts: u64,
    /// Does the Mastodon server say where things are, and want PKCE?
    is_old: bool,
    challenge: String,
    revoked: Vec<String>,
    /// Answers to the next requests to a path.
    replies: BTreeMap<String, VecDeque<Reply>>,
    /// Requests to these paths are carried out, and then not answered.
    lost: Vec<(String, Way)>,
    seen: Vec<Asked>,
}

impl SignInStandIn {
    /// Starts one whose tokens last two hours.
    pub fn start() -> Self {
        let shared = Shared::new(State {
            pair: 1,
            lasts: 7_200,
            ..State::default()
        });
        let served = Arc::clone(&shared);
        let answer = move |asked: Asked| served.change(|state| state.answer(asked));
        let server = Server::start(move |listener| plain::serve(listener, answer));
        let base_url = format!("http://{}", server.address);
        shared.change(|state| state.base_url = base_url);
        Self { server, shared }
    }

    /// Where it is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Answers the next requests to a path so; `{sent}` in a body becomes what the request held, as no service should send it back.
    pub fn answer_with(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.shared.change(|state| {
            state
                .replies
                .entry(path.to_owned())
                .or_default()
                .extend(replies);
        });
    }

    /// Carries the next request to a path out, and does this with the answer.
    pub fn lose_answer_of(&self, path: &str, way: Way) {
        self.shared
            .change(|state| state.lost.push((path.to_owned(), way)));
    }

    /// The refresh token before the last stays good.
    pub fn give_grace(&self) {
        self.shared.change(|state| state.grace = true);
    }

    /// Access tokens given from now on last so many seconds.
    pub fn last_for(&self, seconds: u64) {
        self.shared.change(|state| state.lasts = seconds);
    }

    /// The Mastodon server is one of before 4.3.
    pub fn be_old(&self) {
        self.shared.change(|state| state.is_old = true);
    }

    /// All access tokens end now; refresh tokens stay.
    pub fn end_access(&self) {
        self.shared
            .change(|state| state.revoked.push(access(state.pair)));
    }

    /// How many renewals were carried out.
    pub fn renewals(&self) -> u64 {
        self.shared.state().pair - 1
    }

    /// Every request that came.
    pub fn seen(&self) -> Vec<Asked> {
        self.shared.state().seen.clone()
    }

    /// What was revoked.
    pub fn revoked(&self) -> Vec<String> {
        self.shared.state().revoked.clone()
    }

    /// What a person does at the page of this address: says yes. Gives the redirect, or the code where it is shown.
    pub fn say_yes(&self, authorize_url: &str) -> String {
        let query = authorize_url.split_once('?').map_or("", |(_, query)| query);
        let given: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let of = |name: &str| given.get(name).cloned().unwrap_or_default();
        self.shared
            .change(|state| state.challenge = of("code_challenge"));
        match of("redirect_uri") {
            uri if uri.starts_with("http") => format!("{uri}?state={}&code={PIN}", of("state")),
            _ => PIN.to_owned(),
        }
    }
}

/// The access token of a pair; its middle part says how long it lasts, as Bluesky's do.
fn access(pair: u64) -> String {
    format!("{MARK}-access-{pair}")
}

fn refresh(pair: u64) -> String {
    format!("{MARK}-refresh-{pair}")
}

fn jwt(name: &str, lasts: u64) -> String {
    let claims = json!({ "iat": 1_000_000, "exp": 1_000_000 + lasts }).to_string();
    format!("{name}.{}.sig", URL_SAFE_NO_PAD.encode(claims))
}

/// Everything secret in a request, fit for a text of JSON.
fn sent(asked: &Asked) -> String {
    let fields = form_urlencoded::parse(asked.body.as_bytes());
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let all = format!("{} {}", asked.header("authorization"), fields.join(" "));
    all.replace(['"', '\\'], " ")
}

fn refused(error: &str) -> Reply {
    Reply::of(
        400,
        json!({ "error": error, "error_description": "Value passed for the token was invalid." }),
    )
}

impl State {
    fn answer(&mut self, asked: Asked) -> Reply {
        let path = asked.path().to_owned();
        self.seen.push(asked.clone());
        if let Some(mut reply) = self.replies.get_mut(&path).and_then(VecDeque::pop_front) {
            reply.body = reply.body.replace("{sent}", &sent(&asked));
            return reply;
        }
        let reply = match path.split('/').nth(1).unwrap_or_default() {
            "xrpc" | "did:plc:wren" => self.bluesky(&path, &asked),
            "api" | ".well-known" => self.mastodon(&path, &asked),
            _ => self.x(&path, &asked),
        };
        let lost = self.lost.iter().position(|(lost, _)| *lost == path);
        match lost.map(|at| self.lost.remove(at)) {
            Some((_, way)) => Reply { way, ..reply },
            None => reply,
        }
    }

    /// Is the request authorized by a token that is good?
    fn is_signed(&self, asked: &Asked) -> bool {
        let header = asked.header("authorization");
        let token = header.trim_start_matches("Bearer ");
        let name = token.split('.').next().unwrap_or_default();
        let is_good = name == access(self.pair)
            || name == format!("{MARK}-app-only")
            || header.contains("oauth_token=\"user-token\"");
        is_good && !self.revoked.iter().any(|one| one == name)
    }

    /// Renews by a refresh token, if it is good.
    fn renew(&mut self, token: &str) -> bool {
        let name = token.split('.').next().unwrap_or_default();
        if self.revoked.iter().any(|one| one == name) {
            return false;
        }
        let is_last = name == refresh(self.pair);
        if is_last {
            self.pair += 1;
        }
        is_last || (self.grace && name == refresh(self.pair.saturating_sub(1)))
    }

    fn tokens(&self) -> Reply {
        Reply::of(
            200,
            json!({ "token_type": "bearer", "access_token": access(self.pair), "refresh_token": refresh(self.pair), "expires_in": self.lasts, "scope": "tweet.read" }),
        )
    }

    fn x(&mut self, path: &str, asked: &Asked) -> Reply {
        let header = asked.header("authorization");
        match path {
            "/oauth/request_token" if header.contains("oauth_callback=\"oob\"") => Reply::of(
                200,
                format!(
                    "oauth_token=request-token&oauth_token_secret={MARK}-request&oauth_callback_confirmed=true"
                ),
            ),
            "/oauth/access_token"
                if header.contains(PIN) && header.contains("oauth_token=\"request-token\"") =>
            {
                Reply::of(
                    200,
                    format!(
                        "oauth_token=user-token&oauth_token_secret={MARK}-user&user_id=12&screen_name=wren"
                    ),
                )
            }
            "/2/oauth2/token" => self.oauth2(asked),
            "/oauth/token" => self.oauth2(asked),
            "/oauth2/token" if header.starts_with("Basic ") => Reply::of(
                200,
                json!({ "token_type": "bearer", "access_token": format!("{MARK}-app-only") }),
            ),
            "/2/oauth2/revoke" | "/oauth/revoke" => {
                self.revoked.push(asked.parameter("token"));
                Reply::of(200, json!({ "revoked": true }))
            }
            "/oauth2/invalidate_token" | "/1.1/oauth/invalidate_token" => {
                self.revoked.push(path.to_owned());
                Reply::of(200, json!({}))
            }
            "/2/users/me" if self.is_signed(asked) => Reply::of(
                200,
                json!({ "data": { "id": "12", "name": "Wren", "username": "wren" } }),
            ),
            "/2/usage/tweets" if self.is_signed(asked) => Reply::of(
                200,
                json!({ "data": { "project_id": "77", "project_usage": "5" } }),
            ),
            "/2/users/me" | "/2/usage/tweets" => {
                // As careless as a service can be: it sends the token back.
                let token = header.trim_start_matches("Bearer ");
                Reply::of(
                    401,
                    json!({ "title": "Unauthorized", "detail": format!("the token {token} is not valid") }),
                )
            }
            _ => Reply::of(
                403,
                json!({ "errors": [{ "code": 32, "message": "Could not authenticate you." }] }),
            ),
        }
    }

    fn oauth2(&mut self, asked: &Asked) -> Reply {
        let is_mastodon = asked.path() == "/oauth/token";
        match asked.parameter("grant_type").as_str() {
            "refresh_token" if self.renew(&asked.parameter("refresh_token")) => self.tokens(),
            "authorization_code" => {
                let verifier = asked.parameter("code_verifier");
                let proof = match self.challenge.is_empty() {
                    true => verifier.is_empty(),
                    false => crate::auth::x::challenge(&verifier) == self.challenge,
                };
                match asked.parameter("code") == PIN && proof {
                    true if is_mastodon => Reply::of(
                        200,
                        json!({ "access_token": access(self.pair), "token_type": "Bearer", "scope": "read", "created_at": 1_795_273_200 }),
                    ),
                    true => self.tokens(),
                    false => refused("invalid_grant"),
                }
            }
            _ => refused("invalid_request"),
        }
    }

    fn mastodon(&mut self, path: &str, asked: &Asked) -> Reply {
        let base = &self.base_url;
        match path {
            "/.well-known/oauth-authorization-server" if self.is_old => Reply::of(404, ""),
            "/.well-known/oauth-authorization-server" => Reply::of(
                200,
                json!({
                    "issuer": base,
                    "authorization_endpoint": format!("{base}/oauth/authorize"),
                    "token_endpoint": format!("{base}/oauth/token"),
                    "revocation_endpoint": format!("{base}/oauth/revoke"),
                    "app_registration_endpoint": format!("{base}/api/v1/apps"),
                    "code_challenge_methods_supported": ["S256"],
                }),
            ),
            "/api/v1/apps" => Reply::of(
                200,
                json!({ "client_id": "app-id", "client_secret": APP_SECRET, "name": "Bowerbird" }),
            ),
            "/api/v1/accounts/verify_credentials" if self.is_signed(asked) => Reply::of(
                200,
                json!({ "id": "34", "acct": "wren", "username": "wren" }),
            ),
            _ => Reply::of(401, json!({ "error": "The access token is invalid" })),
        }
    }

    fn bluesky(&mut self, path: &str, asked: &Asked) -> Reply {
        let session = |state: &Self| json!({ "accessJwt": jwt(&access(state.pair), state.lasts), "refreshJwt": jwt(&refresh(state.pair), 7_776_000), "did": "did:plc:wren", "handle": "wren.example" });
        let token = asked
            .header("authorization")
            .trim_start_matches("Bearer ")
            .to_owned();
        match path.trim_start_matches("/xrpc/com.atproto.") {
            "identity.resolveHandle" if asked.parameter("handle") == "wren.example" => {
                Reply::of(200, json!({ "did": "did:plc:wren" }))
            }
            "identity.resolveHandle" => Reply::of(
                400,
                json!({ "error": "InvalidRequest", "message": "Unable to resolve handle" }),
            ),
            "/did:plc:wren" => Reply::of(
                200,
                json!({
                    "id": "did:plc:wren",
                    "alsoKnownAs": ["at://wren.example"],
                    "service": [{ "id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.base_url }],
                }),
            ),
            "server.createSession" if asked.body.contains(APP_PASSWORD) => {
                Reply::of(200, session(self))
            }
            "server.refreshSession" if self.renew(&token) => Reply::of(200, session(self)),
            "server.refreshSession" => Reply::of(
                400,
                json!({ "error": "ExpiredToken", "message": "Token has been revoked" }),
            ),
            "server.getSession" if self.is_signed(asked) => Reply::of(
                200,
                json!({ "did": "did:plc:wren", "handle": "wren.example" }),
            ),
            "server.deleteSession" => {
                self.revoked
                    .push(token.split('.').next().unwrap_or_default().to_owned());
                Reply::of(200, "")
            }
            _ => Reply::of(
                401,
                json!({ "error": "AuthenticationRequired", "message": "Invalid identifier or password" }),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_stands() {
        for before in ["", "k", "ke", "key:", "client:"] {
            let text = format!("{before}{APP_SECRET}");
            let text = base64::engine::general_purpose::STANDARD.encode(text);
            let found = marks().iter().filter(|mark| text.contains(*mark)).count();
            assert_eq!(found, 1, "{text}");
        }
    }
}
