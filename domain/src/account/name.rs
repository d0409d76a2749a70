//! The names of people, devices and organizations, email addresses, and sign-in names.

use crate::value::{Invalid, text_schema};
use icu_collator::options::CollatorOptions;
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

text!(
    /// The name of a person, as the product shows it
    DisplayName: 1 to 80, name, such as "Sam R."
);
/// Sorts people as a person would look them up: accents and case matter only between names that are otherwise equal,
/// the id between equal names.
///
/// Source: the root collation of Unicode CLDR, so the order is the same on every database and system.
pub fn sort_by_name<T, I: Ord>(people: &mut [T], name_and_id: impl Fn(&T) -> (&DisplayName, I)) {
    let collator = CollatorBorrowed::try_new(CollatorPreferences::default(), CollatorOptions::default());
    people.sort_by(|one, other| {
        let ((one, one_id), (other, other_id)) = (name_and_id(one), name_and_id(other));
        // The collator's data is built in: making it does not fail.
        let by_name = collator
            .as_ref()
            .map_or_else(|_| one.cmp(other), |collator| collator.compare(one.as_ref(), other.as_ref()));
        by_name.then_with(|| one_id.cmp(&other_id))
    });
}

text!(
    /// The name of a device
    DeviceName: 1 to 80, name, such as "Sam's phone"
);
text!(
    /// The name of a clinic or provider
    OrganizationName: 1 to 120, name, such as "Riverside Recovery"
);

/// An email address in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl TryFrom<String> for Email {
    type Error = Invalid;
    fn try_from(mut text: String) -> Result<Self, Invalid> {
        text.make_ascii_lowercase();
        if is_email(&text) { Ok(Self(text)) } else { Err(Invalid::Email) }
    }
}
impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}
impl AsRef<str> for Email {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        text_schema(
            "An email address; upper case becomes lower case",
            Some(6),
            Some(254),
            Some("email"),
            "sam@example.org",
        )
    }
}
impl ToSchema for Email {}

/// Whether a text is an unquoted ASCII address with a domain of two labels or more. Every mail server accepts
/// these, and they cannot break a header or an SMTP command.
///
/// Source: RFC 5321 4.1.2 and 4.5.3.1, without quoted strings and address literals.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atoms =
        |part: &str, is_fine: fn(&str) -> bool| part.split('.').all(|atom| !atom.is_empty() && is_fine(atom));
    let is_atom =
        |atom: &str| atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    let is_label = |label: &str| {
        label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_top = |label: &str| 2 <= label.len() && !label.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 254
        && local.len() <= 64
        && atoms(local, is_atom)
        && atoms(domain, is_label)
        && domain.rsplit_once('.').is_some_and(|(_, top)| is_top(top))
}

/// What somebody types to sign in: an email address or a name, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignInName(String);

impl TryFrom<String> for SignInName {
    type Error = Invalid;
    fn try_from(mut text: String) -> Result<Self, Invalid> {
        text.make_ascii_lowercase();
        let is_name = (3..=254).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
        if is_name || is_email(&text) { Ok(Self(text)) } else { Err(Invalid::SignInName) }
    }
}
impl From<Email> for SignInName {
    fn from(email: Email) -> Self {
        Self(email.0)
    }
}
impl From<SignInName> for String {
    fn from(name: SignInName) -> Self {
        name.0
    }
}
impl AsRef<str> for SignInName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl PartialSchema for SignInName {
    fn schema() -> RefOr<Schema> {
        text_schema(
            "An email address, or a name of letters, digits, dot, hyphen and underscore; upper and lower case are the same",
            Some(3),
            Some(254),
            None,
            "sam.r",
        )
    }
}
impl ToSchema for SignInName {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn names_are_sorted_as_people_sort_them_and_equal_names_by_id() {
        let sorted = [
            ("Ángel", 1),
            ("Angela", 1),
            ("d'Angelo", 1),
            ("de Jong", 1),
            ("Émile", 1),
            ("Emilia", 1),
            ("maya", 1),
            ("Maya", 1),
            ("Maya", 2),
            ("Mayá", 1),
            ("Øyvind", 1),
            ("Zoë", 1),
            ("Анна", 1),
            ("борис", 1),
            ("Ёлка", 1),
            ("Яна", 1),
        ];
        let mut people = sorted.map(|(name, id)| (DisplayName::try_from(name.to_owned()).unwrap(), id));
        people.reverse();
        sort_by_name(&mut people, |(name, id)| (name, *id));
        assert_eq!(people.each_ref().map(|(name, id)| (name.as_ref(), *id)), sorted);
    }

    #[rstest]
    #[case::plain("Sam@Example.ORG", "sam@example.org")]
    #[case::tagged("sam+o'neil@mail.example.org", "sam+o'neil@mail.example.org")]
    fn an_address_is_stored_in_lower_case(#[case] typed: &str, #[case] stored: &str) {
        assert_eq!(Email::try_from(typed.to_owned()).unwrap().as_ref(), stored);
        assert_eq!(SignInName::try_from(typed.to_owned()).unwrap().as_ref(), stored);
    }

    #[rstest]
    fn an_address_that_servers_refuse_or_that_breaks_a_header_is_refused(
        #[values(
            "",
            "@",
            "sam",
            "sam@",
            "@example.org",
            "sam@org",
            "sam@@example.org",
            "a b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@-example.org",
            "a@example..org",
            "a@127.0.0.1",
            "sam@example.org\r\nBcc: eve@example.org",
            "sam@example.org\0",
            "\"sam\"@example.org",
            "Sam <sam@example.org>",
            "sam@[127.0.0.1]",
            "säm@example.org",
            "sam@example.org,eve@example.org"
        )]
        bad: &str,
    ) {
        assert_eq!(Email::try_from(bad.to_owned()), Err(Invalid::Email));
    }

    #[test]
    fn an_address_has_at_most_254_characters_and_64_before_the_at() {
        let under =
            |local: usize, labels: usize| format!("{}@{}org", "a".repeat(local), "abcdefghi.".repeat(labels));
        assert!(Email::try_from(under(64, 18)).is_ok());
        assert!(Email::try_from(under(65, 1)).is_err());
        assert!(Email::try_from(under(64, 19)).is_err());
    }

    #[test]
    fn somebody_without_an_address_signs_in_by_name() {
        assert_eq!(SignInName::try_from("Sam.R_7".to_owned()).unwrap().as_ref(), "sam.r_7");
        for bad in ["", "ab", "sam r", "sam\n", "säm", "a@b"] {
            assert_eq!(SignInName::try_from(bad.to_owned()), Err(Invalid::SignInName), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_never_breaks_a_line(text in "[a-z.+\\r\\n<, ä]{1,3}@[a-z0-9.-]{1,3}[.\\r\\n][a-z>:]{2,3}") {
            if let Ok(email) = Email::try_from(text) {
                prop_assert!(email.as_ref().bytes().all(|b| b.is_ascii_graphic() && !b"<>,;:\"()[]\\".contains(&b)));
                prop_assert_eq!(Email::try_from(String::from(email.clone())), Ok(email));
            }
        }
    }
}
