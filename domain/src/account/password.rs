//! Passwords, and which ones are too easy to guess.

use crate::value::text_schema;
use serde::Deserialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// Why a password cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than 15 characters.
    #[error("must have at least 15 characters")]
    Short,
    /// More than 256 bytes.
    #[error("must have at most 256 bytes")]
    Long,
    /// A control character, which a keyboard cannot type.
    #[error("must not contain control characters")]
    Control,
    /// Too easy to guess.
    #[error("is easy to guess; choose another one, such as four unrelated words")]
    Common,
}

/// A password, at least 15 characters and at most 256 bytes, used as it was typed.
///
/// Source: NIST SP 800-63B-4 3.1.1.2 (15 characters where it is the only factor, a blocklist, no other
/// composition rules).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    /// Parts of the most common passwords. A password must have at least 6 bytes besides these.
    const COMMON: &'static str = "password passwort passw0rd qwertyuiop qwerty asdfghjkl zxcvbnm 1234567890 123456 \
                                  abc123 letmein iloveyou recovery evenkeel";

    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn is_common(text: &str) -> bool {
        let bytes = text.as_bytes();
        let repeats = |unit: usize| bytes.iter().zip(bytes.iter().skip(unit)).all(|(a, b)| a == b);
        let runs = bytes.windows(2).all(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == 1));
        let rest =
            Self::COMMON.split(' ').fold(text.to_ascii_lowercase(), |rest, word| rest.replace(word, ""));
        (1..=4).any(repeats) || runs || rest.len() < 6
    }
}
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}
impl TryFrom<String> for Password {
    type Error = BadPassword;
    fn try_from(text: String) -> Result<Self, BadPassword> {
        if 256 < text.len() {
            return Err(BadPassword::Long);
        }
        if text.chars().count() < 15 {
            return Err(BadPassword::Short);
        }
        if text.chars().any(char::is_control) {
            return Err(BadPassword::Control);
        }
        if Self::is_common(&text) {
            return Err(BadPassword::Common);
        }
        Ok(Self(text))
    }
}
impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        let description = "A password of at least 15 characters and at most 256 bytes, used as it was typed";
        text_schema(description, Some(15), Some(256), Some("password"), "four unrelated words")
    }
}
impl ToSchema for Password {}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn password(text: &str) -> Result<Password, BadPassword> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_password_has_15_characters_to_256_bytes() {
        assert!(password("evenkeel-demo-2026").is_ok());
        assert!(password("vier kühle Äpfel").is_ok());
        assert_eq!(password("fourteen chars"), Err(BadPassword::Short));
        assert_eq!(password("öööööööööööööö"), Err(BadPassword::Short));
        assert!(password(&"correct horse ".repeat(18)).is_ok());
        assert_eq!(password(&"correct horse ".repeat(19)), Err(BadPassword::Long));
        assert_eq!(password("a nul \0 in the middle"), Err(BadPassword::Control));
    }

    #[rstest]
    fn a_common_password_is_refused(
        #[values(
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "abcdefghijklmnop",
            "passwordpassword",
            "Password123456!!",
            "1234567890123456",
            "qwertyuiopasdfghjkl",
            "evenkeelevenkeel1"
        )]
        common: &str,
    ) {
        assert_eq!(password(common), Err(BadPassword::Common));
    }

    #[test]
    fn a_password_does_not_show_itself() {
        assert_eq!(format!("{:?}", password("four unrelated words").unwrap()), "Password(..)");
        let refused = serde_json::from_str::<Password>(r#""short secret""#).unwrap_err().to_string();
        assert!(!refused.contains("short secret"), "{refused}");
    }
}
