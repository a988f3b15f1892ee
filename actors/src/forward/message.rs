//! Lines as syslog messages, framed for their transport.
//!
//! ```text
//!   rfc5424   <14>1 2026-11-22T14:52:16.363Z host web 4711 stdout - GET /       TCP: "LENGTH " before it (RFC 6587)
//!   rfc3164   <14>Nov 22 14:52:16 host web[4711]: GET /                         TCP: a line feed after it
//! ```
//!
//! To a unix socket the second form has no host, as `/dev/log` expects it. Text is decoded lossily, and begins
//! with a byte order mark where it is not ASCII, as RFC 5424 has it. A line too long for a message is sent in
//! pieces. Absent: structured data.

use syslog_fmt::v5424::{Config, Msg, Timestamp};
use syslog_fmt::{Facility, Severity};
use treeherd_domain::stream::Stream;
use treeherd_domain::syslog::{Format, SyslogTarget, Transport};
use treeherd_os::clock::local_time;
use treeherd_rpc::wire::time::rfc3339;

/// What stands before the text takes less.
pub(super) const HEAD: usize = 200;

/// Who wrote a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// The name of this machine.
    pub(crate) host: &'a str,
    /// The process.
    pub(crate) name: &'a str,
    /// Its pid.
    pub(crate) pid: i32,
    /// Its stream.
    pub(crate) stream: Stream,
}

/// How many bytes of text one message takes: every receiver of datagrams shall take 2048 in all, and it is known of
/// the others that they take 8192.
pub(crate) const fn longest(target: &SyslogTarget) -> usize {
    match target.transport {
        Transport::Udp { .. } => 2048 - HEAD,
        Transport::Unix(_) | Transport::Tcp { .. } => 8192 - HEAD,
    }
}

/// The message of a line, or of a piece of one.
pub(super) fn message(target: &SyslogTarget, who: Who<'_>, epoch_ms: u64, text: &str) -> Vec<u8> {
    let tag = target.tag.as_deref().map_or_else(|| word(who.name, 48), str::to_owned);
    let mut message = match target.format {
        Format::Rfc5424 => modern(target, &tag, who, epoch_ms, text),
        Format::Rfc3164 => {
            let host = match target.transport {
                Transport::Unix(_) => String::new(),
                Transport::Udp { .. } | Transport::Tcp { .. } => format!("{} ", word(who.host, 64)),
            };
            let stamp = local_time(epoch_ms).syslog();
            format!("<{}>{stamp} {host}{tag}[{}]: {text}", target.priority(), who.pid).into_bytes()
        }
    };
    if matches!(target.transport, Transport::Tcp { .. }) {
        match target.format {
            Format::Rfc5424 => {
                let length = format!("{} ", message.len());
                message.splice(0..0, length.into_bytes());
            }
            Format::Rfc3164 => message.push(b'\n'),
        }
    }
    message
}

fn modern(target: &SyslogTarget, tag: &str, who: Who<'_>, epoch_ms: u64, text: &str) -> Vec<u8> {
    let (host, pid) = (word(who.host, 64), who.pid.to_string());
    let formatter = Config {
        facility: Facility::try_from(target.facility).unwrap_or(Facility::User),
        hostname: Some(&host),
        app_name: Some(tag),
        proc_id: Some(&pid),
    }
    .into_formatter();
    let severity = Severity::try_from(target.severity).unwrap_or(Severity::Info);
    let stamp = rfc3339(epoch_ms);
    let text = if text.is_ascii() { Msg::NonUnicodeBytes(text.as_bytes()) } else { Msg::Utf8Str(text) };
    let (stamp, id) = (Timestamp::PreformattedStr(&stamp), Some(who.stream.as_str()));
    let mut message = Vec::new();
    formatter
        .write_without_data(&mut message, severity, stamp, text, id)
        .expect("a vector takes every byte");
    message
}

/// A field of a head: printable ASCII of a limited length; `-` if there is none.
fn word(text: &str, longest: usize) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !"[]:".contains(c) { c } else { '_' };
    match text {
        "" => "-".to_owned(),
        text => text.chars().take(longest).map(plain).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who<'_> = Who { host: "box.example", name: "web", pid: 4711, stream: Stream::Stdout };
    /// 2023-11-14 22:13:20 UTC.
    const THEN: u64 = 1_700_000_000_007;

    fn shown(target: &str, who: Who<'_>, text: &str) -> String {
        let target = SyslogTarget::parse(target).unwrap();
        let local = local_time(THEN).syslog();
        String::from_utf8(message(&target, who, THEN, text)).unwrap().replace(&local, "LOCAL")
    }

    #[test]
    fn messages_are_those_of_the_two_rfcs_framed_for_their_transport() {
        let table = [
            ("udp://a", "<14>1 2023-11-14T22:13:20.007Z box.example web 4711 stdout - GET /"),
            ("unix:///l", "<14>1 2023-11-14T22:13:20.007Z box.example web 4711 stdout - GET /"),
            ("tcp://a", "66 <14>1 2023-11-14T22:13:20.007Z box.example web 4711 stdout - GET /"),
            ("udp://a?format=rfc3164", "<14>LOCAL box.example web[4711]: GET /"),
            ("unix:///l?format=rfc3164", "<14>LOCAL web[4711]: GET /"),
            ("tcp://a?format=rfc3164", "<14>LOCAL box.example web[4711]: GET /\n"),
            (
                "udp://a?tag=shop&facility=local7&severity=err",
                "<187>1 2023-11-14T22:13:20.007Z box.example shop 4711 stdout - GET /",
            ),
        ];
        for (target, expected) in table {
            assert_eq!(shown(target, WHO, "GET /"), expected, "{target}");
        }
    }

    #[test]
    fn fields_stay_fields_whatever_a_name_is() {
        let name = "a]b:c \u{f6}".to_owned() + &"x".repeat(60);
        let who = Who { host: "", name: &name, ..WHO };
        let tag = format!("a_b_c__{}", "x".repeat(41));
        let expected = format!("<14>1 2023-11-14T22:13:20.007Z - {tag} 4711 stdout - x");
        assert_eq!(shown("udp://a", who, "x"), expected);
        assert_eq!(shown("udp://a", WHO, "").rsplit(' ').nth(1), Some("-"));
        assert!(shown("udp://a", WHO, "\u{f6}").ends_with(" - \u{feff}\u{f6}"));
        assert!(!shown("udp://a?format=rfc3164", WHO, "\u{f6}").contains('\u{feff}'));
    }

    #[test]
    fn a_head_takes_no_more_than_is_left_for_it() {
        let long = "h".repeat(300);
        let who = Who { host: &long, name: &long, pid: i32::MIN, stream: Stream::Stderr };
        for target in ["tcp://a?severity=debug&facility=local7", "tcp://a?format=rfc3164&facility=local7"] {
            assert!(shown(target, who, "\u{f6}").len() < HEAD, "{target}");
        }
    }
}
