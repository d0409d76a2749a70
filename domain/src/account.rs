//! Who there is: organisations, accounts, invites, devices and the sessions on them.

use crate::value::{Invalid, Moment, TimeZone, text_schema};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

id!(
    /// A clinic or provider; nothing crosses from one to another.
    OrganisationId
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

text!(
    /// How a person is called in the product
    DisplayName: 1 to 80, name, such as "Sam R."
);
text!(
    /// How a person calls a device
    DeviceName: 1 to 80, name, such as "Sam's phone"
);
text!(
    /// The name of a clinic or provider
    OrganisationName: 1 to 120, name, such as "Riverside Recovery"
);

/// What somebody does here; an account has one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// In treatment; owns a record.
    #[default]
    Participant,
    /// Treats the participants of an own caseload.
    Counselor,
    /// Answers for the treatment in the whole organisation.
    Supervisor,
    /// Keeps settings and people; reads nothing clinical.
    Admin,
    /// Stands by a participant; sees what that participant shares.
    Supporter,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Participant, Self::Counselor, Self::Supervisor, Self::Admin, Self::Supporter];

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

    /// Whether this is somebody who works for the organisation.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Counselor | Self::Supervisor | Self::Admin)
    }

    /// Whether this role invites that one: treatment invites participants, admins invite staff.
    pub const fn invites(self, other: Self) -> bool {
        match self {
            Self::Counselor | Self::Supervisor => matches!(other, Self::Participant),
            Self::Admin => other.is_staff(),
            Self::Participant | Self::Supporter => false,
        }
    }
}

/// A role that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be participant, counselor, supervisor, admin or supporter")]
pub struct NoSuchRole;

impl TryFrom<String> for Role {
    type Error = NoSuchRole;
    fn try_from(name: String) -> Result<Self, NoSuchRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(NoSuchRole)
    }
}
impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

/// An e-mail address in small letters.
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
            "An e-mail address, kept in small letters",
            Some(6),
            Some(254),
            Some("email"),
            "sam@example.org",
        )
    }
}
impl ToSchema for Email {}

/// An unquoted address of ASCII characters under a domain of two labels or more: what any mail server takes
/// and no header or SMTP command can be broken with.
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

/// What somebody types to sign in: an e-mail address or a name, in small letters.
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
            "An e-mail address, or a name of letters, digits, dot, hyphen and underscore; small letters count as large ones",
            Some(3),
            Some(254),
            None,
            "sam.r",
        )
    }
}
impl ToSchema for SignInName {}

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
    /// One of those that are tried first.
    #[error("is easily guessed; choose another, such as four unrelated words")]
    Common,
}

/// A password, at least 15 characters and at most 256 bytes, used as it was typed.
///
/// Source: NIST SP 800-63B-4 3.1.1.2 (15 characters where it is the only factor, a blocklist, no other
/// rules of composition).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    /// What the most used passwords are made of. Whatever a password adds to these must be 6 bytes or more.
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

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where it belongs.
    #[serde(skip)]
    pub organisation: OrganisationId,
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
    /// Whose it is.
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

/// Who is to be invited.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteDraft {
    /// How the person is called.
    pub display_name: DisplayName,
    /// Where the person lives by the clock; a participant needs one.
    #[serde(default)]
    pub time_zone: Option<TimeZone>,
    /// Where mail goes; staff need one, a participant may have none.
    #[serde(default)]
    pub email: Option<Email>,
    /// What the person will be here.
    #[serde(default)]
    pub role: Role,
}

/// An invitation, redeemed once with its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Where to.
    #[serde(skip)]
    pub organisation: OrganisationId,
    /// What the person will be there.
    pub role: Role,
    /// How the person is called.
    pub display_name: DisplayName,
    /// Where mail goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Where the person lives by the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// Who invited; nobody when the installation itself did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<AccountId>,
    /// When it was made.
    pub created_at: Moment,
    /// From when on it is void: 72 hours later.
    pub expires_at: Moment,
    /// When it was redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed_at: Option<Moment>,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

/// Who invites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inviter {
    /// The account.
    pub account: AccountId,
    /// What it does here.
    pub role: Role,
}

/// Why an invitation is not made or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This role does not invite that one.
    #[error("your role may not invite this role")]
    NotAllowed,
    /// Reminders and local days need the participant's clock.
    #[error("a participant needs a time zone")]
    NeedsTimeZone,
    /// Staff are reached by mail.
    #[error("staff need an e-mail address")]
    NeedsEmail,
    /// More than 72 hours old.
    #[error("this invitation has expired; ask for a new one")]
    Expired,
    /// A code works once.
    #[error("this invitation has been used")]
    Redeemed,
    /// Whoever invited thought better of it.
    #[error("this invitation was withdrawn; ask for a new one")]
    Withdrawn,
}

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const INVITE_LIFE: i64 = 72 * HOUR;

