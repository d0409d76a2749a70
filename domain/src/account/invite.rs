//! Invitations: who may make one, what it must have, and how long it is valid.

use super::{AccountId, DisplayName, Email, HOUR, InviteId, OrganizationId, Role};
use crate::value::{Moment, TimeZone};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The person to invite.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteDraft {
    /// The person's name.
    pub display_name: DisplayName,
    /// The time zone in which the person lives; a participant needs one.
    #[serde(default)]
    pub time_zone: Option<TimeZone>,
    /// Where email is sent; staff need one.
    #[serde(default)]
    pub email: Option<Email>,
    /// The person's role.
    #[serde(default)]
    pub role: Role,
}

/// An invitation. It can be redeemed once, with its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// The organization.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// The person's role.
    pub role: Role,
    /// The person's name.
    pub display_name: DisplayName,
    /// Where email is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The time zone in which the person lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// Who made it; missing for the first admin, whom the installation invites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<AccountId>,
    /// When it was made.
    pub created_at: Moment,
    /// When it expires: 72 hours later.
    pub expires_at: Moment,
    /// When it was redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_at: Option<Moment>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

/// Who invites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inviter {
    /// The account.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
}

/// Why an invitation is not made or not redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This role may not invite that one.
    #[error("your role may not invite this role")]
    NotAllowed,
    /// Reminders and local days need the participant's time zone.
    #[error("a participant needs a time zone")]
    NeedsTimeZone,
    /// Staff are reached by email.
    #[error("staff need an email address")]
    NeedsEmail,
    /// It is 72 hours old or older.
    #[error("this invitation has expired; ask for a new one")]
    Expired,
    /// It was redeemed before.
    #[error("this invitation has been used")]
    Redeemed,
    /// It was withdrawn.
    #[error("this invitation was withdrawn; ask for a new one")]
    Withdrawn,
}

const INVITE_LIFE: i64 = 72 * HOUR;

/// Makes an invitation. Without an inviter it is the installation's, for the first admin, who may give an email
/// address later, when it is redeemed.
pub fn invite(
    id: InviteId,
    organization: OrganizationId,
    inviter: Option<Inviter>,
    draft: InviteDraft,
    now: Moment,
) -> Result<Invite, Refusal> {
    let InviteDraft { display_name, time_zone, email, role } = draft;
    let by = inviter.map_or(Role::Admin, |inviter| inviter.role);
    if !by.invites(role) {
        return Err(Refusal::NotAllowed);
    }
    if role == Role::Participant && time_zone.is_none() {
        return Err(Refusal::NeedsTimeZone);
    }
    if role.is_staff() && email.is_none() && inviter.is_some() {
        return Err(Refusal::NeedsEmail);
    }
    Ok(Invite {
        id,
        organization,
        role,
        display_name,
        email,
        time_zone,
        created_by: inviter.map(|inviter| inviter.account),
        created_at: now,
        expires_at: now.plus(SignedDuration::from_secs(INVITE_LIFE)),
        redeemed_at: None,
        withdrawn_at: None,
    })
}

/// Whether an invitation can be redeemed now.
pub fn redeem(invite: &Invite, now: Moment) -> Result<(), Refusal> {
    if invite.withdrawn_at.is_some() {
        return Err(Refusal::Withdrawn);
    }
    if invite.redeemed_at.is_some() {
        return Err(Refusal::Redeemed);
    }
    if invite.expires_at <= now {
        return Err(Refusal::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::at;
    use uuid::Uuid;

    fn draft(json: &str) -> InviteDraft {
        serde_json::from_str(json).unwrap()
    }
    fn invited(by: Option<Role>, json: &str) -> Result<Invite, Refusal> {
        let inviter = by.map(|role| Inviter { account: Uuid::from_u128(3).into(), role });
        invite(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), inviter, draft(json), at(0))
    }

    #[test]
    fn counselors_and_supervisors_invite_participants_and_admins_invite_staff() {
        for &by in Role::ALL {
            for &role in Role::ALL {
                let expected = match role {
                    Role::Participant => matches!(by, Role::Counselor | Role::Supervisor),
                    Role::Counselor | Role::Supervisor | Role::Admin => by == Role::Admin,
                    Role::Supporter => false,
                };
                assert_eq!(by.invites(role), expected, "{by:?} invites {role:?}");
            }
        }
        assert_eq!(
            invited(Some(Role::Admin), r#"{"display_name":"Sam","time_zone":"UTC"}"#),
            Err(Refusal::NotAllowed)
        );
    }

    #[test]
    fn an_invitation_has_what_the_role_needs() {
        let sam = invited(Some(Role::Counselor), r#"{"display_name":"Sam","time_zone":"America/New_York"}"#)
            .unwrap();
        assert_eq!((sam.role, sam.expires_at), (Role::Participant, at(72 * 3600)));
        assert_eq!(invited(Some(Role::Counselor), r#"{"display_name":"Sam"}"#), Err(Refusal::NeedsTimeZone));
        let counselor = r#"{"display_name":"Kim","role":"counselor"}"#;
        assert_eq!(invited(Some(Role::Admin), counselor), Err(Refusal::NeedsEmail));
        let first = invited(None, r#"{"display_name":"First admin","role":"admin"}"#).unwrap();
        assert_eq!(first.created_by, None);
        assert!(serde_json::from_str::<InviteDraft>(r#"{"display_name":"Sam","active":true}"#).is_err());
    }

    #[test]
    fn an_invitation_is_redeemed_once_and_within_72_hours() {
        let open = invited(Some(Role::Supervisor), r#"{"display_name":"Sam","time_zone":"UTC"}"#).unwrap();
        assert_eq!(redeem(&open, at(72 * 3600 - 1)), Ok(()));
        assert_eq!(redeem(&open, at(72 * 3600)), Err(Refusal::Expired));
        assert_eq!(
            redeem(&Invite { redeemed_at: Some(at(9)), ..open.clone() }, at(10)),
            Err(Refusal::Redeemed)
        );
        assert_eq!(redeem(&Invite { withdrawn_at: Some(at(9)), ..open }, at(10)), Err(Refusal::Withdrawn));
    }
}
