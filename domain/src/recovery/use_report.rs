//! Use reports: what a craving, a check-in or a lapse says of use, for whoever treats the person.
//!
//! Each entry has one report. A report needs attention until somebody has acknowledged its newest revision, or the
//! person corrects or withdraws the entry. No report is weighed against another. Reports of one evening are shown
//! as one group, by their first day.

use super::Refusal;
use super::guidance::may_be_opioid;
use super::lapse::{Lapse, LapseOutcome};
use crate::account::AccountId;
use crate::craving::{Craving, Outcome, Substance};
use crate::value::{Day, Moment, TimeZone};
use jiff::SignedDuration;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long an evening lasts after midnight.
const EVENING: SignedDuration = SignedDuration::from_hours(6);
/// How many days a report stays in the caseload after it needs no attention.
const RECENT_DAYS: i64 = 14;

id! {
    /// The entry that reports use; unique for its participant and source.
    UseReportId
}
words! {
    /// What kind of entry reports use.
    ReportSource {
        /// A craving that ended in use.
        Craving = "craving",
        /// A check-in that answers yes to use.
        CheckIn = "check_in",
        /// A lapse, or a close call with what may have been an opioid.
        Lapse = "lapse",
    }
}

/// What an entry says of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Use {
    /// The first local day on which it may have been.
    pub first_day: Day,
    /// The last.
    pub last_day: Day,
    /// What was used, where the entry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub substance: Option<Substance>,
    /// What happened, where the entry is a lapse. A close call is reported only if it may have been an opioid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<LapseOutcome>,
}

impl Use {
    /// Use of something at a time: on its day or, before 6 in the morning, also on the evening before.
    pub fn at(at: Moment, zone: &TimeZone, substance: Option<Substance>) -> Self {
        Self { first_day: evening(at, zone), last_day: at.local_day(zone), substance, outcome: None }
    }

    /// What a craving says: that it ended in use.
    pub fn of_craving(craving: &Craving) -> Option<Self> {
        let is_use = craving.withdrawn_at.is_none() && craving.draft.outcome == Some(Outcome::Lapsed);
        let at = craving.outcome_at.unwrap_or_else(|| craving.felt_at());
        is_use.then(|| Self::at(at, &craving.draft.time_zone, craving.draft.substance))
    }

    /// What a corrected craving says, given what it reports. An end in use stays reported after another outcome; only
    /// a correction that changes that end withdraws it.
    pub fn of_corrected_craving(before: &Craving, after: &Craving, reported: Option<Self>) -> Option<Self> {
        let (was, is) = (Self::of_craving(before), Self::of_craving(after));
        match reported {
            Some(reported) if was == is => Some(Self { substance: after.draft.substance, ..reported }),
            _ => is,
        }
    }

    /// What a lapse says. A close call is only reported if it may have been an opioid. Source: clinical.md 3.6.
    pub fn of_lapse(lapse: &Lapse) -> Option<Self> {
        let substance = Some(lapse.draft.substance);
        let is_reported = lapse.draft.outcome.is_use() || may_be_opioid(substance);
        (lapse.withdrawn_at.is_none() && is_reported).then(|| Self {
            outcome: Some(lapse.draft.outcome),
            ..Self::at(lapse.happened_at(), &lapse.draft.time_zone, substance)
        })
    }

    /// Both together, where one entry reports use twice: all their days, and the substance if it is the same.
    fn and(self, other: Self) -> Self {
        Self {
            first_day: self.first_day.min(other.first_day),
            last_day: self.last_day.max(other.last_day),
            substance: other.substance.filter(|_| self.substance == other.substance),
            outcome: other.outcome,
        }
    }
}

/// The local day of a time or, before 6 in the morning, the day before: an evening may end after midnight.
pub fn evening(at: Moment, zone: &TimeZone) -> Day {
    at.plus(-EVENING).local_day(zone)
}

/// Who acknowledged a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Acknowledgement {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Moment,
    /// The revision they saw.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// The use that an entry reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UseReport {
    /// What kind of entry reports it.
    pub source: ReportSource,
    /// The entry.
    pub id: UseReportId,
    /// What it says.
    #[serde(flatten)]
    pub says: Use,
    /// When the server received this revision.
    pub reported_at: Moment,
    /// How often it has changed: 1 until it says something else, or again.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who of those who treat the person last acknowledged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Acknowledgement>,
    /// When it was withdrawn.
    #[serde(skip)]
    pub withdrawn_at: Option<Moment>,
}

impl UseReport {
    /// The report after the person has reported use in this entry, perhaps not for the first time. It may have been
    /// another time, so this is always a new revision; what the entry reported before is part of it.
    pub fn report(
        source: ReportSource,
        entry: impl Into<Uuid>,
        before: Option<&Self>,
        says: Use,
        now: Moment,
    ) -> Self {
        let reported = before.and_then(Self::reported);
        Self {
            source,
            id: entry.into().into(),
            says: reported.map_or(says, |reported| reported.and(says)),
            reported_at: now,
            revision: before.map_or(1, |before| before.revision + 1),
            acknowledged: before.and_then(|before| before.acknowledged),
            withdrawn_at: None,
        }
    }