/// Makes an invitation. Without an inviter it is the installation's own, for the first admin, whose address may
/// become known only when it is redeemed.
pub fn invite(
    id: InviteId,
    organisation: OrganisationId,
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
        organisation,
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

/// Whether an invitation can be taken now.
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

/// The refresh tokens of one device: only hashes of the newest and the one before it are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    /// How many tokens came before the current one.
    pub generation: i32,
    /// SHA-256 of the newest token.
    pub current: [u8; 32],
    /// SHA-256 of the token that was exchanged for the newest.
    pub previous: Option<[u8; 32]>,
    /// When `previous` was first exchanged.
    pub rotated_at: Moment,
    /// How often `previous` was exchanged again because the answer was lost.
    pub reissues: i16,
    /// When the device signed in.
    pub created_at: Moment,
    /// When a token was last exchanged.
    pub last_used_at: Moment,
    /// When the device was signed out.
    pub revoked_at: Option<Moment>,
}

/// What happens to a refresh token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It is the newest: give its successor.
    Rotate,
    /// It was exchanged a moment ago and the successor is unused: its answer was lost. Give another successor;
    /// the lost one is void.
    Reissue,
    /// It was used up: two hold tokens of one family, and one of them is a thief. Revoke the family.
    Replayed,
    /// Too long unused, or too long since the sign-in.
    Expired,
    /// The device was signed out.
    Revoked,
}

impl RefreshFamily {
    /// The family of a device that has just signed in.
    pub fn first(current: [u8; 32], now: Moment) -> Self {
        Self {
            generation: 0,
            current,
            previous: None,
            rotated_at: now,
            reissues: 0,
            created_at: now,
            last_used_at: now,
            revoked_at: None,
        }
    }

    /// After [`RefreshDecision::Rotate`], with the hash of the successor.
    #[must_use]
    pub fn rotated(self, next: [u8; 32], now: Moment) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            current: next,
            previous: Some(self.current),
            rotated_at: now,
            reissues: 0,
            last_used_at: now,
            ..self
        }
    }

    /// After [`RefreshDecision::Reissue`], with the hash of the other successor.
    #[must_use]
    pub fn reissued(self, next: [u8; 32], now: Moment) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            current: next,
            reissues: self.reissues.saturating_add(1),
            last_used_at: now,
            ..self
        }
    }
}

const MOST_REISSUES: i16 = 3;
const REISSUE_WITHIN: i64 = 10 * 60;

/// Decides on a refresh token by its hash. A participant's session ends after 30 days unused or 180 days in all,
/// that of staff after 1 hour unused or 24 hours in all.
///
/// Source: RFC 9700 4.14 (rotation, replay, inactivity); NIST SP 800-63B-4 2.2.3 (staff).
pub fn refresh(family: &RefreshFamily, presented_hash: [u8; 32], role: Role, now: Moment) -> RefreshDecision {
    if family.revoked_at.is_some() {
        return RefreshDecision::Revoked;
    }
    let (idle, absolute) = if role.is_staff() { (HOUR, DAY) } else { (30 * DAY, 180 * DAY) };
    if has_passed(family.last_used_at, idle, now) || has_passed(family.created_at, absolute, now) {
        return RefreshDecision::Expired;
    }
    if presented_hash == family.current {
        return RefreshDecision::Rotate;
    }
    let is_forgiven = family.previous == Some(presented_hash)
        && family.reissues < MOST_REISSUES
        && now <= family.rotated_at.plus(SignedDuration::from_secs(REISSUE_WITHIN));
    if is_forgiven { RefreshDecision::Reissue } else { RefreshDecision::Replayed }
}

/// The failed sign-ins of one account since it last signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInThrottle {
    /// How many in a row.
    pub failures: i32,
    /// When the first of them was.
    pub first_failed_at: Moment,
    /// When the last of them was.
    pub last_failed_at: Moment,
}

const MOST_FAILURES: i32 = 100;

/// How many seconds an account must still wait before a password is looked at: 1, 3, 5 and then 10 after each
/// failure; after 100 in a day, until a day after the first.
///
/// Source: NIST SP 800-63B-4 3.2.2 (at most 100 failures in a row).
pub fn sign_in_wait(throttle: &Option<SignInThrottle>, now: Moment) -> Option<u32> {
    let throttle = throttle.as_ref()?;
    let step = match throttle.failures {
        ..=0 => return None,
        1 => 1,
        2 => 3,
        3 => 5,
        4.. => 10,
    };
    let after_last = seconds_left(throttle.last_failed_at, step, now);
    let after_first = match throttle.failures {
        ..MOST_FAILURES => None,
        MOST_FAILURES.. => seconds_left(throttle.first_failed_at, DAY, now),
    };
    after_last.max(after_first)
}

