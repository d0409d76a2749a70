//! The code of an invitation.

use crate::app::secret::{Secrets, spoken_code};

/// The code of an invitation as a text to read aloud, and the hash that is stored.
pub(super) struct Code {
    pub(super) text: String,
    pub(super) hash: [u8; 32],
}

impl Code {
    pub(super) fn draw(secrets: &Secrets) -> Self {
        let code = spoken_code().to_ascii_uppercase();
        let (first, rest) = code.split_at(4);
        let (second, third) = rest.split_at(4);
        Self { hash: secrets.code_hash(&code), text: format!("{first}-{second}-{third}") }
    }
}
