//! Organizations, accounts, invitations and devices.

mod device;
mod invite;
mod throttle;

pub use device::{add_device, devices, family, put_family, revoke_device};
pub use invite::{add_invite, first_invites, invite_by_code, open_invites, redeem_invite, withdraw_invite};
pub use throttle::{clear_throttle, put_throttle, throttle};

use diesel::prelude::*;
use evenkeel_domain::access::{Actor, Grant, Relation};
use evenkeel_domain::account::{
    Account, AccountId, DeviceId, DisplayName, Email, OrganizationId, OrganizationName, ParticipantId, Role,
    SignInName,
};
use evenkeel_domain::value::{Moment, TimeZone};

use crate::column::Stored;
use crate::schema::{accounts, caseloads, devices, organizations, participants};
use crate::{Error, Tx};

/// Adds an organization. A `demo` one has invented people only.
pub fn add_organization(
    tx: &mut Tx,
    id: OrganizationId,
    name: &OrganizationName,
    demo: bool,
    now: Moment,
) -> Result<(), Error> {
    let row = (
        organizations::id.eq(Stored(id)),
        organizations::name.eq(Stored(name.clone())),
        organizations::demo.eq(demo),
        organizations::created_at.eq(Stored(now)),
    );
    diesel::insert_into(organizations::table).values(row).execute(tx)?;
    Ok(())
}

/// The number of organizations, of real people or of the demo.
pub fn organizations(tx: &mut Tx, demo: bool) -> Result<i64, Error> {
    Ok(organizations::table.filter(organizations::demo.eq(demo)).count().get_result(tx)?)
}

/// Whether anybody has an account.
pub fn anybody(tx: &mut Tx) -> Result<bool, Error> {
    Ok(accounts::table.select(accounts::id).first::<AccountId>(tx).optional()?.is_some())
}

/// The person of a session; none if there is no such session, it was revoked, or the person is suspended.
pub fn caller(tx: &mut Tx, account: AccountId, device: DeviceId) -> Result<Option<Actor>, Error> {
    let query = devices::table
        .inner_join(accounts::table.on(accounts::id.eq(devices::account_id)))
        .left_join(participants::table.on(participants::account_id.eq(accounts::id)))
        .filter(devices::id.eq(Stored(device)))
        .filter(devices::account_id.eq(Stored(account)))
        .filter(devices::revoked_at.is_null())
        .filter(accounts::active.eq(true))
        .select((accounts::organization_id, accounts::role, participants::id.nullable()));
    let row = each!(tx, conn => query.get_result(conn)).optional()?;
    Ok(row.map(|(organization, role, participant)| Actor {
        account,
        organization,
        role,
        device,
        participant,
    }))
}

