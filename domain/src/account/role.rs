//! Roles, and whom they may invite.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role of an account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Is in treatment and owns a record.
    #[default]
    Participant,
    /// Treats the participants of their caseload.
    Counselor,
    /// Is responsible for treatment in the whole organization.
    Supervisor,
    /// Manages settings and people; sees no clinical content.
    Admin,
    /// Supports a participant; sees what that participant shares.
    Supporter,
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] =
        &[Self::Participant, Self::Counselor, Self::Supervisor, Self::Admin, Self::Supporter];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Counselor => "counselor",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Supporter => "supporter",
        }
    }

    /// Whether this role works for the organization.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Counselor | Self::Supervisor | Self::Admin)
    }

    /// Whether this role may invite that one: counselors and supervisors invite participants, admins invite
    /// staff.
    pub const fn invites(self, other: Self) -> bool {
        match self {
            Self::Counselor | Self::Supervisor => matches!(other, Self::Participant),
            Self::Admin => other.is_staff(),
            Self::Participant | Self::Supporter => false,
        }
    }
}

/// There is no such role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be participant, counselor, supervisor, admin or supporter")]
pub struct NoSuchRole;

impl TryFrom<String> for Role {
    type Error = NoSuchRole;
    fn try_from(name: String) -> Result<Self, NoSuchRole> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name).ok_or(NoSuchRole)
    }
}
impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_same_name_in_json_and_in_the_database() {
        for &role in Role::ALL {
            assert_eq!(Role::try_from(String::from(role)), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::try_from("Admin".to_owned()), Err(NoSuchRole));
    }
}
