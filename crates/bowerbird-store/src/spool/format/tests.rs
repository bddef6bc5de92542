//! The format's promises about damage.

use proptest::prelude::*;

use super::*;

fn frame(nonce: u32, texts: &[&str]) -> Vec<u8> {
    let records: Vec<Bytes> = texts
        .iter()
        .map(|t| Bytes::copy_from_slice(t.as_bytes()))
        .collect();
    let line = |record: &Bytes| RecordLine {
        key: 7,
        len: record.len() as u32,
    };
    let head = Head {
        first: 5,
        records: records.iter().map(line).collect(),
        ..Head::default()
    };
    encode_frame(nonce, &head, &records)
}

fn read(bytes: &[u8], nonce: u32) -> Result<RawFrame, BadFrame> {
    read_frame(&mut &*bytes, nonce, bytes.len() as u64).unwrap()
}

#[test]
fn a_header_reads_back_and_any_flipped_bit_is_seen() {
    let header = Header {
        nonce: 1,
        number: 2,
        after: 1,
        base: 4,
    };
    let bytes = header.encode();
    assert_eq!(bytes.len(), HEADER);
    assert_eq!(Header::decode(&bytes), Ok(header));
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Header::decode(&bytes).is_err(), "bit {bit}");
    }
    for end in 0..bytes.len() {
        assert!(Header::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_frame_reads_back_and_any_flipped_bit_or_cut_is_seen() {
    let bytes = frame(9, &["one", "", "three"]);
    let found = read(&bytes, 9).unwrap();
    assert_eq!(
        (found.size, &*found.data),
        (bytes.len() as u64, &b"onethree"[..])
    );
    assert_eq!(found.head.end(), 8);
    assert_eq!(read(&bytes, 8).unwrap_err(), BadFrame::Header);
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let bad = read(&bytes, 9).unwrap_err();
        assert_ne!(bad, BadFrame::Cut, "bit {bit} looks like a torn end");
        assert!(
            !has_unwritten_sector(&bytes, 0),
            "bit {bit} looks like a torn end"
        );
    }
    for end in 0..bytes.len() {
        assert_eq!(
            read(&bytes[..end], 9).unwrap_err(),
            BadFrame::Cut,
            "cut at {end}"
        );
    }
}

#[test]
fn a_frame_is_found_behind_damage_and_no_foreign_one() {
    let mut bytes = b"damage".to_vec();
    bytes.extend(frame(3, &["from outside"]));
    let at = bytes.len();
    bytes.extend(frame(9, &["ours"]));
    assert_eq!(find_frame(&bytes, 9), Some(at));
    assert_eq!(find_frame(&bytes[..bytes.len() - 1], 9), None);
    assert_eq!(find_nonce(&bytes[at..]), Some(9));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), is_frame: bool) {
        let mut all = if is_frame { frame(9, &["x"]) } else { Vec::new() };
        all.truncate(24);
        all.extend(&bytes);
        let _ = read(&all, 9);
        let _ = Header::decode(&bytes);
        let _ = find_frame(&all, 9);
        let _ = find_nonce(&all);
        let _ = has_unwritten_sector(&all, bytes.len() as u64);
    }
}
