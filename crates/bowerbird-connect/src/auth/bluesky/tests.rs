//! Bluesky's way in: where an account is, and a session there.

use super::*;
use crate::auth::service::{Revoked, revoke};
use crate::testing::{APP_PASSWORD, MARK, Reply, SignInStandIn};

fn bluesky(service: &SignInStandIn) -> BlueskySignIn {
    BlueskySignIn::new(&service.base_url(), &service.base_url()).unwrap()
}

#[tokio::test]
async fn a_handle_leads_to_its_server_and_a_session_there() {
    let service = SignInStandIn::start();
    let bluesky = bluesky(&service);
    let server = bluesky.server_of("wren.example").await.unwrap();
    assert_eq!(server, service.base_url());
    assert_eq!(bluesky.server_of("did:plc:wren").await.unwrap(), server);
    let password = SecretString::from(APP_PASSWORD);
    let session = bluesky
        .session(&server, "wren.example", &password, None)
        .await
        .unwrap();
    assert_eq!(
        (session.account.as_str(), session.account_id.as_str()),
        ("@wren.example", "did:plc:wren")
    );
    assert!(!session.write().expose_secret().contains(APP_PASSWORD));
    let lasts = session
        .pair()
        .unwrap()
        .expires_at
        .unwrap()
        .since(Time::now());
    assert!((7_100..=7_200).contains(&lasts.as_secs()), "{lasts:?}");
    assert_eq!(revoke(&session, None).await.unwrap(), Revoked::AtTheService);
}

#[tokio::test]
async fn a_password_goes_to_no_server_that_only_claims_the_handle() {
    let service = SignInStandIn::start();
    let document = r##"{"alsoKnownAs":["at://somebody.else"],"service":[{"id":"#atproto_pds","serviceEndpoint":"https://thief.example"}]}"##;
    service.answer_with("/did:plc:wren", [Reply::of(200, document)]);
    let error = bluesky(&service)
        .server_of("wren.example")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing was sent"), "{error}");
    let unknown = bluesky(&service)
        .server_of("nobody.example")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("Unable to resolve handle") && unknown.contains("--pds"),
        "{unknown}"
    );
    for did in ["did:key:z6Mk", "did:web:a/b", "did:plc:../x"] {
        assert!(bluesky(&service).server_of(did).await.is_err(), "{did}");
    }
}

#[tokio::test]
async fn wrong_passwords_and_second_factors_are_told() {
    let service = SignInStandIn::start();
    let base = service.base_url();
    let path = "/xrpc/com.atproto.server.createSession";
    let ask = async |password: &str, code: Option<&str>| {
        let password = SecretString::from(password.to_owned());
        let outcome = bluesky(&service)
            .session(&base, "wren.example", &password, code)
            .await;
        outcome.unwrap_err()
    };
    let wrong = ask("MARKED5ECRET-wrong", None).await.to_string();
    assert!(
        wrong.contains("app password") && !wrong.contains(MARK),
        "{wrong}"
    );
    let factor = r#"{"error":"AuthFactorTokenRequired","message":"A sign in code has been sent to your email address"}"#;
    service.answer_with(path, [Reply::of(401, factor)]);
    let said = ask(APP_PASSWORD, None).await.to_string();
    assert!(said.contains("AuthFactorTokenRequired"), "{said}");
    service.answer_with(path, [Reply::of(429, "")]);
    assert!(matches!(
        ask(APP_PASSWORD, None).await,
        SignInError::Unavailable(_)
    ));
}
