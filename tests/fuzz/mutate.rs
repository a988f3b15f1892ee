//! Inputs by chance: a seed, changed a few times. The same numbers give the same inputs.

/// No input is longer.
const LONGEST: usize = 64 * 1024;

/// Makes inputs without an end.
pub(crate) struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

impl Mutator {
    pub(crate) fn new(seed: u64, seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, seeds, words }
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.any_seed();
        // Few changes leave most readable, many leave hardly any.
        let changes = [1, 1, 2, 8][self.below(4)];
        for _ in 0..changes {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    /// xorshift64.
    fn number(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number() % end).unwrap_or(0)
    }

    fn any_seed(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        self.seeds[at].clone()
    }

    /// Two places, the first before the second.
    fn range(&mut self, bytes: &[u8]) -> (usize, usize) {
        let (a, b) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
        (a.min(b), a.max(b))
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => {
                bytes[at] = *b"\0\t\n\r<>&;\"'/=%,:\\\x1b\x7f\x80\xc3\xff".get(self.below(21)).unwrap_or(&0)
            }
            2 => {
                let (begin, end) = self.range(bytes);
                bytes.drain(begin..end);
            }
            3 => {
                let (begin, end) = self.range(bytes);
                let piece = bytes[begin..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = self.any_seed();
                let (begin, end) = self.range(&other);
                bytes.splice(at..at, other[begin..end].iter().copied());
            }
            5 => bytes.truncate(at),
            6 => {
                let word = self.words[self.below(self.words.len())];
                let times = 1 << self.below(9);
                bytes.splice(at..at, word.repeat(times).into_bytes());
            }
            _ => {
                let word = self.words[self.below(self.words.len())];
                bytes.splice(at..at, word.bytes());
            }
        }
        bytes.truncate(LONGEST);
    }
}
