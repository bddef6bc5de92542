//! Renewals: one for all users, kept before use, and made up for after every kind of break.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use bowerbird_core::memory::MemorySecrets;
use bowerbird_core::testing::secret_suite;
use secrecy::ExposeSecret;

use super::*;
use crate::auth::Access;
use crate::auth::bluesky::BlueskySignIn;
use crate::auth::credential::{Client, Grant};
use crate::testing::{APP_PASSWORD, MARK, Reply, SignInStandIn, Way};

const TOKEN_PATH: &str = "/2/oauth2/token";

/// A store whose disk can be full, and that tells what was put.
#[derive(Debug, Default)]
struct Disk {
    kept: MemorySecrets,
    is_full: AtomicBool,
    /// Full as soon as a note is written: the answer that follows finds no room.
    fills_after_note: AtomicBool,
    /// Can't be read for the moment.
    is_unreadable: AtomicBool,
    /// Takes nothing for the moment.
    is_read_only: AtomicBool,
}

#[async_trait]
impl SecretStore for Disk {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        if self.is_unreadable.load(Ordering::SeqCst) {
            return Err(SecretError::Refused("too many open files".to_owned()));
        }
        self.kept.get(name).await
    }
    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError> {
        if self.is_read_only.load(Ordering::SeqCst) {
            return Err(SecretError::ReadOnly("read-only file system".to_owned()));
        }
        if self.is_full.load(Ordering::SeqCst) {
            return Err(SecretError::Refused("the disk is full".to_owned()));
        }
        if self.fills_after_note.swap(false, Ordering::SeqCst) {
            self.is_full.store(true, Ordering::SeqCst);
        }
        self.kept.put(name, secret).await
    }
    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        self.kept.remove(name).await
    }
    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        self.kept.list().await
    }
    async fn can_put(&self, name: &SecretName) -> Result<(), SecretError> {
        self.kept.can_put(name).await
    }
}

fn name() -> SecretName {
    secret_suite::name("x-user")
}

/// A sign-in at the stand-in with its first pair, whose access token has ended.
fn ended(service: &SignInStandIn) -> Credential {
    let base = service.base_url();
    let client = Client {
        id: "client".to_owned(),
        secret: "".into(),
        token_url: format!("{base}{TOKEN_PATH}"),
        revoke_url: format!("{base}/2/oauth2/revoke"),
    };
    let pair = Pair {
        access: format!("{MARK}-access-1").as_str().into(),
        refresh: format!("{MARK}-refresh-1").as_str().into(),
        expires_at: Some(Time::now()),
        renewal: None,
    };
    Credential::new("x", &base, Time(0), Grant::Oauth2 { client, pair })
}

async fn keep(disk: &Arc<Disk>, credential: &Credential) -> Access {
    disk.kept.put(&name(), &credential.write()).await.unwrap();
    open(disk).await
}

/// What a process does that starts: reads the secret from the store.
async fn open(disk: &Arc<Disk>) -> Access {
    let secret = disk.kept.get(&name()).await.unwrap().unwrap();
    let store = Arc::clone(disk) as Arc<dyn SecretStore>;
    Access::new(&name(), &store, &secret).unwrap()
}

async fn kept(disk: &Disk) -> Credential {
    Credential::read(&disk.kept.get(&name()).await.unwrap().unwrap()).unwrap()
}

async fn token(access: &Access) -> Result<String, SourceError> {
    let (Access::Oauth2(tokens) | Access::Session(tokens)) = access else {
        panic!("not a sign-in that rotates")
    };
    let token = tokens.token(None).await?;
    Ok(token.expose_secret().to_owned())
}

fn access_of(pair: u64) -> String {
    format!("{MARK}-access-{pair}")
}

/// Lets the note in the store be as old as one that was left by a process that is gone.
async fn age_note(disk: &Disk) {
    let mut credential = kept(disk).await;
    let pair = credential.pair_mut().unwrap();
    let note = pair.renewal.as_mut().unwrap();
    note.at = note.at.minus(NOTE_HOLDS);
    note.by = "a process that is gone".to_owned();
    disk.kept.put(&name(), &credential.write()).await.unwrap();
}

