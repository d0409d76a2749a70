//! Who there is: organizations, accounts, invites, devices and the sessions on them.

mod invite;
mod name;
mod password;
mod role;
mod session;

pub use invite::{Invite, InviteDraft, Inviter, Refusal, invite, redeem};
pub use name::{DeviceName, DisplayName, Email, OrganizationName, SignInName};
pub use password::{BadPassword, Password};
pub use role::{NoSuchRole, Role};
pub use session::{RefreshDecision, RefreshFamily, SignInThrottle, failed, refresh, sign_in_wait};

use crate::value::{Moment, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id!(
    /// A clinic or provider; nothing crosses from one to another.
    OrganizationId
);
id!(
    /// Somebody who can sign in.
    AccountId
);
id!(
    /// Somebody in treatment; the owner of a record.
    ParticipantId
);
id!(
    /// A phone or browser on which an account is signed in: one session.
    DeviceId
);
id!(
    /// An invitation.
    InviteId
);

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where it belongs.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What it does here.
    pub role: Role,
    /// How the person is called.
    pub display_name: DisplayName,
    /// What the person types to sign in.
    pub sign_in_name: SignInName,
    /// Where mail goes, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The record that the account owns; a participant has one.
    #[serde(rename = "participant_id", skip_serializing_if = "Option::is_none")]
    pub participant: Option<ParticipantId>,
    /// Where the person lives by the clock; a participant has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// Whether it may sign in and act.
    pub active: bool,
}

/// Where a participant lives by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "time_zone": "America/Denver" }))]
pub struct HomeZone {
    /// The zone there.
    pub time_zone: TimeZone,
}

/// A phone or browser on which an account is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub account: AccountId,
    /// How its owner calls it.
    pub name: DeviceName,
    /// When it signed in.
    pub created_at: Moment,
    /// When it was last given a token.
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
