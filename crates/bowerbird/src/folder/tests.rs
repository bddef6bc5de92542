use super::*;

#[test]
fn one_process_holds_it_and_the_next_is_told_who() {
    let home = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(&home.path().join("data"), Purpose::Main).unwrap();
    let held = folder.hold("run").unwrap().unwrap();
    let holder = folder.hold("demo").unwrap().unwrap_err();
    assert_eq!(
        holder.to_string(),
        format!("process {} (bowerbird run)", std::process::id())
    );
    drop(held);
    assert!(folder.hold("demo").unwrap().is_ok());
}

#[tokio::test]
async fn who_only_asks_is_waited_for_and_who_stays_is_not() {
    let home = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(home.path(), Purpose::Main).unwrap();
    let asking = folder.hold("top").unwrap().unwrap();
    let (taken, ()) = tokio::join!(folder.take("run"), async { drop(asking) });
    let _running = taken.unwrap();
    let refused = folder.take("demo").await.unwrap_err().to_string();
    assert!(refused.contains("(bowerbird run)"), "{refused}");
}

#[tokio::test]
async fn whoever_stands_by_is_told_once_who_holds_it_and_takes_over() {
    let home = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(home.path(), Purpose::Main).unwrap();
    let running = std::cell::RefCell::new(Some(folder.hold("run").unwrap().unwrap()));
    let told = std::cell::RefCell::new(Vec::new());
    let taken = folder.take_when_free("run", |holder| {
        told.borrow_mut().push(holder.to_string());
        drop(running.take());
    });
    let _held = taken.await.unwrap();
    assert_eq!(told.borrow().len(), 1, "{told:?}");
    assert!(told.borrow()[0].contains("(bowerbird run)"), "{told:?}");
}

#[test]
fn only_a_demo_s_folder_is_emptied() {
    let home = tempfile::tempdir().unwrap();
    let main = DataFolder::open(&home.path().join("main"), Purpose::Main).unwrap();
    let held = main.hold("run").unwrap().unwrap();
    std::fs::write(main.path().join("precious"), "").unwrap();
    assert!(main.clear(&held).is_err());
    assert!(DataFolder::open(main.path(), Purpose::Demo).is_err());

    let strange = home.path().join("strange");
    std::fs::create_dir(&strange).unwrap();
    std::fs::write(strange.join("letter.txt"), "").unwrap();
    assert!(DataFolder::open(&strange, Purpose::Demo).is_err());

    let demo = DataFolder::open(&home.path().join("demo"), Purpose::Demo).unwrap();
    let held = demo.hold("demo").unwrap().unwrap();
    std::fs::create_dir_all(demo.path().join("spool/deep")).unwrap();
    demo.clear(&held).unwrap();
    assert!(!demo.path().join("spool").try_exists().unwrap());
    assert!(DataFolder::open(demo.path(), Purpose::Demo).is_ok());
}

#[test]
fn a_mistyped_name_makes_no_folder() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("mistyped/data");
    let said = DataFolder::existing(&missing).unwrap_err();
    assert!(said.is::<Usage>(), "{said:?}");
    let said = said.to_string();
    let names = [missing.to_str().unwrap(), "--data", "`bowerbird run`"];
    assert!(names.iter().all(|name| said.contains(name)), "{said}");
    assert!(!home.path().join("mistyped").try_exists().unwrap());
    // What is there and not ours stays as it is.
    let said = DataFolder::existing(home.path()).unwrap_err().to_string();
    assert!(said.contains("is no data folder"), "{said}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    for purpose in [Purpose::Main, Purpose::Demo] {
        let path = home.path().join(purpose.mark().trim());
        DataFolder::open(&path, purpose).unwrap();
        assert!(DataFolder::existing(&path).is_ok());
    }
}

#[test]
fn the_folder_is_the_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(&home.path().join("a/b"), Purpose::Main).unwrap();
    let mode = std::fs::metadata(folder.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
