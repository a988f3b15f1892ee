//! What programs write: captures and control sequences, however the stream is cut, against a second reading of the
//! whole that is as plain as can be.

use treeherd_actors::rotator::ansi::Ansi;
use treeherd_actors::rotator::capture::{BEGIN, END, Piece, Scanner};

/// What streams with captures are made of.
pub(crate) const CAPTURE_WORDS: &[&str] = &[
    "<!--XSUPERVISOR:BEGIN-->",
    "<!--XSUPERVISOR:END-->",
    "<!--XSUPERVISOR:",
    "<!--X",
    "BEGIN-->",
    "END-->",
    "<",
    "-->",
    "\n",
    "é",
];

/// The text of the log, the captures, and one that is not ended.
type Divided = (Vec<u8>, Vec<Vec<u8>>, Option<Vec<u8>>);

/// The log and the captures of a stream are the same however it is cut; the first byte says how.
pub(crate) fn capture(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let expected = divided(text);
    for size in [1, usize::from(*first) + 1, text.len().max(1)] {
        assert_eq!(scanned(text.chunks(size)), expected, "in pieces of {size}");
    }
}

fn scanned<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Divided {
    let (mut scanner, mut log, mut captures, mut open) =
        (Scanner::default(), Vec::new(), Vec::new(), Vec::new());
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Log(text) => log.extend_from_slice(text),
        Piece::Captured(text) => open.extend_from_slice(text),
        Piece::End => captures.push(std::mem::take(&mut open)),
    };
    for chunk in chunks {
        for piece in scanner.scan(chunk) {
            assert!(!matches!(piece, Piece::Log([]) | Piece::Captured([])), "an empty piece");
            take(piece);
        }
    }
    let (held, is_unfinished) = scanner.finish();
    held.into_iter().for_each(&mut take);
    assert!(!scanner.holds());
    (log, captures, is_unfinished.then_some(open))
}

/// The same by searching the whole.
fn divided(mut rest: &[u8]) -> Divided {
    let (mut log, mut captures) = (Vec::new(), Vec::new());
    loop {
        let Some((before, after)) = split_at(rest, BEGIN) else {
            log.extend_from_slice(rest);
            return (log, captures, None);
        };
        log.extend_from_slice(before);
        let Some((captured, after)) = split_at(after, END) else {
            return (log, captures, Some(after.to_vec()));
        };
        captures.push(captured.to_vec());
        rest = after;
    }
}

fn split_at<'a>(text: &'a [u8], token: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(token.len()).position(|window| window == token)?;
    Some((&text[..at], &text[at + token.len()..]))
}

/// What coloured output is made of.
pub(crate) const ANSI_WORDS: &[&str] = &[
    "\x1b",
    "\x1b[",
    "\x1b[31m",
    "\x1b[0;1;38m",
    "\x1b[?25l",
    "\x1b]0;t\x07",
    "[",
    "m",
    ";",
    "3",
    "\n",
    "é",
];

/// The text without control sequences is the same however it is cut; the first byte says how.
pub(crate) fn ansi(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let expected = stripped(text);
    for size in [1, usize::from(*first) + 1, text.len().max(1)] {
        let mut ansi = Ansi::default();
        let mut left: Vec<u8> =
            text.chunks(size).flat_map(|chunk| ansi.strip(chunk).into_owned()).collect();
        left.extend(ansi.finish());
        assert!(!ansi.holds());
        assert_eq!(left, expected, "in pieces of {size}");
    }
}

/// The same by looking ahead.
fn stripped(mut rest: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        match after.strip_prefix(b"[").filter(|_| *first == 0x1b) {
            None => {
                left.push(*first);
                rest = after;
            }
            Some(sequence) => {
                let parameters = sequence.iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
                let last = sequence.get(parameters).filter(|byte| (0x40..0x7f).contains(*byte));
                rest = &sequence[parameters + usize::from(last.is_some())..];
            }
        }
    }
    left
}
