//! X's three ways in, and every refusal on them.

use super::*;
use crate::auth::service::{Revoked, revoke};
use crate::testing::{APP_SECRET, MARK, PIN, Reply, SignInStandIn};

fn sign_in(service: &SignInStandIn) -> XSignIn {
    let base = service.base_url();
    XSignIn::new(&base, &format!("{base}/i/oauth2/authorize")).unwrap()
}

const REDIRECT: &str = "http://127.0.0.1:8701/callback";

fn begin(x: &XSignIn) -> Started {
    x.begin("client-id", Some(APP_SECRET.into()), REDIRECT, X_SCOPES)
        .unwrap()
}

fn refused(outcome: Result<Credential, SignInError>) -> String {
    match outcome.unwrap_err() {
        SignInError::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn oauth_2_with_proof_of_who_began_it() {
    let service = SignInStandIn::start();
    let x = sign_in(&service);
    let started = begin(&x);
    assert!(!started.url.contains(MARK) && !started.url.contains(started.verifier.expose_secret()));
    let redirect = service.say_yes(&started.url);
    assert!(redirect.contains(&format!("state={}", started.state)));
    let credential = x.finish(started, PIN).await.unwrap();
    assert_eq!(
        (credential.account.as_str(), credential.account_id.as_str()),
        ("@wren", "12")
    );
    assert!(credential.rotates());
    let token = &service.seen()[0];
    assert!(token.header("authorization").starts_with("Basic "));
    assert_eq!(token.parameter("redirect_uri"), REDIRECT);
    assert_eq!(
        revoke(&credential, None).await.unwrap(),
        Revoked::AtTheService
    );
    let both = [format!("{MARK}-refresh-1"), format!("{MARK}-access-1")];
    assert_eq!(service.revoked(), both);
}

#[tokio::test]
async fn a_wrong_code_a_wrong_verifier_and_no_refresh_token() {
    let service = SignInStandIn::start();
    let x = sign_in(&service);
    let said = refused(x.finish(begin(&x), "MARKED5ECRET-wrong").await);
    assert!(
        said.contains("invalid_grant") && said.contains("begin again") && !said.contains(MARK),
        "{said}"
    );
    // The person said yes to another sign-in than the one that is finished.
    service.say_yes(&begin(&x).url);
    refused(x.finish(begin(&x), PIN).await);
    let started = begin(&x);
    service.answer_with(
        "/2/oauth2/token",
        [Reply::of(200, r#"{"access_token":"MARKED5ECRET"}"#)],
    );
    let said = refused(x.finish(started, PIN).await);
    assert!(
        said.contains("offline.access") && !said.contains(MARK),
        "{said}"
    );
    service.answer_with("/2/oauth2/token", [Reply::of(502, "<html>")]);
    let error = x.finish(begin(&x), PIN).await.unwrap_err();
    assert!(matches!(error, SignInError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn oauth_1_by_pin() {
    let service = SignInStandIn::start();
    let x = sign_in(&service);
    let started = x.begin_pin("key", APP_SECRET.into()).await.unwrap();
    assert!(
        started
            .url
            .ends_with("/oauth/authorize?oauth_token=request-token")
    );
    let said = refused(x.finish_pin(started, "1234567").await);
    assert!(
        said.contains("code 32") && said.contains("begin again"),
        "{said}"
    );
    let started = x.begin_pin("key", APP_SECRET.into()).await.unwrap();
    let credential = x.finish_pin(started, PIN).await.unwrap();
    assert_eq!(credential.account, "@wren");
    assert!(!credential.rotates());
    assert_eq!(
        revoke(&credential, None).await.unwrap(),
        Revoked::AtTheService
    );
    for asked in service.seen() {
        assert!(
            asked.header("authorization").starts_with("OAuth "),
            "{asked:?}"
        );
        assert!(!asked.header("authorization").contains(APP_SECRET));
    }
    service.answer_with(
        "/oauth/request_token",
        [Reply::of(
            401,
            r#"{"errors":[{"code":32,"message":"Could not authenticate you MARKED5ECRET-app"}]}"#,
        )],
    );
    let error = x
        .begin_pin("key", APP_SECRET.into())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("API key and secret") && !error.contains(MARK),
        "{error}"
    );
    service.answer_with("/oauth/request_token", [Reply::of(200, "<html>")]);
    assert!(x.begin_pin("key", APP_SECRET.into()).await.is_err());
}

#[tokio::test]
async fn an_app_gets_its_own_token_and_its_secret_is_not_kept() {
    let service = SignInStandIn::start();
    let x = sign_in(&service);
    let secret = SecretString::from("MARKED5ECRET/+ü");
    let credential = x.app_only("ke y", &secret).await.unwrap();
    let header = service.seen()[0].header("authorization").to_owned();
    let basic = base64::engine::general_purpose::STANDARD
        .decode(header.trim_start_matches("Basic "))
        .unwrap();
    assert_eq!(
        String::from_utf8(basic).unwrap(),
        "ke%20y:MARKED5ECRET%2F%2B%C3%BC"
    );
    let text = credential.write();
    assert!(!text.expose_secret().contains("/+ü"));
    assert_eq!(
        credential.bearer().unwrap().expose_secret(),
        format!("{MARK}-app-only")
    );
    assert!(matches!(
        revoke(&credential, None).await.unwrap(),
        Revoked::ByHand(_)
    ));
    let app = Some(("key", &secret));
    assert_eq!(
        revoke(&credential, app).await.unwrap(),
        Revoked::AtTheService
    );
}

#[tokio::test]
async fn an_app_s_secret_is_not_told_as_it_was_sent_either() {
    let service = SignInStandIn::start();
    let x = sign_in(&service);
    let careless = || {
        Reply::of(
            401,
            r#"{"error":"no","error_description":"you sent {sent}"}"#,
        )
    };
    let secret = SecretString::from(APP_SECRET);
    service.answer_with("/oauth2/token", [careless()]);
    let app = x.app_only("key", &secret).await.unwrap_err();
    service.answer_with("/2/oauth2/token", [careless()]);
    let started = x.begin(
        "key",
        Some(secret.clone()),
        "http://127.0.0.1:1/callback",
        X_SCOPES,
    );
    let user = x.finish(started.unwrap(), PIN).await.unwrap_err();
    let sent = http::basic("key", APP_SECRET);
    for error in [app, user] {
        let said = error.to_string();
        assert!(said.contains("Basic …") && !said.contains(&sent), "{said}");
        assert!(!said.contains(MARK), "{said}");
    }
}

#[test]
fn the_challenge_is_that_of_rfc_7636() {
    assert_eq!(
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}
