//! The audit log: who did or saw what in whose record, and seals that show whether somebody changed it
//! afterwards.
//!
//! Each stream (a participant's record, or an account's own actions) numbers its events without a gap. Blocks
//! seal the events of all streams in the order of their ids. The hash of each block covers the block before.
//! The caller supplies the hash function.

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
    /// The outcome of an action.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
    }
}

/// Something that was done to a record or seen in it. It has ids, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// Its number in its stream, from 1 without a gap.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who acted; missing if it was the server. Participants do not see it if it was another participant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// In which role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_role: Option<Role>,
    /// On which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What was done.
    pub action: Action,
    /// The module that the action belongs to.
    pub module: Module,
    /// The entry, plan or other item that it was done to, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Uuid>,
    /// Whether it was done or refused.
    pub outcome: AuditOutcome,
    /// The id of the request, the same as in the log.
    pub request_id: Uuid,
}

impl AuditEvent {
    /// The event as this person may read it. A participant may not know who else is in treatment, so they see
    /// only that it was another participant.
    #[must_use]
    pub fn shown_to(self, reader: &Actor) -> Self {
        let other = self.actor.is_some_and(|actor| actor != reader.account);
        if reader.role == Role::Participant && other && self.actor_role == Some(Role::Participant) {
            return Self { actor: None, device: None, ..self };
        }
        self
    }
}

/// A stored event with its stream and its place among all events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place among the events of all streams; ascending, gaps are allowed.
    pub id: i64,
    /// The participant whose record it is about, or the account that acted.
    pub stream: Uuid,
    /// The event.
    pub event: AuditEvent,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::value::UnknownWord;
    use jiff::Timestamp;

    pub(crate) fn at(second: i64) -> Moment {
        Timestamp::from_second(1_790_000_000 + second).unwrap().try_into().unwrap()
    }

    pub(super) fn event(seq: i64, second: i64) -> AuditEvent {
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
