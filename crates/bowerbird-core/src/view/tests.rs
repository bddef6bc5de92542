use proptest::prelude::*;

use super::*;

/// As it is defined: from the beginning, each time.
fn naive(text: &str, offset: usize) -> u32 {
    let begun = text.char_indices().take_while(|(at, _)| *at < offset);
    u32::try_from(begun.count()).unwrap()
}

proptest! {
    #[test]
    fn code_points_are_counted_as_by_walking(text in "(a|é|猫|🐦|[ -~]{9}){0,120}") {
        let codepoints = Codepoints::of(&text);
        for offset in (0..text.len() + 3).rev() {
            prop_assert_eq!(codepoints.at(offset), naive(&text, offset), "{} of {:?}", offset, text);
        }
    }
}

#[test]
fn no_offset_is_far_from_a_known_place() {
    let text = "鳥が鳴く".repeat(6_000);
    let codepoints = Codepoints::of(&text);
    for offset in 0..=text.len() {
        let (_, rest) = codepoints.nearest(offset);
        assert!(rest.len() <= STRIDE, "{} bytes to {offset}", rest.len());
    }
    assert_eq!(codepoints.at(text.len()), 24_000);
}

#[test]
fn ranges_and_entities_count_code_points() {
    let text = "é #猫 x";
    let tag = Entity::new(crate::event::EntityKind::Hashtag, "猫", 3..7);
    assert_eq!(entity_views(&[tag], text)[0].span, [2, 4]);
    assert_eq!(code_points(text, &[3..7, 8..9]), [[2, 4], [5, 6]]);
    assert_eq!(code_points(text, &[]), [[0; 2]; 0]);
}
