//! Who did or saw what of whose record, and the seal that shows if anyone changed that afterwards.
//!
//! Each stream (one participant's record, or one account's own doings) counts its entries without a gap. Blocks
//! seal the entries of all streams in the order of their ids; the hash of each block covers the one before. The
//! hash function is an argument: the rules here are the same under any.

mod check;
mod finding;
mod seal;

pub use check::{Walk, verify};
pub use finding::Finding;
pub use seal::{Block, Hash, ORIGIN, Witness, canonical, seal};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Action, Actor, Module};
use crate::account::{AccountId, DeviceId, Role};
use crate::value::Moment;

words! {
    /// Whether it came to pass.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was asked for and refused.
        Refused = "refused",
    }
}

/// One thing that was done to or seen of a record. Ids only, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// Its place in its stream, counted from 1 without a gap.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who; nobody when the server itself acted, and to a participant nobody where another participant tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_role: Option<Role>,
    /// On which of the actor's devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What was done.
    pub action: Action,
    /// The module that the action belongs to.
    pub module: Module,
    /// To which single thing in it, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Uuid>,
    /// Whether it came to pass.
    pub outcome: AuditOutcome,
    /// The request that did it, as in the logs.
    pub request_id: Uuid,
}

impl AuditEvent {
    /// The entry as this person may read it. That somebody is in treatment is not for a fellow patient to
    /// know, so a participant learns of another one no more than that it was one.
    #[must_use]
    pub fn shown_to(self, reader: &Actor) -> Self {
        let other = self.actor.is_some_and(|actor| actor != reader.account);
        if reader.role == Role::Participant && other && self.actor_role == Some(Role::Participant) {
            return Self { actor: None, device: None, ..self };
        }
        self
    }
}

/// An entry where it is stored: in which stream and at which place among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place among the entries of all streams; ascending, gaps allowed.
    pub id: i64,
    /// The participant whose record it is about, or else the account that acted.
    pub stream: Uuid,
    /// What it says.
    pub entry: AuditEvent,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::value::UnknownWord;
    use jiff::Timestamp;

    pub(crate) fn at(second: i64) -> Moment {
        Timestamp::from_second(1_790_000_000 + second).unwrap().try_into().unwrap()
    }

    pub(super) fn entry(seq: i64, second: i64) -> AuditEvent {
        AuditEvent {
            seq,
            at: at(second),
            actor: Some(Uuid::from_u128(7).into()),
            actor_role: Some(Role::Counselor),
            device: Some(Uuid::from_u128(8).into()),
            action: Action::ReadCravings,
            module: Module::Craving,
            entity: None,
            outcome: AuditOutcome::Done,
            request_id: Uuid::from_u128(u128::from(second.unsigned_abs())),
        }
    }

    #[test]
    fn a_word_reads_back_as_written_and_as_json() {
        for action in Action::ALL {
            assert_eq!(Action::try_from(action.as_str().to_owned()), Ok(*action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        assert_eq!(Module::try_from("attic".to_owned()), Err(UnknownWord("attic".to_owned())));
    }
}