#[tokio::test]
async fn many_users_at_once_make_one_renewal_and_it_is_kept() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    let all = (0..50).map(|_| {
        let access = access.clone();
        tokio::spawn(async move { token(&access).await.unwrap() })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), access_of(2));
    }
    assert_eq!(service.renewals(), 1);
    let pair = kept(&disk).await.pair().unwrap().clone();
    assert_eq!(pair.access.expose_secret(), access_of(2));
    assert_eq!(pair.refresh.expose_secret(), format!("{MARK}-refresh-2"));
    assert_eq!(pair.renewal, None);
    assert!(pair.expires_at.unwrap().since(Time::now()) > Duration::from_secs(7_000));
    // A second process on the store has it without asking.
    assert_eq!(token(&open(&disk).await).await.unwrap(), access_of(2));
    assert_eq!(service.renewals(), 1);
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_break_a_renewal_off() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    {
        let mut asked = std::pin::pin!(token(&access));
        // Dropped at its first wait, which is for the renewal.
        let first = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
        assert!(first.is_pending());
    }
    while kept(&disk).await.pair().unwrap().access.expose_secret() != access_of(2) {
        tokio::task::yield_now().await;
    }
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    assert_eq!(service.renewals(), 1);
}

#[tokio::test]
async fn a_new_token_that_cannot_be_kept_is_not_used_and_not_forgotten() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    disk.fills_after_note.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let error = token(&access).await.unwrap_err();
        assert!(matches!(error, SourceError::Retry { .. }), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains("the disk is full") && said.contains("do not end"),
            "{said}"
        );
        assert!(!said.contains(MARK), "{said}");
    }
    assert_eq!(
        service.renewals(),
        1,
        "the service is not asked again meanwhile"
    );
    disk.is_full.store(false, Ordering::SeqCst);
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    assert_eq!(
        kept(&disk).await.pair().unwrap().access.expose_secret(),
        access_of(2)
    );
}

#[tokio::test]
async fn a_new_token_is_held_whatever_the_store_says_meanwhile() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    disk.fills_after_note.store(true, Ordering::SeqCst);
    assert!(token(&access).await.is_err());
    disk.is_full.store(false, Ordering::SeqCst);
    for (trouble, words) in [
        (&disk.is_unreadable, "too many open files"),
        (&disk.is_read_only, "read-only"),
    ] {
        trouble.store(true, Ordering::SeqCst);
        let error = token(&access).await.unwrap_err();
        assert!(matches!(error, SourceError::Retry { .. }), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains(words) && said.contains("do not end"),
            "{said}"
        );
        trouble.store(false, Ordering::SeqCst);
    }
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    assert_eq!(service.renewals(), 1);
}

#[tokio::test]
async fn a_note_of_another_process_does_not_cost_the_only_good_token() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    disk.fills_after_note.store(true, Ordering::SeqCst);
    assert!(token(&access).await.is_err());
    disk.is_full.store(false, Ordering::SeqCst);
    // Another one found our note too old, wrote its own, and was refused.
    age_note(&disk).await;
    let other = open(&disk).await;
    let error = token(&other).await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error:?}");
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    let pair = kept(&disk).await.pair().unwrap().clone();
    assert_eq!(pair.access.expose_secret(), access_of(2));
    assert_eq!(pair.renewal, None);
    assert_eq!(token(&other).await.unwrap(), access_of(2), "taken up there");
}

#[tokio::test]
async fn what_another_process_read_before_our_renewal_does_not_replace_it() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let before = ended(&service);
    let access = keep(&disk, &before).await;
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    // It looked before we had put ours, and wrote after.
    disk.kept.put(&name(), &before.write()).await.unwrap();
    let Access::Oauth2(tokens) = &access else {
        panic!("{access:?}")
    };
    let refused = SecretString::from(access_of(2));
    let next = tokens.token(Some(&refused)).await.unwrap();
    assert_eq!(next.expose_secret(), access_of(3));
    let pair = kept(&disk).await.pair().unwrap().clone();
    assert_eq!(pair.access.expose_secret(), access_of(3));
}

