//! Use reports: the use that a craving, a check-in or a lapse reports, for staff who treat the person.
//!
//! Each entry has one report. A report needs attention until somebody acknowledges its newest revision, or the person
//! corrects or withdraws the entry. Reports do not change each other. Reports of one evening are shown as one group, by
//! their first day.

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

/// How long an evening goes on after midnight.
const EVENING: SignedDuration = SignedDuration::from_hours(6);
/// How many days a report that needs no attention stays in the caseload.
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

/// The use that an entry reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Use {
    /// The first local day on which it may have happened.
    pub first_day: Day,
    /// The last one.
    pub last_day: Day,
    /// What was used, if the entry names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub substance: Option<Substance>,
    /// What happened, if the entry is a lapse. A close call is reported only if it may have been an opioid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<LapseOutcome>,
}

impl Use {
    /// Use at a time: on its local day and, before 6 in the morning, also on the day before.
    pub fn at(at: Moment, zone: &TimeZone, substance: Option<Substance>) -> Self {
        Self { first_day: evening(at, zone), last_day: at.local_day(zone), substance, outcome: None }
    }

    /// The use that a craving reports, if it ended in use.
    pub fn of_craving(craving: &Craving) -> Option<Self> {
        let is_use = craving.withdrawn_at.is_none() && craving.draft.outcome == Some(Outcome::Lapsed);
        let at = craving.outcome_at.unwrap_or_else(|| craving.felt_at());
        is_use.then(|| Self::at(at, &craving.draft.time_zone, craving.draft.substance))
    }

    /// The use that a corrected craving reports, given what it reported before. An outcome with use stays reported
    /// after another outcome. Only a correction that changes it withdraws it.
    pub fn of_corrected_craving(before: &Craving, after: &Craving, reported: Option<Self>) -> Option<Self> {
        let (was, is) = (Self::of_craving(before), Self::of_craving(after));
        match reported {
            Some(reported) if was == is => Some(Self { substance: after.draft.substance, ..reported }),
            _ => is,
        }
    }

    /// The use that a lapse reports. A close call is reported only if it may have been an opioid.
    pub fn of_lapse(lapse: &Lapse) -> Option<Self> {
        let substance = Some(lapse.draft.substance);
        let is_reported = lapse.draft.outcome.is_use() || may_be_opioid(substance);
        (lapse.withdrawn_at.is_none() && is_reported).then(|| Self {
            outcome: Some(lapse.draft.outcome),
            ..Self::at(lapse.happened_at(), &lapse.draft.time_zone, substance)
        })
    }

    /// Both together, if one entry reports use twice: all their days, and the substance if it is the same.
    fn and(self, other: Self) -> Self {
        Self {
            first_day: self.first_day.min(other.first_day),
            last_day: self.last_day.max(other.last_day),
            substance: other.substance.filter(|_| self.substance == other.substance),
            outcome: other.outcome,
        }
    }
}

/// The local day of a time or, before 6 in the morning, the day before, because an evening may end after midnight.
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

/// The report of use in one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UseReport {
    /// What kind of entry reports it.
    pub source: ReportSource,
    /// The entry.
    pub id: UseReportId,
    /// The use.
    #[serde(flatten)]
    pub says: Use,
    /// When the server received this revision.
    pub reported_at: Moment,
    /// Its revision: 1, and one more each time use is reported again or changed.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// The last acknowledgement by staff who treat the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Acknowledgement>,
    /// When it was withdrawn.
    #[serde(skip)]
    pub withdrawn_at: Option<Moment>,
}

impl UseReport {
    /// The report after the person reports use in this entry, for the first time or again. It may be another occasion,
    /// so this is always a new revision, which includes what the entry reported before.
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

    /// The report after its entry was corrected or withdrawn. `says` is the use that the entry now reports. If that is
    /// the same as before, nothing changes.
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

    /// The use, unless it was withdrawn.
    pub fn reported(&self) -> Option<Use> {
        self.withdrawn_at.is_none().then_some(self.says)
    }

    /// Whether nobody has acknowledged its newest revision.
    pub fn needs_attention(&self) -> bool {
        let seen = self.acknowledged.map(|seen| seen.revision);
        self.withdrawn_at.is_none() && seen != Some(self.revision)
    }

    /// The report after somebody acknowledges its newest revision. The first acknowledgement counts.
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
    /// For `If-Match` when they are acknowledged. It changes when a report needs attention or no longer does.
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

    /// The reports that somebody who read the group with this tag acknowledges. There are none if none needs attention.
    pub fn acknowledge(&self, seen: &str, by: AccountId, now: Moment) -> Result<Vec<UseReport>, Refusal> {
        if self.needs_attention && self.etag != seen {
            return Err(Refusal::ReportedSince);
        }
        let unseen = self.reports.iter().filter(|one| one.needs_attention());
        Ok(unseen.map(|one| one.acknowledge(by, now)).collect())
    }

    /// Groups that need attention are first, and among them those that may have been an opioid, then the latest.
    fn urgency(&self) -> (bool, bool, Option<Moment>, Day) {
        let latest = self.reports.iter().map(|one| one.reported_at).max();
        (self.needs_attention, self.needs_attention && self.may_be_opioid, latest, self.day)
    }
}

/// A revision that nobody has acknowledged. A group's tag is made from these.
pub type UnseenReport = (ReportSource, UseReportId, i32);

fn unseen(report: &UseReport) -> UnseenReport {
    (report.source, report.id, report.revision)
}

/// The reports by day, without withdrawn ones, the latest day first. `tag` makes a group's tag.
pub fn by_day(reports: &[UseReport], tag: impl Fn(&[UnseenReport]) -> String) -> Vec<UseReportGroup> {
    let mut days: BTreeMap<Reverse<Day>, Vec<UseReport>> = BTreeMap::new();
    for report in reports.iter().filter(|one| one.withdrawn_at.is_none()) {
        days.entry(Reverse(report.says.first_day)).or_default().push(*report);
    }
    days.into_iter().map(|(Reverse(day), reports)| UseReportGroup::new(day, reports, &tag)).collect()
}

/// A caseload shows reports since this moment even if they need no attention.
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
