//! The calendar that a participant lives by.

use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::value::{Day, TimeZone};
use evenkeel_persistence::{Tx, account};

use super::problem::Problem;

/// The time zone in which a participant lives.
pub fn home_zone(tx: &mut Tx, participant: ParticipantId) -> Result<TimeZone, Problem> {
    account::time_zone(tx, participant)?.ok_or_else(Problem::unknown)
}

/// What day it is for a participant.
pub fn today(tx: &mut Tx, grant: &Grant) -> Result<Day, Problem> {
    Ok(grant.now().local_day(&home_zone(tx, grant.participant())?))
}
