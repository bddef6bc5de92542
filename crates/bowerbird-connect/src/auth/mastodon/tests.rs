//! Mastodon's way in, at a server that wants proof and at an old one.

use super::*;
use crate::auth::credential::Pair;
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
async fn other_software_has_its_front_page_everywhere_and_gives_tokens_that_end() {
    let service = SignInStandIn::start();
    let page = Reply::of(200, "<html>the front page");
    service.answer_with("/.well-known/oauth-authorization-server", [page]);
    let tokens = format!(
        r#"{{"access_token":"{MARK}-access-1","refresh_token":"{MARK}-refresh-1","expires_in":8640000}}"#
    );
    service.answer_with("/oauth/token", [Reply::of(200, tokens)]);
    let credential = signed_in(&service).await;
    // What a source takes, with its end.
    let token = credential.bearer().unwrap();
    assert_eq!(token.expose_secret(), format!("{MARK}-access-1"));
    let left = credential.ends_at().unwrap().since(Time::now());
    assert!(left.as_secs() > 8_600_000, "{left:?}");
    let again = Credential::read(&credential.write()).unwrap();
    assert_eq!(again.ends_at(), credential.ends_at());
}

#[tokio::test]
async fn where_a_server_names_no_way_to_revoke_nothing_is_sent() {
    let service = SignInStandIn::start();
    let base = service.base_url();
    let places = format!(
        r#"{{"authorization_endpoint":"{base}/oauth/authorize","token_endpoint":"{base}/oauth/token"}}"#
    );
    let known = "/.well-known/oauth-authorization-server";
    service.answer_with(known, [Reply::of(200, places)]);
    let mut credential = signed_in(&service).await;
    assert!(matches!(
        revoke(&credential, None).await,
        Ok(Revoked::ByHand(_))
    ));
    let Grant::Bearer { token, client, .. } = credential.grant else {
        panic!("no bearer token")
    };
    let pair = Pair {
        access: token.clone(),
        refresh: token,
        expires_at: None,
        renewal: None,
    };
    let client = client.unwrap();
    credential.grant = Grant::Oauth2 { client, pair };
    assert!(matches!(
        revoke(&credential, None).await,
        Ok(Revoked::ByHand(_))
    ));
    assert!(service.revoked().is_empty());
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
