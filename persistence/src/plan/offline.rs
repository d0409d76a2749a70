//! A participant's settings in several modules, for the offline bundle.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::Chosen;
use evenkeel_domain::reminder::Preferences;
use evenkeel_domain::value::TimeZone;

use crate::column::Stored;
use crate::coping::ChosenRow;
use crate::reminder::PreferencesRow;
use crate::schema::{coping_choices, participants, reminder_preferences};
use crate::{Error, Tx};

/// A participant's settings.
pub struct Settings {
    /// Their time zone.
    pub time_zone: TimeZone,
    /// Their reminder preferences; off until they choose.
    pub reminders: Preferences,
    /// Their favorite skills and precautions.
    pub chosen: Chosen,
}

/// A participant's settings, in one query; none if there is no such participant.
pub fn settings(tx: &mut Tx, grant: &Grant) -> Result<Option<Settings>, Error> {
    type Row = (TimeZone, Option<PreferencesRow>, Option<ChosenRow>);
    let query = participants::table
        .left_join(reminder_preferences::table.on(reminder_preferences::participant_id.eq(participants::id)))
        .left_join(coping_choices::table.on(coping_choices::participant_id.eq(participants::id)))
        .filter(participants::id.eq(Stored(grant.participant())));
    let row: Option<Row> = each!(tx, conn => query
        .select((
            participants::time_zone,
            Option::<PreferencesRow>::as_select(),
            Option::<ChosenRow>::as_select(),
        ))
        .get_result(conn))
    .optional()?;
    row.map(|(time_zone, reminders, chosen)| {
        Ok(Settings {
            time_zone,
            reminders: reminders.map(Preferences::try_from).transpose()?.unwrap_or_default(),
            chosen: chosen.map(Chosen::from).unwrap_or_default(),
        })
    })
    .transpose()
}