    /// The report after its entry was corrected or withdrawn and says this now. The same again changes nothing.
    pub fn revise(
        source: ReportSource,
        entry: impl Into<Uuid>,
        before: Option<&Self>,
        says: Option<Use>,
        now: Moment,
    ) -> Option<Self> {
        let reported = before.and_then(Self::reported);
        match (before, says) {
            (before, says) if reported == says => before.copied(),
            (before, Some(says)) => Some(Self { says, ..Self::report(source, entry, before, says, now) }),
            (Some(before), None) => {
                Some(Self { revision: before.revision + 1, withdrawn_at: Some(now), ..*before })
            }
            (None, None) => None,
        }
    }

    /// What it says, unless it was withdrawn.
    pub fn reported(&self) -> Option<Use> {
        self.withdrawn_at.is_none().then_some(self.says)
    }

    /// Whether somebody has to look after the person.
    pub fn needs_attention(&self) -> bool {
        let seen = self.acknowledged.map(|seen| seen.revision);
        self.withdrawn_at.is_none() && seen != Some(self.revision)
    }

    /// The report after somebody has seen its newest revision. Of several, the first one counts.
    #[must_use]
    pub fn acknowledge(self, by: AccountId, now: Moment) -> Self {
        let seen = Acknowledgement { by, at: now, revision: self.revision };
        Self { acknowledged: self.acknowledged.filter(|_| !self.needs_attention()).or(Some(seen)), ..self }
    }
}

/// The use reports of one evening, to be acknowledged together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UseReportGroup {
    /// Their first day.
    pub day: Day,
    /// Whether one of them needs attention: nobody has acknowledged its newest revision.
    pub needs_attention: bool,
    /// Whether one of them may have been an opioid.
    pub may_be_opioid: bool,
    /// For `If-Match` when they are acknowledged. It changes with what needs attention.
    #[schema(min_length = 3, max_length = 64)]
    pub etag: String,
    /// The reports, the latest first.
    #[schema(max_items = 1000)]
    pub reports: Vec<UseReport>,
}

impl UseReportGroup {
    fn new(day: Day, mut reports: Vec<UseReport>, tag: &impl Fn(&[UnseenReport]) -> String) -> Self {
        reports.sort_by_key(|one| Reverse((one.reported_at, one.source, one.id)));
        let mut unseen: Vec<_> = reports.iter().filter(|one| one.needs_attention()).map(unseen).collect();
        unseen.sort_unstable();
        Self {
            day,
            needs_attention: !unseen.is_empty(),
            may_be_opioid: reports.iter().any(|one| may_be_opioid(one.says.substance)),
            etag: tag(&unseen),
            reports,
        }
    }

    /// The reports that somebody acknowledges who has read the group under this tag. Nothing is left to acknowledge once
    /// nothing needs attention.
    pub fn acknowledge(&self, seen: &str, by: AccountId, now: Moment) -> Result<Vec<UseReport>, Refusal> {
        if self.needs_attention && self.etag != seen {
            return Err(Refusal::ReportedSince);
        }
        let unseen = self.reports.iter().filter(|one| one.needs_attention());
        Ok(unseen.map(|one| one.acknowledge(by, now)).collect())
    }

    /// What needs attention first, and of that what may have been an opioid; then what was reported last.
    fn urgency(&self) -> (bool, bool, Option<Moment>, Day) {
        let latest = self.reports.iter().map(|one| one.reported_at).max();
        (self.needs_attention, self.needs_attention && self.may_be_opioid, latest, self.day)
    }
}

/// A revision that nobody has acknowledged, of which a group's tag is made.
pub type UnseenReport = (ReportSource, UseReportId, i32);

fn unseen(report: &UseReport) -> UnseenReport {
    (report.source, report.id, report.revision)
}

/// The reports by day, without those that were withdrawn, the latest day first. The function that makes a tag is the
/// caller's.
pub fn by_day(reports: &[UseReport], tag: impl Fn(&[UnseenReport]) -> String) -> Vec<UseReportGroup> {
    let mut days: BTreeMap<Reverse<Day>, Vec<UseReport>> = BTreeMap::new();
    for report in reports.iter().filter(|one| one.withdrawn_at.is_none()) {
        days.entry(Reverse(report.says.first_day)).or_default().push(*report);
    }
    days.into_iter().map(|(Reverse(day), reports)| UseReportGroup::new(day, reports, &tag)).collect()
}

/// Since when a report counts as recent, so that a caseload shows it although it needs no attention.
pub fn recent_since(now: Moment) -> Moment {
    now.plus(SignedDuration::from_hours(-24 * RECENT_DAYS))
}

/// What a caseload shows: reports that need attention or are recent, by day, the most urgent first.
pub fn for_caseload(
    reports: &[UseReport],
    now: Moment,
    tag: impl Fn(&[UnseenReport]) -> String,
) -> Vec<UseReportGroup> {
    let is_shown = |one: &&UseReport| one.needs_attention() || recent_since(now) <= one.reported_at;
    let shown: Vec<_> = reports.iter().filter(is_shown).copied().collect();
    let mut groups = by_day(&shown, tag);
    groups.sort_by_key(|group| Reverse(group.urgency()));
    groups
}

#[cfg(test)]
mod tests;
