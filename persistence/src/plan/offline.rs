//! What a participant has set in several modules, for the bundle that a phone keeps for when it is offline.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::Chosen;
use evenkeel_domain::reminder::Preferences;
use evenkeel_domain::value::TimeZone;

use crate::column::Id;
use crate::column::read;
use crate::coping::{ChosenRow, chosen_of};
use crate::reminder::{Wish, preferences, wish_columns};
use crate::schema::{coping_choices, participants, reminder_preferences as wishes};
use crate::{Error, Tx};

/// What a participant has set: the zone they live in, when to be reminded, what they chose among skills.
pub struct Settings {
    /// Where they live.
    pub time_zone: TimeZone,
    /// When to be reminded; off until they say.
    pub wish: Preferences,
    /// Favorites and precautions.
    pub chosen: Chosen,
}

/// All that a participant has set, in one query; none if there is no such participant.
pub fn settings(tx: &mut Tx, grant: &Grant) -> Result<Option<Settings>, Error> {
    type Row = (String, Option<Wish>, Option<ChosenRow>);
    let query = participants::table
        .left_join(wishes::table.on(wishes::participant_id.eq(participants::id)))
        .left_join(coping_choices::table.on(coping_choices::participant_id.eq(participants::id)))
        .filter(participants::id.eq(Id::of(grant.participant())))
        .select((
            participants::time_zone,
            wish_columns!().nullable(),
            (coping_choices::revision, coping_choices::choices).nullable(),
        ));
    let row: Option<Row> = each!(tx, conn => query.get_result(conn)).optional()?;
    row.map(|(zone, wish, chosen)| {
        Ok(Settings {
            time_zone: read(zone)?,
            wish: wish.map(preferences).transpose()?.unwrap_or_default(),
            chosen: chosen_of(chosen)?,
        })
    })
    .transpose()
}
