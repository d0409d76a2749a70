//! Organisations, people, invites, and the devices they are signed in on.

use diesel::prelude::*;
use evenkeel_domain::access::{Actor, Grant, Permit, Relation};
use evenkeel_domain::account::{
    Account, AccountId, Device, DeviceId, DeviceName, DisplayName, Email, Invite, InviteId, OrganisationId,
    OrganisationName, ParticipantId, RefreshFamily, Role, SignInName, SignInThrottle,
};
use evenkeel_domain::value::{Moment, TimeZone};

use crate::column::{At, Id};
use crate::schema::{accounts, caseloads, devices, invites, organisations, participants, sign_in_throttles};
use crate::{Error, Tx};

/// A row that holds what cannot be: somebody wrote past the application.
pub(crate) fn broken(invalid: impl std::fmt::Display) -> Error {
    Error::Broken(format!("a stored value {invalid}"))
}

/// A stored word as the value it stands for.
pub(crate) fn read<T: TryFrom<String, Error: std::fmt::Display>>(text: String) -> Result<T, Error> {
    T::try_from(text).map_err(broken)
}

/// Adds an organisation; a `demo` one holds invented people only.
pub fn add_organisation(
    tx: &mut Tx,
    id: OrganisationId,
    name: &OrganisationName,
    demo: bool,
    now: Moment,
) -> Result<(), Error> {
    let row = (
        organisations::id.eq(Id::of(id)),
        organisations::name.eq(name.as_ref()),
        organisations::demo.eq(demo),
        organisations::created_at.eq(At(now)),
    );
    diesel::insert_into(organisations::table).values(row).execute(tx)?;
    Ok(())
}

