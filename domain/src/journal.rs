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

use crate::access::Actor;
use crate::account::{AccountId, DeviceId, Role};
use crate::value::Moment;

/// A stored word that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a known word: {0}")]
pub struct UnknownWord(pub String);

/// A closed set of words, one spelling for JSON and the database.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:tt,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[doc = $doc])* #[serde(rename = $word)] $variant,)+
        }
        impl $name {
            /// Every member, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The word that JSON and the database hold.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::journal::UnknownWord;
            fn try_from(word: String) -> Result<Self, Self::Error> {
                match word.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::journal::UnknownWord(word)),
                }
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.as_str().to_owned() }
        }
    };
}
pub(crate) use words;

words! {
    /// What was done. Together with the room it says all that the journal tells: never content.
    Act {
        /// Looked at.
        Read = "read",
        /// Written down for the first time.
        Record = "record",
        /// Rated again while it lasted.
        Rate = "rate",
        /// Told how it ended.
        Conclude = "conclude",
        /// Replaced by a corrected revision; the old one is kept.
        Correct = "correct",
        /// Taken back.
        Withdraw = "withdraw",
        /// Settings changed.
        Change = "change",
        /// Somebody was invited.
        Invite = "invite",
        /// An invitation was used.
        Redeem = "redeem",
        /// Signed in on a device.
        SignIn = "sign_in",
        /// Signed out of a device.
        SignOut = "sign_out",
        /// A device was shut out.
        Revoke = "revoke",
        /// A message was sent.
        Send = "send",
        /// A message did not arrive.
        Bounce = "bounce",
        /// Messages were ended by the link in one of them.
        Unsubscribe = "unsubscribe",
        /// Signed as agreed.
        Sign = "sign",
        /// Suggested to the other side.
        Propose = "propose",
        /// A suggestion was taken up.
        Accept = "accept",
        /// A suggestion was turned down.
        Decline = "decline",
        /// Given to somebody to do.
        Assign = "assign",
        /// Seen by who treats the person, and said so.
        Acknowledge = "acknowledge",
    }
}

words! {
    /// The part of the house that an entry is about.
    Room {
        /// People, invitations, devices.
        Account = "account",
        /// The level of care.
        Program = "program",
        /// The relapse-prevention plan and the safety plan.
        Plan = "plan",
        /// Logged cravings.
        Craving = "craving",
        /// Coping skills: practice, favourites, assignments.
        Coping = "coping",
        /// Daily and weekly check-ins.
        CheckIn = "check_in",
        /// Sober time, milestones, lapses.
        Recovery = "recovery",
        /// Summaries over days.
        Trend = "trend",
        /// Reminders and their settings.
        Reminder = "reminder",
        /// This journal.
        Journal = "journal",
    }
}

words! {
    /// Whether it came to pass.
    EntryOutcome {
        /// It was done.
        Done = "done",
        /// It was asked for and refused.
        Refused = "refused",
    }
}

/// One thing that was done to or seen of a record. Ids only, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its place in its stream, counted from 1 without a gap.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who; nobody when the house itself acted, and to a participant nobody where another participant tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_role: Option<Role>,
    /// On which of the actor's devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What was done.
    pub act: Act,
    /// In which part of the record.
    pub room: Room,
    /// To which single thing in it, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Uuid>,
    /// Whether it came to pass.
    pub outcome: EntryOutcome,
    /// The request that did it, as in the logs.
    pub request_id: Uuid,
}

impl Entry {
    /// The entry as this person may read it. That somebody is in treatment is not for a fellow patient to
    /// know, so a participant learns of another one no more than that it was one.
    #[must_use]
    pub fn told_to(self, reader: &Actor) -> Self {
        let other = self.actor.is_some_and(|actor| actor != reader.account);
        if reader.role == Role::Participant && other && self.actor_role == Some(Role::Participant) {
            return Self { actor: None, device: None, ..self };
        }
        self
    }
}

/// An entry where it is stored: in which stream and at which place among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place among the entries of all streams; ascending, gaps allowed.
    pub id: i64,
    /// The participant whose record it is about, or else the account that acted.
    pub stream: Uuid,
    /// What it says.
    pub entry: Entry,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    pub(super) fn at(second: i64) -> Moment {
        Timestamp::from_second(1_790_000_000 + second).unwrap().try_into().unwrap()
    }

    pub(super) fn entry(seq: i64, second: i64) -> Entry {
        Entry {
            seq,
            at: at(second),
            actor: Some(Uuid::from_u128(7).into()),
            actor_role: Some(Role::Counselor),
            device: Some(Uuid::from_u128(8).into()),
            act: Act::Read,
            room: Room::Craving,
            entity: None,
            outcome: EntryOutcome::Done,
            request_id: Uuid::from_u128(u128::from(second.unsigned_abs())),
        }
    }

    #[test]
    fn a_word_reads_back_as_written_and_as_json() {
        for act in Act::ALL {
            assert_eq!(Act::try_from(act.as_str().to_owned()), Ok(*act));
            assert_eq!(serde_json::to_value(act).unwrap(), act.as_str());
        }
        assert_eq!(Room::try_from("attic".to_owned()), Err(UnknownWord("attic".to_owned())));
    }
}
