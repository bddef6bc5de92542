//! Where tokens can be: runs of bytes between the ASCII characters that part words, found 64 bytes at a time.
//!
//! A run of ASCII alone is one word. What a run with other characters in it holds, is cut from it character by character; no token reaches
//! beyond its run.

/// Bytes that are looked at together: each has a bit in a word.
pub(crate) const BLOCK: usize = u64::BITS as usize;

/// The highest bit of each byte of a word.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Are all its bytes ASCII letters and digits?
    pub(crate) is_ascii: bool,
}

/// Calls `each` with every run of `text`, in order. Zeros may follow the text: they part words.
pub(crate) fn each_run(text: &[u8], mut each: impl FnMut(Run)) {
    let mut open = Open::default();
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    let mut at = 0;
    // A run that is still open ends with the text: there are zeros behind it.
    while at < text.len() || open.is_open {
        let block = blocks.get(at / BLOCK).unwrap_or(&last);
        open.take(block, at, &mut each);
        at += BLOCK;
    }
}

/// The run that the bytes so far end with.
#[derive(Default)]
struct Open {
    /// Do they end with one?
    is_open: bool,
    start: usize,
    /// Has it held anything but ASCII?
    is_mixed: bool,
}

impl Open {
    /// Takes up the next bytes, which begin at `at`.
    #[inline(always)]
    fn take(&mut self, block: &[u8; BLOCK], at: usize, each: &mut impl FnMut(Run)) {
        let parts = bits(block, |byte| {
            (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10 || byte >= 0x80
        });
        let others = if is_ascii(block) {
            0
        } else {
            bits(block, |byte| byte >= 0x80)
        };
        let before = parts << 1 | u64::from(self.is_open);
        let (mut starts, mut ends) = (parts & !before, !parts & before);
        // First where they are, then what they are: two short loops are quicker than one long.
        let mut places = [(0, 0); BLOCK / 2 + 1];
        let mut count = 0;
        let mut start = self.start;
        if !self.is_open {
            start = at + starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
        }
        while ends != 0 {
            places[count] = (start, at + ends.trailing_zeros() as usize);
            count += 1;
            ends &= ends - 1;
            start = at + starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
        }
        let all_ascii = others == 0 && !self.is_mixed;
        for &(start, end) in &places[..count] {
            let here = (1 << (end - at)) - (1 << start.saturating_sub(at));
            let is_ascii = all_ascii || (others & here == 0 && !self.is_mixed);
            self.is_mixed = false;
            each(Run {
                start,
                end,
                is_ascii,
            });
        }
        self.is_open = parts >> (BLOCK - 1) != 0;
        self.start = start;
        let open_here = u64::MAX.checked_shl(start.saturating_sub(at) as u32);
        self.is_mixed = self.is_open && (self.is_mixed || others & open_here.unwrap_or(0) != 0);
    }
}

fn is_ascii(block: &[u8; BLOCK]) -> bool {
    let (lanes, _) = block.as_chunks();
    let all = lanes
        .iter()
        .fold(0, |all, lane| all | u64::from_le_bytes(*lane));
    all & HIGH == 0
}

/// A bit for each byte of which this is true. The compiler looks at many bytes at once.
#[inline(always)]
fn bits(block: &[u8; BLOCK], is_so: impl Fn(u8) -> bool) -> u64 {
    let ones = block.map(|byte| u8::from(is_so(byte)));
    let (lanes, _) = ones.as_chunks();
    let gathered = |lane: &[u8; 8]| {
        let bytes = u64::from_le_bytes(*lane);
        bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let lanes = lanes.iter().enumerate();
    lanes.fold(0, |bits, (at, lane)| bits | gathered(lane) << (8 * at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Run, each_run};

    /// The same, one byte after the other.
    fn one_by_one(text: &[u8]) -> Vec<Run> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let mut runs = Vec::new();
        let mut at = 0;
        for part in text.split(|byte| !is_part(byte)) {
            if !part.is_empty() {
                runs.push(Run {
                    start: at,
                    end: at + part.len(),
                    is_ascii: part.is_ascii(),
                });
            }
            at += part.len() + 1;
        }
        runs
    }

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_are_cut_as_one(
            text in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "([a-zA-Z0-9]{1,70}|é|東|[ -~]{0,9}| |\u{0}|[@\\[`{/:]){0,40}".prop_map(String::into_bytes),
            ],
        ) {
            let mut runs = Vec::new();
            each_run(&text, |run| runs.push(run));
            prop_assert_eq!(runs, one_by_one(&text));
        }
    }

    #[test]
    fn every_byte_is_of_its_kind() {
        for byte in 0..=u8::MAX {
            for place in 0..17 {
                let mut text = [b' '; 17];
                text[place] = byte;
                let mut runs = Vec::new();
                each_run(&text, |run| runs.push(run));
                assert_eq!(runs, one_by_one(&text), "{byte} at {place}");
            }
        }
    }
}
