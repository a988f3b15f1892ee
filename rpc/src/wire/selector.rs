//! A selector as it travels: one text, or a list of them.

use serde::{Deserialize, Serialize};
use treeherd_domain::fault::Fault;
use treeherd_domain::selector::Selector;

/// `"web"`, `"shop:*"`, or `["web", "shop:api_*"]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Selectors {
    /// One.
    One(String),
    /// Several; what any of them names.
    Many(Vec<String>),
}

impl Selectors {
    /// The texts as given.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    /// Each text with what it means.
    ///
    /// # Errors
    /// [`Fault::BadSelector`] for an empty list and for an empty text.
    pub fn parse(&self) -> Result<Vec<(&str, Selector)>, Fault> {
        let texts = self.texts();
        if texts.is_empty() {
            return Err(Fault::BadSelector("the list of selectors is empty".to_owned()));
        }
        texts
            .iter()
            .map(|text| match text.as_str() {
                "" => Err(Fault::BadSelector("a selector is empty".to_owned())),
                text => Ok((text, Selector::parse(text))),
            })
            .collect()
    }
}

impl From<&str> for Selectors {
    fn from(text: &str) -> Self {
        Self::One(text.to_owned())
    }
}

impl From<String> for Selectors {
    fn from(text: String) -> Self {
        Self::One(text)
    }
}

impl From<Vec<String>> for Selectors {
    fn from(texts: Vec<String>) -> Self {
        Self::Many(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_text_or_a_list() {
        let read = |json: &str| serde_json::from_str::<Selectors>(json).ok();
        assert_eq!(read("\"web\""), Some(Selectors::from("web")));
        assert_eq!(read("[\"a\",\"b:*\"]").map(|s| s.texts().len()), Some(2));
        assert_eq!(read("7"), None);
    }

    #[test]
    fn nothing_is_not_a_selector() {
        assert!(Selectors::from("").parse().is_err());
        assert!(Selectors::Many(Vec::new()).parse().is_err());
        assert_eq!(Selectors::from("all").parse(), Ok(vec![("all", Selector::All)]));
    }
}