#[tokio::test]
async fn what_says_nothing_of_the_tokens_does_not_end_a_sign_in() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    let passing = [
        Reply::of(403, r#"{"error":"forbidden"}"#),
        Reply::of(404, "<html>"),
        Reply::of(301, ""),
        Reply::of(200, "<html>sign in to this network first"),
        Reply::of(401, "<html>"),
        Reply::of(400, r#"{"error":"try again"}"#),
    ];
    for reply in passing {
        let shown = format!("{reply:?}");
        service.answer_with(TOKEN_PATH, [reply]);
        let error = token(&access).await.unwrap_err();
        assert!(
            matches!(error, SourceError::Retry { .. }),
            "{shown}: {error:?}"
        );
        assert!(!error.to_string().ends_with("; "), "{error}");
    }
    assert_eq!(token(&access).await.unwrap(), access_of(2));
}

#[tokio::test]
async fn a_token_that_waits_to_be_kept_does_not_undo_what_a_person_did_meanwhile() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    disk.fills_after_note.store(true, Ordering::SeqCst);
    assert!(token(&access).await.is_err());
    disk.is_full.store(false, Ordering::SeqCst);
    // Signed in anew …
    let mut anew = ended(&service);
    *anew.pair_mut().unwrap() = Pair {
        access: "anew".into(),
        refresh: "next".into(),
        expires_at: None,
        renewal: None,
    };
    disk.kept.put(&name(), &anew.write()).await.unwrap();
    assert_eq!(token(&access).await.unwrap(), "anew");
    assert_eq!(
        kept(&disk).await.pair().unwrap().refresh.expose_secret(),
        "next"
    );
    // … and revoked.
    disk.kept.remove(&name()).await.unwrap();
    let refused = SecretString::from("anew");
    let Access::Oauth2(tokens) = &access else {
        panic!("{access:?}")
    };
    let error = tokens.token(Some(&refused)).await.unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
    assert!(disk.kept.get(&name()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_takes_no_note_keeps_the_service_from_being_asked() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    disk.is_full.store(true, Ordering::SeqCst);
    assert!(token(&access).await.is_err());
    assert_eq!(service.renewals(), 0);
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn after_a_crash_in_the_middle_the_grace_period_brings_the_session_back() {
    let service = SignInStandIn::start();
    service.give_grace();
    let base = service.base_url();
    let disk = Arc::new(Disk::default());
    let bluesky = BlueskySignIn::new(&base, &base).unwrap();
    let password = SecretString::from(APP_PASSWORD);
    service.last_for(1);
    let session = bluesky
        .session(&base, "wren.example", &password, None)
        .await
        .unwrap();
    service.last_for(7_200);
    let access = keep(&disk, &session).await;
    // Carried out at the service, the answer lost: what a crash between both leaves in the store.
    service.lose_answer_of("/xrpc/com.atproto.server.refreshSession", Way::Cut);
    assert!(matches!(
        token(&access).await,
        Err(SourceError::Retry { .. })
    ));
    assert_eq!(service.renewals(), 1);
    drop(access);
    age_note(&disk).await;
    let token = token(&open(&disk).await).await.unwrap();
    assert!(token.starts_with(&access_of(2)), "{token}");
    assert_eq!(kept(&disk).await.pair().unwrap().renewal, None);
}

#[tokio::test]
async fn without_a_grace_period_it_is_said_what_was_lost_and_what_to_do() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    service.lose_answer_of(TOKEN_PATH, Way::Cut);
    assert!(matches!(
        token(&access).await,
        Err(SourceError::Retry { .. })
    ));
    // The same process goes on with the old token, and so does the next one.
    let here = token(&access).await.unwrap_err();
    let later = token(&open(&disk).await).await.unwrap_err();
    for error in [here, later] {
        assert!(matches!(error, SourceError::Stop { .. }), "{error:?}");
        let said = error.to_string();
        for words in [
            "invalid_request",
            "cut off before its answer was kept",
            "bowerbird auth",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains(MARK), "{said}");
    }
    // A person signs in again, under the same name: what runs takes it up.
    let mut anew = ended(&service);
    *anew.pair_mut().unwrap() = Pair {
        refresh: format!("{MARK}-refresh-2").as_str().into(),
        ..anew.pair().unwrap().clone()
    };
    disk.kept.put(&name(), &anew.write()).await.unwrap();
    assert_eq!(token(&access).await.unwrap(), access_of(3));
}

#[tokio::test]
async fn a_refresh_token_that_was_revoked_is_not_called_a_crash() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let mut credential = ended(&service);
    credential.pair_mut().unwrap().refresh = format!("{MARK}-refresh-0").as_str().into();
    let access = keep(&disk, &credential).await;
    for _ in 0..2 {
        let said = token(&access).await.unwrap_err().to_string();
        assert!(
            said.contains("revoked") && !said.contains("cut off"),
            "{said}"
        );
    }
    let asked = service.seen().len();
    assert_eq!(asked, 1, "what was refused is not asked again");
    // The next process is not told that somebody is at it, or was.
    let error = token(&open(&disk).await).await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error:?}");
    let said = error.to_string();
    assert!(
        said.contains("revoked") && !said.contains("cut off"),
        "{said}"
    );
}