/// The throttle after one more failure. A day after the first failure the count begins anew.
pub fn failed(throttle: Option<SignInThrottle>, now: Moment) -> SignInThrottle {
    match throttle {
        Some(before) if !has_passed(before.first_failed_at, DAY, now) => {
            SignInThrottle { failures: before.failures.saturating_add(1), last_failed_at: now, ..before }
        }
        _ => SignInThrottle { failures: 1, first_failed_at: now, last_failed_at: now },
    }
}

fn has_passed(since: Moment, seconds: i64, now: Moment) -> bool {
    SignedDuration::from_secs(seconds) <= Timestamp::from(now).duration_since(since.into())
}

/// Whole seconds, rounded up, until `seconds` after `since`. A clock set back makes nobody wait longer than that.
fn seconds_left(since: Moment, seconds: i64, now: Moment) -> Option<u32> {
    let passed = Timestamp::from(now).duration_since(since.into()).max(SignedDuration::ZERO);
    let left = SignedDuration::from_secs(seconds).saturating_sub(passed);
    let whole = left.as_secs() + i64::from(0 < left.subsec_nanos());
    u32::try_from(whole).ok().filter(|&wait| 0 < wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    fn at(seconds: i64) -> Moment {
        Timestamp::from_second(1_772_476_800 + seconds).unwrap().try_into().unwrap()
    }
    fn hash(number: usize) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        hash
    }
    fn password(text: &str) -> Result<Password, BadPassword> {
        text.to_owned().try_into()
    }
    fn draft(json: &str) -> InviteDraft {
        serde_json::from_str(json).unwrap()
    }
    fn invited(by: Option<Role>, json: &str) -> Result<Invite, Refusal> {
        let inviter = by.map(|role| Inviter { account: Uuid::from_u128(3).into(), role });
        invite(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), inviter, draft(json), at(0))
    }

    #[test]
    fn a_role_is_named_alike_in_json_and_database() {
        for role in Role::ALL {
            assert_eq!(Role::try_from(String::from(role)), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::try_from("Admin".to_owned()), Err(NoSuchRole));
    }

    #[rstest]
    #[case::plain("Sam@Example.ORG", "sam@example.org")]
    #[case::tagged("sam+o'neil@mail.example.org", "sam+o'neil@mail.example.org")]
    fn an_address_is_kept_in_small_letters(#[case] typed: &str, #[case] kept: &str) {
        assert_eq!(Email::try_from(typed.to_owned()).unwrap().as_ref(), kept);
        assert_eq!(SignInName::try_from(typed.to_owned()).unwrap().as_ref(), kept);
    }

    #[rstest]
    fn an_address_that_no_server_takes_or_that_breaks_a_header_is_refused(
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
    fn a_password_that_is_tried_first_is_refused(
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

    #[test]
    fn treatment_invites_participants_and_admins_invite_staff() {
        for by in Role::ALL {
            for role in Role::ALL {
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
    fn an_invitation_says_what_its_guest_will_need() {
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
    fn an_invitation_is_taken_once_and_within_72_hours() {
        let open = invited(Some(Role::Supervisor), r#"{"display_name":"Sam","time_zone":"UTC"}"#).unwrap();
        assert_eq!(redeem(&open, at(72 * 3600 - 1)), Ok(()));
        assert_eq!(redeem(&open, at(72 * 3600)), Err(Refusal::Expired));
        assert_eq!(
            redeem(&Invite { redeemed_at: Some(at(9)), ..open.clone() }, at(10)),
            Err(Refusal::Redeemed)
        );
        assert_eq!(redeem(&Invite { withdrawn_at: Some(at(9)), ..open }, at(10)), Err(Refusal::Withdrawn));
    }

    #[rstest]
    #[case::participant_idle(Role::Participant, 30 * DAY, 30 * DAY)]
    #[case::participant_in_all(Role::Participant, DAY, 180 * DAY)]
    #[case::staff_idle(Role::Counselor, HOUR, HOUR)]
    #[case::staff_in_all(Role::Admin, HOUR / 2, DAY)]
    fn a_session_ends(#[case] role: Role, #[case] used_every: i64, #[case] ends: i64) {
        let mut family = RefreshFamily::first(hash(0), at(0));
        let mut now = used_every;
        while now < ends {
            assert_eq!(refresh(&family, family.current, role, at(now)), RefreshDecision::Rotate);
            family = family.rotated(hash(usize::try_from(now).unwrap()), at(now));
            now += used_every;
        }
        assert_eq!(refresh(&family, family.current, role, at(ends - 1)), RefreshDecision::Rotate);
        assert_eq!(refresh(&family, family.current, role, at(ends)), RefreshDecision::Expired);
    }

    #[test]
    fn a_lost_answer_is_forgiven_three_times_within_ten_minutes() {
        let mut family = RefreshFamily::first(hash(0), at(0)).rotated(hash(1), at(10));
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(10 + 600)), RefreshDecision::Reissue);
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(10 + 601)), RefreshDecision::Replayed);
        for again in 2..5 {
            assert_eq!(refresh(&family, hash(0), Role::Participant, at(20)), RefreshDecision::Reissue);
            family = family.reissued(hash(again), at(20));
        }
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(20)), RefreshDecision::Replayed);
        assert_eq!(refresh(&family, hash(1), Role::Participant, at(20)), RefreshDecision::Replayed);
        assert_eq!(refresh(&family, hash(4), Role::Participant, at(20)), RefreshDecision::Rotate);
    }

    #[test]
    fn a_signed_out_device_stays_out() {
        let family = RefreshFamily { revoked_at: Some(at(5)), ..RefreshFamily::first(hash(0), at(0)) };
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(6)), RefreshDecision::Revoked);
    }

    #[test]
    fn each_failure_costs_a_wait_and_a_success_none() {
        assert_eq!(sign_in_wait(&None, at(0)), None);
        let mut throttle = None;
        for expected in [1, 3, 5, 10, 10] {
            throttle = Some(failed(throttle, at(0)));
            assert_eq!(sign_in_wait(&throttle, at(0)), Some(expected));
            assert_eq!(sign_in_wait(&throttle, at(i64::from(expected) - 1)), Some(1));
            assert_eq!(sign_in_wait(&throttle, at(i64::from(expected))), None);
        }
    }

    #[test]
    fn whoever_guesses_as_fast_as_possible_gets_100_guesses_a_day() {
        let (mut throttle, mut now, mut guesses) = (None, 0, 0);
        while now < DAY {
            now += i64::from(sign_in_wait(&throttle, at(now)).unwrap_or(0));
            if now < DAY {
                (throttle, guesses) = (Some(failed(throttle, at(now))), guesses + 1);
            }
        }
        assert_eq!((guesses, now), (100, DAY));
        assert_eq!(sign_in_wait(&throttle, at(now)), None, "nobody is locked out for good");
        assert_eq!(failed(throttle, at(now)).failures, 1);
    }

    proptest! {
        #[test]
        fn an_address_is_never_able_to_break_a_line(text in "[a-z.+\\r\\n<, ä]{1,3}@[a-z0-9.-]{1,3}[.\\r\\n][a-z>:]{2,3}") {
            if let Ok(email) = Email::try_from(text) {
                prop_assert!(email.as_ref().bytes().all(|b| b.is_ascii_graphic() && !b"<>,;:\"()[]\\".contains(&b)));
                prop_assert_eq!(Email::try_from(String::from(email.clone())), Ok(email));
            }
        }

        /// The model knows every token ever given; the family knows two hashes and must decide alike.
        #[test]
        fn a_token_is_exchanged_only_while_no_other_holder_can_have_moved_on(
            steps in prop::collection::vec((0usize..4, 0i64..400), 1..40)
        ) {
            struct Given { from: Option<usize>, uses: usize, first_use: i64 }
            let mut given = vec![Given { from: None, uses: 0, first_use: 0 }];
            let mut family = RefreshFamily::first(hash(0), at(0));
            let mut now = 0;
            for (back, pause) in steps {
                now += pause;
                let newest = given.len() - 1;
                let token = newest.saturating_sub(back);
                let expected = if token == newest {
                    RefreshDecision::Rotate
                } else if given[newest].from == Some(token) && given[token].uses <= 3 && now - given[token].first_use <= 600 {
                    RefreshDecision::Reissue
                } else {
                    RefreshDecision::Replayed
                };
                let decision = refresh(&family, hash(token), Role::Participant, at(now));
                prop_assert_eq!(decision, expected);
                family = match decision {
                    RefreshDecision::Rotate => family.rotated(hash(newest + 1), at(now)),
                    RefreshDecision::Reissue => family.reissued(hash(newest + 1), at(now)),
                    _ => break,
                };
                if given[token].uses == 0 {
                    given[token].first_use = now;
                }
                given[token].uses += 1;
                given.push(Given { from: Some(token), uses: 0, first_use: 0 });
            }
        }

        #[test]
        fn a_wait_is_bounded_whatever_the_clock_does(failures in any::<i32>(), first: u32, last: u32, now: u32) {
            let throttle = SignInThrottle {
                failures, first_failed_at: at(first.into()), last_failed_at: at(last.into())
            };
            let wait = sign_in_wait(&Some(throttle), at(now.into())).unwrap_or(0);
            let most = if failures < 100 { 10 } else { 86_400 };
            prop_assert!(wait <= most);
            prop_assert!(failed(Some(throttle), at(now.into())).last_failed_at == at(now.into()));
        }
    }
}
