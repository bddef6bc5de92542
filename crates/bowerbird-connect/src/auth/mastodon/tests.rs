//! Mastodon's way in, at a server that wants proof and at an old one.

use super::*;
use crate::auth::service::{Revoked, revoke};
use crate::testing::{APP_SECRET, MARK, Reply, SignInStandIn};

async fn signed_in(service: &SignInStandIn) -> Credential {
    let mastodon = MastodonSignIn::new(&service.base_url()).unwrap();
    let started = mastodon.begin(MASTODON_SCOPES).await.unwrap();
    assert!(!started.url.contains(APP_SECRET), "{}", started.url);
    let code = service.say_yes(&started.url);
    mastodon.finish(started, &code).await.unwrap()
}

#[tokio::test]
async fn the_app_registers_itself_and_a_code_becomes_a_token() {
    let service = SignInStandIn::start();
    let credential = signed_in(&service).await;
    let host = service.base_url().replace("http://", "");
    assert_eq!(credential.account, format!("@wren@{host}"));
    assert!(!credential.rotates());
    let verifiers = service.seen();
    assert!(
        verifiers
            .iter()
            .any(|asked| !asked.parameter("code_verifier").is_empty())
    );
    assert_eq!(
        revoke(&credential, None).await.unwrap(),
        Revoked::AtTheService
    );
    assert_eq!(service.revoked(), [format!("{MARK}-access-1")]);
}

#[tokio::test]
async fn a_server_of_before_4_3_is_asked_at_the_usual_places() {
    let service = SignInStandIn::start();
    service.be_old();
    signed_in(&service).await;
    let asked = service.seen();
    assert!(
        asked
            .iter()
            .all(|asked| asked.parameter("code_verifier").is_empty())
    );
}

#[tokio::test]
async fn wrong_codes_and_servers_are_told() {
    let service = SignInStandIn::start();
    let mastodon = MastodonSignIn::new(&service.base_url()).unwrap();
    let started = mastodon.begin("read").await.unwrap();
    let error = mastodon
        .finish(started, "MARKED5ECRET-wrong")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("copy all of it") && !error.contains(MARK),
        "{error}"
    );
    // Whoever names an address that everybody can listen in on gets no secret.
    let places = r#"{"authorization_endpoint":"https://a.example/","token_endpoint":"http://a.example/token"}"#;
    service.answer_with(
        "/.well-known/oauth-authorization-server",
        [Reply::of(200, places)],
    );
    let error = mastodon.begin("read").await.unwrap_err().to_string();
    assert!(error.contains("https://"), "{error}");
    for host in [
        "me@mastodon.example",
        "http://mastodon.example",
        "mastodon.example/@me",
        "",
    ] {
        assert!(MastodonSignIn::new(host).is_err(), "{host}");
    }
}
