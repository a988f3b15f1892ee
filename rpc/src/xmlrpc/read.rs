//! Reading bodies, within bounds: depth, number of elements, no document type, no entities but the five.

use super::element::{Element, Tag};
use super::{XmlFault, is_legal};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::Value;
use std::borrow::Cow;

/// Elements within elements.
const DEEPEST: usize = 100;

/// Elements in one body.
const MOST: usize = 100_000;

/// A call as it came.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// `namespace.method`; empty if there is none.
    pub method: String,
    /// The parameters, in order.
    pub params: Vec<Value>,
}

/// A body that is no XML-RPC, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the body is no XML-RPC: {0}")]
pub struct MalformedXml(pub &'static str);

/// Reads a call.
///
/// # Errors
/// [`MalformedXml`]. A call without a method's name is none; its name is empty.
pub fn call(body: &[u8]) -> Result<Call, MalformedXml> {
    let found = read(body, false)?;
    Ok(Call { method: found.method.unwrap_or_default(), params: found.params.unwrap_or_default() })
}

/// Reads an answer: the result or the fault.
///
/// # Errors
/// [`MalformedXml`], also for an answer without either.
pub fn answer(body: &[u8]) -> Result<Result<Value, XmlFault>, MalformedXml> {
    let found = read(body, true)?;
    if let Some(fault) = found.fault {
        let code = fault.get("faultCode").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
        let text = fault.get("faultString").and_then(Value::as_str);
        return match (code, text) {
            (Some(code), Some(text)) => Ok(Err(XmlFault { code, text: text.to_owned() })),
            _ => Err(MalformedXml("a fault without a number and a text")),
        };
    }
    let result = found.params.and_then(|params| params.into_iter().next());
    result.map(Ok).ok_or(MalformedXml("neither a result nor a fault"))
}

/// What a body holds, wherever in it.
#[derive(Default)]
struct Found {
    method: Option<String>,
    params: Option<Vec<Value>>,
    fault: Option<Value>,
}

fn read(body: &[u8], of_server: bool) -> Result<Found, MalformedXml> {
    let text = decode(body)?;
    if !text.chars().all(is_legal) {
        return Err(MalformedXml("a character that XML forbids"));
    }
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut building =
        Building { open: Vec::new(), count: 0, is_over: false, of_server, found: Found::default() };
    loop {
        match reader.read_event().map_err(|_| MalformedXml("not well-formed"))? {
            Event::Start(start) => building.open(&start)?,
            Event::End(_) => building.close()?,
            Event::Text(text) => building.text(&text.xml10_content())?,
            Event::CData(text) => building.text(&text.xml10_content())?,
            Event::GeneralRef(name) => building.text(&resolve(&name)?)?,
            Event::DocType(_) => return Err(MalformedXml("a document type, which is not read")),
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if building.is_over => return Ok(building.found),
            Event::Eof => return Err(MalformedXml("it ends too soon")),
        }
    }
}

/// The text of a body: UTF-8, as all clients send it, or else Latin-1 if that is declared.
fn decode(body: &[u8]) -> Result<Cow<'_, str>, MalformedXml> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(Cow::Borrowed(text));
    }
    let end = body.windows(2).take(200).position(|pair| pair == b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(&body[..end]).to_ascii_lowercase();
    // with its quotes: ISO-8859-15 is another one
    let is_declared =
        |name: &&str| ['\'', '"'].iter().any(|q| declaration.contains(&format!("{q}{name}{q}")));
    match ["iso-8859-1", "latin-1", "latin1"].iter().any(is_declared) {
        true => Ok(Cow::Owned(body.iter().copied().map(char::from).collect())),
        false => Err(MalformedXml("not in UTF-8")),
    }
}

fn resolve(name: &BytesRef<'_>) -> Result<Cow<'static, str>, MalformedXml> {
    const UNKNOWN: MalformedXml = MalformedXml("an unknown entity");
    if let Some(c) = name.resolve_char_ref().map_err(|_| UNKNOWN)? {
        return if is_legal(c) { Ok(Cow::Owned(c.to_string())) } else { Err(UNKNOWN) };
    }
    quick_xml::escape::resolve_xml_entity(&name.xml10_content()).map(Cow::Borrowed).ok_or(UNKNOWN)
}

/// The elements that are open, and what was found in those that are closed.
struct Building {
    open: Vec<Element>,
    count: usize,
    is_over: bool,
    of_server: bool,
    found: Found,
}

impl Building {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), MalformedXml> {
        self.count += 1;
        match () {
            () if self.is_over => return Err(MalformedXml("something behind its end")),
            () if self.open.len() == DEEPEST => return Err(MalformedXml("too deep")),
            () if self.count > MOST => return Err(MalformedXml("too many elements")),
            () => {}
        }
        if start.attributes().any(|attribute| attribute.is_err()) {
            return Err(MalformedXml("a bad attribute"));
        }
        self.open.push(Element::new(Tag::of(start.name().as_ref())));
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), MalformedXml> {
        match self.open.last_mut() {
            Some(element) => element.add_text(text),
            None if text.trim().is_empty() => {}
            None => return Err(MalformedXml("text outside of all elements")),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), MalformedXml> {
        // The reader refuses an end without its beginning.
        let mut element = self.open.pop().ok_or(MalformedXml("not well-formed"))?;
        element.close(self.of_server)?;
        match element.tag {
            Tag::MethodName => self.found.method = element.value.as_str().map(str::to_owned),
            Tag::Params => {
                self.found.params = Some(element.children.drain(..).map(|child| child.value).collect())
            }
            Tag::Fault if self.of_server => self.found.fault = element.take_first(),
            _ => {}
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.is_over = true,
        }
        Ok(())
    }
}
