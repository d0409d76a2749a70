//! Organizations, people, invites, and the devices they are signed in on.

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

use crate::column::{At, Id, read};
use crate::schema::{accounts, caseloads, devices, organizations, participants};
use crate::{Error, Tx};

/// Adds an organization; a `demo` one holds invented people only.
pub fn add_organization(
    tx: &mut Tx,
    id: OrganizationId,
    name: &OrganizationName,
    demo: bool,
    now: Moment,
) -> Result<(), Error> {
    let row = (
        organizations::id.eq(Id::of(id)),
        organizations::name.eq(name.as_ref()),
        organizations::demo.eq(demo),
        organizations::created_at.eq(At(now)),
    );
    diesel::insert_into(organizations::table).values(row).execute(tx)?;
    Ok(())
}

/// How many organizations there are, of real people or of the demonstration.
pub fn organizations(tx: &mut Tx, demo: bool) -> Result<i64, Error> {
    Ok(organizations::table.filter(organizations::demo.eq(demo)).count().get_result(tx)?)
}

/// Whether anybody has an account.
pub fn anybody(tx: &mut Tx) -> Result<bool, Error> {
    Ok(accounts::table.select(accounts::id).first::<Id>(tx).optional()?.is_some())
}

/// Who stands behind a session; nothing if it was revoked, its person suspended, or never existed.
pub fn caller(tx: &mut Tx, account: AccountId, device: DeviceId) -> Result<Option<Actor>, Error> {
    type Row = (Id, String, Option<Id>);
    let query = devices::table
        .inner_join(accounts::table.on(accounts::id.eq(devices::account_id)))
        .left_join(participants::table.on(participants::account_id.eq(accounts::id)))
        .filter(devices::id.eq(Id::of(device)))
        .filter(devices::account_id.eq(Id::of(account)))
        .filter(devices::revoked_at.is_null())
        .filter(accounts::active.eq(true))
        .select((accounts::organization_id, accounts::role, participants::id.nullable()));
    let row: Option<Row> = each!(tx, conn => query.get_result(conn)).optional()?;
    row.map(|(organization, role, participant)| {
        Ok(Actor {
            account,
            organization: organization.to(),
            role: read::<Role>(role)?,
            device,
            participant: participant.map(Id::to),
        })
    })
    .transpose()
}

/// How an actor stands to a participant. Somebody unknown is a stranger like any other.
pub fn relation(tx: &mut Tx, actor: &Actor, participant: ParticipantId) -> Result<Relation, Error> {
    if actor.participant == Some(participant) {
        return Ok(Relation::Own);
    }
    let belongs = participants::table.find(Id::of(participant)).select(participants::organization_id);
    let organization: Option<Id> = each!(tx, conn => belongs.get_result(conn)).optional()?;
    if organization != Some(Id::of(actor.organization)) {
        return Ok(Relation::Foreign);
    }
    let cares =
        caseloads::table.find((Id::of(actor.account), Id::of(participant))).select(caseloads::counselor_id);
    let cares: Option<Id> = each!(tx, conn => cares.get_result(conn)).optional()?;
    Ok(if cares.is_some() { Relation::Caseload } else { Relation::Organization })
}

