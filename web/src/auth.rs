//! Basic authentication, before anything is routed.
//!
//! | header | answer |
//! |---|---|
//! | absent, another scheme, no colon, wrong user or password | 401 and `WWW-Authenticate`, connection closed |
//! | base64 that cannot be read | 400 |
//! | right | the request goes on |
//!
//! User and password are compared by their SHA-1 digests in constant time: neither content nor length
//! shows in the time it takes, and clear-text and `{SHA}` passwords take one path.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha1::{Digest as _, Sha1};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use treeherd_domain::endpoint::Credentials;

const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PADDING);

/// Whom to let in.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    name: User,
    user: [u8; 20],
    /// `None`: the configured digest is malformed, so no password fits.
    password: Option<[u8; 20]>,
}

/// Whose name and password a request came with; in its extensions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct User(pub(crate) Arc<str>);

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// 401.
    Unauthorized,
    /// 400.
    Malformed,
}

impl Gate {
    pub(crate) fn new(credentials: &Credentials) -> Self {
        let password = match credentials.password.strip_prefix("{SHA}") {
            Some(hex) => digest_of_hex(hex),
            None => Some(digest(credentials.password.as_bytes())),
        };
        let name = User(credentials.username.as_str().into());
        Self { name, user: digest(credentials.username.as_bytes()), password }
    }

    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<User, Refusal> {
        let value = headers.get(AUTHORIZATION).ok_or(Refusal::Unauthorized)?.as_bytes();
        let (scheme, encoded) = split_once(value, b' ').ok_or(Refusal::Unauthorized)?;
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Err(Refusal::Unauthorized);
        }
        let decoded = BASE64.decode(encoded.trim_ascii()).map_err(|_| Refusal::Malformed)?;
        let (user, password) = split_once(&decoded, b':').ok_or(Refusal::Unauthorized)?;
        let is_user = digest(user).ct_eq(&self.user);
        let expected = self.password.unwrap_or_default();
        let is_password = digest(password).ct_eq(&expected);
        match bool::from(is_user & is_password) && self.password.is_some() {
            true => Ok(self.name.clone()),
            false => Err(Refusal::Unauthorized),
        }
    }
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|b| *b == at)?;
    Some((&bytes[..position], &bytes[position + 1..]))
}

fn digest(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// Reads 40 lower-case hex digits; upper case does not count, as in Supervisor.
fn digest_of_hex(hex: &str) -> Option<[u8; 20]> {
    let value = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut digest = [0; 20];
    if hex.len() != 40 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD as ENCODER;

    fn check(password: &str, header: Option<&[u8]>) -> Result<(), Refusal> {
        let credentials = Credentials { username: "chris".to_owned(), password: password.to_owned() };
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, value.try_into().unwrap());
        }
        let user = Gate::new(&credentials).check(&headers)?;
        assert_eq!(user, User("chris".into()));
        Ok(())
    }

    fn basic(text: &str) -> Vec<u8> {
        format!("Basic {}", ENCODER.encode(text)).into_bytes()
    }

    #[test]
    fn the_right_credentials_are_let_in() {
        assert_eq!(check("123", Some(&basic("chris:123"))), Ok(()));
        assert_eq!(check("1:2:3", Some(&basic("chris:1:2:3"))), Ok(()), "a colon in the password");
        assert_eq!(check("pässword", Some(&basic("chris:pässword"))), Ok(()));
        assert_eq!(check("", Some(&basic("chris:"))), Ok(()));
        let sha = "{SHA}40bd001563085fc35165329ea1ff5c5ecbdbbeef";
        assert_eq!(check(sha, Some(&basic("chris:123"))), Ok(()));
        assert_eq!(check("123", Some(b"bAsIc Y2hyaXM6MTIz")), Ok(()), "the scheme in any case");
    }

    #[test]
    fn anything_else_is_refused() {
        let unauthorized = Err(Refusal::Unauthorized);
        assert_eq!(check("123", None), unauthorized);
        for text in
            ["chris:124", "chris:12", "chris:1234", "chris:", "Chris:123", ":123", "chris", "", "a:b"]
        {
            assert_eq!(check("123", Some(&basic(text))), unauthorized, "{text}");
        }
        assert_eq!(check("123", Some(b"Bearer Y2hyaXM6MTIz")), unauthorized);
        assert_eq!(check("123", Some(b"Basic")), unauthorized);
        assert_eq!(check("123", Some(b"Basic !!!")), Err(Refusal::Malformed));
    }

    #[test]
    fn a_digest_counts_only_in_forty_lower_case_digits() {
        for sha in [
            "{SHA}40BD001563085FC35165329EA1FF5C5ECBDBBEEF",
            "{SHA}40bd",
            "{SHA}",
            "{SHA}0000000000000000000000000000000000000000",
        ] {
            assert_eq!(check(sha, Some(&basic("chris:123"))), Err(Refusal::Unauthorized), "{sha}");
            assert_eq!(check(sha, Some(&basic("chris:"))), Err(Refusal::Unauthorized), "{sha}");
        }
        // The digest itself is no password.
        let sha = "{SHA}40bd001563085fc35165329ea1ff5c5ecbdbbeef";
        assert_eq!(check(sha, Some(&basic(&format!("chris:{sha}")))), Err(Refusal::Unauthorized));
    }
}