/// How many organisations there are, of real people or of the demonstration.
pub fn organisations(tx: &mut Tx, demo: bool) -> Result<i64, Error> {
    Ok(organisations::table.filter(organisations::demo.eq(demo)).count().get_result(tx)?)
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
        .select((accounts::organisation_id, accounts::role, participants::id.nullable()));
    let row: Option<Row> = each!(tx, conn => query.get_result(conn)).optional()?;
    row.map(|(organisation, role, participant)| {
        Ok(Actor {
            account,
            organisation: organisation.to(),
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
    let belongs = participants::table.find(Id::of(participant)).select(participants::organisation_id);
    let organisation: Option<Id> = each!(tx, conn => belongs.get_result(conn)).optional()?;
    if organisation != Some(Id::of(actor.organisation)) {
        return Ok(Relation::Foreign);
    }
    let cares =
        caseloads::table.find((Id::of(actor.account), Id::of(participant))).select(caseloads::counselor_id);
    let cares: Option<Id> = each!(tx, conn => cares.get_result(conn)).optional()?;
    Ok(if cares.is_some() { Relation::Caseload } else { Relation::Organisation })
}

/// Adds a person; the sign-in name must be free.
pub fn add(tx: &mut Tx, account: &Account, password_hash: Option<&str>, now: Moment) -> Result<(), Error> {
    let row = (
        accounts::id.eq(Id::of(account.id)),
        accounts::organisation_id.eq(Id::of(account.organisation)),
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
            participants::organisation_id.eq(Id::of(account.organisation)),
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
    let (id, organisation, role, display_name, sign_in_name, email, password_hash, time_zone, active) = row;
    let account = Account {
        id: id.to(),
        organisation: organisation.to(),
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
                accounts::organisation_id,
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

/// What a caseload shows of a participant besides what was logged.
pub struct Member {
    /// Whose record.
    pub participant: ParticipantId,
    /// The name staff know them by.
    pub display_name: DisplayName,
    /// The zone they live in.
    pub time_zone: TimeZone,
}

/// The participants a permit covers, by name: a counselor's own caseload, a supervisor's organisation.
pub fn members(tx: &mut Tx, permit: &Permit) -> Result<Vec<Member>, Error> {
    let columns = (participants::id, accounts::display_name, participants::time_zone);
    let order = (accounts::display_name.asc(), participants::id.asc());
    let actor = permit.actor();
    let rows: Vec<(Id, String, String)> = if actor.role == Role::Supervisor {
        participants::table
            .inner_join(accounts::table.on(accounts::id.eq(participants::account_id)))
            .filter(participants::organisation_id.eq(Id::of(actor.organisation)))
            .filter(accounts::active.eq(true))
            .order(order)
            .select(columns)
            .load(tx)?
    } else {
        caseloads::table
            .inner_join(participants::table.on(participants::id.eq(caseloads::participant_id)))
            .inner_join(accounts::table.on(accounts::id.eq(participants::account_id)))
            .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
            .filter(participants::organisation_id.eq(Id::of(actor.organisation)))
            .filter(accounts::active.eq(true))
            .order(order)
            .select(columns)
            .load(tx)?
    };
    let member = |(id, name, zone): (Id, String, String)| {
        Ok(Member { participant: id.to(), display_name: read(name)?, time_zone: read(zone)? })
    };
    rows.into_iter().map(member).collect()
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

// Devices

/// Signs a person in on a device.
pub fn add_device(tx: &mut Tx, device: &Device, family: &RefreshFamily) -> Result<(), Error> {
    let row = (
        devices::id.eq(Id::of(device.id)),
        devices::account_id.eq(Id::of(device.account)),
        devices::name.eq(device.name.as_ref()),
        devices::created_at.eq(At(device.created_at)),
        devices::last_used_at.eq(At(device.last_used_at)),
        devices::generation.eq(family.generation),
        devices::current_hash.eq(family.current.to_vec()),
        devices::previous_hash.eq(family.previous.map(|hash| hash.to_vec())),
        devices::rotated_at.eq(At(family.rotated_at)),
        devices::reissues.eq(family.reissues),
        devices::revoked_at.eq(device.revoked_at.map(At)),
    );
    diesel::insert_into(devices::table).values(row).execute(tx)?;
    Ok(())
}

/// The devices a person is signed in on, the latest used first.
pub fn devices(tx: &mut Tx, account: AccountId) -> Result<Vec<Device>, Error> {
    let rows: Vec<(Id, String, At, At, Option<At>)> = devices::table
        .filter(devices::account_id.eq(Id::of(account)))
        .filter(devices::revoked_at.is_null())
        .order((devices::last_used_at.desc(), devices::id.desc()))
        .select((devices::id, devices::name, devices::created_at, devices::last_used_at, devices::revoked_at))
        .load(tx)?;
    rows.into_iter()
        .map(|(id, name, created_at, last_used_at, revoked_at)| {
            Ok(Device {
                id: id.to(),
                account,
                name: read::<DeviceName>(name)?,
                created_at: created_at.0,
                last_used_at: last_used_at.0,
                revoked_at: revoked_at.map(|at| at.0),
            })
        })
        .collect()
}

/// The refresh tokens of a device, with whose it is.
pub fn family(tx: &mut Tx, device: DeviceId) -> Result<Option<(AccountId, RefreshFamily)>, Error> {
    type Row = (Id, i32, Vec<u8>, Option<Vec<u8>>, At, i16, (At, At, Option<At>));
    let row: Option<Row> = devices::table
        .find(Id::of(device))
        .select((
            devices::account_id,
            devices::generation,
            devices::current_hash,
            devices::previous_hash,
            devices::rotated_at,
            devices::reissues,
            (devices::created_at, devices::last_used_at, devices::revoked_at),
        ))
        .get_result(tx)
        .optional()?;
    let hash =
        |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| Error::Broken("a hash of 32 bytes".into()));
    row.map(
        |(
            account,
            generation,
            current,
            previous,
            rotated_at,
            reissues,
            (created_at, last_used_at, revoked_at),
        )| {
            let family = RefreshFamily {
                generation,
                current: hash(current)?,
                previous: previous.map(hash).transpose()?,
                rotated_at: rotated_at.0,
                reissues,
                created_at: created_at.0,
                last_used_at: last_used_at.0,
                revoked_at: revoked_at.map(|at| at.0),
            };
            Ok((account.to(), family))
        },
    )
    .transpose()
}

/// Stores what a rule made of a family of refresh tokens.
pub fn put_family(tx: &mut Tx, device: DeviceId, family: &RefreshFamily) -> Result<(), Error> {
    let change = (
        devices::generation.eq(family.generation),
        devices::current_hash.eq(family.current.to_vec()),
        devices::previous_hash.eq(family.previous.map(|hash| hash.to_vec())),
        devices::rotated_at.eq(At(family.rotated_at)),
        devices::reissues.eq(family.reissues),
        devices::last_used_at.eq(At(family.last_used_at)),
        devices::revoked_at.eq(family.revoked_at.map(At)),
    );
    diesel::update(devices::table.find(Id::of(device))).set(change).execute(tx)?;
    Ok(())
}

/// Ends the session of one of a person's devices; false if it is not theirs or ended before.
pub fn revoke_device(tx: &mut Tx, account: AccountId, device: DeviceId, now: Moment) -> Result<bool, Error> {
    let theirs = devices::table
        .filter(devices::id.eq(Id::of(device)))
        .filter(devices::account_id.eq(Id::of(account)))
        .filter(devices::revoked_at.is_null());
    Ok(diesel::update(theirs).set(devices::revoked_at.eq(Some(At(now)))).execute(tx)? == 1)
}

// Invites

type InviteRow =
    (Id, Id, String, String, Option<String>, Option<String>, Option<Id>, At, At, (Option<At>, Option<At>));

fn invite(row: InviteRow) -> Result<Invite, Error> {
    let (id, organisation, role, display_name, email, time_zone, created_by, created_at, expires_at, ended) =
        row;
    Ok(Invite {
        id: id.to(),
        organisation: organisation.to(),
        role: read(role)?,
        display_name: read(display_name)?,
        email: email.map(read).transpose()?,
        time_zone: time_zone.map(read).transpose()?,
        created_by: created_by.map(Id::to),
        created_at: created_at.0,
        expires_at: expires_at.0,
        redeemed_at: ended.0.map(|at| at.0),
        withdrawn_at: ended.1.map(|at| at.0),
    })
}

macro_rules! invite_columns {
    () => {
        (
            invites::id,
            invites::organisation_id,
            invites::role,
            invites::display_name,
            invites::email,
            invites::time_zone,
            invites::created_by,
            invites::created_at,
            invites::expires_at,
            (invites::redeemed_at, invites::withdrawn_at),
        )
    };
}

/// Keeps an invite under the hash of its code.
pub fn add_invite(tx: &mut Tx, invite: &Invite, code_hash: &[u8; 32]) -> Result<(), Error> {
    let row = (
        invites::id.eq(Id::of(invite.id)),
        invites::organisation_id.eq(Id::of(invite.organisation)),
        invites::code_hash.eq(code_hash.to_vec()),
        invites::role.eq(String::from(invite.role)),
        invites::display_name.eq(invite.display_name.as_ref()),
        invites::email.eq(invite.email.as_ref().map(AsRef::<str>::as_ref)),
        invites::time_zone.eq(invite.time_zone.clone().map(String::from)),
        invites::created_by.eq(invite.created_by.map(Id::of)),
        invites::created_at.eq(At(invite.created_at)),
        invites::expires_at.eq(At(invite.expires_at)),
    );
    diesel::insert_into(invites::table).values(row).execute(tx)?;
    Ok(())
}

/// The invite of a code.
pub fn invite_by_code(tx: &mut Tx, code_hash: &[u8; 32]) -> Result<Option<Invite>, Error> {
    let row: Option<InviteRow> = invites::table
        .filter(invites::code_hash.eq(code_hash.to_vec()))
        .select(invite_columns!())
        .get_result(tx)
        .optional()?;
    row.map(invite).transpose()
}

/// The invites somebody has open: one's own, or for supervisors and admins the organisation's.
pub fn open_invites(tx: &mut Tx, permit: &Permit, now: Moment) -> Result<Vec<Invite>, Error> {
    let actor = permit.actor();
    let mut query = invites::table
        .filter(invites::organisation_id.eq(Id::of(actor.organisation)))
        .filter(invites::redeemed_at.is_null())
        .filter(invites::withdrawn_at.is_null())
        .filter(invites::expires_at.gt(At(now)))
        .order(invites::created_at.desc())
        .select(invite_columns!())
        .limit(200)
        .into_boxed();
    if actor.role == Role::Counselor {
        query = query.filter(invites::created_by.eq(Id::of(actor.account)));
    }
    query.load::<InviteRow>(tx)?.into_iter().map(invite).collect()
}

/// The invites to an organisation's first admin that its first start made: by nobody, to no address.
pub fn first_invites(tx: &mut Tx) -> Result<Vec<Invite>, Error> {
    let rows: Vec<InviteRow> = invites::table
        .filter(invites::created_by.is_null())
        .filter(invites::email.is_null())
        .filter(invites::role.eq(Role::Admin.as_str()))
        .filter(invites::redeemed_at.is_null())
        .order(invites::created_at)
        .select(invite_columns!())
        .load(tx)?;
    rows.into_iter().map(invite).collect()
}

/// Marks an invite as used.
pub fn redeem_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    diesel::update(invites::table.find(Id::of(id)))
        .set(invites::redeemed_at.eq(Some(At(now))))
        .execute(tx)?;
    Ok(())
}

/// Marks an invite as taken back.
pub fn withdraw_invite(tx: &mut Tx, id: InviteId, now: Moment) -> Result<(), Error> {
    diesel::update(invites::table.find(Id::of(id)))
        .set(invites::withdrawn_at.eq(Some(At(now))))
        .execute(tx)?;
    Ok(())
}

// Throttle

/// The failed sign-ins of a name since the last good one, whether or not the name is anybody's.
pub fn throttle(tx: &mut Tx, name_hash: &[u8; 32]) -> Result<Option<SignInThrottle>, Error> {
    let row: Option<(i32, At, At)> = sign_in_throttles::table
        .find(name_hash.to_vec())
        .select((
            sign_in_throttles::failures,
            sign_in_throttles::first_failed_at,
            sign_in_throttles::last_failed_at,
        ))
        .get_result(tx)
        .optional()?;
    Ok(row.map(|(failures, first, last)| SignInThrottle {
        failures,
        first_failed_at: first.0,
        last_failed_at: last.0,
    }))
}

/// Keeps the failed sign-ins of a name.
pub fn put_throttle(tx: &mut Tx, name_hash: &[u8; 32], throttle: &SignInThrottle) -> Result<(), Error> {
    clear_throttle(tx, name_hash)?;
    let row = (
        sign_in_throttles::name_hash.eq(name_hash.to_vec()),
        sign_in_throttles::failures.eq(throttle.failures),
        sign_in_throttles::first_failed_at.eq(At(throttle.first_failed_at)),
        sign_in_throttles::last_failed_at.eq(At(throttle.last_failed_at)),
    );
    diesel::insert_into(sign_in_throttles::table).values(row).execute(tx)?;
    Ok(())
}

/// Forgets the failed sign-ins of a name, after a good one.
pub fn clear_throttle(tx: &mut Tx, name_hash: &[u8; 32]) -> Result<(), Error> {
    diesel::delete(sign_in_throttles::table.find(name_hash.to_vec())).execute(tx)?;
    Ok(())
}