#[tokio::test]
async fn another_process_that_renews_is_waited_for_and_its_token_taken_up() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    let mut noted = ended(&service);
    noted.pair_mut().unwrap().renewal = Some(Renewal {
        by: "another".to_owned(),
        at: Time::now(),
    });
    disk.kept.put(&name(), &noted.write()).await.unwrap();
    let error = token(&access).await.unwrap_err();
    assert!(error.to_string().contains("by another process"), "{error}");
    assert!(service.seen().is_empty());
    let mut renewed = ended(&service);
    *renewed.pair_mut().unwrap() = Pair {
        access: "theirs".into(),
        refresh: "next".into(),
        expires_at: Some(Time::now().plus(Duration::from_secs(7_200))),
        renewal: None,
    };
    disk.kept.put(&name(), &renewed.write()).await.unwrap();
    assert_eq!(token(&access).await.unwrap(), "theirs");
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn trouble_at_the_service_is_tried_again_and_a_token_refused_early_is_renewed() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    service.answer_with(TOKEN_PATH, [Reply::of(503, "<html>"), Reply::of(429, "")]);
    for _ in 0..2 {
        let error = token(&access).await.unwrap_err();
        assert!(matches!(error, SourceError::Retry { .. }), "{error:?}");
    }
    assert_eq!(token(&access).await.unwrap(), access_of(2));
    // The service ends the access token before its time: one 401, one renewal, one more request.
    service.end_access();
    let url = format!("{}/2/users/me", service.base_url());
    let request = http::client(&url).unwrap().get(url);
    let answer = access.send(request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(service.renewals(), 2);
}

#[tokio::test]
async fn while_a_renewal_fails_the_present_token_serves_to_its_end() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let mut soon = ended(&service);
    let end = Time::now().plus(EARLY / 2);
    soon.pair_mut().unwrap().expires_at = Some(end);
    let access = keep(&disk, &soon).await;
    service.answer_with(TOKEN_PATH, [Reply::of(503, ""), Reply::of(503, "")]);
    for _ in 0..3 {
        assert_eq!(token(&access).await.unwrap(), access_of(1));
    }
    assert_eq!(
        service.seen().len(),
        1,
        "no attempt follows another at once"
    );
    // A token that the service refuses is of no use, however long it would last.
    let Access::Oauth2(tokens) = &access else {
        panic!("{access:?}")
    };
    let refused = SecretString::from(access_of(1));
    assert!(tokens.token(Some(&refused)).await.is_err());
    assert_eq!(token(&access).await.unwrap(), access_of(1));
    let pair = kept(&disk).await.pair().unwrap().clone();
    let at = |time, margin| usable(&pair, None, time, margin);
    assert!(!at(end.minus(AT_LAST), AT_LAST) && at(end.minus(2 * AT_LAST), AT_LAST));
}

#[tokio::test]
async fn a_service_that_refuses_every_token_is_not_asked_for_more_without_end() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    let unauthorized = || Reply::of(401, r#"{"title":"Unauthorized"}"#);
    service.answer_with("/2/users/me", (0..5).map(|_| unauthorized()));
    let url = format!("{}/2/users/me", service.base_url());
    let client = http::client(&url).unwrap();
    let ask = async || access.send(client.get(&url)).await;
    assert_eq!(ask().await.unwrap().status().as_u16(), 401);
    for _ in 0..3 {
        let error = ask().await.unwrap_err();
        assert!(matches!(error, SourceError::Stop { .. }), "{error:?}");
        assert!(error.to_string().contains("refused too"), "{error}");
    }
    assert_eq!(
        service.renewals(),
        2,
        "one as it had ended, one as it was refused"
    );
}

#[test]
fn a_note_holds_for_a_while_by_any_clock() {
    let at = Time::from_millis(1_795_273_200_000);
    let note = Renewal {
        by: "x".to_owned(),
        at,
    };
    for (now, expected) in [
        (at, true),
        (at.plus(NOTE_HOLDS / 2), true),
        (at.plus(NOTE_HOLDS), false),
        (at.minus(NOTE_HOLDS / 2), true),
        (at.minus(NOTE_HOLDS), false),
    ] {
        assert_eq!(holds(&note, now), expected, "{now}");
    }
}

#[tokio::test]
async fn who_ends_the_process_waits_for_renewals_that_are_under_way() {
    let service = SignInStandIn::start();
    let disk = Arc::new(Disk::default());
    let access = keep(&disk, &ended(&service)).await;
    {
        let mut asked = std::pin::pin!(token(&access));
        let first = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
        assert!(first.is_pending());
    }
    settled().await;
    let pair = kept(&disk).await.pair().unwrap().clone();
    assert_eq!(pair.access.expose_secret(), access_of(2));
    assert_eq!(pair.renewal, None);
}