/// Adds a person; the sign-in name must be free.
pub fn add(tx: &mut Tx, account: &Account, password_hash: Option<&str>, now: Moment) -> Result<(), Error> {
    let row = (
        accounts::id.eq(Id::of(account.id)),
        accounts::organization_id.eq(Id::of(account.organization)),
        accounts::role.eq(String::from(account.role)),
        accounts::display_name.eq(account.display_name.as_ref()),
        accounts::sign_in_name.eq(account.sign_in_name.as_ref()),
        accounts::email.eq(account.email.as_ref().map(AsRef::<str>::as_ref)),
        accounts::password_hash.eq(password_hash),
        accounts::time_zone.eq(account.time_zone.clone().map(String::from)),
        accounts::active.eq(account.active),
        accounts::created_at.eq(At(now)),
    );
    diesel::insert_into(accounts::table).values(row).execute(tx)?;
    if let (Some(participant), Some(zone)) = (account.participant, &account.time_zone) {
        let row = (
            participants::id.eq(Id::of(participant)),
            participants::account_id.eq(Id::of(account.id)),
            participants::organization_id.eq(Id::of(account.organization)),
            participants::time_zone.eq(zone.name()),
            participants::created_at.eq(At(now)),
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
        caseloads::counselor_id.eq(Id::of(counselor)),
        caseloads::participant_id.eq(Id::of(participant)),
        caseloads::since.eq(At(now)),
    );
    each!(tx, conn => diesel::insert_into(caseloads::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(())
}

type AccountRow = (Id, Id, String, String, String, Option<String>, Option<String>, Option<String>, bool);
type Found = (AccountRow, Option<Id>);

fn account((row, participant): Found) -> Result<(Account, Option<String>), Error> {
    let (id, organization, role, display_name, sign_in_name, email, password_hash, time_zone, active) = row;
    let account = Account {
        id: id.to(),
        organization: organization.to(),
        role: read(role)?,
        display_name: read::<DisplayName>(display_name)?,
        sign_in_name: read::<SignInName>(sign_in_name)?,
        email: email.map(read::<Email>).transpose()?,
        participant: participant.map(Id::to),
        time_zone: time_zone.map(read::<TimeZone>).transpose()?,
        active,
    };
    Ok((account, password_hash))
}

macro_rules! account_columns {
    () => {
        (
            (
                accounts::id,
                accounts::organization_id,
                accounts::role,
                accounts::display_name,
                accounts::sign_in_name,
                accounts::email,
                accounts::password_hash,
                accounts::time_zone,
                accounts::active,
            ),
            participants::id.nullable(),
        )
    };
}

/// The person of a sign-in name, with the hash of the password.
pub fn by_sign_in_name(tx: &mut Tx, name: &SignInName) -> Result<Option<(Account, Option<String>)>, Error> {
    let found: Option<Found> = accounts::table
        .left_join(participants::table.on(participants::account_id.eq(accounts::id)))
        .filter(accounts::sign_in_name.eq(name.as_ref()))
        .select(account_columns!())
        .get_result(tx)
        .optional()?;
    found.map(account).transpose()
}

/// A person by id.
pub fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, Error> {
    let found: Option<Found> = accounts::table
        .left_join(participants::table.on(participants::account_id.eq(accounts::id)))
        .filter(accounts::id.eq(Id::of(id)))
        .select(account_columns!())
        .get_result(tx)
        .optional()?;
    Ok(found.map(account).transpose()?.map(|(account, _)| account))
}

/// The person behind a participant's record.
pub fn of_participant(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Account>, Error> {
    let found: Option<Found> = accounts::table
        .left_join(participants::table.on(participants::account_id.eq(accounts::id)))
        .filter(participants::id.eq(Id::of(participant)))
        .select(account_columns!())
        .get_result(tx)
        .optional()?;
    Ok(found.map(account).transpose()?.map(|(account, _)| account))
}

/// Replaces the hash of a password.
pub fn set_password_hash(tx: &mut Tx, id: AccountId, hash: &str) -> Result<(), Error> {
    diesel::update(accounts::table.find(Id::of(id))).set(accounts::password_hash.eq(hash)).execute(tx)?;
    Ok(())
}

/// The zone a participant lives in.
pub fn time_zone(tx: &mut Tx, participant: ParticipantId) -> Result<Option<TimeZone>, Error> {
    let query = participants::table.find(Id::of(participant)).select(participants::time_zone);
    let zone: Option<String> = each!(tx, conn => query.get_result(conn)).optional()?;
    zone.map(read).transpose()
}

/// Keeps the zone a participant lives in, with their record and with their account.
pub fn put_time_zone(tx: &mut Tx, grant: &Grant, zone: &TimeZone) -> Result<(), Error> {
    let record = participants::table.find(Id::of(grant.participant()));
    diesel::update(record).set(participants::time_zone.eq(zone.name())).execute(tx)?;
    let account = accounts::table.filter(accounts::id.eq_any(record.select(participants::account_id)));
    diesel::update(account).set(accounts::time_zone.eq(zone.name())).execute(tx)?;
    Ok(())
}

/// When a participant joined.
pub fn joined_at(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Moment>, Error> {
    let at: Option<At> = participants::table
        .find(Id::of(participant))
        .select(participants::created_at)
        .get_result(tx)
        .optional()?;
    Ok(at.map(|at| at.0))
}
