//! Devices, and the refresh tokens of each.

use diesel::prelude::*;
use evenkeel_domain::account::{AccountId, Device, DeviceId, DeviceName, RefreshFamily};
use evenkeel_domain::value::Moment;

use crate::column::read;
use crate::column::{At, Id};
use crate::schema::devices;
use crate::{Error, Tx};

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
