//! Failed sign-ins, by the hash of the name that was tried.

use diesel::prelude::*;
use evenkeel_domain::account::SignInThrottle;

use crate::column::At;
use crate::schema::sign_in_throttles;
use crate::{Error, Tx};

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
