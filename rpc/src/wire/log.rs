//! Pieces of logs. A log is bytes: a piece travels as text where it is UTF-8, else as base64.

use crate::wire::time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Where reading begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "LogStartText", into = "LogStartText")]
pub enum LogStart {
    /// At this byte of the current file.
    Offset(u64),
    /// This many bytes before its end: `"-1600"`.
    Last(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum LogStartText {
    Number(u64),
    Text(String),
}

impl TryFrom<LogStartText> for LogStart {
    type Error = String;

    fn try_from(start: LogStartText) -> Result<Self, String> {
        match start {
            LogStartText::Number(offset) => Ok(Self::Offset(offset)),
            LogStartText::Text(text) => text
                .strip_prefix('-')
                .and_then(|digits| digits.parse().ok())
                .map(Self::Last)
                .ok_or_else(|| format!("{text:?} is neither an offset nor \"-\" and a number of bytes")),
        }
    }
}

impl From<LogStart> for LogStartText {
    fn from(start: LogStart) -> Self {
        match start {
            LogStart::Offset(offset) => Self::Number(offset),
            LogStart::Last(bytes) => Self::Text(format!("-{bytes}")),
        }
    }
}

/// Bytes, as `{"data": text}` or `{"base64": text}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Payload {
    /// Valid UTF-8.
    #[serde(rename = "data")]
    Text(String),
    /// Anything else, in standard base64.
    #[serde(rename = "base64")]
    Base64(String),
}

impl Payload {
    /// The bytes; `None` if the base64 is broken.
    #[must_use]
    pub fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
            Self::Base64(text) => STANDARD.decode(text).ok().map(Cow::Owned),
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }
}

/// The answer of `log.read`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogSlice {
    /// The bytes.
    #[serde(flatten)]
    pub payload: Payload,
    /// The offset of the first of them.
    pub offset: u64,
    /// The offset after the last: where to read on.
    pub next: u64,
}

impl LogSlice {
    /// The bytes that stand at `offset`.
    #[must_use]
    pub fn new(bytes: Vec<u8>, offset: u64) -> Self {
        let next = offset.saturating_add(bytes.len() as u64);
        Self { payload: Payload::from(bytes), offset, next }
    }
}

/// An item of `log.follow`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LogItem {
    /// Bytes. The first item is what the log held when following began, unless it held nothing.
    Data {
        /// The bytes.
        #[serde(flatten)]
        payload: Payload,
        /// The offset of the first of them, counted from the start of the file that stood there when
        /// following began; it does not restart when the log is rolled over or emptied.
        offset: u64,
        /// When they were passed on, by the daemon's wall clock; absent where they came from the file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
    /// Bytes were dropped because the reader was too slow.
    Gap {
        /// How many.
        dropped: u64,
        /// The offset of the next byte that follows, counted in the same way.
        resume_from: u64,
    },
    /// The last item.
    End {
        /// Why nothing follows.
        reason: String,
    },
}

impl LogItem {
    /// Bytes that stand at `offset`, read at `at_ms` (milliseconds since the epoch).
    #[must_use]
    pub fn data(bytes: Vec<u8>, offset: u64, at_ms: Option<u64>) -> Self {
        Self::Data { payload: Payload::from(bytes), offset, at: at_ms.map(time::rfc3339) }
    }
}
