//! What an element of XML-RPC means once it is closed, by Supervisor's rules.
//!
//! | element | its value |
//! |---|---|
//! | `int` `i4` | an integer, as Python reads one; beyond 64 bits the nearest |
//! | `boolean` | true for the text `1` alone |
//! | `string` `base64` `double` `dateTime.iso8601` | text, decoded text, number, text of that form |
//! | `value` `param` `array` | that of its first child; `value` without one: its text |
//! | `data`, `struct` | those of its children |
//! | any other, so `i8` and `nil`, too | its text |

use super::read::MalformedXml;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// An element that is being read, or was. An absent value or text is `null`.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) tag: Tag,
    pub(super) value: Value,
    pub(super) children: Vec<Self>,
}

/// The elements with a meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    Int,
    LongInt,
    Boolean,
    String,
    Double,
    DateTime,
    Array,
    Data,
    Struct,
    Base64,
    Param,
    Value,
    Name,
    MethodName,
    Params,
    Fault,
    Other,
}

impl Tag {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "int" | "i4" => Self::Int,
            "i8" => Self::LongInt,
            "boolean" => Self::Boolean,
            "string" => Self::String,
            "double" => Self::Double,
            "dateTime.iso8601" => Self::DateTime,
            "array" => Self::Array,
            "data" => Self::Data,
            "struct" => Self::Struct,
            "base64" => Self::Base64,
            "param" => Self::Param,
            "value" => Self::Value,
            "name" => Self::Name,
            "methodName" => Self::MethodName,
            "params" => Self::Params,
            "fault" => Self::Fault,
            _ => Self::Other,
        }
    }
}

impl Element {
    pub(super) const fn new(tag: Tag) -> Self {
        Self { tag, value: Value::Null, children: Vec::new() }
    }

    /// Takes in text; what stands behind a child has no meaning.
    pub(super) fn add_text(&mut self, text: &str) {
        match &mut self.value {
            _ if !self.children.is_empty() => {}
            Value::String(known) => known.push_str(text),
            value => *value = Value::String(text.to_owned()),
        }
    }

    fn text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// Gives it its value. `of_server`: whether it is part of an answer, where an `i8` is a number.
    pub(super) fn close(&mut self, of_server: bool) -> Result<(), MalformedXml> {
        let value = match self.tag {
            Tag::Int => integer(self.text()).map(Value::from).ok_or(MalformedXml("a bad integer"))?,
            Tag::LongInt if of_server => {
                integer(self.text()).map(Value::from).ok_or(MalformedXml("a bad integer"))?
            }
            Tag::Boolean => Value::Bool(self.text() == "1"),
            Tag::String => Value::String(self.text().to_owned()),
            Tag::Double => {
                let number = self.text().trim().parse().map_err(|_| MalformedXml("a bad double"))?;
                let number = serde_json::Number::from_f64(number);
                number.map(Value::Number).ok_or(MalformedXml("a double that is no number"))?
            }
            Tag::DateTime if is_date_time(self.text()) => return Ok(()),
            Tag::DateTime => return Err(MalformedXml("a bad dateTime.iso8601")),
            Tag::Base64 => Value::String(base64(self.text())?),
            Tag::Array | Tag::Param => self.take_first().ok_or(MalformedXml("an empty array or param"))?,
            Tag::Value => match self.take_first() {
                Some(value) => value,
                None => Value::String(self.text().to_owned()),
            },
            Tag::Data => Value::Array(self.children.drain(..).map(|child| child.value).collect()),
            Tag::Struct => {
                let members: Result<Map<_, _>, _> = self.children.drain(..).map(member).collect();
                Value::Object(members?)
            }
            Tag::LongInt | Tag::Name | Tag::MethodName | Tag::Params | Tag::Fault | Tag::Other => {
                return Ok(());
            }
        };
        self.value = value;
        self.children = Vec::new();
        Ok(())
    }

    /// The value of the first child.
    pub(super) fn take_first(&mut self) -> Option<Value> {
        self.children.first_mut().map(|child| child.value.take())
    }
}

/// A member of a struct: two elements, a name and a value in either order.
fn member(member: Element) -> Result<(String, Value), MalformedXml> {
    let [first, second] = <[Element; 2]>::try_from(member.children)
        .map_err(|_| MalformedXml("a member that is not a name and a value"))?;
    let (name, value) = match (first.tag, second.tag) {
        (Tag::Value, Tag::Name) => (second, first),
        _ => (first, second),
    };
    Ok((name.text().to_owned(), value.value))
}

/// Reads an integer as Python does: blanks around it, a sign, single underscores between digits. What does not
/// fit becomes the nearest that does.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let is_well_formed =
        digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !is_well_formed {
        return None;
    }
    let nearest = digits.bytes().filter(u8::is_ascii_digit).fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let shifted = number.saturating_mul(10);
        if is_negative { shifted.saturating_sub(digit) } else { shifted.saturating_add(digit) }
    });
    Some(nearest)
}

/// Decodes as Python does: whatever is not of the alphabet is skipped.
fn base64(text: &str) -> Result<String, MalformedXml> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let encoded: Vec<u8> = text.bytes().filter(is_base64).collect();
    let decoded = STANDARD.decode(encoded).map_err(|_| MalformedXml("bad base64"))?;
    String::from_utf8(decoded).map_err(|_| MalformedXml("base64 of what is not UTF-8"))
}

/// Whether it is `20261122T15:05:39`.
fn is_date_time(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 => byte == b'T',
        11 | 14 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 17 && text.bytes().enumerate().all(fits)
}
