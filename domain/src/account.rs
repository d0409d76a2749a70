//! Organizations, accounts, invitations, devices and their sessions.

mod invite;
mod name;
mod password;
mod role;
mod session;

pub use invite::{Invite, InviteDraft, Inviter, Refusal, invite, redeem};
pub use name::{DeviceName, DisplayName, Email, OrganizationName, SignInName, sort_by_name};
pub use password::{BadPassword, Password};
pub use role::{NoSuchRole, Role};
pub use session::{RefreshDecision, RefreshFamily, SignInThrottle, failed, refresh, sign_in_wait};

use crate::value::{Moment, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id!(
    /// A clinic or provider. Organizations see nothing of each other.
    OrganizationId
);
id!(
    /// A person who can sign in.
    AccountId
);
id!(
    /// A person in treatment, who owns a record.
    ParticipantId
);
id!(
    /// A phone or browser on which an account is signed in. It has one session.
    DeviceId
);
id!(
    /// An invitation.
    InviteId
);

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its organization.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Its role.
    pub role: Role,
    /// The person's name.
    pub display_name: DisplayName,
    /// What the person types to sign in.
    pub sign_in_name: SignInName,
    /// Where email is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The participant's record; missing for other roles.
    #[serde(rename = "participant_id", skip_serializing_if = "Option::is_none")]
    pub participant: Option<ParticipantId>,
    /// The participant's time zone; missing for other roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// Whether the person may sign in.
    pub active: bool,
}

/// The time zone in which a participant lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "time_zone": "America/Denver" }))]
pub struct HomeZone {
    /// The time zone.
    pub time_zone: TimeZone,
}

/// A phone or browser on which an account is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    #[serde(skip)]
    pub account: AccountId,
    /// The name that its owner gave it.
    pub name: DeviceName,
    /// When it signed in.
    pub created_at: Moment,
    /// When it last received a token.
    pub last_used_at: Moment,
    /// When it was signed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Moment>,
}

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    pub(super) fn at(seconds: i64) -> Moment {
        Timestamp::from_second(1_772_476_800 + seconds).unwrap().try_into().unwrap()
    }
}
