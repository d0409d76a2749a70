//! Failed sign-ins, by the hash of the sign-in name.

use diesel::prelude::*;
use evenkeel_domain::account::SignInThrottle;
use evenkeel_domain::value::Moment;

use crate::column::Stored;
use crate::schema::sign_in_throttles;
use crate::{Error, Tx};

row! {
    #[diesel(table_name = sign_in_throttles)]
    Row of SignInThrottle {
        failures: i32,
        first_failed_at: Moment,
        last_failed_at: Moment,
    }
}

/// The failed sign-ins with a name since the last successful one, whether or not the account exists.
pub fn throttle(tx: &mut Tx, name_hash: &[u8; 32]) -> Result<Option<SignInThrottle>, Error> {
    let query = sign_in_throttles::table.find(Stored(*name_hash)).select(Row::as_select());
    Ok(query.get_result(tx).optional()?.map(SignInThrottle::from))
}

/// Stores the failed sign-ins with a name.
pub fn put_throttle(tx: &mut Tx, name_hash: &[u8; 32], throttle: &SignInThrottle) -> Result<(), Error> {
    clear_throttle(tx, name_hash)?;
    let row = (sign_in_throttles::name_hash.eq(Stored(*name_hash)), Row::from(*throttle));
    diesel::insert_into(sign_in_throttles::table).values(row).execute(tx)?;
    Ok(())
}

/// Removes the failed sign-ins with a name, after a successful one.
pub fn clear_throttle(tx: &mut Tx, name_hash: &[u8; 32]) -> Result<(), Error> {
    diesel::delete(sign_in_throttles::table.find(Stored(*name_hash))).execute(tx)?;
    Ok(())
}
