use super::*;

fn posts() -> Vec<Vec<u8>> {
    let post = |n: u64| {
        format!(
            r#"{{"data":{{"id":"{}","text":"post {n} about {} and birds","author_id":"{}","lang":"en"}}}}"#,
            n * 7_919,
            n % 97,
            n % 13
        )
    };
    (0..3_000).map(|n| post(n).into_bytes()).collect()
}

#[test]
fn bytes_come_back_with_and_without_a_dictionary() {
    let codec = RawCodec::default();
    let samples = posts();
    let plain = codec.packer("x").pack(&samples[0]).to_vec();
    let bytes = train(&samples).expect("three thousand alike posts make a dictionary");
    let number = dictionary_number(&bytes).expect("a trained dictionary has a number");
    codec.add(&Dictionary {
        number,
        service: "x".into(),
        bytes,
    });
    let packed = codec.packer("x").pack(&samples[1]).to_vec();
    assert!(
        packed.len() < plain.len(),
        "{} is not less than {}",
        packed.len(),
        plain.len()
    );
    assert_eq!(codec.unpack(&plain).unwrap(), samples[0]);
    assert_eq!(codec.unpack(&packed).unwrap(), samples[1]);
    assert_eq!(codec.unpack(codec.packer("other").pack(b"")).unwrap(), b"");
    assert_eq!(
        RawCodec::default().unpack(&packed),
        Err(RawError::UnknownDictionary(number))
    );
}

#[test]
fn damage_is_an_error_and_never_other_bytes() {
    let codec = RawCodec::default();
    let packed = codec
        .packer("x")
        .pack(b"the bytes of a post, as they came, the bytes of a post")
        .to_vec();
    for index in 0..packed.len() {
        let mut damaged = packed.clone();
        damaged[index] ^= 0x55;
        if let Ok(bytes) = codec.unpack(&damaged) {
            assert_eq!(
                bytes, b"the bytes of a post, as they came, the bytes of a post",
                "flipped byte {index}"
            );
        }
    }
    for end in 0..packed.len() {
        assert!(codec.unpack(&packed[..end]).is_err(), "cut at {end}");
    }
}
