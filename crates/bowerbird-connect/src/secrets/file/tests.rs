//! The folder of secrets: its rights, what people put there by hand, and what others may not do.

use super::*;
use bowerbird_core::testing::secret_suite;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[tokio::test]
async fn it_keeps_the_contract_and_its_rights() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/secrets");
    let store = FileSecrets::new(folder.clone(), false);
    secret_suite::all(&store).await;
    assert_eq!(mode(&folder), 0o700);
    let name = secret_suite::name("x-user");
    store.put(&name, &SecretString::from("1")).await.unwrap();
    assert_eq!(mode(&folder.join("x-user")), 0o600);
    // A file that was open to others is not so any more once it is written anew.
    std::fs::set_permissions(
        folder.join("x-user"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    store.put(&name, &SecretString::from("2")).await.unwrap();
    assert_eq!(mode(&folder.join("x-user")), 0o600);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside: {left:?}");
}

#[tokio::test]
async fn what_people_and_container_runtimes_put_there_is_read() {
    let home = tempfile::tempdir().unwrap();
    let store = FileSecrets::new(home.path().to_owned(), false);
    std::fs::create_dir(home.path().join("..data")).unwrap();
    std::fs::create_dir(home.path().join("folder")).unwrap();
    std::fs::write(home.path().join("..data/token"), "s3cret\n").unwrap();
    std::fs::write(home.path().join("README"), "not a name").unwrap();
    std::os::unix::fs::symlink("..data/token", home.path().join("token")).unwrap();
    let name = secret_suite::name("token");
    let found = store.get(&name).await.unwrap().unwrap();
    assert_eq!(found.expose_secret(), "s3cret");
    assert_eq!(store.list().await.unwrap(), [name]);
    std::fs::write(home.path().join("empty"), "\n").unwrap();
    let error = store.get(&secret_suite::name("empty")).await.unwrap_err();
    assert!(error.to_string().contains("empty: it is empty"), "{error}");
}

#[tokio::test]
async fn a_folder_that_others_may_write_takes_no_secret() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let store = FileSecrets::new(home.path().to_owned(), false);
    let name = secret_suite::name("x-user");
    let refused = store.put(&name, &SecretString::from("1")).await;
    let asked = store.can_put(&name).await;
    for answer in [refused, asked] {
        let error = answer.unwrap_err();
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
    assert!(store.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_killed_process_left_is_removed_and_what_is_being_written_is_not() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let (old, new) = (
        home.path().join(".writing-old"),
        home.path().join(".writing-new"),
    );
    for path in [&old, &new] {
        std::fs::write(path, "half a sec").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
    File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let store = FileSecrets::new(home.path().to_owned(), false);
    let name = secret_suite::name("x-user");
    store.put(&name, &SecretString::from("1")).await.unwrap();
    assert!(!old.try_exists().unwrap() && new.try_exists().unwrap());
    assert_eq!(store.list().await.unwrap(), [name]);
}

#[test]
fn a_new_folder_is_brought_to_the_disk_in_each_folder_that_names_a_new_one() {
    let home = tempfile::tempdir().unwrap();
    let (home, data) = (home.path(), home.path().join("data"));
    let folder = data.join("secrets");
    assert_eq!(named_in(&folder), [data.as_path(), home]);
    std::fs::create_dir(&data).unwrap();
    assert_eq!(named_in(&folder), [data.as_path()]);
    make(&folder).unwrap();
    assert!(named_in(&folder).is_empty());
    let here = Path::new("no-such-folder-is-here/secrets");
    assert_eq!(named_in(here), [here.parent().unwrap(), Path::new(".")]);
}
