//! The numbers by which words and names are compared before their letters are. Two words may share a number.

/// Bytes that are hashed together.
const LANE: usize = size_of::<u64>();

/// The bit that lower-case ASCII letters have and capitals have not; digits have it too.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// Spreads every bit of `x` over all bits.
pub(crate) fn spread(x: u64) -> u64 {
    let product = u128::from(x ^ 0x243f_6a88_85a3_08d3) * 0x9e37_79b9_7f4a_7c15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// The number of a word or a name.
pub(crate) fn hash_word(word: &str) -> u64 {
    if cfg!(test) && is_twin(word.as_bytes()) {
        return spread(0);
    }
    let (lanes, rest) = word.as_bytes().as_chunks();
    let hash = lanes
        .iter()
        .fold(0, |hash, lane| next(hash, u64::from_le_bytes(*lane)));
    match rest {
        [] if !lanes.is_empty() => hash,
        rest => next(hash, word_of(rest)),
    }
}

/// The number of the word of so many bytes, one at least, that begins at `start`.
#[inline(always)]
pub(crate) fn hash_in(text: &[u8], start: usize, length: usize) -> u64 {
    hash_with(text, start, length, 0)
}

/// The same of ASCII letters and digits, as they are in lower case.
#[inline(always)]
pub(crate) fn hash_lowered(text: &[u8], start: usize, length: usize) -> u64 {
    hash_with(text, start, length, LOWER)
}

#[inline(always)]
fn hash_with(text: &[u8], start: usize, length: usize, bits: u64) -> u64 {
    if cfg!(test) && is_twin(&text[start..start + length]) {
        return spread(0);
    }
    let (mut hash, mut at, mut left) = (0, start, length);
    while left > LANE {
        hash = next(hash, lane(text, at) | bits);
        at += LANE;
        left -= LANE;
    }
    let of_word = u64::MAX >> (8 * (LANE - left));
    next(hash, (lane(text, at) | bits) & of_word)
}

/// In tests, words that begin so have one number: nothing may be lost by it.
fn is_twin(word: &[u8]) -> bool {
    word.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"twin"))
}

fn next(hash: u64, lane: u64) -> u64 {
    spread(hash.rotate_left(23) ^ lane)
}

/// The eight bytes from `at` on, or as many as there are.
#[inline(always)]
fn lane(text: &[u8], at: usize) -> u64 {
    let rest = &text[at..];
    match rest.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => word_of(rest),
    }
}

/// Up to eight bytes as one number.
pub(crate) fn word_of(bytes: &[u8]) -> u64 {
    // Copying so few would be a call.
    let byte = |(at, byte): (usize, &u8)| u64::from(*byte) << (8 * at);
    bytes.iter().enumerate().map(byte).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{hash_in, hash_lowered, hash_word};

    proptest! {
        #[test]
        fn a_word_has_one_number_wherever_it_stands(before in ".{0,9}", word in ".{1,40}", after in "[a-z]{0,9}") {
            let text = format!("{before}{word}{after}");
            prop_assert_eq!(hash_in(text.as_bytes(), before.len(), word.len()), hash_word(&word));
        }

        #[test]
        fn and_whatever_its_case(before in ".{0,9}", word in "[a-zA-Z0-9]{1,40}", after in ".{0,9}") {
            let text = format!("{before}{word}{after}");
            let hash = hash_lowered(text.as_bytes(), before.len(), word.len());
            prop_assert_eq!(hash, hash_word(&word.to_lowercase()));
        }
    }
}
