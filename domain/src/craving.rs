//! A craving: what was felt, when and where, how it changed, and how it ended.
//!
//! Each rule returns the changed craving. If the request is a repeat, it equals the given one.

mod word;

pub use word::{Company, CueKind, Halt, Outcome, Place, Substance, TriggerCategory};

use crate::account::ParticipantId;
use crate::log_entry::{self, Corrected, Correction, Draft, Entry, EntryTime, Revision, RevisionId};
use crate::value::{BoundedSet, Moment, TimeZone};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use utoipa::ToSchema;

/// Most ratings of one craving.
pub const MOST_RATINGS: usize = 50;
/// Most times that each outcome of one craving can be reported.
pub const MOST_OUTCOMES: usize = 50;

id! {
    /// A craving, named by the phone; unique for its participant.
    CravingId
}
id! {
    /// A later rating of a craving, named by the phone.
    RatingId
}
whole_number! {
    /// Strength of a craving: 0 none, 10 the strongest ever.
    Intensity: 0 to 10, such as 7
}
text! {
    /// A note in the participant's own words.
    Note: 1 to 2000, lines, such as "Walked past the old bar. Rang Sam and it eased."
}
text! {
    /// What set it off, in a few words.
    CueText: 1 to 120, such as "payday"
}
text! {
    /// A coping skill or act that was tried.
    CopingUsed: 1 to 120, such as "urge surfing"
}

/// Something that reminded the person of use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// What kind of thing it was.
    pub kind: CueKind,
    /// What it was.
    pub text: CueText,
}

/// A craving as the phone sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T18:40:00Z",
    "time_zone": "America/New_York",
    "intensity": 7,
    "substance": "alcohol",
    "triggers": ["conflict"],
    "halt": ["tired"],
    "company": "alone",
    "place": "home",
    "coping_used": ["urge surfing"],
    "note": "Row with my brother. Rang Sam and it eased."
}))]
pub struct CravingDraft {
    /// When it was felt, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then. The entry counts on the local day of this zone.
    pub time_zone: TimeZone,
    /// How strong it was when logged.
    pub intensity: Intensity,
    /// What was craved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<Substance>,
    /// The kinds of situation.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<TriggerCategory>, max_items = 8)]
    pub triggers: BoundedSet<TriggerCategory, 8>,
    /// What reminded the person of use.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Cue>, max_items = 12)]
    pub cues: BoundedSet<Cue, 12>,
    /// Hungry, angry, lonely or tired.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Halt>, max_items = 4)]
    pub halt: BoundedSet<Halt, 4>,
    /// Who was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// What kind of place it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was tried.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<CopingUsed>, max_items = 8)]
    pub coping_used: BoundedSet<CopingUsed, 8>,
    /// A note in the person's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// How it ended, if that is already known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A later rating of a craving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rated_at": "2026-03-02T18:55:00Z", "intensity": 4 }))]
pub struct RatingDraft {
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// A report of how a craving ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "passed", "observed_at": "2026-03-02T19:10:00Z" }))]
pub struct OutcomeDraft {
    /// How it ended.
    pub outcome: Outcome,
    /// When this was observed, by the phone's clock. Of two outcomes, the later one counts.
    pub observed_at: Moment,
}

/// An outcome that was reported after the craving, whether or not it is the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportedOutcome {
    /// How it ended.
    pub outcome: Outcome,
    /// When this was observed, by the phone's clock.
    pub observed_at: Moment,
    /// When the server received it.
    pub received_at: Moment,
}

impl ReportedOutcome {
    /// When it was observed. If the phone's clock was ahead, the time of receipt counts, so that no outcome stays the
    /// latest forever.
    pub fn at(self) -> Moment {
        EntryTime::new(self.observed_at, self.received_at).effective_at()
    }
}

/// A stored rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rating {
    /// Its id.
    pub id: RatingId,
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// A craving in its current revision, with the known outcome in its draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Craving {
    /// The fields that all entries have.
    #[serde(flatten)]
    #[schema(inline)]
    pub entry: Entry<CravingDraft>,
    /// The highest intensity, ratings included.
    pub peak: Intensity,
    /// When the outcome was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome_at: Option<Moment>,
    /// The outcome at the first entry or the last correction, without later reports.
    #[serde(skip)]
    pub written_outcome: Option<Outcome>,
    /// Later ratings, in the order of their times.
    #[schema(max_items = 50)]
    pub ratings: Vec<Rating>,
}

impl Deref for Craving {
    type Target = Entry<CravingDraft>;
    fn deref(&self) -> &Self::Target {
        &self.entry
    }
}

impl Draft for CravingDraft {
    type Id = CravingId;
    fn occurred_at(&self) -> Moment {
        self.occurred_at
    }
    fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

/// Why a change to a craving is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// For what applies to all entries.
    #[error(transparent)]
    Entry(#[from] log_entry::Refusal),
    /// It has the most ratings allowed.
    #[error("this craving already has 50 ratings, the most allowed")]
    TooManyRatings,
    /// It has the most reports of this outcome allowed.
    #[error(
        "this outcome was already reported 50 times, the most allowed; send a correction, or a new entry under a new id"
    )]
    TooManyOutcomes,
}

impl Craving {
    /// When it was felt: by the phone's clock, unless that was ahead.
    pub fn felt_at(&self) -> Moment {
        self.happened_at()
    }

