//! Writing bodies, as Python's `xmlrpc.client` lays them out.
//!
//! A result is written straight from its JSON text: members keep their order, and there is no tree in between.
//! What XML cannot hold becomes `U+FFFD`; a member that is `null` is left out. A number that does not fit 32 bits
//! is written as a longer `int`, which clients read, rather than in a type of its own, which many do not know.

use super::{XmlFault, is_legal};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::{self, Write as _};

const DECLARATION: &str = "<?xml version='1.0'?>\n";

/// The answer would be larger than an answer may be, or its text is no JSON.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be written as XML: {0}")]
pub struct TooLarge(#[from] serde_json::Error);

/// The body of an answer with this result, the text of a JSON value; of `limit` bytes at most.
///
/// # Errors
/// [`TooLarge`].
pub fn result_text(result: &str, limit: usize) -> Result<String, TooLarge> {
    let mut out = format!("{DECLARATION}<methodResponse>\n<params>\n<param>\n");
    Seed { out: &mut out, limit }.deserialize(&mut serde_json::Deserializer::from_str(result))?;
    out.push_str("</param>\n</params>\n</methodResponse>\n");
    Ok(out)
}

/// The body of an answer with this fault.
#[must_use]
pub fn fault_text(fault: &XmlFault) -> String {
    let mut out = format!("{DECLARATION}<methodResponse>\n<fault>\n<value><struct>\n");
    let code = fault.code;
    _ = write!(out, "<member>\n<name>faultCode</name>\n<value><int>{code}</int></value>\n</member>\n");
    out.push_str("<member>\n<name>faultString</name>\n");
    string(&mut out, &fault.text);
    out.push_str("</member>\n</struct></value>\n</fault>\n</methodResponse>\n");
    out
}

/// The body of a call. Parameters at the end that are `null` are left out.
///
/// # Errors
/// [`TooLarge`].
pub fn call_text(method: &str, params: &[Value], limit: usize) -> Result<String, TooLarge> {
    let mut out = format!("{DECLARATION}<methodCall>\n<methodName>");
    escape(&mut out, method);
    out.push_str("</methodName>\n<params>\n");
    let given = params.iter().rposition(|param| !param.is_null()).map_or(0, |last| last + 1);
    for param in &params[..given] {
        out.push_str("<param>\n");
        Seed { out: &mut out, limit }.deserialize(param)?;
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    Ok(out)
}

fn string(out: &mut String, text: &str) {
    out.push_str("<value><string>");
    escape(out, text);
    out.push_str("</string></value>\n");
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if is_legal(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// Writes whatever JSON value comes next; tells whether it was `null`.
struct Seed<'a> {
    out: &'a mut String,
    limit: usize,
}

impl Seed<'_> {
    fn reborrow(&mut self) -> Seed<'_> {
        Seed { out: self.out, limit: self.limit }
    }

    fn put<E: serde::de::Error>(self, kind: &str, value: impl fmt::Display) -> Result<bool, E> {
        _ = writeln!(self.out, "<value><{kind}>{value}</{kind}></value>");
        self.check().map(|()| false)
    }

    fn check<E: serde::de::Error>(&self) -> Result<(), E> {
        match self.out.len() > self.limit {
            true => Err(E::custom(format!("it has more than {} bytes", self.limit))),
            false => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<bool, E> {
        self.put("boolean", u8::from(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<bool, E> {
        self.put("int", value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<bool, E> {
        self.put("int", value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<bool, E> {
        self.put("double", format_args!("{value:?}"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        string(self.out, text);
        self.check().map(|()| false)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<bool, E> {
        string(self.out, "");
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<bool, A::Error> {
        self.out.push_str("<value><array><data>\n");
        while items.next_element_seed(self.reborrow())?.is_some() {}
        self.out.push_str("</data></array></value>\n");
        self.check().map_err(A::Error::custom::<A::Error>).map(|()| false)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<bool, A::Error> {
        self.out.push_str("<value><struct>\n");
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let before = self.out.len();
            self.out.push_str("<member>\n<name>");
            escape(self.out, &name);
            self.out.push_str("</name>\n");
            let is_null = members.next_value_seed(self.reborrow())?;
            self.out.push_str("</member>\n");
            if is_null {
                self.out.truncate(before);
            }
        }
        self.out.push_str("</struct></value>\n");
        self.check().map_err(A::Error::custom::<A::Error>).map(|()| false)
    }
}
