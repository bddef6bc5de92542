use super::*;

#[test]
fn a_hash_knows_its_password_and_no_other() {
    let hash = hash_password("correct horse").unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert!(is_right("correct horse", &hash));
    assert!(!is_right("correct horsf", &hash));
    assert_ne!(hash, hash_password("correct horse").unwrap());
}

#[test]
fn the_hash_for_nobody_is_one_that_takes_as_long() {
    let hash = PasswordHash::new(NOBODY).unwrap();
    let ours = hash_password("correct horse").unwrap();
    let ours = PasswordHash::new(&ours).unwrap();
    assert_eq!(hash.params.to_string(), ours.params.to_string());
    assert!(!is_right("correct horse", NOBODY));
}

#[test]
fn too_short_is_said() {
    assert_eq!(
        hash_password("short").unwrap_err(),
        "a password has at least 10 characters"
    );
}