/// The relation of an actor to a participant. It is the same for a record that does not exist and one of another
/// organization.
pub fn relation(tx: &mut Tx, actor: &Actor, participant: ParticipantId) -> Result<Relation, Error> {
    if actor.participant == Some(participant) {
        return Ok(Relation::Own);
    }
    let belongs = participants::table.find(Stored(participant)).select(participants::organization_id);
    let organization = each!(tx, conn => belongs.get_result(conn)).optional()?;
    if organization != Some(actor.organization) {
        return Ok(Relation::Foreign);
    }
    let cares =
        caseloads::table.find((Stored(actor.account), Stored(participant))).select(caseloads::counselor_id);
    let cares: Option<AccountId> = each!(tx, conn => cares.get_result(conn)).optional()?;
    Ok(if cares.is_some() { Relation::Caseload } else { Relation::Organization })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
struct Row {
    id: Stored<AccountId>,
    organization_id: Stored<OrganizationId>,
    role: Stored<Role>,
    display_name: Stored<DisplayName>,
    sign_in_name: Stored<SignInName>,
    email: Stored<Option<Email>>,
    time_zone: Stored<Option<TimeZone>>,
    active: bool,
}

impl Row {
    fn account(self, participant: Option<ParticipantId>) -> Account {
        Account {
            id: self.id.0,
            organization: self.organization_id.0,
            role: self.role.0,
            display_name: self.display_name.0,
            sign_in_name: self.sign_in_name.0,
            email: self.email.0,
            participant,
            time_zone: self.time_zone.0,
            active: self.active,
        }
    }
}

/// Adds an account. The sign-in name must be free.
pub fn add(tx: &mut Tx, account: &Account, password_hash: Option<&str>, now: Moment) -> Result<(), Error> {
    let row = Row {
        id: Stored(account.id),
        organization_id: Stored(account.organization),
        role: Stored(account.role),
        display_name: Stored(account.display_name.clone()),
        sign_in_name: Stored(account.sign_in_name.clone()),
        email: Stored(account.email.clone()),
        time_zone: Stored(account.time_zone.clone()),
        active: account.active,
    };
    let row = (row, accounts::password_hash.eq(password_hash), accounts::created_at.eq(Stored(now)));
    diesel::insert_into(accounts::table).values(row).execute(tx)?;
    if let (Some(participant), Some(zone)) = (account.participant, &account.time_zone) {
        let row = (
            participants::id.eq(Stored(participant)),
            participants::account_id.eq(Stored(account.id)),
            participants::organization_id.eq(Stored(account.organization)),
            participants::time_zone.eq(Stored(zone.clone())),
            participants::created_at.eq(Stored(now)),
        );
        diesel::insert_into(participants::table).values(row).execute(tx)?;
    }
    Ok(())
}

/// Puts a participant on a counselor's caseload.
pub fn assign(
    tx: &mut Tx,
    counselor: AccountId,
    participant: ParticipantId,
    now: Moment,
) -> Result<(), Error> {
    let row = (
        caseloads::counselor_id.eq(Stored(counselor)),
        caseloads::participant_id.eq(Stored(participant)),
        caseloads::since.eq(Stored(now)),
    );
    each!(tx, conn => diesel::insert_into(caseloads::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(())
}

/// Accounts, each with the id of its participant's record, if it has one.
macro_rules! people {
    () => {
        accounts::table.left_join(participants::table.on(participants::account_id.eq(accounts::id)))
    };
}

/// The account with a sign-in name, and the hash of its password.
pub fn by_sign_in_name(tx: &mut Tx, name: &SignInName) -> Result<Option<(Account, Option<String>)>, Error> {
    let found: Option<(Row, Option<ParticipantId>, Option<String>)> = people!()
        .filter(accounts::sign_in_name.eq(Stored(name.clone())))
        .select((Row::as_select(), participants::id.nullable(), accounts::password_hash))
        .get_result(tx)
        .optional()?;
    Ok(found.map(|(row, participant, password_hash)| (row.account(participant), password_hash)))
}

/// An account by id.
pub fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, Error> {
    let found: Option<(Row, Option<ParticipantId>)> = people!()
        .filter(accounts::id.eq(Stored(id)))
        .select((Row::as_select(), participants::id.nullable()))
        .get_result(tx)
        .optional()?;
    Ok(found.map(|(row, participant)| row.account(participant)))
}

/// The account of a participant.
pub fn of_participant(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Account>, Error> {
    let found: Option<Row> = people!()
        .filter(participants::id.eq(Stored(participant)))
        .select(Row::as_select())
        .get_result(tx)
        .optional()?;
    Ok(found.map(|row| row.account(Some(participant))))
}

/// Replaces the hash of a password.
pub fn set_password_hash(tx: &mut Tx, id: AccountId, hash: &str) -> Result<(), Error> {
    diesel::update(accounts::table.find(Stored(id))).set(accounts::password_hash.eq(hash)).execute(tx)?;
    Ok(())
}

/// A participant's time zone.
pub fn time_zone(tx: &mut Tx, participant: ParticipantId) -> Result<Option<TimeZone>, Error> {
    let query = participants::table.find(Stored(participant)).select(participants::time_zone);
    Ok(each!(tx, conn => query.get_result(conn)).optional()?)
}

/// Stores a participant's time zone, in their record and in their account.
pub fn put_time_zone(tx: &mut Tx, grant: &Grant, zone: &TimeZone) -> Result<(), Error> {
    let record = participants::table.find(Stored(grant.participant()));
    let time_zone = participants::time_zone.eq(Stored(zone.clone()));
    diesel::update(record).set(time_zone).execute(tx)?;
    let account = accounts::table.filter(accounts::id.eq_any(record.select(participants::account_id)));
    diesel::update(account).set(accounts::time_zone.eq(Some(zone.clone()))).execute(tx)?;
    Ok(())
}

/// When a participant joined.
pub fn joined_at(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Moment>, Error> {
    let query = participants::table.find(Stored(participant)).select(participants::created_at);
    Ok(query.get_result(tx).optional()?)
}