    /// The hour of the local day, 0 to 23.
    pub fn hour(&self) -> u8 {
        u8::try_from(self.felt_at().in_zone(&self.draft.time_zone).hour()).unwrap_or(0)
    }

    /// The revision before the first correction.
    pub fn first_revision(&self) -> Revision<CravingDraft> {
        let mut first = self.entry.first_revision();
        first.entry.outcome = self.written_outcome;
        first
    }

    /// Computes the peak again.
    fn peaked(mut self) -> Self {
        let rated = self.ratings.iter().map(|rating| rating.intensity);
        self.peak = rated.fold(self.draft.intensity, Intensity::max);
        self
    }
}

/// Records a craving.
pub fn record(participant: ParticipantId, id: CravingId, draft: CravingDraft, now: Moment) -> Craving {
    let entry = Entry::new(participant, id, draft, now);
    Craving {
        peak: entry.draft.intensity,
        outcome_at: entry.draft.outcome.map(|_| entry.happened_at()),
        written_outcome: entry.draft.outcome,
        ratings: Vec::new(),
        entry,
    }
}

/// Whether an entry that is sent again under its id has the content that was first sent. `revisions` are all, the
/// oldest first. It may also have an outcome that was `reported` since. Any other outcome is refused, because it would
/// not be stored.
pub fn same(
    craving: &Craving,
    revisions: &[Revision<CravingDraft>],
    reported: &[ReportedOutcome],
    again: &CravingDraft,
) -> Result<(), Refusal> {
    let first = revisions.first().and_then(|first| first.entry.outcome);
    let known = reported.iter().map(|one| Some(one.outcome)).chain([None, first]);
    let is_known = known.into_iter().any(|outcome| outcome == again.outcome);
    let outcome = if is_known { first } else { again.outcome };
    Ok(craving.entry.same(revisions, &CravingDraft { outcome, ..again.clone() })?)
}

/// Adds a later rating.
pub fn rate(craving: &Craving, id: RatingId, draft: &RatingDraft) -> Result<Craving, Refusal> {
    log_entry::not_withdrawn(craving.withdrawn_at)?;
    let rating = Rating { id, rated_at: draft.rated_at, intensity: draft.intensity };
    if let Some(stored) = craving.ratings.iter().find(|stored| stored.id == id) {
        log_entry::same(stored, &rating)?;
        return Ok(craving.clone());
    }
    if MOST_RATINGS <= craving.ratings.len() {
        return Err(Refusal::TooManyRatings);
    }
    let mut rated = craving.clone();
    rated.ratings.push(rating);
    rated.ratings.sort_by_key(|rating| (rating.rated_at, rating.id));
    Ok(rated.peaked())
}

/// Reports how a craving ended. Returns the craving and the outcome to store. `reported` are all stored outcomes; one
/// of them again changes nothing, even after a correction. The outcome that was observed last is current, in whatever
/// order they arrive; of two at the same moment it is use.
pub fn conclude(
    craving: &Craving,
    reported: &[ReportedOutcome],
    draft: &OutcomeDraft,
    now: Moment,
) -> Result<(Craving, Option<ReportedOutcome>), Refusal> {
    log_entry::not_withdrawn(craving.withdrawn_at)?;
    let OutcomeDraft { outcome, observed_at } = *draft;
    let mut concluded = craving.clone();
    if reported.iter().any(|one| (one.outcome, one.observed_at) == (outcome, observed_at)) {
        return Ok((concluded, None));
    }
    // The limit is for each outcome, so that many reports of one leave room for a worse one.
    if MOST_OUTCOMES <= reported.iter().filter(|one| one.outcome == outcome).count() {
        return Err(Refusal::TooManyOutcomes);
    }
    let new = ReportedOutcome { outcome, observed_at, received_at: now };
    let used = craving.draft.outcome == Some(Outcome::Lapsed);
    if craving.outcome_at.is_none_or(|at| at < new.at() || at == new.at() && !used) {
        concluded.entry.draft.outcome = Some(outcome);
        concluded.outcome_at = Some(new.at());
    }
    Ok((concluded, Some(new)))
}

/// Corrects a craving. Returns the craving and the revisions to store, or none if the same correction is already
/// stored. `revisions` are all stored ones. Ratings stay, and so does the known outcome unless the correction has
/// another. A later report replaces the outcome of a correction only if it was observed after all those `reported` so
/// far.
pub fn correct(
    craving: &Craving,
    revisions: &[Revision<CravingDraft>],
    reported: &[ReportedOutcome],
    id: RevisionId,
    correction: &Correction<CravingDraft>,
    now: Moment,
) -> Result<Corrected<Craving, CravingDraft>, Refusal> {
    let Some((mut entry, new)) = craving.entry.correct(revisions, id, correction, now)? else {
        return Ok(None);
    };
    let outcome = entry.draft.outcome.or(craving.draft.outcome);
    entry.draft.outcome = outcome;
    let latest = reported.iter().map(|one| one.at()).fold(entry.happened_at(), Moment::max);
    let outcome_at = outcome.map(|_| latest);
    let corrected = Craving { entry, written_outcome: outcome, outcome_at, ..craving.clone() };
    Ok(Some((corrected.peaked(), new)))
}

/// Withdraws a craving, so that it no longer counts. Doing it again changes nothing.
#[must_use]
pub fn withdraw(craving: &Craving, now: Moment) -> Craving {
    Craving { entry: craving.entry.withdraw(now), ..craving.clone() }
}

#[cfg(test)]
pub(crate) mod tests;
