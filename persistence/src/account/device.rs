//! Devices and their refresh tokens.

use diesel::prelude::*;
use evenkeel_domain::account::{AccountId, Device, DeviceId, DeviceName, RefreshFamily};
use evenkeel_domain::value::Moment;

use crate::column::Stored;
use crate::schema::devices;
use crate::{Error, Tx};

row! {
    #[diesel(table_name = devices)]
    DeviceRow of Device {
        id: DeviceId,
        #[diesel(column_name = account_id)]
        account: AccountId,
        name: DeviceName,
        created_at: Moment,
        last_used_at: Moment,
        revoked_at: Option<Moment>,
    }
}

row! {
    #[derive(AsChangeset)]
    #[diesel(table_name = devices)]
    FamilyRow of RefreshFamily {
        generation: i32,
        #[diesel(column_name = current_hash)]
        current: [u8; 32],
        #[diesel(column_name = previous_hash)]
        previous: Option<[u8; 32]>,
        rotated_at: Moment,
        reissues: i16,
        created_at: Moment,
        last_used_at: Moment,
        revoked_at: Option<Moment>,
    }
}

/// Signs a person in on a device.
pub fn add_device(tx: &mut Tx, device: &Device, family: &RefreshFamily) -> Result<(), Error> {
    let row = (
        devices::id.eq(Stored(device.id)),
        devices::account_id.eq(Stored(device.account)),
        devices::name.eq(Stored(device.name.clone())),
        FamilyRow::from(family.clone()),
    );
    diesel::insert_into(devices::table).values(row).execute(tx)?;
    Ok(())
}

/// The devices on which a person is signed in, the last used first.
pub fn devices(tx: &mut Tx, account: AccountId) -> Result<Vec<Device>, Error> {
    let rows = devices::table
        .filter(devices::account_id.eq(Stored(account)))
        .filter(devices::revoked_at.is_null())
        .order((devices::last_used_at.desc(), devices::id.desc()))
        .select(DeviceRow::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// The refresh tokens of a device, and its owner.
pub fn family(tx: &mut Tx, device: DeviceId) -> Result<Option<(AccountId, RefreshFamily)>, Error> {
    let row: Option<(AccountId, FamilyRow)> = devices::table
        .find(Stored(device))
        .select((devices::account_id, FamilyRow::as_select()))
        .get_result(tx)
        .optional()?;
    Ok(row.map(|(account, family)| (account, family.into())))
}

/// Stores a changed family of refresh tokens.
pub fn put_family(tx: &mut Tx, device: DeviceId, family: &RefreshFamily) -> Result<(), Error> {
    let target = devices::table.find(Stored(device));
    diesel::update(target).set(FamilyRow::from(family.clone())).execute(tx)?;
    Ok(())
}

/// Ends the session on one of a person's devices. False if it is not theirs or has already ended.
pub fn revoke_device(tx: &mut Tx, account: AccountId, device: DeviceId, now: Moment) -> Result<bool, Error> {
    let theirs = devices::table
        .filter(devices::id.eq(Stored(device)))
        .filter(devices::account_id.eq(Stored(account)))
        .filter(devices::revoked_at.is_null());
    Ok(diesel::update(theirs).set(devices::revoked_at.eq(Some(now))).execute(tx)? == 1)
}
