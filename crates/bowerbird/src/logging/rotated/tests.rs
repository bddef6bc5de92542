use super::*;

#[test]
fn full_files_move_on_and_the_oldest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = RotatedFile::open(folder.path(), 10, 2).unwrap();
    for line in ["first\n", "second\n", "third\n", "fourth\n"] {
        log.write_all(line.as_bytes()).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("bowerbird.log"), "fourth\n");
    assert_eq!(read("bowerbird.log.1"), "third\n");
    assert_eq!(read("bowerbird.log.2"), "second\n");
    assert!(!folder.path().join("bowerbird.log.3").try_exists().unwrap());
}
