//! The participant's time zone and local date.

use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::value::{Day, TimeZone};
use evenkeel_persistence::{Tx, account};

use super::problem::Problem;

/// The participant's home time zone.
pub fn home_zone(tx: &mut Tx, participant: ParticipantId) -> Result<TimeZone, Problem> {
    account::time_zone(tx, participant)?.ok_or_else(Problem::unknown)
}

/// Today's date in the participant's home time zone.
pub fn today(tx: &mut Tx, grant: &Grant) -> Result<Day, Problem> {
    Ok(grant.now().local_day(&home_zone(tx, grant.participant())?))
}
